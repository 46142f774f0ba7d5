"""Functions of motions: encoding, decoding, placing, importing, smoothing, resampling.

Features are ``(T, 276)``, not normalised, metres and metres per frame, z up; angles are radians.

>>> import numpy as np
>>> from vimogen import motion
>>> still = {"global_orient": np.zeros((5, 3)), "body_pose": np.zeros((5, 63)), "transl": np.zeros((5, 3))}
>>> features = motion.encode(**still, joints=np.zeros((5, 22, 3)))
>>> features.shape, sorted(motion.decode(features))
((4, 276), ['body_pose', 'global_orient', 'joints', 'transl'])
"""

from ._vimogen import (
    canonicalize,
    decode,
    encode,
    from_hmr,
    load_hmr,
    mbench_joints,
    reference_channels,
    resample,
    smooth,
)

__all__ = [
    "canonicalize",
    "decode",
    "encode",
    "from_hmr",
    "load_hmr",
    "mbench_joints",
    "reference_channels",
    "resample",
    "smooth",
]
