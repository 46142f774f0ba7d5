"""``vimogen mcp``: motions for assistants, by the Model Context Protocol."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FILE


@click.command(short_help="Serve an assistant by the Model Context Protocol.")
@click.option("-o", "--out", default="motions", show_default=True, type=FILE, help="Folder for the motions.")
@click.option("-m", "--model", type=FILE, help="Folder of a model.  [default: the built-in one]")
def mcp(out: Path, model: Path | None) -> None:
    """Serve an assistant by the Model Context Protocol, over standard input and output.

    Its tools are generate, edit, convert, score and list_prompts. They read and write files below the folder only.

    \b
    claude mcp add vimogen -- vimogen mcp -o ~/motions
    """
    try:
        from ..mcp import run
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    run(out, model)
