"""``vimogen organize``: generated motions in the layout that ``vimogen evaluate --info`` reads."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import mbench
from .options import FILE, json_option, quiet_option
from .progress import progress


@click.command(short_help="Turn generated motions into the files that evaluate --info reads.")
@click.argument("source", type=FILE)
@click.argument("target", type=FILE)
@click.option("--videos", is_flag=True, help="Draw the motions too, ID.mp4, for a judge.")
@quiet_option
@json_option
def organize(source: Path, target: Path, videos: bool, quiet: bool, as_json: bool) -> None:
    """Turn generated motions into the joints, ID.npy, that evaluate --info reads.

    SOURCE holds folders ID/motion_gen_condition_on_motion.pt or ..._on_text.pt, as generate --mbench writes them, or
    files ID.npz in any format that is read. TARGET switches from an older set to the new one when all is written.
    """
    with progress("drawing", hidden=quiet or as_json) as callback:
        ids = mbench.organize(source, target, videos=videos, callback=callback)
    click.echo(json.dumps(ids) if as_json else f"{len(ids)} motions in {target}")
