"""The sets of clips that are compared: people, a model, procedural motion."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import vimogen
from human import Clip, aligned, clip_of

# Sentences of the families that every model of this project knows, and that recordings have.
SENTENCES = {
    "walk": [
        "a person walks forward",
        "someone walks slowly ahead",
        "a person walks quickly",
        "a person walks backward",
        "a person walks in a circle",
    ],
    "run": ["a person runs forward", "a person jogs ahead", "someone runs fast"],
    "turn": ["a person turns to the left", "a person turns right", "someone turns around"],
    "jump": ["a person jumps up", "a person jumps forward", "someone jumps two times"],
    "kick": ["a person kicks with the right foot", "someone kicks with the left leg"],
    "punch": [
        "a person punches with the right hand",
        "someone throws three punches",
        "a person punches with the left hand",
    ],
    "exercise": ["a person does jumping jacks", "a person squats", "someone does two squats"],
    "sit": ["a person sits down", "someone takes a seat"],
    "stand": ["a person stands still", "someone is standing"],
    "pick": ["a person bends down", "someone bends down to the floor"],
    "drink": ["a person drinks", "someone drinks with the right hand"],
    "reach": ["a person raises both arms", "someone raises the right arm"],
}
LENGTHS = (60, 80, 100, 120)
# Families of the seeds' yardstick.
VARIED = ("walk", "run", "turn", "sit")
# Mean distance of two takes of people with one caption, cm; measured on CMU's recordings, for machines without them.
TAKES_APART = 6.3
# First match wins.
_WORDS = (
    ("run", r"\b(runs?|running|jogs?|jogging|sprints?)\b"),
    ("jump", r"\b(jumps?|jumping|leaps?|hops?)\b(?! jacks| rope)"),
    ("exercise", r"\b(squats?|jacks|push-ups|sit-ups|lunges?)\b"),
    ("kick", r"\bkick"),
    ("punch", r"\b(punch|jab|box)"),
    ("sit", r"\b(sits?|sitting|seat)\b"),
    ("drink", r"\b(drinks?|sips?)\b"),
    ("pick", r"\b(bends? (down|over|forward)|picks?)\b"),
    ("reach", r"\b(raises?|lifts?|reach(es)?)\b.*\b(arms?|hands?)\b"),
    ("turn", r"\b(turns?|spins?|rotates?)\b"),
    ("walk", r"\b(walks?|walking|strolls?|steps?|wanders?|paces?)\b"),
    ("stand", r"\b(stands?|standing|waits?)\b"),
)


def family_of(caption: str) -> str:
    """The family that a caption names first; "other" for none."""
    return next((family for family, words in _WORDS if re.search(words, caption.lower())), "other")


def recordings(folder: Path) -> list[Clip]:
    """Clips of people in a folder with captions.csv (clip, caption; optional start_s, end_s, family, source).

    Hand-keyed clips, whose source begins with CC0, are left out.
    """
    clips, files = [], {p.name: p for p in sorted(folder.rglob("*")) if p.is_file()}
    stems = {p.stem: p for p in files.values() if p.suffix in {".bvh", ".amc", ".fbx", ".glb", ".npz"}}
    loaded: dict[Path, vimogen.Motion] = {}
    with (folder / "captions.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        path = files.get(row["clip"]) or stems.get(Path(row["clip"]).stem)
        if path is None or row.get("source", "").startswith("CC0"):
            continue
        if path not in loaded:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                motion = vimogen.Motion.load(path)
                loaded[path] = motion if motion.fps == 20 else motion.resample(20)
        motion = loaded[path]
        start, end = float(row.get("start_s") or 0), float(row.get("end_s") or motion.duration)
        part = motion.trimmed(start, min(end, motion.duration))
        if len(part.joints) >= 24:
            clip = clip_of(part, row.get("family") or family_of(row["caption"]), row["clip"])
            clip.caption = row["caption"]  # type: ignore[attr-defined]
            clips.append(clip)
    return clips


def generated(pipe: vimogen.Pipeline, seeds: int, steps: int | None) -> list[Clip]:
    """Clips of a model for all sentences."""
    options = {} if steps is None else {"num_inference_steps": steps}
    clips = []
    for family, prompts in SENTENCES.items():
        for prompt in prompts:
            for seed in range(seeds):
                motion = pipe(prompt, seed=1000 + seed, num_frames=LENGTHS[seed % len(LENGTHS)], **options)
                clips.append(clip_of(motion, family, prompt))
    return clips


def procedural(count: int, seed: int = 7) -> list[Clip]:
    """Procedural clips of one movement each."""
    if count == 0:
        return []
    data = vimogen.SyntheticData(seed=seed)
    clips = []
    for index in range(count):
        caption, motion = data.clip(index)
        if not re.search(r"\b(then|and|while|before|after)\b|,", caption):
            clips.append(clip_of(motion, family_of(caption), str(index)))
    return clips


def of_known(clips: list[Clip]) -> list[Clip]:
    """The clips of the families of SENTENCES."""
    return [clip for clip in clips if clip.family in SENTENCES]


def _rig(take: str) -> str:
    """Recordings of one database and subject have one skeleton: the name up to its last underscore."""
    return take.rsplit("_", 1)[0]


def _pairs(clips: list[Clip], most: int) -> Iterator[tuple[Clip, Clip]]:
    pairs = [(a, b) for i, a in enumerate(clips) for b in clips[i + 1 :]]
    if len(pairs) > most:
        chosen = np.random.default_rng(0).choice(len(pairs), most, replace=False)
        pairs = [pairs[i] for i in sorted(chosen)]
    yield from pairs


def takes_apart(clips: list[Clip], most: int = 30) -> float | None:
    """Mean distance of two takes of people with one caption and one skeleton, over the families of VARIED, cm."""
    means = []
    for family in VARIED:
        groups: dict[tuple[str, str], list[Clip]] = {}
        for clip in clips:
            if clip.family == family:
                key = (_rig(clip.take), getattr(clip, "caption", ""))
                groups.setdefault(key, []).append(clip)
        found = [aligned(a.joints, b.joints) for g in groups.values() for a, b in _pairs(g, most) if a.take != b.take]
        means += [float(np.mean(found))] if len(found) >= 3 else []
    return float(np.mean(means)) if means else None


def seeds_apart(clips: list[Clip], most: int = 10) -> dict[str, float]:
    """Mean distance of two seeds of one sentence by family, cm."""
    by_sentence: dict[tuple[str, str], list[Clip]] = {}
    for clip in clips:
        by_sentence.setdefault((clip.family, clip.take), []).append(clip)
    found: dict[str, list[float]] = {}
    for (family, _), group in by_sentence.items():
        found.setdefault(family, []).extend(aligned(a.joints, b.joints) for a, b in _pairs(group, most))
    return {family: float(np.mean(values)) for family, values in found.items() if values}
