"""``vimogen join``: motions one after another."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import Motion
from . import formats
from .options import FILE, json_option
from .reading import Reading, reading_options


@click.command(
    short_help="Put motions one after another.",
    epilog=f"Reads {' '.join(formats.READS)}. Writes .{' .'.join(formats.WRITES)}.",
)
@click.argument("sources", nargs=-1, required=True, type=FILE)
@reading_options
@click.option("-o", "--output", required=True, type=FILE, help="The new file.")
@click.option("--blend", type=float, default=0.3, show_default=True, help="Seconds in which a motion takes over.")
@click.option(
    "--window", type=float, default=0.5, show_default=True, help="Seconds at the ends in which the best cut is sought."
)
@click.option("--lock-feet/--no-lock-feet", default=True, show_default=True, help="Keep standing feet in place.")
@json_option
def join(
    sources: tuple[Path, ...],
    output: Path,
    read: Reading,
    blend: float,
    window: float,
    lock_feet: bool,
    as_json: bool,
) -> None:
    """Put motions one after another. Each starts where the one before ends, and faces the same way.

    \b
    vimogen join walk.npz wave.bvh sit.npz -o scene.glb
    """
    clips = [read(source) for source in sources]
    motion, seams = Motion.join(clips, blend=blend, window=window, lock_feet=lock_feet)
    formats.save(motion, output)
    if as_json:
        click.echo(
            json.dumps({"file": str(output), "frames": len(motion), "fps": motion.fps, "seams": seams}, indent=2)
        )
        return
    for source, seam in zip(sources[1:], seams, strict=True):
        shown = "" if seam["excess"] <= 1.1 else f"; it moves {seam['excess']:.1f} times as fast as the motions"
        click.echo(f"{source} takes over at frame {seam['frame']}, blended over {seam['blend']:.2f} s{shown}")
    click.echo(f"{output}: {len(motion)} frames at {motion.fps:g} fps")
