"""NumPy and safetensors read the files that vimogen writes.

`cargo test --test interop` writes them, from the golden checkpoint and from formulas that this file repeats.
"""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

RAMP = np.arange(24, dtype=np.float32).reshape(2, 3, 4) * np.float32(0.25) - np.float32(1)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ramp_f32", RAMP),
        ("ramp_f64", RAMP.astype(np.float64)),
        ("ramp_f16", RAMP.astype(np.float16)),
        ("ramp_i64", np.arange(-3, 3, dtype=np.int64)),
        ("mask", np.array([True, False, True])),
        ("scalar", np.float32(20)),
        ("empty", np.zeros((0, 276), np.float32)),
    ],
)
def test_numpy_reads_our_npy(samples, name, expected):
    got = np.load(samples / f"{name}.npy", allow_pickle=False)
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)


def test_numpy_reads_our_motions(samples, clip):
    np.testing.assert_array_equal(np.load(samples / "clip.npy", allow_pickle=False), clip)
    archive = np.load(samples / "clip.npz", allow_pickle=False)
    np.testing.assert_array_equal(archive["features"], clip)
    assert archive["fps"] == archive["mocap_frame_rate"] == 16
    assert archive["poses"].shape == (len(clip), 165)


def test_safetensors_reads_our_weights_bit_for_bit(samples, golden):
    expected = load_file(golden / "dit_weights" / "tiny.safetensors")
    got = load_file(samples / "weights_f32.safetensors")
    assert sorted(got) == sorted(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_our_bf16_weights_are_rounded_to_nearest_even(samples, golden):
    expected = load_file(golden / "dit_weights" / "tiny.safetensors")
    path = samples / "weights_bf16.safetensors"
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        body = file.read()
    header.pop("__metadata__", None)
    assert sorted(header) == sorted(expected)
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        bits = expected[name].view(np.uint32)
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
        assert entry["dtype"] == "BF16"
        assert entry["shape"] == list(expected[name].shape)
        got = np.frombuffer(body[begin:end], np.uint16).reshape(bits.shape)
        np.testing.assert_array_equal(got, rounded, err_msg=name)
