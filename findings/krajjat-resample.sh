#!/usr/bin/env bash
# krajjat 1.99.24 (PyPI, latest release): resampling a part of a recording that does not begin at 0 seconds.
#
# Expected: resample_data takes values and their time points, whatever the first time point is, and returns values at a fixed rate
#   between the first and the last; moving all time points by half a second moves the result by half a second.
# Seen: the first index is the first time point times the rate, as if the recording had begun at 0. From 0.5 s on, the
#   values come half a second too early and the end is filled with 0; from 5 s on, all values are 0. The time points that are
#   returned are right, and nothing says so.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 220 MB). The package as a whole needs
# sound and video libraries; its module tool_functions, which is all that is used here, is loaded without them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check \
  numpy==2.2.6 scipy==1.16.3 pandas==2.3.3 chardet==5.2.0 openpyxl==3.1.5
env/bin/pip install --quiet --disable-pip-version-check --no-deps krajjat==1.99.24

env/bin/python - <<'PY'
import importlib.util
import sys
import types

import numpy as np

folder = importlib.util.find_spec("krajjat").submodule_search_locations[0]
for name, path in (("krajjat", folder), ("krajjat.classes", f"{folder}/classes")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]  # without the package's own imports
from krajjat.tool_functions import resample_data  # noqa: E402

# A hand that goes from 1 m to 0 in two seconds: 11 samples, to be read four times a second.
VALUES, RIGHT = np.linspace(1, 0, 11), np.linspace(1, 0, 9)
seen, times = {}, {}
for start in (0.0, 0.5, 5.0):
    seen[start], times[start] = resample_data(VALUES, np.linspace(start, start + 2, 11), 4, method="linear", verbosity=0)
    print(f"first time point {start}: expected {RIGHT.tolist()}, seen {seen[start].round(3).tolist()}")

same = (
    np.allclose(seen[0.0], RIGHT)
    and np.allclose(seen[0.5], [*RIGHT[2:], 0, 0])
    and not seen[5.0].any()
    and all(np.allclose(times[start], start + np.arange(9) / 4) for start in times)
)
print("as described" if same else "krajjat behaves differently now")
sys.exit(not same)
PY
