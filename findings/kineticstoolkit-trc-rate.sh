#!/usr/bin/env bash
# kineticstoolkit 0.17.0 (PyPI, latest release): the rate in a TRC file that kinematics.write_trc_file writes.
#
# Expected: DataRate is the number of frames per second, 100 for samples 0.01 s apart.
# Seen: the number of frames divided by the time between two frames: 20000 for two seconds at 100 Hz, and twice that for four
#   seconds. Programs that take the rate from the header play, filter and differentiate the clip hundreds of times too fast.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 90 MB; without PyQt5,
# which this does not use).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
  ezc3d==1.7.2 numpy==2.2.6 pandas==2.3.3 scipy==1.16.3 matplotlib==3.10.7 scikit-learn==1.7.2 tqdm==4.67.1
env/bin/pip install --quiet --disable-pip-version-check --no-deps kineticstoolkit==0.17.0 limitedinteraction==1.0

env/bin/python - <<'PY'
import sys
import warnings

warnings.simplefilter("ignore")
import numpy as np
from kineticstoolkit import TimeSeries
from kineticstoolkit.kinematics import write_trc_file


def rates(frames):
    """The rate in the header, and that of the rows."""
    markers = TimeSeries(time=np.arange(frames) / 100)
    markers.data["KNEE"] = np.tile([0.1, 0.5, 0.2, 1.0], (frames, 1))
    write_trc_file(markers, "walk.trc")
    with open("walk.trc") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    header = dict(zip(lines[1], lines[2]))
    times = [float(line[1]) for line in lines[6:]]
    assert int(header["NumFrames"]) == frames == len(times)
    return float(header["DataRate"]), (frames - 1) / (times[-1] - times[0])


seen = {frames: rates(frames) for frames in (200, 400)}
for frames, (header, rows) in seen.items():
    print(f"{frames} frames at 100 Hz: DataRate {header:.2f}, by the times of the rows {rows:.2f}")
assert all(abs(rows - 100) < 0.1 for _, rows in seen.values())
if abs(seen[200][0] - 20000) > 1 or abs(seen[400][0] - 40000) > 1:
    sys.exit("kineticstoolkit behaves differently now")
print("as described")
PY
