"""Run by a Python that has Blender (`bpy`): imports a file and prints what is there, as JSON on the last line."""

import json
import sys
from pathlib import Path

import bpy
import numpy as np


def main() -> None:
    path = Path(sys.argv[1])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.fps = 20
    if path.suffix == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix == ".fbx" and path.stem.startswith("addon"):
        bpy.ops.preferences.addon_enable(module="io_scene_fbx")
        bpy.ops.import_scene.fbx(filepath=str(path))
    elif path.suffix == ".fbx":
        bpy.ops.wm.fbx_import(filepath=str(path))
    elif path.suffix in (".usda", ".usdz"):
        bpy.ops.wm.usd_import(filepath=str(path))
    else:
        scale = 1.0 if path.stem == "m" else 0.01
        bpy.ops.import_anim.bvh(filepath=str(path), global_scale=scale, update_scene_fps=True)
    rig = next(thing for thing in scene.objects if thing.type == "ARMATURE")
    # Blender draws bones as a mesh of its own, which follows nothing.
    meshes = [thing for thing in scene.objects if thing.type == "MESH" and thing.find_armature() is rig]
    action = bpy.data.actions[0]
    if sys.argv[2:]:
        # One of several: the tracks of the others are removed, since they are played together.
        action = next(action for action in bpy.data.actions if action.name.startswith(sys.argv[2]))
        for track in list(rig.animation_data.nla_tracks):
            rig.animation_data.nla_tracks.remove(track)
        rig.animation_data.action = action
        rig.animation_data.action_slot = action.slots[0]
    first, last = (round(frame) for frame in action.frame_range)
    joints, bounds = {}, {}
    for frame in (first, (first + last) // 2, last):
        scene.frame_set(frame)
        bpy.context.view_layer.update()
        joints[frame] = {bone.name: list(rig.matrix_world @ bone.head) for bone in rig.pose.bones}
        for mesh in meshes:
            posed = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
            points = np.array([posed.matrix_world @ vertex.co for vertex in posed.to_mesh().vertices])
            bounds[frame] = [points.min(0).tolist(), points.max(0).tolist()]
    found = {
        "frames": [first, last],
        "fps": scene.render.fps / scene.render.fps_base,
        "joints": joints,
        "bounds": bounds,
    }
    print(json.dumps(found | {"rig": rig.name, "version": bpy.app.version_string}))


if __name__ == "__main__":
    main()
