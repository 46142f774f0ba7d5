#!/usr/bin/env bash
# yostlabs-math 2026.3.11 (PyPI, latest release): quaternions of Yost Labs' motion sensors.
#
# Expected: slerp(a, b, t) turns at a constant rate along the shorter way (its comment: "To force it to be the shortest
#   route"), so q and -q give the same path. The quaternion of an arrow that points backwards turns +z to -z.
# Seen: the weights are sin(1 - t) * theta instead of sin((1 - t) * theta): a quarter of 10 degrees is 2.68. After the change of
#   sign the angle is still that of the longer way: three quarters of 120 degrees are 80.8 for -q, 90.0 for q. The arrow along
#   -z gets a quaternion of length 6e-17, which turns every vector to zero.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check --no-deps yostlabs-math==2026.3.11
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.16.3

env/bin/python - <<'PY'
import math
import sys

from scipy.spatial.transform import Rotation, Slerp
from yostlabs.math import quaternion as yost

START = [0.0, 0.0, 0.0, 1.0]


def turn(degrees, sign=1.0):
    return [sign * v for v in yost.quat_from_axis_angle([0, 0, 1], math.radians(degrees))]


def heading(q):
    return math.degrees(2 * math.atan2(q[2], q[3]))


def row(end, times=(0.25, 0.5, 0.75)):
    # scipy's Slerp takes rotations, for which q and -q are the same.
    right = Slerp([0, 1], Rotation.from_quat([START, end]))(times).as_rotvec(degrees=True)[:, 2]
    return [heading(yost.slerp(START, end, t)) for t in times], right


results = {}
for degrees, sign in ((10, 1), (120, 1), (120, -1)):
    seen, right = row(turn(degrees, sign))
    results[degrees, sign] = seen
    print(f"{degrees} degrees as {'q' if sign > 0 else '-q'}: expected {[round(float(v), 2) for v in right]}, seen {[round(v, 2) for v in seen]}")

arrow = yost.quat_from_one_vector([0, 0, -1])
image = yost.quat_rotate_vec(arrow, [0, 0, 1])
print(f"arrow along -z: expected a quaternion of length 1 that takes +z to -z, seen length {math.hypot(*arrow):.1e}, +z goes to {image}")

same = (
    math.isclose(results[10, 1][0], 2.682, abs_tol=0.001)
    and math.isclose(results[120, 1][2], 89.98, abs_tol=0.01)
    and math.isclose(results[120, -1][2], 80.77, abs_tol=0.01)
    and math.hypot(*arrow) < 1e-15
    and math.hypot(*image) < 1e-30
)
print("as described" if same else "yostlabs-math behaves differently now")
sys.exit(not same)
PY
