"""Instants of a reading from which the gas is followed back, and what holds for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion.puff import SIGMA_V, SIGMA_W
from barlovento.dispersion.turbulence import averaging_factor
from barlovento.dispersion.winds import Wind
from barlovento.locate.route import CHANGE, Route

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INSTANTS = 3
"""Parts of a window in which the wind changes [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """Instants of all readings that are followed back, in order of the readings.

    Parameters
    ----------
    reading : ndarray of int, shape (q,)
        Which reading it belongs to.
    begin, end : ndarray, shape (q,)
        Its part of the reading's window [s since 1970 UTC].
    sigma_v, sigma_w : ndarray, shape (q,)
        Least turbulence [m s-1].
    stable : ndarray of bool, shape (q,)
        Whether the air is.
    resolved : ndarray, shape (q,)
        Factor on the tabulated s_y, for what the instants show of the wind's unrest [1].
    count : ndarray of int, shape (q,)
        Instants of the same reading [1].
    shift : ndarray, shape (q,)
        Of its cells against those of the other instants [1].
    """

    reading: Ints
    begin: Floats
    end: Floats
    sigma_v: Floats
    sigma_w: Floats
    stable: NDArray[np.bool_]
    resolved: Floats
    count: Ints
    shift: Floats


def instants_of(
    route: Route, chosen: Ints, begin: Floats, end: Floats, wind: Wind, stability_class: Ints
) -> Instants:
    """Return the instants of the chosen readings: several where the wind changes in the window.

    Parameters
    ----------
    route : Route
        The way of the air.
    chosen : ndarray of int, shape (c,)
        Readings, ascending.
    begin, end : ndarray, shape (n,)
        Windows of all readings [s since 1970 UTC].
    wind : Wind
        Of all readings.
    stability_class : ndarray of int, shape (n,)
        0 for A to 5 for F.

    Returns
    -------
    Instants
        One or ``INSTANTS`` for each chosen reading.
    """
    a, b = begin[chosen], end[chosen]
    part = (b - a) / INSTANTS
    edge = a[:, None] + part[:, None] * np.arange(INSTANTS + 1)
    u = np.diff(np.interp(edge, route.time, route.x), axis=1) / part[:, None]
    v = np.diff(np.interp(edge, route.time, route.y), axis=1) / part[:, None]
    off = np.hypot(u - u.mean(axis=1)[:, None], v - v.mean(axis=1)[:, None]).max(axis=1)
    changes = off > 0.5 * CHANGE * np.hypot(u, v).mean(axis=1)
    count = np.where(changes & (part >= route.gap), INSTANTS, 1)
    # what the instants show of the unrest of the wind is taken out of the spread
    size = np.maximum(np.hypot(u, v), 1e-9)
    length = np.hypot((u / size).mean(axis=1), (v / size).mean(axis=1))
    between = -2.0 * np.log(np.clip(length, 1e-3, 1.0))
    theta = wind.sigma_theta[chosen]
    shown = np.clip(1.0 - between / np.maximum(theta, 1e-3) ** 2, 0.25, 1.0)
    resolved = np.where(np.isfinite(theta), np.sqrt(shown), INSTANTS**-0.2)
    row = np.repeat(np.arange(len(chosen)), count)
    of = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    width = (b - a)[row] / count[row]
    unseen = np.array([averaging_factor(float(t)) for t in np.maximum(width, route.gap)])
    klass = stability_class[chosen][row]
    return Instants(
        reading=chosen[row],
        begin=a[row] + of * width,
        end=a[row] + (of + 1) * width,
        sigma_v=SIGMA_V * unseen / averaging_factor(3600.0),
        sigma_w=np.array(SIGMA_W)[klass],
        stable=klass >= 4,
        resolved=np.where(count[row] > 1, resolved[row], 1.0),
        count=count[row],
        shift=np.where(count[row] > 1, (of - 0.5 * (INSTANTS - 1)) / INSTANTS, 0.0),
    )
