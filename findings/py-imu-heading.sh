#!/usr/bin/env bash
# py-imu 0.1.0 (PyPI, latest release): tilt-compensated heading and quaternions.
#
# Expected: the heading that rpymag2h and qmag2h find with a pose is the yaw of that pose: accelmag2rpy and accelmag2q take both
#   from the same gravity and the same field. A quaternion times its inverse is 1. A rotation about an axis is the same for
#   every length of the axis. Vectors with different components are not equal.
# Seen: the roll is left out of one component and added to the other: level or tilted about one axis the heading is right,
#   tilted by 30 degrees about both it is 35 instead of 40. The inverse of a quaternion of length 2 is 2 times too long (divided
#   by the length, not its square). The length of the axis scales the vector part. Two vectors are equal if one component is.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 150 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.16.3 loguru==0.7.3
env/bin/pip install --quiet --disable-pip-version-check --no-deps py-imu==0.1.0

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from py_imu.fusion import utilities
from py_imu.fusion.quaternion import Quaternion, Vector3D
from scipy.spatial.transform import Rotation

# North, east, down: the field points north and 60 degrees down.
FIELD = np.array([math.cos(math.radians(60)), 0, math.sin(math.radians(60))])

headings = {}
for roll, pitch in ((0, 0), (30, 0), (0, 30), (30, 30)):
    pose = Rotation.from_euler("ZYX", [40, pitch, roll], degrees=True)
    gravity, field = pose.inv().apply([0, 0, 1]), pose.inv().apply(FIELD)
    angles = utilities.accelmag2rpy(gravity, field)
    assert np.allclose(np.degrees([angles.x, angles.y, angles.z]), [roll, pitch, 40])
    first = math.degrees(utilities.rpymag2h(angles, field))
    second = math.degrees(utilities.qmag2h(utilities.accelmag2q(gravity, field), field))
    headings[roll, pitch] = (first, second)
    print(f"roll {roll}, pitch {pitch}: expected heading 40, seen {first:.2f} and {second:.2f}")

long = Quaternion(0, 0, 0, 2)
product = (long * long.inverse).w
print(f"a quaternion of length 2 times its inverse: expected 1, seen {product}")
turn = utilities.vector_angle2q(Vector3D(0, 0, 2.0), math.pi / 2)
seen = math.degrees(2 * math.atan2(turn.z, turn.w))
print(f"90 degrees about (0, 0, 2): expected 90, seen {seen:.1f}, length {turn.norm:.3f}")
equal = bool(Vector3D(1, 2, 3) == Vector3D(1, 5, 6))
print(f"(1, 2, 3) equals (1, 5, 6): expected False, seen {equal}")

same = (
    all(np.allclose(headings[key], 40) for key in ((0, 0), (30, 0), (0, 30)))
    and np.allclose(headings[30, 30], 35.1, atol=0.01)
    and product == 2
    and turn.norm > 1.5
    and equal
)
print("as described" if same else "py-imu behaves differently now")
sys.exit(not same)
PY
