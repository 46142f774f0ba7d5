#!/usr/bin/env bash
# quaternions 0.6 (PyPI, latest release): Euler angles of the shoulder (Y X Y, as the International Society of Biomechanics
# recommends), and the mean of rotations.
#
# Expected: from_euler(angles, axes) is the product of three turns, for each of its 12 sequences; q and -q are one rotation, so
#   the mean of two rotations does not depend on their signs.
# Seen: eleven sequences are right. For y x y the last component has a cosine where its sine belongs: the quaternion of three
#   zeros is right; that of 30, 45 and -20 degrees has the length 1.05 and is 20 degrees off, normalised.
#   The mean of two turns by 28.6 and 34.4 degrees is 31.5, but if one quaternion has the other sign it is 211.5: the figure
#   faces backwards.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check quaternions==0.6

env/bin/python - <<'PY'
import math
import sys

from quaternions import Quaternion

SEQUENCES = ("xyz", "xzy", "xyx", "xzx", "yxz", "yzx", "yxy", "yzy", "zxy", "zyx", "zxz", "zyz")
ANGLES = [math.radians(a) for a in (30, 45, -20)]
AXES = {"x": [1, 0, 0], "y": [0, 1, 0], "z": [0, 0, 1]}


def product(axes):
    result = Quaternion(1, 0, 0, 0)
    for axis, angle in zip(axes, ANGLES, strict=True):
        result = result * Quaternion.from_axis_angle(AXES[axis], angle)
    return result


def apart(a, b):
    """Degrees between two rotations."""
    return math.degrees(2 * math.acos(min(1.0, abs(a.unit().dot(b.unit())))))


off, norms = {}, {}
for axes in SEQUENCES:
    seen = Quaternion.from_euler(ANGLES, list(axes))
    off[axes], norms[axes] = apart(seen, product(axes)), seen.norm()
    print(f"{axes}: expected 0 degrees off and norm 1, seen {off[axes]:.3f} and {norms[axes]:.4f}")


def about_z(angle):
    return Quaternion.from_axis_angle([0, 0, 1], angle)


def heading(q):
    return round(math.degrees(2 * math.atan2(q.z, q.w)) % 360, 2)


means = {}
for name, second in (("q", about_z(0.6)), ("-q", -about_z(0.6))):
    means[name] = heading(Quaternion.average([about_z(0.5), second], about_z(0.5)))
    print(f"mean of 28.65 and 34.38 degrees, the second as {name}: expected 31.51, seen {means[name]}")

same = (
    all(off[axes] < 1e-4 and math.isclose(norms[axes], 1) for axes in SEQUENCES if axes != "yxy")
    and off["yxy"] > 20
    and abs(norms["yxy"] - 1) > 0.01
    and means == {"q": 31.51, "-q": 211.51}
)
print("as described" if same else "quaternions behaves differently now")
sys.exit(not same)
PY
