#!/usr/bin/env bash
# AHRS 0.4.0 (PyPI, latest release): FLAE with a magnetic dip, powers of a quaternion, half turns by Chiaverini's method.
#
# Expected: `magnetic_dip` defaults to that of Munich, so giving Munich's dip changes nothing but the declination (3.3 degrees),
#   as with its QUEST and Davenport. The power of a rotation is what its documentation derives: cos(a t), u sin(a t). In its
#   formula for Chiaverini's quaternion sgn(0) is 1, so that a half turn has a quaternion.
# Seen: with a dip the reference field of FLAE points up instead of down, and an exact measurement is 64 degrees off or more, or
#   NaN. The power is the exponential of each component: half of the identity is (1, 1, 1, 1). chiaverini's sgn(0) is 0: every
#   half turn is the identity, or NaN in an array of matrices; the other four methods are right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check AHRS==0.4.0 numpy==2.2.6

env/bin/python -W ignore - <<'PY'
import math
import sys

import numpy as np
from ahrs import DCM, Quaternion
from ahrs.filters import FLAE, QUEST, Davenport
from ahrs.filters.flae import MAG


def matrix(q):
    w, x, y, z = q
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ])  # fmt: skip


# A sensor that is turned by a known rotation, in the field of Munich: north, east, down.
TRUE = np.array([0.8, 0.2, -0.4, 0.4])
assert math.isclose(float(TRUE @ TRUE), 1)
field, down = np.array([MAG["X"], MAG["Y"], MAG["Z"]]), np.array([0, 0, 9.81])
acc, mag = matrix(TRUE).T @ down, matrix(TRUE).T @ field
declination = math.degrees(math.atan2(MAG["Y"], MAG["X"]))
dip = math.degrees(math.atan2(MAG["Z"], math.hypot(MAG["X"], MAG["Y"])))

off = {}
for kind in (QUEST, Davenport, FLAE):
    for name, options in (("default", {}), (f"dip {dip:.1f}", {"magnetic_dip": dip})):
        estimate = kind(**options)
        extra = {"method": "eig"} if kind is FLAE else {}
        q = np.ravel(estimate.estimate(acc, mag, **extra))
        off[kind.__name__, bool(options)] = math.degrees(2 * math.acos(min(1.0, abs(float(q @ TRUE)))))
        right = declination if options else 0
        print(f"{kind.__name__}, {name}: expected {right:.1f} degrees off, seen {off[kind.__name__, bool(options)]:.1f}")

turn = np.array([math.cos(0.5), 0, 0, math.sin(0.5)])
half = np.array([math.cos(0.25), 0, 0, math.sin(0.25)])
powers = {"identity": np.array(Quaternion([1.0, 0, 0, 0]) ** 0.5), "1 rad about z": np.array(Quaternion(turn) ** 0.5)}
print(f"identity to the power of 0.5: expected [1 0 0 0], seen {powers['identity']}")
print(f"turn by 1 rad to the power of 0.5: expected {half.round(4)}, seen {powers['1 rad about z'].round(4)}")

about_y = np.diag([-1.0, 1.0, -1.0])
methods = {m: np.abs(DCM(about_y).to_quaternion(method=m)) for m in ("shepperd", "hughes", "itzhack", "sarabandi", "chiaverini")}
for name, q in methods.items():
    print(f"half turn about y, {name}: expected [0 0 1 0], seen {q}")

same = (
    all(abs(off[name, False]) < 0.01 for name in ("QUEST", "Davenport", "FLAE"))
    and all(abs(off[name, True] - declination) < 0.1 for name in ("QUEST", "Davenport"))
    and off["FLAE", True] > 60
    and np.array_equal(powers["identity"], np.ones(4))
    and not np.allclose(powers["1 rad about z"], half, atol=0.5)
    and all(np.allclose(q, [0, 0, 1, 0]) for name, q in methods.items() if name != "chiaverini")
    and np.array_equal(methods["chiaverini"], [1, 0, 0, 0])
)
print("as described" if same else "AHRS behaves differently now")
sys.exit(not same)
PY
