"""A small text encoder of the release's kind, with random weights under the names that `transformers` uses."""

import json
import shutil
import struct
from pathlib import Path

import numpy as np

from conftest import ROOT

HEADS, LAYERS, VOCAB = 4, 2, 1200


def small_encoder(folder: Path, dim: int = 32) -> Path:
    """Write its weights and tokeniser."""
    rng = np.random.default_rng(0)
    shapes = {"shared.weight": (VOCAB, dim), "encoder.final_layer_norm.weight": (dim,)}
    for i in range(LAYERS):
        attention, ffn = f"encoder.block.{i}.layer.0", f"encoder.block.{i}.layer.1"
        shapes |= {f"{attention}.SelfAttention.{name}.weight": (dim, dim) for name in "qkvo"}
        shapes |= {f"{attention}.SelfAttention.relative_attention_bias.weight": (32, HEADS)}
        shapes |= {f"{part}.layer_norm.weight": (dim,) for part in (attention, ffn)}
        shapes |= {f"{ffn}.DenseReluDense.{name}.weight": (2 * dim, dim) for name in ("wi_0", "wi_1")}
        shapes |= {f"{ffn}.DenseReluDense.wo.weight": (dim, 2 * dim)}
    header, data = {}, b""
    for name, shape in shapes.items():
        values = rng.standard_normal(shape) * (1.0 if len(shape) == 1 or name == "shared.weight" else dim**-0.5)
        raw = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    shutil.copy(ROOT / "tests/tokenizer/tokenizer.json", folder)
    return folder
