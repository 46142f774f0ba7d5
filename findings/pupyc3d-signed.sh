#!/usr/bin/env bash
# pupyC3D 0.1.3 (PyPI, latest release): a C3D file with integer coordinates.
#
# Expected: coordinates of a file with a positive POINT:SCALE are signed 16-bit integers; c3d 0.6.0 reads them so.
# Seen: they are read as unsigned. A marker 12 mm left of the origin stands 6541.6 mm right of it, and every marker that
#   crosses a plane of the laboratory jumps by 65536 times the scale, 6.5 m here. The same file in floating point is read right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pupyC3D==0.1.3 c3d==0.6.0 numpy==2.2.6

env/bin/python - <<'PY'
import struct
import sys
import warnings

warnings.simplefilter("ignore")
import c3d
from pupyC3D import C3DFile

X = [-12.0, 0.0, 12.0]  # millimetres; one marker that crosses x = 0


def parameter(group, name, kind, dimensions, data):
    value = struct.pack("bB", kind, len(dimensions)) + bytes(dimensions) + data + b"\0"
    return struct.pack("bb", len(name), group) + name.encode() + struct.pack("<h", 2 + len(value)) + value


def group(number, name):
    return struct.pack("bb", len(name), -number) + name.encode() + struct.pack("<hB", 3, 0)


def write(path, scale):
    parameters = (
        group(1, "POINT")
        + parameter(1, "USED", 2, [], struct.pack("<h", 1))
        + parameter(1, "FRAMES", 2, [], struct.pack("<h", len(X)))
        + parameter(1, "SCALE", 4, [], struct.pack("<f", scale))
        + parameter(1, "RATE", 4, [], struct.pack("<f", 100))
        + parameter(1, "DATA_START", 2, [], struct.pack("<h", 3))
        + parameter(1, "LABELS", -1, [4, 1], b"LASI")
        + parameter(1, "UNITS", -1, [2], b"mm")
        + group(2, "ANALOG")
        + parameter(2, "USED", 2, [], struct.pack("<h", 1))
        + parameter(2, "RATE", 4, [], struct.pack("<f", 100))
        + parameter(2, "GEN_SCALE", 4, [], struct.pack("<f", 1))
        + parameter(2, "SCALE", 4, [1], struct.pack("<f", 1))
        + parameter(2, "OFFSET", 2, [1], struct.pack("<h", 0))
        + parameter(2, "LABELS", -1, [2, 1], b"Fz")
        + b"\0\0"
    )
    assert len(parameters) <= 508
    header = struct.pack("<BBHHHHHfHHf", 2, 0x50, 1, 1, 1, len(X), 10, scale, 3, 1, 100)
    integers = [struct.pack("<hhhhh", round(x / scale), 0, 9000, 0, 0) for x in X]
    floats = [struct.pack("<fffff", x, 0, 900, 0, 0) for x in X]
    with open(path, "wb") as file:
        file.write(header.ljust(512, b"\0") + (b"\1\x50\1\x54" + parameters).ljust(512, b"\0"))
        file.write(b"".join(integers if scale > 0 else floats).ljust(512, b"\0"))


def reference(path):
    with open(path, "rb") as file:
        return [round(float(points[0, 0]), 1) for _, points, _ in c3d.Reader(file).read_frames()]


def pupyc3d(path):
    return [round(float(x), 1) for x in C3DFile(path).get_point_data("LASI")[:, 0]]


write("integer.c3d", 0.1)
write("float.c3d", -0.1)
for path in ("integer.c3d", "float.c3d"):
    print(f"{path}: x of the marker: written {X}, c3d {reference(path)}, pupyC3D {pupyc3d(path)}")
    assert reference(path) == X
assert pupyc3d("float.c3d") == X
if pupyc3d("integer.c3d") != [6541.6, 0.0, 12.0]:
    sys.exit("pupyC3D behaves differently now")
print("as described")
PY
