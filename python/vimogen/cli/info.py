"""``vimogen info``: facts about the installation, a model or a motion."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from .. import Motion, Pipeline, __version__
from .formats import READS
from .generate import quality
from .options import FILE, json_option


@click.command(short_help="Describe this installation, a model or a motion.")
@click.argument("path", required=False, type=FILE)
@json_option
def info(path: Path | None, as_json: bool) -> None:
    """Describe this installation, a model folder or a motion file."""
    if path is None:
        facts: dict[str, Any] = {
            "vimogen": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "built-in model": _model(Pipeline.from_pretrained()),
        }
    elif path.suffix.lower() in READS:
        motion = Motion.load(path)
        facts = {"file": str(path), "frames": len(motion), "fps": motion.fps, "seconds": motion.duration}
        facts["kinematic_error"] = motion.kinematic_error()
        facts["quality"] = quality(motion)
    else:
        facts = {"folder": str(path), **_model(Pipeline.from_pretrained(path))}
    click.echo(json.dumps(facts, indent=2) if as_json else "\n".join(_lines(facts)))


def _model(pipe: Pipeline) -> dict[str, Any]:
    config = dict(pipe.config)
    encoder = config.pop("text_encoder")
    return {**config, "text_encoder": encoder and encoder.get("kind"), "parameters": pipe.dit.num_parameters}


def _lines(facts: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, value in facts.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        else:
            shown = f"{value:.5g}" if isinstance(value, float) else value
            yield f"{indent}{name:<20} {shown}"
