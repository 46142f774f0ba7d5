"""``vimogen view``: a page that plays motions side by side."""

from __future__ import annotations

from pathlib import Path

import click

from .. import save_player
from .options import FILE
from .reading import Reading, reading_options


@click.command(short_help="Make a page that plays motions side by side.")
@click.argument("motions", nargs=-1, required=True, type=FILE)
@click.option("-o", "--out", required=True, type=FILE, help="The page, a .html file.")
@click.option("--title", "titles", multiple=True, help="Caption, once per motion.  [default: names of files]")
@reading_options
def view(motions: tuple[Path, ...], out: Path, titles: tuple[str, ...], read: Reading) -> None:
    """Make a page that plays motions side by side, with their MBench scores. It needs no network.

    \b
    vimogen view before.npz after.npz -o compare.html
    """
    if titles and len(titles) != len(motions):
        raise click.UsageError(f"{len(titles)} captions for {len(motions)} motions")
    if out.suffix.lower() != ".html":
        raise click.UsageError(f"{out} should end in .html")
    save_player(out, [read(path) for path in motions], list(titles) or [path.stem for path in motions])
    click.echo(out)
