#!/usr/bin/env bash
# scikit-kinematics 0.10.4 (PyPI, latest release): angles of a rotation, and the scalar part of a quaternion.
#
# Expected: quat2seq and rotmat.sequence name the same conventions (nautical: Rz Ry Rx; Euler: Rz Rx Rz), so both give angles
#   that make up the rotation, for every heading; q_scalar of a vector part v is sqrt(1 - |v|^2), as its unit_q has it.
# Seen: quat2seq(.., "nautical") folds headings beyond 90 degrees back: who has turned by 120 degrees has turned by 60, and by 170
#   by 10. rotmat.sequence is right there. "Euler" angles of quat2seq are those of another rotation, 140 degrees away for
#   20 30 40, and rotmat.sequence takes every negative second angle for 0, as its formula gives it from a first angle of 90
#   degrees on. q_scalar leaves the square out: 0.949 instead of 0.995. Nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 200 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
  numpy==2.2.6 scipy==1.16.3 matplotlib==3.10.7 sympy==1.14.0 pandas==2.3.3
env/bin/pip install --quiet --disable-pip-version-check --no-deps scikit-kinematics==0.10.4

env/bin/python -W ignore - <<'PY'
import math
import sys

import numpy as np
from skinematics import quat, rotmat


def about(axis, degrees):
    """A rotation matrix by hand."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    m = np.eye(3)
    m[i, i] = m[j, j] = c
    m[i, j], m[j, i] = -s, s
    return m


def product(axes, angles):
    m = np.eye(3)
    for axis, angle in zip(axes, angles, strict=True):
        m = m @ about("xyz".index(axis), angle)
    return m


def apart(a, b):
    return round(math.degrees(math.acos(min(1.0, max(-1.0, (float(np.trace(a.T @ b)) - 1) / 2)))), 1)


headings = {}
for heading in (80, 120, 170):
    half = math.radians(heading) / 2
    seen = quat.quat2seq(np.array([[math.cos(half), 0, 0, math.sin(half)]]), "nautical")[0]
    other = np.degrees(rotmat.sequence(about(2, heading), "nautical"))
    headings[heading] = (round(float(seen[0]), 3), round(float(other[0]), 3))
    print(f"heading {heading}: expected twice {heading}, seen {headings[heading]} by quat2seq and rotmat.sequence")

euler = {}
for angles in ((20, 30, 40), (120, 30, 40)):
    right = product("zxz", angles)
    by_matrix = np.degrees(rotmat.sequence(right, "Euler"))
    by_quaternion = quat.quat2seq(rotmat.convert(right), "Euler")[0]
    euler[angles] = [apart(product("zxz", seen), right) for seen in (by_matrix, by_quaternion)]
    print(f"Euler {angles}: rotmat.sequence {by_matrix.round(1)}, {euler[angles][0]} degrees away; "
          f"quat2seq {by_quaternion.round(1)}, {euler[angles][1]} degrees away")  # fmt: skip

vector = np.array([0, 0, math.sin(0.1)])
scalar = float(np.ravel(quat.q_scalar(vector))[0])
unit = float(np.ravel(quat.unit_q(vector))[0])
print(f"scalar part: expected {math.cos(0.1):.4f}, seen {scalar:.4f} by q_scalar, {unit:.4f} by unit_q")

same = (
    headings == {80: (80, 80), 120: (60, 120), 170: (10, 170)}
    and euler[20, 30, 40][0] == 0
    and euler[20, 30, 40][1] > 100
    and min(euler[120, 30, 40]) > 50
    and abs(scalar - math.sqrt(1 - math.sin(0.1))) < 1e-9
    and math.isclose(unit, math.cos(0.1))
)
print("as described" if same else "scikit-kinematics behaves differently now")
sys.exit(not same)
PY
