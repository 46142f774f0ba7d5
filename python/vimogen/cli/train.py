"""``vimogen train``: training by an experiment file or a recipe."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import click

from .. import Trainer, run_experiment
from .._files import read_text
from .options import COUNT, FILE, SHARE, device_option, dtype_option, json_option

_LINE = 160


@click.command(short_help="Train a model, or continue its training.")
@click.argument("recipe", required=False, type=FILE)
@click.option("-c", "--config", type=FILE, help="An experiment file (YAML) instead of a recipe.")
@click.option(
    "--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE", help="Override a key of the experiment."
)
@click.option("--resume", default="auto", show_default=True, help="auto, never, or a folder of checkpoints.")
@click.option(
    "-o",
    "--out",
    type=FILE,
    help="Folder for checkpoints.  [default: out/train, or the experiment's]",
)
@click.option("--steps", type=COUNT, help="Total number of steps.  [default: the configuration's]")
@click.option(
    "--max-bad-fraction", type=SHARE, help="Share of clips that may be unreadable.  [default: the experiment's]"
)
@click.option("--fresh", is_flag=True, help="Start from the beginning even if there is a checkpoint.")
@click.option("--save", "model", type=FILE, help="Folder for the trained model.")
@dtype_option("Type of the weights in --save.")
@click.option("-q", "--quiet", is_flag=True, help="No log lines.")
@device_option
@json_option
def train(
    recipe: Path | None,
    config: Path | None,
    overrides: tuple[str, ...],
    resume: str,
    out: Path | None,
    steps: int | None,
    max_bad_fraction: float | None,
    fresh: bool,
    model: Path | None,
    dtype: str,
    quiet: bool,
    device: str,
    as_json: bool,
) -> None:
    """Train a model; run it again to continue from the newest checkpoint.

    \b
    vimogen train --config tm2m_train.yaml --set solver.lr=1e-4  on files, with the release's experiment file
    vimogen train --config nano.yaml --save nano                 on procedural motion, as the built-in model
    vimogen train recipe.json                                    the settings of a Trainer, on procedural motion

    An experiment file has the sections experiment, model_path, model, solver, precision, parallel, dataloader, dataset
    and ref_motion_corruption. RECIPE is a JSON file with the parts model (sizes) and train (num_steps, batch_size, lr,
    ...), which Trainer takes in Python.
    """
    if (recipe is None) == (config is None):
        raise click.UsageError("give either a recipe or --config; for example: vimogen train --config tm2m_train.yaml")
    if config is not None:
        given = [*overrides]
        given += [] if out is None else [f"experiment.output_dir={json.dumps(str(out))}"]
        given += [] if steps is None else [f"solver.num_steps={steps}"]
        given += [] if max_bad_fraction is None else [f"dataset.max_bad_fraction={max_bad_fraction}"]
        resume = "never" if fresh else resume
        _train_experiment(
            config, given, resume=resume, device=device, save=model, dtype=dtype, quiet=quiet, as_json=as_json
        )
        return
    assert recipe is not None
    if overrides or max_bad_fraction is not None:
        raise click.UsageError("--set and --max-bad-fraction belong to --config; a recipe is edited")
    config, out = recipe, out or Path("out/train")
    parts = _recipe(config)
    if steps is not None:
        parts["train"] = {**parts.get("train", {}), "num_steps": steps}
    trainer = Trainer(parts, out=out, device=device, all_reduce=_launched())
    first_process = trainer.rank == 0
    first = 0 if fresh else trainer.resume()
    start = time.perf_counter()

    def log(report: dict[str, Any]) -> None:
        done = report["step"] + 1
        if first_process and not (quiet or as_json) and done % trainer.config["log_every"] == 0:
            rate = (done - first) / (time.perf_counter() - start)
            loss, norm, lr = report["loss"], report["grad_norm"], report["lr"]
            click.echo(f"step {done:6}  loss {loss:.4f}  norm {norm:.2f}  lr {lr:.2e}  {rate:.2f} steps/s", err=True)

    report = trainer.fit(log)
    if model is not None and first_process:
        trainer.save(model, dtype=dtype)
    trainer.finish()
    if not first_process:
        return
    result = {"steps_done": trainer.steps_done, "checkpoints": str(out), "model": model and str(model), "last": report}
    click.echo(json.dumps(result, indent=2) if as_json else f"{trainer.steps_done} steps done, checkpoints in {out}")


def _recipe(path: Path) -> dict[str, Any]:
    """Read a recipe, whose parts are objects."""
    try:
        parts = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from error
    if not isinstance(parts, dict) or not all(isinstance(parts.get(name, {}), dict) for name in ("model", "train")):
        raise click.UsageError(f'{path} is not a recipe; it should look like {{"model": {{...}}, "train": {{...}}}}')
    return parts


class _EventLog:
    """Shows events on standard error: a live line on a terminal, log lines elsewhere."""

    def __init__(self, *, quiet: bool) -> None:
        self.stop = threading.Event()
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._open = False

    def __call__(self, event: dict[str, Any]) -> bool:
        kind, text = event["kind"], event["text"]
        if kind != "step":
            if kind != "checkpoint" and not self._quiet:
                self._show(text if kind == "note" else f"samples in {text}")
        elif self._live and not self._quiet:
            click.echo("\r" + text.ljust(_LINE)[:_LINE], nl=False, err=True)
            self._open = True
        elif event["logged"] and not self._quiet:
            click.echo(text, err=True)
        return not self.stop.is_set()

    def _show(self, text: str) -> None:
        self.close()
        click.echo(text, err=True)

    def close(self) -> None:
        """End a live line."""
        if self._open:
            click.echo("", err=True)
            self._open = False


def _launched() -> Literal["mpi"] | None:
    """Return "mpi" if mpirun or srun started several processes."""
    names = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
    sizes = [os.environ.get(name, "") for name in names]
    return "mpi" if any(size.isdigit() and int(size) > 1 for size in sizes) else None


def _train_experiment(
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
    """Run an experiment."""
    result = run_watched(
        run_experiment,
        config,
        overrides,
        quiet=quiet,
        resume=resume,
        device=device,
        save=save,
        dtype=dtype,
        all_reduce=_launched(),
    )
    result["checkpoints"] = str(result["checkpoints"])
    result["model"] = None if save is None or result["stopped"] else str(save)
    text = f"{result['steps_done']} steps done, checkpoints in {result['checkpoints']}"
    if result.pop("rank") == 0:
        click.echo(json.dumps(result, indent=2) if as_json else text)
    if result["stopped"]:
        click.get_current_context().exit(130)


def run_watched(run: Callable[..., dict[str, Any]], *words: Any, quiet: bool, **options: Any) -> dict[str, Any]:
    """Run a training with its log; the first Ctrl-C saves and ends it, the second ends the process at once."""
    log = _EventLog(quiet=quiet)
    # In a thread, so that this one receives Ctrl-C while a step is computed.
    with _ctrl_c(log), ThreadPoolExecutor(1) as pool:
        work = pool.submit(run, *words, callback=log, **options)
        while not wait([work], timeout=0.2).done:
            pass
        log.close()
        return work.result()


@contextmanager
def _ctrl_c(log: _EventLog) -> Iterator[None]:
    """Stop after the step at the first Ctrl-C; the second one ends the process at once."""

    def first(_signal: int, _frame: object) -> None:
        # Checkpoints are whole or not there, so nothing is lost by an end at any moment.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        log.stop.set()
        click.echo("\nsaving and stopping after this step; Ctrl-C again stops at once", err=True)

    earlier = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier or signal.SIG_DFL)
