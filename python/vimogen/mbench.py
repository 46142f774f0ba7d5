"""MBench: metrics of a motion, of sets of motions, and the benchmark as a whole.

The motion-quality metrics take joints ``(T, 22, 3)`` in metres; speeds are per frame. For all but ``dynamic_degree``
lower is better. ``up_axis`` is the height coordinate.

The pose dimensions are measured on bodies: ``smplify`` fits one to joints, ``body_penetration`` and ``Nrdf`` measure,
and ``PoseScorer`` does all three for files.

The metrics of sets take features ``(N, d)`` of your own evaluator. Those that draw return ``(mean, interval)`` over
``repetitions``; ``interval`` is half the width of the 95 % confidence interval.

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

from ._vimogen import (
    Nrdf,
    PoseScorer,
    body_penetration,
    diversity,
    dynamic_degree,
    fid,
    foot_floating,
    foot_sliding,
    gate,
    ground_penetration,
    jitter_degree,
    mm_dist,
    multimodality,
    organize,
    r_precision,
    smplify,
)
from ._vimogen import generate_mbench as generate

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
