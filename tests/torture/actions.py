"""Actions whose results are known to the bit: threads and forked children repeat them and compare."""

from __future__ import annotations

import hashlib
import json
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import vimogen

PROMPTS = ("a person waves", "a person jumps", "a person walks forward and sits down")
QUICK = {"num_frames": 24, "num_inference_steps": 2}
READ = ("npz", "npy", "pt", "bvh", "glb", "vrma", "fbx")
WRITTEN = (*READ, "usda", "usdz", "csv", "html", "svg", "gif", "png")
# A character of its own, with a surface, as `clip.glb` is.
HERO = "hero.glb"


def digest(data: Any) -> str:
    """Digest of an array or of bytes."""
    raw = data if isinstance(data, bytes) else np.ascontiguousarray(data).tobytes()
    return hashlib.sha256(raw).hexdigest()[:16]


def saved(motion: vimogen.Motion, ending: str, folder: Path) -> bytes:
    """Give the bytes of a saved motion."""
    handle, name = tempfile.mkstemp(suffix=f".{ending}", dir=folder)
    os.close(handle)
    path = Path(name)
    if ending in ("gif", "png"):
        motion.render(path, size=(48, 48))
    else:
        motion.save(path)
    data = path.read_bytes()
    path.unlink()
    return data


class Actions:
    """The actions by name, over the files of a folder that :func:`prepare` has written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pipeline = vimogen.Pipeline.from_pretrained()
        self.clips = {ending: folder / f"clip.{ending}" for ending in READ}
        self.motion = vimogen.Motion.load(self.clips["npz"])
        self.scratch = Path(tempfile.mkdtemp(dir=folder))
        self.all: dict[str, Callable[[], str]] = {}
        for seed, prompt in enumerate(PROMPTS):
            self.all[f"generate {seed}"] = lambda seed=seed, prompt=prompt: digest(
                self.pipeline(prompt, seed=seed, **QUICK).features
            )
        self.all["batch"] = lambda: digest(
            np.concatenate([m.features for m in self.pipeline(list(PROMPTS), seed=[0, 1, 2], **QUICK)])
        )
        for ending in READ:
            self.all[f"load {ending}"] = lambda ending=ending: digest(vimogen.Motion.load(self.clips[ending]).features)
        for ending in WRITTEN:
            self.all[f"save {ending}"] = lambda ending=ending: digest(saved(self.motion, ending, self.scratch))
        self.all["change"] = lambda: digest(
            self.pipeline.edit(self.motion, PROMPTS[1], seed=3, num_inference_steps=2).features
        )
        self.all["extend"] = lambda: digest(
            self.pipeline.sequence([PROMPTS[1]], seconds=1.0, after=self.motion, num_inference_steps=2)[0].features
        )
        self.all["stream"] = lambda: digest(
            self.pipeline.stream(PROMPTS[2], seed=4, num_inference_steps=2).block(6).features
        )
        self.all["retarget"] = lambda: digest(self.dressed(vimogen.Character(folder / HERO), "glb"))
        for rig in vimogen.Character.presets():
            self.all[f"retarget {rig}"] = lambda rig=rig: digest(self.dressed(vimogen.Character.preset(rig), "bvh"))
        self.all["quality"] = lambda: digest(json.dumps(self.motion.quality()).encode())
        self.all["resample"] = lambda: digest(self.motion.resample(33.0).features)
        self.all["edit"] = lambda: digest(self.motion.mirrored().then(self.motion).features)
        self.all["vertices"] = lambda: digest(vimogen.Body().vertices(self.motion[:4]))
        x, context = np.full((2, 8, 276), 0.25, np.float32), np.full((2, 4, 256), 0.5, np.float32)
        self.all["dit"] = lambda: digest(self.pipeline.dit(x, 500.0, context))

    def dressed(self, character: vimogen.Character, ending: str) -> bytes:
        """Give the bytes of a character that performs the motion."""
        character.add(self.motion)
        handle, name = tempfile.mkstemp(suffix=f".{ending}", dir=self.scratch)
        os.close(handle)
        path = Path(name)
        character.save(path)
        data = path.read_bytes()
        path.unlink()
        return data

    def expected(self) -> dict[str, str]:
        """Results of all actions."""
        return {name: action() for name, action in self.all.items()}

    def repeat(self, rng: random.Random, want: dict[str, str]) -> str:
        """Repeat a random action; a text if its result differs."""
        name = rng.choice(sorted(self.all))
        got = self.all[name]()
        return "" if got == want[name] else f"{name}: {got} instead of {want[name]}"


def prepare(folder: Path) -> None:
    """Write the clips and the results of all actions."""
    motion = vimogen.generate(PROMPTS[0], seed=0, num_frames=40, num_inference_steps=4)
    for ending in READ:
        motion.save(folder / f"clip.{ending}")
    motion.save(folder / HERO)
    (folder / "expected.json").write_text(json.dumps(Actions(folder).expected()), encoding="utf-8")
