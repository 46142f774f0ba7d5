#!/usr/bin/env bash
# qsp-orientation 0.1.1 (PyPI, latest release): heading and tilt of a sensor at rest.
#
# Expected: of a sensor that rests, level, with a perfect gyroscope, accelerometer and magnetometer, all filters give one
#   orientation and keep it. Gravity knows nothing of the heading, so the accelerometer does not change it (the package's own
#   tilt estimate leaves the heading out), and a magnetic field that dips, as it does nearly everywhere, does not tilt.
# Seen: complementary_filter pulls every heading to 0: at 100 Hz with alpha 0.98 a heading of 90 degrees is 12 after a second.
#   For madgwick_update x is north, for mahony_update y is, so that one sensor has two headings 90 degrees apart. Mahony's
#   takes the dip for a tilt: with the field 60 degrees down a level sensor is tilted by 30. Without a magnetometer both are
#   right, and with a field that does not dip Mahony's is level.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check qsp-orientation==0.1.1 numpy==2.2.6

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from qsp.orientation import (
    complementary_filter,
    euler_to_quaternion,
    integrate_gyro,
    madgwick_update,
    mahony_update,
    quaternion_to_euler,
)

STILL, GRAVITY, STEP = [0.0, 0.0, 0.0], [0.0, 0.0, 9.81], 0.01


def degrees(q):
    """Heading, and angle between the sensor's z axis and the vertical."""
    w, x, y, z = q
    return [round(math.degrees(quaternion_to_euler(q)[2]), 1) + 0.0, round(math.degrees(math.acos(1 - 2 * (x * x + y * y))), 1)]


q = euler_to_quaternion(0, 0, math.pi / 2)
for _ in range(100):
    q = complementary_filter(integrate_gyro(q, STILL, STEP), GRAVITY, 0.98)
complementary = degrees(q)
print(f"complementary, heading 90 and level at the start: expected [90, 0] after 1 s, seen {complementary}")


def rest(field):
    """Both filters after a minute, from the identity. The field points to x and down, or there is none."""
    madgwick = mahony = np.array([1.0, 0.0, 0.0, 0.0])
    integral = None
    for _ in range(6000):
        madgwick = madgwick_update(madgwick, STILL, GRAVITY, 0.1, STEP, field)
        mahony, integral = mahony_update(mahony, STILL, GRAVITY, dt=STEP, integral_error=integral, mag=field)
    return degrees(madgwick), degrees(mahony)


def dipping(angle):
    return [math.cos(math.radians(angle)), 0.0, -math.sin(math.radians(angle))]


seen = {name: rest(field) for name, field in (("none", None), ("dip 0", dipping(0)), ("dip 60", dipping(60)))}
for name, (madgwick, mahony) in seen.items():
    print(f"field: {name}: expected one heading and tilt 0; seen Madgwick {madgwick}, Mahony {mahony}")

same = (
    11 < complementary[0] < 13
    and seen["none"] == ([0, 0], [0, 0])
    and all(abs(seen[name][0][0]) < 0.5 and seen[name][0][1] < 0.5 for name in ("dip 0", "dip 60"))
    and all(abs(seen[name][1][0] - 90) < 1 for name in ("dip 0", "dip 60"))
    and seen["dip 0"][1][1] < 0.5
    and abs(seen["dip 60"][1][1] - 30) < 0.5
)
print("as described" if same else "qsp-orientation behaves differently now")
sys.exit(not same)
PY
