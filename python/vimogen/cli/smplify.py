"""``vimogen smplify``: bodies for MBench's pose dimensions."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from .. import Body, VimogenError
from ..mbench import PoseScorer
from .formats import READS, is_motion
from .options import FILE, json_option


@click.command(short_help="Fit bodies to joints, for MBench's pose dimensions.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", type=FILE)
@click.option("-o", "--out", required=True, type=FILE, help="Folder for the bodies.")
@click.option("--body", "body_file", type=FILE, help="SMPL (SMPL_NEUTRAL.pkl).  [default: the neutral body]")
@click.option("--priors", type=FILE, help="Folder of gmm_08.pkl and neutral_smpl_mean_params.h5.  [default: built in]")
@click.option("--always-fit", is_flag=True, help="Also fit motions whose features hold rotations, as the release does.")
@json_option
def smplify(
    sources: tuple[Path, ...],
    out: Path,
    body_file: Path | None,
    priors: Path | None,
    always_fit: bool,
    as_json: bool,
) -> None:
    """Fit bodies to joints: <name>.pt of pose, joints and vertices, which Body_Penetration and Pose_Quality read.

    SOURCE is a file or a folder of files: joints (T, 22, 3) as .npy, y up, or motions of any format that is
    read, of which the rotations are used. A file that cannot be read is named, the others are fitted, and the exit
    code is 1.

    \b
    vimogen smplify joints/ -o bodies/ --body SMPL_NEUTRAL.pkl --priors smpl_models/
    """
    scorer = PoseScorer(None if body_file is None else Body(body_file), priors, always_fit=always_fit)
    files = sorted(found for source in sources for found in (source.iterdir() if source.is_dir() else [source]))
    files = [file for file in files if is_motion(file)]
    if not files:
        raise click.UsageError(f"no {', '.join(READS)} among {', '.join(map(str, sources))}")
    targets = [out / f"{file.stem}.pt" for file in files]
    if len(set(targets)) < len(targets) or any(target.resolve() in {f.resolve() for f in files} for target in targets):
        raise click.UsageError("two sources have one name, or a source would be written over: use another --out")
    out.mkdir(parents=True, exist_ok=True)
    origins: dict[str, int] = {}
    written, failed = [], []
    with click.progressbar(targets, label="bodies", file=sys.stderr) as bar:
        for file, target in zip(files, bar, strict=True):
            try:
                origin = scorer.write(file, target)
            except (VimogenError, OSError) as error:
                failed.append({"file": str(file), "reason": str(error)})
                continue
            origins[origin] = origins.get(origin, 0) + 1
            written.append(str(target))
    for row in failed:
        click.echo(f"{row['file']}: left out: {row['reason']}", err=True)
    if as_json:
        click.echo(json.dumps({"files": written, "origins": origins, "failed": failed}, indent=2))
    else:
        poses = ", ".join(f"{k} {n}" for k, n in sorted(origins.items())) or "none"
        click.echo(f"{out}: {len(written)} bodies; poses {poses}{f'; {len(failed)} left out' if failed else ''}")
    if failed:
        click.get_current_context().exit(1)
