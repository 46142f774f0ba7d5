"""``vimogen evaluate``: scores of the motions in a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .. import _vimogen
from .. import evaluate as score
from .options import COUNT, FILE, choice, json_option, quiet_option, seed_option, template_option
from .progress import progress
from .reading import Reading, reading_options


@click.command(short_help="Score the motions in a folder.")
@click.argument("folder", type=FILE)
@click.option("--info", type=FILE, help="MBench_eval_info.json: score what it lists.")
@click.option(
    "-d",
    "--dimension",
    "dimensions",
    multiple=True,
    type=choice("Dimension"),
    metavar="NAME",
    help="Dimension, such as Jitter_Degree; may be repeated.  [default: all]",
)
@click.option(
    "-o",
    "--output",
    type=FILE,
    help="A file for the report, as JSON; with --info a folder.  [default with --info: FOLDER-results]",
)
@click.option("--name", help="Prefix of the result files.  [default: the folder's name]")
@click.option("-j", "--jobs", type=COUNT, help="Motions in parallel.  [default: one per core, 4 for a judge]")
@click.option(
    "--compare",
    multiple=True,
    type=FILE,
    help="NAME_eval_results.json of another run to compare with; may be repeated.",
)
@click.option("--up-axis", type=click.IntRange(0, 2), default=2, show_default=True, help="Height axis of joint files.")
@reading_options
@template_option
@seed_option
@click.option("--body", type=FILE, help="SMPL body, SMPL_NEUTRAL.pkl.  [default: the neutral body]")
@click.option("--priors", type=FILE, help="Folder of gmm_08.pkl and neutral_smpl_mean_params.h5.")
@click.option("--nrdf", type=FILE, help="Folder of an NRDF model, for Pose_Quality.")
@click.option(
    "--body-joints", is_flag=True, help="Give NRDF the 21 body joints instead of the rows that the release gives it."
)
@quiet_option
@json_option
def evaluate(
    folder: Path,
    info: Path | None,
    dimensions: tuple[str, ...],
    output: Path | None,
    name: str | None,
    jobs: int | None,
    compare: tuple[Path, ...],
    up_axis: int,
    read: Reading,
    prompt_template: Path | None,
    seed: int,
    body: Path | None,
    priors: Path | None,
    nrdf: Path | None,
    body_joints: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Score the motions in a folder.

    \b
    vimogen evaluate out                     motion quality of the motions in a folder
    vimogen evaluate joints --info MBench_eval_info.json

    Motions may be files of any program that vimogen reads, or joints (T, 22, 3) in .npy. --from-fps, --from-unit, --up,
    --person, --names and --fit say how all of them are read. A file that cannot be measured
    (damaged, of another shape, with NaN, too short) is named and left out, and the exit code is then 1.

    With --info every motion in that file is looked up (ID.npy, ID.pt, ID.mp4) and measured. Results are saved one by
    one: run the command again to continue after a stop. The last two dimensions need a video language model as judge:
    set GEMINI_API_KEY, or OPENAI_BASE_URL, OPENAI_API_KEY and VIMOGEN_JUDGE_MODEL.
    """
    if info is None:
        _evaluate_folder(folder, dimensions, output, up_axis, read, as_json)
        return
    output = output or Path(f"{folder.resolve()}-results")
    name = name or folder.resolve().name
    with progress("measuring", hidden=quiet or as_json) as callback:
        results = score(
            folder,
            list(dimensions) or None,
            output,
            up_axis=up_axis,
            info=info,
            name=name,
            jobs=jobs,
            prompt_template=prompt_template,
            seed=seed,
            compare=compare,
            body=body,
            priors=priors,
            nrdf=nrdf,
            body_joints=body_joints,
            reading=read.options,
            callback=callback,
        )
    if as_json:
        click.echo(json.dumps(results, indent=2))
        _end(results)
        return
    click.echo(_vimogen.results_table([output / f"{name}_eval_results.json", *compare]), nl=False)
    for dimension, reason in results["skipped"].items():
        click.echo(f"{dimension}: skipped, {reason}", err=True)
    _warn("have no file", [f"{row['id']} ({row['dimension']})" for row in results["missing"]])
    _warn("could not be measured", [f"{row['file']}: {row['reason']}" for row in results["failed"]])
    click.echo(f"height of joint files: axis {up_axis}", err=True)
    if results["settings"]["bodies"]:
        poses = ", ".join(f"{count} {source}" for source, count in results["settings"]["poses"].items())
        click.echo(f"bodies: {results['settings']['bodies']}; poses: {poses}", err=True)
    _warn("were read with doubts", _doubts(results))
    click.echo(output / f"{name}_report.html")
    _end(results)


def _warn(what: str, rows: list[str], most: int = 5) -> None:
    """Print a count of motions and the first of them."""
    if rows:
        more = "" if len(rows) <= most else f" and {len(rows) - most} more, all in the file that ends in _run.json"
        click.echo(f"{len(rows)} {what}: {', '.join(rows[:most])}{more}", err=True)


def _doubts(results: dict[str, Any]) -> list[str]:
    return [f"{file}: {' '.join(doubts)}" for file, doubts in results["warnings"].items()]


def _end(results: dict[str, Any]) -> None:
    """End with 1 if a file could not be measured."""
    if results["failed"]:
        click.get_current_context().exit(1)


def _evaluate_folder(
    folder: Path, dimensions: tuple[str, ...], output: Path | None, up_axis: int, read: Reading, as_json: bool
) -> None:
    if not any(file.is_file() for file in folder.glob("*.*")) and any(folder.glob("*/motion_gen_condition_on_*.pt")):
        raise click.UsageError(f"{folder} holds folders of generated motions; first: vimogen organize {folder} joints")
    report = score(folder, list(dimensions) or None, output, up_axis=up_axis, reading=read.options)
    failed = [f"{row['file']}: left out: {row['reason']}" for row in report["failed"]]
    for line in (*failed, *(f"{line.replace(': ', ': warning: ', 1)}" for line in _doubts(report))):
        click.echo(line, err=True)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        _end(report)
        return
    left_out = f", {len(failed)} left out" if failed else ""
    click.echo(f"{len(report['motions'])} motions in {folder}{left_out}")
    for name, row in report["dimensions"].items():
        mean, std = (float("nan") if row[key] is None else row[key] for key in ("mean", "std"))
        click.echo(f"{name:<20} {mean:10.5f}  std {std:.5f}")
    _end(report)
