"""Who may ask: name of the host, origin of the page, token, size of the body; and headers of every answer."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from .errors import Refused
from .settings import Settings, is_loopback

Message = MutableMapping[str, Any]
App = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

# Pages load nothing from other hosts; inline styles are for positions that scripts set.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]


class Guard:
    """Refuses requests that do not come from those who may ask, before anything reads them."""

    def __init__(self, app: App, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.held = 0
        self.hosts = {
            "localhost",
            "127.0.0.1",
            "::1",
            settings.host.lower(),
            *(h.lower() for h in settings.allow_hosts),
        }

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Pass a request on, or answer it with an error."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message.get("headers", [])}
                message["headers"] = [*message.get("headers", []), *(row for row in _HEADERS if row[0] not in given)]
            await send(message)

        try:
            headers = {name.lower(): value for name, value in scope["headers"]}
            self.check(scope["path"], headers)
            limit = self.limit(headers)
        except Refused as error:
            await _refuse(error, answer)
            return
        seen = [0]
        try:
            await self.app(scope, self._bounded(receive, limit, seen), answer)
        finally:
            self.held -= seen[0]

    def check(self, path: str, headers: dict[bytes, bytes]) -> None:
        """Check host, origin and token."""
        host = _text(headers, b"host")
        name = _name(host)
        # Behind a token every name is good: a page that resolves its own name to this server lacks the token.
        if self.settings.token is None and name not in self.hosts:
            raise Refused(
                f"the host name {host[:80]!r} is not served here; start with --allow-host {name[:80] or 'NAME'}",
                status=421,
                field="Host",
            )
        origin = _text(headers, b"origin")
        if origin and not self._same(origin, host):
            message = f"pages of {origin[:80]!r} may not use this server; open {self.settings.origin}"
            raise Refused(message, status=403, field="Origin")
        if not origin and _text(headers, b"sec-fetch-site") in ("cross-site", "same-site") and path.startswith("/api/"):
            raise Refused("pages of other sites may not use this server", status=403, field="Sec-Fetch-Site")
        if self.settings.token is not None and path.startswith("/api/"):
            given = _text(headers, b"authorization").removeprefix("Bearer ").strip()
            if not secrets.compare_digest(given.encode(), self.settings.token.encode()):
                message = "send the server's token as the header Authorization: Bearer TOKEN"
                raise Refused(message, status=401, field="Authorization")

    def _same(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            given = urlsplit(f"//{host}")
            same = (parts.hostname, parts.port or 80) == (given.hostname, given.port or 80)
            return parts.scheme in ("http", "https") and (same or self._behind(parts.hostname or ""))
        except ValueError:
            return False

    def _behind(self, name: str) -> bool:
        """Whether a name is one that a proxy in front of the server was allowed."""
        return not is_loopback(name) and name in {h.lower() for h in self.settings.allow_hosts}

    def _bounded(
        self, receive: Callable[[], Awaitable[Message]], most: int, seen: list[int]
    ) -> Callable[[], Awaitable[Message]]:
        """Count the bytes of a body while they arrive, and those of all requests that have no answer yet."""

        async def bounded() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                size = len(message.get("body", b""))
                seen[0] += size
                self.held += size
                if seen[0] > most:
                    raise _too_large(most)
                if self.held > max(self.settings.max_held, most):
                    raise _busy(self.settings.max_held)
            return message

        return bounded

    def limit(self, headers: dict[bytes, bytes]) -> int:
        """Give the maximum size of the body; refuse one that is announced as larger."""
        kind = _text(headers, b"content-type").split(";")[0].strip()
        most = self.settings.max_json if kind == "application/json" else self.settings.max_upload
        length = _text(headers, b"content-length")
        if length and (not (length.isascii() and length.isdigit()) or int(length[:20]) > most):
            raise _too_large(most)
        return most


def _busy(most: int) -> Refused:
    message = f"requests of more than {most} bytes are held already; ask again in a few seconds"
    return Refused(message, status=429, kind="QueueFull")


def _name(host: str) -> str:
    """Name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _too_large(most: int) -> Refused:
    return Refused(f"the body is larger than {most} bytes; send less, or raise --max-upload", status=413, field="body")


async def _refuse(error: Refused, send: Callable[[Message], Awaitable[None]]) -> None:
    body = json.dumps(error.to_json()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
