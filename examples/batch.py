"""Many motions at once: lists of prompts and seeds, a progress bar, a folder of files, and their scores.

python examples/batch.py [FOLDER]
"""

import sys
from pathlib import Path

import vimogen

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/batch")
folder.mkdir(parents=True, exist_ok=True)
prompts = ["a person walks forward", "a person jumps", "a person waves with the left hand"]

pipe = vimogen.Pipeline.from_pretrained()
motions = pipe(prompts, seed=[1, 2, 3], num_frames=60, num_inference_steps=20)
for prompt, motion in zip(prompts, motions, strict=True):
    motion.save(folder / f"{prompt.replace(' ', '_')}.npz")

report = vimogen.evaluate(folder)
for name, row in report["dimensions"].items():
    print(f"{name:<20} {row['mean']:.4f}")
