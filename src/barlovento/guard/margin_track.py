"""Margins along a track: computed where they may matter, bounded where they can't."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from barlovento.guard.limits import FARTHEST, Surroundings, margin_at, margins
from barlovento.guard.nearest import FloatArray, cartesian, geodetic

CURVED = 1.001
"""A geodesic of a few hundred kilometres is longer than its chord by less than this [1]."""
RAYS = 72
NEAR = 1.0
"""A limit is found when it is this near [m]."""


@nb.njit(cache=True, nogil=True)
def along(
    around: Surroundings, places: FloatArray, slack: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return for each fix the margin, or a bound that leaves no doubt about its verdict.

    Once the limit is known to be far away, the fixes that follow can't have crossed it before
    they have moved that far.

    Parameters
    ----------
    around : Surroundings
        Of the state.
    places : ndarray, shape (n, 3)
        Fixes in order of time, earth-centred [m].
    slack : ndarray, shape (n,)
        A margin beyond this needs no closer look [m].

    Returns
    -------
    margin : ndarray, shape (n,)
        At least so far inside; negative: at least so far outside [m].
    exact : ndarray of bool, shape (n,)
        It was computed, not bounded by movement.
    """
    n = len(places)
    margin, exact = np.empty(n), np.zeros(n, dtype=np.bool_)
    bounds = np.full(3, FARTHEST)
    anchor = 0
    for i in range(n):
        if i:
            squared = 0.0
            for axis in range(3):
                squared += (places[i, axis] - places[anchor, axis]) ** 2
            moved = CURVED * np.sqrt(squared)
            left = abs(margin[anchor]) - moved
            if left > slack[i]:
                margin[i] = left if margin[anchor] > 0.0 else -left
                continue
            bounds = np.minimum(bounds + moved + 2.0, FARTHEST)
        margin[i] = margin_at(around, places[i], bounds)[0]
        exact[i] = True
        anchor = i
    return margin, exact


def largest(
    around: Surroundings, places: FloatArray, margin: FloatArray, exact: NDArray[np.bool_]
) -> tuple[int, float]:
    """Return the fix with the largest margin, looking closer at those that might have it.

    Parameters
    ----------
    around : Surroundings
        Of the state.
    places : ndarray, shape (n, 3)
        Fixes, earth-centred [m].
    margin, exact : ndarray, shape (n,)
        From :func:`along` [m].

    Returns
    -------
    index : int
        Of the fix.
    margin : float
        There: the depth when positive, the closest approach when negative [m].
    """
    upper, known = margin.copy(), exact.copy()
    while True:
        best = int(np.argmax(upper))
        if known[best]:
            return best, float(upper[best])
        found = float(margins(around, places[best : best + 1]).margin[0])
        if found < 0.0:
            # The limit is at least so far from here, so it is not much nearer to the neighbours.
            away = CURVED * np.linalg.norm(places - places[best], axis=1)
            np.minimum(upper, found + away, out=upper, where=~known)
        upper[best], known[best] = found, True


def nearest_limit(around: Surroundings, lon: float, lat: float) -> tuple[float, float, float]:
    """Return how far the limit is in truth, and where, by walking out along rays.

    A step never goes farther than the margin, so that no limit is stepped over.

    Parameters
    ----------
    around : Surroundings
        Of the state.
    lon, lat : float
        The place, WGS 84 [degree].

    Returns
    -------
    distance : float
        To the limit; the smallest over the rays, which is too long by less than 0.1 % for a limit
        without corners [m].
    lon, lat : float
        Where it is met [degree].
    """
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    start = margins(around, cartesian(np.array([lon]), np.array([lat]))).margin[0]
    bearing = np.arange(RAYS) * 360.0 / RAYS
    width = 360.0 / RAYS
    gone, lons, lats = _walk(around, geod, lon, lat, bearing, start)
    for _ in range(3):
        # A closer look between the neighbours of the ray that arrived first.
        best = bearing[int(np.argmin(gone))]
        width /= 8.0
        bearing = best + np.linspace(-8.0 * width, 8.0 * width, 33)
        gone, lons, lats = _walk(around, geod, lon, lat, bearing, start)
    first = int(np.argmin(gone))
    return float(gone[first]), float(lons[first]), float(lats[first])


def _walk(
    around: Surroundings, geod: object, lon: float, lat: float, bearing: FloatArray, start: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Walk along rays until the limit is near or one ray has found it sooner."""
    n = len(bearing)
    gone = np.full(n, abs(start))
    lons, lats = np.full(n, lon), np.full(n, lat)
    open_rays = np.ones(n, dtype=bool)
    found = np.inf
    for _ in range(200):
        rows = np.flatnonzero(open_rays & (gone < found))
        if not len(rows):
            break
        to_lon, to_lat, _back = geod.fwd(  # type: ignore[attr-defined]
            np.full(len(rows), lon), np.full(len(rows), lat), bearing[rows], gone[rows]
        )
        lons[rows], lats[rows] = to_lon, to_lat
        margin = margins(around, cartesian(np.asarray(to_lon), np.asarray(to_lat))).margin
        there = (np.sign(margin) != np.sign(start)) | (np.abs(margin) < NEAR)
        open_rays[rows[there]] = False
        if there.any():
            found = min(found, float(gone[rows[there]].min()))
        gone[rows[~there]] += np.abs(margin[~there])
    gone[open_rays] = np.inf
    return gone, lons, lats


def between(
    places: FloatArray, first: int, last: int, reach: float
) -> tuple[FloatArray, FloatArray]:
    """Return discs that cover every place an aircraft can have been at between two fixes.

    With the way it can have flown, 2a, the places form an ellipse round both fixes; discs along
    its long axis cover it.

    Parameters
    ----------
    places : ndarray, shape (n, 3)
        Fixes, earth-centred [m].
    first, last : int
        The two fixes.
    reach : float
        a, half of the way that it can have flown [m].

    Returns
    -------
    middles : ndarray, shape (m, 3)
        Of the discs, near the surface [m].
    radius : ndarray, shape (m,)
        Of each [m].
    """
    p, q = places[first], places[last]
    apart = float(np.linalg.norm(q - p))
    wide = np.sqrt(max(reach**2 - (apart / 2.0) ** 2, 0.0))
    count = int(np.clip(np.ceil(2.0 * reach / max(wide, 500.0)), 2, 64))
    step = 2.0 * reach / count
    shares = (np.arange(count) + 0.5) * step - reach
    direction = (q - p) / apart if apart > 0.0 else np.zeros(3)
    middles = (p + q) / 2.0 + shares[:, None] * direction
    lon, lat = geodetic(middles)
    # The chord runs below the surface, and the ellipse bends with it: a little is added.
    radius = 1.02 * np.hypot(wide, step / 2.0) + 50.0
    return cartesian(lon, lat), np.full(count, radius)
