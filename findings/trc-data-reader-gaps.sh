#!/usr/bin/env bash
# trc-data-reader 0.4.1 (PyPI, latest release): a marker that is hidden for a frame.
#
# Expected: cells of a TRC file are separated by tabs, and a hidden marker has three empty cells; the markers to its right keep
#   their values. The program itself writes NaN as empty cells.
# Seen: a row is split at white space, so empty cells vanish. The values of the markers to the right move one marker to the
#   left, and the last marker gets the gap. This happens to the program's own files too, and nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check trc-data-reader==0.4.1 c3d==0.6.0 numpy==2.2.6

env/bin/python - <<'PY'
import math
import sys

from trc import TRCData

MARKERS = ["LASI", "RASI", "LKNE"]
ROWS = [
    ["10", "11", "12", "20", "21", "22", "30", "31", "32"],
    ["", "", "", "20", "21", "22", "30", "31", "32"],
]
lines = [
    ["PathFileType", "4", "(X/Y/Z)", "walk.trc"],
    ["DataRate", "CameraRate", "NumFrames", "NumMarkers", "Units", "OrigDataRate", "OrigDataStartFrame", "OrigNumFrames"],
    ["100", "100", str(len(ROWS)), "3", "mm", "100", "1", str(len(ROWS))],
    ["Frame#", "Time", *(cell for marker in MARKERS for cell in (marker, "", ""))],
    ["", "", *(f"{axis}{i}" for i in (1, 2, 3) for axis in "XYZ")],
    [""],
    *([str(i + 1), f"{i / 100:.2f}", *row] for i, row in enumerate(ROWS)),
]
with open("walk.trc", "w") as file:
    file.writelines("\t".join(line) + "\n" for line in lines)


def by_tabs(path, row):
    with open(path) as file:
        cells = [line.rstrip("\n").split("\t") for line in file][6 + row]
    return {m: [float(v) if v else math.nan for v in cells[2 + 3 * i : 5 + 3 * i]] for i, m in enumerate(MARKERS)}


def read(path, row):
    data = TRCData()
    data.load(path)
    return {marker: data[marker][row] for marker in MARKERS}


print("second frame, by tabs:           ", by_tabs("walk.trc", 1))
print("second frame, by trc-data-reader:", read("walk.trc", 1))

data = TRCData()
data.load("walk.trc")
time, points = data[2]
data[2] = (time, [[math.nan] * 3, [20.0, 21.0, 22.0], [30.0, 31.0, 32.0]])
data.save("own.trc")
print("own file, by tabs:               ", by_tabs("own.trc", 1))
print("own file, by trc-data-reader:    ", read("own.trc", 1))

assert read("walk.trc", 0) == by_tabs("walk.trc", 0)
for path in ("walk.trc", "own.trc"):
    right, seen = by_tabs(path, 1), read(path, 1)
    assert right["RASI"] == [20, 21, 22] and math.isnan(right["LASI"][0])
    if seen["LASI"] != [20, 21, 22] or seen["RASI"] != [30, 31, 32] or not math.isnan(seen["LKNE"][0]):
        sys.exit("trc-data-reader behaves differently now")
print("as described")
PY
