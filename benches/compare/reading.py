"""Reading a folder of BVH files into features, against the parsing alone of other Python packages.

Run in an environment with vimogen, bvhio and upc-pymotion: ``python benches/compare/reading.py [FILES]``. The others read a
sample of the files, since they are slow; all figures are seconds per file.
"""

from __future__ import annotations

import importlib.util
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import vimogen

FRAMES = 1000
SAMPLE = 5


def folder(root: Path, files: int) -> list[Path]:
    """Write copies of one clip of 1,000 frames."""
    clip = vimogen.generate("a person walks forward", num_frames=200, seed=1).repeated(12).resample(30)[:FRAMES]
    clip.save(root / "0.bvh")
    text = (root / "0.bvh").read_bytes()
    paths = [root / f"{i}.bvh" for i in range(files)]
    for path in paths[1:]:
        path.write_bytes(text)
    return paths


def main() -> None:
    """Print one line per reader."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as name:
        paths = folder(Path(name), files)
        size = paths[0].stat().st_size
        start = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            frames = sum(pool.map(lambda path: len(vimogen.Motion.load(path).features), paths))
        ours = (time.perf_counter() - start) / files
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{files} files of {frames // files} frames, {size / 1e6:.1f} MB each; peak memory {peak:.0f} MB")
        print(f"vimogen, 2 threads, to features: {1e3 * ours:.2f} ms")
        readers = {}
        if importlib.util.find_spec("bvhio"):
            import bvhio

            readers["bvhio"] = bvhio.readAsBvh
        if importlib.util.find_spec("pymotion"):
            from pymotion.io.bvh import BVH

            readers["upc-pymotion"] = lambda path: BVH().load(path)
        for reader, read in readers.items():
            start = time.perf_counter()
            for path in paths[:SAMPLE]:
                read(str(path))
            seconds = (time.perf_counter() - start) / len(paths[:SAMPLE])
            print(f"{reader}, parsing only: {1e3 * seconds:.0f} ms, {seconds / ours:.0f} times as long")


if __name__ == "__main__":
    main()
