"""The command line's training from files: the loop around an experiment, and ``vimogen prepare-data``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click

from . import _vimogen
from ._experiment import prepare_data, run_experiment
from ._options import json_option, quiet_option
from ._progress import progress

_LINE = 160


class _Teller:
    """Shows events on standard error: a live line where somebody looks at it, log lines elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self.stop = threading.Event()
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._open = False

    def __call__(self, event: dict[str, Any]) -> bool:
        kind, text = event["kind"], event["text"]
        if kind != "step":
            if kind != "checkpoint" and not self._quiet:
                self._say(text if kind == "note" else f"samples in {text}")
        elif self._live and not self._quiet:
            click.echo("\r" + text.ljust(_LINE)[:_LINE], nl=False, err=True)
            self._open = True
        elif event["logged"] and not self._quiet:
            click.echo(text, err=True)
        return not self.stop.is_set()

    def _say(self, text: str) -> None:
        self.close()
        click.echo(text, err=True)

    def close(self) -> None:
        """End a live line."""
        if self._open:
            click.echo("", err=True)
            self._open = False


def launched() -> Literal["mpi"] | None:
    """Whether mpirun or srun started several of us."""
    names = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
    sizes = [os.environ.get(name, "") for name in names]
    return "mpi" if any(size.isdigit() and int(size) > 1 for size in sizes) else None


def train_experiment(
    config: Path,
    overrides: list[str],
    *,
    resume: str,
    device: str,
    save: Path | None,
    dtype: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run an experiment; the first Ctrl-C saves and exits, the second exits at once."""
    tell = _Teller(quiet=quiet)
    # In a thread, so that this one hears Ctrl-C while a step is computed.
    with _ctrl_c(tell), ThreadPoolExecutor(1) as pool:
        work = pool.submit(
            run_experiment,
            config,
            overrides,
            resume=resume,
            device=device,
            save=save,
            dtype=dtype,
            callback=tell,
            all_reduce=launched(),
        )
        while not wait([work], timeout=0.2).done:
            pass
        tell.close()
        result = work.result()
    result["checkpoints"] = str(result["checkpoints"])
    result["model"] = None if save is None or result["stopped"] else str(save)
    text = f"{result['steps_done']} steps done, checkpoints in {result['checkpoints']}"
    if result.pop("rank") == 0:
        click.echo(json.dumps(result, indent=2) if as_json else text)
    if result["stopped"]:
        click.get_current_context().exit(130)


@contextmanager
def _ctrl_c(tell: _Teller) -> Iterator[None]:
    """Ask for the end at the first Ctrl-C; the second is the system's own, which ends the process at once."""

    def first(_signal: int, _frame: object) -> None:
        # Checkpoints are whole or not there, so nothing is lost by an end at any moment.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        tell.stop.set()
        click.echo("\nsaving and stopping after this step; Ctrl-C again stops at once", err=True)

    earlier = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier or signal.SIG_DFL)


@click.command("prepare-data", short_help="Make a data set ready for training.")
@click.argument("manifests", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Folder for what is made.")
@click.option("--root", type=click.Path(path_type=Path), help="Folder that paths in the manifests are relative to.")
@click.option("--stats", is_flag=True, help="Compute mean.npy and std.npy, in one pass.")
@click.option("--pack", is_flag=True, help="Pack the clips into a few large files.")
@click.option("--shard-size", default=1024, show_default=True, type=click.IntRange(1), help="Size of a shard, MiB.")
@click.option("--text-key", default="video_text_annot", show_default=True, help="Caption whose encoded form is packed.")
@click.option("--max-bad-fraction", default=0.01, show_default=True, help="Share of clips that may be unreadable.")
@click.option("--merge-stats", is_flag=True, help="MANIFESTS are the stats.json of parts: join them, nothing else.")
@quiet_option
@json_option
def prepare_command(
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

    \b
    vimogen prepare-data ViMoGen-228K/train.json --root ViMoGen-228K -o data --stats --pack
    vimogen prepare-data part1/stats.json part2/stats.json -o data --merge-stats
    """
    if merge_stats:
        _vimogen.merge_stats(list(manifests), out)
        click.echo(json.dumps({"folder": str(out)}, indent=2) if as_json else f"mean.npy and std.npy in {out}")
        return
    with progress("preparing", hidden=quiet or as_json) as callback:
        done = prepare_data(
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
    if done["duplicates"]:
        click.echo(f"{done['duplicates']} clips are exact duplicates of others", err=True)
    text = f"{done['clips']} clips in {done['manifest']}, {done['shards']} shards, {len(done['bad'])} left out"
    click.echo(json.dumps(done, indent=2) if as_json else text)
