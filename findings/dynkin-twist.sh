#!/usr/bin/env bash
# dynkin 0.2.1 (PyPI, latest release): chains of moving frames and rigid bodies.
#
# Expected: get_twist returns the velocity of a frame in the inertial frame, however often it is called; a call does not change the
#   frame. The rates of roll, pitch and yaw belong to the angular velocity (Fossen's attitude transformation, with sin tan in
#   its first row).
# Seen: each call adds the parent's velocity to the frame's own: a hand that moves with 1 m/s on a body of 1 m/s has 2, then 3,
#   then 4 m/s. The roll rate has sin cos instead of sin tan: here it is 7 % off.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 150 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check dynkin==0.2.1 numpy==2.2.6 scipy==1.16.3

env/bin/python - <<'PY'
import sys

import numpy as np
from dynkin import Frame
from dynkin.euler import angular_velocity_to_deuler, euler_to_rotation
from scipy.spatial.transform import Rotation

body = Frame(linear_velocity=[1.0, 0.0, 0.0])
hand = body.align_child(position=[0.3, 0.0, 0.0], linear_velocity=[1.0, 0.0, 0.0])
speeds = [float(hand.get_twist()[0]) for _ in range(3)]
own = float(hand.linear_velocity[0])
print(f"speed of the hand, asked three times: expected [2.0, 2.0, 2.0], seen {speeds}")
print(f"its speed in the body afterwards: expected 1.0, seen {own}")

attitude, velocity, step = np.array([0.3, 0.5, 0.7]), np.array([0.1, 0.2, 0.3]), 1e-6
start = Rotation.from_matrix(euler_to_rotation(attitude))
# The angular velocity is decomposed in the frame itself.
after = (start * Rotation.from_rotvec(velocity * step)).as_euler("ZYX")[::-1]
right = (after - attitude) / step
seen = angular_velocity_to_deuler(attitude, velocity)
print(f"rates of roll, pitch, yaw: expected {right.round(4).tolist()}, seen {seen.round(4).tolist()}")

same = (
    speeds == [2, 3, 4]
    and own == 4
    and np.allclose(right[1:], seen[1:], atol=1e-5)
    and np.isclose(seen[0] - right[0], 0.2 * np.sin(0.3) * (np.cos(0.5) - np.tan(0.5)), atol=1e-5)
)
print("as described" if same else "dynkin behaves differently now")
sys.exit(not same)
PY
