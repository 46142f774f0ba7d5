"""Options of commands that read motion files, and what was found in a file."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from .. import Body, Motion, MotionWarning
from .options import FILE, choice

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--from-fps", type=float, help="Frame rate of the files.  [default: found]"),
    click.option("--from-unit", type=choice("LengthUnit"), help="Unit of length of the files.  [default: found]"),
    click.option("--up", type=choice("UpAxis"), help="Axis of the files that points up.  [default: found]"),
    click.option("--person", help="Name or number of the person to read from a file of several."),
    click.option("--names", type=FILE, help='JSON file of joint names, {"pelvis": "Hips"}, for an unknown skeleton.'),
    click.option("--fit", is_flag=True, help="Fit a body to joint positions without rotations."),
)
_ARGUMENTS = {"from_fps": "fps", "from_unit": "unit", "up": "up", "person": "person", "names": "names"}


@dataclass(frozen=True)
class Reading:
    """Reads motion files with the options of the command line."""

    options: dict[str, Any]

    @property
    def is_given(self) -> bool:
        """Whether the command line says how files are read."""
        return any(self.options.values())

    def __call__(self, path: Path, body: Body | None = None) -> Motion:
        """Read a motion file."""
        return Motion.load(path, body=body, **self.options)


def reading_options(command: _F) -> _F:
    """Give a command the options of reading, which arrive as one argument, ``read``."""

    @functools.wraps(command)
    def with_read(*arguments: Any, **options: Any) -> Any:
        given = {name: options.pop(option) for option, name in _ARGUMENTS.items()}
        given["fit_joints"] = options.pop("fit")
        return command(*arguments, read=Reading(given), **options)

    wrapped: Any = with_read
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


def print_doubts() -> None:
    """Print warnings about motion files as lines for people, each time."""
    warnings.simplefilter("always", MotionWarning)
    usual = warnings.showwarning

    def show(message: Any, category: Any, *where: Any, **options: Any) -> None:
        if issubclass(category, MotionWarning):
            click.echo(f"warning: {message}", err=True)
        else:
            usual(message, category, *where, **options)

    warnings.showwarning = show


def leave_doubts_to_the_command() -> None:
    """Print no warnings about motion files: the command reports them with the file."""
    warnings.simplefilter("ignore", MotionWarning)


def length(motion: Motion) -> str:
    """Describe the length of a motion."""
    return f"{len(motion)} frames at {motion.fps:g} fps"


def found(motion: Motion) -> str:
    """Describe the file of a motion in a line."""
    source = motion.source
    if source is None:
        return length(motion)
    said = [f"{name} {source[name]}" for name in ("up", "unit", "person") if source[name] is not None]
    if len(source["persons"]) > 1:
        said.append(f"one of {len(source['persons'])} persons")
    rate = f" ({source['rate']})" if source["rate"] not in ("", "file") else ""
    return ", ".join([source["kind"], *said, length(motion) + rate])
