"""``vimogen edit``: turn, mirror, cut, loop, bend and mix a motion."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from .. import Motion, Pipeline
from .._files import read_text
from .._options import DEFAULT_SEED
from . import formats
from .options import FILE, SEED, SHARE, choice, json_option
from .reading import Reading, reading_options

_STEPS = "vimogen.edit.steps"


def _step(
    name: str, edit: Callable[[Motion, Any], Motion], help_text: str, **options: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option that adds an edit; edits are applied in the order of the command line."""

    def add(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        # A zero is a value: `0 in (None, False)` is true.
        if value is not None and value is not False:
            ctx.meta.setdefault(_STEPS, []).append((name, edit, value))

    return click.option(f"--{name}", callback=add, expose_value=False, help=help_text, **options)


def _points(text: str) -> np.ndarray:
    """Points of a path: pairs with a comma in between, or a file with one pair per line."""
    source = read_text(text) if Path(text).is_file() else text
    pairs = [pair.split(",") for pair in source.replace(";", " ").split()]
    try:
        return np.array([[float(x), float(y)] for x, y in pairs], dtype=np.float32)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no list of points such as '0,0 0,2 2,2', and no file of them", param_hint="--along"
        ) from None


@click.command(
    short_help="Turn, mirror, cut, loop, bend or mix a motion.",
    epilog=f"Reads {' '.join(formats.READS)}. Writes .{' .'.join(formats.WRITES)}.",
)
@click.argument("source", type=FILE)
@reading_options
@click.option("-o", "--output", required=True, type=FILE, help="The new file.")
@_step("trim", lambda m, v: m.trimmed(*v), "Keep the seconds from A to B.", type=float, nargs=2, metavar="A B")
@_step("turn", lambda m, v: m.turned(v), "Turn by degrees, to the left if above 0.", type=float)
@_step("move", lambda m, v: m.moved(*v), "Shift by X m right and Y m forward.", type=float, nargs=2, metavar="X Y")
@_step("mirror", lambda m, _: m.mirrored(), "Exchange left and right.", is_flag=True)
@_step("loop", lambda m, _: m.loop(), "One round that can be played again and again.", is_flag=True)
@_step("repeat", lambda m, v: m.repeated(v), "A loop, played this many times; it travels on.", type=int)
@_step("hold", lambda m, v: m.hold(v), "Hold the last pose for seconds.", type=float)
@_step("speed", lambda m, v: m.retimed(v), "Play faster: 2 halves the duration.", type=float)
@_step("smooth", lambda m, v: m.smoothed(v), "Average over seconds, such as 0.05.", type=float)
@_step(
    "along",
    lambda m, v: m.along(_points(v)),
    "Bend to a path: '0,0 0,2 2,2', metres to the right and forward, or a file of such points.",
    metavar="POINTS",
)
@_step(
    "upper-body",
    lambda m, v: m.with_upper_body(Motion.load(v)),
    "Spine, head and arms of another motion file.",
    type=FILE,
)
@click.option("--prompt", help="What the motion shall show; applied after the edits above.")
@click.option("--source-prompt", help="With --prompt: what it shows now. What both have in common stays.")
@click.option(
    "--strength", type=SHARE, help="How much may change.  [default: 0.8 with --prompt, 0.4 with --variations]"
)
@click.option("--method", type=choice("EditMethod"), default="flow", show_default=True, help="With --prompt: how.")
@click.option("--seed", type=SEED, help="With --prompt, --variations: seed of the noise.  [default: 42]")
@click.option(
    "--variations",
    type=click.IntRange(1, 1000),
    help="Motions like this one, of the seeds from --seed on, each in a file.",
)
@click.option(
    "-m", "--model", type=FILE, help="With --prompt, --variations: folder of a model.  [default: the built-in one]"
)
@json_option
@click.pass_context
def edit(
    ctx: click.Context,
    source: Path,
    output: Path,
    read: Reading,
    prompt: str | None,
    source_prompt: str | None,
    strength: float | None,
    method: Any,
    seed: int | None,
    variations: int | None,
    model: Path | None,
    as_json: bool,
) -> None:
    """Change a motion. Edits are applied in the order in which they are given.

    \b
    vimogen edit walk.npz --prompt "a person runs forward" --source-prompt "a person walks forward" -o run.npz
    vimogen edit walk.npz --turn 90 --mirror -o turned.npz
    vimogen edit walk.bvh --repeat 3 --along "0,0 0,4 3,6" -o path.glb
    vimogen edit walk.npz --upper-body wave.npz -o both.html
    vimogen edit walk.npz --variations 5 -o like-walk.npz
    """
    steps = ctx.meta.get(_STEPS, [])
    if not steps and prompt is None and variations is None:
        raise click.UsageError("give at least one edit, such as --turn 90; vimogen edit --help lists them")
    if variations is not None and (source_prompt is not None or method != "flow"):
        raise click.UsageError("--source-prompt and --method go with a change by --prompt, not with --variations")
    motion = read(source)
    for _, change, value in steps:
        motion = change(motion, value)
    names = [name for name, _, _ in steps]
    if variations is not None:
        pipe = Pipeline.from_pretrained(model)
        made = pipe.variations(motion, variations, prompt=prompt, strength=strength, seed=seed)
        first = DEFAULT_SEED if seed is None else seed
        named = [output.with_name(f"{output.stem}-seed-{first + i}{output.suffix}") for i in range(variations)]
        results = [_write(motion, file, [*names, "variations"]) for file, motion in zip(named, made, strict=True)]
        _report(results, as_json=as_json)
        return
    if prompt is not None:
        pipe = Pipeline.from_pretrained(model)
        motion = pipe.edit(motion, prompt, source=source_prompt, strength=strength, method=method, seed=seed)
        names.append("prompt")
    _report(_write(motion, output, names), as_json=as_json)


def _write(motion: Motion, file: Path, edits: list[str]) -> dict[str, Any]:
    formats.save(motion, file)
    return {"file": str(file), "frames": len(motion), "fps": motion.fps, "edits": edits}


def _report(results: dict[str, Any] | list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(results, indent=2))
        return
    for result in results if isinstance(results, list) else [results]:
        click.echo(f"{result['file']}: {result['frames']} frames at {result['fps']:g} fps")
