"""Flow matching: noise levels, and the initial noise of a generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._vimogen import Schedule, noise

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["Schedule", "add_noise", "noise"]


def add_noise(x: ArrayLike, noise: ArrayLike, sigma: ArrayLike) -> NDArray[np.float32]:
    """Noisy data, ``(1 - sigma) * x + sigma * noise`` in float32.

    Parameters
    ----------
    x, noise : array_like, (B, ...)
        Data and noise of one shape.
    sigma : float or array_like, (B,)
        Noise levels, one for all or one for each row.

    Examples
    --------
    >>> from vimogen import flow
    >>> flow.add_noise([[0.0], [0.0]], [[1.0], [1.0]], [0.25, 0.5]).tolist()
    [[0.25], [0.5]]

    """
    x = np.asarray(x, np.float32)
    level: NDArray[Any] = np.asarray(sigma, np.float32)
    if level.ndim == 1:
        level = level.reshape(-1, *[1] * (x.ndim - 1))
    noisy: NDArray[np.float32] = (np.float32(1) - level) * x + level * np.asarray(noise, np.float32)
    return noisy
