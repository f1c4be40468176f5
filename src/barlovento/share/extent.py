"""What a map shows: its range in metres, round lengths and ticks in degrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_local
from barlovento.domain.observation import Frame, Survey
from barlovento.domain.source import Posterior
from barlovento.share.places import to_longitude_latitude

FloatArray = NDArray[np.float64]

MARGIN = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A range of local metres.

    Parameters
    ----------
    x, y : tuple of float
        East and north [m].
    """

    x: tuple[float, float]
    y: tuple[float, float]

    @property
    def width(self) -> float:
        """East to west [m]."""
        return self.x[1] - self.x[0]

    @property
    def height(self) -> float:
        """North to south [m]."""
        return self.y[1] - self.y[0]

    def at(self, right: float, up: float) -> tuple[float, float]:
        """Return the place at shares of width and height from the lower left corner [m].

        Parameters
        ----------
        right, up : float
            Shares of width and height [1].

        Returns
        -------
        tuple of float
            [m].
        """
        return self.x[0] + right * self.width, self.y[0] + up * self.height

    def padded_to(self, aspect: float) -> Extent:
        """Return the extent widened, about its centre, to that ratio of width to height.

        Parameters
        ----------
        aspect : float
            Width over height [1].

        Returns
        -------
        Extent
            It holds all of this one.
        """
        width = max(self.width, aspect * self.height)
        height = width / aspect
        x, y = self.at(0.5, 0.5)
        return Extent(x=(x - width / 2, x + width / 2), y=(y - height / 2, y + height / 2))

    def emptiest_corner(
        self, points: FloatArray, width: float, height: float
    ) -> tuple[float, float]:
        """Return where a box of that size hides fewest points: its lower left corner [m].

        Lower left is taken where corners are equal.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            What should stay in sight [m].
        width, height : float
            Of the box [m].

        Returns
        -------
        tuple of float
            [m].
        """
        gap = 0.015 * self.width
        lefts = (self.x[0] + gap, self.x[1] - gap - width)
        lows = (self.y[0] + gap, self.y[1] - gap - height)
        corners = [(left, low) for low in lows for left in lefts]

        def hidden(corner: tuple[float, float]) -> int:
            off = points - np.array(corner)
            return int(((off > -gap) & (off < np.array([width, height]) + gap)).all(axis=1).sum())

        return min(corners, key=hidden)


def map_extent(surveys: Sequence[Survey], posterior: Posterior) -> Extent:
    """Return the range that holds search box, readings and advised places, with a margin."""
    xs = [np.asarray(posterior.prior.x), posterior.advice_places[:, 0]]
    ys = [np.asarray(posterior.prior.y), posterior.advice_places[:, 1]]
    for survey in surveys:
        obs = survey.observations
        xs += [obs.x, obs.x2]
        ys += [obs.y, obs.y2]
    x, y = np.concatenate(xs), np.concatenate(ys)
    return Extent(x=_with_margin(x), y=_with_margin(y))


def round_length(about: float) -> float:
    """Return the largest of 1, 2 or 5 times a power of ten that is no longer [m].

    Parameters
    ----------
    about : float
        The longest that fits, positive [m].

    Returns
    -------
    float
        [m].
    """
    power: float = 10.0 ** math.floor(math.log10(about))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= about)


Ticks = tuple[tuple[float, ...], tuple[str, ...]]


def degree_ticks(frame: Frame, extent: Extent) -> tuple[Ticks, Ticks]:
    """Return places [m] and texts of round longitudes and latitudes along lower and left edge.

    Parameters
    ----------
    frame : Frame
        A geographic one.
    extent : Extent
        What the map shows.
    """
    east, north = np.linspace(*extent.x, 3), np.linspace(*extent.y, 3)
    longitude, _ = to_longitude_latitude(east, np.full(3, extent.y[0]), frame)
    _, latitude = to_longitude_latitude(np.full(3, extent.x[0]), north, frame)
    assert frame.longitude is not None
    assert frame.latitude is not None
    origin = (frame.longitude, frame.latitude)
    at_longitude = _round_between(longitude[0], longitude[-1])
    at_latitude = _round_between(latitude[0], latitude[-1])
    x, _ = to_local(at_longitude, np.full(len(at_longitude), latitude[0]), origin=origin)
    _, y = to_local(np.full(len(at_latitude), longitude[0]), at_latitude, origin=origin)
    return (
        (tuple(map(float, x)), _degree_texts(at_longitude, "E", "W")),
        (tuple(map(float, y)), _degree_texts(at_latitude, "N", "S")),
    )


def _with_margin(values: FloatArray) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = MARGIN * max(high - low, 1.0)
    return low - margin, high + margin


def _round_between(low: float, high: float) -> list[float]:
    step = round_length((high - low) / 3)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [number * step for number in range(first, last + 1)]


def _degree_texts(values: Sequence[float], positive: str, negative: str) -> tuple[str, ...]:
    step = values[1] - values[0] if len(values) > 1 else 1e-4
    digits = max(0, -math.floor(math.log10(step * 1.0001)))
    return tuple(f"{abs(v):.{digits}f}° {positive if v >= 0 else negative}" for v in values)
