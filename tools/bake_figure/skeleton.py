"""The built-in skeleton (vimogen-core/src/body/neutral/skeleton.rs), its poses, and warps between sets of points."""

import pathlib
import re

import numpy as np

CORE = pathlib.Path(__file__).resolve().parents[2] / "vimogen-core"
NAMES = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle"),
    *("spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder"),
    *("right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
)
PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19]


def joint(name: str) -> int:
    return NAMES.index(name)


def rest() -> np.ndarray:
    """Joints at rest from the pelvis, metres: read from the sources, so that there is one list."""
    text = (CORE / "src/body/neutral/skeleton.rs").read_text(encoding="utf-8")
    start = text.index("REST_OFFSETS: [Vec3")
    number = r"\s*(-?[\d_.]+)\s*"
    found = re.findall(rf"Vec3::new\({number},{number},{number}\)", text[start : text.index("];", start)])
    places = np.zeros((len(NAMES), 3))
    for child, (parent, offset) in enumerate(zip(PARENTS[1:], found, strict=True), 1):
        places[child] = places[parent] + [float(value) for value in offset]
    return places


def pose(places: np.ndarray, local: dict[int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """World rotations and joints of a pose; the pelvis stays, joints without an entry are not bent."""
    turns, out = np.tile(np.eye(3), (len(places), 1, 1)), places.copy()
    for child, parent in enumerate(PARENTS[1:], 1):
        out[child] = out[parent] + turns[parent] @ (places[child] - places[parent])
        turns[child] = turns[parent] @ local.get(child, np.eye(3))
    return turns, out


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def frame(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Axes: the first along `first`, the third across both."""
    x = unit(first)
    z = unit(np.cross(x, second))
    return np.stack([x, np.cross(z, x), z], 1)


def turn(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation about an axis, radians."""
    x, y, z = unit(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def warp(points: np.ndarray, sources: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Takes the sources to the goals and everything else along smoothly: an affine map and radial functions |r|."""
    count = len(sources)
    affine = np.concatenate([np.ones((count, 1)), sources], 1)
    system = np.zeros((count + 4, count + 4))
    system[:count, :count] = np.linalg.norm(sources[:, None] - sources, axis=2)
    system[:count, count:], system[count:, :count] = affine, affine.T
    answer = np.linalg.solve(system, np.concatenate([goals - sources, np.zeros((4, 3))]))
    radial = np.linalg.norm(points[:, None] - sources, axis=2)
    return points + radial @ answer[:count] + np.concatenate([np.ones((len(points), 1)), points], 1) @ answer[count:]
