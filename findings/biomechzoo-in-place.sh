#!/usr/bin/env bash
# biomechzoo 0.8.25 (PyPI, latest release): filters and tilt correction of movement data.
#
# Expected: filter_line with filt['filtfilt'] False filters once, forward ("zero-phase filtering if True"): a step rises after it
#   happens, as with scipy's lfilter. tilt_algorithm_data adds corrected channels to the data; those that it was given stay.
# Seen: the option is not read: the step rises before it happens, as with filtfilt. The given channels are divided by 9.81 in
#   place (and would be turned around), so after the correction the raw data of a sensor in m/s^2 are in g, without a note.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 250 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.16.3 pandas==2.3.3
env/bin/pip install --quiet --disable-pip-version-check --no-deps biomechzoo==0.8.25

env/bin/python - <<'PY'
import importlib.util
import sys
import types

import numpy as np

# The package imports a viewer and other formats first. What is used here does not need them.
package = types.ModuleType("biomechzoo")
package.__path__ = importlib.util.find_spec("biomechzoo").submodule_search_locations
sys.modules["biomechzoo"] = package
from biomechzoo.biomech_ops.filter_line import filter_line
from biomechzoo.imu.tilt_algorithm import tilt_algorithm_data
from scipy import signal

RATE, CUTOFF, ORDER, STEP = 100.0, 6.0, 4, 100
line = np.zeros(200)
line[STEP:] = 1.0
options = {"ftype": "butter", "order": ORDER, "cutoff": CUTOFF, "btype": "lowpass", "fs": RATE}
once = filter_line(line.copy(), {**options, "filtfilt": False})
twice = filter_line(line.copy(), {**options, "filtfilt": True})
b, a = signal.butter(ORDER, CUTOFF / (RATE / 2))
right = signal.lfilter(b, a, line)
print(f"filtered once, one frame before the step: expected {right[STEP - 1]:.3f}, seen {once[STEP - 1]:.3f}")
print(f"zero phase, one frame before the step: {twice[STEP - 1]:.3f}")

# A trunk sensor in m/s^2, at rest and tilted by 10 degrees.
raw = {"vertical": 9.81 * np.cos(np.radians(10)), "lateral": 0.0, "forward": 9.81 * np.sin(np.radians(10))}
data = {name: {"line": np.full(100, value), "event": {}} for name, value in raw.items()}
data["zoosystem"] = {"Video": {"Channels": list(raw)}, "Analog": {"Channels": []}}
after = tilt_algorithm_data(data, "vertical", "lateral", "forward")
seen = {name: float(after[name]["line"].mean()) for name in raw}
for name, value in raw.items():
    print(f"channel {name} afterwards: expected {value:.3f}, seen {seen[name]:.3f}")

same = (
    right[STEP - 1] == 0
    and once[STEP - 1] > 0.3
    and np.array_equal(once, twice)
    and all(np.isclose(seen[name], value / 9.81) for name, value in raw.items())
)
print("as described" if same else "biomechzoo behaves differently now")
sys.exit(not same)
PY
