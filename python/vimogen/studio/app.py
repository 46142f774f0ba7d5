"""The application: addresses, answers and events."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib.resources
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .. import _vimogen as core
from .._options import SCHEMA
from . import fields as f
from . import kimodo, requests
from . import store as files
from .errors import Refused, refused
from .guard import Guard
from .jobs import Job, Jobs
from .openapi import document
from .settings import Settings
from .work import Made, Worker, packed, record, slug

_BEAT = 15.0  # seconds between signs of life in a stream of events


@dataclass(frozen=True)
class Task:
    """A kind of request: its fields, the lane that it waits in, and the work."""

    name: str
    lane: str
    about: str
    fields: requests.Fields
    work: Callable[[dict[str, Any]], Callable[[Job], Any]]


def tasks(worker: Worker) -> dict[str, Task]:
    """All kinds of requests, by name."""
    own = worker.settings
    rows = [
        ("generate", "model", "Motions from prompts, with constraints, or from a reference.", requests.generate),
        ("sequence", "model", "Several prompts in one motion.", requests.sequence),
        (
            "edit",
            "model",
            "Turn, mirror, cut, loop, bend, join or mix a motion, or change it by a prompt.",
            requests.edit,
        ),
        ("variations", "model", "Motions like one.", requests.variations),
        ("stream", "model", "Motion without an end, as events; always a job.", requests.stream),
        (
            "convert",
            "tools",
            "A motion in another format; the body may be the file itself, with ?from=bvh&format=glb.",
            requests.convert,
        ),
        ("score", "tools", "Metrics of a motion in numbers and words, or of two.", requests.score),
        ("render", "tools", "A picture, a film or a page of a motion.", requests.render),
    ]
    return {name: Task(name, lane, about, fields(own), getattr(worker, name)) for name, lane, about, fields in rows}


class Api:
    """Answers requests."""

    def __init__(self, worker: Worker, jobs: Jobs) -> None:
        self.worker, self.jobs = worker, jobs
        self.settings, self.store = worker.settings, worker.store
        self.tasks = tasks(worker)
        self.document = document(self.tasks.values(), core.__version__)

    def routes(self) -> list[Route]:
        """Addresses of the interface."""
        named = [Route(f"/api/{name}", self._task(task), methods=["POST"]) for name, task in self.tasks.items()]
        return [
            Route("/api", self.about),
            Route("/api/health", self.health),
            Route("/api/prompts", self.prompts),
            Route("/api/notes", self.notes, methods=["POST"]),
            Route("/api/motions", self.upload, methods=["POST"]),
            Route("/api/character", self.character, methods=["POST"]),
            Route("/api/motions/{motion}", self.motion),
            Route("/api/motions/{motion}/player", self.player),
            Route("/api/motions/{motion}/file", self.file),
            Route("/api/player", self.surface),
            Route("/api/jobs/{job}", self.job, methods=["GET"]),
            Route("/api/jobs/{job}", self.cancel, methods=["DELETE"]),
            Route("/api/jobs/{job}/events", self.events),
            Route("/api/jobs/{job}/result", self.result),
            Route("/api/jobs/{job}/lead", self.lead, methods=["POST"]),
            Route("/api/openapi.json", self.openapi),
            *named,
        ]

    async def about(self, _: Request) -> Response:
        """Version, model, formats, limits and options."""
        formats = [{"name": name, **kind} for name, kind in files.FORMATS.items()]
        limits = {
            name: getattr(self.settings, name)
            for name in ("queue", "max_frames", "max_motions", "max_json", "max_upload", "timeout")
        }
        known = self.worker.pipe.known_prompts
        about = {"name": "vimogen", "version": core.__version__, "fps": self.worker.pipe.fps, "formats": formats}
        tables = {"options": SCHEMA["options"]["GenerateOptions"], "edits": list(requests.EDITS)}
        return JSONResponse(about | tables | {"limits": limits, "movements": list(known or {}), "load": self._load()})

    def _load(self) -> dict[str, Any]:
        return {name: lane.load for name, lane in self.jobs.lanes.items()}

    async def health(self, _: Request) -> Response:
        """Whether requests are taken."""
        return JSONResponse({"status": "ok", "load": self._load()})

    async def openapi(self, _: Request) -> Response:
        """The OpenAPI document."""
        return JSONResponse(self.document)

    async def prompts(self, request: Request) -> Response:
        """Movements that the model knows, with wordings."""
        known = self.worker.pipe.known_prompts
        if known is None:
            raise Refused("this model has no prompts.json, the list of its movements", status=404)
        word = request.query_params.get("word", "").lower()[:100]
        chosen = {name: [p for p in phrases if word in name or word in p] for name, phrases in known.items()}
        return JSONResponse({"families": {name: phrases for name, phrases in chosen.items() if phrases}})

    async def notes(self, request: Request) -> Response:
        """Notes on a prompt."""
        given = f.read_object(f.parse_json(await request.body()), requests.NOTES)
        return JSONResponse({"notes": await asyncio.to_thread(self.worker.pipe.notes, given["prompt"])})

    async def upload(self, request: Request) -> Response:
        """Take a file; its format is a parameter, since its name is never used."""
        query = dict(request.query_params)
        kind = query.pop("from", None) or query.pop("format", "")
        reading = f.read_object(_typed(query, requests.READING), requests.READING, "the address")
        given = {"data": await request.body(), "format": kind, **reading}
        work = _then_pack(self.worker.convert({"motion": given}), {})
        job = self.jobs.start("upload", "tools", work, weight=len(given["data"]))
        return await self._answer(request, job)

    async def motion(self, request: Request) -> Response:
        """Describe a motion."""
        name = request.path_params["motion"]
        return JSONResponse(record(name, self.store.get(name), {}))

    async def player(self, request: Request) -> Response:
        """Give the clip that the page's player draws."""
        motion = self.store.get(request.path_params["motion"])
        clip, _ = await asyncio.to_thread(files.player, motion)
        return JSONResponse(clip)

    async def surface(self, _: Request) -> Response:
        """Give the surface of the page's player, and a figure that stands still."""
        clip, common = await asyncio.to_thread(files.player, files.standing())
        return JSONResponse(common | {"clip": clip})

    async def file(self, request: Request) -> Response:
        """Give a motion as a file."""
        name = request.path_params["motion"]
        self.store.get(name)
        known = {field.name: field for field in (*requests.ANSWER, requests.convert(self.settings)["fps"])}
        query = f.read_object(_typed(dict(request.query_params), known), known, "the address")
        query.setdefault("format", "npz")
        work = _then_pack(self.worker.convert({"motion": name, **_only(query, "fps")}), query)
        return await self._answer(request, self.jobs.start("file", "tools", work))

    async def character(self, request: Request) -> Response:
        """Put a motion onto a character: the body is its file, the answer that file with one more animation."""
        query = f.read_object(_typed(dict(request.query_params), requests.CHARACTER), requests.CHARACTER, "the address")
        motion, data, kind = self.store.get(query["motion"]), await request.body(), query["from"]

        def work(_: Job) -> Made:
            file = files.onto(data, kind, motion, _only(query, "name", "plant"))
            return Made(file=file, media=files.MEDIA[kind], name=f"character.{kind}")

        return await self._answer(request, self.jobs.start("character", "tools", work, weight=len(data)))

    def _task(self, task: Task) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            given, ignored, weight = await self._read(request, task)
            if self.settings.whole and (task.name == "stream" or given.get("wait") is False):
                raise Refused("several servers share this address; wait for the answer, without jobs", field="wait")
            if task.name == "stream":
                return self._stream(task, given)
            # Edits without a prompt need no model and do not wait for it.
            lane = "tools" if task.name == "edit" and "prompt" not in given else task.lane
            job = self.jobs.start(task.name, lane, _then_pack(task.work(given), given, ignored), weight=weight)
            if given.get("wait") is False:
                return JSONResponse(_accepted(job), status_code=202)
            return await self._answer(request, job)

        return endpoint

    async def _read(self, request: Request, task: Task) -> tuple[dict[str, Any], list[str], int]:
        """Check the body, JSON or the file itself; give the fields, those that mean nothing, and the size."""
        kind = request.headers.get("content-type", "").split(";")[0].strip()
        if kind == "application/x-www-form-urlencoded" or kind.startswith("multipart/"):
            raise Refused(f"send JSON (Content-Type: application/json), not {kind}", status=415, field="Content-Type")
        if task.name == "convert" and kind != "application/json":
            query = dict(request.query_params)
            reading = {**requests.READING, "from": requests.READING["person"]}
            source = {name: query.pop(name) for name in list(query) if name in reading}
            to = {**task.fields}
            given = f.read_object(_typed(source, requests.READING), reading, "the address")
            rest = f.read_object(_typed(query, to) | {"motion": "of the body"}, to, "the address")
            body = {"data": await request.body(), "format": given.pop("from", ""), **given}
            return {**rest, "motion": body}, [], len(body["data"])
        sent = await request.body()
        body, ignored = kimodo.translate(f.parse_json(sent), task.fields)
        return f.read_object(body, task.fields), ignored, len(sent)

    def _stream(self, task: Task, given: dict[str, Any]) -> Response:
        if self.jobs.running("stream") >= self.settings.max_streams:
            most = self.settings.max_streams
            raise Refused(f"{most} streams run already; end one of them", status=429, kind="QueueFull")
        seconds = given.get("seconds", 10.0) + self.settings.timeout
        job = self.jobs.start("stream", task.lane, _then_pack(task.work(given), given), seconds)
        return JSONResponse(_accepted(job), status_code=202)

    async def _answer(self, request: Request, job: Job) -> Response:
        """Wait for a job and answer with its result; a client that goes away ends its job."""
        gone = asyncio.ensure_future(_gone(request))
        try:
            while not job.over:
                waiter = asyncio.ensure_future(job.changed(lambda: job.over or job.dismissed, 3600.0))
                await asyncio.wait({waiter, gone}, return_when=asyncio.FIRST_COMPLETED)
                if job.dismissed:
                    waiter.cancel()
                    job.check()
                if gone.done() and not job.over:
                    job.cancel("the client went away")
                    waiter.cancel()
                    return Response(status_code=499)
        finally:
            gone.cancel()
            if not job.over:
                job.cancel("the client went away")
        self.jobs.forget(job)
        return _response(job)

    async def job(self, request: Request) -> Response:
        """State and progress of a job."""
        job = self.jobs.get(request.path_params["job"])
        place = self.jobs.lanes["model"].place(job)
        return JSONResponse(job.to_json() | ({} if place is None else {"before": place}) | _outcome(job))

    async def cancel(self, request: Request) -> Response:
        """End a job."""
        job = self.jobs.get(request.path_params["job"])
        job.cancel()
        return JSONResponse(job.to_json())

    async def result(self, request: Request) -> Response:
        """Give the result of a job: its file if a format was asked for."""
        job = self.jobs.get(request.path_params["job"])
        if not job.over:
            raise Refused("the job is not over; wait for its events", status=409, field="job")
        return _response(job)

    async def lead(self, request: Request) -> Response:
        """Lead a stream: a new prompt, heading or target."""
        job = self.jobs.get(request.path_params["job"])
        if job.kind != "stream" or job.over:
            raise Refused("the job is not a stream that goes on", status=409, field="job")
        given = f.read_object(f.parse_json(await request.body()), requests.LEAD)
        job.wishes.append(given)
        return JSONResponse(job.to_json())

    async def events(self, request: Request) -> Response:
        """Send progress, blocks and the end of a job, as server-sent events."""
        job = self.jobs.get(request.path_params["job"])
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(_events(job), media_type="text/event-stream", headers=headers)


async def _events(job: Job) -> AsyncIterator[str]:
    """Send the events of a job; a stream that nobody watches any more ends."""
    job.watchers += 1
    try:
        async for event in _unwatched(job):
            yield event
    finally:
        job.watchers -= 1
        if job.kind == "stream" and job.watchers == 0:
            job.cancel("nobody watches the stream any more")


async def _unwatched(job: Job) -> AsyncIterator[str]:
    sent, shown = 0, None
    while True:
        for block in job.blocks[sent:]:
            yield _event("block", block)
        sent = len(job.blocks)
        state = job.to_json()
        if state != shown and not job.over:
            yield _event("progress", state)
            shown = state
        if job.over and sent == len(job.blocks):
            yield _event(job.state, job.to_json() | _outcome(job))
            return
        if job.dismissed:
            yield _event("cancelled", state)
            return
        before = (sent, json.dumps(state))
        moved = functools.partial(_moved, job, before)
        await job.changed(moved, _BEAT)
        if not moved():
            yield ": still here\n\n"


def _moved(job: Job, before: tuple[int, str]) -> bool:
    return (len(job.blocks), json.dumps(job.to_json())) != before or job.over or job.dismissed


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


def _outcome(job: Job) -> dict[str, Any]:
    if job.state != "done" or not isinstance(job.result, Made):
        return {}
    links = {"file": f"/api/jobs/{job.id}/result"} if job.result.file is not None else {}
    return {"result": job.result.to_json() | links}


def _accepted(job: Job) -> dict[str, Any]:
    address = f"/api/jobs/{job.id}"
    return job.to_json() | {"links": {"job": address, "events": f"{address}/events", "result": f"{address}/result"}}


def _then_pack(
    work: Callable[[Job], Any], given: dict[str, Any], ignored: list[str] | None = None
) -> Callable[[Job], Any]:
    def both(job: Job) -> Any:
        made = work(job)
        if isinstance(made, Made):
            made.values |= {"ignored": ignored} if ignored else {}
            made = packed(made, given).slim()  # here, not on the loop that serves everybody
        return made

    return both


def _response(job: Job) -> Response:
    if job.error is not None:
        return _error(job.error)
    made: Made = job.result
    if made.file is None:
        return JSONResponse(made.to_json())
    headers = {"Content-Disposition": f'attachment; filename="{_ascii(made.name)}"'}
    if made.media.startswith(("text/html", "image/svg")):
        # A page of ours holds scripts: it is saved, and if it is opened it is none of this server's pages.
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    if made.ids:
        headers["X-Motion-Id"] = ", ".join(made.ids)
    return Response(made.file, media_type=made.media, headers=headers)


def _ascii(name: str) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{slug(stem)}.{ending}"


def _error(error: Refused) -> Response:
    headers = {"Retry-After": "2"} if error.status in (429, 503) else None
    return JSONResponse(error.to_json(), status_code=error.status, headers=headers)


def _only(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def _typed(query: dict[str, str], known: Mapping[str, f.Field]) -> dict[str, Any]:
    """Values of an address with the types of their fields."""
    out: dict[str, Any] = {}
    for name, value in query.items():
        kind = known[name].schema.get("type") if name in known else "string"
        out[name] = value
        if kind in ("number", "integer", "boolean"):
            with contextlib.suppress(Refused):
                out[name] = f.parse_json(value[:100].encode())
    return out


async def _gone(request: Request) -> None:
    while not await request.is_disconnected():
        await asyncio.sleep(0.25)


async def _failed(_: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        hint = "; GET /api/openapi.json lists the addresses" if error.status_code in (404, 405) else ""
        found = Refused(f"{error.detail}{hint}", status=error.status_code, kind="HTTPException")
        return JSONResponse(found.to_json(), status_code=found.status, headers=error.headers)
    return _error(refused(error))


def create_app(
    pipeline: core.Pipeline | None = None, settings: Settings | None = None, *, jobs: Jobs | None = None
) -> Starlette:
    """Make the application.

    Parameters
    ----------
    pipeline : Pipeline, optional
        The model. None: the built-in one.
    settings : Settings, optional
        Who may ask, and how much.
    jobs : Jobs, optional
        The queues, for tests.

    Returns
    -------
    starlette.applications.Starlette
        With the queues as ``app.state.jobs``; their threads end with the application's lifespan.

    """
    settings = settings or Settings()
    worker = Worker(pipeline or core.Pipeline.from_pretrained(), files.Store(settings.max_store), settings)
    jobs = jobs or Jobs(settings.queue, settings.timeout)
    api = Api(worker, jobs)
    routes = [*api.routes(), *page_routes(settings.page)]

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        jobs.close()
        await asyncio.to_thread(jobs.join, 10.0)

    handlers: dict[Any, Any] = {Refused: _failed, HTTPException: _failed, ClientDisconnect: _failed, Exception: _failed}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    app.add_middleware(Guard, settings=settings)
    app.state.jobs, app.state.worker = jobs, worker
    return app


PAGE = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


# The page of the interface, which needs no studio.
_DOCS = ("docs.html", "docs.css", "docs.js", "api.js", "icon.svg")


def page_routes(studio: bool) -> list[Route]:
    """Addresses of the pages: their files, and the player's renderer as a module."""
    folder = importlib.resources.files("vimogen.studio") / "page"
    found = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.rpartition(".")[2] in PAGE}
    found = found | {"renderer.js": files.renderer().encode()} if studio else {name: found[name] for name in _DOCS}

    def serve(name: str) -> Callable[[Request], Any]:
        async def endpoint(_: Request) -> Response:
            kind = PAGE[name.rpartition(".")[2]]
            return Response(found[name], media_type=kind, headers={"Cache-Control": "no-cache"})

        return endpoint

    return [
        Route("/", serve("index.html" if studio else "docs.html")),
        Route("/docs", serve("docs.html")),
        *(Route(f"/{name}", serve(name)) for name in found),
    ]
