"""Motion to motion: the result follows a clip instead of a sentence.

python examples/motion_to_motion.py [CLIP] [RESULT]
"""

import sys
from pathlib import Path

import numpy as np

import vimogen

pipe = vimogen.Pipeline.from_pretrained()
if len(sys.argv) > 1:
    clip = vimogen.Motion.load(sys.argv[1])  # .npz, .npy or .pt, at any frame rate
else:
    clip = pipe("a person walks forward and waves with the right hand", seed=1)

motion = pipe(reference=clip, seed=2)

followed = clip.resample(pipe.fps)
frames = min(len(followed), len(motion))
apart = np.linalg.norm(motion.joints[:frames] - followed.joints[:frames], axis=-1)
print(f"{len(clip)} frames at {clip.fps:g} fps, followed by {len(motion)} at {motion.fps:g} fps")
print(f"the joints are {apart.mean():.2f} m apart")

result = Path(sys.argv[2] if len(sys.argv) > 2 else "out/follow.html")
result.parent.mkdir(parents=True, exist_ok=True)
motion.save(result)
print(result)
