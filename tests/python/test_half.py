"""bfloat16, which NumPy does not know: tensors in files of PyTorch are read, arrays get a message with the remedy."""

import io
import pickle
import sys
import types
import zipfile

import numpy as np
import pytest

import vimogen
from vimogen import mbench


def to_bfloat16(values):
    """Upper halves of float32 numbers, of which only those with an empty lower half are exact."""
    return (np.ascontiguousarray(values, "<f4").view("<u4") >> 16).astype("<u2")


@pytest.fixture
def motion():
    values = np.round(np.random.default_rng(1).normal(size=(12, 276)) * 16) / 16
    return (to_bfloat16(values).astype("<u4") << 16).view("<f4")


@pytest.fixture
def torch(monkeypatch):
    """The names that pickles of PyTorch hold, without PyTorch."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    class BFloat16Storage:
        pass

    def _rebuild_tensor_v2(*_):
        raise AssertionError("it is only written")

    for kind, module in ((BFloat16Storage, torch), (_rebuild_tensor_v2, utils)):
        kind.__module__, kind.__qualname__ = module.__name__, kind.__name__
        setattr(module, kind.__name__, kind)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    torch._utils = utils
    return torch


def save(path, torch, values):
    """As torch.save writes a tensor."""

    class Tensor:
        def __reduce__(self):
            arguments = (torch.BFloat16Storage(), 0, values.shape, (values.shape[1], 1), False, {})
            return torch._utils._rebuild_tensor_v2, arguments

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            is_storage = isinstance(value, torch.BFloat16Storage)
            return ("storage", torch.BFloat16Storage, "0", "cpu", values.size) if is_storage else None

    data = io.BytesIO()
    Pickler(data, protocol=2).dump(Tensor())
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("clip/data.pkl", data.getvalue())
        archive.writestr("clip/byteorder", b"little")
        archive.writestr("clip/data/0", to_bfloat16(values).tobytes())
        archive.writestr("clip/version", b"3\n")


def test_a_bfloat16_tensor_in_a_file_of_pytorch_is_read_to_the_bit(motion, torch, tmp_path):
    save(tmp_path / "clip.pt", torch, motion)
    np.testing.assert_array_equal(vimogen.Motion.load(tmp_path / "clip.pt").features, motion)


class Tensor:
    """A tensor of PyTorch in bfloat16, which refuses to become an array."""

    dtype = "torch.bfloat16"

    def __array__(self, *_args, **_named):
        raise TypeError("Got unsupported ScalarType BFloat16")


@pytest.mark.parametrize("take", [vimogen.Motion, lambda a: mbench.fid(a, a), vimogen.motion.smooth])
def test_an_argument_in_bfloat16_is_named_with_the_remedy(take, motion):
    with pytest.raises(TypeError, match=r"^it is bfloat16.*pass tensor\.float\(\)"):
        take(Tensor())
    halves = to_bfloat16(motion).view("V2")
    with pytest.raises(TypeError, match=r"^it is bfloat16") as caught:
        take(halves)
    remedy = str(caught.value).rpartition("pass ")[2]
    np.testing.assert_array_equal(eval(remedy, {"array": halves}), motion)


def test_a_file_with_such_arrays_is_refused_with_the_remedy(motion, tmp_path):
    halves = to_bfloat16(motion).view("V2")
    np.save(tmp_path / "clip.npy", halves)
    np.savez(tmp_path / "clip.npz", motion=halves)
    for path in (tmp_path / "clip.npy", tmp_path / "clip.npz"):
        with pytest.raises(vimogen.FormatError, match=r"bfloat16.*astype\(numpy\.float32\)") as caught:
            vimogen.Motion.load(path)
        assert path.name in str(caught.value)
    np.savez(tmp_path / "more.npz", motion=motion, unrelated=halves)
    np.testing.assert_array_equal(vimogen.Motion.load(tmp_path / "more.npz").features, motion)
