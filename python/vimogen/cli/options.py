"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from .._options import DEFAULT_SEED, about, fields, names, prose

_F = TypeVar("_F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path)
COUNT = click.IntRange(1)
SEED = click.IntRange(0)
SHARE = click.FloatRange(0, 1)

# Shorter flags than the name of the option in Python.
_FLAGS = {
    "num_frames": ["-n", "--frames"],
    "num_inference_steps": ["--steps"],
    "guidance_scale": ["--guidance"],
}
_OF_PRESET = {"num_inference_steps", "solver"}

device_option = click.option(
    "--device", default="cpu", show_default=True, help="cpu, cuda, cuda:N or wgpu, as far as they are built in."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, for programs.")
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
root_option = click.option(
    "--root", default=".", show_default=True, type=FILE, help="Folder that the paths in the prompt file start from."
)
template_option = click.option(
    "--prompt-template", type=FILE, help="File with another wording of the judge's questions."
)
seed_option = click.option("--seed", type=SEED, default=DEFAULT_SEED, show_default=True, help="Seed of what is drawn.")


def choice(enum: str) -> click.Choice[str]:
    """Choice among the names of an enum."""
    return click.Choice(names(enum))


def dtype_option(text: str) -> Callable[[_F], _F]:
    """``--dtype``: type of weights in memory or in files."""
    kinds = names("WeightDtype")
    return click.option("--dtype", default=kinds[0], show_default=True, type=click.Choice(kinds), help=text)


def generation_options(command: _F) -> _F:
    """Give a command ``--quality`` and every option of a generation, which arrive under their names in Python."""
    for field in reversed(fields("GenerateOptions")):
        command = _option(field)(command)
    quality = click.option(
        "--quality", default=names("Preset")[0], show_default=True, type=choice("Preset"), help=about("Preset") + "."
    )
    return quality(command)


def flags(name: str) -> list[str]:
    """Flags of an option of a generation, the long one last."""
    return _FLAGS.get(name, ["--" + name.replace("_", "-")])


def _option(field: dict[str, Any]) -> Callable[[_F], _F]:
    """The option of the command line for one of the core."""
    name = field["name"]
    words = flags(name)
    if field["kind"] == "bool":
        words = [f"{words[0]}/--no-{words[0][2:]}"]
    text, _, unset = prose(field["doc"]).partition(" `None`: ")
    shown: bool | str = unset.rstrip(".") if unset else True
    kept = None if unset or name in _OF_PRESET else field["default"]
    if name in _OF_PRESET:
        shown = "as --quality"
    metavar = "LOW HIGH" if field["kind"] == "pair" else None
    return click.option(
        *words, name, type=_type(field), default=kept, show_default=shown, metavar=metavar, help=text.replace("`", "")
    )


def _type(field: dict[str, Any]) -> Any:
    kind, bounds = field["kind"], field["range"]
    if kind == "bool":
        return bool
    if kind == "int":
        return click.IntRange(int(bounds["low"]), int(bounds["high"])) if bounds else SEED
    if kind in ("float", "pair"):
        number: Any = float
        if bounds:
            number = click.FloatRange(bounds["low"], bounds["high"], min_open=not bounds["includes_low"])
        return (number, number) if kind == "pair" else number
    return choice(kind)
