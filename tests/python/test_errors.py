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
