"""``vimogen encode-text``: the texts of a data set through the release's text encoder."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from .. import TextEncoder
from .options import FILE, choice, device_option, quiet_option
from .progress import progress

_F = TypeVar("_F", bound=Callable[..., Any])

_encoder = click.option(
    "--text-encoder",
    type=FILE,
    help="Folder of UMT5-XXL, for a model without one in its own folder.",
)
_dtype = click.option(
    "--text-dtype",
    default="stored",
    show_default=True,
    type=choice("EncoderDtype"),
    help="Type of the text encoder's weights; int8 takes half the memory of bf16.",
)
_cache = click.option("--text-cache", type=FILE, help="Folder for encoded prompts.")


def text_encoder_options(command: _F) -> _F:
    """Give a command the options of :func:`load_encoder`."""
    return _encoder(_dtype(_cache(command)))


def load_encoder(path: Path | None, dtype: str, cache: Path | None, device: str) -> TextEncoder | None:
    """Open the encoder of the options, if there is one."""
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
@click.option("--json", "manifest", required=True, type=FILE, help="The data set: a JSON list.")
@click.option("--text-key", default="video_text_annot", show_default=True, help="Key of the text in each entry.")
@click.option("--output", required=True, type=FILE, help="Folder for the encoded texts.")
@click.option("--text-encoder", required=True, type=FILE, help="Folder of UMT5-XXL.")
@click.option(
    "--memory",
    default="auto",
    show_default=True,
    type=choice("EncoderMemory"),
    help="Keep the whole encoder in memory, or one block at a time.",
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
    memory: Any,
    text_dtype: Any,
    shard: tuple[int, int],
    device: str,
    quiet: bool,
) -> None:
    """Encode the texts of a data set for training, and write their paths to it.

    Run it again to continue after a stop. The data set is written once, when all shares are encoded. Prints a report as
    JSON; exits with 1 if an entry could not be encoded.

    \b
    vimogen encode-text --json data.json --output embeds --text-encoder Wan2.1-T2V-1.3B
    vimogen encode-text --json data.json --output embeds --text-encoder Wan2.1-T2V-1.3B --shard 1/2
    """
    encoder = TextEncoder.from_pretrained(text_encoder, memory=memory, dtype=text_dtype, device=device)
    with progress("encoding", hidden=quiet) as callback:
        report = encoder.encode_manifest(manifest, output, text_key=text_key, shard=shard, callback=callback)
    for index, reason in report["failed"]:
        click.echo(f"entry {index}: {reason}", err=True)
    if not report["written"]:
        click.echo(f"{manifest} stays as it is until the other shares are encoded", err=True)
    click.echo(json.dumps(report, indent=2))
    if report["failed"]:
        sys.exit(1)
