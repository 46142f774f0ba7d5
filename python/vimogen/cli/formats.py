"""Motion files on the command line: their extensions, those of a folder, writing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .. import InvalidArgumentError, Motion, VimogenError, file_formats

READS = tuple(f".{extension}" for kind in file_formats() if kind["reads"] for extension in kind["extensions"])
"""Extensions of the motion files that are read."""

_MBENCH_JOINTS = "joints.npy"

WRITES = (*(kind["extensions"][0] for kind in file_formats() if kind["writes"]), _MBENCH_JOINTS)
"""Endings of the files that :func:`save` writes; joints.npy: joints as MBench reads them."""


def save(motion: Motion, file: Path, **options: Any) -> None:
    """Write a motion in the format that the file's ending names; the options are those of :meth:`Motion.save`."""
    if file.name.lower().endswith(f".{_MBENCH_JOINTS}"):
        if options.get("joint_names") or options.get("unit") not in (None, "m"):
            raise InvalidArgumentError(f"{_MBENCH_JOINTS} files hold no joint names and are in metres")
        motion.save_mbench_joints(file)
    else:
        motion.save(file, **options)


def is_motion(path: Path) -> bool:
    """Whether the extension is one that is read."""
    return path.suffix.lower() in READS


def is_model(folder: Path) -> bool:
    """Whether a folder holds a model rather than motions."""
    parts = ("config.json", "model.pt", "model.safetensors")
    return any((folder / part).is_file() for part in parts) or not any(motion_files([folder]))


def is_clip(folder: Path) -> bool:
    """Whether a folder holds one clip, with a file for each frame."""
    inner = [path for path in (folder, folder / "smplx") if path.is_dir()]
    if not any(path.stem[-1:].isdigit() for place in inner for path in place.glob("*.npz")):
        return False
    try:
        # The rate plays no part, but such files have none.
        Motion.load(folder, fps=30)
    except (VimogenError, OSError):
        return False
    return True


def motion_files(sources: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Give each source that is a clip, and the motion files below each folder of clips, with their place in it."""
    for source in sources:
        if source.is_dir() and is_clip(source):
            yield source, Path(f"{source.resolve().name}.folder")
        elif source.is_dir():
            found = (path for path in source.rglob("*") if is_motion(path) and path.is_file())
            visible = (
                path for path in found if not any(part.startswith(".") for part in path.relative_to(source).parts)
            )
            yield from ((path, path.relative_to(source)) for path in sorted(visible))
        else:
            yield source, Path(source.name)
