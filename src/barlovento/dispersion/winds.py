"""From a wind record to the wind and the state of the air in a reading's window."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import turbulence
from barlovento.domain.observation import Meteorology

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CLASS_SPREAD = np.deg2rad([25.0, 20.0, 15.0, 10.0, 5.0, 2.5])
"""Ten-minute direction spread of the Pasquill classes (US EPA 2000, table 6-8a) [rad]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wind:
    """The wind of each reading's window.

    Parameters
    ----------
    angle : ndarray, shape (n,)
        Where the wind goes to, anticlockwise from east [rad].
    speed : ndarray, shape (n,)
        [m s-1].
    sigma_theta : ndarray, shape (n,)
        Spread of direction within the window, NaN where not known [rad].
    record : ndarray of int, shape (n,)
        Row of the meteorology nearest to the window.
    """

    angle: Floats
    speed: Floats
    sigma_theta: Floats
    record: Ints


def wind_of_windows(met: Meteorology, start: Floats, end: Floats) -> Wind:
    """Average the wind over windows, each record holding for the interval that it ends.

    Parameters
    ----------
    met : Meteorology
        The wind record.
    start, end : ndarray, shape (n,)
        [s since 1970 UTC].

    Returns
    -------
    Wind
        Speed-weighted mean direction, mean speed and spread.
    """
    t = met.time
    gap = float(np.median(np.diff(t))) if len(t) > 1 else max(float((end - start).max()), 1.0)
    edges = np.concatenate([[t[0] - gap], t])
    width = np.diff(edges)
    to = np.deg2rad(270.0 - met.wind_from_direction)
    u = np.maximum(met.wind_speed, 0.0)
    sd = np.deg2rad(met.wind_from_direction_sd)
    lo = np.clip(start, edges[0], edges[-1] - 1e-6)
    hi = np.clip(end, lo + 1e-6, edges[-1])

    def mean(values: Floats) -> Floats:
        total = np.concatenate([[0.0], np.cumsum(values * width)])
        return np.asarray((np.interp(hi, edges, total) - np.interp(lo, edges, total)) / (hi - lo))

    weight = np.maximum(u, 0.1)
    angle = np.arctan2(mean(weight * np.sin(to)), mean(weight * np.cos(to)))
    length = np.hypot(mean(np.cos(to)), mean(np.sin(to)))
    between = -2.0 * np.log(np.clip(length, 1e-3, 1.0))
    inside = mean(np.nan_to_num(sd, nan=0.0) ** 2)
    has_sd = np.isfinite(sd)
    record = np.clip(np.searchsorted(t, end - 1e-6), 0, len(t) - 1)
    many = (end - start) / gap >= 4.0
    spread = np.where(
        has_sd[record],
        np.sqrt(inside + np.where(many, between, 0.0)),
        np.where(many, np.sqrt(between), np.nan),
    )
    return Wind(angle=angle, speed=np.maximum(mean(u), 0.2), sigma_theta=spread, record=record)


def direction_unrest(met: Meteorology, half_width: float = 450.0) -> Floats:
    """Return the spread of wind direction over about fifteen minutes round each record.

    Parameters
    ----------
    met : Meteorology
        The wind record.
    half_width : float
        [s].

    Returns
    -------
    ndarray, shape (m,)
        NaN where fewer than five records and no measured spread are at hand [degree].
    """
    to = np.deg2rad(met.wind_from_direction)
    low = np.searchsorted(met.time, met.time - half_width)
    high = np.searchsorted(met.time, met.time + half_width, side="right")
    c = np.concatenate([[0.0], np.cumsum(np.cos(to))])
    s = np.concatenate([[0.0], np.cumsum(np.sin(to))])
    n = high - low
    length = np.hypot(c[high] - c[low], s[high] - s[low]) / n
    between = -2.0 * np.log(np.clip(length, 1e-3, 1.0 - 1e-9))
    sd = np.deg2rad(met.wind_from_direction_sd)
    inside = np.where(np.isfinite(sd), sd**2, 0.0)
    known = (n >= 5) | np.isfinite(sd)
    spread = np.sqrt(np.where(n >= 5, between, 0.0) + inside)
    return np.where(known, np.rad2deg(spread), np.nan)


def air_state(met: Meteorology, wind: Wind, window: Floats, unrest: Floats) -> Floats:
    """Return the state of the air in each window.

    Parameters
    ----------
    met : Meteorology
        The wind record.
    wind : Wind
        Of the windows, by :func:`wind_of_windows`.
    window : ndarray, shape (n,)
        Their lengths [s].
    unrest : ndarray, shape (m,)
        Of the records, by :func:`direction_unrest` [degree].

    Returns
    -------
    ndarray, shape (n, 9)
        Speed, sigma_theta, u*, 1/L, z_i, z0, class, averaging time and height of the mast.
    """
    rec = wind.record
    klass = np.array(
        [
            turbulence.stability_class(float(a), float(u)) if math.isfinite(a) else 3
            for a, u in zip(unrest, met.wind_speed, strict=True)
        ]
    )[rec]
    return np.column_stack(
        [
            wind.speed,
            wind.sigma_theta,
            met.friction_velocity[rec] * wind.speed / np.maximum(met.wind_speed[rec], 0.2),
            1.0 / met.obukhov_length[rec],
            met.mixing_height[rec],
            met.roughness_length[rec],
            klass,
            window,
            np.full(len(rec), met.measurement_height),
        ]
    )


def even_share(state: Floats) -> Floats:
    """Return the share of the plume that meander spreads all round.

    Below a share of .15 a light wind's meander is part of sigma_y already.

    Parameters
    ----------
    state : ndarray, shape (n, 9)
        By :func:`air_state`.

    Returns
    -------
    ndarray, shape (n,)
        Zero where it is not worth looking from every side [1].
    """
    speed, theta = state[:, 0], state[:, 1]
    factor = np.clip(state[:, 7] / 600.0, 0.005, 6.0) ** 0.2
    implied = CLASS_SPREAD[state[:, 6].astype(int)] * factor
    theta = np.where(np.isfinite(theta), theta, implied)
    theta = np.maximum(theta, 0.2 / speed)
    share = 2.0 * theta**2 / (1.0 + 2.0 * theta**2)
    share = np.maximum(share - 0.15, 0.0) / 0.85
    # Not worth looking at every reading from every side.
    return np.where(share < 0.02, 0.0, share)


def air_key(state: Floats) -> Floats:
    """Return rounded states of the air: windows with equal rows share one table of spreads.

    Parameters
    ----------
    state : ndarray, shape (n, 9)
        By :func:`air_state`.

    Returns
    -------
    ndarray, shape (n, 9)
        Whole numbers.
    """
    key = np.empty_like(state)
    for col, fine in ((0, 0.15), (1, 0.2), (2, 0.15), (4, 0.3), (5, 0.2), (7, 0.4), (8, 0.01)):
        key[:, col] = np.round(np.log(np.maximum(state[:, col], 1e-6)) / fine)
    key[:, 3] = np.round(np.arcsinh(state[:, 3] * 50.0) / 0.1)
    key[:, 6] = state[:, 6]
    return np.nan_to_num(key, nan=-1e9)
