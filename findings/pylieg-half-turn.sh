#!/usr/bin/env bash
# pylieg 0.2.5 (PyPI, latest release): Lie groups, with rotations, quaternions and trajectories.
#
# Expected: Quaternion.as_rotation is the rotation of the quaternion; from_list reads the formats that to_list writes ("q" with
#   the scalar last, "w" with the scalar first); exp(log(q)) is q. Halfway between facing north and facing south a trajectory
#   has turned by 90 degrees.
# Seen: as_rotation lacks the term with the scalar part: the result is symmetric, so it is not a rotation. Both formats store x as the
#   scalar. The logarithm takes a quaternion with a negative scalar for its opposite. The logarithm of an exact half
#   turn of SO3 is zero, so the trajectory stands still until its end.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 250 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pylieg==0.2.5 numpy==2.2.6 scipy==1.16.3 matplotlib==3.10.7

env/bin/python - <<'PY'
import sys

import numpy as np
from pylie import SO3, Quaternion, Trajectory
from scipy.spatial.transform import Rotation

right = Rotation.from_rotvec([0.3, -0.5, 0.7])
x, y, z, w = (float(v) for v in right.as_quat())
quaternion = Quaternion(np.array([w, x, y, z]))
assert np.allclose(SO3.from_list([x, y, z, w], "q").as_matrix(), right.as_matrix())


def show(values):
    return [round(float(v), 3) + 0.0 for v in np.ravel(values)]


matrix = quaternion.as_rotation().as_matrix()
print(f"matrix: expected {show(right.as_matrix())}")
print(f"            seen {show(matrix)}, determinant {np.linalg.det(matrix):.3f}")

stored = {spec: Quaternion.from_list(values, spec).q() for spec, values in (("q", [x, y, z, w]), ("w", [w, x, y, z]))}
for spec, value in stored.items():
    print(f"format {spec}: expected w x y z {show([w, x, y, z])}, seen {show(value)}")

negative = Quaternion(-quaternion.q())
back = Quaternion.exp(negative.log()).q()
print(f"exp(log(-q)): expected {show(negative.q())}, seen {show(back)}")

south = SO3(np.diag([-1.0, 1.0, -1.0]))
halfway = Rotation.from_matrix(Trajectory([SO3(np.eye(3)), south], [0.0, 1.0])[0.5].as_matrix()).magnitude()
print(f"halfway to a half turn: expected 90 degrees, seen {np.degrees(halfway):.1f}")

same = (
    np.array_equal(matrix, matrix.T)
    and not np.allclose(matrix @ matrix.T, np.eye(3), atol=0.1)
    and np.allclose(stored["q"], [x, y, z, w])
    and np.allclose(stored["w"], [x, y, z, w])
    and np.allclose(back, quaternion.q())
    and halfway == 0
)
print("as described" if same else "pylieg behaves differently now")
sys.exit(not same)
PY
