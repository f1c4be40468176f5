"""What was searched without success: how surely a source of each rate would have been seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """A map of what a search would have seen.

    Parameters
    ----------
    origin : tuple of float
        Longitude and latitude of x = y = 0 [degree].
    x, y : ndarray, shape (nx,), (ny,)
        Rising, evenly spaced: east and north of the origin [m].
    rate : ndarray, shape (r,)
        Rising [kg s-1].
    probability : ndarray, shape (ny, nx, r)
        That a source of that rate there would have been seen [1].
    """

    origin: tuple[float, float]
    x: Floats
    y: Floats
    rate: Floats
    probability: Floats

    def __post_init__(self) -> None:
        shape = (self.y.size, self.x.size, self.rate.size)
        if self.probability.shape != shape or min(shape) < 1:
            raise BadInput(
                f"A map of {self.probability.shape} does not fit its axes {shape}. "
                "Make it again with `barlovento locate`."
            )
        rising = all(np.all(np.diff(axis) > 0) for axis in (self.x, self.y, self.rate))
        if not rising or self.rate[0] <= 0:
            raise BadInput("An axis of the map does not rise. Make it with `barlovento locate`.")
        inside = (self.probability >= 0) & (self.probability <= 1)
        if not inside.all():
            raise BadInput(
                "The map holds what is no probability. Make it again with `barlovento locate`."
            )
