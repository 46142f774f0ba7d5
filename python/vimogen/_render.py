"""``vimogen render`` and ``vimogen view``: pictures, films and players of motions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click

from . import Body, Motion, save_player
from ._options import FILE, json_option, quiet_option
from ._progress import progress


def _size(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Read one side, or both: 960 or 1280x720."""
    found = re.fullmatch(r"(\d{1,6})(?:x(\d{1,6}))?", value or "960")
    if found is None:
        raise click.BadParameter(f"{value} is not a size; write 960 or 1280x720")
    return (int(found[1]), int(found[2] or found[1])) if value else None


@click.command("render", short_help="Draw a motion: video, GIF, contact sheet, pictures.")
@click.argument("source", type=FILE)
@click.option("--mp4", type=FILE, help="A video (H.264) to write.")
@click.option("--gif", type=FILE, help="A GIF to write.")
@click.option("--png", type=FILE, help="A contact sheet of 8 moments to write, or the picture of --frame.")
@click.option("--frames", type=FILE, help="A folder for a PNG a frame.")
@click.option("--frame", type=int, help="Draw this frame alone; the first is 0.")
@click.option("--size", callback=_size, help="Pixels, 960 or 1280x720.  [default: 960; depth: 384; that of an overlay]")
@click.option("--fps", type=float, help="Pictures a second.  [default: the motion's]")
@click.option(
    "--camera",
    default="path",
    show_default=True,
    type=click.Choice(["path", "follow"]),
    help="Stand still and see the whole path, or go with the body.",
)
@click.option("--yaw", default=0.0, show_default=True, help="Degrees around the body, from its front to its right.")
@click.option("--pitch", default=30.0, show_default=True, help="How far the camera looks down, degrees.")
@click.option("--depth", is_flag=True, help="Depth in shades of grey, white is near.")
@click.option("--mesh", type=FILE, help="A file of SMPL or SMPL-X (.npz, .pkl) to wear the motion.")
@click.option("--figure", is_flag=True, help="A mannequin about the joints, in place of a body that rotations bend.")
@click.option("--overlay", type=FILE, help="A folder of PNG frames of a video to draw over, at 50 %.")
@quiet_option
@json_option
def render_command(
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
    mesh: Path | None,
    figure: bool,
    overlay: Path | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Draw a motion: a video, a GIF, a contact sheet or a picture a frame. It needs no GPU and no display.

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
    for ending, path in wanted.items():
        if path.suffix.lower() != ending:
            raise click.UsageError(
                f"{path} should {f'end in {ending}' if ending else 'be a folder, without an ending'}"
            )
    motion = Motion.load(source)
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
                style="depth" if depth else "lit",
                body=body,
                figure=figure,
                overlay=overlay,
                callback=callback,
            )
    written = [str(path) for path in wanted.values()]
    click.echo(json.dumps({"files": written, "frames": len(motion)}, indent=2) if as_json else "\n".join(written))


@click.command("view", short_help="Make a page that plays motions side by side.")
@click.argument("motions", nargs=-1, required=True, type=FILE)
@click.option("-o", "--out", required=True, type=FILE, help="The page, a .html file.")
@click.option(
    "--title", "titles", multiple=True, help="A caption a motion; may be repeated.  [default: names of files]"
)
def view_command(motions: tuple[Path, ...], out: Path, titles: tuple[str, ...]) -> None:
    """Make a page that plays motions side by side, with their MBench numbers. It needs no network.

    \b
    vimogen view before.npz after.npz -o compare.html
    """
    if titles and len(titles) != len(motions):
        raise click.UsageError(f"{len(titles)} captions for {len(motions)} motions")
    if out.suffix.lower() != ".html":
        raise click.UsageError(f"{out} should end in .html")
    save_player(out, [Motion.load(path) for path in motions], list(titles) or [path.stem for path in motions])
    click.echo(out)
