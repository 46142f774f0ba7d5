#!/usr/bin/env bash
# bvhtoolbox 0.1.3 (PyPI, latest release): tools for BVH files: joint positions as CSV, rotations added to a joint.
#
# Expected: write_joint_positions with scale=0.01 ("Scale factor for root position and offset values") gives every joint at 0.01 of
#   its unscaled place. add_angle_offsets with 90 degrees on the last channel of a joint adds 90 to that channel alone, for a BVH
#   rotation is the product of its channels in their order and turns about the last axis add up.
# Seen: the scaled place of a joint goes into that of its children and is scaled again: a spine 1.10 m above the ground comes out
#   at 0.209 m, under its hips at 0.90 m. The angles are taken about the fixed axes in that order, not the turned ones: 10, 20 and
#   30 degrees with 90 more on the last become 20.3, -9.4 and 116.5.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3.9 to 3.12 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check bvhtoolbox==0.1.3 transforms3d==0.4.2 numpy==1.26.4

cat >walk.bvh <<'BVH'
HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT Spine
  {
    OFFSET 0 20 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    JOINT Head
    {
      OFFSET 0 40 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 20 0
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.04
0 90 0 0 0 0 10 20 30 0 0 0
0 90 0 0 0 0 10 20 30 0 0 0
BVH
env/bin/python - <<'PY'
import sys

import numpy as np
from bvhtoolbox import BvhTree
from bvhtoolbox.convert.bvh2csv import write_joint_positions
from bvhtoolbox.manipulate.offsetjointangles import add_angle_offsets

text = open("walk.bvh").read()


def matrix(angles):
    """The product of the channels of Zrotation Xrotation Yrotation, in their order."""
    (cz, cx, cy), (sz, sx, sy) = np.cos(np.radians(angles)), np.sin(np.radians(angles))
    z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return z @ x @ y


def heights(scale):
    write_joint_positions(BvhTree(text), "places.csv", scale=scale)
    return np.loadtxt("places.csv", delimiter=",", skiprows=1)[0, 2::3]


unscaled, seen = heights(1.0), heights(0.01)
by_hand = np.array([90, 110, 110 + (matrix([10, 20, 30]) @ [0, 40, 0])[1]])
print(f"heights of hips, spine and head: expected {np.round(by_hand * 0.01, 3)}, seen {np.round(seen, 3)}")

tree = BvhTree(text)
add_angle_offsets(tree, {"Spine": (0, 0, 90)})
angles = [float(v) for v in tree.frames[0][6:9]]
wanted = matrix([10, 20, 30]) @ matrix([0, 0, 90])
assert np.allclose(wanted, matrix([10, 20, 120]))
off = np.degrees(np.arccos((np.trace(wanted.T @ matrix(angles)) - 1) / 2))
print(f"angles with 90 on the last: expected [10 20 120], seen {np.round(angles, 1)}, {off:.1f} degrees off")

same = (
    np.allclose(unscaled, by_hand, atol=1e-4)
    and np.allclose(seen, [0.9, 0.209, 0.37226], atol=1e-4)
    and np.allclose(angles, [20.2836, -9.3913, 116.5488], atol=1e-3)
    and off > 20
)
print("as described" if same else "bvhtoolbox behaves differently now")
sys.exit(not same)
PY
