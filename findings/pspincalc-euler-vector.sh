#!/usr/bin/env bash
# PSpincalc 0.2.7 (PyPI, latest release): axis and angle ("Euler vector") of a rotation.
#
# Expected: Q2EV(EV2Q(v)) is v, and DCM2EV(EV2DCM(v)) is v or its opposite with the opposite angle. Both directions name their
#   layouts: axis and angle m1 m2 m3 MU, and quaternions with the real part first, as EV2Q and Q2DCM have them.
# Seen: Q2EV takes the real part as the first component of the axis and z as the real part. A turn by 90 degrees about z comes
#   back as one by 270 about -x. DCM2EV and EA2EV, which use it, are wrong in the same way. All other conversions are right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check PSpincalc==0.2.7 numpy==2.2.6

env/bin/python - <<'PY'
import contextlib
import io
import math
import sys

import numpy as np
import PSpincalc


def call(name, value, **options):
    """The package writes a remark about norms to the standard output, of unit vectors too."""
    with contextlib.redirect_stdout(io.StringIO()):
        return np.ravel(getattr(PSpincalc, name)(np.array(value), **options))


def matrix(vector):
    """Rodrigues' formula."""
    x, y, z = axis = np.array(vector[:3])
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    assert math.isclose(float(axis @ axis), 1, abs_tol=1e-9)
    return np.eye(3) + math.sin(vector[3]) * k + (1 - math.cos(vector[3])) * (k @ k)


def show(values):
    return [round(float(v), 4) + 0.0 for v in values]


right, wrong, results = True, True, {}
for vector in ([0.0, 0.0, 1.0, math.pi / 2], [1.0, 0.0, 0.0, math.pi / 2], [0.6, 0.0, 0.8, 1.0]):
    half = vector[3] / 2
    quaternion = call("EV2Q", vector)
    right &= np.allclose(quaternion, [math.cos(half), *(math.sin(half) * v for v in vector[:3])])
    # Its matrices turn the coordinates, not the vector: they are the transposed of Rodrigues'.
    cosines = call("EV2DCM", vector).reshape(3, 3)
    right &= np.allclose(cosines.T, matrix(vector))
    right &= np.allclose(call("Q2DCM", quaternion.copy()).reshape(3, 3), cosines)
    back = call("Q2EV", quaternion.copy())
    other = call("DCM2EV", cosines.copy(), tol=1e-6)
    results[tuple(vector)] = back
    wrong &= not np.allclose(matrix(back), matrix(vector), atol=0.1) and np.allclose(matrix(back), matrix(other))
    print(f"axis and angle: expected {show(vector)}, seen {show(back)} from the quaternion, {show(other)} from the matrix")

z = results[0.0, 0.0, 1.0, math.pi / 2]
same = right and wrong and np.allclose(z, [-1, 0, 0, 1.5 * math.pi])
print("as described" if same else "PSpincalc behaves differently now")
sys.exit(not same)
PY
