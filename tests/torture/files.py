"""Files of every format that is read, ways to damage them, and what may come of it."""

from __future__ import annotations

import random
import shutil
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import actions
import numpy as np

import vimogen

ROOT = Path(__file__).resolve().parents[2]
# Formats without a count or an end: a file that is cut between two frames is a shorter clip.
WITHOUT_END = (".amc",)


@dataclass(frozen=True)
class Sample:
    """A file, its bytes, how it is read and what comes of it whole."""

    path: Path
    data: bytes
    read: Callable[[Path], Any]
    whole: np.ndarray[Any, Any] | None


def samples(folder: Path) -> list[Sample]:
    """Give the clips of a folder, the format samples of the repository and a small model."""
    found = [*folder.glob("clip.*"), *_readable(ROOT / "tests/formats")]
    found += _scenes(folder)
    made = [_sample(path, _motion) for path in found]
    motion = vimogen.Motion.load(folder / "clip.npz")
    made.append(_sample(folder / actions.HERO, lambda path: _character(path, motion)))
    made += [_sample(path, _body) for path in (ROOT / "tests/golden/body_models").glob("*.npz")]
    model = folder / "model"
    if not model.exists():
        vimogen.convert(None, model)
    made += [_sample(path, _model) for path in sorted(model.iterdir()) if path.is_file()]
    return made


def _readable(folder: Path) -> list[Path]:
    endings = {f".{ending}" for kind in vimogen.file_formats() if kind["reads"] for ending in kind["extensions"]}
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in endings]


def _scenes(folder: Path) -> list[Path]:
    target = folder / "scenes"
    if not target.exists():
        shutil.unpack_archive(ROOT / "tests/scenes/blender.zip", target)
    return _readable(target)


def _motion(path: Path) -> np.ndarray[Any, Any]:
    features: np.ndarray[Any, Any] = vimogen.Motion.load(path).features
    return features


def _body(path: Path) -> np.ndarray[Any, Any]:
    clip = vimogen.Motion(np.zeros((2, 276), np.float32))
    vertices: np.ndarray[Any, Any] = vimogen.Body(path).vertices(clip)
    return vertices


def _character(path: Path, motion: vimogen.Motion) -> np.ndarray[Any, Any]:
    """Put a motion onto a character: its measures."""
    report = vimogen.Character(path).add(motion, plant=False)
    return np.array([report["scale"], report["arms"], *(angle["median"] for angle in report["angles"])], np.float64)


def _model(path: Path) -> np.ndarray[Any, Any]:
    """Read a model with one of its files replaced."""
    pipeline = vimogen.Pipeline.from_pretrained(path.parent)
    features: np.ndarray[Any, Any] = pipeline("a person waves", num_frames=8, num_inference_steps=1).features
    return features


def _sample(path: Path, read: Callable[[Path], Any]) -> Sample:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            whole = read(path)
        except (vimogen.VimogenError, OSError):
            whole = None  # such as arrays of something else
    return Sample(path, path.read_bytes(), read, whole)


def damage(rng: random.Random, data: bytes) -> tuple[str, bytes]:
    """Damage bytes in a random way."""
    how = rng.choice(["cut", "cut", "flipped", "zeroed", "doubled", "spliced"])
    at, length = rng.randrange(len(data) or 1), 1 << rng.randrange(12)
    if how == "cut":
        return how, data[:at]
    if how == "flipped":
        changed = bytearray(data)
        for _ in range(rng.choice([1, 1, 4, 64])):
            if changed:
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        return how, bytes(changed)
    if how == "zeroed":
        return how, data[:at] + bytes(min(length, len(data) - at)) + data[at + length :]
    if how == "doubled":
        return how, data[: at + length] + data[at:]
    other = rng.randrange(len(data) or 1)
    return how, data[:at] + data[other : other + length] + data[at + length :]


def judge(sample: Sample, how: str, data: bytes, folder: Path) -> str:
    """Read damaged bytes; a text if what comes of it is wrong, an exception if they are refused."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / sample.path.name
        if sample.read is _model:
            for other in sample.path.parent.iterdir():
                (Path(place) / other.name).symlink_to(other)
            path.unlink()
        elif sample.path.suffix == ".amc":
            for other in sample.path.parent.glob("*.asf"):
                (Path(place) / other.name).symlink_to(other)
        path.write_bytes(data)
        with warnings.catch_warnings(record=True) as doubts:
            warnings.simplefilter("always")
            got = sample.read(path)
    if not np.isfinite(got).all():
        return "the result is not finite"
    if sample.whole is None:
        return ""
    same = got.shape == sample.whole.shape and np.array_equal(got, sample.whole)
    # A reader that warns about a cut file is not silent.
    shortened = how == "cut" and sample.path.suffix not in WITHOUT_END and not doubts
    return "" if same or not shortened else f"a cut file of {len(data)} of {len(sample.data)} bytes is read as another"
