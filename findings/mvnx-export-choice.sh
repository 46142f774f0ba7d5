#!/usr/bin/env bash
# mvnx 0.2 (PyPI, latest release): an MVNX file of Xsens MVN without some of the quantities that may be exported.
#
# Expected: a quantity is found by the name of its element. MVN's export offers each as a choice, so files differ.
# Seen: quantities are counted, as if all were there in one order. In a file of orientations, positions and joint angles,
#   `velocity` returns the joint angles, and `jointAngle` is empty. A file of orientations and joint angles gives the joint
#   angles as `position`.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mvnx==0.2 numpy==2.2.6

env/bin/python - <<'PY'
import sys
import xml.etree.ElementTree as ET

from mvnx import MVNX

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<mvnx xmlns="http://www.xsens.com/mvn/mvnx" version="4">
<mvn version="2020.0" build="1"/>
<comment/>
<subject label="A" frameRate="60" segmentCount="2" recDate="1" configuration="FullBody" userScenario="singleLevel">
<comment/>
<segments><segment id="1" label="Pelvis"/><segment id="2" label="L5"/></segments>
<sensors><sensor label="Pelvis"/></sensors>
<joints><joint label="jL5S1"><connector1>Pelvis/jL5S1</connector1><connector2>L5/jL5S1</connector2></joint></joints>
<jointAnglesErgo/>
<footContactDefinition/>
<frames segmentCount="2" sensorCount="1" jointCount="1">
"""
TAIL = '</frames></subject><securityCode code="x"/></mvnx>\n'
VALUES = {"orientation": "1 0 0 0 1 0 0 0", "position": "0 0 0.9 0 0 1", "jointAngle": "11 22 33"}


def write(path, names):
    """Three frames of calibration, as every export has, and two of movement."""
    frames = "".join(
        f'<frame time="{i}" index="{i}" tc="0" ms="{i}" type="{kind}">'
        + "".join(f"<{name}>{VALUES[name]}</{name}>" for name in names if kind == "normal" or name != "jointAngle")
        + "</frame>\n"
        for i, kind in enumerate(("identity", "tpose", "tpose-isb", "normal", "normal"))
    )
    with open(path, "w") as file:
        file.write(HEAD + frames + TAIL)


def by_name(path, name):
    frames = [frame for frame in ET.parse(path).findall(".//{*}frame") if frame.get("type") == "normal"]
    found = [frame.find(f"{{*}}{name}") for frame in frames]
    return [[float(v) for v in element.text.split()] for element in found if element is not None]


seen = {}
for names in (("orientation", "position", "jointAngle"), ("orientation", "jointAngle")):
    path = "-".join(names) + ".mvnx"
    write(path, names)
    data = MVNX(path)
    for name in ("position", "velocity", "jointAngle"):
        seen[len(names), name] = getattr(data, name).tolist()
        print(f"{path}: {name}: in the file {by_name(path, name)}, from mvnx {seen[len(names), name]}")
angles = [[11.0, 22.0, 33.0]] * 2
assert by_name("orientation-position-jointAngle.mvnx", "jointAngle") == angles
if seen[3, "velocity"] != angles or seen[3, "jointAngle"] != [] or seen[2, "position"] != angles:
    sys.exit("mvnx behaves differently now")
print("as described")
PY
