"""Motions in the viewer of Rerun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._skeleton import JOINTS, PARENTS

if TYPE_CHECKING:
    from ._vimogen import Motion


def to_rerun(self: Motion, entity: str = "motion", *, start: float = 0.0, recording: Any = None) -> None:
    """Log the clip to Rerun: joints, bones, and the path of the pelvis on the timeline ``time``; needs rerun-sdk.

    Call ``rerun.init("name", spawn=True)`` first, or give a recording.

    Parameters
    ----------
    entity : str
        Path of the entity. Two motions under two paths play at the same time.
    start : float
        Time of the first frame, seconds.
    recording : rerun.RecordingStream, optional
        None: the current one.

    """
    from ._methods import needed, times

    rerun = needed("rerun", "Motion.to_rerun", "rerun-sdk")
    joints = np.array(self.joints)
    bones = np.stack([joints[:, list(PARENTS[1:])], joints[:, 1:]], axis=2)
    frames, count = bones.shape[:2]
    clock = rerun.TimeColumn("time", duration=start + times(self))
    rerun.log(entity, rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True, recording=recording)
    path = rerun.LineStrips3D([joints[:, 0] * [1, 1, 0]], colors=[[160, 160, 160]])
    rerun.log(f"{entity}/path", path, static=True, recording=recording)
    labels = rerun.Points3D.from_fields(radii=0.02, labels=list(JOINTS), show_labels=False)
    rerun.log(f"{entity}/joints", labels, static=True, recording=recording)
    points = rerun.Points3D.columns(positions=joints.reshape(-1, 3)).partition([count + 1] * frames)
    rerun.send_columns(f"{entity}/joints", indexes=[clock], columns=points, recording=recording)
    strips = rerun.LineStrips3D.columns(strips=bones.reshape(-1, 2, 3)).partition([count] * frames)
    rerun.send_columns(f"{entity}/bones", indexes=[clock], columns=strips, recording=recording)
