#!/usr/bin/env bash
# mjcf-urdf-simple-converter 0.7.3 (PyPI, latest release): a humanoid's hip, made of three hinges, from MJCF to URDF.
#
# Expected: the URDF has the rest pose of the MJCF model (bodies with several hinges are handled since 0.7), and a hinge
#   without `range`, which MuJoCo does not limit, becomes a `continuous` joint or one with wide limits.
# Seen: the places of a body's joints are added up instead of subtracted from each other. With the joints at the body's origin
#   that is right; with all three 5 cm above it the thigh, and the leg below it, stand 5 cm too low, at rest already. Two hinges
#   are right. Hinges without range become `revolute` with the limits 0 and 0: the hip can no longer move. Nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 200 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
  mjcf-urdf-simple-converter==0.7.3 mujoco==4.0.0 numpy==2.2.6 scipy==1.16.3 numpy-stl==3.2.0

env/bin/python - <<'PY'
import sys
import xml.etree.ElementTree as ET

import mujoco
import numpy as np
from mjcf_urdf_simple_converter import convert


def model(hinges, height):
    joints = "".join(
        f'<joint name="hip{i}" type="hinge" axis="{axis}" pos="0 0 {height}"/>'
        for i, axis in enumerate(("1 0 0", "0 1 0", "0 0 1")[:hinges])
    )
    return (
        '<mujoco><compiler angle="radian"/><worldbody><body name="pelvis" pos="0 0 1"><geom type="sphere" size="0.1"/>'
        f'<body name="thigh" pos="0 0.1 0">{joints}<geom type="capsule" size="0.05" fromto="0 0 0 0 0 -0.4"/>'
        '<body name="shin" pos="0 0 -0.4"><joint name="knee" type="hinge" axis="0 1 0" range="0 2.5"/>'
        '<geom type="capsule" size="0.05" fromto="0 0 0 0 0 -0.4"/></body></body></body></worldbody></mujoco>'
    )


def numbers(text):
    return np.array([float(v) for v in text.split()])


def rest(robot, link):
    """Place of a link of the URDF at rest: no joint of it is turned, so the offsets up to the root add up."""
    place = np.zeros(3)
    while link != "world":
        joint = next(j for j in robot.findall("joint") if j.find("child").get("link") == link)
        assert not numbers(joint.find("origin").get("rpy")).any()
        place = place + numbers(joint.find("origin").get("xyz"))
        link = joint.find("parent").get("link")
    return place


off, limits = {}, {}
for hinges, height in ((3, 0.0), (2, 0.05), (3, 0.05)):
    with open("figure.xml", "w") as file:
        file.write(model(hinges, height))
    right = mujoco.MjModel.from_xml_path("figure.xml")
    data = mujoco.MjData(right)
    mujoco.mj_kinematics(right, data)
    convert("figure.xml", "figure.urdf")
    robot = ET.parse("figure.urdf").getroot()
    off[hinges, height] = rest(robot, "shin") - data.body("shin").xpos
    print(f"{hinges} hinges at {height} m: expected shin at {data.body('shin').xpos}, seen {rest(robot, 'shin').round(6)}")
    for joint in robot.findall("joint[@type!='fixed']"):
        limits[joint.get("name")] = (joint.get("type"), *(float(joint.find("limit").get(k)) for k in ("lower", "upper")))
for name, seen in limits.items():
    limited = bool(right.joint(name).id >= 0 and right.jnt_limited[right.joint(name).id])
    print(f"{name}: limited in MuJoCo {limited}, seen {seen}")

same = (
    np.allclose(off[3, 0.0], 0)
    and np.allclose(off[2, 0.05], 0)
    and np.allclose(off[3, 0.05], [0, 0, -0.05])
    and limits["knee"] == ("revolute", 0.0, 2.5)
    and all(limits[f"hip{i}"] == ("revolute", 0.0, 0.0) for i in range(3))
)
print("as described" if same else "mjcf-urdf-simple-converter behaves differently now")
sys.exit(not same)
PY
