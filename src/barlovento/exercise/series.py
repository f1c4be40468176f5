"""Random series in time that wind, sensors and hands on the stick share."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def ornstein_uhlenbeck(
    rng: np.random.Generator, steps: int, dt: float, time_scale: float
) -> FloatArray:
    """Return a stationary Ornstein-Uhlenbeck series of mean 0 and variance 1.

    Parameters
    ----------
    rng : Generator
        Randomness.
    steps : int
        Length.
    dt, time_scale : float
        Step, and time after which the correlation is 1/e [s].

    Returns
    -------
    ndarray, shape (steps,)
        [1].
    """
    from scipy.signal import lfilter

    memory = math.exp(-dt / time_scale)
    noise = rng.standard_normal(steps)
    noise[1:] *= math.sqrt(1.0 - memory * memory)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise), dtype=np.float64)
