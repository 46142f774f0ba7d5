"""The text encoder compared with that of `transformers`, and at its full size in little memory.

    pip install torch transformers numpy        # and vimogen

    python benches/compare/umt5.py make FOLDER [--layers 24 --dim 4096]  # a random bf16 checkpoint in the release's format
    python benches/compare/umt5.py run FOLDER [--memory streamed] [--dtype int8]   # time and peak memory of 8 x 128 tokens
    python benches/compare/umt5.py speed FOLDER [--dtype bfloat16]   # tokens per second of both, in turns, and their difference
    python benches/compare/umt5.py cosine FOLDER          # similarity of int8, text by text
    python benches/compare/umt5.py schemes FOLDER         # the same for other 8-bit schemes, in PyTorch

`make` writes weights tensor by tensor, so it needs memory for only one of them.
"""

import argparse
import io
import pickle
import resource
import shutil
import threading
import time
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
TOKENIZER = HERE.parent.parent / "tests/tokenizer/tokenizer.json"
WEIGHTS = "models_t5_umt5-xxl-enc-bf16.pth"
TEXT = "a person walks forward slowly, waves with both hands, then jumps over a box and stops "


def tensors(a: argparse.Namespace) -> dict[str, tuple[tuple[int, ...], float, float]]:
    """Names, shapes, means and spreads, about those of a trained T5."""
    d, f = a.dim, a.ffn
    out = {"token_embedding.weight": ((a.vocab, d), 0.0, 1.0)}
    for i in range(a.layers):
        block = {"norm1.weight": ((d,), 1.0, 0.1), "norm2.weight": ((d,), 1.0, 0.1)}
        block |= {f"attn.{n}.weight": ((d, d), 0.0, d**-0.5) for n in "kvo"}
        block |= {"attn.q.weight": ((d, d), 0.0, (d * 64) ** -0.5)}
        block |= {f"ffn.{n}.weight": ((f, d), 0.0, d**-0.5) for n in ("gate.0", "fc1")}
        block |= {"ffn.fc2.weight": ((d, f), 0.0, f**-0.5), "pos_embedding.embedding.weight": ((32, d // 64), 0.0, 1.0)}
        out |= {f"blocks.{i}.{name}": spec for name, spec in block.items()}
    return out | {"norm.weight": ((d,), 1.0, 0.1)}


class Storage:
    """A tensor's storage, as the pickle refers to it."""

    def __init__(self, key: int, shape: tuple[int, ...]) -> None:
        self.key, self.shape = str(key), shape


class Tensor(Storage):
    """A tensor that pickles as PyTorch's do."""

    def __reduce__(self):
        import torch

        strides = tuple(int(np.prod(self.shape[i + 1 :])) for i in range(len(self.shape)))
        storage = Storage(int(self.key), self.shape)
        return torch._utils._rebuild_tensor_v2, (storage, 0, self.shape, strides, False, OrderedDict())


class Pickler(pickle.Pickler):
    def persistent_id(self, value):
        import torch

        if type(value) is Storage:
            return ("storage", torch.BFloat16Storage, value.key, "cpu", int(np.prod(value.shape)))
        return None


def make(a: argparse.Namespace) -> None:
    a.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(TOKENIZER, a.folder / "tokenizer.json")
    specs = tensors(a)
    rng = np.random.default_rng(1)
    normal = rng.standard_normal(1 << 24, dtype=np.float32)  # drawn once: 5.7 billion of them would take minutes
    listing = io.BytesIO()
    Pickler(listing, protocol=2).dump(OrderedDict((n, Tensor(i, s[0])) for i, (n, s) in enumerate(specs.items())))
    with zipfile.ZipFile(a.folder / WEIGHTS, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", listing.getvalue())
        archive.writestr("archive/byteorder", "little")
        for i, (shape, mean, spread) in enumerate(specs.values()):
            with archive.open(f"archive/data/{i}", "w", force_zip64=True) as file:
                left = int(np.prod(shape))
                while left:
                    part = (
                        np.roll(normal[: 1 << 22], int(rng.integers(1 << 22)))[:left]
                        if left < 1 << 22
                        else np.roll(normal, int(rng.integers(1 << 24)))[:left]
                    )
                    bits = (mean + spread * part).view(np.uint32)
                    file.write(((bits + 0x8000) >> 16).astype(np.uint16).tobytes())
                    left -= len(part)
        archive.writestr("archive/version", "3\n")
    print(f"{a.folder / WEIGHTS}: {(a.folder / WEIGHTS).stat().st_size / 1e9:.2f} GB")


def texts(encoder, count: int, tokens: int) -> list[str]:
    """Texts of exactly so many tokens."""
    out = []
    for i in range(count):
        words, text = (f"{i} " + TEXT * 40).split(), ""
        for n in range(1, len(words)):
            if len(encoder.tokenize(" ".join(words[:n]))) > tokens:
                break
            text = " ".join(words[:n])
        out.append(text)
    return out


class Peak:
    """Peak resident memory inside the context, and its anonymous part, in bytes."""

    def __enter__(self):
        self.most = self.anonymous = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.done.wait(0.02):
            fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            rss, anonymous = (int(fields[key].split()[0]) * 1024 for key in ("VmRSS", "RssAnon"))
            self.most, self.anonymous = max(self.most, rss), max(self.anonymous, anonymous)

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def run(a: argparse.Namespace) -> None:
    import vimogen

    start = time.perf_counter()
    encoder = vimogen.TextEncoder.from_pretrained(a.folder, memory=a.memory, dtype=a.dtype)
    opened = time.perf_counter() - start
    prompts = texts(encoder, a.batch, a.tokens)
    counted = sum(len(encoder.tokenize(p)) for p in prompts)
    for attempt in range(a.times):
        with Peak() as peak:
            start = time.perf_counter()
            rows = encoder.encode(prompts)
            seconds = time.perf_counter() - start
        assert sum(len(r) for r in rows) == counted and all(np.isfinite(r).all() for r in rows)
        print(
            f"{a.memory} {a.dtype} #{attempt}: opened in {opened:.2f} s, {counted} tokens in {seconds:.2f} s "
            f"({counted / seconds:.1f} tokens/s), peak {peak.most / 1e9:.2f} GB resident, {peak.anonymous / 1e9:.2f} GB anonymous, "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9:.2f} GB in all",
            flush=True,
        )


def reference(folder: Path, dtype: str):
    """The same weights in transformers' encoder."""
    import torch
    from transformers import UMT5Config, UMT5EncoderModel

    state = torch.load(folder / WEIGHTS, weights_only=True, mmap=True)
    vocab, dim = state["token_embedding.weight"].shape
    ffn, layers = state["blocks.0.ffn.fc1.weight"].shape[0], sum(n.endswith("norm1.weight") for n in state)
    heads = state["blocks.0.pos_embedding.embedding.weight"].shape[1]
    config = UMT5Config(
        vocab_size=vocab,
        d_model=dim,
        d_kv=dim // heads,
        d_ff=ffn,
        num_layers=layers,
        num_heads=heads,
        feed_forward_proj="gated-gelu",
        relative_attention_num_buckets=32,
        relative_attention_max_distance=128,
        dropout_rate=0.0,
    )
    names = {
        "norm1": "0.layer_norm",
        "norm2": "1.layer_norm",
        "ffn.gate.0": "1.DenseReluDense.wi_0",
        "ffn.fc1": "1.DenseReluDense.wi_1",
        "ffn.fc2": "1.DenseReluDense.wo",
        "pos_embedding.embedding": "0.SelfAttention.relative_attention_bias",
    }
    names |= {f"attn.{n}": f"0.SelfAttention.{n}" for n in "qkvo"}
    renamed = {
        "shared.weight": state["token_embedding.weight"],
        "encoder.final_layer_norm.weight": state["norm.weight"],
        "encoder.embed_tokens.weight": state["token_embedding.weight"],
    }
    for name, value in state.items():
        if name.startswith("blocks."):
            _, block, part = name.removesuffix(".weight").split(".", 2)
            renamed[f"encoder.block.{block}.layer.{names[part]}.weight"] = value
    with torch.device("meta"):
        model = UMT5EncoderModel(config)
    model.load_state_dict({n: v.to(getattr(torch, dtype)) for n, v in renamed.items()}, assign=True, strict=False)
    return model.eval()


def speed(a: argparse.Namespace) -> None:
    import torch

    import vimogen

    torch.set_num_threads(a.threads)
    ours = vimogen.TextEncoder.from_pretrained(a.folder, memory="resident", dtype=a.dtype)
    prompts = texts(ours, a.batch, a.tokens)
    ids = [ours.tokenize(p) for p in prompts]
    tokens, longest = sum(map(len, ids)), max(map(len, ids))
    padded = torch.tensor([row + [0] * (longest - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    sides = {f"vimogen {a.dtype}": lambda: ours.encode(prompts)}
    for dtype in ("float32", "bfloat16"):
        model = reference(a.folder, dtype)

        def theirs(model=model):
            with torch.inference_mode():
                return list(model(input_ids=padded, attention_mask=mask).last_hidden_state.float().numpy())

        sides[f"transformers {dtype}"] = theirs
    rows = {name: side() for name, side in sides.items()}
    times = {name: [] for name in sides}
    # In turns, since the machine may be shared: a busy minute then slows all sides.
    for _ in range(a.times):
        for name, side in sides.items():
            start = time.perf_counter()
            side()
            times[name].append(time.perf_counter() - start)
    exact = rows["transformers float32"]
    for name, made in rows.items():
        middle = float(np.median(times[name]))
        pairs = [(m[: len(e)], e[: len(m)]) for m, e in zip(made, exact, strict=True)]
        near = min(float((m * e).sum() / np.sqrt((m * m).sum() * (e * e).sum())) for m, e in pairs)
        print(
            f"{name}: {tokens / middle:.0f} tokens/s, median of {a.times}; cosine to float32 {near:.6f} at least",
            flush=True,
        )


def cosine(a: argparse.Namespace) -> None:
    import vimogen

    full = vimogen.TextEncoder.from_pretrained(a.folder, memory="streamed")
    prompts = [text for tokens in (8, 16, 32, 64, 128) for text in texts(full, 2, tokens)]
    want = full.encode(prompts)
    got = vimogen.TextEncoder.from_pretrained(a.folder, memory="streamed", dtype="int8").encode(prompts)
    near = [float((w * g).sum() / np.sqrt((w * w).sum() * (g * g).sum())) for w, g in zip(want, got, strict=True)]
    rows = np.concatenate(
        [(w * g).sum(1) / np.sqrt((w * w).sum(1) * (g * g).sum(1)) for w, g in zip(want, got, strict=True)]
    )
    print(
        f"int8 against f32: cosine of a text {min(near):.6f} at least, of a token {rows.min():.6f} at least, {rows.mean():.6f} mean"
    )


def schemes(a: argparse.Namespace) -> None:
    import torch
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(TOKENIZER))
    words = (TEXT * 40).split()
    ids = [torch.tensor([tokenizer.encode(" ".join(words[:n])).ids[:512]]) for n in (4, 8, 17, 40, 80)]
    torch.set_num_threads(a.threads)

    def outputs(group: int | None):
        model = reference(a.folder, "float32")
        for name, weight in model.named_parameters():
            if group is not None and weight.ndim == 2 and "encoder.block" in name and "relative" not in name:
                with torch.no_grad():
                    parts = weight.reshape(weight.shape[0], -1, group or weight.shape[1])
                    scale = parts.abs().amax(-1, keepdim=True) / 127
                    weight.copy_(((parts / scale).round() * scale).reshape(weight.shape))
        with torch.inference_mode():
            return [model(input_ids=row).last_hidden_state[0] for row in ids]

    want = outputs(None)
    for group in (0, 256, 128, 64, 32):
        got = outputs(group)
        near = [torch.cosine_similarity(w.flatten(), g.flatten(), dim=0).item() for w, g in zip(want, got, strict=True)]
        row = min(torch.cosine_similarity(w, g, dim=1).min().item() for w, g in zip(want, got, strict=True))
        bits = 8 + (32 / group if group else 32 / a.dim)
        print(
            f"{f'{group} numbers a scale' if group else 'a row a scale'}: {bits:.2f} bits, cosine of a text {min(near):.6f} at least, "
            f"of a token {row:.6f} at least",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["make", "run", "speed", "cosine", "schemes"])
    parser.add_argument("folder", type=Path)
    for name, default in [
        ("dim", 4096),
        ("ffn", 0),
        ("layers", 24),
        ("vocab", 256384),
        ("batch", 8),
        ("tokens", 128),
        ("times", 2),
        ("threads", 2),
    ]:
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--memory", default="streamed")
    parser.add_argument("--dtype", default="stored")
    a = parser.parse_args()
    a.ffn = a.ffn or a.dim * 5 // 2
    {"make": make, "run": run, "speed": speed, "cosine": cosine, "schemes": schemes}[a.command](a)


main()
