"""MBench: metrics of a motion, of sets of motions, and the benchmark as a whole.

The motion-quality metrics take joints ``(T, 22, 3)`` in metres; speeds are per frame. For all but ``dynamic_degree``
lower is better. ``up_axis`` is the height coordinate.

The pose dimensions are measured on bodies: ``smplify`` fits one to joints, ``body_penetration`` and ``Nrdf`` measure,
and ``PoseScorer`` does all three for files.

The metrics of sets take features ``(N, d)`` of your own evaluator. Those that draw return ``(mean, interval)`` over
``repetitions``; ``interval`` is half the width of the 95 % confidence interval. ``protocol="humanml3d"`` draws as
evaluations on HumanML3D do.

>>> import numpy as np
>>> from vimogen import mbench
>>> mbench.jitter_degree(np.zeros((10, 22, 3)))
0.0
>>> features = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
>>> mbench.r_precision(features, features)[0]
(1.0, 0.0)

``generate``, ``organize`` and ``gate`` are the functions of ``vimogen generate --mbench``, ``organize`` and ``gate``;
:func:`vimogen.evaluate` with ``info`` scores the result.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import _runs
from ._options import lists_options
from ._types import TextKey
from ._vimogen import (
    Nrdf,
    Pipeline,
    PoseScorer,
    body_penetration,
    diversity,
    dynamic_degree,
    fid,
    foot_floating,
    foot_sliding,
    gate,
    generate_mbench,
    ground_penetration,
    jitter_degree,
    mm_dist,
    multimodality,
    organize,
    r_precision,
    smplify,
)

__all__ = [
    "Nrdf",
    "PoseScorer",
    "body_penetration",
    "diversity",
    "dynamic_degree",
    "fid",
    "foot_floating",
    "foot_sliding",
    "gate",
    "generate",
    "ground_penetration",
    "jitter_degree",
    "mm_dist",
    "multimodality",
    "organize",
    "r_precision",
    "smplify",
]


@lists_options("GenerateOptions")
def generate(
    pipeline: Pipeline,
    prompts: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    prompt_durations: bool = False,
    text_key: TextKey = "prompt",
    root: str | os.PathLike[str] = ".",
    callback: Callable[[str, int, int], object] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Generate the motion of every prompt of MBench; run it again to continue after a stop.

    ``vimogen-run.json`` in the folder records model, prompts and options. A call that differs is refused, since its
    motions would be mixed with those that are there.

    Parameters
    ----------
    pipeline : Pipeline
        The model.
    prompts : str or os.PathLike
        ``MBench_final.json``.
    output : str or os.PathLike
        Folder for one folder ``<global_id>/`` per prompt.
    prompt_durations : bool
        Use the length in each prompt's ``motion_duration``.
    text_key : str
        ``"prompt"``, ``"motion_text_annot"`` or ``"video_text_annot"``: the wording of the prompts.
    root : str or os.PathLike
        Base folder of the paths in the prompt file.
    callback : callable, optional
        As for :meth:`Pipeline.__call__`.
    **options
        {options}

    Returns
    -------
    dict
        ``from_text``, ``from_reference``, ``kept``, and ``without_reference``, the ids of the prompts whose reference
        is missing.

    """
    own: dict[str, Any] = {"prompt_durations": prompt_durations, "text_key": text_key, "root": root}
    run = _runs.record_of(pipeline, [], {"prompt file": Path(prompts)}, {**options, **own})
    _runs.check(Path(output), run)
    _runs.write(Path(output), run)
    return generate_mbench(pipeline, prompts, output, callback=callback, **own, **options)
