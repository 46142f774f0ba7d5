"""A typed user program: `mypy --strict` accepts this file, and it runs."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import vimogen
from vimogen import Motion, Pipeline


def longest(motions: list[Motion]) -> Motion:
    return max(motions, key=len)


def on_step(stage: str, step: int, total: int) -> bool:
    return step <= total


def main(folder: Path) -> float:
    pipe: Pipeline = vimogen.Pipeline.from_pretrained(device="cpu", dtype="float32")
    one: Motion = pipe("a person waves", num_frames=20, num_inference_steps=1, callback=on_step)
    many: list[Motion] = pipe(["a person waves", "a person jumps"], num_inference_steps=1, seed=[1, 2])
    joints: NDArray[np.float32] = longest([one[2:10], *many]).joints
    one.save(folder / "wave.npz")
    features: NDArray[np.float32] = vimogen.motion.smooth(Motion.load(folder / "wave.npz").features)
    try:
        vimogen.rotations.rot6d_to_matrix(features[:, :6])
        report = vimogen.evaluate(folder, ["Jitter_Degree"])
    except vimogen.VimogenError as error:
        code: int | None = error.code
        raise SystemExit(code) from error
    return float(report["dimensions"]["Jitter_Degree"]["mean"]) + float(joints.sum())
