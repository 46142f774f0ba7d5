"""``vimogen set-metrics``: FID and other metrics of sets of features."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np

from .. import InvalidArgumentError, mbench
from .options import COUNT, FILE, choice, json_option, seed_option

PAIRS, PAIRS_OF_ONE_TEXT = 300, 10


def _features(path: Path, axes: int) -> Any:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise InvalidArgumentError(f"{path} is not a .npy file of numbers: {error}") from error
    if not isinstance(array, np.ndarray) or array.ndim != axes or array.dtype.kind not in "fiu":
        shape = getattr(array, "shape", "several arrays")
        wanted = "(N, d)" if axes == 2 else "(texts, motions, d)"
        raise InvalidArgumentError(f"{path} should hold numbers of shape {wanted}, it has {shape}")
    return array.astype(np.float32)


def _figure(pair: tuple[float, float], **more: Any) -> dict[str, Any]:
    return {"mean": pair[0], "interval": pair[1], **more}


@click.command("set-metrics", short_help="FID and other metrics of sets of features in .npy files.")
@click.option("--generated", required=True, type=FILE, help="Features of generated motions, (N, d).")
@click.option("--real", type=FILE, help="Features of real motions, (M, d), for FID.")
@click.option("--text", type=FILE, help="Features of the texts, (N, d): row i belongs to row i of --generated.")
@click.option("--per-text", type=FILE, help="Features of several motions of each text, (texts, motions, d).")
@click.option("--pairs", type=COUNT, help=f"Number of pairs for diversity.  [default: {PAIRS}, or half the motions]")
@click.option(
    "--protocol",
    default="unbiased",
    show_default=True,
    type=choice("SetProtocol"),
    help="How pools and pairs are drawn; humanml3d: as evaluations on HumanML3D do, with 300 and 10 pairs.",
)
@click.option("--repetitions", type=COUNT, default=20, show_default=True, help="Number of draws.")
@seed_option
@json_option
def set_metrics(
    generated: Path,
    real: Path | None,
    text: Path | None,
    per_text: Path | None,
    pairs: int | None,
    protocol: str,
    repetitions: int,
    seed: int,
    as_json: bool,
) -> None:
    """Compare sets of motions by features of your own evaluator, in .npy files.

    \b
    vimogen set-metrics --generated ours.npy --real test.npy
    vimogen set-metrics --generated ours.npy --real test.npy --text prompts.npy --per-text thirty_each.npy
    vimogen set-metrics --generated ours.npy --real test.npy --text prompts.npy --protocol humanml3d

    FID needs --real; R-precision and MM-Dist --text; multimodality --per-text; diversity nothing more. Drawn metrics
    are means over the repetitions with half the width of their 95 % confidence interval.
    """
    drawn: Any = {"protocol": protocol, "repetitions": repetitions, "seed": seed}
    motion = _features(generated, 2)
    result: dict[str, Any] = {"motions": len(motion), **drawn}
    exact = protocol != "unbiased"

    def diverse(rows: Any) -> dict[str, Any]:
        usual = PAIRS if exact else max(1, min(PAIRS, len(rows) // 2))
        count = usual if pairs is None else pairs
        return _figure(mbench.diversity(rows, pairs=count, **drawn), pairs=count)

    if real is not None:
        others = _features(real, 2)
        result["fid"] = mbench.fid(motion, others)
        result["diversity_real"] = diverse(others)
    result["diversity"] = diverse(motion)
    if text is not None:
        words = _features(text, 2)
        top = mbench.r_precision(words, motion, **drawn)
        result["r_precision"] = {f"top_{k}": _figure(pair) for k, pair in enumerate(top, 1)}
        distance: Any = mbench.mm_dist(words, motion, **drawn)
        result["mm_dist"] = _figure(distance) if exact else distance
    if per_text is not None:
        rows = _features(per_text, 3)
        count = PAIRS_OF_ONE_TEXT if exact else max(1, min(PAIRS_OF_ONE_TEXT, rows.shape[1] // 2))
        result["multimodality"] = _figure(mbench.multimodality(rows, pairs=count, **drawn), pairs=count)
    click.echo(json.dumps(result, indent=2) if as_json else "\n".join(_lines(result)))


def _lines(result: dict[str, Any]) -> Iterator[str]:
    yield f"{result['motions']} motions; intervals of {result['repetitions']} repetitions; {result['protocol']}"
    if "fid" in result:
        yield _line("FID", result["fid"])
    for k, row in result.get("r_precision", {}).items():
        yield _line(f"R-precision, {k.replace('_', ' ')}", row)
    if "mm_dist" in result:
        yield _line("MM-Dist", result["mm_dist"])
    for key, name in (("diversity", "diversity"), ("diversity_real", "diversity of the real ones")):
        if key in result:
            yield _line(name, result[key])
    if "multimodality" in result:
        yield _line("multimodality", result["multimodality"])


def _line(name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return f"{name:<28} {value:9.4f}"
    pairs = f"  ({value['pairs']} pairs)" if "pairs" in value else ""
    return f"{name:<28} {value['mean']:9.4f} ± {value['interval']:.4f}{pairs}"
