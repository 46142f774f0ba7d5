"""Renders a frame of a motion with Blender.

    vimogen generate "a person kicks with the right leg" --seed 1 -o kick.glb
    blender --background --python examples/blender/render.py -- kick.glb kick.png 45

With `pip install bpy` instead of Blender: `python examples/blender/render.py kick.glb kick.png 45`.
"""

import sys

import bpy
from mathutils import Vector


def main() -> None:
    motion, picture, frame = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    # Before the import: glTF has seconds, and Blender makes frames of them.
    scene.render.fps = 20
    bpy.ops.import_scene.gltf(filepath=motion)
    rig = next(thing for thing in scene.objects if thing.type == "ARMATURE")
    scene.frame_set(int(frame))
    dress(rig)
    light(scene)
    scene.render.engine = "CYCLES"
    scene.cycles.samples = 16
    scene.render.resolution_x, scene.render.resolution_y = 640, 480
    scene.render.filepath = picture
    watch(scene, rig)
    bpy.ops.render.render(write_still=True)


def dress(rig) -> None:
    """Give the body a colour, and remove the shape that the importer makes for bones."""
    blue = material("body", (0.1, 0.3, 0.6, 1))
    for thing in [thing for thing in bpy.data.objects if thing.type == "MESH"]:
        if thing.parent is rig:
            thing.data.materials.clear()
            thing.data.materials.append(blue)
        else:
            thing.hide_render = True


def light(scene) -> None:
    """Add a ground, a sun and a bright sky."""
    bpy.ops.mesh.primitive_plane_add(size=60)
    bpy.context.active_object.data.materials.append(material("ground", (0.6, 0.6, 0.6, 1)))
    bpy.ops.object.light_add(type="SUN", rotation=(0.7, 0.2, 0.4))
    bpy.context.active_object.data.energy = 3
    scene.world = bpy.data.worlds.new("sky")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.5, 0.6, 0.7, 1)


def watch(scene, rig) -> None:
    """Put a camera before the pelvis, which looks at it."""
    place = rig.matrix_world @ rig.pose.bones["pelvis"].head
    bpy.ops.object.camera_add(location=(place.x + 2.2, place.y - 3.5, 1.6))
    scene.camera = bpy.context.active_object
    direction = Vector((place.x, place.y, 0.9)) - scene.camera.location
    scene.camera.rotation_euler = direction.to_track_quat("-Z", "Y").to_euler()


def material(name: str, colour) -> bpy.types.Material:
    """A plain material."""
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    made.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = colour
    return made


if __name__ == "__main__":
    main()
