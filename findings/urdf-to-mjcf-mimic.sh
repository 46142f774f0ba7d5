#!/usr/bin/env bash
# urdf-to-mjcf 0.1.1 (PyPI, latest release): a fingertip that mimics the finger, from URDF to MJCF.
#
# Expected: URDF's <mimic joint="finger" multiplier="0.5"/> makes tip = 0.5 * finger. In MJCF's equality the first joint is the
#   one that depends (joint1 = polycoef of joint2), so joint1 is the tip. MuJoCo 4.0.0, which reads URDF itself, agrees.
# Seen: the two joints are swapped: finger = 0.5 * tip. A finger that bends by 0.5 rad bends its tip by 1 rad instead of 0.25,
#   and the limits of the tip stop the finger. Multipliers of 1 and -1 without offset are right. The log prints the right
#   equation.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 250 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mujoco==4.0.0 numpy==2.2.6 scipy==1.16.3 trimesh==5.2.0 \
  pydantic==2.14.4 tqdm==4.70.1 pillow==13.0.0 pycollada==0.9.3 fast-simplification==0.2.0 rtree==1.4.1 coacd==1.0.14
env/bin/pip install --quiet --disable-pip-version-check --no-deps urdf-to-mjcf==0.1.1 # pymeshlab is for meshes only

env/bin/python - <<'PY'
import logging
import sys
from pathlib import Path

import mujoco
from urdf_to_mjcf import run

logging.disable(logging.WARNING)
MASS = '<mass value="1"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/>'
SHAPE = '<collision><geometry><box size="0.02 0.02 0.02"/></geometry></collision>'
POSES = {"tip = 0.5 finger": (0.5, 0.25), "finger = 0.5 tip": (0.5, 1.0)}


def urdf(multiplier):
    body = f'<inertial><origin xyz="0 0 0"/>{MASS}</inertial>{SHAPE}'
    links = "".join(f'<link name="{name}">{body}</link>' for name in ("palm", "middle", "end"))
    joints = "".join(
        f'<joint name="{name}" type="revolute"><parent link="{parent}"/><child link="{child}"/><origin xyz="0 0 0.1" rpy="0 0 0"/>'
        f'<axis xyz="0 1 0"/><limit lower="-2" upper="2" effort="1" velocity="1"/>{mimic}</joint>'
        for name, parent, child, mimic in (
            ("finger", "palm", "middle", ""),
            ("tip", "middle", "end", f'<mimic joint="finger" multiplier="{multiplier}" offset="0"/>'),
        )
    )
    return f'<robot name="hand">{links}{joints}</robot>'


def violation(path, finger, tip):
    """By how many radians a pose misses the model's constraint."""
    model = mujoco.MjModel.from_xml_path(path)
    data = mujoco.MjData(model)
    data.joint("finger").qpos[0], data.joint("tip").qpos[0] = finger, tip
    mujoco.mj_forward(model, data)
    assert model.neq == 1
    return round(abs(float(data.efc_pos[0])), 6)


def pair(multiplier, poses):
    Path("hand.urdf").write_text(urdf(multiplier))
    run(Path("hand.urdf"), Path("out/hand.xml"), run_mesh_postprocess=False)
    return {path: [violation(path, *pose) for pose in poses] for path in ("hand.urdf", "out/hand.xml")}


half = pair(0.5, POSES.values())
mirrored = pair(-1, [(0.5, -0.5)])
for i, name in enumerate(POSES):
    own, converted = half["hand.urdf"][i], half["out/hand.xml"][i]
    print(f"pose with {name}: constraint missed by {own} rad in MuJoCo's own reading, {converted} in the MJCF")
print(f"pose with tip = -finger and multiplier -1: {mirrored['hand.urdf'][0]} and {mirrored['out/hand.xml'][0]}")
same = (
    half["hand.urdf"][0] == 0
    and half["hand.urdf"][1] > 0.5
    and half["out/hand.xml"] == [0.375, 0]
    and mirrored == {"hand.urdf": [0], "out/hand.xml": [0]}
)
print("as described" if same else "urdf-to-mjcf behaves differently now")
sys.exit(not same)
PY
