"""Errors as JSON: the status, what is wrong, where, and the remedy."""

from __future__ import annotations

import re
from typing import Any

from .. import _vimogen as core

# Errors of the library and the statuses that they become; the first that matches counts.
STATUSES: tuple[tuple[type[BaseException], int], ...] = (
    (core.CancelledError, 409),
    (core.TooLargeError, 413),
    (core.NotFoundError, 404),
    (core.NoTextEncoderError, 501),
    (core.DeviceError, 503),
    (core.InternalError, 500),
    (core.FileError, 500),
    (core.WeightsError, 500),
    (core.VimogenError, 400),
    (MemoryError, 413),
    (OverflowError, 400),
    (RecursionError, 400),
)
_PATH = re.compile(r"(?:[A-Za-z]:)?(?:[/\\][^\s/\\:'\"]+)+[/\\](upload|motion|constraints)(?=\.)")


class Refused(Exception):  # noqa: N818
    """A request that is not carried out."""

    def __init__(self, message: str, *, status: int = 400, field: str | None = None, kind: str = "Refused") -> None:
        super().__init__(message)
        self.status, self.field, self.kind = status, field, kind

    def to_json(self) -> dict[str, Any]:
        """Return ``{"error": {"type", "message", "field"}}``."""
        return {"error": {"type": self.kind, "message": str(self), "field": self.field}}


def refused(error: BaseException) -> Refused:
    """Translate an error of the library; names of temporary folders are left out."""
    if isinstance(error, Refused):
        return error
    for kind, status in STATUSES:
        if isinstance(error, kind):
            return Refused(_PATH.sub(r"\1", str(error)), status=status, kind=type(error).__name__)
    message = "the server failed on this request; its log has the reason"
    return Refused(message, status=500, kind="InternalError")
