#!/usr/bin/env bash
# pypmxvmd 2.7.2 (PyPI, latest release): camera keys of a VMD file (MikuMikuDance) that is loaded and saved, unchanged.
#
# Expected: the 24 bytes of a camera key's six curves come back as they were, whichever of the package's parsers reads them.
# Seen: parse_file_fast, which load_vmd also uses where the compiled module was not built, swaps the second and third byte of
#   each curve, from the file's x1 x2 y1 y2 to x1 y1 x2 y2; saving does not swap them back, and the compiled parser does not
#   swap. MikuMikuDance's straight line, 20 107 20 107, becomes 20 20 107 107, so the camera moves in jerks. A second pass
#   restores it. Places and angles are right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pypmxvmd==2.7.2

env/bin/python - <<'PY'
import struct
import sys

import pypmxvmd
from pypmxvmd.common.parsers.vmd_parser import VmdParser

KEY = struct.Struct("<I7f24BI?")  # frame, distance, target, angles, curves, field of view, perspective


def write(path):
    keys = [(frame, -45.0, frame / 10, 10.0, 0.0, 0.1, 0.2, 0.3, *[20, 107, 20, 107] * 6, 30, False) for frame in (0, 60)]
    with open(path, "wb") as file:
        file.write(b"Vocaloid Motion Data 0002".ljust(30, b"\0") + b"camera".ljust(20, b"\0"))
        file.write(struct.pack("<III", 0, 0, len(keys)))  # bones, morphs, cameras
        file.write(b"".join(KEY.pack(*key) for key in keys) + struct.pack("<III", 0, 0, 0))  # lights, shadows, IK


def cameras(path):
    """Camera keys, read by hand."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[50:58] == bytes(8)
    (count,) = struct.unpack_from("<I", data, 58)
    return [KEY.unpack_from(data, 62 + KEY.size * i) for i in range(count)]


write("in.vmd")
pypmxvmd.save_vmd(VmdParser().parse_file_fast("in.vmd"), "once.vmd")
pypmxvmd.save_vmd(VmdParser().parse_file_fast("once.vmd"), "twice.vmd")
seen = {path: cameras(path) for path in ("in.vmd", "once.vmd", "twice.vmd")}
for path, keys in seen.items():
    print(f"{path}: curve of x at frame {keys[1][0]}: {keys[1][8:12]}, target {[round(v, 3) for v in keys[1][2:5]]}")
assert all(len(keys) == 2 for keys in seen.values())
same = all(a[:2] == b[:2] and a[2:5] == b[2:5] and a[32:] == b[32:] for a, b in zip(seen["in.vmd"], seen["once.vmd"]))
curves = {path: keys[1][8:32] for path, keys in seen.items()}
assert curves["in.vmd"] == (20, 107, 20, 107) * 6
if not same or curves["once.vmd"] != (20, 20, 107, 107) * 6 or curves["twice.vmd"] != curves["in.vmd"]:
    sys.exit("pypmxvmd behaves differently now")
print("as described")
PY
