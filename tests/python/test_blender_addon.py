"""The Blender add-on: its packing and its names of bones everywhere; in Blender itself under `make test-blender`."""

import importlib
import json
import os
import subprocess
import sys
import types
import zipfile

import numpy as np
import pytest

import vimogen
from conftest import ROOT
from test_blender import NAMES, as_blender

PYTHON = os.environ.get("VIMOGEN_BLENDER")
needs_blender = pytest.mark.skipif(not PYTHON, reason="make test-blender runs these, with a Python that has Blender")
SOURCE = ROOT / "examples" / "blender" / "vimogen"


def part(name):
    """A module of the add-on that needs no Blender."""
    package = types.ModuleType("vimogen_addon")
    package.__path__ = [str(SOURCE)]
    sys.modules.setdefault("vimogen_addon", package)
    return importlib.import_module(f"vimogen_addon.{name}")


@pytest.fixture(scope="module")
def addon(tmp_path_factory):
    out = tmp_path_factory.mktemp("addon")
    command = [sys.executable, ROOT / "tools" / "blender_addon.py", "--out", out]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def test_the_zip_has_the_manifest_the_code_and_the_version(addon, version):
    assert addon.endswith(f"vimogen-blender-{version}.zip")
    with zipfile.ZipFile(addon) as archive:
        names = set(archive.namelist())
        assert f'version = "{version}"' in archive.read("blender_manifest.toml").decode()
    assert names == {"blender_manifest.toml", "LICENSE-MIT", *(path.name for path in SOURCE.glob("*.py"))}


def test_wheels_are_packed_and_listed(tmp_path):
    wheel = tmp_path / "vimogen-1.0-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    command = [sys.executable, ROOT / "tools" / "blender_addon.py", "--out", tmp_path, "--wheel", wheel]
    made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
    with zipfile.ZipFile(made) as archive:
        assert archive.read("wheels/" + wheel.name) == b"wheel"
        assert f'wheels = ["./wheels/{wheel.name}"]\n' in archive.read("blender_manifest.toml").decode()


SIDED = ("{}_hip", "{}_knee", "{}_ankle", "{}_foot", "{}_collar", "{}_shoulder", "{}_elbow", "{}_wrist")
# Names of pelvis, spine, neck, head, and of the bones of a side.
RIGS = {
    "SMPL": ("pelvis spine1 spine2 spine3 neck head", " ".join(SIDED).replace("{}", "{0}"), ("left", "right")),
    "Mixamo": (
        "mixamorig:Hips mixamorig:Spine mixamorig:Spine1 mixamorig:Spine2 mixamorig:Neck mixamorig:Head",
        "mixamorig:{0}UpLeg mixamorig:{0}Leg mixamorig:{0}Foot mixamorig:{0}ToeBase mixamorig:{0}Shoulder "
        "mixamorig:{0}Arm mixamorig:{0}ForeArm mixamorig:{0}Hand",
        ("Left", "Right"),
    ),
    "Unreal": (
        "pelvis spine_01 spine_02 spine_03 neck_01 head",
        "thigh_{0} calf_{0} foot_{0} ball_{0} clavicle_{0} upperarm_{0} lowerarm_{0} hand_{0}",
        ("l", "r"),
    ),
    "Rigify": (
        "spine spine.001 spine.002 spine.003 spine.005 spine.006",
        "thigh.{0} shin.{0} foot.{0} toe.{0} shoulder.{0} upper_arm.{0} forearm.{0} hand.{0}",
        ("L", "R"),
    ),
    "VRoid": (
        "J_Bip_C_Hips J_Bip_C_Spine J_Bip_C_Chest J_Bip_C_UpperChest J_Bip_C_Neck J_Bip_C_Head",
        "J_Bip_{0}_UpperLeg J_Bip_{0}_LowerLeg J_Bip_{0}_Foot J_Bip_{0}_ToeBase J_Bip_{0}_Shoulder J_Bip_{0}_UpperArm "
        "J_Bip_{0}_LowerArm J_Bip_{0}_Hand",
        ("L", "R"),
    ),
    "Daz": (
        "hip abdomenLower abdomenUpper chestUpper neckLower head",
        "{0}ThighBend {0}Shin {0}Foot {0}Toe {0}Collar {0}ShldrBend {0}ForearmBend {0}Hand",
        ("l", "r"),
    ),
}


def tree(rig):
    """Names and parents of a rig, with a root, fingers and ends."""
    middle, sided, ways = RIGS[rig]
    middle = middle.split()
    names, parents = ["Armature_root", *middle], [None, "Armature_root", *middle[:-1]]
    for way in ways:
        side = sided.format(way).split()
        names += side
        parents += [middle[0], *side[:3], middle[3], *side[4:7]]
        names += [side[7] + "Index1", side[3] + "_end"]
        parents += [side[7], side[3]]
    return names, parents, middle, [sided.format(way).split() for way in ways]


@pytest.mark.parametrize("rig", RIGS)
def test_the_bones_of_a_rig_are_found(rig):
    names, parents, middle, sides = tree(rig)
    found = part("names").joints_of(names, parents)
    expected = dict(zip(middle, ("pelvis", "spine1", "spine2", "spine3", "neck", "head"), strict=True))
    for way, side in zip(("left", "right"), sides, strict=True):
        expected |= {name: joint.format(way) for name, joint in zip(side, SIDED, strict=True)}
    assert {name: source.second for name, source in found.items()} == expected
    assert all(source.weight == 1 for source in found.values())


def test_more_bones_in_the_spine_share_its_bend():
    names, parents, middle, _ = tree("Unreal")
    names = [*names[:3], "spine_extra", *names[3:]]
    parents = [*parents[:3], "spine_01", "spine_extra", *parents[4:]]
    found = part("names").joints_of(names, parents)
    spine = [found[name] for name in (middle[1], "spine_extra", *middle[2:4])]
    assert [(s.first, s.second, s.weight) for s in spine] == [
        ("pelvis", "spine1", 0.75), ("spine1", "spine2", 0.5), ("spine2", "spine3", 0.25), ("spine2", "spine3", 1.0),
    ]  # fmt: skip


def test_what_is_missing_is_named():
    names, parents, *_ = tree("Mixamo")
    kept = [(name, parent) for name, parent in zip(names, parents, strict=True) if "RightHand" not in name]
    with pytest.raises(ValueError, match="no bone whose name means right hand or wrist"):
        part("names").joints_of(*zip(*kept, strict=True))


def test_a_clip_is_read_with_its_rest_pose(tmp_path):
    motion = vimogen.generate("a person waves", num_frames=40, num_inference_steps=4)
    motion.save(tmp_path / "wave.npz")
    clip = part("clip").read(tmp_path / "wave.npz")
    assert clip.fps == 20 and clip.standing == pytest.approx(0.965, abs=1e-3)
    np.testing.assert_allclose(clip.joints, motion.joints)
    posed = clip.joints[:, :1] + chained(clip)
    np.testing.assert_allclose(posed, clip.joints, atol=1e-4)


def chained(clip):
    """Joints relative to the pelvis, by forward kinematics of the clip's own rest pose."""
    places = np.zeros_like(clip.joints)
    for joint, parent in enumerate(part("clip").PARENTS):
        if parent >= 0:
            bone = clip.rest[joint] - clip.rest[parent]
            places[:, joint] = places[:, parent] + clip.rotations[:, parent] @ bone
    return places


@pytest.fixture(scope="module")
def report(addon, tmp_path_factory):
    """The report of a run in Blender."""
    work = tmp_path_factory.mktemp("blender")
    script = ROOT / "tests" / "python" / "blender_addon.py"
    environment = os.environ | {"BLENDER_USER_RESOURCES": str(work / "resources")}
    command = [PYTHON, script, addon, sys.executable, work]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def waving():
    return vimogen.generate("a person waves", seed=7, num_frames=40, num_inference_steps=4)


def heads(seen, names):
    return np.stack([seen["heads"][name] for name in names], axis=1)


@needs_blender
def test_a_new_armature_has_the_joints_of_the_motion(report, waving):
    seen = report["new"]
    assert seen["done"] == ["FINISHED"] and seen["frames"] == [1, len(waving)]
    np.testing.assert_allclose(heads(seen, NAMES), as_blender(waving.joints), atol=1e-4)
    assert seen["kept"] == {
        "vimogen_prompt": "a person waves", "vimogen_seed": 7, "vimogen_seconds": 2.0, "vimogen_steps": 4,
    }  # fmt: skip


@needs_blender
def test_the_settings_of_an_action_make_it_again(report):
    again = report["again"]
    assert again["done"] == ["FINISHED"] and again["prompt"] == "a person waves" and again["kept_action"]
    np.testing.assert_allclose(heads(again, NAMES), heads(report["new"], NAMES), atol=1e-5)


@needs_blender
def test_undo_takes_the_armature_away(report):
    assert report["undone"] == {"made": 1, "left": 0} and report["left"] is False


@needs_blender
def test_errors_name_the_remedy(report):
    errors = report["errors"]
    assert "the prompt is empty" in errors["empty"]
    assert "/nowhere/python is not a file" in errors["no python"] and "preferences" in errors["no python"]
    assert "has no vimogen" in errors["no vimogen"] and "preferences" in errors["no vimogen"]
    assert "config.json" in errors["no model"]
    assert "select one, or choose a new armature" in errors["no armature"]


LIMBS = {
    "Arm ForeArm": "shoulder elbow",
    "ForeArm Hand": "elbow wrist",
    "UpLeg Leg": "hip knee",
    "Leg Foot": "knee ankle",
}


@needs_blender
def test_limbs_of_another_armature_point_where_those_of_the_motion_do(report, waving):
    seen = report["onto"]
    # It looks along +x, a quarter of a turn from the front view.
    joints = as_blender(waving.joints)[..., [1, 0, 2]] * [-1, 1, 1]
    for way in ("left", "right"):
        for bones, ends in LIMBS.items():
            first, last = (seen["heads"][f"mixamorig:{way.title()}{bone}"] for bone in bones.split())
            got = np.subtract(last, first)
            start, end = (NAMES.index(f"{way}_{end}") for end in ends.split())
            want = joints[:, end] - joints[:, start]
            cosines = (got * want).sum(-1) / np.linalg.norm(got, axis=-1) / np.linalg.norm(want, axis=-1)
            assert np.degrees(np.arccos(cosines.clip(-1, 1))).max() < 0.1, (way, bones)


@needs_blender
def test_another_armature_walks_at_its_own_size_and_keeps_its_bones(report, waving):
    seen, rest = report["onto"], report["onto"]["rest"]
    for bone, parent in (("LeftHand", "LeftForeArm"), ("Head", "Neck"), ("RightToeBase", "RightFoot")):
        names = (f"mixamorig:{bone}", f"mixamorig:{parent}")
        length = np.linalg.norm(np.subtract(*(seen["heads"][name] for name in names)), axis=-1)
        np.testing.assert_allclose(length, np.linalg.norm(np.subtract(*(rest[name] for name in names))), atol=1e-5)
    legs = [rest[f"mixamorig:Left{bone}"] for bone in ("UpLeg", "Leg", "Foot")]
    scale = np.linalg.norm(np.diff(legs, axis=0), axis=-1).sum() / 0.805
    root = as_blender(waving.joints[:, 0])
    moved = np.subtract(seen["heads"]["mixamorig:Hips"], rest["mixamorig:Hips"])
    want = scale * (root - [0, 0, 0.965])[:, [1, 0, 2]] * [-1, 1, 1]
    np.testing.assert_allclose(moved, want, atol=1e-3)


@needs_blender
def test_blender_goes_on_during_a_generation_and_can_stop_it(report):
    modal = report["modal"]
    whole, stopped = modal["whole"], modal["stopped"]
    assert whole["states"][:2] == ["RUNNING_MODAL", "PASS_THROUGH"] and whole["states"][-1] == "FINISHED"
    assert stopped["states"][-1] == "CANCELLED" and not whole["running"] and not stopped["running"]
    assert max(whole["took"], stopped["took"]) < 1
    assert modal["said"].count("timer") == modal["said"].count("no timer") == 2 and "stopped" in modal["said"]


@needs_blender
def test_the_example_renders_a_picture(tmp_path):
    vimogen.generate("a person kicks with the right leg", seed=1).save(tmp_path / "kick.glb")
    command = [PYTHON, ROOT / "examples" / "blender" / "render.py", "kick.glb", tmp_path / "kick.png", "21"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "kick.png").read_bytes().startswith(b"\x89PNG")
