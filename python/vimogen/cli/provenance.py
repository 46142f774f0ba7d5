"""The command that makes a motion again, from what its file says about its origin."""

from __future__ import annotations

import shlex
from typing import Any

from .._options import fields
from .options import flags

# Written out though they may be defaults: another version may have others.
_ALWAYS = {"num_frames", "num_inference_steps", "solver", "finish"}


def command(meta: dict[str, Any]) -> str | None:
    """Give the command line, or None where the file does not hold what it needs."""
    options = dict(meta["options"])
    words = ["vimogen"]
    if meta.get("parts"):
        words += ["sequence", *(f"{prompt}:{seconds:g}" for prompt, seconds in meta["parts"]), "-o", "sequence.npz"]
        options.pop("num_frames", None)
    elif meta.get("from") == "reference":
        words += ["generate", "--reference", "REFERENCE"]
    elif meta.get("prompt") is not None and meta.get("from") is None:
        words += ["generate", meta["prompt"]]
    else:
        return None
    words += ["--seed", str(meta["seed"])]
    if meta["model"] != "built-in":
        words += ["--model", meta["model"]]
    for field in fields("GenerateOptions"):
        words += _option(field, options)
    words += [word for name in ("dtype", "lora") if name in options for word in (f"--{name}", str(options[name]))]
    if meta.get("constraints") is not None:
        words += ["--constraints", "constraints.json"]
    return shlex.join(words)


def _option(field: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """Give the words of an option that is needed."""
    name = field["name"]
    value = options.get(name)
    if value is None or (value == field["default"] and name not in _ALWAYS):
        return []
    flag = flags(name)[-1]
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag[2:]}"]
    return [flag, *(f"{number:g}" for number in value)] if isinstance(value, list) else [flag, str(value)]
