"""Motions on a character of the user's: Python, the command line, and the file as its text says it is."""

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest

import vimogen
from test_cli import run

# fmt: off
JOINTS = [
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
]
# fmt: on
# Left thigh, right shin, left upper arm: joints at both ends.
LIMBS = [(1, 4), (5, 8), (16, 18)]


HERE = Path(__file__).parent
CHARACTERS = Path(os.environ.get("VIMOGEN_CHARACTERS", HERE.parents[2] / "shared" / "characters"))


@pytest.fixture(scope="module")
def walk():
    return vimogen.generate("a person walks forward", num_frames=60, num_inference_steps=8, seed=1)


@pytest.fixture
def hero(walk, tmp_path):
    """A character with SMPL's names, which has an animation of its own."""
    walk[:5].save(tmp_path / "hero.glb")
    return tmp_path / "hero.glb"


def document(path):
    """The JSON part of a GLB, and its text."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length]), data[20 : 20 + length].decode()


def names(path):
    return [animation["name"] for animation in document(path)[0]["animations"]]


def angles(a, b):
    """Maximum median angle between limbs of two motions, degrees."""
    worst = 0.0
    for joint, end in LIMBS:
        bones = [m.joints[:, end] - m.joints[:, joint] for m in (a, b)]
        bones = [bone / np.linalg.norm(bone, axis=-1, keepdims=True) for bone in bones]
        worst = max(worst, float(np.median(np.degrees(np.arccos(np.clip((bones[0] * bones[1]).sum(-1), -1, 1))))))
    return worst


def test_a_motion_is_put_onto_a_character_and_read_back(walk, hero, tmp_path):
    own = names(hero)
    made = walk.retarget(hero, tmp_path / "out.glb", name="walk")
    assert names(tmp_path / "out.glb") == [*own, "walk"]
    (report,) = made.reports
    assert report["clip"] == "walk" and report["frames"] == len(walk) and report["missing"] == []
    assert made.how == report["how"] == "joint names of SMPL"
    assert report["slide"] < 0.005 and max(angle["median"] for angle in report["angles"]) < 3
    back = vimogen.Motion.load(tmp_path / "out.glb", person=str(len(own) + 1))
    assert len(back) == len(walk) and angles(walk, back) < 3
    assert "clips=1" in repr(made)


def test_several_motions_go_into_one_file_and_the_rest_stays(walk, hero, tmp_path):
    character = vimogen.Character(hero)
    for name in ("walk", "walk", "turn"):
        character.add(walk, name, plant=False)
    assert [report["clip"] for report in character.reports] == ["walk", "walk 2", "turn"]
    character.save(tmp_path / "all.glb")
    (before, _), (after, text) = document(hero), document(tmp_path / "all.glb")
    for key in set(before) - {"accessors", "bufferViews", "buffers", "animations"}:
        assert after[key] == before[key]
    assert text.startswith(document(hero)[1][:200])


def test_faults_are_exceptions_that_name_the_file(walk, hero, tmp_path):
    with pytest.raises(vimogen.FormatError, match=r"\.glb, \.gltf or \.vrm"):
        walk.retarget(tmp_path / "hero.fbx")
    with pytest.raises(vimogen.NotFoundError, match=r"none\.glb"):
        vimogen.Character(tmp_path / "none.glb")
    (tmp_path / "short.glb").write_bytes(hero.read_bytes()[:500])
    with pytest.raises(vimogen.FormatError, match=r"short\.glb"):
        vimogen.Character(tmp_path / "short.glb")
    with pytest.raises(vimogen.InvalidArgumentError, match="pelvis"):
        vimogen.Character(hero, names={"pelvis": "no such bone"})
    with pytest.raises(vimogen.InvalidArgumentError, match="no clip"):
        vimogen.Character(hero).save(tmp_path / "out.glb")
    assert not (tmp_path / "out.glb").exists()


@pytest.fixture(scope="module")
def three(artifacts):
    """The folder of three.js, from npm; skips where it cannot be had."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("there is no npm")
    folder = artifacts / "gltf"
    folder.mkdir(exist_ok=True)
    shutil.copy(HERE / "gltf" / "package.json", folder)
    done = subprocess.run(["npm", "install", "--silent"], cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install three.js: {done.stderr[-200:]}")
    shutil.copy(HERE / "gltf" / "play.mjs", folder)
    return folder


def test_three_js_has_the_limbs_of_the_motion_and_feet_that_stand(walk, hero, three, tmp_path):
    models = [hero, *sorted(CHARACTERS.glob("*.glb"))]
    if len(models) == 1:
        print(f"only our own body was tried: there are no characters in {CHARACTERS}")
    walk = walk.refit(lock_feet=True)
    for model in models:
        out = tmp_path / f"out-{model.name}"
        report = walk.retarget(model, out, name="walk").reports[0]
        words = ["node", "play.mjs", str(out), "walk", str(walk.fps), str(len(walk))]
        done = subprocess.run(words, cwd=three, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        frames, bones = json.loads(done.stdout), dict(report["bones"])
        # From y up to z up, as in motions.
        places = {
            ours: np.array([frame[bone] for frame in frames])[:, [0, 2, 1]] * [-1, 1, 1] for ours, bone in bones.items()
        }
        for joint, end in [(1, 4), (2, 5), (4, 7), (5, 8), (16, 18), (17, 19), (18, 20), (19, 21)]:
            seen, want = places[JOINTS[end]] - places[JOINTS[joint]], walk.joints[:, end] - walk.joints[:, joint]
            cosine = (seen * want).sum(-1) / np.linalg.norm(seen, axis=-1) / np.linalg.norm(want, axis=-1)
            assert np.median(np.degrees(np.arccos(np.clip(cosine, -1, 1)))) < 3, (model.name, JOINTS[joint])
        for foot, side in ((10, "left_foot"), (11, "right_foot")):
            # Where the motion's foot rests, so does the character's.
            still = np.linalg.norm(np.diff(walk.joints[:, foot], axis=0), axis=-1) < 5e-4
            moved = np.linalg.norm(np.diff(places[side], axis=0)[:, :2], axis=-1)
            assert still.sum() > 5 and moved[still].max() < 0.002, (model.name, side, moved[still].max())
        assert report["slide"] < 0.005


def test_the_command_line_writes_a_character_with_files_as_its_animations(walk, hero, tmp_path):
    walk.save(tmp_path / "a.npz")
    walk[:30].save(tmp_path / "b.bvh")
    text = run("convert", tmp_path / "a.npz", tmp_path / "one.glb", "--onto", hero).stdout
    assert "joint names of SMPL" in text and "slide" in text
    assert names(tmp_path / "one.glb")[-1] == "a"
    both = ["--onto", hero, tmp_path / "a.npz", tmp_path / "b.bvh", "-o", tmp_path / "both.glb", "--json", "--fps", 30]
    report = json.loads(run("convert", *both).stdout)
    assert [clip["clip"] for clip in report["clips"]] == ["a", "b"] == names(tmp_path / "both.glb")[-2:]
    assert report["clips"][0]["fps"] == 30 and report["file"].endswith("both.glb")
    for wrong in (["--to", "bvh"], ["--hmr"]):
        assert "--onto" in run("convert", *both, *wrong, code=2).stderr
    assert "--unit does not go with a character" in run("convert", *both, "--unit", "m", code=2).stderr
    assert (
        "--onto writes one file"
        in run("convert", tmp_path / "a.npz", tmp_path / "x.bvh", "--onto", hero, code=2).stderr
    )
    assert "go with --onto" in run("convert", tmp_path / "a.npz", tmp_path / "x.bvh", "--no-plant", code=2).stderr


def test_presets_are_skeletons_with_the_names_of_known_rigs(walk, tmp_path):
    presets = vimogen.Character.presets()
    assert {"mixamo", "unreal", "unity", "vrm", "godot", "rigify", "makehuman", "soma", "cmu"} == set(presets)
    walk.save(tmp_path / "a.npz")
    text = run("convert", tmp_path / "a.npz", tmp_path / "unreal.bvh", "--preset", "unreal").stdout
    assert "joint names of Unreal" in text
    assert "JOINT spine_05" in (tmp_path / "unreal.bvh").read_text()
    back = vimogen.Motion.load(tmp_path / "unreal.bvh")
    assert len(back) == len(walk) and angles(walk, back) < 3
    with pytest.raises(vimogen.InvalidArgumentError, match="godot"):
        vimogen.Character.preset("maya")
    both = ["--preset", "vrm", "--onto", "hero.glb"]
    assert "not both" in run("convert", tmp_path / "a.npz", tmp_path / "x.glb", *both, code=2).stderr


def test_the_command_line_generates_onto_a_character(hero, tmp_path):
    quick = ["--frames", 60, "--steps", 4, "--onto", hero, "-o", tmp_path / "made.glb"]
    prompts = ["a person walks forward", "a person jumps"]
    rows = json.loads(run("generate", *prompts, *quick, "--json").stdout)
    assert [row["character"]["clip"] for row in rows] == prompts == names(tmp_path / "made.glb")[-2:]
    assert rows[0]["files"] == [str(tmp_path / "made.glb")]
    assert str(tmp_path / "made.glb") in run("generate", prompts[0], *quick, "--variants", 2).stdout
    assert names(tmp_path / "made.glb")[-2:] == [f"{prompts[0]} (seed {seed})" for seed in (42, 43)]
    assert "excludes" in run("generate", prompts[0], *quick, "--format", "bvh", code=2).stderr
