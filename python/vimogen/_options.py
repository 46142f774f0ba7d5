"""Options and named values, as the compiled module declares them."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

from ._load import _vimogen

_F = TypeVar("_F", bound=Callable[..., Any])

SCHEMA: dict[str, Any] = json.loads(_vimogen.schema())
DEFAULT_SEED: int = SCHEMA["seed"]


def names(enum: str) -> list[str]:
    """Names of an enum's values."""
    return [variant["name"] for variant in SCHEMA["enums"][enum]["variants"]]


def about(enum: str) -> str:
    """Names of an enum's values and their meanings, in one line."""
    return "; ".join(
        f"{v['name']}: {prose(v['doc']).replace('`', '').rstrip('.')}" for v in SCHEMA["enums"][enum]["variants"]
    )


def fields(struct: str) -> list[dict[str, Any]]:
    """Rows of a table of options."""
    rows: list[dict[str, Any]] = SCHEMA["options"][struct]
    return rows


def prose(doc: str) -> str:
    """Documentation as one paragraph."""
    return " ".join(doc.split())


def accepted(field: dict[str, Any]) -> str:
    """Values that an option accepts, in words."""
    enum, bounds = SCHEMA["enums"].get(field["kind"]), field["range"]
    if enum is not None:
        return "{" + ", ".join(f'"{name}"' for name in names(field["kind"])) + "}"
    if bounds is None:
        return str(field["kind"])
    low, high = f"{bounds['low']:g}", f"{bounds['high']:g}"
    words = f"{low} to {high}" if bounds["includes_low"] else f"above {low}, at most {high}"
    return f"two numbers, {words}" if field["kind"] == "pair" else f"{field['kind']}, {words}"


# The option of a generation that stands for several.
_PRESET: dict[str, Any] = {
    "name": "quality",
    "kind": "Preset",
    "range": None,
    "default": names("Preset")[0],
    "doc": "Preset of steps and solver: " + about("Preset") + ".",
}


def lists_options(struct: str, *, preset: bool = False, but: tuple[str, ...] = ()) -> Callable[[_F], _F]:
    """Decorate a function with ``**options``: its signature and its docstring then list each option.

    In the docstring they take the place of the parameter ``**options`` with its description of one line. With `preset`
    the option ``quality`` is listed too; those in `but` are not.
    """

    def decorate(function: _F) -> _F:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        rows = [_PRESET] if preset else []
        rows += [field for field in fields(struct) if field["name"] not in (*signature.parameters, *but)]
        listed = [
            inspect.Parameter(field["name"], inspect.Parameter.KEYWORD_ONLY, default=field["default"]) for field in rows
        ]
        function.__signature__ = signature.replace(parameters=own + listed)  # type: ignore[attr-defined]
        if function.__doc__:
            function.__doc__ = re.sub(r"( *)\*\*options\n *[^\n]+", lambda m: _rows(rows, m[1]), function.__doc__)
        return function

    return decorate


def _rows(rows: list[dict[str, Any]], indent: str) -> str:
    lines = []
    for field in rows:
        default = "" if field["default"] is None else f", default {json.dumps(field['default'])}"
        default = default.replace("true", "True").replace("false", "False")
        lines.append(f"{indent}{field['name']} : {accepted(field)}{default}")
        inner = indent + "    "
        lines += textwrap.wrap(prose(field["doc"]), 112, initial_indent=inner, subsequent_indent=inner)
    return "\n".join(lines)
