"""Jobs: a bounded queue in the order of arrival, progress, cancelling, an end for all of them."""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Refused, refused

log = logging.getLogger("vimogen.studio")

DONE = ("done", "failed", "cancelled")
_KEPT = 512  # jobs that are over
_KEPT_SECONDS = 900.0
_KEPT_BYTES = 256 << 20  # of their files
_WAITING_BYTES = 512 << 20  # of the requests in a queue


@dataclass(frozen=True)
class Again:
    """A piece of work is done and another one follows, not before a time; others have their turn in between."""

    after: float = 0.0


class Job:
    """Work that waits, runs and ends; its state may be read from any thread."""

    def __init__(self, kind: str, work: Callable[[Job], Any], seconds: float, weight: int = 0) -> None:
        self.id = secrets.token_hex(12)
        self.kind, self.work, self.seconds, self.weight = kind, work, seconds, weight
        self.state, self.stage, self.step, self.total = "queued", "", 0, 0
        self.result: Any = None
        self.error: Refused | None = None
        self.blocks: list[dict[str, Any]] = []
        self.wishes: deque[dict[str, Any]] = deque(maxlen=64)
        self.ended = 0.0
        self.watchers = 0
        self._stop: str | None = None
        self._status = 409
        self._deadline: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wakes: set[asyncio.Event] = set()

    def report(self, stage: str, step: int, total: int) -> bool:
        """Note progress; False once the job shall end. It is the callback of the library's functions."""
        self.stage, self.step, self.total = stage, step, total
        self.notify()
        return not self.stopped

    def check(self) -> None:
        """Raise if the job shall end."""
        if self.stopped:
            raise self._ended()

    def _ended(self) -> Refused:
        return Refused(self._stop or "the job was cancelled", status=self._status, field="job", kind="CancelledError")

    @property
    def stopped(self) -> bool:
        """Whether the job shall end: it was cancelled, or its time is over."""
        if self._stop is None and self._deadline is not None and time.monotonic() > self._deadline:
            self._status = 504
            self._stop = f"the job took longer than {self.seconds:g} s; ask for less, or raise --timeout"
        return self._stop is not None

    @property
    def dismissed(self) -> bool:
        """Whether the job shall end because the server does: nobody waits for its next step."""
        return self._stop is not None and self._status == 503

    def cancel(self, reason: str = "the job was cancelled", status: int = 409) -> None:
        """End the job: at once if it waits, at its next step if it runs."""
        if self.state in DONE or self._stop is not None:
            return
        self._stop, self._status = reason, status
        self.notify()

    def begin(self) -> None:
        """Note that the work starts; the clock of its time limit runs from the first piece on."""
        self.state = "running"
        self._deadline = self._deadline or time.monotonic() + self.seconds
        self.notify()

    def finish(self, result: Any = None, error: BaseException | None = None) -> None:
        """Note the result or the error."""
        if self.state in DONE:
            return
        if error is None:
            self.result, self.state = result, "done"
        else:
            self.error = refused(error)
            if self.stopped:
                self.error = self._ended()
            self.state = "cancelled" if self.stopped else "failed"
            if self.error.status >= 500 and self.state == "failed":
                log.error("job %s (%s) failed", self.id, self.kind, exc_info=error)
        self.ended = time.monotonic()
        self.work = _nothing
        self.notify()

    def notify(self) -> None:
        """Wake those that wait, from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for event in self._wakes:
            event.set()

    async def changed(self, seen: Callable[[], bool], timeout: float) -> None:
        """Wait until `seen` is true or the time is over."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._wakes.add(event)
        try:
            deadline = self._loop.time() + timeout
            while not seen() and (left := deadline - self._loop.time()) > 0:
                try:
                    await asyncio.wait_for(event.wait(), left)
                except (asyncio.TimeoutError, TimeoutError):
                    return
                event.clear()
        finally:
            self._wakes.discard(event)

    @property
    def over(self) -> bool:
        """Whether the job has a result or an error."""
        return self.state in DONE

    def to_json(self) -> dict[str, Any]:
        """State, progress and error."""
        out: dict[str, Any] = {"job": self.id, "kind": self.kind, "state": self.state}
        out["progress"] = {"stage": self.stage, "step": self.step, "total": self.total}
        return out | (self.error.to_json() if self.error else {})


def _nothing(_: Job) -> None:
    """Stand in for the work of a job that is over, which may hold files and motions."""


class Lane:
    """Workers that take jobs from one bounded queue in the order of arrival."""

    def __init__(self, name: str, workers: int, room: int) -> None:
        self.name, self.room = name, room
        self._waiting: deque[Job] = deque()
        self._later: list[tuple[float, Job]] = []
        self._running: set[Job] = set()
        self._condition = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name=f"vimogen-{name}-{i}") for i in range(workers)]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def submit(self, job: Job) -> Job:
        """Queue a job, or refuse it with the status 429 if the queue is full."""
        with self._condition:
            if self._closed:
                raise Refused("the server is shutting down; ask again later", status=503, kind="Unavailable")
            self._waiting = deque(waiting for waiting in self._waiting if not self._drop(waiting))
            heavy = sum(waiting.weight for waiting in self._waiting) + job.weight > max(_WAITING_BYTES, job.weight)
            if len(self._waiting) >= self.room or heavy:
                raise Refused(
                    f"{len(self._waiting)} requests wait already; ask again in a few seconds, or raise --queue",
                    status=429,
                    kind="QueueFull",
                )
            self._waiting.append(job)
            self._condition.notify()
        return job

    @property
    def load(self) -> dict[str, int]:
        """Jobs that wait and that run."""
        with self._condition:
            return {"waiting": len(self._waiting) + len(self._later), "running": len(self._running), "room": self.room}

    @property
    def alive(self) -> bool:
        """Whether the workers live."""
        return all(thread.is_alive() for thread in self._threads)

    def place(self, job: Job) -> int | None:
        """Jobs that come before a job that waits."""
        with self._condition:
            return self._waiting.index(job) if job in self._waiting else None

    def close(self, reason: str) -> None:
        """End all jobs and the workers."""
        with self._condition:
            self._closed = True
            for job in [*self._waiting, *self._running, *(job for _, job in self._later)]:
                job.cancel(reason, 503)
            for job in self._waiting:
                self._drop(job)
            for _, job in self._later:
                self._drop(job)
            self._waiting.clear()
            self._later.clear()
            self._condition.notify_all()

    def join(self, seconds: float) -> bool:
        """Wait for the workers; whether all have ended."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    @staticmethod
    def _drop(job: Job) -> bool:
        """End a job that was cancelled before it ran."""
        if job.stopped:
            job.finish(error=Refused("cancelled", status=409))
        return job.over

    def _take(self) -> Job | None:
        with self._condition:
            while True:
                now = time.monotonic()
                self._waiting.extend(job for due, job in self._later if due <= now or job.stopped)
                self._later = [(due, job) for due, job in self._later if due > now and not job.stopped]
                while self._waiting:
                    job = self._waiting.popleft()
                    if not self._drop(job):
                        self._running.add(job)
                        return job
                if self._closed:
                    return None
                due = min((due for due, _ in self._later), default=now + 3600)
                # Streams that were cancelled while they pause end within a quarter of a second.
                self._condition.wait(min(due - now, 0.25 if self._later else 3600))

    def _run(self) -> None:
        while (job := self._take()) is not None:
            try:
                job.begin()
                job.check()
                result = job.work(job)
            except BaseException as error:
                job.finish(error=error)
            else:
                if isinstance(result, Again):
                    self._postpone(job, result.after)
                else:
                    job.finish(result)
            finally:
                with self._condition:
                    self._running.discard(job)

    def _postpone(self, job: Job, due: float) -> None:
        with self._condition:
            if self._closed:
                job.cancel("the server is shutting down", 503)
                self._drop(job)
            else:
                self._later.append((due, job))
                self._condition.notify()


class Jobs:
    """All jobs of a server: one lane for the model, one for files and pictures."""

    def __init__(self, queue: int, seconds: float, tools: int = 2) -> None:
        self.seconds = seconds
        self.lanes = {"model": Lane("model", 1, queue), "tools": Lane("tools", tools, queue)}
        self._known: OrderedDict[str, Job] = OrderedDict()

    def start(
        self, kind: str, lane: str, work: Callable[[Job], Any], seconds: float | None = None, weight: int = 0
    ) -> Job:
        """Queue work; `weight` is the size of its request in bytes."""
        job = Job(kind, work, seconds or self.seconds, weight)
        job._loop = asyncio.get_running_loop()
        self.lanes[lane].submit(job)
        self._known[job.id] = job
        self._forget()
        return job

    def get(self, name: str) -> Job:
        """Find a job."""
        job = self._known.get(name)
        if job is None:
            raise Refused(
                f"no job {name[:40]!r}; jobs that are over are forgotten after a quarter of an hour",
                status=404,
                field="job",
                kind="NotFoundError",
            )
        return job

    @property
    def alive(self) -> bool:
        """Whether all workers live."""
        return all(lane.alive for lane in self.lanes.values())

    def running(self, kind: str) -> int:
        """Jobs of a kind that are not over."""
        return sum(job.kind == kind and not job.over for job in self._known.values())

    def close(self, reason: str = "the server is shutting down") -> None:
        """End all jobs."""
        for lane in self.lanes.values():
            lane.close(reason)

    def join(self, seconds: float) -> bool:
        """Wait for the workers of all lanes; whether all have ended."""
        deadline = time.monotonic() + seconds
        return all(lane.join(max(0.0, deadline - time.monotonic())) for lane in self.lanes.values())

    def forget(self, job: Job) -> None:
        """Forget a job whose result was sent."""
        self._known.pop(job.id, None)

    def _forget(self) -> None:
        now, size = time.monotonic(), 0
        for i, job in enumerate(reversed([job for job in self._known.values() if job.over])):
            size += len(getattr(job.result, "file", None) or b"")
            if now - job.ended > _KEPT_SECONDS or i >= _KEPT or size > _KEPT_BYTES:
                del self._known[job.id]
