"""How the simulated autopilot measures its place: as it is, and an error that wanders slowly."""

from __future__ import annotations

import math

import numpy as np

from barlovento.adapters.autopilot.f450 import Motion

INTERVAL = 0.2
"""Between fixes [s]."""

_WANDER = 60.0
"""How slowly the error changes [s]."""


class Receiver:
    """A satellite receiver whose error is a Gauss-Markov process.

    Parameters
    ----------
    error : float
        Standard deviation of each coordinate [m].
    seed : int
        Of the errors.
    """

    def __init__(self, error: float, seed: int) -> None:
        self._size = error
        self._random = np.random.default_rng(seed)
        self._error = error * self._random.standard_normal(3)

    def fix(self) -> None:
        """Let :data:`INTERVAL` pass."""
        keep = math.exp(-INTERVAL / _WANDER)
        fresh = self._size * math.sqrt(1 - keep * keep)
        self._error = keep * self._error + fresh * self._random.standard_normal(3)

    def measured(self, motion: Motion) -> Motion:
        """Return a motion with the error in its place."""
        x, y, z = (true + error for true, error in zip(motion[:3], self._error, strict=True))
        return motion._replace(x=float(x), y=float(y), z=float(z))
