"""The commands about the release's text encoder: ``vimogen encode-text`` and ``vimogen download``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

import click

from ._options import device_option, quiet_option
from ._progress import progress
from ._vimogen import TextEncoder, download

_F = TypeVar("_F", bound=Callable[..., Any])

_encoder = click.option(
    "--text-encoder",
    type=click.Path(path_type=Path),
    help="Folder of UMT5-XXL, for a model whose own folder does not hold it.",
)
_dtype = click.option(
    "--text-dtype",
    default="stored",
    show_default=True,
    type=click.Choice(["stored", "int8"]),
    help="How the text encoder is kept; int8 takes half of bf16's memory.",
)
_cache = click.option("--text-cache", type=click.Path(path_type=Path), help="Folder for encoded prompts.")


def text_encoder_options(command: _F) -> _F:
    """Give a command the options that :func:`load_encoder` takes."""
    return _encoder(_dtype(_cache(command)))


def load_encoder(path: Path | None, dtype: str, cache: Path | None, device: str) -> TextEncoder | None:
    """Open the encoder that the options ask for."""
    if path is None:
        if dtype != "stored" or cache is not None:
            raise click.UsageError("--text-dtype and --text-cache need --text-encoder")
        return None
    return TextEncoder.from_pretrained(path, dtype=cast("Any", dtype), cache=cache, device=device)


def _shard(_: click.Context, __: click.Parameter, value: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)/(\d+)", value)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter("expected i/n with 1 <= i <= n, such as 1/4")
    return int(found[1]), int(found[2])


@click.command("encode-text", short_help="Encode the texts of a data set for training.")
@click.option("--json", "manifest", required=True, type=click.Path(path_type=Path), help="The data set: a JSON list.")
@click.option("--text-key", default="video_text_annot", show_default=True, help="Key of the text in each entry.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Folder for the encoded texts.")
@click.option("--text-encoder", required=True, type=click.Path(path_type=Path), help="Folder of UMT5-XXL.")
@click.option(
    "--memory",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "streamed", "resident"]),
    help="Keep all of the encoder in memory, or a block at a time.",
)
@_dtype
@click.option("--shard", default="1/1", callback=_shard, help="This process's share, i/n.  [default: 1/1]")
@device_option
@quiet_option
def encode_text(
    manifest: Path,
    text_key: str,
    output: Path,
    text_encoder: Path,
    memory: Literal["auto", "streamed", "resident"],
    text_dtype: Literal["stored", "int8"],
    shard: tuple[int, int],
    device: str,
    quiet: bool,
) -> None:
    """Encode the texts of a data set for training, and write their paths to it.

    Run it again to go on where it was stopped. Prints a report as JSON; exits with 1 if an entry could not be encoded.

    \b
    vimogen encode-text --json data.json --output embeds --text-encoder Wan2.1-T2V-1.3B
    vimogen encode-text --json data.json --output embeds --text-encoder Wan2.1-T2V-1.3B --shard 1/2
    """
    encoder = TextEncoder.from_pretrained(text_encoder, memory=memory, dtype=text_dtype, device=device)
    with progress("encoding", hidden=quiet) as callback:
        report = encoder.encode_manifest(manifest, output, text_key=text_key, shard=shard, callback=callback)
    for index, reason in report["failed"]:
        click.echo(f"entry {index}: {reason}", err=True)
    click.echo(json.dumps(report, indent=2))
    if report["failed"]:
        sys.exit(1)


@click.command("download", short_help="Download files of the release.")
@click.argument("what")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--from-file", type=click.Path(path_type=Path), help="Take a file that was fetched by hand.")
@click.option("--endpoint", help="A mirror.  [default: HF_ENDPOINT, or https://huggingface.co]")
@quiet_option
def download_command(what: str, folder: Path, from_file: Path | None, endpoint: str | None, quiet: bool) -> None:
    """Download files of the release, resuming what was interrupted and checking their hashes.

    WHAT is umt5 (the text encoder, 11.4 GB), umt5-tokenizer (17 MB) or wan2.1-1.3b (what training starts from, 5.7 GB).

    \b
    vimogen download umt5 Wan2.1-T2V-1.3B
    vimogen download umt5 Wan2.1-T2V-1.3B --from-file ~/Downloads/models_t5_umt5-xxl-enc-bf16.pth
    """
    with progress("downloading (MiB)", hidden=quiet) as callback:
        files = download(what, folder, endpoint=endpoint, from_file=from_file, callback=callback)
    for file in files:
        click.echo(file)


commands = (encode_text, download_command)
