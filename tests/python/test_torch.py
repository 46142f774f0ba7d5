"""PyTorch reads our motions and checkpoints: `make test-torch` installs it and runs this."""

import numpy as np
import pytest
from safetensors.numpy import load_file

import vimogen

torch = pytest.importorskip("torch", reason="PyTorch is not installed; `make test-torch` installs it")


def load(path, **options):
    """Loads as a careful user does: data only, no code from the file."""
    return torch.load(path, weights_only=True, map_location="cpu", **options)


@pytest.mark.parametrize("mmap", [False, True])
def test_torch_loads_every_kind_of_value(samples, clip, mmap):
    values = load(samples / "motion.pt", mmap=mmap)
    assert list(values) == ["motion", "ids", "nested", "fps", "frames", "prompt"]
    np.testing.assert_array_equal(values["motion"].numpy(), clip)
    assert values["ids"].tolist() == [-3, -2, -1, 0, 1, 2]
    embedding = values["nested"]["embedding"]
    assert embedding.dtype == torch.bfloat16
    np.testing.assert_array_equal(embedding.float().numpy(), np.arange(24).reshape(2, 3, 4) / 4 - 1)
    assert (values["fps"], values["frames"], values["prompt"]) == (20.0, 5, "a person winkt — 走る")


def test_torch_loads_our_motions(samples, clip):
    np.testing.assert_array_equal(load(samples / "clip.pt").numpy(), clip)
    other_rate = load(samples / "clip16.pt")
    np.testing.assert_array_equal(other_rate["motion"].numpy(), clip)
    assert other_rate["fps"] == 16


def test_torch_loads_a_bare_tensor(samples):
    tensor = load(samples / "tensor.pt")
    assert tensor.shape == (3, 2)
    assert (tensor == 0.5).all()


@pytest.mark.parametrize(("name", "dtype"), [("f32", torch.float32), ("bf16", torch.bfloat16)])
def test_torch_loads_our_weights(samples, golden, name, dtype):
    from safetensors.torch import load_file as load_torch

    expected = load_file(golden / "dit_weights" / "tiny.safetensors")
    got = load_torch(samples / f"weights_{name}.safetensors")
    assert sorted(got) == sorted(expected)
    for key, value in expected.items():
        assert got[key].dtype == dtype
        assert torch.equal(got[key], torch.from_numpy(value).to(dtype)), key


def test_torch_takes_motions_and_their_arrays():
    motion = vimogen.generate("a person waves", num_frames=20, num_inference_steps=1)
    tensor = torch.from_dlpack(motion)
    tensor[0, 0] += 1  # a copy: the motion stays as it is
    assert not np.array_equal(tensor.numpy(), motion.features)
    copied = torch.from_numpy(np.array(motion.joints))
    np.testing.assert_array_equal(copied.numpy(), motion.joints)
    assert vimogen.Motion(torch.tensor(motion.features)) == motion
