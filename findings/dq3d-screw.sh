#!/usr/bin/env bash
# dq3d 0.3.8 (PyPI, latest release): the power of a rigid motion, which its example of screw interpolation (ScLERP) is built on.
#
# Expected: half of a turn by 90 degrees about an axis is a turn by 45 degrees about the same axis, and twice that is the whole.
# Seen: so it is for axes through the origin, for pure translations and for the power of 1. Of a turn about an axis elsewhere,
#   the angle is halved, but the axis moves: a point on the axis (1, 0), which should rest, is at (0.71, 0) half-way, and two
#   halves do not make the whole. Limbs that are interpolated with it leave their arc.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check dq3d==0.3.8 numpy==2.2.6

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from dq3d import dualquat, quat


def turn(degrees, axis):
    """A turn about the vertical through `axis` by hand: quaternion (w, x, y, z) and translation c - R c."""
    a = math.radians(degrees)
    c, s = math.cos(a), math.sin(a)
    x, y = axis
    return dualquat(quat(math.cos(a / 2), 0.0, 0.0, math.sin(a / 2)), np.array([x - c * x + s * y, y - s * x - c * y, 0.0]))


def apart(a, b):
    return float(np.abs(a.to_matrix() - b.to_matrix()).max())


def show(point):
    return [round(float(v), 3) + 0.0 for v in np.ravel(point)]


seen = {}
for axis in ((0.0, 0.0), (1.0, 0.0)):
    whole, half = turn(90, axis), turn(90, axis).pow(0.5)
    on_axis = np.array([*axis, 0.0])
    assert np.allclose(np.ravel(whole.transform_point(on_axis)), on_axis) and apart(whole, turn(90, axis)) < 1e-12
    seen[axis] = apart(half, turn(45, axis)), apart(half * half, whole), show(half.transform_point(on_axis))
    print(
        f"90 degrees about {axis}: half differs from 45 degrees by {seen[axis][0]:.3f}, twice the half from the whole by "
        f"{seen[axis][1]:.3f}; the point on the axis is at {seen[axis][2]}"
    )
    assert apart(whole.pow(1.0), whole) < 1e-9
if max(seen[0.0, 0.0][:2]) > 1e-9 or min(seen[1.0, 0.0][:2]) < 0.1 or seen[1.0, 0.0][2] != [0.707, 0.0, 0.0]:
    sys.exit("dq3d behaves differently now")
print("as described")
PY
