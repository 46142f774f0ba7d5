"""``vimogen gate``: which references of MBench's prompt file are followed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .. import mbench
from .options import COUNT, FILE, json_option, quiet_option, root_option, template_option
from .progress import progress


@click.command(short_help="Decide which references of a prompt file are followed.")
@click.argument("prompts", type=FILE)
@click.option("--videos", required=True, type=FILE, help="Folder of the references, ID.mp4.")
@click.option("-o", "--output", type=FILE, help="The report.  [default: PROMPTS.quality.json]")
@root_option
@template_option
@click.option("-j", "--jobs", type=COUNT, default=4, show_default=True, help="Questions in parallel.")
@quiet_option
@json_option
def gate(
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
    judge is set as for evaluate. PROMPTS is replaced at the end; the report holds the reasons.
    """
    output = output or prompts.with_suffix(".quality.json")
    with progress("judging", hidden=quiet or as_json) as callback:
        rows = mbench.gate(
            prompts, output, videos, root=root, prompt_template=prompt_template, jobs=jobs, callback=callback
        )
    used = sum(row["use_ref_motion"] for row in rows)
    click.echo(json.dumps(rows, indent=2) if as_json else f"{used} of {len(rows)} references are followed: {output}")
