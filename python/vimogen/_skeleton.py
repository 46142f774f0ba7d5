"""The 22 joints."""

from __future__ import annotations

JOINTS: tuple[str, ...] = (
    "pelvis",
    "left_hip",
    "right_hip",
    "spine1",
    "left_knee",
    "right_knee",
    "spine2",
    "left_ankle",
    "right_ankle",
    "spine3",
    "left_foot",
    "right_foot",
    "neck",
    "left_collar",
    "right_collar",
    "head",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
)
"""Names of the joints, in the order of ``motion.joints``."""

PARENTS: tuple[int, ...] = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
"""Index of each joint's parent; -1 for the pelvis, which has none."""


def index_of(joint: str) -> int:
    """The index of a joint; KeyError with all names for another one."""
    try:
        return JOINTS.index(joint)
    except ValueError:
        raise KeyError(f"{joint!r} is not a joint; the joints are {', '.join(JOINTS)}") from None
