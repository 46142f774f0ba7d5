"""A sentence in, an animation out: the same program as quickstart.rs, quickstart.c and quickstart.cpp.

python examples/quickstart.py out
"""

import sys
from pathlib import Path

import numpy as np

import vimogen

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
folder.mkdir(parents=True, exist_ok=True)

pipe = vimogen.Pipeline.from_pretrained()  # the built-in model
motion = pipe("a person walks forward and waves", seed=42)

joints = motion.joints  # (frames, 22, 3), metres, z up
print(f"frames {len(motion)} fps {motion.fps:g}")
for i, (x, y, z) in enumerate(joints[0, :3]):
    print(f"joint {i} {x:.4f} {y:.4f} {z:.4f}")
print(f"checksum {joints.sum(dtype=np.float64):.3f}")
motion.save(folder / "quickstart.bvh")
