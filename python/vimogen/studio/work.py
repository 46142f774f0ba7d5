"""The tasks: from a checked request to motions, files and figures."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
import re
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .._options import DEFAULT_SEED, fields
from .._vimogen import Motion, Pipeline, best, split_prompt
from ..control import Constraints
from . import store as files
from . import words
from .errors import Refused
from .jobs import Again, Job
from .settings import Settings
from .store import MEDIA, Store

_OPTIONS = {"quality", *(row["name"] for row in fields("GenerateOptions"))} - {"num_frames", "seed"}


@dataclass
class Made:
    """Result of a task: motions with what is known of them, other values, or a file."""

    motions: list[tuple[str, Motion, dict[str, Any]]] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    file: bytes | None = None
    media: str = "application/octet-stream"
    name: str = "motion"
    ids: list[str] = field(default_factory=list)
    _json: dict[str, Any] | None = None

    def slim(self) -> Made:
        """Leave out the motions themselves, which the store has: results are kept for a while."""
        self.to_json()
        self.ids = [name for name, _, _ in self.motions]
        self.motions = []
        return self

    def to_json(self) -> dict[str, Any]:
        """Give the values, and for each motion its id, length, metrics and addresses."""
        if self._json is None:
            out = {"motions": [record(*entry) for entry in self.motions]} if self.motions else {}
            self._json = _finite(out | self.values)
        return self._json


def _finite(value: Any) -> Any:
    """Give null for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value


def record(name: str, motion: Motion, about: dict[str, Any]) -> dict[str, Any]:
    """Describe a motion."""
    length = {"frames": len(motion), "fps": motion.fps, "seconds": round(motion.duration, 3)}
    metrics = words.explain(motion.quality())
    links = {"player": f"/api/motions/{name}/player", "file": f"/api/motions/{name}/file"}
    return {"id": name, **length, **about, "metrics": metrics, "links": links}


class Worker:
    """Carries out requests with one model and one store of motions."""

    def __init__(self, pipeline: Pipeline, store: Store, settings: Settings) -> None:
        self.pipe, self.store, self.settings = pipeline, store, settings

    def motion(self, given: Any) -> Motion:
        """Find the motion of a request: by its id, or the file in it."""
        if isinstance(given, str):
            return self.store.get(given)
        reading = {key: value for key, value in given.items() if key not in ("data", "format")}
        return self._bounded(files.load(given["data"], given["format"], reading))

    def _bounded(self, motion: Motion) -> Motion:
        if len(motion) > self.settings.max_frames:
            raise Refused(
                f"the motion has {len(motion)} frames, at most {self.settings.max_frames} are taken; trim it or lower "
                "its rate",
                status=413,
                field="motion",
            )
        return motion

    def _keep(self, motions: list[Motion], abouts: list[dict[str, Any]], **values: Any) -> Made:
        rows = [(self.store.add(motion), motion, about) for motion, about in zip(motions, abouts, strict=True)]
        return Made(rows, values)

    def generate(self, request: dict[str, Any]) -> Callable[[Job], Made | Again]:
        """Motions from prompts, with constraints, or from a reference."""
        prompts, reference = request.get("prompt"), request.get("reference")
        if (prompts is None) == (reference is None):
            raise Refused("give either a prompt or a reference", field="prompt")
        clips = self._clips(prompts or [None], request)
        constrained = "constraints" in request or "keep" in request
        if constrained and reference is not None:
            raise Refused("constraints need a prompt; leave out the reference", field="constraints")
        batch = _Clips(self, request, clips, constrained)

        def work(job: Job) -> Made | Again:
            batch.make(job)
            return batch.made() if batch.over else Again()

        return work

    def _constraints(self, request: dict[str, Any]) -> Any:
        """Constraints of a request, with the frames of motions that it keeps."""
        given, keep = request.get("constraints"), request.get("keep")
        if not keep:
            return given
        if isinstance(given, list):
            if any(isinstance(row, dict) and "frame_indices" in row for row in given):
                raise Refused("frames to keep and Kimodo's constraints cannot be mixed; send ours", field="keep")
            given = {"constraints": given}
        rows = (given or {}).get("constraints", [])
        if not isinstance(rows, list):
            raise Refused("constraints is not a list", field="constraints")
        whole = Constraints(rows)
        for row in keep:
            motion, start = self.motion(row["motion"]), row.get("start", 0)
            part = motion[start : row.get("end", start + 1)]
            if not len(part):
                raise Refused(f"the motion has no frame {start}; it has {len(motion)}", field="keep")
            whole.keep(row.get("frame", start), part)
        return whole.to_dict()

    def _clips(self, prompts: list[str | None], request: dict[str, Any]) -> list[tuple[str | None, int, int | None]]:
        """Prompt, seed and frames of each motion of a request."""
        seeds = request.get("seed", [DEFAULT_SEED])
        count = max(len(prompts), len(seeds), request.get("n", 1))
        if len(seeds) == 1:
            seeds = [(seeds[0] + i) % 2**63 for i in range(count)] if len(prompts) == 1 else seeds * count
        frames = self._frames(request)
        rows = []
        for name, values in (("prompt", prompts), ("seed", seeds), ("num_frames", frames)):
            if len(values) not in (1, count):
                raise Refused(
                    f"there are {len(values)} of {name} for {count} motions; give one, or one for each", field=name
                )
            rows.append(list(values) * (count if len(values) == 1 else 1))
        self._room(sum(n or 100 for n in rows[2]))
        return list(zip(*rows, strict=True))

    def _frames(self, request: dict[str, Any]) -> list[int | None]:
        if "num_frames" in request and "seconds" in request:
            raise Refused("give num_frames or seconds, not both", field="seconds")
        if "seconds" in request:
            return [max(2, round(seconds * self.pipe.fps)) for seconds in request["seconds"]]
        frames: list[int | None] = request.get("num_frames", [None])
        return frames

    def _room(self, frames: int) -> None:
        if frames > self.settings.max_frames:
            raise Refused(
                f"{frames} frames in one request, at most {self.settings.max_frames} are made; ask for shorter or "
                "fewer motions",
                status=413,
                field="num_frames",
            )

    def _notes(self, prompts: list[str]) -> list[dict[str, Any]]:
        return [{"prompt": prompt, **note} for prompt in dict.fromkeys(prompts) for note in self.pipe.notes(prompt)]

    def sequence(self, request: dict[str, Any]) -> Callable[[Job], Made]:
        """Several prompts in one motion."""
        prompts, seconds = request["prompts"], request.get("seconds")
        parts: Any = prompts
        if len(prompts) == 1:
            split = split_prompt(prompts[0])
            prompts = [prompt for prompt, _ in split]
            seconds = seconds or [length for _, length in split]
        if seconds is not None and len(seconds) == 1:
            seconds = seconds * len(prompts)
        if seconds is not None and len(seconds) != len(prompts):
            message = f"there are {len(seconds)} of seconds for {len(prompts)} parts; give one, or one for each"
            raise Refused(message, field="seconds")
        self._room(round(sum(length or 4.0 for length in seconds or [None] * len(prompts)) * self.pipe.fps))
        options, seed = _options(request), request.get("seed", DEFAULT_SEED)
        parts = prompts

        def work(job: Job) -> Made:
            motion, report = self.pipe.sequence(parts, seconds, seed=seed, callback=job.report, **options)
            about = {"prompt": "; ".join(parts), "seed": seed, "parts": report["parts"], "seams": report["seams"]}
            return self._keep([motion], [about], notes=self._notes(parts))

        return work

    def edit(self, request: dict[str, Any]) -> Callable[[Job], Made]:
        """Edits without a model, then one by a prompt."""
        steps, prompt = request.get("steps", []), request.get("prompt")
        if not steps and prompt is None:
            raise Refused('give at least one edit, such as {"steps": [{"do": "mirror"}]}, or a prompt', field="steps")
        call: dict[str, Any] = {
            "source": request.get("source_prompt"),
            "strength": request.get("strength"),
            "seed": request.get("seed"),
        }
        if "method" in request:
            call["method"] = request["method"]

        def work(job: Job) -> Made:
            motion = self.motion(request["motion"])
            for i, step in enumerate(steps):
                job.check()
                motion = self._bounded(self._edited(motion, step))
                job.report("edit", i + 1, len(steps))
            if prompt is not None:
                motion = self.pipe.edit(motion, prompt, callback=job.report, **call, **_options(request))
            about = {"prompt": prompt, "edits": [step["do"] for step in steps]}
            return self._keep([motion], [about], notes=self._notes([prompt] if prompt else []))

        return work

    def _edited(self, motion: Motion, step: dict[str, Any]) -> Motion:
        do, rest = step["do"], {key: value for key, value in step.items() if key != "do"}
        grown = {
            "repeat": rest.get("times", 1),
            "fps": rest.get("fps", 1.0) / motion.fps,
            "speed": 1 / rest.get("factor", 1.0),
        }
        frames = len(motion) * grown.get(do, 1.0) + (rest["seconds"] * motion.fps if do == "hold" else 0)
        self._room(int(min(frames, 1e12)))
        if do == "along":
            return motion.along(np.array(rest["points"], dtype=np.float32))
        if do in ("upper_body", "then"):
            other = self.motion(rest.pop("motion"))
            return motion.with_upper_body(other) if do == "upper_body" else motion.then(other, **rest)
        calls: dict[str, Callable[..., Motion]] = {
            "trim": motion.trimmed,
            "turn": motion.turned,
            "move": motion.moved,
            "mirror": motion.mirrored,
            "loop": motion.loop,
            "repeat": motion.repeated,
            "hold": motion.hold,
            "speed": motion.retimed,
            "smooth": motion.smoothed,
            "fps": motion.resample,
        }
        return calls[do](**rest)

    def variations(self, request: dict[str, Any]) -> Callable[[Job], Made]:
        """Motions like one."""
        count, seed = request.get("n", 4), request.get("seed", DEFAULT_SEED)
        call = {name: request[name] for name in ("prompt", "strength") if name in request}

        def work(job: Job) -> Made:
            source = self.motion(request["motion"])
            self._room(len(source) * count)
            made = self.pipe.variations(source, count, seed=seed, callback=job.report, **call, **_options(request))
            abouts = [{"prompt": request.get("prompt"), "seed": (seed + i) % 2**63} for i in range(len(made))]
            if request.get("best"):
                winner = best(made)
                at = next(i for i, motion in enumerate(made) if motion == winner)
                made, abouts = [made[at]], [abouts[at]]
            return self._keep(made, abouts)

        return work

    def convert(self, request: dict[str, Any]) -> Callable[[Job], Made]:
        """Read a motion; the answer's format says what is written."""

        def work(_: Job) -> Made:
            motion = self.motion(request["motion"])
            if "fps" in request:
                self._room(int(len(motion) * request["fps"] / motion.fps))
                motion = motion.resample(request["fps"])
            return self._keep([motion], [{"source": motion.source}])

        return work

    def score(self, request: dict[str, Any]) -> Callable[[Job], Made]:
        """Metrics of one motion, or of two with their differences in words."""

        def work(_: Job) -> Made:
            motion = self.motion(request["motion"])
            values: dict[str, Any] = {"metrics": words.explain(motion.quality()), "errors": motion.kinematic_error()}
            if "other" in request:
                other = self.motion(request["other"])
                values |= {"other": words.explain(other.quality()), "comparison": words.compare(motion, other)}
            return Made(values=values)

        return work

    def render(self, request: dict[str, Any]) -> Callable[[Job], Made]:
        """A picture, a film or a page."""
        kind = request.get("format", "png")
        options = {name: request[name] for name in (*files.RENDERING, "title") if name in request}

        def work(job: Job) -> Made:
            motion = self.motion(request["motion"])
            if kind in ("html", "svg"):
                shown = {name: value for name, value in options.items() if name == "title"}
                return Made(file=files.file(motion, kind, shown), media=MEDIA[kind], name=f"motion.{kind}")
            drawn = {name: value for name, value in options.items() if name != "title"}
            data = files.file(motion, kind, drawn | {"view": drawn.get("view", "path")}, job)
            return Made(file=data, media=MEDIA[kind], name=f"motion.{kind}")

        return work

    def stream(self, request: dict[str, Any]) -> Callable[[Job], Any]:
        """Blocks of a motion that goes on; one piece of work per block."""
        return _Streamed(self, request).work


class _Streamed:
    """A stream, its blocks so far, and when the next one is due."""

    def __init__(self, worker: Worker, request: dict[str, Any]) -> None:
        self.worker, self.request, self.fps = worker, request, worker.pipe.fps
        self.frames, self.size = round(request.get("seconds", 10.0) * self.fps), request.get("block", 4)
        call = {name: request[name] for name in ("seed", "num_inference_steps") if name in request}
        self.stream = worker.pipe.stream(request["prompt"], block=self.size, **call)
        self.blocks: list[Any] = []
        self.start: float | None = None

    def work(self, job: Job) -> Made | Again:
        """Make the next block; the whole motion after the last one."""
        self.start = self.start or time.monotonic()
        ends = False
        while job.wishes:
            ends = _lead(self.stream, job.wishes.popleft()) or ends
        at = self.stream.frame
        if at < self.frames and not (ends and at >= 2):
            block = self.stream.block(min(self.size, self.frames - at))
            self.blocks.append(block.features)
            job.blocks.append({"start": at, "frames": len(block), **self._shown(block)})
            at += len(block)
            job.report("stream", at, self.frames)
            if at < self.frames:
                return Again(self.start + at / self.fps if self.request.get("realtime", True) else 0.0)
        whole = Motion(np.concatenate(self.blocks), self.fps)
        made = self.worker._keep([whole], [{"prompt": self.request["prompt"], "seed": self.request.get("seed")}])
        made.values |= {"frames": at, "fps": self.fps}
        return made

    def _shown(self, block: Motion) -> dict[str, Any]:
        if self.request.get("player"):
            return {"clip": files.player(block)[0]}
        joints = np.ascontiguousarray(block.joints, dtype="<f4")
        return {"joints": base64.b64encode(joints.tobytes()).decode("ascii")}


class _Clips:
    """The motions of a request, made one per turn, so that others that wait have theirs in between."""

    def __init__(
        self,
        worker: Worker,
        request: dict[str, Any],
        clips: list[tuple[str | None, int, int | None]],
        constrained: bool,
    ) -> None:
        self.worker, self.request, self.clips, self.constrained = worker, request, clips, constrained
        self.motions: list[Motion] = []
        self.met: list[Any] = []

    @property
    def over(self) -> bool:
        """Whether all are made."""
        return len(self.motions) == len(self.clips)

    def make(self, job: Job) -> None:
        """Make the next one."""
        at, pipe = len(self.motions), self.worker.pipe
        prompt, seed, frames = self.clips[at]
        call = {
            "num_frames": frames,
            "seed": seed,
            "callback": _part(job, at, len(self.clips)),
            **_options(self.request),
        }
        if prompt is None:
            motion = pipe(reference=self.worker.motion(self.request["reference"]), **call)
        elif self.constrained:
            with _constraints(self.worker._constraints(self.request)) as chosen:
                motion, met = pipe.constrained(prompt, chosen, **call)
            self.met.append(met)
        else:
            motion = pipe(prompt, **call)
        self.motions.append(motion)

    def made(self) -> Made:
        """Give the result."""
        motions, abouts = self.motions, [{"prompt": prompt, "seed": seed} for prompt, seed, _ in self.clips]
        if self.request.get("best") and len(motions) > 1:
            winner = best(motions)
            at = next(i for i, motion in enumerate(motions) if motion == winner)
            motions, abouts = [motions[at]], [abouts[at]]
        notes = self.worker._notes([prompt for prompt, _, _ in self.clips if prompt])
        return self.worker._keep(motions, abouts, notes=notes, **({"met": self.met} if self.met else {}))


def _lead(stream: Any, wish: dict[str, Any]) -> bool:
    """Carry out a wish; whether the stream shall end."""
    if "prompt" in wish:
        stream.set_prompt(wish["prompt"])
    if "heading" in wish:
        stream.set_heading(wish["heading"])
    if "target" in wish:
        stream.set_target(wish["target"])
    return bool(wish.get("end"))


def _options(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name in _OPTIONS and name != "strength"} | (
        {"strength": request["strength"]} if "strength" in request and "motion" not in request else {}
    )


@contextlib.contextmanager
def _constraints(given: Any) -> Iterator[Any]:
    """Give constraints as the library reads them; lists of Kimodo's it reads from files only."""
    if not isinstance(given, list):
        yield given
    elif not any(isinstance(row, dict) and "frame_indices" in row for row in given):
        yield {"constraints": given}
    else:
        with tempfile.TemporaryDirectory(prefix="vimogen-") as folder:
            path = Path(folder, "constraints.json")
            path.write_text(json.dumps(given), encoding="utf-8")
            yield path


def _part(job: Job, i: int, count: int) -> Callable[[str, int, int], bool]:
    """Progress of one motion of several."""
    if count == 1:
        return job.report
    return lambda stage, step, total: job.report(stage, i * total + step, count * total)


def packed(made: Made, request: dict[str, Any]) -> Made:
    """Give a result with its file, if a format was asked for: that of its motion, or a zip of several."""
    kind = request.get("format")
    if kind is None or made.file is not None or not made.motions:
        return made
    options = {"joint_names": request.get("joint_names"), "unit": request.get("file_unit")}
    options = {name: value for name, value in options.items() if value is not None}
    names, data = [], []
    for i, (_, motion, about) in enumerate(made.motions):
        title = request.get("title") or about.get("prompt") or ""
        names.append(f"{i:02d}-{slug(title)}.{kind}" if len(made.motions) > 1 else f"{slug(title)}.{kind}")
        data.append(files.file(motion, kind, {"title": title, **options}))
    if len(data) == 1:
        return Made(made.motions, made.values, data[0], MEDIA.get(kind, "application/octet-stream"), names[0])
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in zip(names, data, strict=True):
            archive.writestr(zipfile.ZipInfo(name), content)
        archive.writestr(zipfile.ZipInfo("motions.json"), json.dumps(made.to_json(), indent=1))
    return Made(made.motions, made.values, whole.getvalue(), MEDIA["zip"], "motions.zip")


def slug(text: str) -> str:
    """Letters, digits and dashes of a text, for a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "motion"
