#!/usr/bin/env bash
# basic-robotics 1.0.2 (PyPI, latest release): transforms (tm) and functions of them (fsr).
#
# Expected: tmInterpMidpoint is halfway, with the rotation "calculated as a proper interpolation"; mirror reflects a point at the
#   plane of the given transform; tm([position, rotation]) has this rotation.
# Seen: the logarithm is taken of half of the rotation's matrix instead of halved: between 0 and 90 degrees the middle is at 54,
#   between 0 and 170 at 17.9. Planes that don't pass through the origin are taken for their opposites: a point 2 m above a floor
#   at 1 m is mirrored to -5 instead of -1. Of a rotation vector the third component is used twice.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 600 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check basic-robotics==1.0.2 numpy==2.2.6 scipy==1.16.3 numba==0.62.1

env/bin/python - <<'PY'
import math
import sys

import numpy as np
from basic_robotics.general import fsr, tm
from scipy.spatial.transform import Rotation, Slerp


def angle(pose):
    return float(np.degrees(pose.TAA[5, 0]))


middles = {}
for degrees in (30, 90, 120, 170):
    ends = [tm([0, 0, 0, 0, 0, math.radians(v)]) for v in (0, degrees)]
    middles[degrees] = angle(fsr.tmInterpMidpoint(*ends))
    right = Slerp([0, 1], Rotation.from_matrix([e.TM[:3, :3] for e in ends]))(0.5).as_rotvec(degrees=True)[2]
    print(f"middle of 0 and {degrees} degrees: expected {right:.1f}, seen {middles[degrees]:.1f}")

mirrored = {}
for floor in (0, 1):
    image = fsr.mirror(tm([0, 0, floor, 0, 0, 0]), tm([0, 0, 3, 0, 0, 0]))
    mirrored[floor] = float(image[2])
    print(f"(0, 0, 3) mirrored at z = {floor}: expected z {2 * floor - 3}, seen {mirrored[floor]:.1f}")

vector = [0.1, 0.2, 0.3]
pair, flat = tm([[1, 2, 3], vector]), tm([1, 2, 3, *vector])
seen = pair.TAA[3:, 0].tolist()
print(f"rotation of [[1, 2, 3], {vector}]: expected {flat.TAA[3:, 0].tolist()}, seen {seen}")

same = (
    np.allclose([middles[k] for k in (30, 90, 120, 170)], [20.205, 53.952, 60, 17.876], atol=0.01)
    and np.allclose([mirrored[0], mirrored[1]], [-3, -5])
    and seen == [0.1, 0.3, 0.3]
)
print("as described" if same else "basic-robotics behaves differently now")
sys.exit(not same)
PY
