"""A training step on NumPy batches, resumed from a checkpoint, and the model that comes of it.

python examples/train_step.py [FOLDER]
"""

import sys
from pathlib import Path

import numpy as np

import vimogen

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "out/train_step")
config = {
    "model": {
        "dim": 64,
        "ffn_dim": 128,
        "freq_dim": 32,
        "num_heads": 4,
        "num_layers": 2,
        "text_dim": 32,
        "text_len": 8,
        "reference": True,
    },
    "train": {"num_steps": 20, "batch_size": 4, "lr": 2e-3, "warmup_steps": 5, "checkpoint_every": 10},
}


class Data:
    """Batches of any kind: normalised motions and encoded prompts, as a function of the step."""

    mean = np.zeros(276, np.float32)
    std = np.ones(276, np.float32)

    def batch(self, step: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(step)
        phase = rng.uniform(0, 2 * np.pi, (4, 1, 1))
        time = np.arange(40).reshape(1, 40, 1)
        motion = np.sin(time * 0.3 + phase + np.arange(276) * 0.1)
        prompts = np.repeat(np.cos(phase), 8 * 32, axis=2).reshape(4, 8, 32)
        return {"motion": motion.astype(np.float32), "prompt_embeds": prompts.astype(np.float32)}


trainer = vimogen.Trainer(config, Data(), folder / "checkpoints")
print(f"starts at step {trainer.resume()}")
trainer.fit(callback=lambda report: print(f"step {report['step']:2} loss {report['loss']:.4f}"))

trainer.save(folder / "model")
pipe = vimogen.Pipeline.from_pretrained(folder / "model")
print(pipe, pipe(prompt_embeds=np.ones((8, 32)), num_frames=40, num_inference_steps=5))
