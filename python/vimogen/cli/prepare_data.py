"""``vimogen prepare-data``: one manifest, statistics and packed shards of a data set."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import _vimogen
from .. import prepare_data as prepare
from .options import COUNT, FILE, SHARE, json_option, quiet_option
from .progress import progress


@click.command("prepare-data", short_help="Make a data set ready for training.")
@click.argument("manifests", nargs=-1, required=True, type=FILE)
@click.option("-o", "--out", required=True, type=FILE, help="Folder for the results.")
@click.option("--root", type=FILE, help="Folder that paths in the manifests are relative to.")
@click.option("--stats", is_flag=True, help="Compute mean.npy and std.npy, in one pass.")
@click.option("--pack", is_flag=True, help="Pack the clips into a few large files.")
@click.option("--shard-size", default=1024, show_default=True, type=COUNT, help="Size of a shard in MiB.")
@click.option("--text-key", default="video_text_annot", show_default=True, help="Caption whose encoded form is packed.")
@click.option(
    "--max-bad-fraction", type=SHARE, default=0.01, show_default=True, help="Share of clips that may be unreadable."
)
@click.option("--merge-stats", is_flag=True, help="Only join the statistics of parts: MANIFESTS are their stats.json.")
@quiet_option
@json_option
def prepare_data(
    manifests: tuple[Path, ...],
    out: Path,
    root: Path | None,
    stats: bool,
    pack: bool,
    shard_size: int,
    text_key: str,
    max_bad_fraction: float,
    merge_stats: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Make a data set ready for training: one manifest, statistics, packed shards.

    Clips may be files of any program that vimogen reads: these are resampled to 20 frames per second, and placed at the
    origin. With --stats or --pack they are read, and those that cannot be are named; captions are always looked at.

    \b
    vimogen prepare-data ViMoGen-228K/train.json --root ViMoGen-228K -o data --stats --pack
    vimogen prepare-data part1/stats.json part2/stats.json -o data --merge-stats
    """
    if merge_stats:
        _vimogen.merge_stats(list(manifests), out)
        click.echo(json.dumps({"folder": str(out)}, indent=2) if as_json else f"mean.npy and std.npy in {out}")
        return
    with progress("preparing", hidden=quiet or as_json) as callback:
        done = prepare(
            manifests,
            out,
            root=root,
            stats=stats,
            shard_bytes=shard_size << 20 if pack else None,
            text_key=text_key,
            max_bad_fraction=max_bad_fraction,
            callback=callback,
        )
    done["manifest"] = str(done["manifest"])
    for name, reason in done["bad"]:
        click.echo(f"clip {name} is left out: {reason}", err=True)
    for name, doubt in done["warnings"]:
        click.echo(f"clip {name}: warning: {doubt}", err=True)
    for name in done["without_caption"]:
        click.echo(f"clip {name} has no caption: its {text_key} is empty", err=True)
    if done["duplicates"]:
        click.echo(f"{done['duplicates']} clips are exact duplicates of others", err=True)
    text = f"{done['clips']} clips in {done['manifest']}, {done['shards']} shards, {len(done['bad'])} left out"
    text += f", {len(done['without_caption'])} without a caption" if done["without_caption"] else ""
    click.echo(json.dumps(done, indent=2) if as_json else text)
