"""Text files of the command line and of configurations."""

from __future__ import annotations

import os
import secrets
import shutil
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


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file in UTF-8, whole or not at all; one that is replaced keeps its mode, and a link its place."""
    target = Path(os.path.realpath(path))
    # Named as the temporary files of the core, which removes those of killed processes.
    temporary = target.with_name(f".vimogen-{secrets.token_hex(3)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
