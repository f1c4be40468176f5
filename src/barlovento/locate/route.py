"""The way of the air past the mast, followed back from a reading, and where it matters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.locate.readings import Reduced

Floats = NDArray[np.float64]

LIGHT = 1.0
"""Wind speed below which meander moves the gas as much as the mean wind does [m s-1]."""

CHANGE = 0.5
"""Change of the mean wind over the path, as a share of the reading's own wind, that calls for
puffs: a wind that turns steadily has reached it when it differs from itself by its own size [1]."""

PAST = 30.0 * 86400.0
"""Time for which the first wind is taken to have blown before the record began [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way of the air past the mast since the record began, as sums at the record's times.

    Parameters
    ----------
    time : ndarray, shape (k,)
        [s since 1970 UTC].
    x, y, length : ndarray, shape (k,)
        Drift east and north, and length of the way [m].
    gap : float
        Usual spacing of the record [s].
    """

    time: Floats
    x: Floats
    y: Floats
    length: Floats
    gap: float


def route_of(met: Meteorology) -> Route:
    """Return the way of the air, each record holding for the interval that it ends.

    Parameters
    ----------
    met : Meteorology
        The wind record.

    Returns
    -------
    Route
        Before the first record and after the last one their winds go on.
    """
    t = met.time
    gap = float(np.median(np.diff(t))) if len(t) > 1 else PAST
    time = np.concatenate([[t[0] - PAST], t, [t[-1] + PAST]])
    row = np.concatenate([np.arange(len(t)), [len(t) - 1]])
    width = np.diff(time)
    towards = np.deg2rad(270.0 - met.wind_from_direction[row])
    speed = np.maximum(met.wind_speed[row], 0.0)

    def total(values: Floats) -> Floats:
        return np.concatenate([[0.0], np.cumsum(values * width)])

    return Route(
        time=time,
        x=total(speed * np.cos(towards)),
        y=total(speed * np.sin(towards)),
        length=total(speed),
        gap=gap,
    )


def stood(route: Route, begin: Floats, end: Floats, ago: Floats) -> tuple[Floats, Floats]:
    """Return where the air passing the mast stood on its way, averaged over a window.

    Parameters
    ----------
    route : Route
        The way of the air.
    begin, end : ndarray
        Of the window [s since 1970 UTC].
    ago : ndarray
        Time before each moment of the window, of a shape that fits [s].

    Returns
    -------
    x, y : ndarray
        East and north, on the sums of ``route`` [m].
    """
    x: Any = 0.0
    y: Any = 0.0
    for part in (0.125, 0.375, 0.625, 0.875):
        t = begin + part * (end - begin) - ago
        x = x + np.interp(t, route.time, route.x)
        y = y + np.interp(t, route.time, route.y)
    return 0.25 * x, 0.25 * y


def drift(route: Route, begin: Floats, end: Floats, tau: Floats) -> tuple[Floats, Floats]:
    """Return how far the air of a window had moved within a travel time at the mast's height.

    Parameters
    ----------
    route, begin, end
        As in :func:`stood`.
    tau : ndarray
        Travel time, of a shape that fits [s].

    Returns
    -------
    x, y : ndarray
        East and north [m].
    """
    now, then = stood(route, begin, end, np.zeros(1)), stood(route, begin, end, tau)
    return now[0] - then[0], now[1] - then[1]


def light_or_turning(
    route: Route, begin: Floats, end: Floats, speed: Floats, ratio: Floats, far: Floats
) -> NDArray[np.bool_]:
    """Say which windows a steady plume does not do justice to.

    The wind is light where its speed is below ``LIGHT``. It turns where, within the time that
    it takes to cross the distances searched, the mean wind over the path differs from that of
    the window by more than the share ``CHANGE`` of it.

    Parameters
    ----------
    route : Route
        The way of the air.
    begin, end : ndarray, shape (n,)
        Windows [s since 1970 UTC].
    speed, ratio : ndarray, shape (n,)
        Mean speed at the mast [m s-1], and that which carries a plume over it [1].
    far : ndarray, shape (n,)
        Distance of the farthest place searched [m].

    Returns
    -------
    ndarray of bool, shape (n,)
        True where puffs are called for.
    """
    size = (end - begin)[:, None]
    last = (far / np.maximum(speed * ratio, 0.1))[:, None]
    tau = last * np.linspace(0.0625, 1.0, 16)
    x, y = drift(route, begin[:, None], end[:, None], tau)
    # the mean over the window itself: the drift from its beginning to its end
    u = (np.interp(end, route.time, route.x) - np.interp(begin, route.time, route.x))[:, None]
    v = (np.interp(end, route.time, route.y) - np.interp(begin, route.time, route.y))[:, None]
    u, v = u / size, v / size
    change = np.hypot(x / tau - u, y / tau - v) > CHANGE * np.hypot(u, v)
    return np.asarray((speed < LIGHT) | change.any(axis=1))


def box_distances(
    reduced: Reduced, x: tuple[float, float], y: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Return the distances of the nearest and the farthest place of the search box.

    Parameters
    ----------
    reduced : Reduced
        Readings; a path counts with its half length on either side.
    x, y : tuple of float
        The search box [m].

    Returns
    -------
    near, far : ndarray, shape (n,)
        [m].
    """
    path = np.isfinite(reduced.x2)
    hx = np.where(path, 0.5 * (reduced.x2 - reduced.x), 0.0)
    hy = np.where(path, 0.5 * (reduced.y2 - reduced.y), 0.0)
    cx, cy, half = reduced.x + hx, reduced.y + hy, np.hypot(hx, hy)

    def span(c: Floats, low: float, high: float) -> tuple[Floats, Floats]:
        outside = np.maximum(np.maximum(low - c, c - high), 0.0)
        return outside, np.maximum(np.abs(c - low), np.abs(c - high))

    (ox, fx), (oy, fy) = span(cx, *x), span(cy, *y)
    return np.maximum(np.hypot(ox, oy) - half, 0.0), np.hypot(fx, fy) + half
