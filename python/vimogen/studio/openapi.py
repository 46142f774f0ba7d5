"""The OpenAPI document, made from the fields of the requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import kimodo, requests

_ERROR = {"$ref": "#/components/schemas/Error"}


def document(tasks: Iterable[Any], version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of all addresses."""
    paths: dict[str, Any] = {f"/api/{task.name}": {"post": _post(task)} for task in tasks}
    paths |= {path: {method: entry} for path, method, entry in _others()}
    paths["/api/jobs/{job}"] = {
        "get": _simple("State and progress of a job.", path="job"),
        "delete": _simple("End a job.", path="job"),
    }
    about = (
        "Text to 3D human motion. Places are metres, x to the right, y forward, z up. Fields of Kimodo's bridges are "
        f"read as ours: {', '.join(f'{theirs} as {ours}' for theirs, ours in kimodo.SAME.items())}; "
        f"{'; '.join(f'{name}: {meaning}' for name, meaning in kimodo.OTHERS.items())}. Left out and listed under "
        f"`ignored`: {', '.join(kimodo.IGNORED)}."
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "vimogen", "version": version, "description": about},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {"Error": _error_schema()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _error_schema() -> dict[str, Any]:
    text = {"type": "string"}
    fields = {"type": text, "message": text, "field": {"type": ["string", "null"]}}
    return {"type": "object", "properties": {"error": {"type": "object", "properties": fields}}}


def _body(fields: requests.Fields) -> dict[str, Any]:
    properties = {field.name: field.schema | {"description": field.doc} for field in fields.values()}
    required = [field.name for field in fields.values() if field.required]
    return {"type": "object", "properties": properties, "additionalProperties": False} | (
        {"required": required} if required else {}
    )


def _post(task: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": _body(task.fields)}}
    if task.name == "convert":
        content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    entry = _simple(task.about)
    entry["operationId"] = task.name
    entry["requestBody"] = {"required": True, "content": content}
    entry["responses"]["202"] = {"description": "A job, for `wait: false` and streams."}
    return entry


def _simple(about: str, path: str | None = None, query: requests.Fields | None = None) -> dict[str, Any]:
    parameters = [{"name": path, "in": "path", "required": True, "schema": {"type": "string"}}] if path else []
    parameters += [
        {"name": field.name, "in": "query", "schema": field.schema, "description": field.doc}
        for field in (query or {}).values()
    ]
    failed = {"description": "An error, with its remedy.", "content": {"application/json": {"schema": _ERROR}}}
    return {
        "summary": about,
        "parameters": parameters,
        "responses": {"200": {"description": "Done."}, "default": failed},
    }


def _others() -> list[tuple[str, str, dict[str, Any]]]:
    answer = {field.name: field for field in requests.ANSWER}
    lead = _simple("Lead a stream.", path="job")
    lead["requestBody"] = {"content": {"application/json": {"schema": _body(requests.LEAD)}}}
    notes = _simple("What of a prompt the model does not know.")
    notes["requestBody"] = {"content": {"application/json": {"schema": _body(requests.NOTES)}}}
    upload = _simple("Send a file, with ?from=bvh, and get the motion's id.", query=requests.READING)
    upload["requestBody"] = {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    }
    character = _simple("Put a motion onto a character; the answer is its file.", query=requests.CHARACTER)
    character["requestBody"] = {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
    }
    return [
        ("/api/character", "post", character),
        ("/api", "get", _simple("Version, formats, limits, options.")),
        ("/api/health", "get", _simple("Whether requests are taken.")),
        ("/api/prompts", "get", _simple("Movements that the model knows, with ?word=.")),
        ("/api/notes", "post", notes),
        ("/api/motions", "post", upload),
        ("/api/motions/{motion}", "get", _simple("Length and metrics of a motion.", path="motion")),
        ("/api/motions/{motion}/player", "get", _simple("What the page's player draws.", path="motion")),
        ("/api/motions/{motion}/file", "get", _simple("A motion as a file.", path="motion", query=answer)),
        ("/api/player", "get", _simple("Surface and parts of the player's figure.")),
        ("/api/jobs/{job}/events", "get", _simple("Progress, blocks and the end, as server-sent events.", path="job")),
        ("/api/jobs/{job}/result", "get", _simple("The result of a job.", path="job")),
        ("/api/jobs/{job}/lead", "post", lead),
        ("/api/openapi.json", "get", _simple("This document.")),
    ]
