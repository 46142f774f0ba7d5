#!/usr/bin/env bash
# pyomeca 2026.0.2 (PyPI, latest release): the rate of a TRC file with times in milliseconds, as trc-data-reader 0.4.1 and many
# other programs write them.
#
# Expected: the header's DataRate, 120 Hz, or the mean of the times, which gives it to 0.01 %.
# Seen: the difference of the first two times, rounded: 0.008 s gives 125 Hz. Derivatives and filters that take the rate from
#   the clip are 4 % off. At 240 Hz (0.004 s) it is 250 Hz, at 60 Hz (0.017 s) 59 Hz.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 70 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
  numpy==2.2.6 pandas==2.3.3 xarray==2025.6.1 scipy==1.16.3 matplotlib==3.10.7 ezc3d==1.7.2 trc-data-reader==0.4.1 c3d==0.6.0
env/bin/pip install --quiet --disable-pip-version-check --no-deps pyomeca==2026.0.2

env/bin/python - <<'PY'
import sys
import warnings

warnings.simplefilter("ignore")
from pyomeca import Markers
from trc import TRCData

FRAMES = 241


def write(rate):
    data = TRCData()
    data.update(PathFileType=4, DataFormat="(X/Y/Z)", FileName="walk.trc", NumFrames=FRAMES, NumMarkers=1, Units="m")
    data.update(DataRate=rate, CameraRate=rate, OrigDataRate=rate, OrigDataStartFrame=1, OrigNumFrames=FRAMES)
    data.update({"Markers": ["KNEE"], "Frame#": list(range(1, FRAMES + 1))})
    for i in range(FRAMES):
        data[i + 1] = (i / rate, [[i / rate, 0.5, 0.2]])
    data.save("walk.trc")


seen = {}
for rate in (60.0, 120.0, 240.0):
    write(rate)
    with open("walk.trc") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    header = float(dict(zip(lines[1], lines[2]))["DataRate"])
    mean = (FRAMES - 1) / (float(lines[-1][1]) - float(lines[6][1]))
    seen[rate] = Markers.from_trc("walk.trc", pandas_kwargs={"sep": "\t"}).attrs["rate"]
    print(f"header {header}, mean of the times {mean:.2f}, pyomeca {seen[rate]}")
    assert header == rate and abs(mean / rate - 1) < 1e-3
if seen != {60.0: 59.0, 120.0: 125.0, 240.0: 250.0}:
    sys.exit("pyomeca behaves differently now")
print("as described")
PY
