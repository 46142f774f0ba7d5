#!/usr/bin/env bash
# urdf2mjcf 0.2.39 and urdf-to-mjcf 0.1.1 (PyPI, latest releases): a joint without <axis>, and the mass of the trunk.
#
# Expected: a URDF joint without <axis> turns about x (the default of URDF's specification), and every link's <inertial> is
#   kept. MuJoCo 4.0.0, which reads URDF itself, does both.
# Seen: both leave the attribute out, and MJCF's default is z: the joint turns about another axis. The <inertial> of the root
#   link, a humanoid's trunk, is dropped; MuJoCo then works the mass out from the collision shapes as if they were water: here
#   1 kg instead of 2.5. All other links keep theirs. urdf2mjcf leaves mimic joints free, too. Nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 250 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mujoco==4.0.0 numpy==2.2.6 scipy==1.16.3 trimesh==5.2.0 \
  colorlogging==0.0.2 pydantic==2.14.4 tqdm==4.70.1 pillow==13.0.0 pycollada==0.9.3 fast-simplification==0.2.0 rtree==1.4.1 coacd==1.0.14
env/bin/pip install --quiet --disable-pip-version-check --no-deps urdf2mjcf==0.2.39 urdf-to-mjcf==0.1.1

env/bin/python - <<'PY'
import logging
import math
import sys
from pathlib import Path

import mujoco
import urdf_to_mjcf
from urdf2mjcf.convert import convert_urdf_to_mjcf

logging.disable(logging.WARNING)
INERTIAL = '<origin xyz="0 0 0"/><mass value="2.5"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/>'
SHAPE = '<geometry><box size="0.1 0.1 0.1"/></geometry>'
LINKS = ("trunk", "arm", "hand", "tip")


def joint(name, parent, child, inside):
    return (
        f'<joint name="{name}" type="revolute"><parent link="{parent}"/><child link="{child}"/><origin xyz="0 0 0.3" rpy="0 0 0"/>'
        f'<limit lower="-2" upper="2" effort="1" velocity="1"/>{inside}</joint>'
    )


Path("robot.urdf").write_text(
    '<robot name="robot">'
    + "".join(f'<link name="{name}"><inertial>{INERTIAL}</inertial><collision>{SHAPE}</collision></link>' for name in LINKS)
    + joint("shoulder", "trunk", "arm", "")
    + joint("elbow", "arm", "hand", '<axis xyz="0 1 0"/>')
    + joint("finger", "hand", "tip", '<axis xyz="0 1 0"/><mimic joint="elbow" multiplier="0.5"/>')
    + "</robot>"
)
for folder in ("first", "second"):
    Path(folder).mkdir()
convert_urdf_to_mjcf("robot.urdf", "first/robot.xml")
urdf_to_mjcf.run(Path("robot.urdf"), Path("second/robot.xml"), run_mesh_postprocess=False)

seen = {}
for name, path in (("mujoco", "robot.urdf"), ("urdf2mjcf", "first/robot.xml"), ("urdf-to-mjcf", "second/robot.xml")):
    model = mujoco.MjModel.from_xml_path(path)
    data = mujoco.MjData(model)
    data.joint("shoulder").qpos[0] = 0.5
    mujoco.mj_kinematics(model, data)
    hand = data.body("hand").xpos - data.body("arm").xpos
    masses = [float(m) for m in model.body_mass if m > 0]
    seen[name] = (
        tuple(round(float(v), 3) + 0.0 for v in hand), [round(m, 6) for m in masses], model.neq
    )  # fmt: skip
    print(f"{name}: hand relative to arm {seen[name][0]}, masses {seen[name][1]}, constraints {model.neq}")

# Turned by 0.5 rad about x, the 0.3 m above the arm lean towards -y. MuJoCo merges the fixed trunk into the world.
lean = (0.0, round(-0.3 * math.sin(0.5), 3), round(0.3 * math.cos(0.5), 3))
print(f"expected: hand relative to arm {lean}, mass 2.5 of each link, 1 constraint")
upright = (0.0, 0.0, 0.3)
wrong = [1.0, 2.5, 2.5, 2.5]
same = (
    seen["mujoco"] == (lean, [2.5] * 3, 1)
    and seen["urdf2mjcf"] == (upright, wrong, 0)
    and seen["urdf-to-mjcf"] == (upright, wrong, 1)
)
print("as described" if same else "one of the converters behaves differently now")
sys.exit(not same)
PY
