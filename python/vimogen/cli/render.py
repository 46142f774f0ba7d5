"""``vimogen render``: pictures and videos of a motion."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .. import Body
from .._options import fields
from .options import FILE, choice, json_option, quiet_option
from .progress import progress
from .reading import Reading, reading_options

if TYPE_CHECKING:
    from .._types import Style

_DEFAULTS = {field["name"]: field["default"] for field in fields("RenderOptions")}


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Read one side, or both: 960 or 1280x720."""
    found = re.fullmatch(r"(\d{1,6})(?:x(\d{1,6}))?", value or "960")
    if found is None:
        raise click.BadParameter(f"{value} is not a size; write 960 or 1280x720")
    return (int(found[1]), int(found[2] or found[1])) if value else None


@click.command(short_help="Draw a motion: video, GIF, contact sheet, pictures.")
@click.argument("source", type=FILE)
@click.option("--mp4", type=FILE, help="A video (H.264) to write.")
@click.option("--gif", type=FILE, help="A GIF to write.")
@click.option("--png", type=FILE, help="A contact sheet of 8 moments to write, or the picture of --frame.")
@click.option("--frames", type=FILE, help="Folder for one PNG per frame.")
@click.option("--frame", type=click.IntRange(0), help="Draw only this frame; the first is 0.")
@click.option("--size", callback=_size, help="Pixels, 960 or 1280x720.  [default: 960; depth: 384; that of an overlay]")
@click.option("--fps", type=float, help="Pictures per second.  [default: the motion's]")
@click.option(
    "--camera",
    default=_DEFAULTS["view"],
    show_default=True,
    type=choice("View"),
    help="Stands still and sees the whole path, or follows the body; auto follows a path of more than 2 m, mbench is "
    "the camera of MBench's videos, without yaw and pitch.",
)
@click.option(
    "--yaw",
    default=_DEFAULTS["yaw"],
    show_default=True,
    help="Direction of the camera in degrees, from the front of the body to its right.",
)
@click.option("--pitch", default=_DEFAULTS["pitch"], show_default=True, help="Downward angle of the camera in degrees.")
@click.option("--depth", is_flag=True, help="Depth in shades of grey, white is near.")
@click.option("--plain", is_flag=True, help="The body in one colour, without the tints of its left and right.")
@click.option("--mesh", type=FILE, help="SMPL or SMPL-X file (.npz, .pkl) of the body.  [default: the neutral body]")
@click.option("--figure", is_flag=True, help="Draw a mannequin at the joints instead of a skinned body.")
@click.option("--overlay", type=FILE, help="Folder of PNG frames of a video to blend with, at 50 %.")
@reading_options
@quiet_option
@json_option
def render(
    source: Path,
    mp4: Path | None,
    gif: Path | None,
    png: Path | None,
    frames: Path | None,
    frame: int | None,
    size: tuple[int, int] | None,
    fps: float | None,
    camera: Any,
    yaw: float,
    pitch: float,
    depth: bool,
    plain: bool,
    mesh: Path | None,
    figure: bool,
    overlay: Path | None,
    read: Reading,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw a motion: a video, a GIF, a contact sheet or one picture per frame. No GPU and no display are needed.

    \b
    vimogen render walk.npz --mp4 walk.mp4
    vimogen render walk.npz --gif walk.gif --size 640x360 --camera follow --yaw 45 --pitch 10
    vimogen render walk.npz --png pose.png --frame 40
    """
    endings = {".mp4": mp4, ".gif": gif, ".png": png, "": frames}
    wanted = {ending: path for ending, path in endings.items() if path is not None}
    if not wanted:
        raise click.UsageError("there is nothing to write; for example: --mp4 walk.mp4")
    if figure and mesh is not None:
        raise click.UsageError("a figure is drawn in place of a mesh; give one of --figure and --mesh")
    if depth and plain:
        raise click.UsageError("depth has no colours; give one of --depth and --plain")
    style: Style = "depth" if depth else "plain" if plain else "lit"
    for ending, path in wanted.items():
        if path.suffix.lower() != ending:
            raise click.UsageError(
                f"{path} should {f'end in {ending}' if ending else 'be a folder, without an ending'}"
            )
    motion = read(source)
    if frame is not None:
        if not 0 <= frame < len(motion):
            raise click.UsageError(f"there is no frame {frame}: the motion has {len(motion)}, the first is 0")
        motion = motion[frame : frame + 1]
    body = None if mesh is None else Body(mesh)
    for path in wanted.values():
        with progress(path.name, hidden=quiet or as_json) as callback:
            motion.render(
                path,
                size=size,
                fps=fps,
                view=camera,
                yaw=yaw,
                pitch=pitch,
                style=style,
                body=body,
                figure=figure,
                overlay=overlay,
                callback=callback,
            )
    written = [str(path) for path in wanted.values()]
    click.echo(json.dumps({"files": written, "frames": len(motion)}, indent=2) if as_json else "\n".join(written))
