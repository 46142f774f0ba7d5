"""Runs the application until it is stopped."""

from __future__ import annotations

import secrets
import signal
import socket
import sys
import threading
import warnings
import webbrowser
from dataclasses import replace
from types import FrameType
from typing import Any

from .. import _vimogen as core
from .app import create_app
from .jobs import Jobs
from .settings import Settings

try:
    import uvicorn
except ImportError as error:
    raise ImportError("the studio needs Starlette and uvicorn: pip install starlette uvicorn") from error


class _Server(uvicorn.Server):
    """A server that ends its jobs as soon as it is asked to stop; requests that wait for them get an answer."""

    def __init__(self, config: uvicorn.Config, jobs: Jobs) -> None:
        super().__init__(config)
        self.jobs = jobs

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at the first signal, at once at the second."""
        # Not in the handler itself: it may have interrupted a thread that holds the lock of the queue.
        threading.Thread(target=self.jobs.close, daemon=True).start()
        super().handle_exit(sig, frame)


def listen(settings: Settings) -> socket.socket:
    """Open the socket, so that the port is known before the server runs."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, settings.port))
    except (OSError, OverflowError) as error:
        found.close()
        message = f"cannot listen on {settings.host}:{settings.port}: {error}; choose another --port or --host"
        raise core.InvalidArgumentError(message) from error
    found.listen(2048)
    return found


def with_token(settings: Settings) -> Settings:
    """Give a server that others can reach a token."""
    if settings.loopback or settings.token is not None:
        return settings
    return replace(settings, token=secrets.token_urlsafe(24))


def serve(
    pipeline: core.Pipeline | None = None,
    settings: Settings | None = None,
    *,
    browser: bool = False,
    said: Any = print,
) -> None:
    """Serve until SIGINT or SIGTERM; running jobs are ended then.

    Parameters
    ----------
    pipeline : Pipeline, optional
        The model. None: the built-in one.
    settings : Settings, optional
        Address, token and limits. Without a token, one is made if the address is not loopback.
    browser : bool
        Open the page in a browser.
    said : callable
        Is called with the address once the server listens.

    """
    settings = with_token(settings or Settings())
    opened = listen(settings)
    settings = replace(settings, port=opened.getsockname()[1])
    warnings.filterwarnings("ignore", category=core.PromptWarning)  # answers have them as notes
    app = create_app(pipeline, settings)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        limit_concurrency=settings.queue + 256,
        h11_max_incomplete_event_size=64 << 10,
        ws="none",
    )
    server = _Server(config, app.state.jobs)
    address = settings.origin + (f"/#token={settings.token}" if settings.token else "/")
    said(address)
    if browser:
        threading.Timer(0.5, webbrowser.open, (address,)).start()
    # uvicorn raises the signal once more when it has ended, for handlers that were there before.
    if threading.current_thread() is threading.main_thread():
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: None)
    try:
        server.run(sockets=[opened])
    finally:
        app.state.jobs.close()
        opened.close()
