"""``vimogen info``: facts about the installation, a model or motion files."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .. import Motion, Pipeline, VimogenError, __version__
from .formats import is_model, motion_files
from .generate import quality
from .options import FILE, json_option
from .provenance import command
from .reading import Reading, leave_doubts_to_the_command, reading_options

_HEAD, _ANKLES = 15, (7, 8)


@click.command(short_help="Describe this installation, a model or motion files.")
@click.argument("paths", nargs=-1, type=FILE, metavar="[PATH]...")
@reading_options
@json_option
def info(paths: tuple[Path, ...], read: Reading, as_json: bool) -> None:
    """Describe this installation, a model folder, or motion files: what each is, its size and its quality.

    For a motion that this program made, the command that makes it again is printed; --json has all its options and
    constraints, too.

    \b
    vimogen info
    vimogen info dance.bvh
    vimogen info clips/ --json
    """
    leave_doubts_to_the_command()
    described = list(_described(paths, read))
    failed = [facts for facts in described if "error" in facts]
    if as_json:
        rows: Any = described if len(described) > 1 else described[0]
        click.echo(json.dumps(rows, indent=2))
    elif len(failed) < len(described):
        click.echo("\n\n".join("\n".join(_lines(_short(facts))) for facts in described if "error" not in facts))
    for facts in failed:
        click.echo(f"error: {facts['file']}: {facts['error']}", err=True)
    if failed:
        click.get_current_context().exit(1)


def _described(paths: tuple[Path, ...], read: Reading) -> Iterator[dict[str, Any]]:
    if not paths:
        yield {
            "vimogen": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "built-in model": _model(Pipeline.from_pretrained()),
        }
    for path in paths:
        if path.is_dir() and is_model(path):
            yield {"folder": str(path), **_model(Pipeline.from_pretrained(path))}
            continue
        for file, _ in motion_files([path]):
            try:
                yield _motion(file, read(file))
            except (VimogenError, OSError) as error:
                yield {"file": str(file), "error": str(error)}


def _motion(path: Path, motion: Motion) -> dict[str, Any]:
    parts = path.rglob("*") if path.is_dir() else [path]
    facts: dict[str, Any] = {"file": str(path), "bytes": sum(part.stat().st_size for part in parts if part.is_file())}
    facts |= {"frames": len(motion), "fps": motion.fps, "seconds": motion.duration}
    facts["source"] = motion.source
    if motion.meta is not None:
        facts["made"] = motion.meta
        facts["command"] = command(motion.meta)
    joints = motion.joints
    height = joints[:, _HEAD, 2] - joints[:, _ANKLES, 2].min(axis=1)
    facts["metres"] = {
        "head above feet": float(height.max()),
        "lowest joint": float(joints[..., 2].min()),
        "start to end": float(((joints[-1, 0, :2] - joints[0, 0, :2]) ** 2).sum() ** 0.5),
    }
    facts["kinematic_error"] = motion.kinematic_error()
    facts["quality"] = quality(motion)
    return facts


def _model(pipe: Pipeline) -> dict[str, Any]:
    config = dict(pipe.config)
    encoder = config.pop("text_encoder")
    return {**config, "text_encoder": encoder and encoder.get("kind"), "parameters": pipe.dit.num_parameters}


def _short(facts: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the command says, and what is too long for people."""
    made = facts.get("made")
    if made is None:
        return facts
    return facts | {"made": {name: value for name, value in made.items() if name not in ("options", "constraints")}}


def _lines(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list):
            yield from (f"{indent}{name:<20} {item}" for item in value)
        elif value is not None:
            shown = f"{value:.5g}" if isinstance(value, float) else value
            yield f"{indent}{name:<20} {shown}"
