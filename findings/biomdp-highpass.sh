#!/usr/bin/env bash
# biomdp 0.11.2 (PyPI, latest release): Butterworth filters for biomechanics.
#
# Expected: the cut-off frequency of a filter is where a sine keeps 71 % of its amplitude (-3 dB). The filter runs forward and
#   backward, so it corrects the frequency (after Winter, whose factor it names), and its low-pass is right.
# Seen: the same division is made for a high-pass, which needs a product: there the two passes and the correction add up. At its
#   cut-off a sine keeps 29 %, and has 71 % only at 1.55 times the frequency.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3.11 or newer and PyPI (some 300 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.16.3 pandas==2.3.3 xarray==2025.10.1 matplotlib==3.10.7
env/bin/pip install --quiet --disable-pip-version-check --no-deps biomdp==0.11.2 2>/dev/null

env/bin/python - <<'PY'
import sys

import numpy as np
from biomdp.filter_butter import filter_butter
from scipy import signal

RATE, CUTOFF, ORDER = 1000.0, 20.0, 2
time = np.arange(10000) / RATE
middle = slice(3000, 7000)


def kept(kind, frequency):
    sine = np.sin(2 * np.pi * frequency * time)
    return float(np.std(filter_butter(sine, RATE, CUTOFF, ORDER, kind=kind)[middle]) / np.std(sine[middle]))


def right(kind, frequency):
    """Two passes, with the frequency where each of them has the square root of 71 %."""
    factor = (np.sqrt(2) - 1) ** (1 / (2 * ORDER))
    b, a = signal.butter(ORDER, CUTOFF / factor if kind == "low" else CUTOFF * factor, btype=kind, fs=RATE)
    sine = np.sin(2 * np.pi * frequency * time)
    return float(np.std(signal.filtfilt(b, a, sine)[middle]) / np.std(sine[middle]))


seen = {}
for kind, frequency in (("low", CUTOFF), ("high", CUTOFF), ("high", 1.55 * CUTOFF)):
    seen[kind, frequency] = kept(kind, frequency)
    print(
        f"{kind}-pass of {CUTOFF:.0f} Hz, sine of {frequency:.0f} Hz: expected {right(kind, frequency):.3f}, "
        f"seen {seen[kind, frequency]:.3f} of its amplitude"
    )

assert np.isclose(right("low", CUTOFF), np.sqrt(0.5), atol=0.01) and np.isclose(right("high", CUTOFF), np.sqrt(0.5), atol=0.01)
low, high, above = seen.values()
same = np.allclose([low, high, above], [0.707, 0.293, 0.707], atol=0.01)
print("as described" if same else "biomdp behaves differently now")
sys.exit(not same)
PY
