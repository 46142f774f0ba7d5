#!/usr/bin/env bash
# bvhtools 1.6.0 (PyPI, latest release): feet in contact, by their speed.
#
# Expected: getFootContactsSpeedMethod gives one value per foot and frame, true where the foot is slower than the threshold.
# Seen: each component of the velocity is compared, with its sign. There are three values per foot and frame, and a foot that
#   slides at 100 cm/s towards -x is in contact on all three. The same slide towards +x is not: mirroring a clip changes its
#   contacts. getFootSlide, which is built on it, ends in an error for every clip but one of three frames.
#
# Exits with 0 while this is so, with 1 when it has changed. Needs Python 3 and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check numpy==2.2.6 scipy==1.16.3
env/bin/pip install --quiet --disable-pip-version-check --no-deps bvhtools==1.6.0

env/bin/python - <<'PY'
import sys

import numpy as np
from bvhTools import bvhIO, bvhMetrics

FRAMES, FRAME_TIME = 5, 0.05


def foot(side, x):
    return (
        f"\tJOINT {side}Foot\n\t{{\n\t\tOFFSET {x} -90 0\n\t\tCHANNELS 3 Zrotation Xrotation Yrotation\n"
        "\t\tEnd Site\n\t\t{\n\t\t\tOFFSET 0 0 15\n\t\t}\n\t}\n"
    )


def contacts(step):
    """Contacts of a rigid figure that moves by `step` centimetres along x in each frame."""
    with open("slide.bvh", "w") as file:
        file.write(
            "HIERARCHY\nROOT Hips\n{\n\tOFFSET 0 0 0\n"
            "\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n"
            f"{foot('Left', 10)}{foot('Right', -10)}}}\nMOTION\nFrames: {FRAMES}\nFrame Time: {FRAME_TIME}\n"
        )
        file.writelines(f"{i * step} 90 0 0 0 0 0 0 0 0 0 0\n" for i in range(FRAMES))
    return bvhMetrics.getFootContactsSpeedMethod(bvhIO.readBvh("slide.bvh"), threshold=0.1)


seen = {step: contacts(step) for step in (0, 5, -5)}
for step, result in seen.items():
    print(
        f"{step / FRAME_TIME:.0f} cm/s along x, threshold 0.1: expected {abs(step) / FRAME_TIME < 0.1}, "
        f"shape (2, {FRAMES}); seen {np.unique(result.reshape(-1, result.shape[-1]), axis=0).tolist()}, shape {result.shape}"
    )
if any(result.shape != (2, FRAMES, 3) for result in seen.values()):
    sys.exit("bvhtools behaves differently now")
if not seen[0].all() or not seen[-5].all() or seen[5][..., 0].any() or not seen[5][..., 1:].all():
    sys.exit("bvhtools behaves differently now")
try:
    print("getFootSlide:", bvhMetrics.getFootSlide(bvhIO.readBvh("slide.bvh")))
    sys.exit("bvhtools behaves differently now")
except ValueError as error:
    print("getFootSlide:", error)
print("as described")
PY
