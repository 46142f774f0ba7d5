"""Motion files of other programs: options of reading, what was found, warnings."""

import json
import pickle

import numpy as np
import pytest

import vimogen
from conftest import ROOT
from vimogen import Motion


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
