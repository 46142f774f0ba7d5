"""Constraints from Python and from the command line."""

import json
import subprocess
import sys

import numpy as np
import pytest

import vimogen

QUICK = {"num_frames": 60, "num_inference_steps": 10}


@pytest.fixture(scope="module")
def pipe():
    return vimogen.Pipeline.from_pretrained()


@pytest.fixture(scope="module")
def walk(pipe):
    return pipe("a person walks forward", seed=5, **QUICK).refit()


def test_a_clip_is_continued_from_its_last_frames(pipe, walk):
    constraints = vimogen.Constraints().keep(0, walk[50:60])
    motion, met = pipe.constrained("a person jumps", constraints, seed=1, **QUICK)
    assert len(constraints) == 10 and max(m["landed"] for m in met) < 2e-3
    np.testing.assert_allclose(motion.joints[:10], walk.joints[50:60], atol=5e-3)


def test_frames_between_two_poses_are_filled(pipe, walk):
    constraints = vimogen.Constraints().keep(0, walk[0:3]).keep(40, walk[40:43])
    motion, _ = pipe.constrained("a person walks forward", constraints, **QUICK)
    np.testing.assert_allclose(motion.joints[41], walk.joints[41], atol=5e-3)
    steps = np.linalg.norm(np.diff(motion.joints, axis=0), axis=-1)
    assert steps.max() < 0.3


def test_a_hand_is_placed_and_what_is_beyond_reach_is_reported(pipe, walk):
    shoulder = walk.joints[30, 17]
    near = vimogen.Constraints().joint("right_wrist", 30, shoulder + np.array([0.1, 0.3, 0.2]), frames=3)
    _, [met] = pipe.constrained("a person walks forward", near, seed=5, **QUICK)
    assert met["landed"] < 5e-3 and met["raw"] < 0.2
    away = vimogen.Constraints().joint("right_wrist", 30, shoulder + np.array([0, 0, 1]))
    _, [met] = pipe.constrained("a person walks forward", away, seed=5, **QUICK)
    assert met["landed"] > 0.2
    far = vimogen.Constraints().joint("right_wrist", 30, shoulder + np.array([0, 0, 3]))
    with pytest.raises(vimogen.VimogenError, match="right_wrist cannot be"):
        pipe.constrained("a person walks forward", far, seed=5, **QUICK)


def test_headings_rotations_distances_and_floors_are_met(pipe):
    constraints = vimogen.Constraints().heading(50, 60).rotation("head", 20, (0.98, 0, 0.2, 0), frames=3).floor()
    constraints.distance("left_wrist", "left_hip", 30, 0.15, frames=5)
    motion, met = pipe.constrained("a person walks forward", constraints, seed=3, **QUICK)
    assert [m["landed"] < 0.02 for m in met] == [True] * 4, met
    apart = np.linalg.norm(motion.joints[32, 20] - motion.joints[32, 1])
    assert abs(apart - 0.15) < 0.02


def test_constraints_of_kimodo_are_read(pipe, tmp_path):
    rows = {"frame_indices": [0, 60], "smooth_root_2d": [[0, 0], [-0.5, 1]], "global_root_heading": [[1, 0], [1, 0]]}
    (tmp_path / "kimodo.json").write_text(json.dumps([{"type": "root2d", **rows}]), encoding="utf-8")
    motion, met = pipe.constrained("a person walks", tmp_path / "kimodo.json", **QUICK)
    np.testing.assert_allclose(motion.joints[40, 0, :2], [0.5, 1.0], atol=0.01)
    assert len(met) == 4


def test_the_command_line_takes_a_file(tmp_path):
    vimogen.Constraints().root(40, (0.5, 1.0)).save(tmp_path / "c.json")
    words = ["generate", "a person walks", "--constraints", "c.json", "--frames", "60", "--steps", "4", "-o", "m.npz"]
    done = subprocess.run([sys.executable, "-m", "vimogen", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    motion = vimogen.Motion.load(tmp_path / "m.npz")
    np.testing.assert_allclose(motion.joints[40, 0, :2], [0.5, 1.0], atol=0.01)


@pytest.mark.parametrize(
    ("constraints", "named"),
    [
        ({"constraints": [{"type": "root", "frame": 99, "position": [0, 1]}]}, "frame 99"),
        ({"constraints": [{"type": "fly"}]}, "fly"),
        ({"constraints": [{"type": "joint", "joint": "nose", "frame": 1, "position": [0, 0, 1]}]}, "nose"),
        ("none/such.json", "such.json"),
    ],
)
def test_impossible_constraints_are_named(pipe, constraints, named):
    with pytest.raises(vimogen.VimogenError, match=named):
        pipe.constrained("a person walks", constraints, **QUICK)


def test_constraints_are_written_as_json():
    constraints = vimogen.Constraints().path([(0, 0), (0, 2)]).loop()
    assert json.loads(json.dumps(constraints.to_dict()))["constraints"][1] == {"type": "loop"}
    assert repr(constraints) == "Constraints(path, loop)"
