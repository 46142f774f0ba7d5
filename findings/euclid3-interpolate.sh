#!/usr/bin/env bash
# euclid3 0.01 (PyPI, latest release): Quaternion.new_interpolate between two rotations.
#
# Expected: spherical linear interpolation from the first rotation (0) to the second (1), the short way.
# Seen: where the dot product of the two quaternions is negative, the first is conjugated instead of negated, so that the
#   interpolation starts at the inverse rotation: from a heading of 150 to one of 250 degrees it starts at 210. Where the two
#   are less than 1.15 degrees apart, the second is returned for every parameter. Other pairs are right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check euclid3==0.01

env/bin/python - <<'PY'
import math
import sys

from euclid3 import Quaternion

STEPS = (0, 0.25, 0.5, 0.75, 1)


def about_y(degrees):
    """The quaternion with a positive real part, as most files have it."""
    half = math.radians(degrees) / 2
    sign = math.copysign(1, math.cos(half))
    return Quaternion(sign * math.cos(half), 0, sign * math.sin(half), 0)


def heading(q):
    return round(math.degrees(2 * math.atan2(q.y, q.w)) % 360, 2)


def seen(start, end):
    return [heading(Quaternion.new_interpolate(about_y(start), about_y(end), t)) for t in STEPS]


results = {turn: seen(*turn) for turn in ((10, 90), (150, 250), (20, 21))}
for (start, end), angles in results.items():
    print(f"from {start} to {end} degrees: expected {[start + (end - start) * t for t in STEPS]}, seen {angles}")
assert results[10, 90] == [10, 30, 50, 70, 90]
if (results[150, 250][0], results[150, 250][2], results[150, 250][4]) != (210, 230, 250) or results[20, 21] != [21] * 5:
    sys.exit("euclid3 behaves differently now")
print("as described")
PY
