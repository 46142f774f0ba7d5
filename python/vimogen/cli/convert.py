"""``vimogen convert``: motion files, recovered motion and models into other formats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .. import Body, Motion
from .. import convert as convert_model
from ..motion import load_hmr
from . import formats
from .options import FILE, choice, dtype_option, json_option


@click.command(
    short_help="Turn a motion file or a model into another format.",
    epilog=f"Reads {' '.join(formats.READS)}, .npz also in the layout of AMASS. Writes .{' .'.join(formats.WRITES)}.",
)
@click.argument("source", type=FILE)
@click.argument("target", type=FILE)
@click.option("--fps", type=float, help="Resample the motion to this frame rate.")
@click.option("--from-fps", type=float, help="Frame rate of a motion whose file holds none.")
@click.option("--title", default="", help="Caption in a player (.html).")
@click.option("--hmr", is_flag=True, help="SOURCE holds SMPL-X parameters in the frame of a camera (.pt, .npz, .pkl).")
@click.option(
    "--body",
    "body_file",
    type=FILE,
    help="SMPL or SMPL-X file (.npz, .pkl): the body of --hmr and AMASS files, and of .glb and pictures.",
)
@click.option(
    "--joint-names", default="smpl", show_default=True, type=choice("JointNames"), help="Names of the joints in .bvh."
)
@click.option("--unit", default="cm", show_default=True, type=choice("LengthUnit"), help="Unit of length in .bvh.")
@click.option("--refit", is_flag=True, help="Compute the joints from the rotations.")
@click.option("--lock-feet", is_flag=True, help="As --refit, and keep standing feet in place.")
@click.option("--canonical", is_flag=True, help="Start at the origin, face +y and stand on the ground.")
@click.option("--text-only", is_flag=True, help="Leave out the reference path, a third of a model.")
@dtype_option("Type of the weights of a model.", stored=True)
@json_option
def convert(
    source: Path,
    target: Path,
    fps: float | None,
    from_fps: float | None,
    title: str,
    hmr: bool,
    body_file: Path | None,
    joint_names: Any,
    unit: Any,
    refit: bool,
    lock_feet: bool,
    canonical: bool,
    text_only: bool,
    dtype: str,
    as_json: bool,
) -> None:
    """Turn a motion file into another format, or a model folder into our layout.

    \b
    vimogen convert walk.pt walk.bvh
    vimogen convert --hmr params.pt --body SMPLX_NEUTRAL.npz walk.npz
    vimogen convert amass.npz --body SMPLX_NEUTRAL.npz walk.npz
    vimogen convert ViMoGen-1.3B/ model/ --dtype bfloat16 --text-only
    """
    if source.is_dir():
        written = convert_model(source, target, dtype=dtype, text_only=text_only)
        result: dict[str, Any] = {"model": str(target), "parameters": len(written)}
        text = f"{target}: {len(written)} tensors"
    else:
        body = None if body_file is None else Body(body_file)
        # With its camera, if the format stores one and nothing changes the clip.
        changed = fps or from_fps or refit or lock_feet or canonical
        whole = hmr and not changed and target.suffix.lower() in (".pt", ".pth", ".npz")
        if hmr:
            motion: Motion = load_hmr(source, body, save=target if whole else None)["motion"]
            motion = motion if from_fps is None else motion.with_fps(from_fps)
        else:
            motion = Motion.load(source, fps=from_fps, body=body)
        motion = motion.refit(lock_feet=lock_feet) if refit or lock_feet else motion
        motion = motion.canonical() if canonical else motion
        motion = motion if fps is None else motion.resample(fps)
        if not whole:
            formats.save(motion, target, title=title, body=body, joint_names=joint_names, unit=unit)
        result = {"file": str(target), "frames": len(motion), "fps": motion.fps}
        text = f"{target}: {len(motion)} frames at {motion.fps:g} fps"
    click.echo(json.dumps(result, indent=2) if as_json else text)
