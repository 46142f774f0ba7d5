"""``vimogen retarget``: motion files as joint values of a robot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .. import Body, Robot
from .onto import read_all
from .options import FILE, choice, json_option
from .reading import Reading, leave_doubts_to_the_command, reading_options

_ENDINGS = (".csv", ".npz", ".pkl")
_USUAL_FPS = {"lafan1": 30.0, "bones-seed": 30.0}
"""Frames per second that readers of a layout take unless another is given."""


@click.command(short_help="Turn motion files into joint values of a robot.")
@click.argument("sources", nargs=-1, required=True, type=FILE, metavar="MOTION...")
@click.option("--robot", required=True, type=FILE, help="The robot: a MuJoCo model (.xml), such as Unitree's G1.")
@click.option(
    "-o",
    "--out",
    required=True,
    type=FILE,
    help="A .csv, .npz or .pkl file; for several motions a folder of .csv files.",
)
@click.option("--layout", type=choice("RobotLayout"), help="Layout of .csv.  [default: mujoco]")
@click.option(
    "--fps", type=float, help="Frame rate.  [default: 30 of lafan1, bones-seed and .pkl, that of the motion otherwise]"
)
@click.option("--robot-names", type=FILE, help='JSON file of the robot\'s bodies, {"left_knee": "link_4"}.')
@click.option(
    "--max-velocity",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    help="Highest speed of a joint, rad/s.",
)
@click.option("--no-plant", is_flag=True, help="Leave feet where the joints put them: they may slide and sink.")
@click.option(
    "--body", "body_file", type=FILE, help="SMPL or SMPL-X file (.npz, .pkl): the body of clips of SMPL parameters."
)
@reading_options
@json_option
def retarget(
    sources: tuple[Path, ...],
    robot: Path,
    out: Path,
    layout: Any,
    fps: float | None,
    robot_names: Path | None,
    max_velocity: float,
    no_plant: bool,
    body_file: Path | None,
    read: Reading,
    as_json: bool,
) -> None:
    """Turn motion files into joint values of a robot, within its limits.

    \b
    vimogen retarget walk.npz --robot g1.xml -o walk.csv
    vimogen retarget walk.npz --robot g1.xml -o walk.csv --layout lafan1
    vimogen retarget clips/ --robot g1.xml -o robot/ --fps 50

    The robot stands with z up in the pose in which its model is written. A .csv gets a note of its layout, rate and
    columns next to it, walk.csv.json. For characters with a mesh see vimogen convert --onto.
    """
    leave_doubts_to_the_command()
    single = out.suffix.lower() in _ENDINGS and not out.is_dir()
    if layout is not None and single and out.suffix.lower() != ".csv":
        raise click.UsageError(f"--layout is of .csv, not of {out.suffix}")
    if fps is None:
        fps = 30.0 if out.suffix.lower() == ".pkl" else _USUAL_FPS.get(layout or "")
    machine = Robot(robot, names=robot_names)
    body = None if body_file is None else Body(body_file)
    motions = read_all(sources, read, body, fps=fps, refit=False, lock_feet=False, canonical=False)
    if single and len(motions) > 1:
        raise click.UsageError(f"{len(motions)} motions do not go into one file; give a folder: -o {out.stem}")
    reports = []
    for name, motion in motions:
        target = out if single else out / f"{name}.csv"
        done = machine.retarget(motion, plant=not no_plant, velocity=max_velocity)
        target.parent.mkdir(parents=True, exist_ok=True)
        done.save(target, layout=layout)
        reports.append({"file": str(target), **done.report})
        if not as_json:
            _show(target, done.report, first=len(reports) == 1)
    if as_json:
        click.echo(json.dumps({"robot": machine.name, "motions": reports}, indent=2))


def _show(target: Path, report: dict[str, Any], *, first: bool) -> None:
    """Print how well the robot follows a motion."""
    click.echo(
        f"{target}: {report['frames']} frames at {report['fps']:g} fps; {report['violations']} values beyond limits; "
        f"up to {report['max_velocity']:.1f} rad/s ({report['fastest']}); bodies within "
        f"{1000 * report['mean_error']:.0f} mm (mean), {1000 * report['max_error']:.0f} mm (max)"
    )
    click.echo(
        f"  {report['stands']} stands of feet, slide up to {1000 * report['slide']:.1f} mm; penetration "
        f"{1000 * report['penetration']:.1f} mm; legs x {report['scale']:.3f}, arms x {report['arm_scale']:.3f}"
    )
    if first:
        if report["missing"]:
            click.echo(f"the robot has no {', '.join(report['missing'])}", err=True)
        for doubt in report["warnings"]:
            click.echo(f"warning: {doubt}", err=True)
