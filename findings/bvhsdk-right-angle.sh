#!/usr/bin/env bash
# bvhsdk 0.2.1 (PyPI, latest release): Euler angles of a joint that is bent by a right angle, in the order Z X Y.
#
# Expected: where the second angle is 90 or -90 degrees, the other two are not determined one by one, but together they are: the
#   angles still make up the matrix that they were taken from. (The flag that is returned with them says that it is such a
#   pose.)
# Seen: the formulas for these two poses have a sign wrong each. A knee bent by 90 degrees comes back turned by a further 180
#   about its shank, and by other angles if y or z are not 0; at -90 degrees it is right only where y and z are equal and
#   opposite or 0. This reaches 0.08 degrees on each side; at 89.9 degrees all is right. The order Z Y X is right at +-90.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 80 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check bvhsdk==0.2.1 numpy==2.2.6

env/bin/python -W ignore - <<'PY'
import math
import sys

import numpy as np
from bvhsdk import mathutils


def about(axis, degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)]["XYZ".index(axis)]
    m = np.eye(3)
    m[i, i] = m[j, j] = c
    m[i, j], m[j, i] = -s, s
    return m


def product(order, xyz):
    """The matrix of x, y and z angles by hand, in the order of a BVH file's channels."""
    a, b, c = (about(axis, xyz["XYZ".index(axis)]) for axis in order)
    return a @ b @ c


def off(order, xyz):
    matrix = product(order, xyz)
    assert np.allclose(mathutils.matrixR(np.array(xyz, dtype=float), order)[:3, :3], matrix)
    angles, flag = mathutils.eulerFromMatrix(matrix, order)
    cosine = (float(np.trace(matrix.T @ product(order, angles))) - 1) / 2
    return angles, bool(flag), round(math.degrees(math.acos(min(1.0, max(-1.0, cosine)))), 1)


seen = {}
for order, xyz in (
    ("ZXY", (89.9, 40, 30)),
    ("ZXY", (90, 0, 0)),
    ("ZXY", (90, 0, 30)),
    ("ZXY", (89.95, 40, 30)),
    ("ZXY", (-90, 40, 0)),
    ("ZYX", (40, 90, 30)),
    ("ZYX", (40, -90, 30)),
):
    angles, flag, seen[order, xyz] = off(order, xyz)
    print(f"{order} {xyz}: angles {angles.round(2)}, flag {flag}; expected 0 degrees off, seen {seen[order, xyz]}")

same = seen == {
    ("ZXY", (89.9, 40, 30)): 0,
    ("ZXY", (90, 0, 0)): 180,
    ("ZXY", (90, 0, 30)): 120,
    ("ZXY", (89.95, 40, 30)): 40,
    ("ZXY", (-90, 40, 0)): 80,
    ("ZYX", (40, 90, 30)): 0,
    ("ZYX", (40, -90, 30)): 0,
}
print("as described" if same else "bvhsdk behaves differently now")
sys.exit(not same)
PY
