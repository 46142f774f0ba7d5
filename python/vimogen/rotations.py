"""Conversions between rotations, over the last axes of arrays: ``(..., n)`` in, ``(..., m)`` out.

Angles are radians, quaternions have w first, Rot6D are the first two *columns* of the matrix, flattened row by row. The
functions whose names end in ``_rows``, ``_mbench`` or ``_smplx`` are a second family, that of MBench and of the body
models: its Rot6D are the first two *rows*.

>>> import numpy as np
>>> from vimogen import rotations
>>> quarter = rotations.axis_angle_to_matrix([0, 0, np.pi / 2])
>>> bool(np.allclose(quarter @ [1, 0, 0], [0, 1, 0], atol=1e-5))
True
"""

from ._vimogen import (
    axis_angle_to_matrix,
    axis_angle_to_matrix_mbench,
    axis_angle_to_matrix_smplx,
    axis_angle_to_quaternion,
    axis_angle_to_quaternion_mbench,
    axis_angle_to_rot6d,
    axis_angle_to_rot6d_rows,
    matrix_to_axis_angle,
    matrix_to_rot6d,
    quaternion_to_axis_angle,
    quaternion_to_rot6d,
    rot6d_rows_to_matrix,
    rot6d_to_axis_angle,
    rot6d_to_matrix,
    rot6d_to_quaternion,
)

__all__ = [
    "axis_angle_to_matrix",
    "axis_angle_to_matrix_mbench",
    "axis_angle_to_matrix_smplx",
    "axis_angle_to_quaternion",
    "axis_angle_to_quaternion_mbench",
    "axis_angle_to_rot6d",
    "axis_angle_to_rot6d_rows",
    "matrix_to_axis_angle",
    "matrix_to_rot6d",
    "quaternion_to_axis_angle",
    "quaternion_to_rot6d",
    "rot6d_rows_to_matrix",
    "rot6d_to_axis_angle",
    "rot6d_to_matrix",
    "rot6d_to_quaternion",
]
