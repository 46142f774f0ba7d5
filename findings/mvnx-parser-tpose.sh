#!/usr/bin/env bash
# mvnx-parser 0.0.5 (PyPI, latest release): the calibration poses of an MVNX file of Xsens MVN.
#
# Expected: `identity`, `tpose` and `tpose_isb` are the three frames of these types, as its description says.
# Seen: all three are the frame of type "identity". A segment's place in the T pose, from which skeletons are built, is that
#   of the null pose, and nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check mvnx-parser==0.0.5

env/bin/python - <<'PY'
import sys
import xml.etree.ElementTree as ET

import mvnx_parser

POSITIONS = {"identity": "0 0 0", "tpose": "0.1 0.2 0.9", "tpose-isb": "0.1 0.9 -0.2", "normal": "0.3 0.2 0.8"}
frames = "".join(
    f'<frame time="0" index="{i}" type="{kind}"><orientation>1 0 0 0</orientation><position>{at}</position></frame>\n'
    for i, (kind, at) in enumerate(POSITIONS.items())
)
with open("take.mvnx", "w") as file:
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n<mvnx xmlns="http://www.xsens.com/mvn/mvnx" version="4">'
        '<mvn version="2020.0" build="1"/><subject label="A" frameRate="60" segmentCount="1">'
        f'<segments><segment id="1" label="Pelvis"/></segments><frames>{frames}</frames></subject></mvnx>\n'
    )

data = mvnx_parser.Mvnx_p("take.mvnx")
places = {}
seen = {name: [float(v) for v in getattr(data, name.replace("-", "_"))["position"][0]] for name in list(POSITIONS)[:3]}
for frame in ET.parse("take.mvnx").findall(".//{*}frame"):
    kind = frame.get("type")
    wanted = [float(v) for v in frame.find("{*}position").text.split()]
    if kind != "normal":
        places[kind] = wanted
        print(f"{kind}: in the file {wanted}, from mvnx-parser {seen[kind]}")
assert places["tpose"] == [0.1, 0.2, 0.9] and len(places) == 3
if any(position != [0.0, 0.0, 0.0] for position in seen.values()):
    sys.exit("mvnx-parser behaves differently now")
print("as described")
PY
