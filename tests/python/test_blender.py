"""Blender itself imports what we export: `make test-blender`, which installs it as a Python module (some 400 MB)."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import vimogen

PYTHON = os.environ.get("VIMOGEN_BLENDER")
pytestmark = pytest.mark.skipif(not PYTHON, reason="make test-blender runs these, with a Python that has Blender")
NAMES = [
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
]  # fmt: skip
LOOK = Path(__file__).with_name("blender_look.py")


@pytest.fixture(scope="module")
def walk():
    return vimogen.generate("a person walks forward", num_frames=60, num_inference_steps=8, seed=1).refit()


def look(path, *action):
    """Blender's state after importing a file: names of bones, frames, positions of joints and vertices."""
    done = subprocess.run([PYTHON, LOOK, path, *action], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def as_blender(points):
    """z up, and what faces +y here faces Blender's front view there: half a turn."""
    return points * [-1, -1, 1]


def test_a_glb_has_its_names_frames_and_heights(walk, tmp_path):
    walk.save(tmp_path / "walk.glb")
    seen = look(tmp_path / "walk.glb")
    assert seen["frames"] == [0, len(walk) - 1] and seen["rig"] == "body"
    body = vimogen.Body()
    for frame, places in seen["joints"].items():
        assert len(places) == 22 and next(iter(places)) == "pelvis"
        got = np.array([places[name] for name in NAMES])
        np.testing.assert_allclose(got, as_blender(body.joints(walk)[int(frame)]), atol=1e-3)
        mesh = np.array(seen["bounds"][frame])
        want = as_blender(body.vertices(walk)[int(frame)])
        np.testing.assert_allclose(mesh, [want.min(0), want.max(0)], atol=1e-3)


@pytest.mark.parametrize("unit", ["cm", "m"])
def test_a_bvh_has_its_names_frames_and_joints(unit, walk, tmp_path):
    path = tmp_path / f"{unit}.bvh"
    walk.save(path, unit=unit)
    seen = look(path)
    assert seen["frames"] == [1, len(walk)] and seen["fps"] == 20
    for frame, places in seen["joints"].items():
        got = np.array([places[name] for name in NAMES])
        np.testing.assert_allclose(got, as_blender(walk.joints[int(frame) - 1]), atol=1e-3)


def test_a_bvh_has_the_very_rate(walk, tmp_path):
    walk.resample(30).save(tmp_path / "cm.bvh")
    assert look(tmp_path / "cm.bvh")["fps"] == 30


@pytest.mark.parametrize(("name", "first"), [("addon.fbx", 1), ("new.fbx", 1), ("a.usda", 0), ("a.usdz", 0)])
def test_an_fbx_and_a_usd_have_their_frames_joints_and_mesh(name, first, walk, tmp_path):
    walk.save(tmp_path / name)
    seen = look(tmp_path / name)
    assert seen["frames"] == [first, first + len(walk) - 1]
    body = vimogen.Body()
    for frame, places in seen["joints"].items():
        t = int(frame) - first
        got = np.array([places[name] for name in NAMES])
        np.testing.assert_allclose(got, as_blender(body.joints(walk)[t]), atol=1e-3)
        mesh = np.array(seen["bounds"][frame])
        want = as_blender(body.vertices(walk)[t])
        np.testing.assert_allclose(mesh, [want.min(0), want.max(0)], atol=1e-3)


def test_mixamos_names_arrive(walk, tmp_path):
    walk.save(tmp_path / "cm.bvh", joint_names="mixamo")
    places = look(tmp_path / "cm.bvh")["joints"]["1"]
    assert "mixamorig:LeftUpLeg" in places and len(places) == 22


def test_a_character_with_a_motion_has_the_limbs_of_the_motion(walk, tmp_path):
    """Our own body serves as the character; it has an animation of its own."""
    walk[:1].save(tmp_path / "hero.glb")
    hero = vimogen.Character(tmp_path / "hero.glb")
    report = hero.add(walk, "walk")
    hero.save(tmp_path / "out.glb")
    seen = look(tmp_path / "out.glb", "walk")
    assert seen["frames"] == [0, len(walk) - 1] and report["missing"] == []
    for frame, places in seen["joints"].items():
        got = np.array([places[name] for name in NAMES])
        want = as_blender(walk.joints[int(frame)])
        for joint, end in [(1, 4), (5, 8), (16, 18), (19, 21)]:
            a, b = got[end] - got[joint], want[end] - want[joint]
            assert np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))) < 8
