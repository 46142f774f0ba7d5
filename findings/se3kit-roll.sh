#!/usr/bin/env bash
# se3kit 1.0.6 (PyPI, latest release): roll, pitch and yaw of a rotation.
#
# Expected: Rotation.from_rpy(v, extrinsic=False).as_rpy(extrinsic=False) is v, and from_zyx(v, extrinsic=True)
#   .as_zyx(extrinsic=True) is v, as with the defaults of both.
# Seen: the angle about x has the opposite sign. The matrices are right: scipy finds the angles in them.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI (some 150 MB).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check se3kit==1.0.6 numpy==2.2.6 scipy==1.16.3

env/bin/python - <<'PY'
import sys

import numpy as np
from scipy.spatial.transform import Rotation as Other
from se3kit.rotation import Rotation


def show(values):
    return [round(float(v), 4) + 0.0 for v in values]


wrong = right = True
for roll, pitch, yaw in ((0.4, 0.0, 0.0), (0.3, 0.5, 0.7), (-1.2, 0.2, 2.0)):
    rpy, zyx = [roll, pitch, yaw], [yaw, pitch, roll]
    for name, angles, sequence, options in (
        ("rpy", rpy, "XYZ", {"extrinsic": False}),
        ("zyx", zyx, "zyx", {"extrinsic": True}),
        ("rpy", rpy, "xyz", {}),
        ("zyx", zyx, "ZYX", {}),
    ):
        rotation = getattr(Rotation, f"from_{name}")(angles, **options)
        back = getattr(rotation, f"as_{name}")(**options)
        # Capital letters are intrinsic in scipy.
        right &= np.allclose(Other.from_matrix(rotation.m).as_euler(sequence), angles)
        if options:
            print(f"{name} {options}: expected {show(angles)}, seen {show(back)}")
            flipped = [-v if v == roll else v for v in angles]
            wrong &= np.allclose(back, flipped)
        else:
            right &= np.allclose(back, angles)
        assert np.allclose(rotation.m @ rotation.m.T, np.eye(3))

same = right and wrong
print("as described" if same else "se3kit behaves differently now")
sys.exit(not same)
PY
