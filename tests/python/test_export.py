"""NumPy reads exported motions without pickles, in the layout that SMPL-X tools expect."""

import numpy as np
import pytest


@pytest.fixture
def amass(artifacts):
    path = artifacts / "tmp" / "export_amass.npz"
    assert path.exists(), f"{path} is missing; run: cargo test --test golden export"
    return np.load(path, allow_pickle=False)


def test_an_amass_file_has_its_arrays_and_texts(amass):
    frames = len(amass["poses"])
    assert str(amass["gender"]) == "neutral" and str(amass["surface_model_type"]) == "smplx"
    assert float(amass["mocap_frame_rate"]) == float(amass["mocap_framerate"]) == 20.0
    assert float(amass["mocap_time_length"]) == pytest.approx(frames / 20)
    assert amass["betas"].shape == (16,) and int(amass["num_betas"]) == 16
    names = ("root_orient", "pose_body", "pose_jaw", "pose_eye", "pose_hand")
    parts = np.concatenate([amass[name] for name in names], axis=1)
    assert parts.shape == (frames, 165)
    np.testing.assert_array_equal(parts, amass["poses"])
    assert amass["trans"].shape == (frames, 3) and amass["joints"].shape == (frames, 22, 3)
    assert amass["features"].shape == (frames, 276)
