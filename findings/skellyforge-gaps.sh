#!/usr/bin/env bash
# skellyforge 2024.12.1009 (PyPI, latest release), FreeMoCap's post-processing: gaps at the start, and a figure that stands upright.
#
# Expected: a marker that is not seen in the first frames keeps its first known place, as one at the end keeps its last, or
#   stays missing; a figure that stands straight is turned so that it faces +y, and one that does so already stays.
# Seen: a gap at the start is filled with one number for all three coordinates, the mean over x, y and z of the whole take: a
#   head that stands at (0, 0, 1700) begins at (567, 567, 567). Gaps inside and at the end are right. align_skeleton_with_origin
#   divides by the sine of the angle: if the spine is vertical or the heels are in line already, all markers of all frames
#   become NaN. A figure that leans a little comes out right.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 120 MB). Its dependencies are those of
# a desktop program; the functions used here need NumPy, pandas and rich.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 pandas==2.3.3 rich==13.7.0
env/bin/pip install --quiet --disable-pip-version-check --no-deps --ignore-requires-python skellyforge==2024.12.1009

env/bin/python -W ignore - <<'PY'
import contextlib
import importlib
import io
import math
import sys

import numpy as np

FOLDER = "skellyforge.freemocap_utils.postprocessing_widgets.postprocessing_functions"


def quiet(function, *arguments):
    """It writes a greeting and progress bars."""
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*arguments)


interpolate = quiet(importlib.import_module, f"{FOLDER}.interpolate_data").interpolate_skeleton_data
align = quiet(importlib.import_module, f"{FOLDER}.rotate_skeleton").align_skeleton_with_origin

head = np.tile([0.0, 0.0, 1700.0], (10, 1, 1)).reshape(10, 1, 3)
filled = {}
for name, missing in (("start", [0, 1, 2]), ("inside", [4, 5]), ("end", [8, 9])):
    gap = head.copy()
    gap[missing] = np.nan
    filled[name] = quiet(interpolate, gap)[missing, 0]
    print(f"gap at the {name}: expected [0, 0, 1700], seen {filled[name][0].round(1).tolist()}")

NAMES = ["left_shoulder", "right_shoulder", "left_hip", "right_hip", "left_heel", "right_heel"]
FIGURE = np.array([[-200, 0, 1400], [200, 0, 1400], [-100, 0, 900], [100, 0, 900], [-100, 0, 0], [100, 0, 0]], dtype=float)


def turned(heading, lean):
    """The figure faces +y, leans forward, and is then turned about the vertical. Degrees."""
    c, s = math.cos(math.radians(lean)), math.sin(math.radians(lean))
    forward = np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    c, s = math.cos(math.radians(heading)), math.sin(math.radians(heading))
    return FIGURE @ forward.T @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T


aligned = {}
for heading, lean in ((30, 5), (0, 0), (30, 0)):
    take = np.tile(turned(heading, lean), (4, 1, 1))
    aligned[heading, lean] = quiet(align, take, NAMES, 0)[0]
    lost = int(np.isnan(aligned[heading, lean]).sum())
    print(f"heading {heading}, lean {lean}: expected 0 of {take.size} numbers lost, seen {lost}")

same = (
    np.allclose(filled["start"], 1700 / 3)
    and np.allclose(filled["inside"], [0, 0, 1700])
    and np.allclose(filled["end"], [0, 0, 1700])
    and np.allclose(aligned[30, 5][0], FIGURE, atol=1e-6)
    and np.isnan(aligned[0, 0]).all()
    and np.isnan(aligned[30, 0]).all()
)
print("as described" if same else "skellyforge behaves differently now")
sys.exit(not same)
PY
