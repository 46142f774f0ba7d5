#!/usr/bin/env bash
# ezc3d 1.7.2 (PyPI, latest release): analog samples that are declared unsigned, and a capture of more than 65535 frames.
#
# Expected: ANALOG:FORMAT "UNSIGNED" makes samples and offsets unsigned 16-bit integers, and TRIAL:ACTUAL_END_FIELD ends the
#   capture, both as c3d 0.6.0 reads them.
# Seen: offsets are taken as unsigned, samples as signed: with the usual offset 32768 a force of 102 N is -65434 N, while one of
#   -70 N is right. The 70000 frames of a long capture become 70016: the padding of the last block is read as frames in which
#   every marker is at the origin. Nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check ezc3d==1.7.2 c3d==0.6.0 numpy==2.2.6

env/bin/python - <<'PY'
import struct
import sys
import warnings

warnings.simplefilter("ignore")
import c3d
import ezc3d
import numpy as np


def parameter(group, name, kind, dimensions, data):
    value = struct.pack("bB", kind, len(dimensions)) + bytes(dimensions) + data + b"\0"
    return struct.pack("bb", len(name), group) + name.encode() + struct.pack("<h", 2 + len(value)) + value


def group(number, name):
    return struct.pack("bb", len(name), -number) + name.encode() + struct.pack("<hB", 3, 0)


def write(path, frames, unsigned):
    """One marker and one analog channel. Each frame: x, y, z, residual, sample."""
    integer = all(isinstance(v, int) for v in frames[0])
    scale, last = (0.1 if integer else -0.1), min(len(frames), 65535)
    parameters = (
        group(1, "POINT")
        + parameter(1, "USED", 2, [], struct.pack("<h", 1))
        + parameter(1, "FRAMES", 2, [], struct.pack("<H", last))
        + parameter(1, "SCALE", 4, [], struct.pack("<f", scale))
        + parameter(1, "RATE", 4, [], struct.pack("<f", 100))
        + parameter(1, "DATA_START", 2, [], struct.pack("<h", 4))
        + parameter(1, "LABELS", -1, [4, 1], b"LASI")
        + parameter(1, "UNITS", -1, [2], b"mm")
        + group(2, "ANALOG")
        + parameter(2, "USED", 2, [], struct.pack("<h", 1))
        + parameter(2, "RATE", 4, [], struct.pack("<f", 100))
        + parameter(2, "GEN_SCALE", 4, [], struct.pack("<f", 1))
        + parameter(2, "SCALE", 4, [1], struct.pack("<f", 1))
        + parameter(2, "OFFSET", 2, [1], struct.pack("<H", 32768 if unsigned else 0))
        + parameter(2, "FORMAT", -1, [8], b"UNSIGNED" if unsigned else b"SIGNED  ")
        + parameter(2, "LABELS", -1, [2, 1], b"Fz")
        + group(3, "TRIAL")
        + parameter(3, "ACTUAL_START_FIELD", 2, [2], struct.pack("<HH", 1, 0))
        + parameter(3, "ACTUAL_END_FIELD", 2, [2], struct.pack("<HH", len(frames) & 0xFFFF, len(frames) >> 16))
        + b"\0\0"
    )
    header = struct.pack("<BBHHHHHfHHf", 2, 0x50, 1, 1, 1, last, 10, scale, 4, 1, 100)
    data = b"".join(struct.pack("<hhhhH" if integer else "<5f", *frame) for frame in frames)
    with open(path, "wb") as file:
        file.write(header.ljust(512, b"\0") + (b"\1\x50\2\x54" + parameters).ljust(1024, b"\0"))
        file.write(data + bytes(-len(data) % 512))


def reference(path):
    with open(path, "rb") as file:
        rows = [(points[0, :3], analog[0]) for _, points, analog in c3d.Reader(file).read_frames()]
    return np.array([p for p, _ in rows]), np.concatenate([a for _, a in rows])


def seen(path):
    data = ezc3d.c3d(path)["data"]
    return data["points"][:3, 0].T, data["analogs"][0, 0]


FORCES = [102, -70, 0]
write("force.c3d", [(1, 2, 9000, 0, 32768 + force) for force in FORCES], unsigned=True)
forces = {"written": FORCES, "c3d": reference("force.c3d")[1].tolist(), "ezc3d": seen("force.c3d")[1].tolist()}
print("forces:", ", ".join(f"{k} {v}" for k, v in forces.items()))
assert forces["c3d"] == FORCES

LONG = 70000
write("long.c3d", [(float(i), 2.0, 900.0, 0.0, 5.0) for i in range(LONG)], unsigned=False)
right, ours = reference("long.c3d")[0], seen("long.c3d")[0]
print(f"frames: written {LONG}, c3d {len(right)}, ezc3d {len(ours)}; its last one is {ours[-1].tolist()}")
assert len(right) == LONG and right[-1].tolist() == [LONG - 1, 2, 900]
assert np.array_equal(ours[:LONG], right)
if forces["ezc3d"] != [-65434, -70, -65536] or len(ours) != 70016 or ours[LONG:].any():
    sys.exit("ezc3d behaves differently now")
print("as described")
PY
