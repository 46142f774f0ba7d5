"""Extensions of motion files on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .. import Motion, file_formats

READS = tuple(f".{extension}" for kind in file_formats() if kind["reads"] for extension in kind["extensions"])
"""Extensions of the motion files that are read."""

_MBENCH_JOINTS = "joints.npy"

WRITES = (*(kind["extensions"][0] for kind in file_formats() if kind["writes"]), _MBENCH_JOINTS)
"""Endings of the files that :func:`save` writes; joints.npy: joints as MBench reads them."""


def save(motion: Motion, file: Path, **options: Any) -> None:
    """Write a motion in the format that the file's ending names; the options are those of :meth:`Motion.save`."""
    if file.name.lower().endswith(f".{_MBENCH_JOINTS}"):
        motion.save_mbench_joints(file)
    else:
        motion.save(file, **options)
