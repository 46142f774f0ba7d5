"""Golden numbers for the Python tests: a topic's arrays and the tolerance of each."""

import json
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[1] / "golden"

TINY = {
    "dim": 64,
    "ffn_dim": 128,
    "freq_dim": 32,
    "num_heads": 4,
    "num_layers": 4,
    "text_dim": 48,
    "text_len": 16,
    "reference": True,
}
WEIGHTS = FOLDER / "dit_weights" / "tiny.safetensors"


DTYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4", "BOOL": "?", "U8": "u1", "BF16": "<u2"}


def load_file(path):
    """The arrays of a safetensors file; bfloat16, which NumPy lacks, as float32."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(body[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        arrays[name] = (values.astype(np.uint32) << 16).view(np.float32) if entry["dtype"] == "BF16" else values
    return arrays


class Golden:
    """One topic: `<name>.safetensors` and `<name>.json`."""

    def __init__(self, topic):
        self.arrays = load_file(FOLDER / f"{topic}.safetensors")
        self.meta = json.loads((FOLDER / f"{topic}.json").read_text(encoding="utf-8"))
        self.cases = self.meta["cases"]

    def input(self, case, name, fallback=None):
        found = self.arrays.get(f"{case}.input.{name}")
        return self.arrays[f"{fallback}.input.{name}"] if found is None else found

    def output(self, case, name):
        return self.arrays[f"{case}.output.{name}"]

    def outputs(self, case, prefix=""):
        """The names of a case's outputs that start with `prefix`, without it."""
        start = f"{case}.output.{prefix}"
        return sorted(name[len(start) :] for name in self.arrays if name.startswith(start))

    def atol(self, case, name):
        """The bound that the golden file gives; 0 (exact) where none is given."""
        return self.cases[case].get("f32_vs_f64", {}).get(name, {}).get("suggest_atol") or 0.0

    def check(self, case, name, got, atol=None):
        got, want = np.asarray(got), self.output(case, name)
        assert got.shape == want.shape, f"{case}.{name}: shape {got.shape}, expected {want.shape}"
        bound = self.atol(case, name) if atol is None else atol
        np.testing.assert_allclose(got, want, rtol=0, atol=bound, err_msg=f"{case}.{name}")
