#!/usr/bin/env bash
# kinpy 0.6.1 (PyPI, latest release): forward kinematics of MuJoCo models.
#
# Expected: build_chain_from_mjcf and forward_kinematics give the places that MuJoCo gives.
# Seen: the origin of a second hinge of a body counts from the first one's origin: a hip whose two hinges sit at pos="0 0 0.1"
#   bends 10 cm too high, and the foot is 5 cm away. Orientations other than quat are ignored (euler, axisangle, xyaxes, zaxis):
#   the leg points elsewhere. <default> is ignored too: a knee whose axis is in the model's defaults turns about z. Nothing says
#   so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 250 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check kinpy==0.6.1 mujoco==3.3.7 numpy==2.2.6 scipy==1.16.3

env/bin/python - <<'PY'
import sys

import kinpy
import mujoco
import numpy as np

BALL = '<geom type="sphere" size="0.01"/>'
ANGLES = {"first": 0.3, "second": 0.5}


def model(joints, body="", default=""):
    foot = f'<body name="foot" pos="0 0 -0.5">{BALL}</body>'
    leg = f'<body name="leg" pos="0 0.1 0"{body}>{joints}{BALL}{foot}</body>'
    world = f'<worldbody><body name="trunk" pos="0 0 1">{BALL}{leg}</body></worldbody>'
    return f'<mujoco><compiler angle="radian"/>{default}{world}</mujoco>'


def hinge(name, axis, place="0 0 0"):
    return f'<joint name="{name}" type="hinge" pos="{place}"' + (f' axis="{axis}"/>' if axis else "/>")


def right(xml):
    compiled = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(compiled)
    for name, angle in ANGLES.items():
        if mujoco.mj_name2id(compiled, mujoco.mjtObj.mjOBJ_JOINT, name) >= 0:
            data.joint(name).qpos[:] = angle
    mujoco.mj_kinematics(compiled, data)
    return np.array(data.body("foot").xpos)


def seen(xml):
    chain = kinpy.build_chain_from_mjcf(xml)
    names = chain.get_joint_parameter_names()
    return np.array(chain.forward_kinematics({n: ANGLES[n] for n in names})["foot"].pos)


MODELS = {
    "two hinges at the body's origin": model(hinge("first", "1 0 0") + hinge("second", "0 1 0")),
    "two hinges above it": model(hinge("first", "1 0 0", "0 0 0.1") + hinge("second", "0 1 0", "0 0 0.1")),
    "a leg turned with quat": model(hinge("first", "1 0 0"), ' quat="0.5 0.5 0.5 0.5"'),
    "a leg turned with euler": model(hinge("first", "1 0 0"), ' euler="0 0 1.5707963"'),
    "an axis by default": model(hinge("first", ""), default='<default><joint axis="0 1 0"/></default>'),
}
apart = {}
for name, xml in MODELS.items():
    a, b = right(xml), seen(xml)
    apart[name] = float(np.linalg.norm(a - b))
    print(f"{name}: expected foot at {a.round(3).tolist()}, seen {(b.round(3) + 0.0).tolist()}, {apart[name]:.3f} m apart")

close, above, quat, euler, default = apart.values()
same = close < 1e-9 and quat < 1e-9 and np.allclose([above, euler, default], [0.0495, 0.209, 0.1494], atol=0.002)
print("as described" if same else "kinpy behaves differently now")
sys.exit(not same)
PY
