"""``vimogen convert``: motion files, recovered motion and models into other formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from .. import Body, Motion
from .. import convert as convert_model
from ..motion import load_hmr
from . import formats
from .conversion import Converted, convert_all, summary, targets
from .onto import Onto, onto_options, read_all
from .options import FILE, choice, dtype_option, json_option, quiet_option
from .progress import progress
from .reading import Reading, leave_doubts_to_the_command, reading_options


@click.command(
    short_help="Turn motion files of any program, or a model, into another format.",
    epilog=f"Reads {' '.join(formats.READS)}. Writes .{' .'.join(formats.WRITES)}.",
)
@click.argument("sources", nargs=-1, required=True, type=FILE, metavar="SOURCE... [TARGET]")
@click.option("-o", "--out", type=FILE, help="Folder for the results of many files and folders, or the file of one.")
@click.option(
    "--to",
    "endings",
    multiple=True,
    type=click.Choice(formats.WRITES),
    help="With --out: format of the results; may be repeated.  [default: npz]",
)
@reading_options
@click.option("--fps", type=float, help="Resample the motion to this frame rate.")
@click.option("--refit", is_flag=True, help="Compute the joints from the rotations.")
@click.option("--lock-feet", is_flag=True, help="As --refit, and keep standing feet in place.")
@click.option("--canonical", is_flag=True, help="Start at the origin, face +y and stand on the ground.")
@click.option("--title", default="", help="Caption in a player (.html).")
@click.option("--hmr", is_flag=True, help="SMPL-X parameters in the frame of a camera (.pt, .npz, .pkl), on the floor.")
@click.option(
    "--body",
    "body_file",
    type=FILE,
    help="SMPL or SMPL-X file (.npz, .pkl): the body of clips of SMPL parameters, and of .glb and pictures.",
)
@click.option(
    "--joint-names",
    type=choice("JointNames"),
    help="Names of the joints, in formats with a skeleton.  [default: smpl]",
)
@click.option("--bones", type=choice("HumanBones"), help="Bones in .vrma.  [default: all]")
@click.option(
    "--unit", type=choice("LengthUnit"), help="Unit of length.  [default: cm in .bvh, the format's in others]"
)
@onto_options
@click.option("--text-only", is_flag=True, help="Of a model: leave out the reference path, a third of it.")
@dtype_option("Of a model: type of the weights.")
@quiet_option
@json_option
def convert(
    sources: tuple[Path, ...],
    out: Path | None,
    endings: tuple[str, ...],
    read: Reading,
    hmr: bool,
    body_file: Path | None,
    onto: Onto,
    text_only: bool,
    dtype: str,
    quiet: bool,
    as_json: bool,
    **change: Any,
) -> None:
    """Turn motion files into another format, or a model folder into our layout.

    \b
    vimogen convert dance.bvh dance.glb
    vimogen convert clips/ more/walk.bvh -o out --to npz --to html
    vimogen convert walk.npz hero-walk.glb --onto hero.glb
    vimogen convert --onto hero.glb walk.npz wave.bvh -o hero-animated.glb
    vimogen convert amass.npz walk.npz --body SMPLX_NEUTRAL.npz
    vimogen convert params.pt walk.npz --hmr --body SMPLX_NEUTRAL.npz
    vimogen convert ViMoGen-1.3B/ model/ --dtype bfloat16 --text-only

    Format, up axis, unit and frame rate of each file are found and printed; --up, --from-unit and
    --from-fps override them. A file that cannot be read is named, the others are converted, and the exit code is 1.
    """
    leave_doubts_to_the_command()
    if onto:
        if hmr or endings:
            raise click.UsageError("--onto writes the character's own file and excludes --to and --hmr")
        _onto(onto, sources, out, read, body_file, as_json=as_json, **change)
        return
    source, target = _pair(sources, out, endings)
    if source is not None and source.is_dir() and target is not None and formats.is_model(source):
        written = convert_model(source, target, dtype=dtype, text_only=text_only)
        rows = {"model": str(target), "parameters": len(written)}
        click.echo(json.dumps(rows, indent=2) if as_json else f"{target}: {len(written)} tensors")
        return
    body = None if body_file is None else Body(body_file)
    one = _conversion(read, body, hmr=hmr, **change)
    if source is not None and target is not None:
        with progress("converting", hidden=quiet or as_json) as bar:
            result = one(source, [target], bar)
        if as_json:
            click.echo(json.dumps({"file": str(target), **result.report()}, indent=2))
        else:
            for line, trouble in result.lines():
                click.echo(line, err=trouble)
        return
    assert out is not None
    done = convert_all(targets(sources, out, endings or ("npz",)), one, quiet=quiet, as_json=as_json)
    failed = [result for result in done if result.reason is not None]
    if as_json:
        rows_of_all = {"files": [result.report() for result in done if result.reason is None]}
        rows_of_all["failed"] = [{"file": result.source, "reason": result.reason} for result in failed]
        click.echo(json.dumps(rows_of_all, indent=2))
    else:
        click.echo(summary(done, out), err=True)
    if failed:
        click.get_current_context().exit(1)


def _onto(
    onto: Onto,
    sources: tuple[Path, ...],
    out: Path | None,
    read: Reading,
    body_file: Path | None,
    *,
    as_json: bool,
    **change: Any,
) -> None:
    """Put motion files onto a character; without --out the last argument is the file to write."""
    given = click.get_current_context().get_parameter_source
    for name in ("joint_names", "unit", "title"):
        if given(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name.replace('_', '-')} does not go with a character, whose file has its own")
    clips = sources if out is not None else sources[:-1]
    target = onto.check_target(out if out is not None else sources[-1])
    if not clips:
        raise click.UsageError("there is no motion: vimogen convert walk.npz hero-walk.glb --onto hero.glb")
    kept = {name: change[name] for name in ("fps", "refit", "lock_feet", "canonical")}
    motions = read_all(clips, read, None if body_file is None else Body(body_file), **kept)
    reports = onto.perform(motions, target, as_json=as_json)
    if as_json:
        click.echo(json.dumps({"file": str(target), "character": onto.name, "clips": reports}, indent=2))


def _pair(
    sources: tuple[Path, ...], out: Path | None, endings: tuple[str, ...]
) -> tuple[Path, Path] | tuple[None, None]:
    """Give the file and its target if there is one file, and nothing for the results of a folder."""
    if out is None:
        if endings:
            raise click.UsageError("--to needs --out, a folder; without it the ending of TARGET is the format")
        if len(sources) != 2:
            example = "vimogen convert clips/ -o out --to npz"
            raise click.UsageError(f"give SOURCE and TARGET, or a folder for the results with --out: {example}")
        source, target = sources
        if source.is_dir() and not formats.is_model(source) and not formats.is_clip(source):
            raise click.UsageError(f"{source} holds motions; give --out: vimogen convert {source} -o {target}")
        return source, target
    single = len(sources) == 1 and not endings and (not sources[0].is_dir() or formats.is_clip(sources[0]))
    if single and not out.is_dir() and out.suffix[1:].lower() in formats.WRITES:
        return sources[0], out
    return None, None


def _conversion(
    read: Reading,
    body: Body | None,
    *,
    hmr: bool,
    fps: float | None,
    refit: bool,
    lock_feet: bool,
    canonical: bool,
    **written: Any,
) -> Callable[..., Converted]:
    """Make the function that converts a file; the options `written` are those of :func:`formats.save`.

    Its last argument, if given, is called after the file was read and after each that was written.
    """
    changed = bool(fps or refit or lock_feet or canonical)

    def one(source: Path, files: Sequence[Path], show: Callable[[str, int, int], None] | None = None) -> Converted:
        def done(count: int) -> None:
            if show is not None:
                show("", count, 1 + len(files))

        # With its camera, if the format stores one and nothing changes the clip.
        whole = [file for file in files if hmr and not changed and file.suffix.lower() in (".pt", ".pth", ".npz")]
        camera: Any = {name: read.options[name] for name in ("fps", "up", "person")}
        if hmr:
            motion: Motion = load_hmr(source, body, **camera)["motion"]
        else:
            motion = read(source, body)
        done(1)
        kept = motion
        motion = motion.refit(lock_feet=lock_feet) if refit or lock_feet else motion
        motion = motion.canonical() if canonical else motion
        motion = motion if fps is None else motion.resample(fps)
        for count, file in enumerate(files, 2):
            file.parent.mkdir(parents=True, exist_ok=True)
            if file in whole:
                load_hmr(source, body, save=file, **camera)
            else:
                formats.save(motion, file, body=body, **written)
            done(count)
        return Converted.of(source, files, motion, kept)

    return one
