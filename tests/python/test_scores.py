"""The yardsticks of tools/scores: checks that can fail, distances and the classifier."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import vimogen

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", autouse=True)
def scores():
    """The folder's modules, whose names are only known there."""
    folder = str(ROOT / "tools" / "scores")
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def clips(scores):
    """Procedural clips of one movement, by caption."""
    import sets

    return sets.procedural(120)


@pytest.fixture(scope="module")
def drawn():
    """Captions and motions of procedural clips of 100 frames."""
    data = vimogen.SyntheticData(batch_size=1)
    return [data.clip(index, 100) for index in range(500)]


def test_the_list_of_first_prompts_has_150_lines_that_can_be_judged():
    from checks import parse

    lines = [line for line in (ROOT / "tests/prompts/first.txt").read_text().splitlines() if not line.startswith("#")]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert len(cells) == 150 and len({cell[1] for cell in cells}) == 150
    assert sum(parse(expectation) is None for _, _, expectation in cells) == 5
    with pytest.raises(ValueError, match="no check"):
        parse("fly")


@pytest.mark.parametrize(
    ("words", "expectation", "wrong"),
    [
        ("walks? forward|walks? ahead", "walk", "backward"),
        (r"\b(jumps?|leaps?)\b(?! jacks)", "airborne", "walk"),
        ("left.*(180|other way)|half turn.*left", "turn(left,180)", "turn(right,180)"),
        (r"\b(sits?|seat)\b", "sit", "run"),
        ("squats?", "squat(1,3)", "lie"),
    ],
)
def test_checks_see_their_movement_and_not_another(drawn, words, expectation, wrong):
    from checks import judge, parse
    from human import clip_of

    alone = [pair for pair in drawn if not re.search(r"then|and|while|,|circle", pair[0])]
    chosen = [clip_of(motion, "", caption) for caption, motion in alone if re.search(words, caption)][:8]
    assert chosen, words
    seen = [judge(parse(expectation), clip.joints, clip.pose) == (1, 1) for clip in chosen]
    other = [judge(parse(wrong), clip.joints, clip.pose) == (1, 1) for clip in chosen]
    assert np.mean(seen) >= 0.6 and not any(other), ([clip.take for clip in chosen], seen, other)


def test_a_sequence_is_judged_in_order(clips):
    from checks import judge, parse

    clip = next(c for c in clips if c.family == "sit")
    assert judge(parse("upright > sit"), clip.joints, clip.pose)[0] >= 1
    assert judge(parse("lie > walk"), clip.joints, clip.pose) == (0, 2)


def test_alignment_takes_out_time_place_and_heading(clips):
    from human import aligned

    a, b = (next(c for c in clips if c.family == family).joints for family in ("walk", "sit"))
    turned = a @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1.0]]) + [3, 4, 0]
    assert aligned(a, turned) < 1e-6
    assert aligned(a, a[::2]) < 3 < aligned(a, b)


def test_every_row_of_the_likeness_is_measured(clips):
    from human import FEET, ROWS

    values = {row.label: row.of(clips) for row in [*ROWS, *FEET]}
    assert all(np.isfinite(value) for value in values.values()), values
    assert values["running speed, m/s"] > values["pelvis sideways in gait, standard deviation, cm"] / 100
    row = ROWS[3]
    assert row.distance(20, 40) == pytest.approx(np.log(2)) and row.distance(40, 40) == 0


def test_the_classifier_finds_a_difference_where_there_is_one(clips):
    import apart
    from human import Clip

    rng = np.random.default_rng(1)
    same = [Clip(c.joints, c.pose, "walk", f"{c.take}-{i % 40}") for i, c in enumerate(clips[:60])]
    shaky = [Clip(c.joints + rng.normal(0, 0.01, c.joints.shape), c.pose, "walk", c.take) for c in same]
    assert apart.accuracy(same, shaky) > 0.9
    assert apart.accuracy(same[::2], same[1::2]) < 0.75
    assert apart.accuracy(same, shaky) == apart.accuracy(same, shaky)
