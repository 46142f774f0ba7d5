"""Constraints on a generation: poses, hands and feet, way points, paths, loops.

>>> import vimogen
>>> constraints = vimogen.Constraints().root(39, (0.5, 1.5)).joint("right_wrist", 20, (0.3, 1.0, 1.3))
>>> pipe = vimogen.Pipeline.from_pretrained()
>>> motion, met = pipe.constrained("a person walks", constraints, num_frames=40, num_inference_steps=8)
>>> [m["landed"] < 0.01 for m in met]
[True, True]
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from . import rotations as _rotations
from ._files import write_text
from ._vimogen import Motion


class Constraints:
    """Constraints on a motion at given frames. Methods add one and return the object.

    Frames count from 0. Places are metres, x to the right, y forward, z up. A clip starts at the origin and faces +y,
    unless frame 0 has a pose.
    """

    def __init__(self, constraints: Iterable[dict[str, Any]] = ()) -> None:
        self._constraints = list(constraints)

    def _add(self, kind: str, **values: Any) -> Constraints:
        self._constraints.append({"type": kind, **values})
        return self

    def pose(self, frame: int, root: Sequence[float], rotations: Any) -> Constraints:
        """Add a whole pose: position of the pelvis, and quaternions w, x, y, z of the 22 joints, (22, 4)."""
        values = np.asarray(rotations, dtype=np.float64).tolist()
        return self._add("pose", frame=int(frame), root=[float(v) for v in root], rotations=values)

    def keep(self, frame: int, motion: Motion) -> Constraints:
        """Keep the frames of a motion, which start at `frame`; what comes before, after or between is generated."""
        smpl = motion.smpl()
        vectors = np.concatenate([smpl["global_orient"], smpl["body_pose"]], axis=1).reshape(len(motion), 22, 3)
        quaternions = _rotations.axis_angle_to_quaternion(vectors)
        for t in range(len(motion)):
            self.pose(frame + t, motion.joints[t, 0], quaternions[t])
        return self

    def root(self, frame: int, position: Sequence[float]) -> Constraints:
        """Add a way point: x and y of the pelvis at a frame."""
        return self._add("root", frame=int(frame), position=[float(v) for v in position])

    def path(self, points: Iterable[Sequence[float]]) -> Constraints:
        """Add the way of the pelvis over the whole clip, points x and y; the clip ends at the last."""
        return self._add("path", points=[[float(v) for v in point] for point in points])

    def joint(self, joint: str, frame: int, position: Sequence[float], *, frames: int = 1) -> Constraints:
        """Add a place of a wrist or ankle, such as ``"right_wrist"``, over some frames; arm or leg reach for it."""
        values = [float(v) for v in position]
        return self._add("joint", joint=joint, frame=int(frame), frames=int(frames), position=values)

    def loop(self) -> Constraints:
        """Make the clip a loop: its last frame leads to its first."""
        return self._add("loop")

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"constraints": [...]}``, as JSON files have it."""
        return {"constraints": self._constraints}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a JSON file."""
        write_text(path, json.dumps(self.to_dict(), indent=2) + "\n")

    def __len__(self) -> int:
        return len(self._constraints)

    def __repr__(self) -> str:
        return f"Constraints({', '.join(c['type'] for c in self._constraints)})"
