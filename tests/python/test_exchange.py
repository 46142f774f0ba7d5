"""Third-party readers on the files that `cargo test --test golden exchange` writes for other programs."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vimogen
from readers import browse, npm_modules, y_up

bvh = pytest.importorskip("bvh")
pygltflib = pytest.importorskip("pygltflib")

HERE = Path(__file__).parent
# fmt: off
MIXAMO = [
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand",
]
# Vertices that the smplx package picks from a mesh.
VERTICES = [
    "nose", "reye", "leye", "rear", "lear", "rthumb", "rindex", "rmiddle", "rring", "rpinky", "lthumb", "lindex",
    "lmiddle", "lring", "lpinky", "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
]
# fmt: on


@pytest.fixture(scope="module")
def made(artifacts):
    folder = artifacts / "tmp"
    assert (folder / "exchange.glb").exists(), "run: cargo test --test golden exchange"
    return folder


@pytest.fixture(scope="module")
def walk(made):
    return vimogen.Motion.load(made / "exchange.npz")


def test_a_bvh_package_reads_joints_channels_and_rate(made, walk):
    for name in ("exchange.bvh", "exchange_mixamo.bvh"):
        tree = bvh.Bvh((made / name).read_text())
        assert tree.nframes == len(walk) and tree.frame_time == pytest.approx(1 / 20)
        assert len(tree.get_joints_names()) == 22
        root = tree.get_joints_names()[0]
        assert root == ("pelvis" if name == "exchange.bvh" else "mixamorig:Hips")
        channels = ["Xposition", "Yposition", "Zposition"]
        places = np.array(tree.frames_joint_channels(root, channels), dtype=float)
        # Centimetres, y up.
        np.testing.assert_allclose(places, 100 * y_up(walk.joints[:, 0]), atol=1e-3)
    assert {f"mixamorig:{name}" for name in MIXAMO} == set(tree.get_joints_names())


def test_a_bvh_package_s_numbers_put_the_joints_where_they_are(made, walk):
    tree = bvh.Bvh((made / "exchange_metres.bvh").read_text())

    def turn(axis, degrees):
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        m = np.eye(3)
        i, j = [(1, 2), (2, 0), (0, 1)]["XYZ".index(axis)]
        m[i, i], m[i, j], m[j, i], m[j, j] = c, -s, s, c
        return m

    for t in (0, 37, len(walk) - 1):
        world = {}
        for name in tree.get_joints_names():
            rotation = np.eye(3)
            for channel in tree.joint_channels(name)[-3:]:
                rotation = rotation @ turn(channel[0], tree.frame_joint_channel(t, name, channel))
            parent = tree.joint_parent(name)
            if parent is None:
                place = np.array(tree.frame_joint_channels(t, name, ["Xposition", "Yposition", "Zposition"]))
            else:
                above = world[parent.name]
                rotation, place = above[0] @ rotation, above[1] + above[0] @ np.array(tree.joint_offset(name))
            world[name] = (rotation, place)
        places = np.stack([world[f"mixamorig:{name}"][1] for name in MIXAMO])
        np.testing.assert_allclose(places, y_up(walk.joints[t]), atol=1e-3)


def accessor(file, number):
    """An accessor's array."""
    part = file.accessors[number]
    view = file.bufferViews[part.bufferView]
    kind = {5123: np.uint16, 5125: np.uint32, 5126: np.float32}[part.componentType]
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4, "MAT4": 16}[part.type]
    start = (view.byteOffset or 0) + (part.byteOffset or 0)
    flat = np.frombuffer(file.binary_blob(), kind, part.count * width, start)
    return flat.reshape(part.count, width)


def matrix(quaternion):
    x, y, z, w = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def test_a_gltf_package_s_skin_puts_vertices_where_the_body_has_them(made, walk):
    file = pygltflib.GLTF2().load(str(made / "exchange.glb"))
    skin, animation, primitive = file.skins[0], file.animations[0], file.meshes[0].primitives[0]
    assert [file.nodes[j].name for j in skin.joints][:2] == ["pelvis", "left_hip"]
    points = accessor(file, primitive.attributes.POSITION)
    joints, weights = accessor(file, primitive.attributes.JOINTS_0), accessor(file, primitive.attributes.WEIGHTS_0)
    bind = accessor(file, skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    want = y_up(vimogen.Body().vertices(walk))
    for t in (0, 50):
        local = {j: (np.eye(3), np.array(file.nodes[j].translation)) for j in skin.joints}
        for channel in animation.channels:
            value = accessor(file, animation.samplers[channel.sampler].output)[t]
            turn, place = local[channel.target.node]
            moved = (turn, value) if channel.target.path == "translation" else (matrix(value), place)
            local[channel.target.node] = moved
        world = {}

        def visit(node, above, local=local, world=world):
            turn, place = local[node]
            here = np.eye(4)
            here[:3, :3], here[:3, 3] = turn, place
            world[node] = above @ here
            for child in file.nodes[node].children or []:
                visit(child, world[node])

        visit(skin.joints[0], np.eye(4))
        bones = np.stack([world[j] for j in skin.joints]) @ bind
        rest = np.concatenate([points, np.ones((len(points), 1))], axis=1)
        posed = np.einsum("vk,vkij,vj->vi", weights, bones[joints], rest)[:, :3]
        np.testing.assert_allclose(posed, want[t], atol=1e-4)


@pytest.fixture(scope="module")
def modules(artifacts):
    return npm_modules(artifacts)


def test_khronos_validator_has_nothing_to_say(made, modules):
    for name in ("exchange.glb", "exchange_smplx.glb"):
        program = (
            "const v = require('gltf-validator'), fs = require('fs');"
            f"v.validateBytes(new Uint8Array(fs.readFileSync({json.dumps(str(made / name))})))"
            ".then(r => console.log(JSON.stringify(r.issues)))"
        )
        done = subprocess.run(["node", "-e", program], cwd=modules, capture_output=True, text=True, check=True)
        issues = json.loads(done.stdout)
        assert issues["numErrors"] == 0 and issues["numWarnings"] == 0, issues["messages"][:5]


def test_three_js_plays_it_in_a_browser(made, modules, walk):
    shutil.copy(HERE / "gltf" / "page.html", modules)
    shutil.copy(made / "exchange.glb", modules)
    facts = browse(modules, "page.html")
    assert facts["bones"] == 22 and facts["skinned"] == 1 and facts["tracks"] == 23
    assert facts["duration"] == pytest.approx(99 / 20, abs=1e-4)
    # The left hand at 2.5 seconds.
    np.testing.assert_allclose(facts["hand"], y_up(walk.joints[50, 20]), atol=1e-3)


def test_numpy_and_csv_read_the_tables(made, walk):
    np.testing.assert_allclose(np.load(made / "exchange.joints.npy"), y_up(walk.joints), atol=1e-6)
    with (made / "exchange.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[50]["seconds"]) == 2.5
    place = [float(rows[50][f"left_wrist_{axis}"]) for axis in "xyz"]
    np.testing.assert_allclose(place, walk.joints[50, 20], atol=1e-5)


def test_smplx_takes_an_amass_file_and_agrees_with_our_body(made, golden, walk, monkeypatch):
    torch, smplx = pytest.importorskip("torch"), pytest.importorskip("smplx")
    # Its table of picked vertices is that of the licensed mesh; ours has 300.
    picked = {name: i for i, name in enumerate(VERTICES)}
    monkeypatch.setitem(smplx.body_models.VERTEX_IDS, "smplx", picked)
    model = golden / "body_models" / "SMPLX_SYNTHETIC.npz"
    with np.load(made / "exchange.npz") as file:
        parts = {name: torch.from_numpy(np.array(file[name])) for name in ("root_orient", "pose_body", "trans")}
    body = smplx.SMPLX(
        str(model), num_betas=10, num_expression_coeffs=10, use_pca=False, batch_size=len(walk), ext="npz"
    )
    with torch.no_grad():
        out = body(global_orient=parts["root_orient"], body_pose=parts["pose_body"], transl=parts["trans"])
    np.testing.assert_allclose(out.vertices.numpy(), vimogen.Body(model).vertices(walk), atol=2e-5)
    np.testing.assert_allclose(out.joints.numpy()[:, :55], vimogen.Body(model).joints(walk), atol=2e-5)


def test_motions_of_others_come_in_and_keep_their_movement(made, walk, tmp_path):
    for name in ("exchange.bvh", "exchange_mixamo.bvh", "exchange_metres.bvh"):
        motion = vimogen.Motion.load(made / name)
        assert (len(motion), motion.fps) == (len(walk), 20)
        np.testing.assert_allclose(motion.joints, walk.joints, atol=1e-3)
    placed = walk.canonical()
    assert len(placed) == len(walk) and abs(placed.joints[..., 2].min()) < 1e-5
    walk.save(tmp_path / "walk.bvh", joint_names="mixamo", unit="m")
    assert "mixamorig:LeftUpLeg" in (tmp_path / "walk.bvh").read_text()
    with pytest.raises(vimogen.InvalidArgumentError, match="unit"):
        walk.save(tmp_path / "walk.bvh", unit="inch")


def test_a_body_wears_a_motion(walk, golden, tmp_path):
    neutral, smplx = vimogen.Body(), vimogen.Body(golden / "body_models" / "SMPLX_SYNTHETIC.npz")
    assert (neutral.kind, smplx.kind, smplx.num_joints) == ("neutral", "smplx", 55)
    vertices = neutral.vertices(walk)
    assert vertices.shape[0] == len(walk) and neutral.faces.max() == vertices.shape[1] - 1
    np.testing.assert_allclose(neutral.joints(walk), walk.joints, atol=1e-4)
    walk.save(tmp_path / "walk.glb", body=smplx)
    assert len(pygltflib.GLTF2().load(str(tmp_path / "walk.glb")).skins[0].joints) == 55
    assert smplx.landmarks(walk).shape == (len(walk), 51, 3) and neutral.landmarks(walk).shape == (len(walk), 0, 3)
    with pytest.raises(vimogen.NotFoundError):
        vimogen.Body(tmp_path / "SMPLX_NEUTRAL.npz")


def test_a_clip_of_amass_has_the_joints_of_the_body_that_is_given(walk, golden, tmp_path):
    model = golden / "body_models" / "SMPLX_SYNTHETIC.npz"
    with_ours = {name: array for name, array in np.load(_saved(walk, tmp_path)).items() if name != "features"}
    np.savez(tmp_path / "amass.npz", **with_ours)
    body = vimogen.Body(model)
    got = vimogen.Motion.load(tmp_path / "amass.npz", body=body)
    np.testing.assert_allclose(got.joints, body.joints(walk)[:, :22], atol=1e-5)
    assert np.abs(got.joints - vimogen.Motion.load(tmp_path / "amass.npz").joints).max() > 0.01
    words = ["convert", str(tmp_path / "amass.npz"), str(tmp_path / "b.npy"), "--body", str(model)]
    subprocess.run([sys.executable, "-m", "vimogen", *words], check=True, capture_output=True)
    np.testing.assert_allclose(vimogen.Motion.load(tmp_path / "b.npy").joints, got.joints, atol=1e-5)


def _saved(walk, folder):
    walk.save(folder / "walk.npz")
    return folder / "walk.npz"


def test_a_motion_is_made_consistent_and_its_feet_stay():
    motion = vimogen.generate("a person walks forward", num_frames=60, num_inference_steps=8, seed=3, finish="raw")
    assert motion.kinematic_error()["max"] >= motion.kinematic_error()["mean"] > 0
    plain, locked = motion.refit(), motion.refit(lock_feet=True)
    assert plain.kinematic_error()["max"] < 1e-3 and locked.kinematic_error()["max"] < 1e-3
    assert locked.quality()["Foot_Sliding"] < plain.quality()["Foot_Sliding"]


def test_a_generated_motion_is_finished():
    options = {"num_frames": 60, "num_inference_steps": 8, "seed": 3}
    raw, finished = (vimogen.generate("a person walks forward", finish=f, **options) for f in ("raw", "feet"))
    assert finished == vimogen.generate("a person walks forward", **options) and finished != raw
    assert finished.kinematic_error()["max"] < 1e-4 < raw.kinematic_error()["max"]
    assert finished.quality()["Foot_Sliding"] < raw.quality()["Foot_Sliding"]
    assert vimogen.Body().vertices(finished)[..., 2].min() > -0.005


def test_recovered_motion_keeps_its_camera(golden, tmp_path):
    source = golden.parent / "formats" / "recovered.pkl"
    body = golden / "body_models" / "SMPLX_SYNTHETIC.npz"
    words = ["convert", "--hmr", str(source), "--body", str(body), str(tmp_path / "walk.npz")]
    subprocess.run([sys.executable, "-m", "vimogen", *words], check=True, capture_output=True)
    with np.load(tmp_path / "walk.npz") as file:
        assert file["extrinsic"].shape == (25, 9)
        np.testing.assert_array_equal(file["intrinsic"], [[1000, 0, 320], [0, 1000, 240], [0, 0, 1]])
    got = vimogen.motion.load_hmr(source, vimogen.Body(body))
    assert got["motion"] == vimogen.Motion.load(tmp_path / "walk.npz")
    words = ["convert", "--hmr", str(source), str(tmp_path / "walk.glb"), "--fps", "30", "--lock-feet"]
    subprocess.run([sys.executable, "-m", "vimogen", *words], check=True, capture_output=True)
    assert (tmp_path / "walk.glb").read_bytes()[:4] == b"glTF"
