"""Text files of the command line and of configurations."""

from __future__ import annotations

import os
from pathlib import Path

from ._vimogen import InvalidArgumentError

_MAX_BYTES = 1 << 26


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file of at most 64 MiB. It may be a pipe, such as that of ``<(command)``."""
    with Path(path).open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise InvalidArgumentError(f"{path} is larger than {_MAX_BYTES} bytes")
    return data


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file of at most 64 MiB, in UTF-8."""
    return read_bytes(path).decode("utf-8")
