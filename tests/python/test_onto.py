"""Motions on a character of the user's: Python, the command line, and the file as its text says it is."""

import json
import struct

import numpy as np
import pytest

import vimogen
from test_cli import run

# Left thigh, right shin, left upper arm: joints at both ends.
LIMBS = [(1, 4), (5, 8), (16, 18)]


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
    """Largest median angle between limbs of two motions, degrees."""
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
    assert (
        "--onto writes one file"
        in run("convert", tmp_path / "a.npz", tmp_path / "x.bvh", "--onto", hero, code=2).stderr
    )
    assert "go with --onto" in run("convert", tmp_path / "a.npz", tmp_path / "x.bvh", "--no-plant", code=2).stderr


def test_the_command_line_generates_onto_a_character(hero, tmp_path):
    quick = ["--frames", 60, "--steps", 4, "--onto", hero, "-o", tmp_path / "made.glb"]
    prompts = ["a person walks forward", "a person jumps"]
    rows = json.loads(run("generate", *prompts, *quick, "--json").stdout)
    assert [row["character"]["clip"] for row in rows] == prompts == names(tmp_path / "made.glb")[-2:]
    assert rows[0]["files"] == [str(tmp_path / "made.glb")]
    assert str(tmp_path / "made.glb") in run("generate", prompts[0], *quick, "--variants", 2).stdout
    assert names(tmp_path / "made.glb")[-2:] == [f"{prompts[0]} (seed {seed})" for seed in (42, 43)]
    assert "excludes" in run("generate", prompts[0], *quick, "--format", "bvh", code=2).stderr
