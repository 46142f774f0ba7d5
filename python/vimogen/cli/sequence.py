"""``vimogen sequence``: several prompts one after another in one motion."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from .. import Motion, Pipeline, split_prompt
from . import formats
from .options import FILE, device_option, generation_options, json_option, quiet_option
from .progress import progress

_TIMED = re.compile(r"(.+?)\s*:\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*s?\s*")


def _seconds(_ctx: click.Context, _param: click.Parameter, value: str | None) -> list[float] | None:
    """Numbers with commas or spaces in between."""
    if value is None:
        return None
    try:
        return [float(number) for number in re.split(r"[,\s]+", value.strip())]
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of seconds such as 4,1.5,3") from None


def parts_of(prompts: tuple[str, ...], seconds: list[float] | None) -> list[tuple[str, float | None]]:
    """Prompts and their seconds: ``turns left:1.5`` has its own, a single sentence is split."""
    parts: list[tuple[str, float | None]] = []
    for prompt in prompts:
        timed = _TIMED.fullmatch(prompt)
        if timed:
            parts.append((timed[1], float(timed[2])))
        elif len(prompts) == 1:
            parts += split_prompt(prompt)
        else:
            parts.append((prompt, None))
    if seconds is None:
        return parts
    if len(seconds) not in (1, len(parts)):
        raise click.UsageError(f"--seconds has {len(seconds)} values for {len(parts)} prompts; give one or as many")
    given = seconds * len(parts) if len(seconds) == 1 else seconds
    return [(prompt, value) for (prompt, _), value in zip(parts, given, strict=True)]


@click.command(
    short_help="Make one motion of several prompts in order.",
    epilog=f"Writes .{' .'.join(formats.WRITES)}.",
)
@click.argument("prompts", nargs=-1, required=True, metavar="PROMPT...")
@click.option("-o", "--output", "--out", required=True, type=FILE, help="The new file.")
@click.option(
    "--seconds",
    callback=_seconds,
    metavar="A,B,...",
    help="Seconds of each prompt, or one number for all.  [default: 4, or what the sentence says]",
)
@click.option("--after", type=FILE, help="Motion file to go on from; the new file begins with it.")
@click.option("-m", "--model", type=FILE, help="Folder of a model.  [default: the built-in one]")
@generation_options
@quiet_option
@device_option
@json_option
def sequence(
    prompts: tuple[str, ...],
    output: Path,
    seconds: list[float] | None,
    after: Path | None,
    model: Path | None,
    quiet: bool,
    device: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Make one motion in which each prompt follows the one before, without a cut.

    A single sentence is split at "then", "and" and commas; "for four seconds" and "twice" are understood.

    \b
    vimogen sequence "walks forward:4" "turns left:1.5" "sits down:3" -o scene.bvh
    vimogen sequence "walks forward for four seconds, then turns left twice and sits down" -o scene.html
    vimogen sequence --after walk.npz "jumps:2" "sits down" -o longer.bvh
    """
    options.pop("num_frames")
    parts = parts_of(prompts, seconds)
    if not parts:
        raise click.UsageError("there is no action in the prompt")
    first = None if after is None else Motion.load(after)
    pipe = Pipeline.from_pretrained(model, device=device)
    with progress("generating", hidden=quiet or as_json, stage="sample") as show:
        actions, durations = [prompt for prompt, _ in parts], [seconds for _, seconds in parts]
        motion, report = pipe.sequence(actions, durations, after=first, callback=show, **options)
    formats.save(motion, output)
    if as_json:
        click.echo(json.dumps({"file": str(output), "frames": len(motion), "fps": motion.fps, **report}, indent=2))
        return
    for part in report["parts"]:
        click.echo(f"{part['start']:6.2f} to {part['end']:.2f} s  {part['prompt']}")
    for seam in report["seams"]:
        if seam["excess"] > 1.1:
            click.echo(
                f"at {seam['frame'] / motion.fps:.2f} s it moves {seam['excess']:.1f} times as fast as around", err=True
            )
    click.echo(f"{output}: {len(motion)} frames at {motion.fps:g} fps")
