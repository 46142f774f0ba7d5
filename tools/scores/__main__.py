"""All yardsticks of a text-to-motion model of this project, as the page docs/nano-scores.md.

    python tools/scores [--model DIR] [--mocap DIR] [--paraphrases PROGRAM] [--report FILE] [--only NAME ...]

The yardsticks: `paraphrases` (held-out wordings, by the Rust program evaluate_nano), `first` (what people type
first), `human` (likeness to people, and a classifier), `seeds` (variety) and `feet`. `human` and `feet` need
recordings of people: a folder with captions.csv (docs/src/how-to/train.md). Without it they compare with the figures
in people.json, and there is no classifier. `make nano-evaluate` builds the programs and runs this.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

import apart
import sets
import vimogen
from checks import judge, parse
from human import FEET, ROWS, Clip, clip_of

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIRST = ROOT / "tests" / "prompts" / "first.txt"
# Values of people and of the model of commit 6afc564, written by --keep.
PEOPLE, BASELINE = HERE / "people.json", HERE / "baseline.json"
YARDSTICKS = ("paraphrases", "first", "human", "seeds", "feet")
OUTCOMES = ("did it", "partly", "said it would not", "silently something else")


def main() -> None:
    options = _options()
    warnings.simplefilter("ignore", vimogen.PromptWarning)
    pipe = vimogen.Pipeline.from_pretrained(options.model)
    parts, values = [], {}
    if "paraphrases" in options.only and options.paraphrases:
        parts.append(_paraphrases(options))
    if "first" in options.only:
        text, values["first"] = _first(pipe, options)
        parts.append(text)
    if {"human", "seeds", "feet"} & set(options.only):
        text, more = _human(pipe, options)
        parts.append(text)
        values |= more
    page = "\n\n".join(parts) + "\n"
    print(page)
    if options.report:
        _write(options.report, page)
    if options.keep:
        people = values.pop("people", None)
        if people:
            _write(PEOPLE, json.dumps(people, indent=1) + "\n")
        _write(BASELINE, json.dumps(values, indent=1) + "\n")


def _write(path: Path, text: str) -> None:
    """Write a file, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scores", description="Yardsticks of a model, as Markdown.")
    parser.add_argument("--model", type=Path, help="a model directory; by default the built-in model")
    parser.add_argument("--mocap", type=Path, help="recordings of people with captions.csv")
    parser.add_argument("--paraphrases", type=Path, help="the built program evaluate_nano")
    parser.add_argument("--report", type=Path, help="a Markdown file for the page")
    parser.add_argument("--seeds", type=int, default=4, help="seeds per sentence; 5 for paraphrases")
    parser.add_argument("--first-seeds", type=int, default=2, help="seeds per prompt of the list of first prompts")
    parser.add_argument("--procedural", type=int, default=700, help="procedural clips")
    parser.add_argument("--steps", type=int, help="steps of a generation; by default the model's")
    parser.add_argument("--only", nargs="+", choices=YARDSTICKS, default=YARDSTICKS)
    parser.add_argument("--keep", action="store_true", help="keep the values as those of people and of the baseline")
    options = parser.parse_args()
    if options.mocap and not (options.mocap / "captions.csv").is_file():
        sys.exit(f"{options.mocap} has no captions.csv; docs/src/how-to/train.md describes the folder")
    return options


def _tell(text: str) -> None:
    """Show progress, since a run takes minutes."""
    print(text, file=sys.stderr, flush=True)


def _table(head: list[str], rows: list[list[str]]) -> str:
    line = lambda cells: "| " + " | ".join(cells) + " |"  # noqa: E731
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])


def _number(value: float | None, digits: int = 3) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:.0f}"


def _paraphrases(options: argparse.Namespace) -> str:
    """Yardstick 1, by the checks that the library's tests use, too."""
    _tell("held-out paraphrases")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.md"
        words = [options.paraphrases, "--report", report, "--seeds", str(max(options.seeds, 1) + 1)]
        words += ["--model", options.model] if options.model else []
        subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL)
        return "## Held-out paraphrases\n\n" + report.read_text(encoding="utf-8").strip()


def _first(pipe: vimogen.Pipeline, options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Yardstick 2: prompts as people type them first."""
    _tell("what people type first")
    count: dict[str, Counter[str]] = defaultdict(Counter)
    worst: list[str] = []
    more = {} if options.steps is None else {"num_inference_steps": options.steps}
    for line in FIRST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        category, prompt, expectation = (cell.strip() for cell in line.split("|"))
        stages, notes = parse(expectation), pipe.notes(prompt)
        # A typo that was read as the right word does not count as a warning.
        warned = [note for note in notes if note["kind"] != "misspelt"]
        for seed in range(options.first_seeds):
            if stages is None:
                outcome = OUTCOMES[0] if warned else OUTCOMES[3]
            else:
                clip = clip_of(pipe(prompt, seed=seed, **more), category, prompt)
                outcome = _outcome(*judge(stages, clip.joints, clip.pose), warned=bool(warned))
            count[category][outcome] += 1
            worst += [prompt] if outcome == OUTCOMES[3] and seed == 0 else []
    total = sum(count.values(), Counter())
    share = {outcome: total[outcome] / max(total.total(), 1) for outcome in OUTCOMES}
    rows = [[c, *(str(n[o]) for o in OUTCOMES)] for c, n in count.items()]
    rows.append(["**share of all**", *(f"**{100 * share[o]:.0f} %**" for o in OUTCOMES)])
    prompts = sum(n.total() for n in count.values()) // max(options.first_seeds, 1)
    text = f"## What people type first\n\n{prompts} prompts of `tests/prompts/first.txt`, {options.first_seeds} seeds "
    text += (
        "each, judged by the checks of `tools/scores/checks.py`. A prompt that no person can do counts as done if a "
    )
    text += "note says so.\n\n"
    text += _table(["category", *OUTCOMES], rows)
    text += "\n\nSilently something else with seed 0: " + (", ".join(f"“{p}”" for p in worst) or "none") + "."
    return text, share


def _outcome(held: int, total: int, *, warned: bool) -> str:
    if held == total:
        return OUTCOMES[0]
    if held:
        return OUTCOMES[1]
    return OUTCOMES[2] if warned else OUTCOMES[3]


def _human(pipe: vimogen.Pipeline, options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """Yardsticks 3 to 5."""
    _tell("motions of the model")
    model = sets.generated(pipe, options.seeds, options.steps)
    _tell("procedural motion and recordings")
    data = sets.procedural(options.procedural) if "human" in options.only else []
    people = sets.recordings(options.mocap) if options.mocap else None
    known = json.loads(PEOPLE.read_text(encoding="utf-8")) if PEOPLE.is_file() else {}
    baseline = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.is_file() else {}
    if people is not None:
        real = sets.of_known(people)
        known = {row.label: row.of(real) for row in [*ROWS, *FEET]}
        known["two takes, cm"] = sets.takes_apart(people) or sets.TAKES_APART
    texts, values = [], {"people": known} if people is not None else {}
    source = f"{len(people)} recordings" if people is not None else "the figures in `tools/scores/people.json`"
    if "human" in options.only:
        table, values["human"] = _likeness(model, data, known, baseline.get("human", {}))
        texts.append(f"## Likeness to people\n\nMedians over clips (means where marked), people: {source}.\n\n{table}")
        if people is not None:
            table, values["apart"] = _classifier(people, model, data, baseline.get("apart", {}))
            texts.append(table)
    if "seeds" in options.only:
        table, values["seeds"] = _seeds(model, known, baseline.get("seeds", {}))
        texts.append(table)
    if "feet" in options.only:
        rows = [[row.label, _number(known.get(row.label)), _number(row.of(model))] for row in FEET]
        texts.append("## Feet\n\n" + _table(["measure", "people", "model"], rows))
        values["feet"] = {row.label: row.of(model) for row in FEET}
    return "\n\n".join(texts), values


def _likeness(
    model: list[Clip], data: list[Clip], people: dict[str, float], baseline: dict[str, float]
) -> tuple[str, dict[str, float]]:
    """The table of rows with their distance from people, relative to the baseline's."""
    rows, values = [], {}
    for row in ROWS:
        value, real, before = row.of(model), people.get(row.label), baseline.get(row.label)
        values[row.label] = value
        ratio = None
        if real is not None and before is not None and row.distance(before, real) > 1e-9:
            ratio = row.distance(value, real) / row.distance(before, real)
        label = row.label + (" (mean)" if row.mean else "")
        rows.append(
            [
                label,
                _number(real),
                _number(value),
                _number(row.of(data) if data else None),
                _number(before),
                _number(ratio, 2),
            ]
        )
    return _table(
        ["measure", "people", "model", "procedural data", "model of 30 November 2026", "distance, ratio"], rows
    ), values


def _classifier(
    people: list[Clip], model: list[Clip], data: list[Clip], baseline: dict[str, float]
) -> tuple[str, dict[str, float]]:
    """Accuracy of the classifier by family."""
    rows, values = [], {}
    for family in apart.FAMILIES:
        real, made, drawn = ([c for c in clips if c.family == family] for clips in (people, model, data))
        seeds = range(5)
        values[family] = (
            float(np.mean([apart.accuracy(real, made, seed) for seed in seeds])) if real and made else math.nan
        )
        other = float(np.mean([apart.accuracy(real, drawn, seed) for seed in seeds])) if real and drawn else math.nan
        rows.append(
            [
                family,
                f"{len(real)} / {len(made)}",
                *(_percent(v) for v in (values[family], other, baseline.get(family))),
            ]
        )
    mean = float(np.nanmean(list(values.values())))
    rows.append(["**mean**", "", f"**{_percent(mean)}**", "", _percent(baseline.get("mean"))])
    values["mean"] = mean
    text = "A small classifier, trained to tell people from generated motion (`tools/scores/apart.py` has its "
    text += (
        "features and its network; takes are kept apart, balanced accuracy, mean of 5 splits; 50 % is guessing):\n\n"
    )
    head = ["family", "clips", "model", "procedural data", "model of 30 November 2026"]
    return text + _table(head, rows), values


def _percent(value: float | None) -> str:
    return "-" if value is None or not math.isfinite(value) else f"{100 * value:.0f} %"


def _seeds(model: list[Clip], people: dict[str, float], baseline: dict[str, float]) -> tuple[str, dict[str, float]]:
    """Distance of two seeds of one sentence."""
    by_family = sets.seeds_apart(model)
    varied = [by_family[f] for f in sets.VARIED if f in by_family]
    values = {**by_family, "mean": float(np.mean(varied)) if varied else math.nan}
    takes = people.get("two takes, cm", sets.TAKES_APART)
    rows = [[f, _number(v), _number(baseline.get(f))] for f, v in by_family.items()]
    rows.append(
        [f"**mean of {', '.join(sets.VARIED)}**", f"**{_number(values['mean'])}**", _number(baseline.get("mean"))]
    )
    text = "## Variety\n\nMean distance of the joints of two seeds of one sentence, aligned in time, place and "
    text += f"heading, cm. Two takes of people with one caption: {_number(takes)} cm.\n\n"
    return text + _table(["family", "model", "model of 30 November 2026"], rows), values


if __name__ == "__main__":
    main()
