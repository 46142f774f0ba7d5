#!/usr/bin/env bash
# UnityQuaternionPy 0.1.2 (PyPI, latest release): an imitation of UnityEngine.Quaternion in Python.
#
# Expected: as its documentation says, with links to Unity's: Euler(*q.eulerAngles) is the rotation q, Slerp interpolates
#   spherically, at a constant rate, and Angle is the angle between two rotations (of 180 degrees at most).
# Seen: a pitch of 82 to 98 degrees is taken for the pole, and with the wrong sign: 85 degrees come back as 270, that is as -90,
#   and the figure that looked down looks up. Slerp is a linear interpolation with a cosine for its speed: a quarter of 90
#   degrees is 12.3. For -q it turns by 270 degrees the other way, and Angle says 270.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check UnityQuaternionPy==0.1.2 numpy==2.2.6 scipy==1.16.3

env/bin/python - <<'PY'
import math
import sys

from scipy.spatial.transform import Rotation
from UnityQuaternion import Quaternion


def rotation(q):
    return Rotation.from_quat([q.x, q.y, q.z, q.w])


def between(a, b):
    return math.degrees((rotation(a).inv() * rotation(b)).magnitude())


pitches = {}
for x in (80, 85, -85):
    q = Quaternion.Euler(x, 20, 30)
    # Unity turns about z, then x, then y.
    assert (rotation(q) * Rotation.from_euler("YXZ", [20, x, 30], degrees=True).inv()).magnitude() < 1e-9
    angles = q.eulerAngles
    pitches[x] = (angles, between(q, Quaternion.Euler(*angles)))
    print(f"Euler({x}, 20, 30): expected pitch {x % 360}, seen {[round(v, 2) for v in angles]}, {pitches[x][1]:.1f} degrees off")

start, end = Quaternion.Euler(0, 0, 0), Quaternion.Euler(0, 90, 0)
other = Quaternion(-end.x, -end.y, -end.z, -end.w)
quarter = Quaternion.Slerp(start, end, 0.25).eulerAngles[1]
half = Quaternion.Slerp(start, other, 0.5).eulerAngles[1]
angle = Quaternion.Angle(start, other)
print(f"a quarter of 90 degrees: expected 22.5, seen {quarter:.2f}")
print(f"half of 90 degrees, as -q: expected 45, seen {half:.2f}; the angle: expected 90, seen {angle:.2f}")

same = (
    pitches[80][1] < 1e-5
    and pitches[85][0][0] == 270
    and pitches[-85][0][0] == 90
    and pitches[85][1] > 170
    and math.isclose(quarter, 12.35, abs_tol=0.01)
    and math.isclose(half, 225, abs_tol=0.01)
    and math.isclose(angle, 270, abs_tol=0.01)
)
print("as described" if same else "UnityQuaternionPy behaves differently now")
sys.exit(not same)
PY
