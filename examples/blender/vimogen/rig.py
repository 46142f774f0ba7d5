"""Armatures of Blender: a new one for a motion, the rest pose of an existing one, and keys on its bones."""

import bpy
import mathutils
import numpy as np

from .clip import JOINTS, PARENTS, Clip
from .names import joints_of
from .transfer import Pose, Skeleton, transfer

# The joint that a bone points to, where a joint has several children.
_TOWARDS = {"pelvis": "spine1", "spine3": "neck"}
# Length of the bones at the ends of limbs, metres.
_END = 0.1
# Value of "LINEAR" in an array of interpolations.
_LINEAR = 1


def animate(rig: bpy.types.Object, clip: Clip, start: float, name: str) -> bpy.types.Action:
    """Give an armature a new action with the motion, whose frames keep their times at the scene's frame rate.

    Raises ValueError if the bones are not a human's.
    """
    bones = ordered(rig)
    sources = joints_of([bone.name for bone in bones], [bone.parent.name if bone.parent else None for bone in bones])
    pose = transfer(clip, skeleton_of(rig), sources)
    render = bpy.context.scene.render
    times = start + np.arange(len(pose.places)) * (render.fps / render.fps_base / clip.fps)
    action, curves = new_action(rig, name)
    for bone, quaternions in pose.rotations.items():
        path, values = rotation(rig.pose.bones[bone], quaternions)
        key(curves, bone, path, times, values)
    key(curves, pose.root, f'pose.bones["{escaped(pose.root)}"].location', times, locations(rig, pose))
    scene = bpy.context.scene
    scene.frame_end = max(scene.frame_end, int(np.ceil(times[-1])))
    return action


def skeleton_of(rig: bpy.types.Object) -> Skeleton:
    """The rest pose in the world."""
    turn = np.array(rig.matrix_world.to_quaternion().to_matrix())
    bones = ordered(rig)
    index = {bone.name: i for i, bone in enumerate(bones)}
    heads = np.array([rig.matrix_world @ bone.head_local for bone in bones])
    axes = turn @ np.array([bone.matrix_local.to_3x3() for bone in bones])
    parents = [index[bone.parent.name] if bone.parent else -1 for bone in bones]
    inherits = [bone.use_inherit_rotation for bone in bones]
    return Skeleton([bone.name for bone in bones], parents, axes, heads, inherits)


def ordered(rig: bpy.types.Object) -> list[bpy.types.Bone]:
    """The bones, parents before their children."""
    return sorted(rig.data.bones, key=lambda bone: len(bone.parent_recursive))


def locations(rig: bpy.types.Object, pose: Pose) -> np.ndarray:
    """Places of the root bone as Blender keeps them: from its rest place, in its own axes."""
    bone = rig.data.bones[pose.root]
    back = np.array(rig.matrix_world.inverted())
    places = pose.places @ back[:3, :3].T + back[:3, 3]
    return (places - np.array(bone.head_local)) @ np.array(bone.matrix_local.to_3x3())


def rotation(bone: bpy.types.PoseBone, quaternions: np.ndarray) -> tuple[str, np.ndarray]:
    """Path and values of a bone's rotation in the mode that the bone has."""
    path = f'pose.bones["{escaped(bone.name)}"].'
    if bone.rotation_mode == "QUATERNION":
        return path + "rotation_quaternion", quaternions
    turns = [mathutils.Quaternion(row) for row in quaternions]
    if bone.rotation_mode == "AXIS_ANGLE":
        pairs = [turn.to_axis_angle() for turn in turns]
        return path + "rotation_axis_angle", np.array([[angle, *axis] for axis, angle in pairs])
    angles: list[mathutils.Euler] = []
    for turn in turns:
        angles.append(turn.to_euler(bone.rotation_mode, *angles[-1:]))
    return path + "rotation_euler", np.array(angles)


def escaped(name: str) -> str:
    """A name as it is written in an animation path."""
    return bpy.utils.escape_identifier(name)


def new_action(rig: bpy.types.Object, name: str) -> tuple[bpy.types.Action, object]:
    """A new action of an armature, and what takes its curves. The action before it is kept in the file."""
    animation = rig.animation_data_create()
    if animation.action:
        animation.action.use_fake_user = True
    action = bpy.data.actions.new(name)
    animation.action = action
    if not hasattr(action, "slots"):  # before Blender 4.4
        return action, action
    slot = action.slots.new(id_type="OBJECT", name=rig.name)
    animation.action_slot = slot
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return action, strip.channelbag(slot, ensure=True)


def key(curves: object, bone: str, path: str, times: np.ndarray, values: np.ndarray) -> None:
    """Write one curve per column of `values` (T, C), in the group of a bone."""
    group = curves.groups.get(bone) or curves.groups.new(bone)
    for column in range(values.shape[1]):
        curve = curves.fcurves.new(path, index=column)
        curve.group = group
        curve.keyframe_points.add(len(times))
        curve.keyframe_points.foreach_set("co", np.column_stack([times, values[:, column]]).ravel())
        curve.keyframe_points.foreach_set("interpolation", [_LINEAR] * len(times))
        curve.update()


def new_armature(context: bpy.types.Context, clip: Clip, name: str) -> bpy.types.Object:
    """An armature with the bones of a motion, at rest on the origin, facing the front view."""
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    rig = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    context.collection.objects.link(rig)
    for other in context.selected_objects:
        other.select_set(False)
    context.view_layer.objects.active = rig
    rig.select_set(True)
    bpy.ops.object.mode_set(mode="EDIT")
    places = clip.rest @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) + [0, 0, clip.standing]
    for joint, (bone, parent) in enumerate(zip(JOINTS, PARENTS, strict=True)):
        made = rig.data.edit_bones.new(bone)
        made.head, made.tail = places[joint], end_of(joint, places)
        made.parent = rig.data.edit_bones[JOINTS[parent]] if parent >= 0 else None
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def end_of(joint: int, places: np.ndarray) -> np.ndarray:
    """The tail of a bone: the next joint, or further in the direction of the bone before."""
    children = [i for i, parent in enumerate(PARENTS) if parent == joint]
    chosen = _TOWARDS.get(JOINTS[joint])
    if children:
        return places[JOINTS.index(chosen) if chosen else children[0]]
    bone = places[joint] - places[PARENTS[joint]]
    return places[joint] + _END * bone / np.linalg.norm(bone)
