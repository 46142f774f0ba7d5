"""Skinning weights of the 22 joints, and the rest pose by the inverse of the skinning."""

import re

import numpy as np
from skeleton import NAMES, joint

MOST = 4
# Bones of MakeHuman's full rig by the joint that they follow; the spine is divided by height, all others are the head.
BONES = [
    (r"(root|spine\d+|breast|pelvis)$", "pelvis"),
    (r"upperleg", "hip"),
    (r"lowerleg", "knee"),
    (r"foot", "ankle"),
    (r"toe", "foot"),
    (r"neck", "neck"),
    (r"(clavicle|shoulder)", "collar"),
    (r"upperarm", "shoulder"),
    (r"lowerarm", "elbow"),
    (r"(wrist|metacarpal|finger)", "wrist"),
]
# Joints of the spine and half the height over which each takes over from the one below, metres.
SPINE = [("spine1", 0.075), ("spine2", 0.06), ("spine3", 0.06)]


def weights(bones: dict[str, np.ndarray], vertices: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`(vertices, 22)`, rows add up to 1."""
    out = np.zeros((len(vertices), len(NAMES)))
    for bone, values in bones.items():
        out[:, _joint_of(bone)] += values
    left = out[:, 0].copy()
    shares = []
    for name, half in SPINE:
        above = np.clip((vertices[:, 1] - places[joint(name)][1]) / (2 * half) + 0.5, 0, 1)
        shares.append(above * above * (3 - 2 * above))
    for k, (name, _) in enumerate(SPINE):
        upper = shares[k + 1] if k + 1 < len(SPINE) else 0
        out[:, joint(name)] += left * np.prod(shares[: k + 1], axis=0) * (1 - upper)
    out[:, 0] = left * (1 - shares[0])
    return out / out.sum(1, keepdims=True)


def _joint_of(bone: str) -> int:
    name, _, side = bone.partition(".")
    for pattern, part in BONES:
        if re.match(pattern, name):
            if part in ("pelvis", "neck"):
                return joint(part)
            return joint(f"{'left' if side == 'L' else 'right'}_{part}")
    return joint("head")


def smoothed(shares: np.ndarray, near: list[list[int]], rounds: int) -> np.ndarray:
    """Weights spread over the neighbours, so that no joint has a crease."""
    most = max(map(len, near))
    table = np.array([row + [v] * (most - len(row)) for v, row in enumerate(near)])
    for _ in range(rounds):
        shares = 0.5 * shares + 0.5 * shares[table].mean(1)
    return shares


def stored(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The four largest weights of each vertex as joints and whole parts of 255."""
    order = np.argsort(-shares, axis=1, kind="stable")[:, :MOST]
    top = np.take_along_axis(shares, order, 1)
    top = np.where(top < 0.02, 0, top)
    parts = np.round(255 * top / top.sum(1, keepdims=True)).astype(int)
    parts[:, 0] += 255 - parts.sum(1)
    return order.astype(np.uint8), parts.astype(np.uint8)


def at_rest(
    vertices: np.ndarray, joints: np.ndarray, parts: np.ndarray, turns: np.ndarray, posed: np.ndarray, rest: np.ndarray
) -> np.ndarray:
    """Vertices of the rest pose that linear blend skinning takes to the given ones."""
    share = parts[..., None] / 255
    turning = (share[..., None] * turns[joints]).sum(1)
    shift = (share * (posed - np.einsum("jab,jb->ja", turns, rest))[joints]).sum(1)
    return np.linalg.solve(turning, (vertices - shift)[..., None])[..., 0]
