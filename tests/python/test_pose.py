"""Bodies fitted to joints, and MBench's pose dimensions, as Python and the command line see them."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import vimogen
from goldens import FOLDER, Golden
from vimogen import mbench
from vimogen.cli import cli

NRDF = FOLDER / "nrdf_model"


@pytest.fixture(scope="module")
def joints():
    return Golden("mbench_motion_quality").input("clip_organized_yup", "joints")[:6]


def test_two_squares_through_each_other_penetrate():
    square = np.array([[0, 0, 0], [2, 0, 0], [2, 2, 0], [0, 2, 0]], np.float32)
    needle = np.array([[1.5, 0.5, -1], [1.6, 0.5, 1], [1.5, 0.6, 1]], np.float32)
    vertices = np.concatenate([square, needle])[None]
    faces = [[0, 1, 2], [2, 3, 0], [4, 5, 6]]
    assert mbench.body_penetration(vertices, faces) == pytest.approx(100 / 3)
    with pytest.raises(vimogen.InvalidArgumentError, match="vertex 9"):
        mbench.body_penetration(vertices, [[0, 1, 9]])
    with pytest.raises(vimogen.ShapeError):
        mbench.body_penetration(vertices[0], faces)


def test_a_body_is_fitted_to_joints(joints):
    fit = mbench.smplify(joints)
    assert fit["pose"].shape == (6, 24, 3) and fit["betas"].shape == (6, 10) and fit["loss"].shape == (6,)
    error = np.linalg.norm(fit["joints"][:, :22] - joints, axis=-1).mean()
    assert error < 0.03 and fit["mean_joint_error"] == pytest.approx(error, rel=1e-3)
    assert fit["builtin_priors"] is True


def test_fitting_reports_its_frames_and_can_be_stopped(joints):
    steps = []
    mbench.smplify(joints, callback=lambda *step: steps.append(step))
    assert steps == [("fit", 6, 6)]
    with pytest.raises(vimogen.CancelledError):
        mbench.smplify(joints, callback=lambda *step: False)


def test_the_network_gives_the_golden_numbers():
    golden = Golden("nrdf")
    nrdf = mbench.Nrdf(NRDF)
    got = nrdf.distance(golden.input("quat21", "quat"))
    np.testing.assert_allclose(got, golden.output("quat21", "dist")[:, 0], atol=golden.atol("quat21", "dist"), rtol=0)
    pose = golden.input("pose_quality", "pose")
    want = golden.cases["pose_quality"]["config"]["value"]
    assert nrdf.pose_quality(pose) == pytest.approx(want, abs=1e-5)
    assert nrdf.pose_quality(pose, body_joints=True) != nrdf.pose_quality(pose)


def test_files_are_scored_and_say_where_their_poses_come_from(joints, tmp_path):
    np.save(tmp_path / "1.npy", joints)
    scorer = mbench.PoseScorer(nrdf=mbench.Nrdf(NRDF))
    score = scorer.score(tmp_path / "1.npy")
    assert score["origin"] == "fitted-builtin" and score["Body_Penetration"] >= 0 and score["Pose_Quality"] > 0
    assert scorer.write(tmp_path / "1.npy", tmp_path / "1.pt") == "fitted-builtin"
    assert scorer.score(tmp_path / "1.pt") == score
    assert "Pose_Quality" not in mbench.PoseScorer().score(tmp_path / "1.pt")


def test_the_command_writes_a_body_for_each_file(joints, tmp_path):
    np.save(tmp_path / "1.npy", joints)
    np.save(tmp_path / "2.npy", joints[:3])
    out = tmp_path / "bodies"
    done = CliRunner().invoke(cli, ["smplify", str(tmp_path), "-o", str(out), "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["origins"] == {"fitted-builtin": 2} and sorted(p.name for p in out.iterdir()) == ["1.pt", "2.pt"]
    (tmp_path / "0.npy").write_text("no array")
    past = CliRunner().invoke(cli, ["smplify", str(tmp_path), "-o", str(tmp_path / "more"), "--json"])
    rest = json.loads(past.stdout)
    assert past.exit_code == 1 and len(rest["files"]) == 2 and "0.npy" in rest["failed"][0]["file"]
    twice = CliRunner().invoke(cli, ["smplify", str(out / "1.pt"), "-o", str(out)])
    assert twice.exit_code == 2 and "written over" in twice.output
