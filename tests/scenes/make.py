"""Writes `blender.zip`: a small skinned walker with Mixamo's names as glTF and FBX by Blender, and the places of its
joints as Blender has them. Run with Blender's Python, such as bpy 4.5 from PyPI: make.py FOLDER."""

import json
import math
import sys
import zipfile

import bpy
from mathutils import Quaternion, Vector

out = sys.argv[1]
FRAMES = 4
# Name: parent and head, metres; x to the left, y to the back, z up.
JOINTS = {
    "Hips": (None, (0, 0, 0.95)),
    "Spine": ("Hips", (0, 0, 1.05)),
    "Spine1": ("Spine", (0, 0, 1.18)),
    "Spine2": ("Spine1", (0, 0.01, 1.31)),
    "Neck": ("Spine2", (0, 0.02, 1.47)),
    "Head": ("Neck", (0, 0.0, 1.56)),
}
for side, s in (("Left", 1), ("Right", -1)):
    JOINTS |= {
        f"{side}Shoulder": ("Spine2", (0.06 * s, 0.02, 1.42)),
        f"{side}Arm": (f"{side}Shoulder", (0.17 * s, 0.02, 1.42)),
        f"{side}ForeArm": (f"{side}Arm", (0.44 * s, 0.02, 1.40)),
        f"{side}Hand": (f"{side}ForeArm", (0.69 * s, 0.0, 1.39)),
        f"{side}UpLeg": ("Hips", (0.09 * s, 0, 0.90)),
        f"{side}Leg": (f"{side}UpLeg", (0.10 * s, -0.01, 0.50)),
        f"{side}Foot": (f"{side}Leg", (0.10 * s, 0.02, 0.09)),
        f"{side}ToeBase": (f"{side}Foot", (0.10 * s, -0.11, 0.02)),
    }


def skeleton():
    """An armature whose bones are rolled by odd angles."""
    armature = bpy.data.armatures.new("Armature")
    figure = bpy.data.objects.new("Armature", armature)
    bpy.context.scene.collection.objects.link(figure)
    bpy.context.view_layer.objects.active = figure
    bpy.ops.object.mode_set(mode="EDIT")
    for name, (parent, head) in JOINTS.items():
        bone = armature.edit_bones.new("mixamorig:" + name)
        bone.head = Vector(head)
        children = [Vector(place) for (above, place) in JOINTS.values() if above == name]
        along = (bone.head - Vector(JOINTS[parent][1])).normalized() * 0.06 if parent else Vector()
        bone.tail = children[0] if children else bone.head + along
        bone.roll = 0.3 * len(name)
        if parent:
            bone.parent = armature.edit_bones["mixamorig:" + parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return figure


def skin(figure):
    """A triangle per bone."""
    points, faces = [], []
    for _, head in JOINTS.values():
        n, place = len(points), Vector(head)
        points += [place, place + Vector((0.02, 0, 0)), place + Vector((0, 0, 0.02))]
        faces.append((n, n + 1, n + 2))
    mesh = bpy.data.meshes.new("body")
    mesh.from_pydata(points, [], faces)
    body = bpy.data.objects.new("body", mesh)
    bpy.context.scene.collection.objects.link(body)
    body.parent = figure
    for n, name in enumerate(JOINTS):
        body.vertex_groups.new(name="mixamorig:" + name).add(range(3 * n, 3 * n + 3), 1.0, "REPLACE")
    body.modifiers.new("skin", "ARMATURE").object = figure


def animate(figure):
    figure.animation_data_create().action = bpy.data.actions.new("walk")
    for frame in range(FRAMES):
        phase = frame / 30 * 2 * math.pi * 0.8
        for n, bone in enumerate(figure.pose.bones):
            bone.rotation_mode = "QUATERNION"
            size = 0.3 if any(part in bone.name for part in ("Arm", "Leg", "Hand")) else 0.1
            turn = Vector([size * math.sin(phase + 1.3 * n + 2.1 * axis) for axis in range(3)])
            bone.rotation_quaternion = Quaternion(turn, turn.length)
            bone.keyframe_insert("rotation_quaternion", frame=frame + 1)
            if bone.name.endswith("Hips"):
                place = Vector((0.1 * math.sin(phase), -0.03 * frame, 0.02 * math.cos(2 * phase)))
                bone.location = bone.bone.matrix_local.to_3x3().inverted() @ place
                bone.keyframe_insert("location", frame=frame + 1)


def rows(matrix):
    return [[round(value, 7) for value in row] for row in matrix]


bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = 30
scene.frame_start, scene.frame_end = 1, FRAMES
figure = skeleton()
skin(figure)
animate(figure)
frames = []
for frame in range(1, FRAMES + 1):
    scene.frame_set(frame)
    frames.append({bone.name: rows(figure.matrix_world @ bone.matrix) for bone in figure.pose.bones})
rest = {bone.name: rows(figure.matrix_world @ bone.matrix_local) for bone in figure.data.bones}
with open(f"{out}/walk.json", "w") as file:
    json.dump({"frames": frames, "rest": rest}, file)


def fbx(name, **options):
    bpy.ops.export_scene.fbx(
        filepath=f"{out}/{name}.fbx",
        object_types={"ARMATURE", "MESH"},
        bake_anim_use_all_actions=False,
        bake_anim_use_nla_strips=False,
        bake_anim_simplify_factor=0,
        **options,
    )


fbx("blender")
fbx(
    "zup",
    axis_forward="Y",
    axis_up="Z",
    apply_scale_options="FBX_SCALE_ALL",
    add_leaf_bones=False,
    primary_bone_axis="X",
    secondary_bone_axis="Y",
)
bpy.ops.export_scene.gltf(filepath=f"{out}/blender.glb", export_format="GLB")
with zipfile.ZipFile(f"{out}/blender.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
    for name in ("walk.json", "blender.glb", "blender.fbx", "zup.fbx"):
        file.write(f"{out}/{name}", name)
