"""A small classifier that tells people from a generator, by features that hold nothing about the skeleton.

Features, per clip (:func:`features`): of knees, elbows, shoulders and hips the mean and the standard deviation of
their bend over both sides and its left-right difference; standard deviations within the clip of the rotations of
spine, neck, head, shoulders, elbows, wrists, hips, knees and ankles; logarithms of jerk and of the speeds of pelvis,
wrists and all joints; shares of acceleration energy above six frequencies; frames at rest; feet that slide and
float; sway of the neck. Bone lengths and mean rotations, in which recorded skeletons differ, are left out, as are
collars and toes, which some rigs do not move.

Network: standardised features, one hidden layer of 16 tanh units, a logistic output, weight decay 0.01, 400 steps of
Adam at 0.02 on all clips; classes are weighted to be equal. Accuracy is balanced, on takes (recordings, prompts)
that training did not see, in five parts. Everything is drawn from one seed.
"""

from __future__ import annotations

import numpy as np

from human import Clip, above, bend, jerk, root_speed, still
from track import ANKLES, ELBOWS, FPS, HIPS, KNEES, NECK, PELVIS, SHOULDERS, TOES, WRISTS, Floats, angle, from_body

FAMILIES = ("walk", "run", "jump", "turn")
PARTS = 5
HIDDEN = 16
# Body joints without the pelvis: spine1, spine3, neck, head, shoulders, elbows, wrists, hips, knees, ankles.
ROTATIONS = (2, 8, 11, 14, 15, 16, 17, 18, 19, 20, 0, 1, 3, 4, 6, 7)


def features(clip: Clip) -> Floats:
    """The features of a clip."""
    joints = clip.joints
    down = joints[:, PELVIS] - joints[:, NECK]
    angles = [
        *(bend(joints, *hinge).reshape(-1, 2) for hinge in ((HIPS, KNEES, ANKLES), (SHOULDERS, ELBOWS, WRISTS))),
        *(
            np.stack([angle(joints[:, b] - joints[:, a], down) for a, b in zip(*limb, strict=True)], -1)
            for limb in ((SHOULDERS, ELBOWS), (HIPS, KNEES))
        ),
    ]
    out = [f(a) for a in angles for f in (np.mean, np.std, lambda a: np.abs(a.mean(0) - a.mean(0)[::-1]).mean())]
    out += [np.degrees(np.linalg.norm(clip.pose[:, j].std(0))) for j in ROTATIONS]
    speeds = np.linalg.norm(np.diff(joints, axis=0), axis=-1) * FPS
    out += [np.log(x + 1e-2) for x in (jerk(joints), root_speed(joints), speeds[:, list(WRISTS)].mean(), speeds.std())]
    cuts = [above(joints, cut) for cut in (1, 2, 3, 4, 6, 8)]
    local = from_body(joints)
    toes = joints[:, list(TOES)]
    slide = np.linalg.norm(np.diff(toes[..., :2], axis=0), axis=-1)[toes[:-1, :, 2] < 0.06]
    out += [
        *cuts,
        still(joints),
        np.mean(slide) if len(slide) else 0.0,
        np.std(toes[..., 2].min(1)),
        local[:, NECK, 0].std(),
    ]
    return np.nan_to_num(np.array(out, float))


def accuracy(real: list[Clip], made: list[Clip], seed: int = 0) -> float:
    """Balanced accuracy of telling both apart, on takes not seen in training; 0.5 is guessing."""
    x = np.array([features(c) for c in [*real, *made]])
    y = np.array([0.0] * len(real) + [1.0] * len(made))
    takes = [f"real {c.take}" for c in real] + [f"made {c.take}" for c in made]
    rng = np.random.default_rng(seed)
    part: dict[str, int] = {}
    for kind in ("real", "made"):
        names = sorted({take for take in takes if take.startswith(kind)})
        part |= {names[i]: n % PARTS for n, i in enumerate(rng.permutation(len(names)))}
    held = np.array([part[take] for take in takes])
    guess = np.zeros(len(y))
    for k in range(PARTS):
        train, test = held != k, held == k
        if test.any() and len(set(y[train])) == 2:
            guess[test] = _fit(x[train], y[train], rng)(x[test])
    right = (guess > 0.5) == (y > 0.5)
    return float((right[y == 0].mean() + right[y == 1].mean()) / 2)


def _fit(x: Floats, y: Floats, rng: np.random.Generator):  # type: ignore[no-untyped-def]
    """Train the network; gives its probability of being generated."""
    mean, std = x.mean(0), x.std(0) + 1e-6
    x = np.clip((x - mean) / std, -5, 5)
    weight = np.where(y > 0, 0.5 / max(y.sum(), 1), 0.5 / max((1 - y).sum(), 1))
    params = [
        rng.normal(0, x.shape[1] ** -0.5, (x.shape[1], HIDDEN)),
        np.zeros(HIDDEN),
        rng.normal(0, HIDDEN**-0.5, HIDDEN),
        np.zeros(1),
    ]
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
    for step in range(1, 401):
        h = np.tanh(x @ params[0] + params[1])
        p = 1 / (1 + np.exp(-np.clip(h @ params[2] + params[3], -30, 30)))
        d = (p - y) * weight
        dh = np.outer(d, params[2]) * (1 - h**2)
        grads = [x.T @ dh + 0.01 * params[0], dh.sum(0), h.T @ d + 0.01 * params[2], d.sum(keepdims=True)]
        for i, grad in enumerate(grads):
            m, v = moments[i]
            m += 0.1 * (grad - m)
            v += 0.01 * (grad**2 - v)
            params[i] = params[i] - 0.02 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.99**step)) + 1e-8)

    def probability(z: Floats) -> Floats:
        z = np.clip((z - mean) / std, -5, 5)
        return 1 / (1 + np.exp(-np.clip(np.tanh(z @ params[0] + params[1]) @ params[2] + params[3], -30, 30)))

    return probability
