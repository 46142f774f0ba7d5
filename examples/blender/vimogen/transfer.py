"""The motion on another skeleton: world rotations relative to the rest poses, and a path with steps of its legs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .clip import JOINTS, Clip
from .names import Source

# Bones whose rest direction is turned into that of the motion's rest pose, each with the next joint of its limb.
_STRAIGHTENED = {
    f"{way}_{part}": f"{way}_{end}"
    for way in ("left", "right")
    for part, end in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
}
# From the axes of the rest pose (x left, y up, z forward) to the world of a person who faces +y.
_TO_WORLD = np.array([[-1.0, 0, 0], [0, 0, 1], [0, 1, 0]])


@dataclass(frozen=True)
class Skeleton:
    """The rest pose of an armature in the world, z up. Parents come before their children."""

    names: Sequence[str]
    # Index of each bone's parent, -1 for none.
    parents: Sequence[int]
    # (N, 3, 3) and (N, 3): axes and heads of the bones.
    axes: np.ndarray
    heads: np.ndarray
    # Whether a bone turns with its parent.
    inherits: Sequence[bool]


@dataclass(frozen=True)
class Pose:
    """Keys of the bones that move."""

    # (T, 4) quaternions w, x, y, z in the bone's own axes, by name.
    rotations: dict[str, np.ndarray]
    root: str
    # (T, 3): head of the root bone in the world.
    places: np.ndarray


def transfer(clip: Clip, skeleton: Skeleton, sources: dict[str, Source]) -> Pose:
    """Give each bone the turn of its joint away from the rest pose.

    Torso, head and feet start from their own rest pose; limbs are first turned to the rest pose of the motion, so that
    an A pose and a T pose give the same arms. The armature's own front is the motion's.
    """
    index = {name: i for i, name in enumerate(skeleton.names)}
    bone_of = {source.first: index[name] for name, source in sources.items() if source.first == source.second}
    facing = front(skeleton.heads[bone_of["left_hip"]] - skeleton.heads[bone_of["right_hip"]])
    turn = facing @ _TO_WORLD.T
    straight = straightened(clip, skeleton, bone_of, facing)
    world = np.empty((len(skeleton.names), *clip.rotations.shape[:1], 3, 3))
    keys = {}
    for i, name in enumerate(skeleton.names):
        parent = skeleton.parents[i]
        carried = np.broadcast_to(skeleton.axes[i], world[i].shape)
        if parent >= 0 and skeleton.inherits[i]:
            carried = world[parent] @ skeleton.axes[parent].T @ skeleton.axes[i]
        source = sources.get(name)
        if source is None:
            world[i] = carried
            continue
        joint = between(clip, source)
        world[i] = turn @ joint @ facing.T @ straight.get(i, np.eye(3)) @ skeleton.axes[i]
        keys[name] = quaternions(np.swapaxes(carried, -1, -2) @ world[i])
    root = bone_of["pelvis"]
    return Pose(keys, skeleton.names[root], path(clip, skeleton, bone_of, turn))


def front(left: np.ndarray) -> np.ndarray:
    """From the axes of the rest pose (x left, y up, z forward) to those of a figure with this left side, z up."""
    left = np.array([left[0], left[1], 0.0])
    length = np.linalg.norm(left)
    if length < 1e-9:
        raise ValueError("both thighs start at the same place, so that nothing shows where the armature faces")
    up = np.array([0.0, 0.0, 1.0])
    return np.column_stack([left / length, up, np.cross(left / length, up)])


def straightened(clip: Clip, skeleton: Skeleton, bone_of: dict[str, int], facing: np.ndarray) -> dict[int, np.ndarray]:
    """Of each limb's bone, the shortest turn from its rest direction to that of the motion's rest pose."""
    turns = {}
    for joint, end in _STRAIGHTENED.items():
        wanted = facing @ (clip.rest[JOINTS.index(end)] - clip.rest[JOINTS.index(joint)])
        turns[bone_of[joint]] = shortest(skeleton.heads[bone_of[end]] - skeleton.heads[bone_of[joint]], wanted)
    for way in ("left", "right"):
        turns[bone_of[f"{way}_wrist"]] = turns[bone_of[f"{way}_elbow"]]
    return turns


def path(clip: Clip, skeleton: Skeleton, bone_of: dict[str, int], turn: np.ndarray) -> np.ndarray:
    """Places of the pelvis: steps are as long as the legs allow, and standing feet are where they are at rest."""
    scale = legs(skeleton.heads, bone_of) / legs(clip.rest, {name: i for i, name in enumerate(JOINTS)})
    steps = scale * (clip.joints[:, 0] - [0, 0, clip.standing]) @ turn.T
    return skeleton.heads[bone_of["pelvis"]] + steps


def legs(places: np.ndarray, index: dict[str, int]) -> float:
    """Length of hip, knee and ankle, mean of both legs."""
    lines = [[places[index[f"{way}_{part}"]] for part in ("hip", "knee", "ankle")] for way in ("left", "right")]
    return float(np.linalg.norm(np.diff(lines, axis=1), axis=-1).sum(-1).mean())


def between(clip: Clip, source: Source) -> np.ndarray:
    """World rotations of a joint, or on the way from one joint's to another's."""
    first, second = (clip.rotations[:, JOINTS.index(name)] for name in (source.first, source.second))
    if source.first == source.second or source.weight == 1:
        return second
    step = quaternions(np.swapaxes(first, -1, -2) @ second, smooth=False)
    step = np.where(step[:, :1] < 0, -step, step)
    angle = np.arctan2(np.linalg.norm(step[:, 1:], axis=1), step[:, 0]) * source.weight
    axis = step[:, 1:] / np.maximum(np.linalg.norm(step[:, 1:], axis=1), 1e-12)[:, None]
    return first @ matrices_of(np.column_stack([np.cos(angle), np.sin(angle)[:, None] * axis]))


def shortest(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Rotation that takes one direction to another."""
    start, end = start / np.linalg.norm(start), end / np.linalg.norm(end)
    half = np.append(1 + start @ end, np.cross(start, end))
    if half[0] < 1e-6:
        raise ValueError("a limb points away from where it should, so that the armature's rest pose cannot be used")
    return matrices_of(half[None] / np.linalg.norm(half))[0]


def matrices_of(quaternions: np.ndarray) -> np.ndarray:
    """Rotation matrices (T, 3, 3) of unit quaternions (T, 4)."""
    w, x, y, z = quaternions.T
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return np.stack(rows, axis=-1).reshape(-1, 3, 3)


def quaternions(rotations: np.ndarray, *, smooth: bool = True) -> np.ndarray:
    """Unit quaternions (T, 4) of matrices (T, 3, 3); `smooth`: of the two signs, the one nearer to the frame before."""
    m = rotations
    trace = np.trace(m, axis1=1, axis2=2)
    diagonal = np.diagonal(m, axis1=1, axis2=2)
    # Squares of the four parts, of which the largest divides the others.
    squares = np.column_stack([1 + trace, *(1 + 2 * diagonal.T - trace)])
    products = np.empty((len(m), 4, 4))
    products[:, range(4), range(4)] = squares
    for i, (row, column) in enumerate(((2, 1), (0, 2), (1, 0)), 1):
        products[:, 0, i] = products[:, i, 0] = m[:, row, column] - m[:, column, row]
    for i, j in ((1, 2), (1, 3), (2, 3)):
        products[:, i, j] = products[:, j, i] = m[:, i - 1, j - 1] + m[:, j - 1, i - 1]
    chosen = products[range(len(m)), squares.argmax(1)]
    result = chosen / np.linalg.norm(chosen, axis=1, keepdims=True)
    if smooth and len(result) > 1:
        flips = np.sign(np.einsum("ti,ti->t", result[1:], result[:-1]))
        result[1:] *= np.cumprod(np.where(flips < 0, -1.0, 1.0))[:, None]
    return result
