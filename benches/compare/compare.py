"""vimogen compared with PyTorch on this machine: the same weights, inputs and threads, one process after the other.

python compare.py [--sizes nano small full] [--rounds 3] [--threads 2] [--device cuda:0] [--work FOLDER] [--only sample]

The released recipe: 50 Euler steps, guidance 5, 100 frames, 226 rows of text. Prints a table; ratios are medians over
rounds, in each of which the two engines run one after the other. Peak memory is that of the process, Python and mapped
files included.
"""

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np
import peer

import vimogen

HERE = Path(__file__).parent


class Row(NamedTuple):
    """A line of the table: what PyTorch does, in which dtype, against what vimogen does."""

    name: str
    task: tuple[str, str]
    size: str
    dtype: tuple[str, str]
    clips: int = 16


def rows(sizes: list[str], device: str) -> Iterator[Row]:
    f32, bf16 = "float32", "bfloat16"
    for size in sizes:
        for dtype in (f32, bf16):
            yield Row(f"sampling, {size}", ("sample", "sample"), size, (dtype, dtype))
        steps = peer.FAST_STEPS[size]
        yield Row(f"sampling, {size}, ab2 with {steps}", ("sample", "fast"), size, (bf16, bf16))
    for size in [s for s in sizes if s != "full"]:
        for clips, dtype in itertools.product((4, 32), (f32, bf16)):
            yield Row(f"training step, {size}, {clips} clips", ("train", "train"), size, (dtype, dtype), clips)
    if device != "cpu":
        return
    yield Row("MBench quality, 450 motions", ("quality", "quality"), "nano", (f32, f32))
    yield Row("encode and decode, 450 clips", ("codec", "codec"), "nano", (f32, f32))


def measure(engine: str, task: str, size: str, dtype: str, clips: int, args: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, str(HERE / "peer.py"), engine, task, "--size", size, "--dtype", dtype]
    command += ["--clips", str(clips), "--device", args.device]
    threads = {name: str(args.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")}
    repeats = str(args.repeats if size == "nano" or args.device != "cpu" else 1)
    done = subprocess.run(
        [*command, "--work", str(args.work), "--repeats", repeats],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def difference(row: Row, work: Path) -> float:
    """Maximum difference of the two results; for bf16 it is that of two roundings, not an error of either."""
    pairs = zip(("torch", "vimogen"), row.task, row.dtype, strict=True)
    a, b = (np.load(work / f"out-{engine}-{task}-{row.size}-{dtype}.npy") for engine, task, dtype in pairs)
    return float(np.abs(a - b).max())


def line(row: Row, args: argparse.Namespace) -> str:
    peer, ours, ratios = [], [], []
    for _ in range(args.rounds):
        peer.append(measure("torch", row.task[0], row.size, row.dtype[0], row.clips, args))
        ours.append(measure("vimogen", row.task[1], row.size, row.dtype[1], row.clips, args))
        ratios.append(peer[-1]["seconds"] / ours[-1]["seconds"])
    middle = [statistics.median(run["seconds"] for run in runs) for runs in (peer, ours)]
    peak = [max(run["peak_gb"] for run in runs) for runs in (peer, ours)]
    name = row.name + (" (from 2 and 4 steps)" if row.size == "full" and args.device == "cpu" else "")
    cells = [
        name,
        " / ".join(dict.fromkeys(row.dtype)),
        *(f"{seconds:.3g} s" for seconds in middle),
        f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        *(f"{gigabytes:.2f} GB" for gigabytes in peak),
        f"{difference(row, args.work):.1e}",
    ]
    return f"| {' | '.join(cells)} |"


def processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(x.split(":")[1].strip() for x in text.splitlines() if x.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=["nano", "small", "full"], default=["nano", "small"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="timed runs of a small task in a process")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--device", default="cpu", help="of the network: cpu or cuda:N, as this build of vimogen has it"
    )
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--work", type=Path, help="folder for weights and results; kept, so the next run starts sooner")
    args = parser.parse_args()
    versions = f"vimogen {vimogen.__version__}, PyTorch {metadata.version('torch')}"
    print(f"{processor()}, {args.threads} threads, network on {args.device}; {versions}\n")
    print("| what | dtype | PyTorch | vimogen | ratio | PyTorch peak | vimogen peak | difference |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        args.work = args.work or Path(temporary)
        args.work.mkdir(parents=True, exist_ok=True)
        for row in rows(args.sizes, args.device):
            if args.only in row.name:
                print(line(row, args), flush=True)


if __name__ == "__main__":
    main()
