#!/usr/bin/env bash
# mcp-persor 1.0.6 (PyPI, latest release; for BVH files of Sony's mocopi): joints in "absolute" mode.
#
# Expected: get_joint_motion_df(joint, mode="absolute") gives place and rotation in the world, by forward kinematics.
# Seen: positions and Euler angles of the joints up to the root are added. Rotations of parents do not turn the offsets of
#   their children: the chest of a figure that lies on its side is above its hips as if it stood. Angles about changing axes
#   are summed: Z 90, X 90, Z 90 becomes Z 180, X 90. set_joint_motion_df in this mode goes by the same sums.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mcp-persor==1.0.6 numpy==2.2.6 pandas==2.3.3

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from mcp_persor import BVHparser

CHANNELS = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
with open("lying.bvh", "w") as file:
    file.write(
        f"HIERARCHY\nROOT hips\n{{\nOFFSET 0 0 0\n{CHANNELS}\nJOINT spine\n{{\nOFFSET 0 10 0\n{CHANNELS}\n"
        f"JOINT chest\n{{\nOFFSET 0 10 0\n{CHANNELS}\nEnd Site\n{{\nOFFSET 0 10 0\n}}\n}}\n}}\n}}\n"
        "MOTION\nFrames: 2\nFrame Time: 0.02\n"
        "0 90 0 0 0 0 0 10 0 0 0 0 0 10 0 0 0 0\n"
        "0 90 0 90 0 0 0 10 0 0 90 0 0 10 0 90 0 0\n"
    )
FRAMES = [[(0, 90, 0), (0, 0, 0)], [(0, 10, 0), (0, 0, 0)], [(0, 10, 0), (0, 0, 0)]], [
    [(0, 90, 0), (90, 0, 0)], [(0, 10, 0), (0, 90, 0)], [(0, 10, 0), (90, 0, 0)]
]


def rotation(zxy):
    z, x, y = (math.radians(v) for v in zxy)
    about_z = np.array([[math.cos(z), -math.sin(z), 0], [math.sin(z), math.cos(z), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, math.cos(x), -math.sin(x)], [0, math.sin(x), math.cos(x)]])
    about_y = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    return about_z @ about_x @ about_y


def by_kinematics(frame):
    turn, place = np.eye(3), np.zeros(3)
    for position, angles in FRAMES[frame]:
        place = place + turn @ position
        turn = turn @ rotation(angles)
    return place, turn


table = BVHparser("lying.bvh").get_joint_motion_df("chest", mode="absolute")
seen = [
    (table.loc[i, ["Xposition", "Yposition", "Zposition"]].tolist(), table.loc[i, ["Zrotation", "Xrotation", "Yrotation"]].tolist())
    for i in range(2)
]
apart = []
for frame, (place, angles) in enumerate(seen):
    right, turn = by_kinematics(frame)
    difference = rotation(angles).T @ turn
    apart.append(round(math.degrees(math.acos(np.clip((np.trace(difference) - 1) / 2, -1, 1))), 1))
    print(
        f"frame {frame}: chest expected at {np.round(right, 3).tolist()}, seen at {place}; angles seen {angles}, "
        f"{apart[-1]} degrees from the rotation in the world"
    )
assert seen[0][0] == [0, 110, 0] and apart[0] == 0 and np.allclose(by_kinematics(1)[0], [-10, 90, 10])
if seen[1] != ([0, 110, 0], [180, 90, 0]) or apart[1] < 45:
    sys.exit("mcp-persor behaves differently now")
print("as described")
PY
