"""Long motions, sequences, streams, changes by text; the recipes of the book."""

import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

import vimogen
from conftest import ROOT

QUICK = {"num_inference_steps": 10}


@pytest.fixture(scope="module")
def pipe():
    return vimogen.Pipeline.from_pretrained()


def run(*words, cwd, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "vimogen", *map(str, words)], capture_output=True, text=True, timeout=300, cwd=cwd
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def way(motion):
    """Metres over the ground, sway excepted."""
    return np.linalg.norm(np.diff(motion.joints[::10, 0, :2], axis=0), axis=1).sum()


def test_a_long_walk_keeps_its_pace_and_says_where_it_is_joined(pipe):
    short = pipe("a person walks forward", seed=1, **QUICK)
    long = pipe("a person walks forward", seed=1, num_frames=300, **QUICK)
    pace = way(long) / long.duration / (way(short) / short.duration)
    assert 0.85 < pace < 1.3, pace
    assert long.joints[..., 2].min() > -0.1
    same, report = pipe.sequence(["a person walks forward"], 15, seed=1, **QUICK)
    assert np.array_equal(same.features, long.features)
    assert len(report["seams"]) == 2 and all(seam["excess"] < 2 for seam in report["seams"])
    assert len(pipe("a person walks forward", num_frames=300, windows=False, num_inference_steps=2)) == 300
    with pytest.raises(vimogen.InvalidArgumentError, match="windows"):
        pipe("a person walks forward", num_frames=1200, windows=False)


def test_a_sequence_says_which_prompt_covers_which_seconds(pipe):
    motion, report = pipe.sequence("walks forward for two seconds, then turns left and sits down", seed=3, **QUICK)
    assert [(part["prompt"], part["start"], part["end"]) for part in report["parts"]] == [
        ("walks forward", 0, 2),
        ("turns left", 2, 6),
        ("sits down", 6, 10),
    ]
    assert len(motion) == 200 and motion.joints[-1, 0, 2] < 0.75 < motion.joints[20, 0, 2]
    with pytest.raises(vimogen.InvalidArgumentError, match="seconds"):
        pipe.sequence(["walks", "sits"], [1])
    with pytest.raises(vimogen.InvalidArgumentError, match="part 1"):
        pipe.sequence(["walks", "sits"], [1, float("nan")])
    with pytest.raises(vimogen.InvalidArgumentError, match="parts"):
        pipe.sequence([])


def test_a_motion_goes_on_and_its_own_frames_stay(pipe):
    walk = pipe("a person walks forward", seed=1, **QUICK).turned(50).moved(2, 1)
    longer, report = pipe.sequence(
        ["a person walks forward", "a person sits down"], [3, 3], after=walk, seed=2, **QUICK
    )
    assert len(longer) == len(walk) + 120 and longer.fps == walk.fps
    assert np.abs(longer.joints[: len(walk) - 5] - walk.joints[:-5]).max() < 0.01
    assert [part["frames"] for part in report["parts"]] == [(100, 160), (160, 220)]
    steps = np.linalg.norm(np.diff(longer.joints, axis=0), axis=-1)
    own = np.linalg.norm(np.diff(walk.joints, axis=0), axis=-1).max()
    assert steps[95:105].max() < 1.3 * own and all(seam["excess"] < 2 for seam in report["seams"])
    # It walks on in its direction, then sits.
    ahead = walk.joints[-1, 0, :2] - walk.joints[0, 0, :2]
    assert (longer.joints[150, 0, :2] - walk.joints[-1, 0, :2]) @ ahead / np.linalg.norm(ahead) > 0.5
    assert longer.joints[-1, 0, 2] < 0.75
    # At another rate, from a single second.
    faster, _ = pipe.sequence(["a person waves"], 2, after=walk.trimmed(0, 1).resample(30), seed=2, **QUICK)
    assert faster.fps == 30 and abs(len(faster) - 90) <= 2
    with pytest.raises(vimogen.InvalidArgumentError, match="2"):
        pipe.sequence(["a person waves"], 2, after=walk[:1], **QUICK)


def test_a_stream_is_the_same_in_blocks_of_any_size_and_goes_where_it_is_led(pipe):
    def frames(block):
        stream = pipe.stream("a person walks forward", seed=4, block=block, num_inference_steps=6)
        rows = []
        while stream.frame < 120:
            if stream.frame == 60:
                stream.set_heading(90)
                stream.set_prompt("a person runs forward")
            rows.append(next(stream).features)
        return np.concatenate(rows)

    features = frames(4)
    assert np.array_equal(features, frames(20))
    motion = vimogen.Motion(features)
    assert motion.kinematic_error()["max"] < 2e-3
    steps = np.linalg.norm(np.diff(motion.joints, axis=0), axis=2).max(axis=1)
    assert steps.max() < 0.6
    stream = pipe.stream("a person walks forward", seed=4, num_inference_steps=6)
    stream.set_target((-1.5, 1.5))
    for _ in range(60):
        place = stream.block(5).joints[-1, 0, :2]
        if stream.reached:
            break
    assert np.linalg.norm(place - [-1.5, 1.5]) < 0.5
    for wrong in (lambda: stream.block(0), lambda: stream.set_heading(float("nan")), lambda: stream.set_prompt("")):
        with pytest.raises(vimogen.InvalidArgumentError):
            wrong()


def test_an_edit_changes_what_the_prompt_says_and_keeps_place_and_length(pipe):
    walk = pipe("a person walks forward", seed=1, **QUICK).refit().turned(70).moved(2, 1)
    same = pipe.edit(walk, "a person walks forward", source="a person walks forward", **QUICK)
    assert np.abs(same.joints - walk.joints).max() < 0.1
    waving = pipe.edit(walk, "a person waves the right hand", source="a person walks forward", **QUICK)
    assert len(waving) == len(walk) and np.abs(waving.joints[0, 0] - walk.joints[0, 0]).max() < 0.1
    assert waving.joints[:, 21, 2].max() > walk.joints[:, 21, 2].max() + 0.2
    near, far = (pipe.variations(walk, 2, strength=s, **QUICK) for s in (0.1, 1.0))
    assert len(near) == 2 and np.abs(near[0].joints - near[1].joints).max() > 1e-3
    apart = [np.abs(motion.joints - walk.joints).mean() for motion in (near[0], far[0])]
    assert apart[0] < apart[1]
    with pytest.raises(vimogen.InvalidArgumentError, match="strength"):
        pipe.edit(walk, "a person walks", strength=2)
    with pytest.raises(vimogen.InvalidArgumentError, match="method"):
        pipe.edit(walk, "a person walks", method="wish")


def test_seeds_have_files_of_their_own_and_the_best_is_chosen(tmp_path):
    quick = ["--frames", 40, "--steps", 4, "--format", "npz"]
    run("generate", "a person jumps", "--seeds", "1-2,7", "-o", "out", *quick, cwd=tmp_path)
    names = sorted(path.name for path in (tmp_path / "out").glob("*.npz"))
    assert names == [f"000-a-person-jumps.s{seed}.npz" for seed in (1, 2, 7)]
    quick = quick[:-2]
    run("generate", "a person jumps", "--seeds", "1,2,7", "--best", "-o", "best.npz", *quick, cwd=tmp_path)
    motions = [vimogen.Motion.load(tmp_path / "out" / name) for name in names]
    assert vimogen.Motion.load(tmp_path / "best.npz") == vimogen.best(motions)
    words = ["generate", "a person walks", "--seconds", "7", "--no-windows", "--steps", 2, "-o", "once.npz"]
    assert "trained on clips of 60 to 120" in run(*words, cwd=tmp_path).stderr
    assert len(vimogen.Motion.load(tmp_path / "once.npz")) == 140
    for words in (["--seeds", "3-1"], ["--best"], ["--variants", 2, "--seeds", 1], ["--variants", 2, "-o", "a.npz"]):
        run("generate", "a person jumps", *words, *quick, cwd=tmp_path, code=2)


def test_the_shell_makes_sequences(tmp_path):
    words = ["a person walks: 2", "a person turns left:1.5 s", "-o", "a.npz", "--steps", 4]
    printed = run("sequence", *words, cwd=tmp_path).stdout
    assert "0.00 to 2.00 s  a person walks" in printed and len(vimogen.Motion.load(tmp_path / "a.npz")) == 70
    run("sequence", "walks then sits", "--seconds", "1.5", "-o", "b.npz", "--steps", 2, cwd=tmp_path)
    assert len(vimogen.Motion.load(tmp_path / "b.npz")) == 60
    run("sequence", "--after", "a.npz", "sits:1", "-o", "c.npz", "--steps", 2, cwd=tmp_path)
    assert len(vimogen.Motion.load(tmp_path / "c.npz")) == 90
    assert "--seconds" in run("sequence", "a", "b", "--seconds", "1,2,3", "-o", "d.npz", cwd=tmp_path, code=2).stderr


def test_the_recipes_run(tmp_path, monkeypatch):
    text = (ROOT / "docs/src/how-to/recipes.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(python|sh)\n(.*?)```", text, re.DOTALL)
    assert len(blocks) > 30
    monkeypatch.chdir(tmp_path)
    names = {}
    for _, block in filter(lambda block: block[0] == "python", blocks):
        assert block.count("\n") <= 4, block
        exec(compile(block, "recipes.md", "exec"), names)
    # Commands come after all Python: they read the files that it wrote.
    for _, block in filter(lambda block: block[0] == "sh", blocks):
        words = shlex.split(block)
        (tmp_path / words[-1]).unlink(missing_ok=words[-1] != "walk.npz")
        run(*words[1:], cwd=tmp_path)
        # Variations have their seeds in the names.
        assert any(list(tmp_path.glob(word.replace(".", "*."))) for word in words[-3:]), block
