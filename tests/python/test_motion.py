"""A Motion as a Python object: arrays without copies, slices, pickles, files."""

import copy
import pickle

import numpy as np
import pytest

import vimogen
from vimogen import Motion


@pytest.fixture(scope="module")
def motion():
    return vimogen.generate("a person walks forward", num_frames=40, num_inference_steps=4)


def test_arrays_are_read_only_views_of_the_motion(motion):
    assert motion.features.shape == (40, 276) and motion.joints.shape == (40, 22, 3)
    assert motion.features.dtype == motion.joints.dtype == np.float32
    for array in (lambda: motion.features, lambda: motion.joints, lambda: motion.smpl()["joints"]):
        assert np.shares_memory(array(), array())
    with pytest.raises(ValueError, match="read-only"):
        motion.features[0, 0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        motion.joints.flags.writeable = True


def test_an_array_outlives_its_motion():
    features = np.arange(2 * 276, dtype=np.float32).reshape(2, 276)
    view = Motion(features).features
    np.testing.assert_array_equal(view, features)


def test_numpy_takes_a_motion_for_an_array(motion):
    assert np.shares_memory(np.asarray(motion), motion.features)
    assert not np.shares_memory(np.array(motion), motion.features)
    assert np.array(motion).flags.writeable
    assert np.asarray(motion, np.float64).dtype == np.float64
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        assert np.shares_memory(np.asarray(motion, copy=False), motion.features)
        with pytest.raises(ValueError, match="copy"):
            np.asarray(motion, dtype=np.float64, copy=False)


def test_dlpack_hands_out_a_copy_that_may_be_written(motion):
    array = np.from_dlpack(motion)
    np.testing.assert_array_equal(array, motion.features)
    assert not np.shares_memory(array, motion.features)


def test_any_array_like_makes_a_motion(motion):
    features = np.asarray(motion)
    assert Motion(features.astype(np.float64)) == motion
    assert Motion(features.tolist()) == motion
    assert Motion(np.asfortranarray(features)) == motion
    assert Motion(np.repeat(features, 2, axis=0)[::2]) == motion
    assert Motion(motion) == motion


def test_slices_are_motions_and_single_frames_are_not(motion):
    part = motion[10:30]
    assert isinstance(part, Motion) and len(part) == 20 and part.fps == motion.fps
    np.testing.assert_array_equal(part.features, motion.features[10:30])
    assert motion[:] == motion and motion[-5:] == motion[35:40]
    with pytest.raises(TypeError, match="slices"):
        motion[3]
    with pytest.raises(ValueError, match="resample"):
        motion[::2]
    with pytest.raises(ValueError, match="range"):
        motion[5:5]


def test_equality_is_of_numbers_and_rate(motion):
    assert motion == Motion(motion.features, motion.fps)
    assert motion != Motion(motion.features, 30) and motion != motion[:20] and motion != "motion"
    with pytest.raises(TypeError):
        hash(motion)


def test_pickles_and_copies_are_equal(motion):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(motion, protocol)) == motion
    assert copy.deepcopy(motion) == motion


def test_it_says_what_it_is(motion):
    assert repr(motion) == "Motion(frames=40, fps=20, seconds=2.00)"
    assert motion.duration == 2.0


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.pt"])
def test_files_come_back(motion, tmp_path, name):
    motion.save(tmp_path / name)
    assert Motion.load(str(tmp_path / name)) == motion
    assert Motion.load(tmp_path / name, fps=30).fps == 30


def test_other_programs_get_their_files(motion, tmp_path):
    for name in ("a.bvh", "a.html", "a.svg"):
        motion.save(tmp_path / name, title="a <b> walk")
    assert (tmp_path / "a.bvh").read_text().startswith("HIERARCHY")
    assert "a &lt;b&gt; walk" in (tmp_path / "a.html").read_text()
    assert "<svg" in (tmp_path / "a.svg").read_text()


def test_another_rate_keeps_the_movement_as_it_is_asked_to(motion):
    played = motion.resample(40)
    assert played.fps == 40 and abs(played.duration - motion.duration) < 0.1
    np.testing.assert_allclose(played.joints[-1, 0], motion.joints[-1, 0], atol=0.02)
    assert (len(motion.resample_reference(30)), motion.resample_reference(30).fps) == (60, 30)
    assert (len(motion.with_fps(30)), motion.with_fps(30).fps) == (40, 30)


def test_quality_has_mbenchs_names(motion):
    quality = motion.quality()
    assert list(quality) == ["Jitter_Degree", "Ground_Penetration", "Foot_Floating", "Foot_Sliding", "Dynamic_Degree"]
    assert quality["Jitter_Degree"] == vimogen.mbench.jitter_degree(motion.joints)
    assert quality["Foot_Sliding"] == vimogen.mbench.foot_sliding(motion.joints, up_axis=2)


def test_a_notebook_shows_the_player(motion):
    html = motion._repr_html_()
    assert html.startswith("<iframe") and "srcdoc=" in html and "allow-scripts" in html
    assert html.count('"') % 2 == 0 and "http://" not in html.replace("http://www.w3.org", "")
