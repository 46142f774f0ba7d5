#!/usr/bin/env bash
# quatlib 0.1.0 (PyPI, latest release): from a rotation matrix to a quaternion and back.
#
# Expected: quatern2rotMat(rotMat2quatern(R)) is R.
# Seen: the two functions follow opposite conventions, so the way back gives the transposed matrix: every joint turns the other
#   way, without a message. quatern2euler follows the second, so the angles of rotMat2quatern's quaternion are those of the
#   inverse. axisAngle2quatern ends in a TypeError for every axis.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 90 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.16.3
env/bin/pip install --quiet --disable-pip-version-check --no-deps quatlib==0.1.0

env/bin/python - <<'PY'
import math
import sys

import numpy as np
import quatlib


def close(a, b):
    return bool(np.allclose(a, b, atol=1e-9))


# A turn of 60 degrees about z: x goes to (0.5, 0.866, 0), and the quaternion is (cos 30, 0, 0, sin 30).
c, s = math.cos(math.pi / 3), math.sin(math.pi / 3)
MATRIX = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
RIGHT = np.array([math.cos(math.pi / 6), 0.0, 0.0, math.sin(math.pi / 6)])

quaternion = quatlib.rotMat2quatern(MATRIX)
back = quatlib.quatern2rotMat(quaternion)
print(f"quaternion: expected {RIGHT.round(4)}, seen {quaternion.round(4)}")
print(f"first column back: expected {MATRIX[:, 0].round(4)}, seen {back[:, 0].round(4)}")

angles = np.array([0.3, -0.5, 0.7])  # roll, pitch, yaw
matrix = quatlib.euler2rotMat(*angles)
direct = quatlib.rotMat2euler(matrix)
way = quatlib.quatern2euler(quatlib.rotMat2quatern(matrix))
inverse = quatlib.rotMat2euler(matrix.T)
print(f"roll, pitch, yaw: expected {angles}, seen from the matrix {direct.round(4)}, from its quaternion {way.round(4)}")

product = quatlib.quaternProd(quatlib.rotMat2quatern(MATRIX), quatlib.rotMat2quatern(matrix))
error = None
try:
    quatlib.axisAngle2quatern(np.array([0.0, 0.0, 1.0]), math.pi / 3)
except TypeError as e:
    error = e
print(f"axis and angle to quaternion: expected {RIGHT.round(4)}, seen TypeError: {error}")

same = (
    close(quaternion, RIGHT)
    and close(back, MATRIX.T)
    and close(direct, angles)
    and close(way, inverse)
    and not close(way, angles)
    and close(quatlib.quatern2rotMat(product), (MATRIX @ matrix).T)
    and error is not None
)
print("as described" if same else "quatlib behaves differently now")
sys.exit(not same)
PY
