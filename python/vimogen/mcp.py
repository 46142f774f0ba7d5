"""A server for assistants, by the Model Context Protocol: ``pip install "mcp>=2"``, then ``vimogen mcp``.

Tools return the paths of files and a picture. They read and write below one folder only.
"""

from __future__ import annotations

import logging
import re
import tempfile
import warnings
from pathlib import Path
from typing import Any, Literal

from . import _vimogen as core
from ._options import DEFAULT_SEED
from ._vimogen import Motion, Pipeline, file_formats

try:
    from mcp.server import MCPServer
    from mcp.server.mcpserver import Image
    from mcp.server.mcpserver.exceptions import ToolError
except ImportError as error:
    raise ImportError('vimogen.mcp needs version 2 of the MCP SDK: pip install "mcp>=2"') from error

WRITES = [kind["extensions"][0] for kind in file_formats() if kind["writes"]]
_MAX_SECONDS = 300.0
_MAX_PROMPT = 2000
Edit = Literal["mirror", "loop", "repeat", "hold", "turn", "speed", "trim"]
_PARTS: dict[str, Any] = {
    "mirror": lambda m, _: m.mirrored(),
    "loop": lambda m, _: m.loop(),
    "repeat": lambda m, v: m.repeated(int(v)),
    "hold": lambda m, v: m.hold(v),
    "turn": lambda m, v: m.turned(v),
    "speed": lambda m, v: m.retimed(v),
    "trim": lambda m, v: m.trimmed(0.0, v),
}
_RANGES = {"repeat": (1, 50), "hold": (0, 60), "turn": (-3600, 3600), "speed": (0.2, 5), "trim": (0.1, _MAX_SECONDS)}


class Folder:
    """The only folder whose files are read and written."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)

    def existing(self, name: str) -> Path:
        """Find a motion file by its name in the folder, or by its path below it."""
        path = self._below(name)
        if not path.is_file():
            raise ToolError(f"{name[:80]!r} is not a file in {self.root}; put the motion there first")
        return path

    def fresh(self, text: str, extension: str) -> Path:
        """Name a file that does not exist yet."""
        kind = extension.lower().lstrip(".")
        if kind not in WRITES:
            raise ToolError(f"{extension[:20]!r} is not written; one of {', '.join(WRITES)}")
        stem = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "motion"
        for number in range(10_000):
            path = self.root / (f"{stem}.{kind}" if number == 0 else f"{stem}-{number + 1}.{kind}")
            if not path.exists() and not path.with_suffix(".npz").exists():
                return path
        raise ToolError(f"{self.root} is full of {stem}; remove some of its files")

    def _below(self, name: str) -> Path:
        try:
            path = (self.root / Path(name[:1000]).expanduser()).resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise ToolError(f"{name[:80]!r} is not a path: {error}") from None
        if not path.is_relative_to(self.root):
            raise ToolError(f"{name[:80]!r} is outside of {self.root}; only files in that folder are used")
        return path


class Tools:
    """The tools of an assistant."""

    def __init__(self, out: Path, model: Path | None) -> None:
        self.folder, self.pipe = Folder(out), Pipeline.from_pretrained(model)

    def generate(
        self, prompt: str, seconds: float = 5.0, seed: int = DEFAULT_SEED, format: str = "bvh"
    ) -> list[dict[str, Any] | Image]:
        """Make a 3D human motion from a sentence such as "a person walks forward and waves".

        The result is saved in `format` (bvh, glb, npz, csv, html, mp4, gif, ...) and as npz, which the other tools
        read. The answer has the paths, notes on words that the model does not know, metrics, and a picture of eight
        moments. Sentences with "then" make a sequence. list_prompts has the movements that the model knows.
        """
        _within("seconds", seconds, 0.1, _MAX_SECONDS)
        _within("seed", seed, 0, 2**63 - 1)
        if not 0 < len(prompt) <= _MAX_PROMPT:
            raise ToolError(f"the prompt has {len(prompt)} characters; give 1 to {_MAX_PROMPT}")
        parts = core.split_prompt(prompt)
        path = self.folder.fresh(prompt, format)
        if len(parts) > 1:
            lengths = [length or seconds / len(parts) for _, length in parts]
            motion, _ = self.pipe.sequence([text for text, _ in parts], lengths, seed=seed)
        else:
            motion = self.pipe(prompt, num_frames=max(2, round(seconds * self.pipe.fps)), seed=seed)
        notes = [note["message"] for text, _ in parts for note in self.pipe.notes(text)]
        return self._answer(motion, path, {"notes": notes, "seed": seed}, prompt)

    def edit(
        self,
        file: str,
        edit: Edit | None = None,
        value: float | None = None,
        prompt: str | None = None,
        strength: float = 0.8,
        format: str = "bvh",
    ) -> list[dict[str, Any] | Image]:
        """Change a motion file of the folder: by one of the edits, by a prompt, or both in this order.

        `value` is the rounds of repeat, the seconds of hold and of trim (from the start), the degrees of turn (to the
        left) and the factor of speed. `strength`, 0 to 1, is how much a prompt may change.
        """
        if edit is None and prompt is None:
            raise ToolError("give an edit, a prompt, or both")
        motion = self._load(file)
        if edit is not None:
            motion = self._edited(motion, edit, value)
        if prompt is not None:
            _within("strength", strength, 0.01, 1.0)
            motion = self.pipe.edit(motion, prompt[:_MAX_PROMPT], strength=strength)
        stem = f"{Path(file).stem} {edit or ''} {prompt or ''}"
        return self._answer(motion, self.folder.fresh(stem, format), {}, prompt or "")

    def _edited(self, motion: Motion, edit: Edit, value: float | None) -> Motion:
        if edit in _RANGES:
            if value is None:
                raise ToolError(f"{edit} needs a value; the description of the tool has its meaning")
            _within("value", value, *_RANGES[edit])
        grown = motion.duration * (value if edit == "repeat" and value else 1.0)
        _within("the new length in seconds", grown, 0.0, 2 * _MAX_SECONDS)
        changed: Motion = _PARTS[edit](motion, value)
        return changed

    def convert(self, file: str, format: str) -> dict[str, Any]:
        """Write a motion file of the folder in another format: bvh, glb, npz, csv, html, mp4, gif and more.

        Files of motion capture, game rigs, SMPL and programs that recover motion from video are read.
        """
        motion = self._load(file)
        path = self.folder.fresh(Path(file).stem, format)
        motion.save(path)
        found: Any = motion.source
        return {"file": str(path), **_length(motion), "source": found}

    def score(self, file: str) -> dict[str, Any]:
        """Measure a motion file of the folder: jitter, sliding and floating feet, feet in the ground, movement."""
        return {"file": file, **_length(self._load(file)), "metrics": self._load(file).quality()}

    def list_prompts(self, word: str = "") -> dict[str, list[str]]:
        """List the movements that the model knows, with wordings; with a word, those that have it."""
        known = self.pipe.known_prompts
        if known is None:
            raise ToolError("this model has no list of its movements")
        chosen = {name: [p for p in phrases if word.lower() in f"{name} {p}"] for name, phrases in known.items()}
        return {name: phrases if word else phrases[:3] for name, phrases in chosen.items() if phrases}

    def _load(self, file: str) -> Motion:
        motion = Motion.load(self.folder.existing(file))
        _within("the length of the file in seconds", motion.duration, 0.0, 2 * _MAX_SECONDS)
        return motion

    def _answer(self, motion: Motion, path: Path, more: dict[str, Any], title: str) -> list[dict[str, Any] | Image]:
        motion.save(path, title=title)
        data = path.with_suffix(".npz")
        if path.suffix != ".npz":
            motion.save(data)
        facts = {"file": str(path), "npz": str(data), **_length(motion), "metrics": motion.quality(), **more}
        with tempfile.TemporaryDirectory(prefix="vimogen-") as folder:
            picture = Path(folder, "motion.png")
            motion.render(picture, size=(200, 240), view="follow", yaw=35.0, pitch=12.0)
            return [facts, Image(data=picture.read_bytes(), format="png")]


def _length(motion: Motion) -> dict[str, Any]:
    return {"frames": len(motion), "fps": motion.fps, "seconds": round(motion.duration, 3)}


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ToolError(f"{name} is {value:g}; it must be from {low:g} to {high:g}")


def server(out: Path, model: Path | None = None) -> MCPServer:
    """Make the server, for another transport than standard input and output."""
    tools = Tools(out, model)
    about = "Text to 3D human motion. Start with generate; list_prompts has what the model knows."
    made = MCPServer("vimogen", version=core.__version__, instructions=about)
    for tool in (tools.generate, tools.edit, tools.convert, tools.score, tools.list_prompts):
        made.add_tool(_reported(tool), structured_output=False)
    return made


def _reported(tool: Any) -> Any:
    """Give the errors of the library to the assistant, which can do something about them."""
    import functools

    @functools.wraps(tool)
    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return tool(*arguments, **named)
        except (core.VimogenError, OSError, OverflowError) as error:
            raise ToolError(str(error)) from error

    return call


def run(out: Path, model: Path | None = None) -> None:
    """Serve over standard input and output until the assistant ends."""
    logging.basicConfig(level=logging.WARNING)  # on standard error; standard output is the protocol's
    warnings.filterwarnings("ignore", category=core.PromptWarning)
    server(out, model).run(transport="stdio")
