"""Settings of the server."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass

from .._vimogen import InvalidArgumentError


@dataclass(frozen=True)
class Settings:
    """Who may ask, and how much.

    Parameters
    ----------
    host, port
        Address to listen on. Port 0: one that is free.
    token
        Secret that requests carry as ``Authorization: Bearer TOKEN``. None: no secret, on loopback only.
    allow_hosts
        Names under which the server may be reached, in addition to those of loopback and `host`.
    page
        Whether the page is served as well.
    queue
        Requests that wait at the same time; further ones get the status 429.
    max_frames
        Frames of all motions that a request makes.
    max_motions
        Motions that one request makes.
    max_json, max_upload
        Bytes of the body of a request, as JSON and as a file.
    max_held
        Bytes of the bodies of all requests that have no answer yet.
    max_store
        Bytes of the motions that are kept; the oldest are forgotten.
    max_streams
        Streams that run at the same time.
    timeout
        Seconds after which a job is ended.
    whole
        Whether answers are whole: no jobs, events and streams. For servers behind one address that share nothing.

    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    allow_hosts: Sequence[str] = ()
    page: bool = True
    queue: int = 512
    max_frames: int = 12_000
    max_motions: int = 16
    max_json: int = 16 << 20
    max_upload: int = 64 << 20
    max_held: int = 1 << 30
    max_store: int = 512 << 20
    max_streams: int = 8
    timeout: float = 600.0
    whole: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.timeout < math.inf:
            raise InvalidArgumentError(f"timeout is {self.timeout}; it must be a number of seconds above 0")
        if self.token is not None and len(self.token) < 16:
            raise InvalidArgumentError("the token is shorter than 16 characters; leave it out, and one is made")
        if self.token is not None and not (self.token.isascii() and self.token.isprintable()):
            raise InvalidArgumentError("the token is not plain ASCII, as headers are; leave it out, and one is made")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def origin(self) -> str:
        """Address of the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
