#!/usr/bin/env bash
# dual-quaternions 0.4.0 (PyPI, latest release): powers, roots and quotients of a rigid motion.
#
# Expected: q and -q are the same motion, so its power of 1 is itself, and the square of its root is itself; a / b * b is a.
# Seen: with a negative real part, pow(1) and the square of sqrt() turn the other way, without a message: a turn of 60 degrees
#   becomes one of -60. Quotients of two different motions are wrong with either sign, although x / x is right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check dual-quaternions==0.4.0 pyquaternion==0.9.9 numpy==2.2.6

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from dual_quaternions import DualQuaternion

HALF = math.radians(30)
PLUS = DualQuaternion.from_quat_pose_array([math.cos(HALF), 0, 0, math.sin(HALF), 1, 2, 3])
MINUS = DualQuaternion.from_quat_pose_array([-math.cos(HALF), 0, 0, -math.sin(HALF), 1, 2, 3])
OTHER = DualQuaternion.from_quat_pose_array([math.sqrt(0.5), math.sqrt(0.5), 0, 0, 0, 1, 0])
c, s = math.cos(2 * HALF), math.sin(2 * HALF)
RIGHT = np.array([[c, -s, 0, 1], [s, c, 0, 2], [0, 0, 1, 3], [0, 0, 0, 1]])


def off(motion):
    """Largest difference from the matrix that was worked out by hand."""
    return float(np.abs(motion.homogeneous_matrix() - RIGHT).max())


def turn(motion):
    matrix = motion.homogeneous_matrix()
    return round(math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])), 3)


seen = {}
for name, motion in (("+q", PLUS), ("-q", MINUS)):
    root = motion.sqrt()
    seen[name] = {
        "itself": motion,
        "pow(1)": motion.pow(1.0),
        "sqrt squared": root * root,
        "x / x * x": motion / motion * motion,
        "x / y * y": motion / OTHER * OTHER,
    }
    for what, result in seen[name].items():
        print(f"{name}: {what}: turn of {turn(result)} degrees about z, largest difference of the matrix {off(result):.3f}")
good = [seen["+q"][k] for k in ("itself", "pow(1)", "sqrt squared", "x / x * x")] + [seen["-q"]["itself"]]
assert all(off(motion) < 1e-9 for motion in good)
inverted = [turn(seen["-q"][k]) for k in ("pow(1)", "sqrt squared")]
if inverted != [-60.0, -60.0] or min(off(seen[k]["x / y * y"]) for k in seen) < 0.1:
    sys.exit("dual-quaternions behaves differently now")
print("as described")
PY
