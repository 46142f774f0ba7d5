"""The demo, from the outside: a sentence in; files out for NumPy, for readers of BVH and for a browser offline."""

import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

FILES = ["motion.bvh", "motion.html", "motion.npz", "motion.svg"]


@pytest.fixture(scope="module")
def run(artifacts, tmp_path_factory):
    """Runs the demo in a new folder; gives its standard output and the folder it wrote to."""
    demo = artifacts / "debug" / "examples" / ("demo.exe" if sys.platform == "win32" else "demo")
    assert demo.exists(), f"{demo} is missing; run: cargo build --workspace --lib --examples"

    def run(*words, code=0):
        folder = tmp_path_factory.mktemp("demo")
        done = subprocess.run([demo, *words], cwd=folder, capture_output=True, text=True, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return done, folder / "out"

    return run


@pytest.fixture(scope="module")
def made(run):
    return run("a person walks forward and waves", "7")


def test_it_names_every_file_it_wrote(made):
    done, out = made
    assert sorted(path.name for path in out.iterdir()) == FILES
    for name in FILES:
        assert name in done.stdout


def test_numpy_reads_the_motion(made):
    archive = np.load(made[1] / "motion.npz", allow_pickle=False)
    frames = len(archive["features"])
    assert archive["features"].shape == (frames, 276)
    assert archive["joints"].shape == (frames, 22, 3)
    assert archive["poses"].shape == (frames, 165)
    assert archive["trans"].shape == (frames, 3)
    assert archive["betas"].shape == (16,)
    assert str(archive["gender"]) == "neutral"
    assert archive["mocap_frame_rate"] == archive["fps"] == 20
    for name in archive.files:
        values = archive[name]
        assert values.dtype.kind == "U" or np.isfinite(values).all(), name
    heights = archive["joints"][..., 2]
    assert 0.3 < np.ptp(heights, axis=1).mean() < 2.2, "a person upright is between knee height and two metres tall"


def test_the_bvh_has_the_frames_it_declares(made):
    text = (made[1] / "motion.bvh").read_text(encoding="ascii")
    hierarchy, motion = text.split("MOTION")
    lines = motion.strip().splitlines()
    channels = sum(int(count) for count in re.findall(r"CHANNELS (\d)", hierarchy))
    frames = len(np.load(made[1] / "motion.npz")["features"])
    assert text.startswith("HIERARCHY")
    assert hierarchy.count("{") == hierarchy.count("}")
    assert lines[0].split() == ["Frames:", str(frames)]
    assert float(lines[1].split()[-1]) == pytest.approx(1 / 20)
    values = np.array([line.split() for line in lines[2:]], dtype=np.float64)
    assert values.shape == (frames, channels)
    assert np.isfinite(values).all()


def test_the_player_needs_no_network(made):
    html = (made[1] / "motion.html").read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\s\"'<>)]+", html)) - {"http://www.w3.org/2000/svg"}
    assert not addresses
    assert not re.search(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=", html)


def test_the_same_seed_makes_the_same_motion_and_another_seed_another(run, made):
    first = np.load(made[1] / "motion.npz")["features"]
    again = np.load(run("a person walks forward and waves", "7")[1] / "motion.npz")["features"]
    other = np.load(run("a person walks forward and waves", "8")[1] / "motion.npz")["features"]
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_command_is_next_to_the_interpreter(version):
    command = Path(sysconfig.get_paths()["scripts"], "vimogen")
    printed = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert version in printed


@pytest.mark.parametrize(("words", "code"), [((), 2), (("a person jumps", "seven"), 2), (("",), 1)])
def test_wrong_arguments_are_errors_with_a_reason(run, words, code):
    done, _ = run(*words, code=code)
    assert done.stderr.strip()
    assert "panicked" not in done.stderr
