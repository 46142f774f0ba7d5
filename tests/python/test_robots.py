"""Motions on robots: forward kinematics and replay by MuJoCo, tables as their readers take them, the command line."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

import vimogen
from test_cli import run

SEEDS = Path(__file__).resolve().parents[2] / "vimogen-core" / "fuzz" / "seeds" / "mjcf"
HUMANOID = SEEDS / "humanoid.xml"
# Everything that moves or turns a body, in one model with a human's names.
ODD = """<mujoco model="odd"><compiler eulerseq="zYx"/>
<default><joint range="-50 50" pos="0 0 0.01"/><default class="tilted"><joint axis="1 1 0" ref="5"/>
<default class="inner"><joint axis="0 1 1"/></default></default></default>
<worldbody><body name="pelvis" pos="0.1 0.2 0.9" euler="10 20 30"><freejoint/><geom size="0.1"/>
<frame pos="0 0.1 0" axisangle="0 0 1 15" childclass="tilted">
<body name="left_hip" xyaxes="1 0.1 0 -0.1 1 0"><joint/><joint class="inner" pos="0 0.02 0"/><geom size="0.1"/>
<body name="left_knee" pos="0 0 -0.4" zaxis="0.1 0.2 1"><joint type="slide" range="-0.1 0.1" ref="0"/><joint/>
<geom size="0.1"/><body name="left_foot" pos="0 0 -0.4" quat="1 0.1 0 0"><joint axis="0 1 0"/><geom size="0.1"/>
</body></body></body></frame>
<body name="right_hip" pos="0 -0.1 0"><joint type="ball" range="0 60" ref="0"/><geom size="0.1"/>
<body name="right_knee" pos="0 0 -0.4"><joint/><geom size="0.1"/><body name="right_foot" pos="0 0 -0.4">
<joint/><geom size="0.1"/></body></body></body>
<body name="chest" pos="0 0 0.3"><joint/><geom size="0.1"/>
<body name="left_elbow" pos="0 0.2 0.2"><joint/><geom size="0.1"/></body>
<body name="right_elbow" pos="0 -0.2 0.2"><joint/><geom size="0.1"/></body></body></body></worldbody></mujoco>
"""


@pytest.fixture(scope="module")
def mujoco():
    return pytest.importorskip("mujoco", reason="MuJoCo is not installed: pip install 'vimogen[robots]'")


@pytest.fixture(scope="module")
def walk():
    return vimogen.generate("a person walks forward", num_frames=60, num_inference_steps=8, seed=1).resample(30)


@pytest.fixture(scope="module")
def walked(walk):
    return vimogen.Robot(HUMANOID).retarget(walk)


def kinematics(mujoco, model, qpos):
    """Places and quaternions of the bodies without the world, for each row."""
    data = mujoco.MjData(model)
    places, turns = [], []
    for row in qpos:
        data.qpos[:] = row
        mujoco.mj_forward(model, data)
        places.append(data.xpos[1:].copy())
        turns.append(data.xquat[1:].copy())
    return np.array(places), np.array(turns)


@pytest.mark.parametrize("name", ["humanoid", "ball", "odd"])
def test_bodies_are_where_mujoco_has_them(mujoco, name, tmp_path):
    path = SEEDS / f"{name}.xml"
    if name == "odd":
        path = tmp_path / "odd.xml"
        path.write_text(ODD)
    robot, model = vimogen.Robot(path), mujoco.MjModel.from_xml_path(str(path))
    assert robot.body_names == [model.body(b).name for b in range(1, model.nbody)]
    assert np.allclose(robot.initial, model.qpos0, atol=1e-12)
    rng = np.random.default_rng(1)
    rows = [robot.initial]
    for _ in range(20):
        qpos = model.qpos0.copy()
        mujoco.mj_integratePos(model, qpos, rng.normal(size=model.nv), 0.5)
        rows.append(qpos)
    places, turns = robot.bodies(np.array(rows))
    expected, rotations = kinematics(mujoco, model, rows)
    assert np.abs(places - expected).max() < 1e-9
    assert np.abs(np.abs((turns * rotations).sum(-1)) - 1).max() < 1e-9


def test_a_walk_replays_within_the_ranges_of_its_joints(mujoco, walked, tmp_path):
    model = mujoco.MjModel.from_xml_path(str(HUMANOID))
    qpos = walked.qpos
    assert qpos.shape == (len(walked), model.nq) and walked.fps == 30
    for joint in range(model.njnt):
        if model.jnt_limited[joint]:
            values = qpos[:, model.jnt_qposadr[joint]]
            low, high = model.jnt_range[joint]
            assert low <= values.min() and values.max() <= high, model.joint(joint).name
    walked.save(tmp_path / "walk.npz")
    arrays = np.load(tmp_path / "walk.npz")
    places, turns = kinematics(mujoco, model, qpos)
    assert np.abs(arrays["body_positions"] - places).max() < 1e-5
    assert np.abs(np.abs((arrays["body_rotations"] * turns).sum(-1)) - 1).max() < 1e-5
    # The floor of the model: no foot is below it.
    data = mujoco.MjData(model)
    floor = [g for g in range(model.ngeom) if model.geom_type[g] == mujoco.mjtGeom.mjGEOM_PLANE]
    for row in qpos:
        data.qpos[:] = row
        mujoco.mj_forward(model, data)
        depths = [c.dist for c in data.contact[: data.ncon] if c.geom[0] in floor or c.geom[1] in floor]
        assert min(depths, default=0.0) > -1e-4


def test_a_report_says_how_well_the_robot_follows(walk, walked):
    report = walked.report
    assert report["violations"] == 0 and report["frames"] == len(walk) == len(walked)
    assert 0 < report["max_velocity"] <= 20.0001 and report["fastest"] in walked.joint_names
    assert report["mean_error"] < 0.03 and report["slide"] < 0.01 and report["penetration"] < 1e-6
    assert dict(report["bodies"])["left_knee"] == "left_knee"
    assert 0.8 < report["scale"] < 1.0 and 0.5 < report["arm_scale"] < 1.5
    # It walks ahead along x, as far as its legs are shorter.
    steps = walk.joints[-1, 0] - walk.joints[0, 0]
    went = walked.qpos[-1, :2] - walked.qpos[0, :2]
    assert np.linalg.norm(went) == pytest.approx(report["scale"] * np.linalg.norm(steps[:2]), rel=0.1)
    assert went[0] > 2 * abs(went[1])


def test_every_layout_holds_the_same_poses(walked, tmp_path):
    qpos = walked.qpos
    tables = {}
    for layout in ("mujoco", "lafan1", "bones-seed"):
        walked.save(tmp_path / f"{layout}.csv", layout=layout)
        skip = 1 if layout == "bones-seed" else 0
        tables[layout] = np.loadtxt(tmp_path / f"{layout}.csv", delimiter=",", skiprows=skip)
        note = json.loads((tmp_path / f"{layout}.csv.json").read_text())
        assert note["layout"] == layout and note["fps"] == 30 and len(note["columns"]) == tables[layout].shape[1]
    assert np.allclose(tables["mujoco"], qpos, atol=1e-8)
    assert np.allclose(tables["lafan1"][:, [6, 3, 4, 5]], qpos[:, 3:7], atol=1e-8)
    seed = tables["bones-seed"]
    assert np.allclose(seed[:, 0], np.arange(len(qpos))) and np.allclose(seed[:, 1:4], 100 * qpos[:, :3], atol=1e-6)
    assert np.allclose(np.radians(seed[:, 7:]), qpos[:, 7:], atol=1e-8)
    scipy = pytest.importorskip("scipy.spatial.transform", reason="SciPy is not installed")
    turns = scipy.Rotation.from_euler("xyz", seed[:, 4:7], degrees=True).as_quat()
    assert np.allclose(np.abs((turns * qpos[:, [4, 5, 6, 3]]).sum(-1)), 1, atol=1e-8)


def test_gmr_and_amp_readers_find_their_names(walked, tmp_path):
    walked.save(tmp_path / "walk.pkl")
    made = pickle.loads((tmp_path / "walk.pkl").read_bytes())
    qpos = walked.qpos
    assert made["fps"] == 30 and made["local_body_pos"] is None
    assert np.array_equal(made["root_pos"], qpos[:, :3]) and np.array_equal(made["dof_pos"], qpos[:, 7:])
    assert np.array_equal(made["root_rot"], qpos[:, [4, 5, 6, 3]])
    walked.save(tmp_path / "walk.npz")
    arrays = np.load(tmp_path / "walk.npz")
    assert arrays["dof_names"].tolist() == walked.joint_names == arrays["joint_names"].tolist()
    assert arrays["body_names"].tolist() == vimogen.Robot(HUMANOID).body_names
    assert float(arrays["fps"]) == 30 and np.array_equal(arrays["qpos"], qpos)
    speed = np.gradient(qpos[:, 7:], 1 / 30, axis=0)
    assert np.allclose(arrays["dof_velocities"], speed, atol=1e-4)


def test_the_command_writes_files_and_reports(walk, tmp_path):
    walk.save(tmp_path / "walk.npz")
    out = tmp_path / "robot" / "walk.csv"
    done = run("retarget", tmp_path / "walk.npz", "--robot", HUMANOID, "-o", out, "--layout", "lafan1", "--json")
    (report,) = json.loads(done.stdout)["motions"]
    assert report["violations"] == 0 and report["fps"] == 30 and out.exists()
    shown = run("retarget", tmp_path / "walk.npz", "--robot", HUMANOID, "-o", tmp_path / "all", "--fps", "50")
    assert "0 values beyond limits" in shown.stdout and (tmp_path / "all" / "walk.csv").exists()


def test_faults_say_what_to_do(walk, tmp_path):
    with pytest.raises(vimogen.FormatError, match="retarget_robot"):
        walk.retarget(HUMANOID)
    with pytest.raises(vimogen.FormatError, match=r"\.xml"):
        vimogen.Robot(tmp_path / "robot.urdf")
    with pytest.raises(vimogen.NotFoundError, match=r"none\.xml"):
        walk.retarget_robot(tmp_path / "none.xml")
    (tmp_path / "bad.xml").write_text(HUMANOID.read_text().replace("left_knee", "link"))
    with pytest.raises(vimogen.FormatError, match="left_knee"):
        vimogen.Robot(tmp_path / "bad.xml")
    assert vimogen.Robot(tmp_path / "bad.xml", names={"left_knee": "link"}).body_names[4] == "link"
    with pytest.raises(vimogen.InvalidArgumentError, match="velocity"):
        walk.retarget_robot(HUMANOID, velocity=float("nan"))
    with pytest.raises(vimogen.InvalidArgumentError, match="layout"):
        walk.retarget_robot(HUMANOID, tmp_path / "walk.npz", layout="lafan1")
    with pytest.raises(vimogen.ShapeError, match="qpos"):
        vimogen.Robot(HUMANOID).bodies(np.zeros((2, 5)))
