"""Edits of motions from Python and from the command line."""

import json
import subprocess
import sys

import numpy as np
import pytest

import vimogen

LEFT, RIGHT = 20, 21


@pytest.fixture(scope="module")
def walk():
    return vimogen.generate("a person walks forward", seed=1).refit()


@pytest.fixture(scope="module")
def wave():
    return vimogen.generate("a person waves with the left hand", seed=2).refit()


def run(*words, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "vimogen", *map(str, words)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def heights(motion):
    return motion.joints[..., 2]


def test_every_edit_gives_one_consistent_motion(walk, wave):
    line = [[0, 0], [0, float(np.linalg.norm(walk.joints[-1, 0, :2] - walk.joints[0, 0, :2]))]]
    edited = {
        "then": walk.then(wave),
        "loop": walk.loop(),
        "repeated": walk.repeated(2),
        "hold": walk.hold(1.5),
        "turned": walk.turned(45),
        "moved": walk.moved(1, 2),
        "mirrored": walk.mirrored(),
        "trimmed": walk.trimmed(0.5, 2),
        "retimed": walk.retimed(1.25),
        "smoothed": walk.smoothed(),
        "along": walk.along(line),
        "with_upper_body": walk.with_upper_body(wave),
        "with_joints_of": walk.with_joints_of(wave, ["left_shoulder", "left_elbow"]),
        "resample": walk.resample(60),
    }
    for name, motion in edited.items():
        assert motion.kinematic_error()["max"] < 2e-3, name
        assert heights(motion).min() > -0.1 and heights(motion).max() < 2.3, name
    assert len(edited["hold"]) == len(walk) + 30
    assert len(edited["trimmed"]) == 30
    assert len(edited["retimed"]) == int(len(walk) / 1.25)
    np.testing.assert_allclose(edited["moved"].joints - walk.joints, [1, 2, 0] * np.ones((len(walk), 22, 3)), atol=1e-3)
    np.testing.assert_allclose(heights(edited["mirrored"])[:, LEFT], heights(walk)[:, RIGHT], atol=2e-3)


def test_a_joined_motion_goes_on_where_the_first_ends(walk, wave):
    motion, [seam] = vimogen.Motion.join([walk, wave.turned(170).moved(5, 5)])
    assert seam["excess"] <= 1.1 and seam["frame"] < len(motion)
    assert {"seam", "usual", "max"} == seam["position"].keys()
    steps = np.linalg.norm(np.diff(motion.joints[:, 0, :2], axis=0), axis=-1)
    assert steps.max() < 0.1
    assert len(walk.then(wave, blend=0.5)) > 150
    with pytest.raises(vimogen.InvalidArgumentError, match="clips"):
        vimogen.Motion.join([])


def test_poses_make_a_motion():
    rotations = np.tile(np.array([1, 0, 0, 0], np.float32), (10, 22, 1))
    rotations[:, 0] = [0, 0, np.sqrt(0.5), np.sqrt(0.5)]
    motion = vimogen.Motion.from_poses(rotations, np.ones((10, 3)), fps=30)
    assert (len(motion), motion.fps) == (10, 30)
    # The root takes the rest pose, y up, to the world, z up.
    assert (motion.joints[:, 15, 2] > 1.4).all() and (motion.joints[:, 7, 2] < 0.2).all()
    with pytest.raises(vimogen.ShapeError, match="rotations"):
        vimogen.Motion.from_poses(np.zeros((10, 21, 4)), np.zeros((10, 3)))
    with pytest.raises(vimogen.ShapeError, match="roots"):
        vimogen.Motion.from_poses(np.ones((10, 22, 4)), np.zeros((9, 3)))


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (lambda m: m.along([[0, 0], [0, 300]]), "path"),
        (lambda m: m.along([[0, 0, 0]]), "path"),
        (lambda m: m.turned(float("nan")), "degrees"),
        (lambda m: m.hold(-1), "seconds"),
        (lambda m: m.retimed(0), "factor"),
        (lambda m: m.repeated(0), "times"),
        (lambda m: m.trimmed(3, 1), "start"),
        (lambda m: m.with_joints_of(m, ["pelvis"]), "joints"),
        (lambda m: m.with_joints_of(m, ["left_knie"]), "left_knie"),
    ],
)
def test_impossible_edits_are_named(walk, edit, named):
    with pytest.raises(vimogen.VimogenError, match=named):
        edit(walk)


def test_the_command_line_edits_in_the_given_order(walk, tmp_path):
    walk.save(tmp_path / "walk.npz")
    run("edit", tmp_path / "walk.npz", "--move", 1, 0, "--turn", 90, "-o", tmp_path / "a.npz")
    done = run("edit", tmp_path / "walk.npz", "--turn", 90, "--move", 1, 0, "--json", "-o", tmp_path / "b.npz")
    assert json.loads(done.stdout)["edits"] == ["turn", "move"]
    a, b = (vimogen.Motion.load(tmp_path / name) for name in ("a.npz", "b.npz"))
    np.testing.assert_allclose(a.joints, b.joints, atol=1e-3)
    want = walk.repeated(2).hold(0.5)
    run("edit", tmp_path / "walk.npz", "--repeat", 2, "--hold", 0.5, "-o", tmp_path / "c.npz")
    assert len(vimogen.Motion.load(tmp_path / "c.npz")) == len(want)
    (tmp_path / "path.txt").write_text("0,0\n1,2\n2,3.5\n")
    run("edit", tmp_path / "walk.npz", "--along", tmp_path / "path.txt", "--mirror", "-o", tmp_path / "d.bvh")


def test_the_command_line_joins_and_says_where(walk, wave, tmp_path):
    walk.save(tmp_path / "walk.npz")
    wave.save(tmp_path / "wave.bvh")
    done = run("join", tmp_path / "walk.npz", tmp_path / "wave.bvh", "-o", tmp_path / "both.npz")
    assert "takes over at frame" in done.stdout
    done = run("join", tmp_path / "walk.npz", tmp_path / "wave.bvh", "-o", tmp_path / "both.npz", "--json")
    assert json.loads(done.stdout)["frames"] == len(vimogen.Motion.load(tmp_path / "both.npz"))
    # Twice as fast as the file says.
    fast = ["--from-fps", "60", "-o", tmp_path / "fast.npz"]
    run("edit", tmp_path / "wave.bvh", *fast, "--mirror")
    assert vimogen.Motion.load(tmp_path / "fast.npz").fps == 60
    run("join", tmp_path / "wave.bvh", tmp_path / "wave.bvh", *fast)
    assert vimogen.Motion.load(tmp_path / "fast.npz").fps == 60


def test_wrong_usage_is_explained(walk, tmp_path):
    walk.save(tmp_path / "walk.npz")
    assert "at least one edit" in run("edit", tmp_path / "walk.npz", "-o", tmp_path / "x.npz", code=2).stderr
    done = run("edit", tmp_path / "walk.npz", "--along", "north", "-o", tmp_path / "x.npz", code=2)
    assert "no list of points" in done.stderr
    assert not (tmp_path / "x.npz").exists()
