"""Run by a Python that has Blender (`bpy`): installs the add-on as a user does, generates, and prints what is there.

    python blender_addon.py ADDON.zip PYTHON WORK

The report is JSON on the last line.
"""

import json
import math
import sys
import time
import types
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

MODULE = "bl_ext.user_default.vimogen"


def install(path):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=str(path), repo="user_default", enable_on_install=True)
    assert MODULE in bpy.context.preferences.addons, "the add-on is not enabled"
    return bpy.context.preferences.addons[MODULE].preferences


def ask(**settings):
    for name, value in settings.items():
        setattr(bpy.context.scene.vimogen, name, value)
    return sorted(bpy.ops.vimogen.generate())


def places(rig):
    """Heads of the bones in the world at each key, by name."""
    action = rig.animation_data.action
    first, last = (round(frame) for frame in action.frame_range)
    seen = {bone.name: [] for bone in rig.pose.bones}
    for frame in range(first, last + 1):
        bpy.context.scene.frame_set(frame)
        for bone in rig.pose.bones:
            seen[bone.name].append(list(rig.matrix_world @ bone.head))
    return {"frames": [first, last], "heads": seen}


def of_action(action):
    return {name: action[name] for name in action.keys() if name.startswith("vimogen_")}  # noqa: SIM118  # not a dict


def new_armature():
    scene = bpy.context.scene
    scene.render.fps = 20
    done = ask(prompt="a person waves", seed=7, seconds=2.0, steps=4, target="NEW", start=1)
    rig = bpy.context.active_object
    return {"done": done, "kept": of_action(rig.animation_data.action), **places(rig)}


def again():
    """The settings come back from the action, and give the same motion."""
    bpy.context.scene.vimogen.prompt = "something else"
    before = bpy.context.active_object.animation_data.action.name
    bpy.ops.vimogen.recall()
    done = ask(target="ACTIVE")
    rig = bpy.context.active_object
    return {
        "done": done,
        "kept_action": before in bpy.data.actions,
        "prompt": bpy.context.scene.vimogen.prompt,
        **places(rig),
    }


def undone():
    """Undo takes a new armature away again."""
    count = len(bpy.data.armatures)
    bpy.ops.ed.undo_push(message="before")
    ask(target="NEW")
    bpy.ops.ed.undo_push(message="after")
    made = len(bpy.data.armatures) - count
    bpy.ops.ed.undo()
    return {"made": made, "left": len(bpy.data.armatures) - count}


def failing(preferences):
    """Messages of generations that cannot succeed."""
    seen = {}
    chosen = preferences.python

    def fail(name, **settings):
        try:
            ask(**settings)
            seen[name] = None
        except RuntimeError as error:
            seen[name] = str(error)

    fail("empty", prompt=" ", target="NEW")
    preferences.python = "/nowhere/python"
    fail("no python", prompt="a person waves")
    preferences.python = sys.executable
    fail("no vimogen")
    preferences.python = chosen
    preferences.model = str(Path(chosen).parent)
    fail("no model")
    preferences.model = ""
    bpy.ops.object.select_all(action="DESELECT")
    bpy.context.view_layer.objects.active = None
    fail("no armature", target="ACTIVE")
    return seen


def character():
    """An armature of another program: Mixamo's names below a root, centimetres, an A pose, two bones in the spine."""
    sizes = {
        "Hips": ("Root", (0, 0, 100)), "Spine": ("Hips", (0, 0, 20)), "Chest": ("Spine", (0, 0, 25)),
        "Neck": ("Chest", (0, 2, 22)), "Head": ("Neck", (0, -3, 10)),
    }  # fmt: skip
    for way, sign in (("Left", 1), ("Right", -1)):
        sizes |= {
            f"{way}Shoulder": ("Chest", (sign * 6, 0, 18)), f"{way}Arm": (f"{way}Shoulder", (sign * 12, 1, 0)),
            f"{way}ForeArm": (f"{way}Arm", (sign * 20, 0, -20)), f"{way}Hand": (f"{way}ForeArm", (sign * 18, 2, -18)),
            f"{way}UpLeg": ("Hips", (sign * 9, 0, -5)), f"{way}Leg": (f"{way}UpLeg", (sign * 4, -1, -43)),
            f"{way}Foot": (f"{way}Leg", (sign * 2, 2, -44)), f"{way}ToeBase": (f"{way}Foot", (0, -12, -6)),
        }  # fmt: skip
    rig = bpy.data.objects.new("other", bpy.data.armatures.new("other"))
    bpy.context.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    root = bones.new("mixamorig:Root")
    root.head, root.tail = (0, 0, 0), (0, 10, 0)
    for name, (parent, offset) in sizes.items():
        bone = bones.new(f"mixamorig:{name}")
        bone.parent = bones[f"mixamorig:{parent}"]
        bone.head = bone.parent.head + Vector(offset)
        bone.tail = bone.head + Vector((1, 2, 6))
        bone.roll = 0.3 * len(bones)
    bpy.ops.object.mode_set(mode="OBJECT")
    # In centimetres, in its own place, looking to the side.
    rig.matrix_world = Matrix.Translation((3, 1, 0)) @ Matrix.Rotation(math.pi / 2, 4, "Z") @ Matrix.Scale(0.01, 4)
    rig.pose.bones["mixamorig:LeftArm"].rotation_mode = "XYZ"
    rig.pose.bones["mixamorig:RightLeg"].rotation_mode = "AXIS_ANGLE"
    bpy.context.view_layer.update()
    return rig


def onto():
    """A motion on that armature."""
    rig = character()
    rest = {bone.name: list(rig.matrix_world @ bone.head_local) for bone in rig.data.bones}
    done = ask(prompt="a person waves", seed=7, seconds=2.0, steps=4, target="ACTIVE")
    return {"done": done, "rest": rest, **places(rig)}


def modal():
    """Blender's loop, played by hand: the operator returns at once, looks now and then, and can be stopped."""
    operators = sys.modules[MODULE + ".operators"]
    methods = {name: thing for name, thing in vars(operators.VIMOGEN_OT_generate).items() if callable(thing)}
    said = []
    manager = types.SimpleNamespace(
        windows=[],
        event_timer_add=lambda seconds, window: said.append("timer") or "timer",
        event_timer_remove=lambda timer: said.append("no timer"),
        modal_handler_add=lambda operator: said.append("handler"),
    )
    names = ("scene", "preferences", "mode", "collection", "view_layer", "selected_objects", "active_object")
    context = types.SimpleNamespace(
        window_manager=manager, window=None, **{name: getattr(bpy.context, name) for name in names}
    )
    fake = type(
        "Fake", (), {**methods, "running": None, "stopped": False, "report": lambda self, kind, text: said.append(text)}
    )

    def play(*events):
        operator = fake()
        started = time.monotonic()
        states = [operator.invoke(context, None)]
        took = time.monotonic() - started
        for kind in events:
            states.append(operator.modal(context, types.SimpleNamespace(type=kind)))
        while states[-1] & {"PASS_THROUGH", "RUNNING_MODAL"}:
            time.sleep(0.05)
            states.append(operator.modal(context, types.SimpleNamespace(type="TIMER")))
        return {"states": [sorted(state)[0] for state in states], "took": took, "running": fake.running is not None}

    bpy.context.scene.vimogen.target = "NEW"
    return {"whole": play("MOUSEMOVE"), "stopped": play("TIMER", "ESC"), "said": said}


def main():
    addon, python, work = sys.argv[1:]
    preferences = install(addon)
    preferences.python = python
    report = {"new": new_armature(), "again": again(), "undone": undone(), "errors": failing(preferences)}
    report |= {"onto": onto(), "modal": modal()}
    bpy.ops.wm.save_as_mainfile(filepath=str(Path(work) / "scene.blend"))
    bpy.ops.preferences.addon_disable(module=MODULE)
    report["left"] = hasattr(bpy.types.Scene, "vimogen")
    print(json.dumps(report, default=lambda value: np.asarray(value).tolist()))


if __name__ == "__main__":
    main()
