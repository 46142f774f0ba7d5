#!/usr/bin/env bash
# upc-pymotion 0.3.4 (PyPI, latest release): a BVH root whose rotation channels come before its position channels.
#
# Expected: channels are read by name, since CHANNELS lists them in the file's own order; bvhio 1.5.4 reads both orders alike.
# Seen: the order of positions and rotations is fixed. A root with "Zrotation Xrotation Yrotation Xposition Yposition
#   Zposition" raises KeyError: 'Zrotation'; the same motion with the positions first is read. The message names neither the
#   joint nor the reason.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check upc-pymotion==0.3.4 bvhio==1.5.4

env/bin/python - <<'PY'
import sys

import bvhio
from pymotion.io.bvh import BVH

HEAD = """HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 %s
	JOINT Spine
	{
		OFFSET 0 10 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		End Site
		{
			OFFSET 0 5 0
		}
	}
}
MOTION
Frames: 1
Frame Time: 0.05
%s
"""
POSITIONS, ROTATIONS = "Xposition Yposition Zposition", "Zrotation Xrotation Yrotation"
FILES = {
    "position_first.bvh": HEAD % (f"{POSITIONS} {ROTATIONS}", "1 90 2 10 20 30 0 5 0"),
    "rotation_first.bvh": HEAD % (f"{ROTATIONS} {POSITIONS}", "10 20 30 1 90 2 0 5 0"),
}


def pymotion(path):
    bvh = BVH()
    bvh.load(path)
    _, positions, *_ = bvh.get_data()
    return [round(float(v), 3) for v in positions[0, 0]]


def reference(path):
    hierarchy = bvhio.readAsHierarchy(path)
    hierarchy.loadPose(0)
    return [round(v, 3) for v in hierarchy.PositionWorld]


seen = {}
for path, text in FILES.items():
    with open(path, "w") as file:
        file.write(text)
    try:
        seen[path] = pymotion(path)
    except KeyError as error:
        seen[path] = f"KeyError: {error}"
    print(f"{path}: upc-pymotion {seen[path]}, bvhio {reference(path)}")
    assert reference(path) == [1.0, 90.0, 2.0]
if seen != {"position_first.bvh": [1.0, 90.0, 2.0], "rotation_first.bvh": "KeyError: 'Zrotation'"}:
    sys.exit("upc-pymotion behaves differently now")
print("as described")
PY
