"""Scores of a folder of motions."""

import json

import numpy as np
import pytest

import vimogen


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("motions")
    for seed, name in enumerate(["a.npz", "b.npy", "c.pt"]):
        vimogen.generate("a person walks", num_frames=30, num_inference_steps=2, seed=seed).save(path / name)
    (path / "notes.txt").write_text("not a motion")
    return path


def test_the_report_has_each_motion_and_the_means(folder, tmp_path):
    report = vimogen.evaluate(folder, output=tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert sorted(report["motions"]) == ["a", "b", "c"]
    for name, values in report["motions"].items():
        quality = vimogen.Motion.load(next(folder.glob(f"{name}.*"))).quality()
        assert values == pytest.approx(quality, rel=1e-6)
    for name, row in report["dimensions"].items():
        values = [motion[name] for motion in report["motions"].values()]
        assert row["num_samples"] == 3
        assert row["mean"] == pytest.approx(np.mean(values), rel=1e-5)
        assert row["std"] == pytest.approx(np.std(values), rel=1e-4, abs=1e-9)


def test_some_dimensions_can_be_chosen(folder):
    report = vimogen.evaluate(folder, ["Jitter_Degree"])
    assert list(report["dimensions"]) == ["Jitter_Degree"] and list(report["motions"]["a"]) == ["Jitter_Degree"]
    with pytest.raises(vimogen.InvalidArgumentError, match="Beauty"):
        vimogen.evaluate(folder, ["Beauty"])


def test_files_of_joints_are_measured_along_the_given_axis(tmp_path):
    joints = np.random.default_rng(1).normal(size=(12, 22, 3)).astype(np.float32)
    np.save(tmp_path / "a.npy", joints)
    for axis in (1, 2):
        want = vimogen.mbench.ground_penetration(joints, up_axis=axis)
        assert vimogen.evaluate(tmp_path, up_axis=axis)["motions"]["a"]["Ground_Penetration"] == pytest.approx(want)


def test_a_folder_without_motions_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="motions"):
        vimogen.evaluate(tmp_path)
    with pytest.raises(FileNotFoundError):
        vimogen.evaluate(tmp_path / "none")
