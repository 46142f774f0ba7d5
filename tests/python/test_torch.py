"""PyTorch reads our motions and checkpoints: `make test-torch` installs it and runs this."""

import numpy as np
import pytest
from safetensors.numpy import load_file

torch = pytest.importorskip("torch", reason="PyTorch is not installed; `make test-torch` installs it")


def load(path, **options):
    """Loads as a careful user does: data only, no code from the file."""
    return torch.load(path, weights_only=True, map_location="cpu", **options)


@pytest.mark.parametrize("mmap", [False, True])
def test_torch_loads_a_motion_and_what_belongs_to_it(samples, mmap):
    clip = load(samples / "motion.pt", mmap=mmap)
    frames, features = np.meshgrid(np.arange(5), np.arange(276), indexing="ij")
    expected = frames.astype(np.float32) + features.astype(np.float32) / np.float32(276)
    assert list(clip) == ["motion", "ids", "nested", "fps", "frames", "prompt"]
    np.testing.assert_array_equal(clip["motion"].numpy(), expected)
    assert clip["ids"].tolist() == [-3, -2, -1, 0, 1, 2]
    embedding = clip["nested"]["embedding"]
    assert embedding.dtype == torch.bfloat16
    np.testing.assert_array_equal(embedding.float().numpy(), np.arange(24).reshape(2, 3, 4) / 4 - 1)
    assert (clip["fps"], clip["frames"], clip["prompt"]) == (20.0, 5, "a person winkt — 走る")


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
