#!/usr/bin/env bash
# bvh-converter 1.0.2 (PyPI, latest release): a BVH joint with one rotation channel.
#
# Expected: a hinge ("CHANNELS 1 Xrotation", which knees and elbows of some exporters have) turns about its one axis, as in
#   bvhio 1.5.4; a joint without channels, which is rigid, is converted right by the program itself.
# Seen: UnboundLocalError in the middle of the conversion; the tables are not written.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check bvh-converter==1.0.2 bvhio==1.5.4 'numpy<3'

write() { # NAME CHANNELS VALUES
  cat > "$1.bvh" <<BVH
HIERARCHY
ROOT Hips
{
	OFFSET 0 0 0
	CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
	JOINT Knee
	{
		OFFSET 0 -40 0
		CHANNELS $2
		JOINT Ankle
		{
			OFFSET 0 -40 0
			CHANNELS 3 Zrotation Xrotation Yrotation
			End Site
			{
				OFFSET 0 0 10
			}
		}
	}
}
MOTION
Frames: 1
Frame Time: 0.05
0 90 0 0 0 0 $3 0 0 0
BVH
}
write hinge '1 Xrotation' 90
write rigid '0' ''

env/bin/python - <<'PY'
import bvhio

hierarchy = bvhio.readAsHierarchy("hinge.bvh")
hierarchy.loadPose(0)
ankle = next(joint for joint, _, _ in hierarchy.layout() if joint.Name == "Ankle")
print("bvhio: the ankle below a knee bent by 90 degrees is at", [round(v, 3) for v in ankle.PositionWorld])
assert [round(v, 3) for v in ankle.PositionWorld] == [0.0, 50.0, -40.0]
PY
env/bin/bvh-converter rigid.bvh >log 2>&1 && [ -s rigid_worldpos.csv ] || { cat log; echo "the rigid joint is no longer converted" >&2; exit 1; }
echo "bvh-converter: a joint without channels is converted"
if env/bin/bvh-converter hinge.bvh >log 2>&1 || ! grep -q '^UnboundLocalError' log || [ -e hinge_worldpos.csv ]; then
  cat log; echo "bvh-converter behaves differently now" >&2; exit 1
fi
echo "bvh-converter: a joint with one channel: $(tail -n 1 log)"
