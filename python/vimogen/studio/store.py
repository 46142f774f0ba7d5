"""Motions by their content: what a request made or sent, for those that follow."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from .. import _vimogen as core
from .._vimogen import Motion, file_formats
from .errors import Refused

FORMATS: dict[str, dict[str, Any]] = {kind["extensions"][0]: kind for kind in file_formats()}
"""Formats by their usual extension."""
READS = {extension: kind for kind in file_formats() if kind["reads"] for extension in kind["extensions"]}
WRITES = [name for name, kind in FORMATS.items() if kind["writes"]]
# Formats that consist of several files cannot be sent as one.
_PARTS = {"amc": "it needs the .asf file next to it; convert both with vimogen convert"}

MEDIA = {
    "npz": "application/zip",
    "bvh": "text/plain; charset=utf-8",
    "glb": "model/gltf-binary",
    "vrm": "model/gltf-binary",
    "vrma": "model/gltf-binary",
    "csv": "text/csv; charset=utf-8",
    "usda": "text/plain; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "gif": "image/gif",
    "mp4": "video/mp4",
    "zip": "application/zip",
}


class Store:
    """Motions in memory; the oldest are forgotten when there is no more room."""

    def __init__(self, room: int) -> None:
        self._room, self._used = room, 0
        self._motions: OrderedDict[str, Motion] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, motion: Motion) -> str:
        """Keep a motion and give its name, which depends on its values only."""
        name = name_of(motion)
        size = motion.features.nbytes
        with self._lock:
            if name in self._motions:
                self._motions.move_to_end(name)
                return name
            self._motions[name] = motion
            self._used += size
            while self._used > self._room and len(self._motions) > 1:
                _, old = self._motions.popitem(last=False)
                self._used -= old.features.nbytes
        return name

    def get(self, name: Any) -> Motion:
        """Find a motion."""
        with self._lock:
            motion = self._motions.get(name) if isinstance(name, str) else None
            if motion is not None:
                self._motions.move_to_end(name)
                return motion
        raise Refused(
            f"no motion {str(name)[:40]!r}; the server keeps the latest ones: send its file again (POST /api/motions)",
            status=404,
            field="motion",
            kind="NotFoundError",
        )


def name_of(motion: Motion) -> str:
    """Digest of frames and rate."""
    values = np.ascontiguousarray(motion.features)
    return hashlib.sha256(values.tobytes() + f"{motion.fps:g}".encode()).hexdigest()[:20]


def load(data: bytes, extension: str, reading: dict[str, Any]) -> Motion:
    """Read a file that was sent; its name is never used."""
    kind = extension.lower().lstrip(".")
    if kind not in READS or kind in _PARTS:
        why = _PARTS.get(kind, f"read are {', '.join(name for name in READS if name not in _PARTS)}")
        raise Refused(f"files of the format {extension[:20]!r} are not read: {why}", field="format")
    with tempfile.TemporaryDirectory(prefix="vimogen-") as folder:
        path = Path(folder, f"upload.{kind}")
        path.write_bytes(data)
        return Motion.load(path, **reading)


def file(motion: Motion, extension: str, options: dict[str, Any], job: Any = None) -> bytes:
    """Make a file; pictures report their progress to the job."""
    kind = FORMATS.get(extension)
    if kind is None or not kind["writes"]:
        raise Refused(
            f"files of the format {extension[:20]!r} are not written; one of {', '.join(WRITES)}", field="format"
        )
    with tempfile.TemporaryDirectory(prefix="vimogen-") as folder:
        path = Path(folder, f"motion.{extension}")
        rendered = {name: value for name, value in options.items() if name in RENDERING}
        if rendered or extension in ("png", "gif", "mp4"):
            size = tuple(rendered.pop("size")) if "size" in rendered else None
            motion.render(path, size=size, callback=job.report if job else None, **rendered)
        else:
            motion.save(path, **{name: value for name, value in options.items() if name in SAVING})
        return path.read_bytes()


CHARACTERS = ("glb", "vrm")
"""Formats of the characters that motions are put onto."""


def onto(data: bytes, extension: str, motion: Motion, options: dict[str, Any]) -> bytes:
    """Put a motion onto a character that was sent, as an animation of its file."""
    with tempfile.TemporaryDirectory(prefix="vimogen-") as folder:
        path = Path(folder, f"upload.{extension}")
        path.write_bytes(data)
        character: Any = core.Character(path)
        character.add(motion, **options)
        character.save(path)
        return path.read_bytes()


RENDERING = ("size", "fps", "view", "yaw", "pitch", "style", "figure")
SAVING = ("title", "joint_names", "unit")


def player(motion: Motion) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data of the page's player: the clip, and the surface and parts that all clips have in common."""
    page = motion.to_html()
    start = page.index(">", page.index('id="data"')) + 1
    data = json.loads(page[start : page.index("</script>", start)])
    clip = data.pop("clips")[0]
    return clip, data


def standing() -> Motion:
    """A figure that stands still with its arms down."""
    turns = np.tile([1.0, 0, 0, 0], (2, 22, 1))
    turns[:, 0] = [0, 0, 0.5**0.5, 0.5**0.5]  # from y up to z up, facing +y
    for shoulder, side in ((16, -1), (17, 1)):
        turns[:, shoulder] = [np.cos(0.6), 0, 0, side * np.sin(0.6)]
    return Motion.from_poses(turns, np.tile([0.0, 0, 0.95], (2, 1)))


def renderer() -> str:
    """Script of the player's renderer as a module: the part before the player's own page."""
    page = standing().to_html()
    start = page.rindex("'use strict';") + len("'use strict';")
    script = page[start : page.index("// The page: panels", start)]
    return script + "\nexport { Camera, Scene, SIDES, Surface, decode };\n"
