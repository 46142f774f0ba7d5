#!/usr/bin/env bash
# imumocap 1.4.0 (PyPI, latest release): Matrix.slerp between two poses of a joint.
#
# Expected: spherical linear interpolation (the source it names is Wikipedia's article): the angle grows evenly, so a quarter
#   of the way is a quarter of the turn; and the turn is the short one.
# Seen: the weights take the angle of the rotation where the angle between the quaternions, half of it, belongs. Between poses
#   120 degrees apart a quarter of the way is 38 degrees instead of 30; between poses 170 degrees apart it is 77 instead of
#   42.5. Signs are not aligned: from a heading of 260 to one of 230 degrees, 30 apart, the middle is 65 instead of 245.
#   Small turns are right, so tests with them do not show it.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI. The package as a whole
# needs Python 3.12; its module matrix, which is all that is used here, needs NumPy only and is loaded by itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check imumocap==1.4.0 numpy==2.2.6

env/bin/python - <<'PY'
import importlib.util
import math
import sys

folder = importlib.util.find_spec("imumocap").submodule_search_locations[0]
spec = importlib.util.spec_from_file_location("matrix", f"{folder}/matrix.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
Matrix = module.Matrix

STEPS = 5


def heading(matrix):
    """Turn about z in degrees, from 0 to 360."""
    return math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])) % 360


def seen(start, end):
    return [round(heading(m), 1) for m in Matrix.slerp(Matrix(rot_z=start), Matrix(rot_z=end), STEPS)]


def even(start, end):
    return [start + (end - start) * i / (STEPS - 1) for i in range(STEPS)]


results = {turn: seen(*turn) for turn in ((0, 20), (0, 120), (0, 170), (260, 230))}
for turn, angles in results.items():
    print(f"from {turn[0]} to {turn[1]} degrees: expected {even(*turn)}, seen {angles}")
assert results[0, 20] == even(0, 20)
if (
    results[0, 120] != [0.0, 38.2, 60.0, 81.8, 120.0]
    or results[0, 170] != [0.0, 76.6, 85.0, 93.4, 170.0]
    or results[260, 230] != [260.0, 275.0, 65.0, 215.0, 230.0]
):
    sys.exit("imumocap behaves differently now")
print("as described")
PY
