#!/usr/bin/env bash
# pyacclaim 0.0.1 (PyPI, latest release): the frames of an AMC file.
#
# Expected: a file of frames 1 to 4 gives four poses.
# Seen: three. A pose is stored when the number of the next frame is read, so the last pose of every file is lost; a file of
#   one pose gives none. Nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pyacclaim==0.0.1 numpy==2.2.6

cat > person.asf <<'ASF'
# an Acclaim skeleton
:version 1.10
:name person
:units
  mass 1.0
  length 1.0
  angle deg
:documentation
  a pelvis and a thigh
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
     id 1
     name femur
     direction 0 -1 0
     length 4
     axis 0 0 0 XYZ
     dof rx ry rz
     limits (-180 180)
            (-180 180)
            (-180 180)
  end
:hierarchy
  begin
    root femur
  end
ASF
{
  printf '%s\n' ':FULLY-SPECIFIED' ':DEGREES'
  for frame in 1 2 3 4; do printf '%s\n' "$frame" "root $frame 9 0 0 0 0" "femur ${frame}0 0 0"; done
} > walk.amc
head -n 5 walk.amc > pose.amc

env/bin/python - <<'PY'
import sys

from pyacclaim import loadAMC, loadASF

skeleton = loadASF("person.asf", verbose=False)


def written(path):
    """The x position of the root in each frame, read by hand."""
    with open(path) as file:
        return [float(line.split()[1]) for line in file if line.startswith("root ")]


def seen(path):
    return [float(pose["root"][0]) for pose in loadAMC(skeleton, path)]


for path in ("walk.amc", "pose.amc"):
    print(f"{path}: x of the root in the file {written(path)}, from pyacclaim {seen(path)}")
assert written("walk.amc") == [1, 2, 3, 4] and written("pose.amc") == [1]
if seen("walk.amc") != [1, 2, 3] or seen("pose.amc") != []:
    sys.exit("pyacclaim behaves differently now")
print("as described")
PY
