"""Kinematic checks of movements, and the small language of tests/prompts/first.txt that combines them.

Every check takes a :class:`Track` and gives whether the movement is seen. Limits are wide: the question is whether a
person who sees the clip would say so, not how well it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from track import (
    ANKLES,
    ELBOWS,
    FPS,
    HEAD,
    HIPS,
    KNEES,
    NECK,
    PELVIS,
    TOES,
    WRISTS,
    Floats,
    Track,
    angle,
    peaks,
    reversals,
)

Check = Callable[..., bool]
CHECKS: dict[str, Check] = {}
SIDES = {"left": (0,), "right": (1,), "any": (0, 1)}


def check(function: Check) -> Check:
    """Register a check under the name of its function."""
    CHECKS[function.__name__.rstrip("_")] = function
    return function


def share(condition: Any) -> float:
    """Share of frames in which a condition holds."""
    return float(np.mean(condition))


def either(side: str, holds: Callable[[int], Any]) -> bool:
    """Whether the condition of a limb holds for a side, or for one of both."""
    return any(bool(holds(i)) for i in SIDES[side])


# Getting about.


@check
def walk(t: Track, low: float = 0.3, high: float = 2.3) -> bool:
    """Moves ahead at a walk: a speed within limits for half the time, one foot on the floor."""
    ahead = t.pelvis_speed()[:, 1]
    moving = (ahead > low) & (ahead < high)
    return share(moving) > 0.4 and share(t.low_toes() > 0.06) < 0.08 and steps(t)


@check
def run(t: Track, low: float = 1.6) -> bool:
    """Moves ahead fast, with moments in which no foot is on the floor."""
    fast = share(t.pelvis_speed()[:, 1] > low) > 0.4
    return fast and (share(t.low_toes() > 0.015) > 0.03 or np.median(t.pelvis_speed()[:, 1]) > 2.4)


@check
def backward(t: Track, low: float = 0.2) -> bool:
    """Moves backwards for half the time."""
    return share(t.pelvis_speed()[:, 1] < -low) > 0.4


@check
def toward(t: Track, way: str = "forward") -> bool:
    """Moves in a direction of the body by at least half a metre, mostly in this direction."""
    v = t.pelvis_speed().mean(0) * t.seconds
    along = {"forward": v[1], "left": -v[0], "right": v[0]}[way]
    across = abs(v[0]) if way == "forward" else abs(v[1])
    return along > 0.5 and along > 1.2 * across


@check
def diagonal(t: Track, side: str = "right") -> bool:
    """Moves ahead and aside at the same time, from where it faced first."""
    x, y, _ = t.joints[-1, PELVIS]
    x = -x if side == "left" else x
    return y > 0.4 and x > 0.3 and 0.35 < x / y < 2.9


@check
def circle(t: Track) -> bool:
    """Walks along a curve of at least 200 degrees."""
    return abs(t.yaw[-1]) > 200 and float(t.speed(PELVIS).sum() / FPS) > 2.0


@check
def steps(t: Track, least: int = 2) -> bool:
    """Feet are lifted in turns."""
    lifted = [peaks(t.joints[:, a, 2] - np.percentile(t.joints[:, a, 2], 10), 0.02, 0.04) for a in ANKLES]
    apart = t.local[:, ANKLES[0], 1] - t.local[:, ANKLES[1], 1]
    return reversals(apart, 0.15) >= least or (min(lifted) >= 1 and sum(lifted) >= least)


@check
def inplace(t: Track) -> bool:
    """Stays where it is."""
    return float(np.linalg.norm(t.joints[:, PELVIS, :2], axis=-1).max()) < 0.6


@check
def still(t: Track) -> bool:
    """Stands at the end: for half a second nothing moves faster than 0.35 m/s."""
    tail = t.joints[-int(0.5 * FPS) :]
    return bool((np.linalg.norm(np.diff(tail, axis=0), axis=-1).max() * FPS) < 0.35)


@check
def tiptoe(t: Track) -> bool:
    """Moves with heels off the floor: a standing foot's ankle is higher above its toe than when flat."""
    rise = [t.joints[:, a, 2] - t.joints[:, b, 2] for a, b in zip(ANKLES, TOES, strict=True)]
    standing = np.where(t.joints[:, TOES[0], 2] < t.joints[:, TOES[1], 2], rise[0], rise[1])
    return share(standing > 0.1) > 0.5 and steps(t)


@check
def climb(t: Track) -> bool:
    """Gets up by at least 30 cm with bent knees in turns."""
    return float(t.joints[-10:, PELVIS, 2].mean() - t.joints[:10, PELVIS, 2].mean()) > 0.3


@check
def limp(t: Track) -> bool:
    """Left and right differ: the lift of toes or the bend of knees by a fifth."""
    lift = [np.ptp(t.joints[:, toe, 2]) for toe in TOES]
    bend = [np.percentile(knee_bend(t, side), 90) for side in (0, 1)]
    return max(lift) > 1.25 * min(lift) or max(bend) > 1.2 * min(bend)


@check
def stagger(t: Track) -> bool:
    """Moves with the upper body swaying to the sides by more than 8 cm."""
    lean = t.local[:, NECK, 0]
    return reversals(lean, 0.08) >= 2 and float(t.speed(PELVIS).sum() / FPS) > 0.5


@check
def crawl(t: Track) -> bool:
    """Hands and knees at the floor most of the time, and moving."""
    hands = t.joints[:, list(WRISTS), 2].min(1) < 0.3
    return share(hands & (t.joints[:, PELVIS, 2] < 0.75)) > 0.5 and float(t.speed(PELVIS).sum() / FPS) > 0.3


# Turns and heads.


@check
def turn(t: Track, side: str = "any", degrees: float = 90) -> bool:
    """Turns by about as many degrees: at least three fifths of them, at most 1.6 times."""
    furthest = t.yaw[np.abs(t.yaw).argmax()]
    amount = {"left": furthest, "right": -furthest, "any": abs(furthest)}[side]
    return bool(0.6 * degrees <= amount <= (1.6 * degrees if degrees < 360 else 1.9 * degrees))


@check
def look(t: Track, side: str = "left") -> bool:
    """The head turns to a side by 15 degrees more than the rest of the time, while hips stay."""
    turned = t.head(1) if side == "left" else -t.head(1)
    return float(turned.max() - np.median(turned)) > 15 and float(np.ptp(t.yaw)) < 60


@check
def nod(t: Track, low: int = 1, high: int = 20) -> bool:
    """The head goes down and up, more than it turns."""
    down, aside = t.head(0), t.head(1)
    return low <= peaks(down - np.median(down), 2, 6) <= high and np.ptp(down) > np.ptp(aside)


@check
def headshake(t: Track) -> bool:
    """The head turns from side to side, more than it nods."""
    return reversals(t.head(1), 10) >= 2 and np.ptp(t.head(1)) > np.ptp(t.head(0))


@check
def headdown(t: Track) -> bool:
    """The head is held lower than upright by 2 cm."""
    tip = t.local[:, HEAD] - t.local[:, NECK]
    upright = 0.095
    return float(np.median(tip[:, 2])) < upright - 0.02 or float(np.median(t.local[:, NECK, 1])) > 0.1


# Jumps.


def jumps(t: Track) -> int:
    """How often both feet leave the floor."""
    return peaks(t.low_toes(), 0.03, 0.06)


@check
def jump(t: Track, low: int = 1, high: int | None = None) -> bool:
    """Both feet leave the floor exactly, or from `low` to `high` times."""
    return low <= jumps(t) <= (low if high is None else high)


@check
def airborne(t: Track) -> bool:
    """Both feet leave the floor."""
    return jumps(t) >= 1


@check
def jumpforward(t: Track) -> bool:
    """Jumps ahead by at least 35 cm."""
    return jumps(t) >= 1 and t.joints[-1, PELVIS, 1] > 0.35


@check
def hop(t: Track, side: str = "any", times: int = 0) -> bool:
    """Hops on one foot while the other is held up."""

    def on(i: int) -> bool:
        count = peaks(t.joints[:, TOES[i], 2] - 0.02, 0.02, 0.04)
        held = share(t.joints[:, TOES[1 - i], 2] > 0.1) > 0.4
        return held and (count == times if times else count >= 1)

    return either(side, on)


@check
def jacks(t: Track, low: int = 1, high: int | None = None) -> bool:
    """Feet part and hands go up together."""
    apart = np.abs(t.local[:, ANKLES[0], 0] - t.local[:, ANKLES[1], 0])
    hands = t.local[:, list(WRISTS), 2].min(1) - t.local[:, NECK, 2]
    count = peaks(apart, 0.32, 0.42)
    return low <= count <= (low if high is None else high) and peaks(hands, -0.1, 0.1) >= min(low, count)


@check
def flip(t: Track) -> bool:
    """Upside down for a moment: the head below the pelvis, a foot above it."""
    z = t.joints[..., 2]
    return bool(((z[:, HEAD] < z[:, PELVIS] - 0.1) & (z[:, list(ANKLES)].max(1) > z[:, PELVIS] + 0.1)).any())


# Legs and the whole body.


def knee_bend(t: Track, side: int) -> Floats:
    """Bend of a knee, degrees; 0 is straight."""
    hip, knee, ankle = (t.joints[:, joint[side]] for joint in (HIPS, KNEES, ANKLES))
    return angle(knee - hip, ankle - knee)


def trunk(t: Track) -> Floats:
    """Angle of the trunk from upright, degrees."""
    return angle(t.joints[:, NECK] - t.joints[:, PELVIS], np.array([0, 0, 1.0]))


@check
def kick(t: Track, side: str = "any") -> bool:
    """A foot swings up in front to half a metre."""
    return either(side, lambda i: (t.local[:, ANKLES[i], 2] > 0.45).any() and t.speed(ANKLES[i]).max() > 2.0)


@check
def squat(t: Track, low: int = 1, high: int | None = None) -> bool:
    """Goes down on both feet and up again, as often as asked."""
    down = t.joints[:5, PELVIS, 2].mean() - t.joints[:, PELVIS, 2]
    return low <= peaks(down, 0.12, 0.22) <= (low if high is None else high)


@check
def lunge(t: Track) -> bool:
    """Goes down with feet apart fore and aft."""
    apart = np.abs(t.local[:, ANKLES[0], 1] - t.local[:, ANKLES[1], 1])
    return bool(((apart > 0.45) & (t.joints[:, PELVIS, 2] < 0.8)).any())


@check
def knees(t: Track, low: int = 1, high: int = 40) -> bool:
    """Knees are lifted nearly to the hips."""
    return low <= sum(peaks(t.local[:, k, 2] - t.local[:, PELVIS, 2], -0.3, -0.2) for k in KNEES) <= high


@check
def balance(t: Track, side: str = "any") -> bool:
    """Stands on one foot, the other one held up, for two fifths of the time."""
    up = [t.joints[:, TOES[1 - i], 2] > 0.12 for i in (0, 1)]
    return either(side, lambda i: share(up[i] & (t.joints[:, TOES[i], 2] < 0.06)) > 0.4)


@check
def low(t: Track, height: float = 0.75) -> bool:
    """The pelvis gets below a height, metres."""
    return bool(t.joints[:, PELVIS, 2].min() < height)


@check
def sit(t: Track) -> bool:
    """The pelvis at the height of a chair, thighs level, feet ahead."""
    thigh = np.stack(
        [angle(t.joints[:, k] - t.joints[:, h], np.array([0, 0, -1.0])) for h, k in zip(HIPS, KNEES, strict=True)]
    )
    seated = (t.joints[:, PELVIS, 2] < 0.72) & (thigh.min(0) > 50) & (trunk(t) < 50)
    return share(seated) > 0.2


@check
def floorsit(t: Track) -> bool:
    """Sits on the floor."""
    return share((t.joints[:, PELVIS, 2] < 0.35) & (trunk(t) < 55)) > 0.2


@check
def lie(t: Track) -> bool:
    """Lies: the trunk level, near the floor."""
    return share((t.joints[:, PELVIS, 2] < 0.4) & (trunk(t) > 60)) > 0.2


@check
def fall(t: Track) -> bool:
    """Ends on the floor."""
    return bool((t.joints[-5:, PELVIS, 2] < 0.45).all())


@check
def kneel(t: Track, side: str = "any") -> bool:
    """A knee on the floor under an upright trunk."""
    return either(side, lambda i: share((t.joints[:, KNEES[i], 2] < 0.18) & (t.joints[:, PELVIS, 2] > 0.3)) > 0.2)


@check
def upright(t: Track) -> bool:
    """Stands at the end."""
    return bool((t.joints[-5:, PELVIS, 2] > 0.8).all() and (trunk(t)[-5:] < 30).all())


@check
def rise(t: Track) -> bool:
    """Begins low and ends standing."""
    return bool(t.joints[:10, PELVIS, 2].min() < 0.75) and upright(t)


@check
def bow(t: Track) -> bool:
    """The trunk bends ahead on straight legs and comes up."""
    return bool(trunk(t).max() > 28) and float(t.joints[:, PELVIS, 2].min()) > 0.72


@check
def leanside(t: Track, side: str = "left") -> bool:
    """The upper body leans to a side."""
    lean = t.local[:, NECK, 0] * (-1 if side == "left" else 1)
    return float(lean.max()) > 0.1


@check
def sway(t: Track) -> bool:
    """The upper body or the feet move to a side."""
    return float(np.ptp(t.local[:, NECK, 0])) > 0.12 or float(np.ptp(t.joints[:, PELVIS, 0])) > 0.25


def level(t: Track) -> Any:
    """Whether the body is level on its hands, by frame."""
    return (trunk(t) > 55) & (t.joints[:, list(WRISTS), 2].max(1) < 0.35) & (t.joints[:, PELVIS, 2] < 0.6)


@check
def plank(t: Track) -> bool:
    """Holds the body level on hands and feet."""
    return share(level(t)) > 0.4


@check
def pushup(t: Track, low: int = 1, high: int | None = None) -> bool:
    """Level on the hands, the chest goes down as often as asked."""
    chest = -t.joints[:, NECK, 2]
    count = reversals(chest, 0.08) // 2
    return share(level(t)) > 0.4 and low <= max(count, 1) <= (low if high is None else high)


@check
def situp(t: Track, low: int = 1, high: int | None = None) -> bool:
    """Lies and raises the trunk as often as asked."""
    down = t.joints[:, PELVIS, 2] < 0.4
    return share(down) > 0.5 and low <= peaks(-trunk(t), -60, -45) <= (low if high is None else high)


@check
def dance(t: Track) -> bool:
    """Arms and feet keep moving, and the body sways again and again."""
    hands = np.mean([t.speed(w).mean() for w in WRISTS])
    feet = np.mean([t.speed(a).mean() for a in ANKLES])
    rhythm = reversals(t.local[:, NECK, 0], 0.03) + reversals(t.joints[:, PELVIS, 2], 0.03)
    return bool(hands > 0.4 and feet > 0.15 and rhythm >= 4)


# Arms.


@check
def handup(t: Track, side: str = "any") -> bool:
    """A hand above the head for a fifth of the time."""
    return either(side, lambda i: share(t.local[:, WRISTS[i], 2] > t.local[:, HEAD, 2] + 0.05) > 0.2)


@check
def handsup(t: Track) -> bool:
    """Hands above the head for a moment."""
    return bool((t.local[:, list(WRISTS), 2].max(1) > t.local[:, HEAD, 2] + 0.05).any())


@check
def handlow(t: Track, side: str = "any") -> bool:
    """A hand below half a metre."""
    return either(side, lambda i: (t.joints[:, WRISTS[i], 2] < 0.5).any())


@check
def handslow(t: Track, times: int = 0) -> bool:
    """A hand goes down below 45 cm, as often as asked."""
    count = peaks(-t.joints[:, list(WRISTS), 2].min(1), -0.6, -0.45)
    return count == times if times else count >= 1


@check
def handsfloor(t: Track) -> bool:
    """A hand on the floor."""
    return bool((t.joints[:, list(WRISTS), 2].min(1) < 0.2).any())


def ahead(t: Track, side: int, reach: float = 0.25, height: float = 0.35) -> Any:
    """Whether a hand is in front of the chest or belly, by frame."""
    wrist = t.wrist(side)
    return (wrist[:, 1] > reach) & (np.abs(wrist[:, 2] + 0.15) < height)


@check
def handsfront(t: Track) -> bool:
    """Both hands in front for a quarter of the time."""
    return share(ahead(t, 0, 0.2) & ahead(t, 1, 0.2)) > 0.25


@check
def carry(t: Track) -> bool:
    """Both hands in front, no farther apart than a box."""
    gap = np.linalg.norm(t.joints[:, WRISTS[0]] - t.joints[:, WRISTS[1]], axis=-1)
    return share(ahead(t, 0, 0.15) & ahead(t, 1, 0.15) & (gap < 0.6)) > 0.5


@check
def push(t: Track) -> bool:
    """Both hands ahead at the height of the chest, moving or leaning ahead."""
    return share(ahead(t, 0, 0.25, 0.3) & ahead(t, 1, 0.25, 0.3)) > 0.3


@check
def pull(t: Track) -> bool:
    """A hand comes back from the front again and again or once by 20 cm."""
    return either("any", lambda i: reversals(t.wrist(i)[:, 1], 0.2) >= 1 and (t.wrist(i)[:, 1] > 0.3).any())


@check
def reach(t: Track, side: str = "any") -> bool:
    """A hand reaches ahead at any height between hip and head."""
    return either(side, lambda i: share(t.wrist(i)[:, 1] > 0.33) > 0.08)


@check
def point(t: Track, side: str = "any") -> bool:
    """An arm is held out ahead."""
    return either(side, lambda i: share(ahead(t, i, 0.33, 0.4)) > 0.25)


@check
def wave(t: Track, side: str = "any") -> bool:
    """A raised hand moves from side to side."""

    def waves(i: int) -> bool:
        wrist = t.wrist(i)
        up = wrist[:, 2] > -0.12
        return bool(share(up) > 0.2) and reversals(wrist[up, 0], 0.05) >= 3

    return either(side, waves)


@check
def clap(t: Track, low: int = 1, high: int | None = None) -> bool:
    """Hands meet in front, as often as asked."""
    gap = np.linalg.norm(t.joints[:, WRISTS[0]] - t.joints[:, WRISTS[1]], axis=-1)
    return low <= peaks(-gap, -0.3, -0.24) <= (low if high is None else high)


@check
def punch(t: Track, side: str = "any", low: int = 1, high: int | None = None) -> bool:
    """A fist shoots ahead at the height of chest or head, as often as asked."""

    def hits(i: int) -> int:
        wrist = t.wrist(i)
        return peaks(np.where(np.abs(wrist[:, 2]) < 0.35, wrist[:, 1], 0.0), 0.28, 0.36)

    count = sum(hits(i) for i in SIDES[side])
    return low <= count <= (low if high is None else high)


@check
def throw(t: Track, side: str = "any") -> bool:
    """A hand goes up behind the shoulder, then ahead, fast."""

    def throws(i: int) -> bool:
        wrist = t.wrist(i)
        cocked = np.flatnonzero((wrist[:, 2] > 0.0) & (wrist[:, 1] < 0.12))
        return len(cocked) > 0 and bool((wrist[cocked[0] :, 1] > 0.28).any()) and t.speed(WRISTS[i]).max() > 2.0

    return either(side, throws)


@check
def swing(t: Track) -> bool:
    """Both hands together swing from one side to the other, fast."""
    gap = np.linalg.norm(t.joints[:, WRISTS[0]] - t.joints[:, WRISTS[1]], axis=-1)
    together = gap < 0.35
    middle = t.local[:, list(WRISTS), 0].mean(1)
    return (
        share(together) > 0.4 and float(np.ptp(middle[together])) > 0.5 and max(t.speed(w).max() for w in WRISTS) > 2.5
    )


@check
def armswing(t: Track) -> bool:
    """An arm swings through 60 cm, fast, with the hand raised at times."""
    return either(
        "any",
        lambda i: (
            np.ptp(t.wrist(i), axis=0).max() > 0.6 and t.speed(WRISTS[i]).max() > 2.0 and t.wrist(i)[:, 2].max() > -0.3
        ),
    )


@check
def armcircles(t: Track) -> bool:
    """A hand goes round: up and down and aside or ahead, again and again."""
    return either(
        "any", lambda i: reversals(t.wrist(i)[:, 2], 0.25) >= 2 and reversals(t.wrist(i)[:, :2].sum(-1), 0.15) >= 2
    )


@check
def bounce(t: Track) -> bool:
    """A hand in front goes down and up at the height of the hip again and again."""
    return either(
        "any", lambda i: reversals(t.wrist(i)[:, 2], 0.08) >= 3 and 0.6 < np.median(t.local[:, WRISTS[i], 2]) < 1.2
    )


def from_head(t: Track, side: int) -> Floats:
    """A wrist from the head joint."""
    return t.local[:, WRISTS[side]] - t.local[:, HEAD]


@check
def tohead(t: Track, side: str = "any", least: float = 0.15) -> bool:
    """A hand at the head."""
    return either(side, lambda i: share(np.linalg.norm(from_head(t, i), axis=-1) < 0.32) > least)


@check
def tomouth(t: Track, side: str = "any") -> bool:
    """A hand at the mouth for a moment."""
    near = lambda i: (np.linalg.norm(from_head(t, i), axis=-1) < 0.3) & (from_head(t, i)[:, 2] < 0.03)  # noqa: E731
    return either(side, lambda i: near(i).sum() > 0.3 * FPS)


@check
def crossed(t: Track) -> bool:
    """Wrists past each other in front of the chest."""
    left, right = (t.local[:, w] for w in WRISTS)
    return (
        share((right[:, 0] - left[:, 0] < 0.05) & (np.minimum(left[:, 1], right[:, 1]) > 0.05) & (left[:, 2] > 0.95))
        > 0.25
    )


@check
def onhips(t: Track) -> bool:
    """Both hands at the hips, elbows out."""
    out = [np.abs(t.local[:, e, 0]) > np.abs(t.local[:, w, 0]) + 0.05 for e, w in zip(ELBOWS, WRISTS, strict=True)]
    near = [np.abs(t.local[:, w, 2] - 0.98) < 0.22 for w in WRISTS]
    return share(out[0] & out[1] & near[0] & near[1]) > 0.25


@check
def armsout(t: Track) -> bool:
    """Both arms held out ahead or to the sides."""
    out = [(np.linalg.norm(t.wrist(i)[:, :2], axis=-1) > 0.33) & (np.abs(t.wrist(i)[:, 2]) < 0.3) for i in (0, 1)]
    return share(out[0] & out[1]) > 0.3


@check
def guard(t: Track) -> bool:
    """A hand before the face or chest."""
    return either("any", lambda i: share((t.wrist(i)[:, 1] > 0.1) & (t.wrist(i)[:, 2] > -0.2)) > 0.15)


@check
def guitar(t: Track) -> bool:
    """One hand at the belly moves up and down, the other one is held out aside."""
    return either(
        "any",
        lambda i: (
            reversals(t.wrist(i)[:, 2], 0.03) >= 3
            and np.median(t.local[:, WRISTS[i], 1]) > 0.1
            and np.median(np.abs(t.wrist(1 - i)[:, 2] + 0.2)) < 0.25
        ),
    )


@check
def drum(t: Track) -> bool:
    """Hands in front go up and down in turns."""
    front = [np.median(t.local[:, w, 1]) > 0.12 for w in WRISTS]
    return all(front) and all(reversals(t.local[:, w, 2], 0.06) >= 3 for w in WRISTS)


@check
def sweep(t: Track) -> bool:
    """Both hands low in front move from side to side or to and fro."""
    moves = [reversals(t.local[:, w, axis], 0.1) for w in WRISTS for axis in (0, 1)]
    return max(moves) >= 2 and all(np.median(t.local[:, w, 1]) > 0.1 for w in WRISTS)


@check
def wipe(t: Track, side: str = "any") -> bool:
    """A hand ahead at the height of chest or head moves from side to side or up and down."""

    def wipes(i: int) -> bool:
        wrist = t.wrist(i)
        front = (wrist[:, 1] > 0.2) & (wrist[:, 2] > -0.3)
        return share(front) > 0.3 and max(reversals(wrist[front, axis], 0.08) for axis in (0, 2)) >= 2

    return either(side, wipes)


# The language of the list.

_CALL = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*$")


def parse(expectation: str) -> list[list[Callable[[Track], bool]]] | None:
    """The checks of an expectation, by stage; None for a prompt that should be refused."""
    if expectation.strip() == "refuse":
        return None
    return [[_call(part) for part in stage.split("+")] for stage in expectation.split(">")]


def _call(text: str) -> Callable[[Track], bool]:
    match = _CALL.match(text)
    if not match or match[1] not in CHECKS:
        raise ValueError(f"{text.strip()!r} is no check of tools/scores/checks.py")
    words = [word.strip() for word in (match[2] or "").split(",") if word.strip()]
    named = dict(word.split("=") for word in words if "=" in word)
    plain = [_value(word) for word in words if "=" not in word]
    found, options = CHECKS[match[1]], {name: _value(value) for name, value in named.items()}
    return lambda track: bool(found(track, *plain, **options))


def _value(word: str) -> float | int | str:
    try:
        return int(word) if re.fullmatch(r"-?\d+", word) else float(word)
    except ValueError:
        return word


def judge(stages: list[list[Callable[[Track], bool]]], joints: Floats, pose: Floats) -> tuple[int, int]:
    """Number of checks that hold, and of all. Stages in order have overlapping parts of the clip."""
    whole = Track(np.asarray(joints, float), np.asarray(pose, float))
    held, total = 0, 0
    for number, stage in enumerate(stages):
        n = len(stages)
        part = whole if n == 1 else whole.window(max(0.0, number / n - 0.1), min(1.0, (number + 1) / n + 0.1))
        for one in stage:
            held, total = held + one(part), total + 1
    return held, total
