#!/usr/bin/env bash
# truerig 0.1.1 (PyPI, latest release): conversion of robots between URDF and MJCF, "with a fidelity report of everything it
# changed".
#
# Expected: a mesh that is shown twice, the second time with scale="1 -1 1" as for a right foot, stays mirrored; a planar joint
#   moves along two axes and turns (URDF's specification); a joint's friction becomes MuJoCo's frictionloss. From MJCF to URDF a
#   hinge with pos="0 0 0.2" turns about that point. What can't be kept is in the report.
# Seen: the second foot uses the first one's mesh, without its scale. The planar joint is a hinge, the friction is gone. Towards
#   URDF the hinge turns about the body's origin: MuJoCo's foot and the URDF's are 28 cm apart when the knee is bent by a right
#   angle, and the trunk has left its place 1 m above the ground. The report mentions none of this.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 250 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check truerig==0.1.1 numpy==2.2.6 scipy==1.16.3 mujoco==3.3.7

env/bin/python - <<'PY'
import math
import struct
import sys
import xml.etree.ElementTree as ET

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation
import truerig

CORNERS = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
with open("foot.stl", "wb") as file:
    file.write(bytes(80) + struct.pack("<I", 4))
    for a, b, c in ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)):
        file.write(struct.pack("<12fH", 0, 0, 0, *CORNERS[a], *CORNERS[b], *CORNERS[c], 0))


def link(name, scale=None):
    shown = f'<visual><geometry><mesh filename="foot.stl" scale="{scale}"/></geometry></visual>' if scale else ""
    inertia = '<inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>'
    return f'<link name="{name}">{inertia}{shown}</link>'


def joint(name, kind, child, y, inside=""):
    limit = '<limit lower="-1" upper="1" effort="1" velocity="1"/>' if kind == "revolute" else ""
    return (
        f'<joint name="{name}" type="{kind}"><parent link="trunk"/><child link="{child}"/>'
        f'<origin xyz="0 {y} 0"/><axis xyz="0 0 1"/>{limit}{inside}</joint>'
    )


with open("robot.urdf", "w") as file:
    parts = [link("trunk"), link("left", "1 1 1"), link("right", "1 -1 1"), link("cart")]
    parts += [joint("ankle", "revolute", "left", 0.1, '<dynamics damping="0.1" friction="0.7"/>')]
    parts += [joint("other", "revolute", "right", -0.1), joint("move", "planar", "cart", 0)]
    file.write(f'<robot name="robot">{"".join(parts)}</robot>')

said = truerig.convert("robot.urdf", "robot.xml").loss_log
model = mujoco.MjModel.from_xml_path("robot.xml")
meshes = {m.get("name"): m.get("scale") for m in ET.parse("robot.xml").iter("mesh")}
planar = [int(t) for t, j in zip(model.jnt_type, range(model.njnt)) if model.joint(j).name == "move"]
friction = float(model.dof_frictionloss[model.joint("ankle").dofadr[0]])
print(f"meshes: expected one mirrored and one not, seen {meshes}")
print(f"planar joint: expected two slides and a hinge, seen {len(planar)} of type {mujoco.mjtJoint(planar[0]).name}")
print(f"friction: expected 0.7, seen {friction}")
reported = [e.message for e in said if e.element in ("left", "right", "ankle", "other", "move", "foot.stl")]
print(f"report about these parts: {reported}")

with open("leg.xml", "w") as file:
    ball = '<geom type="sphere" size="0.05"/>'
    file.write(
        f'<mujoco><compiler angle="radian"/><worldbody><body name="trunk" pos="0 0 1">{ball}'
        f'<body name="leg"><joint name="knee" axis="1 0 0" pos="0 0 0.2"/>{ball}'
        f'<body name="foot" pos="0 0 -0.5">{ball}</body></body></body></worldbody></mujoco>'
    )
again = truerig.convert("leg.xml", "leg.urdf").loss_log
model = mujoco.MjModel.from_xml_path("leg.xml")
data = mujoco.MjData(model)
data.qpos[0] = math.pi / 2
mujoco.mj_kinematics(model, data)
right = np.array(data.body("foot").xpos)


def numbers(joint, element, attribute):
    found = joint.find(element)
    return [0.0] * 3 if found is None else [float(v) for v in found.get(attribute).split()]


# Forward kinematics of the URDF by hand, from its trunk.
tree = {j.find("child").get("link"): j for j in ET.parse("leg.urdf").iter("joint")}
place, rotation = np.zeros(3), Rotation.identity()
for name in ("leg", "foot"):
    place = place + rotation.apply(numbers(tree[name], "origin", "xyz"))
    rotation = rotation * Rotation.from_euler("xyz", numbers(tree[name], "origin", "rpy"))
    if tree[name].get("type") != "fixed":
        axis = np.array(numbers(tree[name], "axis", "xyz"))
        rotation = rotation * Rotation.from_rotvec(axis * math.pi / 2)
expected = right - [0, 0, 1]
apart = float(np.linalg.norm(place - expected))
print(f"foot from the trunk: expected {expected.round(3).tolist()}, seen {place.round(3).tolist()}; said: {[e.message for e in again]}")

same = (
    meshes == {"foot": None}
    and planar == [int(mujoco.mjtJoint.mjJNT_HINGE)]
    and friction == 0
    and not reported
    and math.isclose(apart, 0.2 * math.sqrt(2), abs_tol=1e-6)
    and not again
)
print("as described" if same else "truerig behaves differently now")
sys.exit(not same)
PY
