"""``vimogen download``: files of the release, and the built-in model."""

from __future__ import annotations

from pathlib import Path

import click

from .. import Pipeline
from .. import download as fetch
from .options import FILE, quiet_option
from .progress import progress


@click.command(short_help="Download files of the release, or write the built-in model.")
@click.argument("what")
@click.argument("folder", required=False, type=FILE)
@click.option("--from-file", type=FILE, help="Use a file that was fetched by hand.")
@click.option("--endpoint", help="A mirror.  [default: HF_ENDPOINT, or https://huggingface.co]")
@quiet_option
def download(what: str, folder: Path | None, from_file: Path | None, endpoint: str | None, quiet: bool) -> None:
    """Download files of the release, resuming interrupted downloads and checking hashes.

    WHAT is umt5 (the text encoder, 11.4 GB), umt5-tokenizer (17 MB) or wan2.1-1.3b (what training starts from, 5.7 GB).
    With nano, the built-in model is written into FOLDER, by default the folder nano; nothing is downloaded for it.

    \b
    vimogen download nano
    vimogen download umt5 Wan2.1-T2V-1.3B
    vimogen download umt5 Wan2.1-T2V-1.3B --from-file ~/Downloads/models_t5_umt5-xxl-enc-bf16.pth
    """
    if what == "nano":
        target = folder or Path("nano")
        Pipeline.builtin().save(target, dtype="bfloat16")
        click.echo(target)
        return
    if folder is None:
        raise click.UsageError(f"FOLDER is missing; for example: vimogen download {what} Wan2.1-T2V-1.3B")
    with progress("downloading (MiB)", hidden=quiet) as callback:
        files = fetch(what, folder, endpoint=endpoint, from_file=from_file, callback=callback)
    for file in files:
        click.echo(file)
