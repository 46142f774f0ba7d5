#!/usr/bin/env bash
# pyfabrik 0.4.0 (PyPI, latest release): inverse kinematics of a chain with FABRIK.
#
# Expected: a target is within reach if it is within the length of the chain of the first joint; the first angle is that of
#   the first link. Both don't depend on where the chain stands.
# Seen: the distance is taken from the origin of space, as is the first angle. A leg of 0.9 m whose hip is at (5, 0) can't reach a
#   place 0.5 m from its hip, says solvable, and move_to leaves it as it is; a place 4.8 m away counts as solvable. At the
#   origin the same leg is right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3.9 to 3.12 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyfabrik==0.4.0 numpy==1.26.4

env/bin/python - <<'PY'
import math
import sys

from pyfabrik import Fabrik2D
from vectormath import Vector2


def leg(x):
    return Fabrik2D([Vector2(x, 0), Vector2(x + 0.4, 0.2), Vector2(x + 0.4, 0.65)], 0.001)


def distance(a, b):
    return math.dist([float(v) for v in a], [float(v) for v in b])


results = {}
for x in (0.0, 5.0):
    chain = leg(x)
    near, far = Vector2(x + 0.3, 0.4), Vector2(0.2, 0.2)
    reach = chain.max_len
    hip = Vector2(x, 0)
    answers = chain.solvable(near), chain.solvable(far)
    expected = distance(hip, near) <= reach, distance(hip, far) <= reach
    angle = chain.angles_deg[0]
    chain.move_to(near, try_to_reach=False)
    left = distance(chain.joints[-1], near)
    results[x] = (answers, left, angle)
    print(
        f"hip at ({x}, 0), reach {reach:.2f}: targets {distance(hip, near):.2f} and {distance(hip, far):.2f} m away: expected {expected}, "
        f"seen {answers}; after move_to {left:.3f} m from the first; first angle: expected 26.57, seen {angle:.2f}"
    )

at, away = results[0.0], results[5.0]
same = (
    at[0] == (True, True)
    and at[1] < 0.002
    and math.isclose(at[2], 26.565, abs_tol=0.01)
    and away[0] == (False, True)
    and away[1] > 0.2
    and math.isclose(away[2], math.degrees(math.atan2(0.2, 5.4)), abs_tol=0.01)
)
print("as described" if same else "pyfabrik behaves differently now")
sys.exit(not same)
PY
