#!/usr/bin/env bash
# quaternionarray 0.6.2 (PyPI, latest release): the quaternion of a rotation matrix, and powers of the rotation of a joint at rest.
#
# Expected: from_rotmat gives a unit quaternion for every rotation matrix, the identity among them; any power of the identity
#   is the identity. (Its slerp is built on the power, so two equal keys of a joint that rests should give that joint.)
# Seen: from_rotmat divides by a square root that is 0 for the identity and for every turn about y or z: NaN. A turn about x is
#   right. pow of the identity is NaN for every exponent.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check quaternionarray==0.6.2 numpy==2.2.6

env/bin/python -W ignore - <<'PY'
import math
import sys

import numpy as np
import quaternionarray


def matrix(axis, degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y, z = axis
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return (np.eye(3) + s * k + (1 - c) * (k @ k)).round(15)


def right(axis, degrees):
    half = math.radians(degrees) / 2
    return np.array([*(math.sin(half) * v for v in axis), math.cos(half)])


CASES = {"identity": ((1, 0, 0), 0), "60 about z": ((0, 0, 1), 60), "60 about y": ((0, 1, 0), 60), "60 about x": ((1, 0, 0), 60)}
failed = {}
for name, case in CASES.items():
    seen = quaternionarray.from_rotmat(matrix(*case))
    failed[name] = not np.isfinite(seen).all()
    print(f"{name}: expected {right(*case).round(4)}, seen {seen.round(4)}")
    if name == "60 about x" and not np.allclose(seen, right(*case)):
        sys.exit("quaternionarray behaves differently now")

powers = {}
for name, q in (("identity", [0.0, 0.0, 0.0, 1.0]), ("60 about z", right((0, 0, 1), 60))):
    powers[name] = quaternionarray.pow(np.array([q]), 0.5)[0]
    wanted = right((0, 0, 1), 30) if "60" in name else np.array(q)
    print(f"half of {name}: expected {wanted.round(4)}, seen {powers[name].round(4)}")

same = (
    failed == {"identity": True, "60 about z": True, "60 about y": True, "60 about x": False}
    and np.isnan(powers["identity"]).any()
    and np.allclose(powers["60 about z"], right((0, 0, 1), 30))
)
print("as described" if same else "quaternionarray behaves differently now")
sys.exit(not same)
PY
