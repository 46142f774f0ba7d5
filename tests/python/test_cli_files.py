"""Motion files on the command line: converting many, describing, scoring past bad ones, prompts in files."""

import json
from pathlib import Path

import numpy as np
import pytest

import vimogen
from test_cli import QUICK, run
from vimogen.cli.prompt_files import read_prompts


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "walk.npz"
    vimogen.generate("a person walks", num_frames=24, num_inference_steps=2).save(path)
    return vimogen.Motion.load(path)


@pytest.fixture
def clips(made, tmp_path):
    folder = tmp_path / "clips"
    (folder / "more").mkdir(parents=True)
    made.save(folder / "a.bvh")
    made.save(folder / "more" / "b.npz")
    (folder / "broken.bvh").write_text("HIERARCHY\nROOT")
    (folder / "empty.npz").write_bytes(b"")
    (folder / "notes.txt").write_text("not a motion")
    return folder


def test_convert_goes_through_a_folder_and_past_bad_files(clips, tmp_path):
    out = tmp_path / "out"
    done = run("convert", clips, "-o", out, "--to", "npz", "--to", "csv", code=1)
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == ["a.csv", "a.npz", str(Path("more", "b.csv")), str(Path("more", "b.npz"))]
    first, second = done.stdout.splitlines()
    assert "a.bvh: BVH" in first and "24 frames at 20 fps" in first and "a.npz" in first and "b.npz" in second
    assert "broken.bvh: not converted" in done.stderr and "empty.npz: not converted" in done.stderr
    assert "2 of 4 files converted into" in done.stderr and "notes.txt" not in done.stderr
    rows = json.loads(run("convert", clips, "-o", out, "--json", code=1).stdout)
    assert [Path(row["file"]).name for row in rows["failed"]] == ["broken.bvh", "empty.npz"]
    assert rows["files"][0]["found"]["kind"].startswith("BVH") and rows["files"][0]["frames"] == 24


def test_convert_of_one_file_says_what_it_was(clips, tmp_path):
    done = run("convert", clips / "a.bvh", tmp_path / "new" / "a.glb", "--from-fps", 30)
    assert "BVH" in done.stdout and "24 frames at 30 fps (given)" in done.stdout and not done.stderr
    run("convert", clips / "a.bvh", "-o", tmp_path / "b.csv")
    assert (tmp_path / "new" / "a.glb").exists() and (tmp_path / "b.csv").exists()


def test_convert_writes_nothing_over_its_sources_or_twice(clips, made, tmp_path):
    made.save(clips / "a.npz")
    for words, reason in {
        ("-o", tmp_path / "out"): "would both become",
        ("-o", clips, "--to", "bvh"): "would",
        (tmp_path / "out",): "--out",
        (tmp_path / "out", tmp_path / "other"): "--out",
        (tmp_path / "out", "--to", "csv"): "--to needs --out",
    }.items():
        assert reason in run("convert", clips, *words, code=2).stderr
    assert not (tmp_path / "out").exists()
    (tmp_path / "none").mkdir()
    assert "no motion file" in run("convert", tmp_path / "none", "-o", tmp_path / "out", code=2).stderr


def test_info_describes_every_file(clips):
    done = run("info", clips, code=1)
    assert "kind                 BVH" in done.stdout and "head above feet" in done.stdout
    assert "broken.bvh" in done.stderr and "empty.npz" in done.stderr
    rows = json.loads(run("info", clips / "a.bvh", clips / "more" / "b.npz", "--json").stdout)
    assert [row["frames"] for row in rows] == [24, 24]
    assert 1.0 < rows[0]["metres"]["head above feet"] < 2.0 and rows[0]["bytes"] > 1000
    assert json.loads(run("info", clips / "a.bvh", "--json").stdout)["source"]["rate"] == "file"
    assert "none of npz" in run("info", clips / "notes.txt", code=1).stderr


def test_evaluate_names_what_it_leaves_out(clips, made):
    joints = np.array(made.joints)
    np.save(clips / "c.npy", joints)
    joints[3, 2, 1] = np.nan
    np.save(clips / "hole.npy", joints)
    np.save(clips / "still.npy", joints[:1])
    done = run("evaluate", clips, "--json", code=1)
    report = json.loads(done.stdout)
    assert sorted(report["motions"]) == ["a", "c"]
    assert [Path(row["file"]).name for row in report["failed"]] == [
        "broken.bvh",
        "empty.npz",
        "hole.npy",
        "still.npy",
    ]
    assert all(row["mean"] is not None and row["num_samples"] == 2 for row in report["dimensions"].values())
    assert "hole.npy: left out: joints" in done.stderr
    assert "2 motions in" in run("evaluate", clips, code=1).stdout
    assert vimogen.evaluate(clips)["failed"] == report["failed"]


def test_generate_follows_a_clip_of_another_program(clips, tmp_path):
    run("generate", "--reference", clips / "a.bvh", "-o", tmp_path / "like.npz", "--steps", 2)
    assert len(vimogen.Motion.load(tmp_path / "like.npz")) == 24


TEXT = "# two prompts\n\na person wäves\n  a person sits  \n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_prompts_are_read_in_the_encodings_of_editors(tmp_path, encoding):
    path = tmp_path / "prompts.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode(encoding))
    assert read_prompts(path) == ["a person wäves", "a person sits"]


def test_prompts_in_another_encoding_are_refused_in_a_line(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_bytes(TEXT.encode("latin-1"))
    done = run("generate", "-f", path, "-o", tmp_path / "out", *QUICK, code=1)
    assert done.stderr.count("\n") == 1 and "line 3" in done.stderr and "UTF-8" in done.stderr
    path.write_text("# only a comment\n")
    assert "no prompt" in run("generate", "-f", path, "-o", tmp_path / "out", *QUICK, code=2).stderr
    assert "nowhere.txt" in run("generate", "-f", tmp_path / "nowhere.txt", code=1).stderr
