"""A server of motions: JSON in, motion in any format out, with a page that plays and directs them.

``pip install starlette uvicorn``, then ``vimogen studio`` opens the page and ``vimogen serve --api`` serves programs.

>>> from vimogen import studio  # doctest: +SKIP
>>> app = studio.create_app()  # doctest: +SKIP

``create_app`` makes an ASGI application for a server of your own, ``serve`` runs one until it is stopped.
"""

from __future__ import annotations

try:
    import starlette as _starlette  # noqa: F401
except ImportError as error:
    raise ImportError("the studio needs Starlette and uvicorn: pip install starlette uvicorn") from error

from .app import create_app
from .server import serve
from .settings import Settings

__all__ = ["Settings", "create_app", "serve"]
