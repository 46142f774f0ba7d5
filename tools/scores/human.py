"""How human a clip is, in numbers: angles, jerk, rhythm and feet, measured alike on people and on generated motion.

Joints are in metres at 20 frames per second, z up; rotations are SMPL's axis angles of the 21 body joints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

import vimogen
from track import ANKLES, ELBOWS, FPS, HIPS, KNEES, PELVIS, SHOULDERS, WRISTS, Floats, angle, facing, floor, from_body

# Axis angles of these joints, from SMPL's numbering without the pelvis.
HEAD_ROTATION, WRIST_ROTATIONS, SPINE_ROTATION = 14, (19, 20), 2


@dataclass
class Clip:
    """A clip to be measured."""

    joints: Floats
    # (T, 21, 3)
    pose: Floats
    family: str
    # The recording, or the prompt: clips of one take never fall into two parts of a test.
    take: str


def clip_of(motion: vimogen.Motion, family: str, take: str) -> Clip:
    """Joints above the clip's own floor, and rotations."""
    motion = motion if abs(motion.fps - FPS) < 1e-3 else motion.resample(FPS)
    joints = np.asarray(motion.joints, float)
    pose = np.asarray(motion.smpl()["body_pose"], float).reshape(len(joints), 21, 3)
    return Clip(joints - [0, 0, floor(joints)], pose, family, take)


def spread(pose: Floats) -> float:
    """Standard deviation of a joint's rotation vector within a clip, degrees."""
    return float(np.degrees(np.linalg.norm(pose.std(0))))


def bend(joints: Floats, a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> Floats:
    """Bend of both hinges a-b-c, degrees, 0 straight: (2T,)."""
    upper = joints[:, list(b)] - joints[:, list(a)]
    lower = joints[:, list(c)] - joints[:, list(b)]
    return angle(upper, lower).ravel()


def jerk(joints: Floats) -> float:
    """Mean norm of the third difference of the joints, m/s^3."""
    return float(np.linalg.norm(np.diff(joints, 3, axis=0), axis=-1).mean() * FPS**3)


def above(joints: Floats, cut: float = 3.0) -> float:
    """Share of the energy of accelerations, seen from the pelvis, above `cut` Hz."""
    acceleration = np.diff(from_body(joints)[:, 1:], 2, axis=0)
    if len(acceleration) < 16:
        return float("nan")
    window = np.hanning(len(acceleration))[:, None, None]
    power = (np.abs(np.fft.rfft((acceleration - acceleration.mean(0)) * window, axis=0)) ** 2).sum((1, 2))
    return float(power[np.fft.rfftfreq(len(acceleration), 1 / FPS) > cut].sum() / max(power.sum(), 1e-12))


def still(joints: Floats) -> float:
    """Share of frames in which no joint moves faster than 2 cm/s."""
    return float((np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(1) * FPS < 0.02).mean())


def root_speed(joints: Floats) -> float:
    """Mean horizontal speed of the pelvis, m/s."""
    return float(np.linalg.norm(np.diff(joints[:, PELVIS, :2], axis=0), axis=-1).mean() * FPS)


def strides(joints: Floats) -> tuple[list[tuple[int, float]], list[tuple[int, float]]] | None:
    """Moments and lengths of left and right steps of a straight gait ahead; None for other clips.

    A step ends where its ankle is farthest ahead of the other.
    """
    path = joints[:, PELVIS, :2]
    velocity = np.gradient(path, axis=0) * FPS
    kernel = np.ones(9) / 9
    velocity = np.stack([np.convolve(np.pad(velocity[:, i], 4, "edge"), kernel, "valid") for i in (0, 1)], -1)
    speed = np.linalg.norm(velocity, axis=-1)
    apart = ((joints[:, ANKLES[0], :2] - joints[:, ANKLES[1], :2]) * velocity).sum(-1) / np.maximum(speed, 1e-6)
    found: list[tuple[int, float]] = []
    for t in range(2, len(apart) - 2):
        here = abs(apart[t])
        if here < 0.15 or speed[t] < 0.3 or here < np.abs(apart[t - 2 : t + 3]).max() - 1e-9:
            continue
        if found and found[-1][1] * apart[t] > 0:
            if here > abs(found[-1][1]):
                found[-1] = (t, apart[t])
        else:
            found.append((t, apart[t]))
    way = path[-1] - path[0]
    length = np.linalg.norm(np.diff(path, axis=0), axis=-1).sum()
    ahead = (way * facing(joints).mean(0)).sum()
    if len(found) < 4 or np.linalg.norm(way) < 0.93 * length or ahead < 0.8 * np.linalg.norm(way):
        return None
    sides = [(t, d) for t, d in found if d > 0], [(t, -d) for t, d in found if d < 0]
    return sides if min(map(len, sides)) >= 1 else None


def swing_asymmetry(joints: Floats) -> float:
    """Difference of the arms' swing fore and aft, of their mean."""
    local = from_body(joints)
    swing = [np.ptp(local[:, w, 1] - local[:, s, 1]) for w, s in zip(WRISTS, SHOULDERS, strict=True)]
    return float(abs(swing[0] - swing[1]) / max(np.mean(swing), 1e-6))


def sway(joints: Floats) -> float:
    """Standard deviation of the pelvis across its smoothed way, cm."""
    path = joints[:, PELVIS, :2]
    kernel = np.ones(21) / 21
    odd = lambda x: np.pad(x, 10, "reflect", reflect_type="odd")  # noqa: E731
    smooth = np.stack([np.convolve(odd(path[:, i]), kernel, "valid") for i in (0, 1)], -1)
    along = np.gradient(smooth, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-9)
    off = path - smooth
    return float(100 * np.std(off[:, 1] * along[:, 0] - off[:, 0] * along[:, 1]))


def step_variation(joints: Floats) -> float:
    """Variation of the length of steps from stride to stride, of their mean."""
    steps = strides(joints)
    varied = [np.std([d for _, d in side]) / np.mean([d for _, d in side]) for side in steps or () if len(side) > 1]
    return float(np.mean(varied)) if varied else float("nan")


def of_gait(measure: Callable[[Floats], float]) -> Callable[[Clip], float]:
    """A measure of straight gait, which other clips do not have."""
    return lambda clip: float("nan") if strides(clip.joints) is None else measure(clip.joints)


@dataclass
class Row:
    """A row of the table: the median over clips of some families."""

    label: str
    measure: Callable[[Clip], float]
    families: tuple[str, ...] = ()
    # Differences of shares that may be 0 are plain, those of other measures are logarithms of their ratio.
    is_share: bool = False
    # The mean over clips instead of the median.
    mean: bool = False

    def of(self, clips: Iterable[Clip]) -> float:
        """The value over all clips of the row's families."""
        chosen = [c for c in clips if not self.families or c.family in self.families]
        values = np.array([self.measure(c) for c in chosen], float)
        values = values[np.isfinite(values)]
        if not len(values):
            return float("nan")
        return float(values.mean() if self.mean else np.median(values))

    def distance(self, value: float, real: float) -> float:
        """How far a value is from that of people."""
        if self.is_share:
            return abs(value - real)
        return abs(float(np.log(max(value, 1e-3) / max(real, 1e-3))))


def _mbench(name: str) -> Callable[[Clip], float]:
    metric = getattr(vimogen.mbench, name)
    return lambda clip: float(metric(np.ascontiguousarray(clip.joints, np.float32)))


GAIT = ("walk", "run")
ROWS = [
    Row(
        "head turns against the neck, standard deviation within a clip, degrees",
        lambda c: spread(c.pose[:, HEAD_ROTATION]),
        mean=True,
    ),
    Row("wrists bend, the same", lambda c: float(np.mean([spread(c.pose[:, w]) for w in WRIST_ROTATIONS])), mean=True),
    Row("spine (lowest joint), the same", lambda c: spread(c.pose[:, SPINE_ROTATION]), mean=True),
    Row("bend of the knees, median, degrees", lambda c: float(np.median(bend(c.joints, HIPS, KNEES, ANKLES)))),
    Row("bend of the elbows, median, degrees", lambda c: float(np.median(bend(c.joints, SHOULDERS, ELBOWS, WRISTS)))),
    Row("jerk, m/s^3", lambda c: jerk(c.joints)),
    Row("jerk of walking, m/s^3", lambda c: jerk(c.joints), ("walk",)),
    Row("jerk of running, m/s^3", lambda c: jerk(c.joints), ("run",)),
    Row("share of acceleration energy above 3 Hz, walking", lambda c: above(c.joints), ("walk",)),
    Row("MBench Jitter_Degree", _mbench("jitter_degree")),
    Row("MBench Foot_Floating", _mbench("foot_floating"), is_share=True),
    Row("share of frames in which nothing moves", lambda c: still(c.joints), is_share=True),
    Row("running speed, m/s", lambda c: root_speed(c.joints), ("run",)),
    Row("arm swing, left-right asymmetry in gait", of_gait(swing_asymmetry), GAIT),
    Row("pelvis sideways in gait, standard deviation, cm", of_gait(sway), GAIT),
    Row("step length, variation from stride to stride", lambda c: step_variation(c.joints), GAIT),
]
# Yardstick (5): feet.
FEET = [
    Row("MBench Foot_Sliding", _mbench("foot_sliding")),
    Row("MBench Foot_Floating", _mbench("foot_floating")),
]


def aligned(a: Floats, b: Floats, samples: int = 40) -> float:
    """Mean distance of the joints of two motions, aligned in time, place and heading, cm."""

    def at(joints: Floats) -> Floats:
        local = from_body(joints)
        t = np.linspace(0, len(local) - 1, samples)
        i = np.minimum(t.astype(int), len(local) - 2)
        w = (t - i)[:, None, None]
        return local[i] * (1 - w) + local[i + 1] * w

    p, q = at(a), at(b)
    distance = np.linalg.norm(p[:, None] - q[None], axis=-1).mean(-1)
    cost = np.full((samples + 1, samples + 1), np.inf)
    length = np.zeros_like(cost)
    cost[0, 0] = 0
    for i in range(samples):
        for k in range(samples):
            before = min(((i, k), (i, k + 1), (i + 1, k)), key=lambda place: cost[place])
            cost[i + 1, k + 1] = cost[before] + distance[i, k]
            length[i + 1, k + 1] = length[before] + 1
    return 100 * float(cost[-1, -1] / length[-1, -1])
