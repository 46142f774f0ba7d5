"""Every error is a VimogenError and a builtin, and names what is wrong."""

import pickle

import numpy as np
import pytest

import vimogen
from vimogen import Motion, Pipeline

CLASSES = {
    "InvalidArgumentError": (100, ValueError),
    "ShapeError": (101, ValueError),
    "NonFiniteError": (102, ValueError),
    "NotFoundError": (200, FileNotFoundError),
    "FileError": (201, OSError),
    "FormatError": (202, ValueError),
    "TooLargeError": (203, ValueError),
    "WeightsError": (300, ValueError),
    "ConfigError": (301, ValueError),
    "NoTextEncoderError": (302, RuntimeError),
    "DeviceError": (400, RuntimeError),
    "ProcessGroupError": (401, RuntimeError),
    "CancelledError": (500, RuntimeError),
    "DivergedError": (501, ArithmeticError),
    "InternalError": (900, RuntimeError),
}


def test_each_class_has_its_code_and_its_builtin():
    found = {name: getattr(vimogen, name) for name in vimogen.__all__ if name.endswith("Error")}
    assert found.pop("VimogenError").code is None
    assert found.keys() == CLASSES.keys()
    for name, (code, builtin) in CLASSES.items():
        assert found[name].code == code
        assert issubclass(found[name], vimogen.VimogenError) and issubclass(found[name], builtin)
        assert found[name].__module__ == "vimogen" and found[name].__doc__


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(vimogen.ShapeError("wrong shape")))
    assert type(error) is vimogen.ShapeError and str(error) == "wrong shape"


def test_a_missing_file_knows_its_name(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npz") as caught:
        Motion.load(tmp_path / "none.npz")
    assert caught.value.filename == str(tmp_path / "none.npz")
    assert str(caught.value).startswith("file not found: ")
    with pytest.raises(vimogen.NotFoundError, match=r"config\.json"):
        Pipeline.from_pretrained(tmp_path)


def broken(*shape):
    """Zeros with NaN at [2, 5]."""
    values = np.zeros(shape, np.float32)
    values[2, 5] = np.nan
    return values


def smpl(body_pose):
    frames = len(body_pose)
    return np.zeros((frames, 3)), body_pose, np.zeros((frames, 3)), np.zeros((frames, 22, 3))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "metric", ["jitter_degree", "dynamic_degree", "ground_penetration", "foot_floating", "foot_sliding"]
)
def test_joints_that_are_not_finite_have_no_score(metric, value):
    joints = np.zeros((12, 22, 3), np.float32)
    joints[7, 10, 2] = value
    with pytest.raises(vimogen.NonFiniteError, match=r"joints .*\[7, 10, 2\]"):
        getattr(vimogen.mbench, metric)(joints)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_every_conversion_of_rotations_names_a_value_that_is_not_finite(value):
    widths = {"axis_angle": (3,), "matrix": (3, 3), "rot6d": (6,), "quaternion": (4,)}
    names = [name for name in dir(vimogen.rotations) if "_to_" in name]
    assert len(names) > 14
    for name in names:
        (shape,) = [shape for start, shape in widths.items() if name.startswith(start)]
        values = np.zeros((2, 4, *shape), np.float32)
        values[1, 3, ..., 0] = value
        at = ", ".join(["1", "3", *["0"] * len(shape)])
        with pytest.raises(vimogen.NonFiniteError, match=rf"rotations .*\[{at}\]"):
            getattr(vimogen.rotations, name)(values)


def test_a_matrix_that_is_no_rotation_has_no_quaternion():
    # The release's formulas take a quaternion of norm 0 to a matrix of NaN.
    matrix = vimogen.rotations.rot6d_rows_to_matrix(np.zeros((1, 6)))
    assert np.isfinite(matrix).all()
    with pytest.raises(vimogen.InvalidArgumentError, match="number 1 of them is none"):
        vimogen.rotations.axis_angle_to_matrix(np.array([[0, 0, 1], [3e38, 3e38, 3e38]], np.float32))


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (lambda: Motion(np.zeros((4, 275))), vimogen.ShapeError, "276"),
        (lambda: Motion(np.zeros(276)), vimogen.ShapeError, "two axes"),
        (lambda: Motion(np.zeros((0, 276))), vimogen.ShapeError, "features"),
        (lambda: Motion(np.full((4, 276), np.nan)), vimogen.NonFiniteError, "features"),
        (lambda: Motion(np.zeros((4, 276)), fps=-1), vimogen.InvalidArgumentError, "fps"),
        (lambda: Motion("no array"), ValueError, "string"),
        (lambda: Pipeline.from_pretrained(device="gpu"), vimogen.DeviceError, "cuda:N"),
        (lambda: Pipeline.from_pretrained(device="cuda:7"), vimogen.DeviceError, "cuda"),
        (lambda: Pipeline.from_pretrained(dtype="int4"), vimogen.InvalidArgumentError, "bfloat16"),
        (lambda: vimogen.generate(), vimogen.InvalidArgumentError, "prompt"),
        (lambda: vimogen.generate(""), vimogen.InvalidArgumentError, "prompt"),
        (lambda: vimogen.generate("a", num_frames=0), vimogen.InvalidArgumentError, "num_frames"),
        (lambda: vimogen.generate("a", num_frames=-5), vimogen.InvalidArgumentError, "num_frames"),
        (lambda: vimogen.generate("a", num_frames=10**30), vimogen.InvalidArgumentError, "num_frames"),
        (lambda: vimogen.generate("a", num_inference_steps=0), vimogen.InvalidArgumentError, "num_inference_steps"),
        (lambda: vimogen.generate("a", guidance_scale=float("nan")), vimogen.InvalidArgumentError, "guidance_scale"),
        (lambda: vimogen.generate("a", strength=2), vimogen.InvalidArgumentError, "strength"),
        (lambda: vimogen.generate("a", solver="rk4"), vimogen.InvalidArgumentError, "euler, heun, ab2, dpmpp"),
        (lambda: vimogen.generate("a", guidance_interval=(1, 0)), vimogen.InvalidArgumentError, "guidance_interval"),
        (lambda: vimogen.generate("a", seed=-1), vimogen.InvalidArgumentError, "seed"),
        (lambda: vimogen.generate("a", seed=1.5), TypeError, "seed"),
        (lambda: vimogen.generate(5), TypeError, "prompt"),
        (lambda: vimogen.generate(["a", 5]), TypeError, "prompt"),
        (lambda: vimogen.generate(reference=5), TypeError, "reference"),
        (lambda: vimogen.rotations.axis_angle_to_matrix(np.zeros((3, 4))), vimogen.ShapeError, r"\.\.\., 3"),
        (lambda: vimogen.mbench.foot_sliding(np.zeros((4, 22, 3)), up_axis=3), vimogen.InvalidArgumentError, "up_axis"),
        (lambda: vimogen.motion.decode(np.zeros((4, 276)), "fast"), vimogen.InvalidArgumentError, "mode"),
        (lambda: vimogen.motion.decode(broken(4, 276)), vimogen.NonFiniteError, r"features .*\[2, 5\]"),
        (lambda: vimogen.motion.mbench_joints(broken(4, 276)), vimogen.NonFiniteError, r"features .*\[2, 5\]"),
        (lambda: vimogen.motion.reference_channels(broken(4, 276)), vimogen.NonFiniteError, r"features .*\[2, 5\]"),
        (lambda: vimogen.motion.resample(broken(4, 276), 16, 20), vimogen.NonFiniteError, r"features .*\[2, 5\]"),
        (lambda: vimogen.motion.smooth(broken(9, 276)), vimogen.NonFiniteError, r"features .*\[2, 5\]"),
        (lambda: vimogen.motion.encode(*smpl(broken(4, 63))), vimogen.NonFiniteError, r"body_pose .*\[2, 5\]"),
        (lambda: vimogen.motion.canonicalize(*smpl(broken(4, 63))), vimogen.NonFiniteError, r"body_pose .*\[2, 5\]"),
        (lambda: Pipeline.builtin().normalize(broken(4, 276)), vimogen.NonFiniteError, r"features .*\[2, 5\]"),
        (lambda: Pipeline.builtin().denormalize(broken(4, 276)), vimogen.NonFiniteError, r"features .*\[2, 5\]"),
        (lambda: Motion(np.full((4, 276), 3e38)).kinematic_error(), vimogen.NonFiniteError, "joints"),
        (
            lambda: Motion(np.zeros((2000, 276))).with_fps(1000).hold(3600),
            vimogen.InvalidArgumentError,
            "3602000 frames",
        ),
        (lambda: vimogen.flow.Schedule(0), vimogen.InvalidArgumentError, "num_inference_steps"),
        (lambda: vimogen.flow.Schedule(5).delta(5), vimogen.InvalidArgumentError, "index"),
        (lambda: vimogen.flow.noise(1, 10**12), vimogen.InvalidArgumentError, "num_frames"),
        (lambda: vimogen.SyntheticData(0), vimogen.InvalidArgumentError, "batch_size"),
        (lambda: vimogen.Dit.from_seed({"dim": 3}), vimogen.ConfigError, "config"),
    ],
)
def test_what_is_wrong_is_named(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


@pytest.mark.parametrize("ending", ["npz", "csv", "bvh", "glb", "vrma", "fbx", "usda", "usdz", "html", "joints.npy"])
def test_joints_that_overflow_are_not_written(tmp_path, ending):
    # Features are finite, and the sums of their steps are not.
    motion, path = Motion(np.full((4, 276), 3e38)), tmp_path / f"a.{ending}"
    with pytest.raises(vimogen.NonFiniteError):
        motion.save_mbench_joints(path) if ending == "joints.npy" else motion.save(path)
    assert not any(tmp_path.iterdir())


def test_a_missing_file_without_an_ending_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing"):
        Motion.load(tmp_path / "nothing")


def test_a_damaged_file_is_a_format_error_that_names_it(tmp_path):
    path = tmp_path / "half.npz"
    path.write_bytes(b"PK\x03\x04 not quite")
    with pytest.raises(vimogen.FormatError, match=r"half\.npz"):
        Motion.load(path)


def test_a_file_that_cannot_be_written_is_an_os_error(tmp_path):
    motion = Motion(np.zeros((4, 276)))
    with pytest.raises(OSError, match="nowhere"):
        motion.save(tmp_path / "nowhere" / "a.npz")
    with pytest.raises(vimogen.InvalidArgumentError, match="bvh"):
        motion.save(tmp_path / "a.mp3")
