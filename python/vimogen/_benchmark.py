"""The commands around MBench: ``vimogen evaluate``, ``organize``, ``gate``, and ``generate --mbench``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from . import Pipeline, _vimogen, evaluate
from ._options import json_option, quiet_option
from ._progress import progress
from .mbench import gate, generate, organize

template_option = click.option(
    "--prompt-template", type=click.Path(path_type=Path), help="A file with another wording of the judge's questions."
)
root_option = click.option(
    "--root",
    default=".",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder that the paths in the prompt file start from.",
)


@click.command("evaluate")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--info", type=click.Path(path_type=Path), help="MBench_eval_info.json: score what it lists.")
@click.option(
    "-d",
    "--dimension",
    "dimensions",
    multiple=True,
    help="A dimension, such as Jitter_Degree; may be repeated.  [default: all]",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A file for the report, as JSON; with --info a folder.  [default with --info: FOLDER-results]",
)
@click.option("--name", help="What the files of results begin with.  [default: the folder's name]")
@click.option("-j", "--jobs", type=int, help="Motions at a time.  [default: one a core, 4 for a judge]")
@click.option(
    "--compare",
    multiple=True,
    type=click.Path(path_type=Path),
    help="NAME_eval_results.json of another run, shown beside this one; may be repeated.",
)
@click.option(
    "--up-axis", type=click.IntRange(0, 2), default=2, show_default=True, help="Height axis of files of joints."
)
@template_option
@click.option("--seed", type=int, default=42, show_default=True, help="Of the order in which a judge sees motions.")
@click.option("--body", type=click.Path(path_type=Path), help="A SMPL body, SMPL_NEUTRAL.pkl.  [default: built in]")
@click.option("--priors", type=click.Path(path_type=Path), help="Folder of gmm_08.pkl and neutral_smpl_mean_params.h5.")
@click.option("--nrdf", type=click.Path(path_type=Path), help="Folder of an NRDF model, which Pose_Quality needs.")
@click.option("--body-joints", is_flag=True, help="Give NRDF the body joints, not the rows that the release gives it.")
@quiet_option
@json_option
def evaluate_command(
    folder: Path,
    info: Path | None,
    dimensions: tuple[str, ...],
    output: Path | None,
    name: str | None,
    jobs: int | None,
    compare: tuple[Path, ...],
    up_axis: int,
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
    vimogen evaluate out                     motion quality of whatever motions lie there
    vimogen evaluate joints --info MBench_eval_info.json

    With --info every motion that the file lists is looked up (ID.npy, ID.pt, ID.mp4) and measured. Results are kept
    as they come: run it again to go on after a stop. The last two dimensions are judged by a video language model,
    which GEMINI_API_KEY, or OPENAI_BASE_URL, OPENAI_API_KEY and VIMOGEN_JUDGE_MODEL name.
    """
    if info is None:
        _evaluate_folder(folder, dimensions, output, up_axis, as_json)
        return
    output = output or Path(f"{folder.resolve()}-results")
    name = name or folder.resolve().name
    with progress("measuring", hidden=quiet or as_json) as callback:
        results = evaluate(
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
            callback=callback,
        )
    if as_json:
        click.echo(json.dumps(results, indent=2))
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
    click.echo(output / f"{name}_report.html")


def _warn(what: str, rows: list[str], most: int = 5) -> None:
    """A line about motions, and the first of them."""
    if rows:
        more = "" if len(rows) <= most else f" and {len(rows) - most} more, all in the file that ends in _run.json"
        click.echo(f"{len(rows)} {what}: {', '.join(rows[:most])}{more}", err=True)


def _evaluate_folder(
    folder: Path, dimensions: tuple[str, ...], output: Path | None, up_axis: int, as_json: bool
) -> None:
    if not any(file.is_file() for file in folder.glob("*.*")) and any(folder.glob("*/motion_gen_condition_on_*.pt")):
        raise click.UsageError(f"{folder} holds folders of generated motions; first: vimogen organize {folder} joints")
    report = evaluate(folder, list(dimensions) or None, output, up_axis=up_axis)
    if as_json:
        click.echo(json.dumps(report, indent=2))
        return
    click.echo(f"{len(report['motions'])} motions in {folder}")
    for name, row in report["dimensions"].items():
        mean, std = (float("nan") if row[key] is None else row[key] for key in ("mean", "std"))
        click.echo(f"{name:<20} {mean:10.5f}  std {std:.5f}")


@click.command("organize", short_help="Turn generated motions into what evaluate reads.")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--videos", is_flag=True, help="Draw the motions too, ID.mp4, for a judge.")
@quiet_option
@json_option
def organize_command(source: Path, target: Path, videos: bool, quiet: bool, as_json: bool) -> None:
    """Turn generated motions into what evaluate --info reads: joints, ID.npy.

    SOURCE holds folders ID/motion_gen_condition_on_motion.pt or ..._on_text.pt, as generate --mbench writes them, or
    files ID.pt, ID.npz or ID.npy.
    """
    with progress("drawing", hidden=quiet or as_json) as callback:
        numbers = organize(source, target, videos=videos, callback=callback)
    click.echo(json.dumps(numbers) if as_json else f"{len(numbers)} motions in {target}")


@click.command("gate", short_help="Decide which references of a prompt file are followed.")
@click.argument("prompts", type=click.Path(path_type=Path))
@click.option("--videos", required=True, type=click.Path(path_type=Path), help="Folder of the references, ID.mp4.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The report.  [default: PROMPTS.quality.json]")
@root_option
@template_option
@click.option("-j", "--jobs", type=int, default=4, show_default=True, help="Questions at a time.")
@quiet_option
@json_option
def gate_command(
    prompts: Path,
    videos: Path,
    output: Path | None,
    root: Path,
    prompt_template: Path | None,
    jobs: int,
    quiet: bool,
    as_json: bool,
) -> None:
    """Decide which reference motions of a prompt file are followed, and write it into the file.

    A reference is followed if it is calm (Jitter_Degree below 0.04) and a judge finds the prompt in its video. The
    judge is named as for evaluate. PROMPTS is replaced at the end, all at once; the report has the reasons.
    """
    output = output or prompts.with_suffix(".quality.json")
    with progress("judging", hidden=quiet or as_json) as callback:
        rows = gate(prompts, output, videos, root=root, prompt_template=prompt_template, jobs=jobs, callback=callback)
    used = sum(row["use_ref_motion"] for row in rows)
    click.echo(json.dumps(rows, indent=2) if as_json else f"{used} of {len(rows)} references are followed: {output}")


def generate_mbench(pipe: Pipeline, prompts: Path, out: Path, *, hidden: bool, as_json: bool, **options: Any) -> None:
    """``vimogen generate --mbench``."""
    with progress("generating", hidden=hidden or as_json) as callback:
        made = generate(pipe, prompts, out, callback=callback, **options)
    if as_json:
        click.echo(json.dumps(made, indent=2))
        return
    text, follows, kept = made["from_text"], made["from_reference"], made["kept"]
    click.echo(f"{text} motions from text, {follows} from references, {kept} were there already: {out}")
    if made["without_reference"]:
        click.echo(f"{len(made['without_reference'])} references are not there: these were made from text", err=True)
