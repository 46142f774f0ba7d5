"""Motion files of other programs: options of reading, what was found, warnings."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import vimogen
from conftest import ROOT
from vimogen import Motion
from vimogen.cli import cli


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    motion = vimogen.generate("a person walks forward", num_frames=40, num_inference_steps=4)
    for name in ("walk.bvh", "walk.npz"):
        motion.save(folder / name)
    return folder


def test_a_clip_tells_what_its_file_was(clips):
    source = Motion.load(clips / "walk.bvh").source
    assert list(source) == ["kind", "up", "unit", "rate", "person", "persons", "warnings"]
    assert source["kind"].startswith("BVH") and source["rate"] == "file"
    assert json.loads(json.dumps(source)) == source
    assert Motion(np.zeros((3, 276))).source is None


def test_what_is_known_of_the_file_stays_with_its_frames(clips):
    motion = Motion.load(clips / "walk.bvh")
    again = pickle.loads(pickle.dumps(motion))
    assert again == motion and again.source == motion.source
    assert motion.with_fps(30).source == motion.source | {"rate": "given"}
    assert Motion.load(clips / "walk.bvh", fps=30).source["rate"] == "given"
    assert motion[3:9].source is None and motion.resample(10).source is None


def test_options_of_reading_are_checked_before_the_file_is_read(clips, tmp_path):
    for wrong, reason in {
        "up": "is not one of y, z, x, -y, -z, -x",
        "unit": "is not one of cm, m, mm, dm, in, ft",
    }.items():
        with pytest.raises(vimogen.InvalidArgumentError, match=f"invalid {wrong}: .*{reason}"):
            Motion.load("nowhere.bvh", **{wrong: "parsec"})
    with pytest.raises(vimogen.InvalidArgumentError, match=r"Hips.*is not a joint"):
        Motion.load(clips / "walk.bvh", names={"Hips": "pelvis"})
    with pytest.raises(TypeError, match="names"):
        Motion.load(clips / "walk.bvh", names={"pelvis": 3})
    with pytest.raises(TypeError, match="person"):
        Motion.load(clips / "walk.bvh", person=1.5)
    with pytest.raises(FileNotFoundError, match=r"map\.json"):
        Motion.load(clips / "walk.bvh", names=tmp_path / "map.json")
    (tmp_path / "map.json").write_text("[]")
    with pytest.raises(vimogen.FormatError, match=r"LeftUpLeg.*map\.json"):
        Motion.load(clips / "walk.bvh", names=tmp_path / "map.json")


def test_doubts_are_warnings_that_name_the_file_and_the_option():
    path = ROOT / "tests/formats/results/comfyui.npz"
    with pytest.warns(vimogen.MotionWarning, match=r"comfyui\.npz: .*fps=") as seen:
        motion = Motion.load(path)
    assert [str(warning.message) for warning in seen] == [f"{path}: {doubt}" for doubt in motion.source["warnings"]]
    assert seen[0].filename == __file__


def test_the_class_of_warnings_is_its_own():
    assert issubclass(vimogen.MotionWarning, UserWarning)
    assert vimogen.MotionWarning.__module__ == "vimogen" and vimogen.MotionWarning.__doc__


RESULTS = ROOT / "tests/formats/results"


def run(*words, code=0):
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done


def test_a_folder_is_scored_with_options_of_reading(tmp_path):
    shutil.copy(RESULTS / "amass_norate.npz", tmp_path / "a.npz")
    with pytest.raises(vimogen.VimogenError, match="fps"):
        vimogen.evaluate(tmp_path)
    assert list(vimogen.evaluate(tmp_path, reading={"fps": 30})["motions"]) == ["a"]
    with pytest.raises(TypeError, match=r"speed.*fit_joints"):
        vimogen.evaluate(tmp_path, reading={"speed": 30})
    assert "left out" not in run("evaluate", tmp_path, "--from-fps", 30).output
    lying, standing = (
        json.loads(run("evaluate", tmp_path, "--from-fps", 30, "--up", up, "--json").stdout)["motions"] for up in "xz"
    )
    assert lying != standing


def test_a_reference_is_read_with_options(tmp_path):
    words = ["generate", "--reference", RESULTS / "amass_norate.npz", "-o", tmp_path / "like.npz", "--steps", 2]
    assert "--from-fps" in str(run(*words, code=1).exception)
    run(*words, "--from-fps", 30)
    assert len(Motion.load(tmp_path / "like.npz")) > 1
    assert "go with --reference" in run("generate", "a person walks", "--up", "y", code=2).output


def test_the_shell_reads_a_folder_of_frames_and_recovered_motion_with_its_camera(tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for t in range(1, 31):
        shutil.copy(RESULTS / "smplerx_00001_0.npz", frames / f"{t:05}_0.npz")
    assert "--from-fps" in str(run("convert", frames, tmp_path / "a.npz", code=1).exception)
    done = run("convert", frames, tmp_path / "a.npz", "--from-fps", 25)
    assert "SMPLer-X, a folder of frames" in done.output
    assert (len(Motion.load(tmp_path / "a.npz")), Motion.load(tmp_path / "a.npz").fps) == (30, 25)
    run("convert", RESULTS / "gvhmr_hmr4d_results.pt", tmp_path / "b.pt", "--hmr")
    # In the frame of the camera the last frame is only the end of a step.
    assert len(Motion.load(tmp_path / "b.pt")) + 1 == len(Motion.load(RESULTS / "gvhmr_hmr4d_results.pt"))


CONVERT = """
import resource, sys
from vimogen.__main__ import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a pseudo-terminal, and memory in kilobytes")
def test_ten_minutes_at_120_frames_are_read_in_bounded_memory_with_a_bar(tmp_path):
    import pty

    header, rows = re.split(r"(?<=Time: 0.05000000\n)", (ROOT / "tests/formats/bvh/walk.bvh").read_text())
    header = header.replace("Frames: 60", "Frames: 72000").replace("0.05000000", "0.00833333")
    path = tmp_path / "long.bvh"
    path.write_text(header + rows * 1200)
    master, slave = pty.openpty()
    command = [sys.executable, "-c", CONVERT, "convert", path, tmp_path / "long.npy", "--fps", "20"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=slave, check=True, text=True)
    os.close(slave)
    shown = os.read(master, 1 << 16).decode()
    os.close(master)
    assert "converting" in shown and "2/2" in shown
    assert "120 fps" in done.stdout and len(Motion.load(tmp_path / "long.npy")) == 12000
    peak = int(done.stdout.split("peak")[1])
    idle = [sys.executable, "-c", CONVERT, "--version"]
    idle = int(subprocess.run(idle, stdout=subprocess.PIPE, check=True, text=True).stdout.split("peak")[1])
    assert peak - idle < 4 * path.stat().st_size / 1e6, (peak, idle)
