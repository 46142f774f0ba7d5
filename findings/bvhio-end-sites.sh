#!/usr/bin/env bash
# bvhio 1.5.4 (PyPI, latest release): End Sites of a BVH file that passes through its hierarchy.
#
# Expected: readAsHierarchy followed by writeHierarchy keeps the End Site of a joint, as readAsBvh followed by writeBvh does.
# Seen: the hierarchy has no place for End Sites. writeHierarchy writes an End Site of its own for each leaf, 0.3 times as
#   long as the bone above the leaf and along that bone. Toes, fingertips and the top of the head move, and nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check bvhio==1.5.4

cat > foot.bvh <<'BVH'
HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT Foot
	{
		OFFSET 0 -40 0
		CHANNELS 3 Zrotation Xrotation Yrotation
		End Site
		{
			OFFSET 0 -6 15
		}
	}
}
MOTION
Frames: 2
Frame Time: 0.05
0 90 0 0 0 0 0 0 0
0 90 5 0 0 0 0 10 0
BVH

env/bin/python - <<'PY'
import sys

import bvhio


def toe(path):
    """The End Site as the file has it, centimetres."""
    return [round(v, 3) for v in bvhio.readAsBvh(path).Root.Children[0].EndSite]


bvhio.writeBvh("parsed.bvh", bvhio.readAsBvh("foot.bvh"))
bvhio.writeHierarchy("hierarchy.bvh", bvhio.readAsHierarchy("foot.bvh"), 0.05)
print("the file:                ", toe("foot.bvh"))
print("read and written as BVH: ", toe("parsed.bvh"))
print("through the hierarchy:   ", toe("hierarchy.bvh"))
same = toe("parsed.bvh") == toe("foot.bvh")
invented = toe("hierarchy.bvh")
length = sum(v * v for v in invented) ** 0.5
if same and invented != toe("foot.bvh") and abs(length - 0.3 * 40) < 0.01:
    print("as described: an End Site of 12 cm replaces the one of the file")
else:
    sys.exit("bvhio behaves differently now")
PY
