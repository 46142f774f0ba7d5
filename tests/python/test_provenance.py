"""How a motion was made: kept in files, printed as a command, and no motion replaces another unasked."""

import json
import pickle
import shlex
import subprocess
import sys

import numpy as np
import pytest

import vimogen

PROMPT = 'a "person" walks'
QUICK = {"num_frames": 40, "num_inference_steps": 4, "seed": 3}


def run(*words, code=0, cwd=None):
    done = subprocess.run(
        [sys.executable, "-m", "vimogen", *map(str, words)], capture_output=True, text=True, timeout=300, cwd=cwd
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def walk():
    return vimogen.generate(PROMPT, solver="heun", guidance_scale=1.5, **QUICK)


def test_a_generation_says_how_it_was_made(walk):
    meta = walk.meta
    assert (meta["prompt"], meta["seed"], meta["model"]) == (PROMPT, 3, "built-in")
    assert meta["version"] == vimogen.__version__
    options = meta["options"]
    assert (options["num_frames"], options["num_inference_steps"], options["solver"]) == (40, 4, "heun")
    assert (options["guidance_scale"], options["finish"]) == (1.5, "feet")
    assert vimogen.Motion(walk.features).meta is None


@pytest.mark.parametrize("ending", ["npz", "glb", "vrma"])
def test_files_keep_it(ending, walk, tmp_path):
    walk.save(tmp_path / f"a.{ending}")
    assert vimogen.Motion.load(tmp_path / f"a.{ending}").meta == walk.meta
    assert pickle.loads(pickle.dumps(walk)).meta == walk.meta


def test_other_programs_find_it(walk, tmp_path):
    walk.save(tmp_path / "a.npz")
    assert json.loads(str(np.load(tmp_path / "a.npz")["meta"])) == walk.meta
    walk.save(tmp_path / "a.glb")
    data = (tmp_path / "a.glb").read_bytes()
    extras = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])["asset"]["extras"]
    assert (extras["prompt"], extras["seed"], extras["frame_rate"]) == (PROMPT, 3, 20)
    walk.save(tmp_path / "a.html")
    page = (tmp_path / "a.html").read_text()
    clip = json.loads(page.partition('id="data">')[2].partition("</script>")[0])["clips"][0]
    assert clip["meta"] == walk.meta and clip["title"] == PROMPT
    for ending in ("fbx", "usda"):
        walk.save(tmp_path / f"a.{ending}")
        assert b"built-in" in (tmp_path / f"a.{ending}").read_bytes()


def test_changes_are_listed(walk):
    changed = walk[5:25].resample(30).refit().canonical().with_fps(25)
    assert changed.meta["changes"] == [
        "cut to frames 5 to 24", "resampled to 30 fps", "refitted", "placed at the origin", "played at 25 fps",
    ]  # fmt: skip
    assert walk.mirrored().meta is None


def test_the_command_that_is_printed_makes_the_motion_again(walk, tmp_path):
    walk.save(tmp_path / "a.npz")
    facts = json.loads(run("info", tmp_path / "a.npz", "--json").stdout)
    assert facts["made"] == walk.meta and facts["command"] in run("info", tmp_path / "a.npz").stdout
    words = shlex.split(facts["command"])
    assert words[:3] == ["vimogen", "generate", PROMPT]
    run(*words[1:], "-o", tmp_path / "b.npz")
    assert vimogen.Motion.load(tmp_path / "b.npz") == walk


def test_sequences_and_constraints_are_made_again_too(tmp_path):
    pipe = vimogen.Pipeline.from_pretrained()
    motion, _ = pipe.sequence(["walks forward", "sits down"], [1.5, 2], seed=4, num_inference_steps=2)
    motion.save(tmp_path / "a.npz")
    words = shlex.split(json.loads(run("info", tmp_path / "a.npz", "--json").stdout)["command"])
    assert words[1:4] == ["sequence", "walks forward:1.5", "sits down:2"]
    run(*words[1:], cwd=tmp_path)
    assert vimogen.Motion.load(tmp_path / "sequence.npz") == motion

    constraints = vimogen.Constraints().root(30, [0.3, 1])
    motion, _ = pipe.constrained("a person walks", constraints, **QUICK)
    motion.save(tmp_path / "c.npz")
    facts = json.loads(run("info", tmp_path / "c.npz", "--json").stdout)
    (tmp_path / "constraints.json").write_text(json.dumps(facts["made"]["constraints"]))
    run(*shlex.split(facts["command"])[1:], "-o", "d.npz", cwd=tmp_path)
    assert vimogen.Motion.load(tmp_path / "d.npz") == motion


def test_a_second_seed_has_a_file_of_its_own_and_replaces_nothing_unasked(tmp_path):
    quick = ["--frames", 24, "--steps", 2, "--format", "bvh"]
    for seed in (1, 2):
        run("generate", "a person walks", "--seed", seed, "-o", "out", *quick, cwd=tmp_path)
    run("generate", "a person walks", "-o", "out", *quick, cwd=tmp_path)
    names = [path.name for path in sorted((tmp_path / "out").glob("*.bvh"))]
    assert names == ["000-a-person-walks.bvh", "000-a-person-walks.s1.bvh", "000-a-person-walks.s2.bvh"]

    quick = quick[:-2]
    one = ["generate", "a person walks", "-o", "a.npz", *quick]
    run(*one, "--seed", 1, cwd=tmp_path)
    before = (tmp_path / "a.npz").read_bytes()
    assert "--overwrite" in run(*one, "--seed", 2, cwd=tmp_path, code=2).stderr
    run(*one, "--seed", 1, cwd=tmp_path)
    assert (tmp_path / "a.npz").read_bytes() == before, "the same motion may be made again"
    run(*one, "--seed", 2, "--overwrite", cwd=tmp_path)
    assert vimogen.Motion.load(tmp_path / "a.npz").meta["seed"] == 2
