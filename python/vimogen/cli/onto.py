"""``--onto hero.glb``: motions onto a character of the user's, as animations of its own file."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from .. import Body, Character, Motion
from . import formats
from .options import FILE
from .reading import Reading

ENDINGS = (".glb", ".vrm", ".gltf")
"""Endings of a character's file."""

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--onto",
        type=FILE,
        help="Your character (.glb, .gltf, .vrm): the result is this file with the motions as animations.",
    ),
    click.option(
        "--preset",
        "rig",
        type=click.Choice(Character.presets()),
        help="Instead of --onto: a skeleton with the joint names of this rig, as .glb, or .bvh for one motion.",
    ),
    click.option("--onto-names", type=FILE, help="With --onto: JSON file of the character's joint names, as --names."),
    click.option("--no-plant", is_flag=True, help="With --onto: carry rotations over alone, feet may slide."),
)


@dataclass(frozen=True)
class Onto:
    """The character of the command line, if there is one."""

    character: Path | None
    preset: str | None
    names: Path | None
    plant: bool

    def __bool__(self) -> bool:
        """Whether a character is given."""
        return self.name is not None

    @property
    def name(self) -> str | None:
        """Name of the character, for messages."""
        return self.preset if self.character is None else str(self.character)

    def check_target(self, out: Path | None) -> Path:
        """Give the file of a character with animations, or refuse another."""
        endings = ENDINGS if self.preset is None else (*ENDINGS, ".bvh")
        if out is None or out.suffix.lower() not in endings or out.is_dir():
            raise click.UsageError(f"--onto writes one file, a {', '.join(endings)}: --onto hero.glb -o hero-walk.glb")
        return out

    def perform(self, motions: Sequence[tuple[str, Motion]], out: Path, *, as_json: bool) -> list[dict[str, Any]]:
        """Write the character with the motions as animations of these names, and give the report of each."""
        if self.character is not None:
            hero = Character(self.character, names=self.names)
        else:
            hero = Character.preset(self.preset or "")
        for name, motion in motions:
            hero.add(motion, name, plant=self.plant)
        out.parent.mkdir(parents=True, exist_ok=True)
        hero.save(out)
        if not as_json:
            _show(self.name or "", out, hero.reports)
        return hero.reports


def onto_options(command: _F) -> _F:
    """Give a command the options of a character, which arrive as one argument, ``onto``."""

    @functools.wraps(command)
    def with_onto(
        *arguments: Any, onto: Path | None, rig: str | None, onto_names: Path | None, no_plant: bool, **options: Any
    ) -> Any:
        if onto is not None and rig is not None:
            raise click.UsageError("give --onto or --preset, not both")
        if (onto is None and onto_names is not None) or (onto is None and rig is None and no_plant):
            raise click.UsageError("--onto-names and --no-plant go with --onto")
        return command(*arguments, onto=Onto(onto, rig, onto_names, not no_plant), **options)

    wrapped: Any = with_onto
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


def read_all(
    sources: Sequence[Path],
    read: Reading,
    body: Body | None,
    *,
    fps: float | None,
    refit: bool,
    lock_feet: bool,
    canonical: bool,
) -> list[tuple[str, Motion]]:
    """Read motion files and those below folders, changed as the options say, each with the name of its file."""
    motions: list[tuple[str, Motion]] = []
    for source, _ in formats.motion_files(sources):
        motion = read(source, body)
        motion = motion.refit(lock_feet=lock_feet) if refit or lock_feet else motion
        motion = motion.canonical() if canonical else motion
        motions.append((source.stem, motion if fps is None else motion.resample(fps)))
    if not motions:
        raise click.UsageError(f"no motion file among {', '.join(map(str, sources))}")
    return motions


def _show(character: str, out: Path, reports: Sequence[dict[str, Any]]) -> None:
    """Print how well the character performs the motions."""
    for report in reports:
        worst = max((angle["median"] for angle in report["angles"]), default=0.0)
        slide = 1000 * report["slide"] / report["scale"]
        click.echo(
            f"{out}: {report['clip']}: {report['how']}; limbs within {worst:.1f} degrees (median); "
            f"{report['stands']} stands of feet, slide up to {slide:.1f} mm; steps x {report['scale']:.2f}"
        )
    first = reports[0]
    if first["missing"]:
        click.echo(f"{character}: it has no {', '.join(first['missing'])}", err=True)
    for doubt in first["warnings"]:
        click.echo(f"{character}: warning: {doubt}", err=True)
