"""Metrics of a motion in words."""

from __future__ import annotations

import json
import math
from importlib import resources
from typing import Any

from .._vimogen import Motion

# Meaning, unit for people, factor from the metric to it, and the bounds of good and fair: about the values of real
# motion and of generators on a public table of MBench's metrics. The engine in a page reads the same file.
METRICS: dict[str, tuple[str, str, float, float, float]] = {
    name: (row["about"], row["unit"], row["factor"], row["good"], row["poor"])
    for name, row in json.loads(resources.files(__package__).joinpath("metrics.json").read_text("utf-8")).items()
}


def explain(values: dict[str, float]) -> list[dict[str, Any]]:
    """Give name, value, unit, meaning and a word for each metric."""
    return [_explained(name, value) for name, value in values.items()]


def _explained(name: str, value: float) -> dict[str, Any]:
    about, unit, factor, good, poor = METRICS.get(name, (name.replace("_", " ").lower(), "", 1.0, 0.0, 0.0))
    if not math.isfinite(value):
        return {
            "name": name,
            "about": about,
            "value": None,
            "unit": unit,
            "shown": "not defined",
            "word": "not defined",
        }
    word = ""
    if poor > good:
        word = "good" if value <= good else "fair" if value <= poor else "poor"
    scaled = value * factor
    shown = f"{'below 0.01' if unit and 0 < scaled < 0.01 else f'{scaled:.3g}'} {unit}".strip()
    return {"name": name, "about": about, "value": value, "unit": unit, "shown": shown, "word": word}


def compare(first: Motion, second: Motion) -> list[str]:
    """Say how the second motion differs from the first, metric by metric."""
    a, b = first.quality(), second.quality()
    lines = []
    for name, value in a.items():
        other = b[name]
        about = METRICS.get(name, (name,))[0]
        if not (math.isfinite(value) and math.isfinite(other)):
            continue
        low, high = sorted((abs(value), abs(other)))
        if high < 1e-9 or high - low < 0.1 * high:
            lines.append(f"{about}: about the same")
        elif low < 1e-9:
            lines.append(f"{about}: only {'A' if abs(value) > abs(other) else 'B'} has any")
        else:
            bigger = "A" if abs(value) > abs(other) else "B"
            lines.append(f"{about}: {high / low:.1f} times as much in {bigger}")
    return lines
