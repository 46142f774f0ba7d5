#!/usr/bin/env bash
# robot-kinematics 1.1.0 (PyPI, latest release): forward kinematics of a robot from its URDF file.
#
# Expected: URDFKinematics(file).forward_kinematics(angles) gives the pose of the last link: its documentation calls it the
#   end effector's. For an arm of two hinges that is one line of trigonometry.
# Seen: the identity, for every robot and every angle. The chain is followed from the base link as long as a joint leads *to*
#   the link, and none leads to the base, so the chain is empty. The joints were counted all the same, and nothing says so.
#   Its Euler angles of the convention "zyx" do not come back either: all three change their sign.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 200 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.16.3 matplotlib==3.10.7 numba==0.62.1
env/bin/pip install --quiet --disable-pip-version-check --no-deps robot-kinematics==1.1.0

cat > arm.urdf <<'URDF'
<robot name="arm">
  <link name="trunk"/><link name="upper"/><link name="lower"/><link name="hand"/>
  <joint name="shoulder" type="revolute">
    <parent link="trunk"/><child link="upper"/><origin xyz="0 0 1" rpy="0 0 0"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="1" velocity="1"/>
  </joint>
  <joint name="elbow" type="revolute">
    <parent link="upper"/><child link="lower"/><origin xyz="0.3 0 0" rpy="0 0 0"/><axis xyz="0 1 0"/>
    <limit lower="-2" upper="2" effort="1" velocity="1"/>
  </joint>
  <joint name="wrist" type="fixed">
    <parent link="lower"/><child link="hand"/><origin xyz="0.25 0 0" rpy="0 0 0"/>
  </joint>
</robot>
URDF

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from robot_kinematics import URDFKinematics, euler_to_rotation_matrix, rotation_matrix_to_euler

arm = URDFKinematics("arm.urdf")
places = []
for shoulder, elbow in ((0.0, 0.0), (0.5, 1.0), (-1.2, 0.3)):
    # The axis is +y, so a positive angle turns +x towards -z.
    x = 0.3 * math.cos(shoulder) + 0.25 * math.cos(shoulder + elbow)
    z = 1 - 0.3 * math.sin(shoulder) - 0.25 * math.sin(shoulder + elbow)
    pose = arm.forward_kinematics(np.array([shoulder, elbow])).matrix
    places.append((pose, x, z))
    print(f"angles {shoulder:4} {elbow}: expected hand at {x:.3f} 0 {z:.3f}, seen {[float(v) for v in pose[:3, 3]]}")
print(f"joints: {arm.n_joints} counted, {len(arm.kinematic_chain)} in the chain (3 in the file)")

ANGLES = np.array([0.3, -0.5, 0.7])
back = {name: rotation_matrix_to_euler(euler_to_rotation_matrix(ANGLES, name), name) for name in ("xyz", "zyx")}
for name, angles in back.items():
    print(f"{name}: expected back {ANGLES.tolist()}, seen {[round(float(a), 6) for a in angles]}")

same = (
    all(np.array_equal(pose, np.eye(4)) and math.hypot(x, z - 1) > 0.3 for pose, x, z in places)
    and arm.n_joints == 2
    and np.allclose(back["xyz"], ANGLES)
    and np.allclose(back["zyx"], -ANGLES)
)
print("as described" if same else "robot-kinematics behaves differently now")
sys.exit(not same)
PY
