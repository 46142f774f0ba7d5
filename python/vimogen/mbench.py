"""MBench's motion-quality metrics, on joints ``(T, 22, 3)`` in metres; speeds are per frame.

For all but ``dynamic_degree`` lower is better. ``up_axis`` is the coordinate that is height.

>>> import numpy as np
>>> from vimogen import mbench
>>> mbench.jitter_degree(np.zeros((10, 22, 3)))
0.0
"""

from ._vimogen import dynamic_degree, foot_floating, foot_sliding, ground_penetration, jitter_degree

__all__ = ["dynamic_degree", "foot_floating", "foot_sliding", "ground_penetration", "jitter_degree"]
