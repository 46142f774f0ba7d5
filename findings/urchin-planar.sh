#!/usr/bin/env bash
# urchin 0.0.30 (PyPI, latest release): a planar joint, and a mimic joint at rest.
#
# Expected: a joint's motion happens in the frame that its <origin> places (URDF's specification), so that a planar joint whose
#   origin is turned by 90 degrees moves along the parent's y when its x grows; link_fk() without a configuration is
#   link_fk() with zeros, and a mimic joint's angle is multiplier * other + offset in both.
# Seen: the origin's rotation is applied twice to a planar joint's motion: it goes along the parent's -x. With an origin that is
#   not turned it is right, and so is a prismatic joint. Without a configuration the offset of a mimic joint is left out:
#   0 instead of 0.2 rad, so the rest pose is not the pose of zeros.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 200 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check urchin==0.0.30 numpy==2.2.6

env/bin/python -W ignore - <<'PY'
import math
import sys

import numpy as np
from urchin import URDF

TURN = math.pi / 2


def load(text):
    with open("robot.urdf", "w") as file:
        file.write(f'<robot name="robot">{text}</robot>')
    return URDF.load("robot.urdf")


def moved(kind, yaw, value):
    robot = load(
        f'<link name="world"/><link name="base"/><joint name="move" type="{kind}"><parent link="world"/><child link="base"/>'
        f'<origin xyz="0 0 0" rpy="0 0 {yaw}"/><axis xyz="1 0 0"/><limit lower="-9" upper="9" effort="1" velocity="1"/></joint>'
    )
    return [round(float(v), 6) + 0.0 for v in robot.link_fk({"move": value}, use_names=True)["base"][:3, 3]]


planar = {yaw: moved("planar", yaw, np.array([1.0, 0.0])) for yaw in (0.0, TURN)}
prismatic = moved("prismatic", TURN, 1.0)
for yaw, place in planar.items():
    print(f"planar, origin turned by {yaw:.3f}: expected {[round(math.cos(yaw), 6), round(math.sin(yaw), 6), 0]}, seen {place}")
print(f"prismatic, origin turned by {TURN:.3f}: expected [0, 1, 0], seen {prismatic}")

finger = "".join(
    f'<joint name="{name}" type="revolute"><parent link="{parent}"/><child link="{child}"/><origin xyz="0 0 0" rpy="0 0 0"/>'
    f'<axis xyz="0 0 1"/><limit lower="-2" upper="2" effort="1" velocity="1"/>{mimic}</joint>'
    for name, parent, child, mimic in (
        ("finger", "palm", "middle", ""),
        ("tip", "middle", "end", '<mimic joint="finger" multiplier="0.5" offset="0.2"/>'),
    )
)
robot = load('<link name="palm"/><link name="middle"/><link name="end"/>' + finger)
tips = {}
for name, configuration in (("nothing", None), ("0", {"finger": 0.0}), ("1", {"finger": 1.0})):
    end = robot.link_fk(configuration, use_names=True)["end"]
    other = 0.0 if configuration is None else configuration["finger"]
    tips[name] = round(math.atan2(end[1, 0], end[0, 0]) - other, 6)
    print(f"finger set to {name}: expected tip {0.5 * other + 0.2}, seen {tips[name]}")

same = (
    planar == {0.0: [1.0, 0.0, 0.0], TURN: [-1.0, 0.0, 0.0]}
    and prismatic == [0.0, 1.0, 0.0]
    and tips == {"nothing": 0.0, "0": 0.2, "1": 0.7}
)
print("as described" if same else "urchin behaves differently now")
sys.exit(not same)
PY
