"""A motion file as arrays: world rotations and positions of the 22 joints."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

JOINTS = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
# Height of the joint in the ball of the foot when it stands, metres.
SOLE = 0.025


@dataclass(frozen=True)
class Clip:
    """A motion of T frames in metres, z up; a person of heading 0 faces +y."""

    fps: float
    # (T, 22, 3, 3): from the axes of the rest pose (x to the person's left, y up, z forward) to the world.
    rotations: np.ndarray
    # (T, 22, 3): positions in the world.
    joints: np.ndarray
    # (22, 3): positions in the rest pose, in its axes; the pelvis is the origin.
    rest: np.ndarray

    @property
    def standing(self) -> float:
        """Height of the pelvis of a person who stands at rest, metres."""
        return float(SOLE - self.rest[:, 1].min())


def read(path: Path) -> Clip:
    """The clip of an ``.npz`` file that vimogen wrote."""
    with np.load(path) as file:
        fps = float(file["mocap_frame_rate"])
        axis_angles = np.concatenate([file["root_orient"], file["pose_body"]], axis=1).astype(float)
        joints = file["joints"].astype(float)
    rotations = chained(matrices(axis_angles.reshape(len(axis_angles), -1, 3)))
    return Clip(fps, rotations, joints, rest_of(rotations, joints))


def matrices(axis_angles: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of axis-angle vectors (..., 3), by Rodrigues' formula."""
    angles = np.linalg.norm(axis_angles, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(axis_angles / np.maximum(angles[..., 0], 1e-12), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)
    return np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)


def chained(local: np.ndarray) -> np.ndarray:
    """World rotations of rotations relative to the parents."""
    world = local.copy()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            world[:, joint] = world[:, parent] @ local[:, joint]
    return world


def rest_of(rotations: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Joint positions of the rest pose: each bone in the axes of its parent, as the mean over the frames."""
    rest = np.zeros((len(JOINTS), 3))
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            bones = joints[:, joint] - joints[:, parent]
            rest[joint] = rest[parent] + np.einsum("tji,tj->ti", rotations[:, parent], bones).mean(0)
    return rest
