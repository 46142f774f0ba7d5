#!/usr/bin/env bash
# biokinepy 0.1.2 (PyPI, latest release): joint centres from the paths of skin markers, with the method of Gamage and Lasenby (2002).
#
# Expected: markers that turn about a point without error give this point. A frame in which a marker is hidden (NaN, which the
#   function leaves out) takes data away and changes nothing else: the other frames still lie on spheres about the point.
# Seen: one of the means divides by the number of all frames, hidden ones too, and the others by the number of frames that are
#   there. With one of four markers hidden for a tenth of the time, the hip is a metre away and more. The place also
#   depends on the origin of the laboratory. Without gaps it is right to a nanometre.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3.9 to 3.12 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==1.26.4
env/bin/pip install --quiet --disable-pip-version-check --no-deps biokinepy==0.1.2

env/bin/python - <<'PY'
import importlib.util
import sys
import types

import numpy as np

# The package without its other modules, which need SciPy; joint centres do not.
package = types.ModuleType("biokinepy")
package.__path__ = importlib.util.find_spec("biokinepy").submodule_search_locations
sys.modules["biokinepy"] = package
from biokinepy.joint_center import gamage

# A thigh with four markers that swings about the hip, up to 40 degrees in two directions.
thigh = np.array([[0.06, 0.05, -0.15], [-0.05, 0.07, -0.2], [0.04, -0.06, -0.3], [-0.06, -0.04, -0.35]])
frames = 200
phase = np.linspace(0, 6 * np.pi, frames)
forward, aside = np.radians(40) * np.sin(phase), np.radians(25) * np.cos(0.7 * phase)
one, none = np.ones(frames), np.zeros(frames)
about_x = np.array([[one, none, none], [none, np.cos(forward), -np.sin(forward)], [none, np.sin(forward), np.cos(forward)]])
about_y = np.array([[np.cos(aside), none, np.sin(aside)], [none, one, none], [-np.sin(aside), none, np.cos(aside)]])
turns = np.moveaxis(about_x, 2, 0) @ np.moveaxis(about_y, 2, 0)


def swings(hip):
    return np.einsum("nij,kj->kni", turns, thigh) + hip


def by_hand(paths):
    """The same least squares without a mean over hidden frames: |p - c|^2 is one number for each marker."""
    rows, right = [], []
    for path in paths:
        seen = path[~np.isnan(path).any(axis=1)]
        rows.append(2 * (seen - seen.mean(axis=0)))
        squares = (seen**2).sum(axis=1)
        right.append(squares - squares.mean())
    return np.linalg.lstsq(np.concatenate(rows), np.concatenate(right), rcond=None)[0]


errors = []
for hip in (np.array([0.1, 0.2, 0.9]), np.array([2.0, 1.0, 0.9])):
    paths = swings(hip)
    hidden = paths.copy()
    hidden[2, 90:110] = np.nan
    whole = np.linalg.norm(gamage(paths)[:, 0] - hip)
    gap = np.linalg.norm(gamage(hidden)[:, 0] - hip)
    expected = np.linalg.norm(by_hand(hidden) - hip)
    errors.append((whole, gap, expected))
    print(
        f"hip at {hip}: error without gaps {whole:.1e} m; one marker hidden in 20 of {frames} frames: "
        f"expected {expected:.1e} m, seen {gap:.3f} m"
    )

same = all(whole < 1e-9 and expected < 1e-9 and gap > 0.05 for whole, gap, expected in errors)
print("as described" if same else "biokinepy behaves differently now")
sys.exit(not same)
PY
