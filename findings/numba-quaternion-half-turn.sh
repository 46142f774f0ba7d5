#!/usr/bin/env bash
# numba-quaternion 0.3.0 (PyPI, latest release): the quaternion of a half turn.
#
# Expected: rotation_matrix_to_quat gives a unit quaternion for every rotation matrix, up to its sign.
# Seen: the signs of x, y and z come from differences across the diagonal. The matrix of a half turn is symmetric, so they are
#   all 0, and the quaternion of every half turn is 0 0 0 0: a figure that turned round has no rotation at all. Half a degree
#   less or more is right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 60 MB, most of it llvmlite).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numba-quaternion==0.3.0 numba==0.62.1 numpy==2.2.6

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from numba_quaternion import complex_to_float, rotation_matrix_to_quat


def about_y(degrees):
    c, s = (round(f(math.radians(degrees)), 15) for f in (math.cos, math.sin))
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def seen(matrix):
    return [round(float(v), 4) + 0.0 for v in complex_to_float(rotation_matrix_to_quat(matrix[np.newaxis]))[0]]


CASES = {
    "90 degrees about y": (about_y(90), [math.sqrt(0.5), 0, math.sqrt(0.5), 0]),
    "179.5 degrees about y": (about_y(179.5), [math.cos(math.radians(89.75)), 0, math.sin(math.radians(89.75)), 0]),
    "180 degrees about y": (about_y(180), [0, 0, 1, 0]),
    "180 degrees about x": (np.diag([1.0, -1.0, -1.0]), [0, 1, 0, 0]),
    "180 degrees about (0.6, 0, 0.8)": (
        np.array([[-0.28, 0.0, 0.96], [0.0, -1.0, 0.0], [0.96, 0.0, 0.28]]),
        [0, 0.6, 0, 0.8],
    ),
}
results = {}
for name, (matrix, right) in CASES.items():
    assert np.allclose(matrix @ matrix.T, np.eye(3)) and math.isclose(np.linalg.det(matrix), 1)
    results[name] = seen(matrix)
    print(f"{name}: expected {[round(v, 4) for v in right]}, seen {results[name]}")
    if "180" not in name and not np.allclose(results[name], right, atol=1e-3):
        sys.exit("numba-quaternion behaves differently now")
if any(results[name] != [0, 0, 0, 0] for name in CASES if "180" in name):
    sys.exit("numba-quaternion behaves differently now")
print("as described")
PY
