#!/usr/bin/env bash
# quat-numpy 0.2.0 (PyPI, latest release): squad, a smooth curve through four rotations.
#
# Expected: q and -q are the same rotation, so the curve through four keys does not depend on their signs; its slerp, which says
#   that it flips a sign if necessary, does not. Keys of a steady turn give the steady turn.
# Seen: with equal signs it is right. With one key's sign turned over, as files and sensors deliver it, the curve between two
#   keys of 28.6 and 57.3 degrees is at 57.4 after a fifth of the time, goes on to 66 and comes back to its end.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check quat-numpy==0.2.0 numpy==2.2.6

env/bin/python - <<'PY'
import math
import sys

from quat import Quaternion, slerp, squad

KEYS = (0.0, 0.5, 1.0, 1.5)  # radians about z
STEPS = (0, 0.2, 0.4, 0.6, 0.8, 1)


def keys(sign):
    """The four rotations; the third has the given sign."""
    signs = (1, 1, sign, 1)
    return [Quaternion(s * math.cos(a / 2), 0, 0, s * math.sin(a / 2)) for s, a in zip(signs, KEYS, strict=True)]


def degrees(q):
    w, x, y, z = q._data
    assert abs(x) + abs(y) < 1e-9
    return round(math.degrees(2 * math.atan2(z, w)) % 360, 2)


right = [round(math.degrees(KEYS[1] + t * (KEYS[2] - KEYS[1])), 2) for t in STEPS]
seen = {}
for sign in (1, -1):
    q = keys(sign)
    seen["slerp", sign] = [degrees(slerp(q[1], q[2], t)) for t in STEPS]
    seen["squad", sign] = [degrees(squad(*q, t)) for t in STEPS]
for (name, sign), values in seen.items():
    print(f"{name}, third key times {sign:2}: expected {right}, seen {values}")

wobble = seen["squad", -1]
same = (
    all(seen[key] == right for key in (("slerp", 1), ("slerp", -1), ("squad", 1)))
    and wobble[0] == right[0]
    and wobble[-1] == right[-1]
    and wobble[1:4] == [57.42, 66.03, 63.12]
)
print("as described" if same else "quat-numpy behaves differently now")
sys.exit(not same)
PY
