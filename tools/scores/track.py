"""A clip seen from the body: joints from where the clip began, and from the body's place and heading in each frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FPS = 20.0
PELVIS, NECK, HEAD = 0, 12, 15
# Left and right.
HIPS, KNEES, ANKLES, TOES = (1, 2), (4, 5), (7, 8), (10, 11)
SHOULDERS, ELBOWS, WRISTS = (16, 17), (18, 19), (20, 21)
FEET = [*ANKLES, *TOES]
# Height of the toe joint of a flat foot, metres.
TOE_HEIGHT = 0.02


def floor(joints: Floats) -> float:
    """Height of the floor: the lowest ankle or toe, apart from a twentieth of the frames, less the height of a toe."""
    return float(np.percentile(joints[:, FEET, 2].min(1), 5)) - TOE_HEIGHT


def facing(joints: Floats) -> Floats:
    """Horizontal unit vectors (T, 2) square to hips and shoulders."""
    left = joints[:, HIPS[0]] - joints[:, HIPS[1]] + joints[:, SHOULDERS[0]] - joints[:, SHOULDERS[1]]
    ahead = np.stack([left[:, 1], -left[:, 0]], -1)
    return ahead / np.maximum(np.linalg.norm(ahead, axis=-1, keepdims=True), 1e-9)


def from_body(joints: Floats) -> Floats:
    """Joints from the pelvis' place on the floor: x to the right, y ahead, z up."""
    f = facing(joints)
    d = joints - joints[:, :1] * [1, 1, 0]
    x = d[..., 0] * f[:, None, 1] - d[..., 1] * f[:, None, 0]
    y = d[..., 0] * f[:, None, 0] + d[..., 1] * f[:, None, 1]
    return np.stack([x, y, d[..., 2]], -1)


def angle(u: Floats, v: Floats) -> Floats:
    """Angle between vectors, degrees."""
    cosine = (u * v).sum(-1) / np.maximum(np.linalg.norm(u, axis=-1) * np.linalg.norm(v, axis=-1), 1e-9)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


class Track:
    """Joints (T, 22, 3) at 20 frames per second, metres, z up; the clip begins at the origin, facing +y."""

    def __init__(self, joints: Floats, pose: Floats | None = None, *, ground: float | None = None) -> None:
        self.pose = pose
        ground = floor(joints) if ground is None else ground
        ahead = facing(joints)
        yaw = np.unwrap(np.arctan2(ahead[:, 1], ahead[:, 0]))
        turn = np.pi / 2 - yaw[0]
        c, s = np.cos(turn), np.sin(turn)
        moved = joints - [joints[0, 0, 0], joints[0, 0, 1], ground]
        self.joints: Floats = moved @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        # Degrees turned to the left since the first frame.
        self.yaw: Floats = np.degrees(yaw - yaw[0])
        self.local = from_body(self.joints)
        self.seconds = len(joints) / FPS

    def window(self, first: float, last: float) -> Track:
        """The frames from share `first` to share `last`, with a beginning of their own and the same floor."""
        n = len(self.joints)
        part = slice(int(first * n), max(int(last * n), int(first * n) + 10))
        return Track(self.joints[part], None if self.pose is None else self.pose[part], ground=0.0)

    def wrist(self, side: int) -> Floats:
        """A wrist from its shoulder: x outwards, y ahead, z up."""
        reach = self.local[:, WRISTS[side]] - self.local[:, SHOULDERS[side]]
        return reach * [-1, 1, 1] if side == 0 else reach

    def speed(self, joint: int) -> Floats:
        """Speed of a joint in the world, metres per second."""
        return np.linalg.norm(np.diff(self.joints[:, joint], axis=0), axis=-1) * FPS

    def pelvis_speed(self) -> Floats:
        """Velocity of the pelvis over half a second in the heading of each frame, m/s: right and ahead."""
        path = self.joints[:, PELVIS, :2]
        kernel = np.ones(9) / 9
        v = np.diff(path, axis=0) * FPS
        v = np.stack([np.convolve(np.pad(v[:, i], 4, "edge"), kernel, "valid") for i in (0, 1)], -1)
        f = facing(self.joints)[:-1]
        return np.stack([v[:, 0] * f[:, 1] - v[:, 1] * f[:, 0], (v * f).sum(-1)], -1)

    def low_toes(self) -> Floats:
        """Height of the lower toe joint above its height in standing."""
        return self.joints[:, list(TOES), 2].min(1) - TOE_HEIGHT

    def head(self, axis: int) -> Floats:
        """Degrees by which neck and head are turned: 0 is down, 1 to the left, 2 towards the right shoulder.

        From the axis angles of neck and head, whose rest pose has x to the left, y up and z ahead: joints do not show
        how the head is turned. Without rotations there is no turn.
        """
        if self.pose is None:
            return np.zeros(len(self.joints))
        pose = self.pose.reshape(len(self.joints), -1, 3)
        return np.degrees(pose[:, NECK - 1, axis] + pose[:, HEAD - 1, axis])


def peaks(values: Floats, low: float, high: float) -> int:
    """How often values rise above `high` after having been below `low`."""
    count, armed = 0, True
    for value in values:
        if armed and value > high:
            count, armed = count + 1, False
        elif value < low:
            armed = True
    return count


def reversals(values: Floats, least: float) -> int:
    """How often values turn round after having moved by at least `least`."""
    if not len(values):
        return 0
    low = high = values[0]
    rising: bool | None = None
    count = 0
    for value in values:
        low, high = min(low, value), max(high, value)
        up, down = value - low > least, high - value > least
        now = (up or None) if rising is not True and up else (False if rising is not False and down else None)
        if now is not None and now != rising:
            count += rising is not None
            rising, low, high = now, value, value
    return count
