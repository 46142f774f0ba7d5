"""Record of a batch of generations, next to its motions: runs that differ are not mixed in one folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ._files import read_text, write_text
from ._vimogen import InvalidArgumentError, Pipeline, __version__

NAME = "vimogen-run.json"
# Bytes at the start and at the end of a file that are part of its fingerprint.
_SAMPLE = 1 << 16


def record(
    prompts: Sequence[str], model: str | Path | None, others: Mapping[str, Path | None], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the parts on which the motions of a run depend: the model, other files, the options and the prompts."""
    files = {name: None if path is None else fingerprint(path) for name, path in others.items()}
    return {
        "model": f"built in, {__version__}" if model is None else fingerprint(Path(model)),
        **files,
        "options": {name: _plain(value) for name, value in sorted(options.items()) if value is not None},
        "prompts": hashlib.sha256(json.dumps(list(prompts)).encode()).hexdigest()[:16],
    }


def record_of(
    pipeline: Pipeline, prompts: Sequence[str], others: Mapping[str, Path | None], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Give :func:`record` for a pipeline that is loaded."""
    origin = pipeline._origin
    files = {"lora": origin["lora"], **others}
    kept = {"dtype": origin["dtype"], "text_only": origin["text_only"], "text_encoder": origin["text_encoder"]}
    return record(prompts, origin["model"], files, {**options, **kept})


def fingerprint(path: Path) -> str:
    """Digest of a file, or of all files of a folder, by their names, sizes and ends: weights are too large to read."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    for file in files:
        size = file.stat().st_size
        digest.update(json.dumps([str(file.relative_to(path)), size]).encode())
        with file.open("rb") as data:
            digest.update(data.read(_SAMPLE))
            data.seek(max(0, size - _SAMPLE))
            digest.update(data.read(_SAMPLE))
    return digest.hexdigest()[:16]


def check(folder: Path, run: Mapping[str, Any]) -> None:
    """Refuse to continue a run in `folder` that differs from `run`, naming what differs."""
    path = folder / NAME
    if not path.exists():
        return
    try:
        before = json.loads(read_text(path))
    except ValueError as error:
        raise InvalidArgumentError(f"{path} is not JSON: {error}") from error
    different = list(_differences(before if isinstance(before, dict) else {}, run))
    if different:
        raise InvalidArgumentError(
            f"{folder} holds motions of another run: {'; '.join(different)}. "
            "Choose another folder, or remove its motions"
        )


def write(folder: Path, run: Mapping[str, Any]) -> None:
    """Write the record of a run, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / NAME, json.dumps(run, indent=2) + "\n")


def _plain(value: Any) -> Any:
    """As JSON gives the value back."""
    return json.loads(json.dumps(value, default=str))


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name in sorted({*before, *now}):
        a, b = before.get(name), now.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            found += _differences(a, b)
        elif a != b:
            found.append(f"{prefix}{name} was {json.dumps(a)} and is {json.dumps(b)}")
    return found
