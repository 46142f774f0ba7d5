#!/usr/bin/env bash
# fastquat 0.5.2 (PyPI, latest release): quaternions in JAX.
#
# Expected: a.slerp(b, 1) is b ("t=1 returns other"), however close the two are; the quaternion of a rotation matrix is that of
#   the rotation.
# Seen: two rotations less than 3.6 degrees apart are interpolated with t (1 - t) instead of t: the turn goes to a quarter of
#   its angle and back to its start. That is the usual distance of two frames of a capture. The matrix of a half turn gives
#   infinities and NaN, and just before it the quaternion is too long: its formula divides by w in all cases.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3.11 or newer and PyPI (some 600 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fastquat==0.5.2 jax==0.10.2 jaxlib==0.10.2

env/bin/python - <<'PY' 2>/dev/null
import math
import sys

import numpy as np
from fastquat import Quaternion


def about(axis, degrees):
    half = math.radians(degrees) / 2
    return Quaternion(math.cos(half), *(math.sin(half) * v for v in axis))


def angle(q):
    w, *v = np.asarray(q.wxyz, dtype=float)
    return math.degrees(2 * math.atan2(np.linalg.norm(v), w))


def show(values):
    return [round(float(v), 4) for v in np.asarray(values)]


results = {}
for degrees in (3, 10):
    times = (0.25, 0.5, 0.75, 1.0)
    results[degrees] = [angle(about((0, 0, 1), 0).slerp(about((0, 0, 1), degrees), t)) for t in times]
    print(f"{degrees} degrees: expected {[degrees * t for t in times]}, seen {[round(a, 3) for a in results[degrees]]}")

matrices = {}
for degrees in (90, 179.9, 180):
    q = about((1, 0, 0), degrees)
    back = np.asarray(Quaternion.from_rotation_matrix(q.to_rotation_matrix()).wxyz)
    matrices[degrees] = back
    print(f"{degrees} degrees about x: expected {show(q.wxyz)}, seen {show(back)}")

same = (
    np.allclose(results[10], [2.5, 5, 7.5, 10], atol=0.01)
    and np.allclose(results[3], [0.5625, 0.75, 0.5625, 0], atol=0.01)
    and np.isclose(np.linalg.norm(matrices[90]), 1, atol=1e-5)
    and np.linalg.norm(matrices[179.9]) > 1.02
    and not np.isfinite(matrices[180]).all()
)
print("as described" if same else "fastquat behaves differently now")
sys.exit(not same)
PY
