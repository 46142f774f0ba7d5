#!/usr/bin/env bash
# yourdfpy 0.0.60 (PyPI, latest release): a finger joint that mimics another one.
#
# Expected: a mimic joint has the angle multiplier * other + offset (the definition in URDF's specification), wherever the other
#   joint stands in the file; the centre of a configuration is the middle of each joint's own limits.
# Seen: the other joint's angle is looked up by the joint's number in a list that holds one entry per degree of freedom. With
#   a floating or planar root, as humanoids have, the fingertip follows another joint: 0.2 and 0.55 instead of 0.7 rad. With a
#   fixed root it is right. center_cfg writes the value of a mimic joint at its number among all joints, which is another
#   joint's place: the thumb's centre is 0.7 instead of 1. Nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 80 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check yourdfpy==0.0.60 numpy==2.2.6 trimesh==4.12.2 lxml==6.0.2 six==1.17.0

env/bin/python - <<'PY'
import math
import sys

import yourdfpy

MIMIC = '<mimic joint="finger" multiplier="0.5" offset="0.2"/>'


def joint(name, kind, parent, child, extra=""):
    return (
        f'<joint name="{name}" type="{kind}"><parent link="{parent}"/><child link="{child}"/><origin xyz="0 0 0.1" rpy="0 0 0"/>'
        f'<axis xyz="0 0 1"/><limit lower="0" upper="2" effort="1" velocity="1"/>{extra}</joint>'
    )


def hand(*joints):
    links = dict.fromkeys(part.split('"')[0] for j in joints for part in j.split('link="')[1:])
    with open("hand.urdf", "w") as file:
        file.write('<robot name="hand">' + "".join(f'<link name="{link}"/>' for link in links) + "".join(joints) + "</robot>")
    return yourdfpy.URDF.load("hand.urdf")


seen = {}
for root in ("fixed", "planar", "floating"):
    robot = hand(
        joint("root", root, "world", "arm"),
        joint("wrist", "revolute", "arm", "palm"),
        joint("finger", "revolute", "palm", "middle"),
        joint("tip", "revolute", "middle", "end", MIMIC),
    )
    robot.update_cfg({"wrist": 0.7, "finger": 1.0})
    angles = {}
    for name, parent, child in (("wrist", "arm", "palm"), ("finger", "palm", "middle"), ("tip", "middle", "end")):
        matrix = robot.get_transform(child, parent)
        angles[name] = round(math.atan2(matrix[1, 0], matrix[0, 0]), 6)
    seen[root] = angles
    print(f"{root} root: expected wrist 0.7, finger 1.0, tip {0.5 * 1.0 + 0.2}; seen {angles}")

robot = hand(
    joint("finger", "revolute", "palm", "middle"),
    joint("tip", "revolute", "middle", "end", MIMIC),
    joint("thumb", "revolute", "palm", "side"),
)
centre = dict(zip(robot.actuated_joint_names, (round(float(v), 6) for v in robot.center_cfg), strict=True))
print(f"centre of the limits 0 to 2: expected finger 1.0, thumb 1.0; seen {centre}")

right = {"wrist": 0.7, "finger": 1.0}
same = (
    seen["fixed"] == {**right, "tip": 0.7}
    and seen["planar"] == {**right, "tip": 0.55}
    and seen["floating"] == {**right, "tip": 0.2}
    and centre == {"finger": 1.0, "thumb": 0.7}
)
print("as described" if same else "yourdfpy behaves differently now")
sys.exit(not same)
PY
