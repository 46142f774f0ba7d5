#!/usr/bin/env bash
# pose-format 0.15.0 (PyPI, latest release): the frame rate of a pose sequence is changed with interpolate.
#
# Expected: "interpolates the pose data to match a new frame rate". A sample of the new sequence lies where the point was at
#   that time: a point with 1 m/s is at i / rate metres in frame i.
# Seen: the new frames are spread evenly from the first to the last old frame, regardless of their times. Ten frames of 10 Hz become
#   twenty of 20 Hz that are at 0.853 m after 0.9 s (5 % too slow), or five of 5 Hz that are at 0.9 m after 0.8 s (12 % too
#   fast).
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 150 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check pose-format==0.15.0 numpy==2.2.6 scipy==1.16.3

env/bin/python - <<'PY'
import sys

import numpy as np
from pose_format.numpy import NumPyPoseBody

FRAMES, RATE = 10, 10.0
data = np.zeros((FRAMES, 1, 1, 2))
data[:, 0, 0, 0] = np.arange(FRAMES) / RATE
body = NumPyPoseBody(RATE, data, np.ones((FRAMES, 1, 1)))

results = {}
for rate in (10.0, 20.0, 5.0):
    new = body.interpolate(new_fps=rate, kind="linear")
    x = np.asarray(new.data[:, 0, 0, 0].filled(np.nan))
    times = np.arange(len(x)) / new.fps
    inside = times <= (FRAMES - 1) / RATE
    speed = np.diff(x).mean() * new.fps
    results[rate] = (len(x), float(x[-1]), float(np.abs(x - times)[inside].max()), float(speed))
    print(
        f"{rate:4} Hz: {len(x)} frames, expected 1 m/s and {times[inside][-1]:.2f} m at {times[inside][-1]:.2f} s, "
        f"seen {speed:.3f} m/s and {x[inside][-1]:.3f} m"
    )

same = (
    results[10.0][2] < 1e-9
    and results[20.0][0] == 20
    and np.isclose(results[20.0][3], 0.9 / 19 * 20)
    and results[5.0][0] == 5
    and np.isclose(results[5.0][3], 1.125)
)
print("as described" if same else "pose-format behaves differently now")
sys.exit(not same)
PY
