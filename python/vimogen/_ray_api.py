"""The server's interface on a cluster, with Ray Serve: replicas with a model each, and a front that loses no request.

The front passes a request to a replica. If the replica dies meanwhile, it passes the request to another one: a request
and its seed give the same motion everywhere, so nothing is lost.
"""

from __future__ import annotations

import asyncio
import os
import warnings
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from . import _vimogen as core
from .studio.settings import Settings

try:
    from ray import serve
    from ray.exceptions import ActorDiedError, ActorUnavailableError, RayActorError
    from starlette.requests import Request
    from starlette.responses import JSONResponse, Response
except ImportError as error:
    raise ImportError('vimogen.ray.api needs Ray Serve: pip install "ray[serve]" starlette') from error

from .studio.errors import Refused

_LOST = (RayActorError, ActorDiedError, ActorUnavailableError)
_TRIES = 8
_KEPT = (
    "content-type",
    "content-disposition",
    "retry-after",
    "x-motion-id",
    "content-security-policy",
    "www-authenticate",
)

Answer = tuple[int, list[tuple[str, str]], bytes]


class Model:
    """A replica: the server's application with a model of its own."""

    def __init__(self, model: str | None, load: dict[str, Any], settings: Settings) -> None:
        from .studio.app import create_app

        warnings.filterwarnings("ignore", category=core.PromptWarning)
        self.app = create_app(core.Pipeline.from_pretrained(model, **load), settings)

    async def __call__(self, scope: dict[str, Any], body: bytes) -> Answer:
        """Answer a request."""
        status, headers, parts = 500, [], []
        asked = False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.sleep(3600)  # the client does not go away before it has its answer
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
            else:
                parts.append(message.get("body", b""))

        await self.app({"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", **scope}, receive, send)
        named = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
        return status, [(name, value) for name, value in named if name.lower() in _KEPT], b"".join(parts)

    def check_health(self) -> None:
        """Tell Ray that the replica works; it replaces one that raises."""
        if not self.app.state.jobs.alive:
            raise RuntimeError("the thread of the model has ended")


class Front:
    """Passes requests to replicas, and again if one dies."""

    def __init__(self, model: Any, most: int) -> None:
        self.model, self.most = model, most

    async def __call__(self, request: Request) -> Response:
        """Answer a request."""
        try:
            body = await _read(request.stream(), self.most)
        except Refused as error:
            return JSONResponse(error.to_json(), status_code=error.status)
        scope = {name: request.scope[name] for name in ("method", "scheme", "query_string", "headers")}
        scope |= {"path": request.url.path, "raw_path": request.url.path.encode(), "root_path": ""}
        for attempt in range(_TRIES):
            try:
                status, headers, content = await self.model.remote(scope, body)
            except _LOST:
                await asyncio.sleep(0.1 * 2**attempt)
                continue
            return Response(content, status_code=status, headers=dict(headers))
        lost = Refused("no replica of the model lives; ask again later", status=503, kind="Unavailable")
        return JSONResponse(lost.to_json(), status_code=503, headers={"Retry-After": "5"})


async def _read(stream: AsyncIterator[bytes], most: int) -> bytes:
    body = bytearray()
    async for part in stream:
        body += part
        if len(body) > most:
            raise Refused(f"the body is larger than {most} bytes; send less", status=413, field="body")
    return bytes(body)


def api(
    *,
    replicas: int | tuple[int, int] = 2,
    model: str | os.PathLike[str] | None = None,
    device: str = "cpu",
    dtype: str = "float32",
    resources: Mapping[str, Any] | None = None,
    ongoing: int = 32,
    settings: Settings | None = None,
) -> serve.Application:
    """Make the server's interface as an application of Ray Serve, for ``ray.serve.run``.

    Answers are whole: jobs, their events and streams are not offered, since a replica may die with them. Motions are
    sent as files (``{"data": base64, "format": "npz"}``), since each replica remembers its own.

    Parameters
    ----------
    replicas : int or (int, int)
        Number of models, or the minimum and maximum between which Ray chooses by load.
    model, device, dtype
        As in :meth:`Pipeline.from_pretrained`; a folder is on storage that all workers see.
    resources : dict, optional
        Ray's resources of a replica, such as ``{"num_cpus": 8}`` or ``{"num_gpus": 0.25}``.
    ongoing : int
        Requests that a replica has at the same time, most of them in its queue.
    settings : vimogen.studio.Settings, optional
        Token, hosts and limits.

    Examples
    --------
    >>> from ray import serve  # doctest: +SKIP
    >>> from vimogen import ray as vray  # doctest: +SKIP
    >>> serve.run(vray.api(replicas=(1, 8), resources={"num_gpus": 0.25}, device="cuda"))  # doctest: +SKIP

    """
    own = replace(settings or Settings(), page=False, whole=True)
    # A replica has another working directory.
    path = None if model is None else os.path.realpath(os.fspath(model))
    chosen: dict[str, Any] = {"num_replicas": replicas} if isinstance(replicas, int) else {}
    if not isinstance(replicas, int):
        low, high = replicas
        target = max(1, ongoing // 2)
        chosen["autoscaling_config"] = {"min_replicas": low, "max_replicas": high, "target_ongoing_requests": target}
    deployment: Any = serve.deployment  # its overloads differ among versions of Ray
    replica = deployment(
        Model,
        name="Model",
        ray_actor_options=dict(resources or {}),
        max_ongoing_requests=ongoing,
        health_check_period_s=2.0,
        graceful_shutdown_timeout_s=20.0,
        **chosen,
    )
    front = deployment(Front, name="vimogen", max_ongoing_requests=4096, ray_actor_options={"num_cpus": 0})
    app: serve.Application = front.bind(replica.bind(path, {"device": device, "dtype": dtype}, own), own.max_upload)
    return app
