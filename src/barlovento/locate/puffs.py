"""Paths of the gas for readings in light or turning wind, as puffs for the compiled kernels.

The wind record is followed back from each reading; what drifted there is parted into puffs that
overlap. Which readings need it is decided here too. The equations stand in
docs/method/dispersion.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion.plume import X_REFERENCE
from barlovento.dispersion.puff import (
    ACROSS,
    ALONG,
    DISTANCE,
    LN_LENGTH,
    N_PUFF,
    SIGMA_Y,
    SIGMA_Z,
    TURN,
    WEIGHT,
)
from barlovento.dispersion.spread import SpreadTables
from barlovento.dispersion.winds import Wind
from barlovento.domain.observation import Meteorology
from barlovento.locate.instants import Instants, instants_of
from barlovento.locate.readings import Reduced
from barlovento.locate.route import (
    Route,
    box_distances,
    light_or_turning,
    route_of,
    stood,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 20
"""Puffs of a reading [1]."""

FEWEST = 4
"""Puffs of an instant [1]."""

REACH = 1.5
"""Path that is followed, as a multiple of the farthest corner of the search box [1]."""

FINE = 128
"""Steps in which travel time is scanned before it is parted into cells [1]."""

AGES = np.array([0.0, 0.1, 0.3, 0.6, 1.0])
"""Stretches of a puff's life, each with a speed of its own [1]."""

SPACING = 1.5
"""Of the puffs, in their own spreads; the sum is then within a few percent of the integral [1]."""

FINEST = 0.02
"""Least size that the spacing of puffs heeds, as a share of that distance [1]."""

HOLD = 7.0
"""Spreads beyond which a puff can't touch the box, whatever the errors of the spread [1]."""

DRAXLER_Y, DRAXLER_Z, DRAXLER_Z_STABLE = (
    (0.9, 1000.0, 0.5),
    (0.9, 500.0, 0.5),
    (0.945, 100.0, 0.806),
)
"""Growth over time is sigma t / (1 + a (t / b)^c): a [1], b [s], c [1]; Draxler (1976), Atmos.
Environ. 10, 99, as CALPUFF takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Puffs:
    """Puffs of all readings, for each candidate clock lag.

    Parameters
    ----------
    start : ndarray of int, shape (lags, n + 1)
        Reading i at lag l has the rows ``start[l, i]`` to ``start[l, i + 1]`` of the others;
        where there are none it is a plume's.
    node : ndarray, shape (m, N_PUFF)
        See :data:`barlovento.dispersion.puff.N_PUFF`.
    released_from, released_until : ndarray, shape (m,)
        When the gas of each puff left the source, by the clock of the wind [s since 1970 UTC].
    """

    start: Ints
    node: Floats
    released_from: Floats
    released_until: Floats


def growth(tau: Floats, law: tuple[float, float, float]) -> Floats:
    """Return the spread over time per unit of turbulence.

    Parameters
    ----------
    tau : ndarray
        Travel time [s].
    law : tuple of float
        Like ``DRAXLER_Y``: [1], [s], [1].

    Returns
    -------
    ndarray
        Like ``tau`` [s].
    """
    a, b, c = law
    return np.asarray(tau / (1.0 + a * (tau / b) ** c))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """What the instants are followed through; near and far of the box [m], shape (q,)."""

    route: Route
    instants: Instants
    tables: SpreadTables
    air: Ints
    near: Floats
    far: Floats


def puffs_of(
    met: Meteorology,
    reduced: Reduced,
    *,
    lag: float,
    wind: Wind,
    stability_class: Ints,
    tables: SpreadTables,
    air: Ints,
    x: tuple[float, float],
    y: tuple[float, float],
) -> Puffs:
    """Return the puffs of the readings of one survey whose wind is light or turns.

    Parameters
    ----------
    met : Meteorology
        The wind record.
    reduced : Reduced
        The readings.
    lag : float
        Of the gas clock [s].
    wind : Wind
        By :func:`~barlovento.dispersion.winds.wind_of_windows` for this lag.
    stability_class : ndarray of int, shape (n,)
        0 for A to 5 for F.
    tables : SpreadTables
        Spreads of the distinct states of the air.
    air : ndarray of int, shape (n,)
        Row of the tables for each reading.
    x, y : tuple of float
        The search box [m].

    Returns
    -------
    Puffs
        With one lag.
    """
    route = route_of(met)
    begin, end = reduced.start - lag, reduced.end - lag
    near, far = box_distances(reduced, x, y)
    chosen = np.flatnonzero(
        light_or_turning(route, begin, end, wind.speed, speed_ratio(tables, air, far), far)
    )
    n = len(begin)
    if len(chosen) == 0:
        none = np.zeros(0)
        return Puffs(
            start=np.zeros((1, n + 1), dtype=np.int64),
            node=np.zeros((0, N_PUFF)),
            released_from=none,
            released_until=none,
        )
    instants = instants_of(route, chosen, begin, end, wind, stability_class)
    of = instants.reading
    field = _Field(
        route=route, instants=instants, tables=tables, air=air[of], near=near[of], far=far[of]
    )
    return _follow(field, wind.angle, n)


def speed_ratio(tables: SpreadTables, air: Ints, distance: Floats) -> Floats:
    """Return the speed that carries a plume over that at the mast, shape (n,), at a distance."""
    return _look_up(tables.speed_ratio, air, np.sqrt(distance) / tables.step)


def _follow(f: _Field, angle: Floats, n: int) -> Puffs:
    """Part the drift of each instant into puffs."""
    owner, low, middle, high = _cells(f)
    begin, end = f.instants.begin[owner], f.instants.end[owner]
    ends = [_carried(f, owner, tau) for tau in (low, middle, high)]
    x, y, length = ends[1]
    dx, dy = ends[2][0] - ends[0][0], ends[2][1] - ends[0][1]
    sigma_y, sigma_z = _spreads(f, owner, length, middle)
    distance = np.maximum(np.hypot(x, y), 1e-3)
    cos, sin = x / distance, y / distance

    def piece(step: Floats) -> Floats:
        # as much as makes neighbours overlap, where their own spread does not
        return np.asarray(np.maximum(0.25 * step**2 - 0.5 * sigma_y**2, 0.0))

    reading = f.instants.reading[owner]
    node = np.empty((len(owner), N_PUFF))
    node[:, DISTANCE] = distance
    node[:, TURN] = np.arctan2(y, x) - angle[reading]
    node[:, LN_LENGTH] = np.log(np.maximum(np.maximum(length, sigma_y), 1.0) / X_REFERENCE)
    node[:, SIGMA_Y], node[:, SIGMA_Z] = sigma_y, sigma_z
    node[:, ALONG] = piece(dx * cos + dy * sin)
    node[:, ACROSS] = piece(dy * cos - dx * sin)
    node[:, WEIGHT] = (high - low) / f.instants.count[owner]
    wide = HOLD * np.sqrt(sigma_y**2 + 1.0 + np.maximum(node[:, ALONG], node[:, ACROSS]))
    keep = (distance + wide >= f.near[owner]) & (distance - wide <= f.far[owner])
    # a reading that nothing can reach is still one of puffs
    keep[np.searchsorted(reading, f.instants.reading)] = True
    start = np.searchsorted(reading[keep], np.arange(n + 1))
    return Puffs(
        start=start[None].astype(np.int64),
        node=node[keep],
        released_from=(begin - high)[keep],
        released_until=(end - low)[keep],
    )


def _scan(f: _Field) -> tuple[Floats, Floats]:
    """Return travel times [s] and how many puffs' widths have passed by then, shape (q, k)."""
    begin, end, sigma_v = f.instants.begin, f.instants.end, f.instants.sigma_v
    q = len(begin)
    # in a calm the meander alone has to reach the end: s_v t / (1 + a sqrt(t / b)) = reach
    reach = REACH * f.far
    slow = DRAXLER_Y[0] / math.sqrt(DRAXLER_Y[1]) * reach
    longest = ((slow + np.sqrt(slow**2 + 4.0 * sigma_v * reach)) / (2.0 * sigma_v)) ** 2
    tau = np.concatenate(
        [np.zeros((q, 1)), 0.1 * (10.0 * longest[:, None]) ** np.linspace(0.0, 1.0, FINE)], axis=1
    )
    every = np.arange(q)[:, None]
    now = np.interp(0.5 * (begin + end), f.route.time, f.route.length)[:, None]
    ago = np.interp(0.5 * (begin + end)[:, None] - tau, f.route.time, f.route.length)
    length = _length(f, every, now - ago)
    sigma, _ = _spreads(f, every, length, tau)
    meander = sigma_v[:, None] * growth(tau, DRAXLER_Y)
    size = np.hypot(sigma, FINEST * f.far[:, None])
    step = np.diff(length + 2.0 * meander, axis=1) / (0.5 * (size[:, 1:] + size[:, :-1]))
    # nothing before the nearest place searched, nothing beyond the farthest
    step = np.where((length + HOLD * size)[:, 1:] < f.near[:, None], 0.0, step)
    step = np.where((length + meander)[:, :-1] > reach[:, None], 0.0, step)
    return tau, np.concatenate([np.zeros((q, 1)), np.cumsum(step, axis=1)], axis=1)


def _cells(f: _Field) -> tuple[Ints, Floats, Floats, Floats]:
    """Return the cells of travel time: owner among the instants, ends, middle [s], shape (m,).

    Cells are ``SPACING`` spreads long, or longer where that would take more than ``MOST``.
    """
    tau, total = _scan(f)
    q = len(tau)
    every = np.arange(q)[:, None]
    count = np.clip(np.ceil(total[:, -1] / SPACING), FEWEST, MOST // f.instants.count).astype(
        np.int64
    )
    owner = np.repeat(np.arange(q), count)
    k = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)

    # one interpolation for all instants: each stands on a stretch of its own, strictly increasing
    place = total / np.maximum(total[:, -1:], 1e-12) + np.linspace(0.0, 1e-6, total.shape[1])
    first = place[np.arange(q), np.count_nonzero(total == 0.0, axis=1) - 1][owner]
    last = place[np.arange(q), np.count_nonzero(total < total[:, -1:], axis=1)][owner]
    flat = (2.0 * every + place).ravel()

    def time_at(share: Floats) -> Floats:
        found = np.interp(2.0 * owner + first + share * (last - first), flat, tau.ravel())
        return np.asarray(found)

    shift = f.instants.shift[owner]
    low = np.where(k == 0, 0.0, (k + shift) / count[owner])
    high = np.where(k + 1 == count[owner], 1.0, (k + 1 + shift) / count[owner])
    return owner, time_at(low), time_at(0.5 * (low + high)), time_at(high)


def _carried(f: _Field, owner: Ints, tau: Floats) -> tuple[Floats, Floats, Floats]:
    """Return drift east and north and path length [m] at the height of the plume, shape (m,).

    A young puff lies lower and is slower than an old one, so that each stretch of its life
    counts with the speed that it had then.
    """
    begin, end = f.instants.begin[owner], f.instants.end[owner]
    ago = tau[:, None] * (1.0 - AGES)
    x, y = stood(f.route, begin[:, None], end[:, None], ago)
    mast = _mast_way(f.route, begin, end, tau, ago)
    length = _length(f, owner[:, None], mast)
    step = np.diff(mast, axis=1)
    ratio = np.where(step > 1e-6, np.diff(length, axis=1) / np.maximum(step, 1e-6), 1.0)
    return (
        np.sum(np.diff(x, axis=1) * ratio, axis=1),
        np.sum(np.diff(y, axis=1) * ratio, axis=1),
        length[:, -1],
    )


def _mast_way(route: Route, begin: Floats, end: Floats, tau: Floats, ago: Floats) -> Floats:
    """Return the way at the mast from the release until some time ago [m], like ``ago``."""
    t = 0.5 * (begin + end)[:, None]
    born = np.interp(t - tau[:, None], route.time, route.length)
    return np.asarray(np.interp(t - ago, route.time, route.length) - born)


def _length(f: _Field, owner: Ints, mast: Floats) -> Floats:
    """Return the path's length at the height of the plume from that at the mast [m].

    The plume moves at r(l) times the speed at the mast once it has gone l, so that the way at
    the mast is the integral of dl / r(l).
    """
    distance = (np.arange(f.tables.speed_ratio.shape[1]) * f.tables.step) ** 2
    out = np.empty(mast.shape)
    state = f.air[owner.ravel()]
    for g in np.unique(f.air):
        slowness = 1.0 / f.tables.speed_ratio[g]
        passed = np.concatenate(
            [[0.0], np.cumsum(0.5 * (slowness[1:] + slowness[:-1]) * np.diff(distance))]
        )
        at = state == g
        beyond = np.maximum(mast[at] - passed[-1], 0.0) / slowness[-1]
        out[at] = np.interp(mast[at], passed, distance) + beyond
    return out


def _spreads(f: _Field, owner: Ints, length: Floats, tau: Floats) -> tuple[Floats, Floats]:
    """Return s_y and s_z [m]: those of the tables, never below what meander makes over time."""
    air = np.broadcast_to(f.air[owner], length.shape)
    place = np.sqrt(length) / f.tables.step
    sigma_y = f.instants.resolved[owner] * _look_up(f.tables.sigma_y, air, place)
    sigma_z = _look_up(f.tables.sigma_z, air, place)
    stable = f.instants.stable[owner]
    time_z = np.where(stable, growth(tau, DRAXLER_Z_STABLE), growth(tau, DRAXLER_Z))
    return (
        np.maximum(sigma_y, f.instants.sigma_v[owner] * growth(tau, DRAXLER_Y)),
        np.maximum(sigma_z, f.instants.sigma_w[owner] * time_z),
    )


def _look_up(table: Floats, row: Ints, place: Floats) -> Floats:
    """Return tabulated values between the nodes, and beyond them as the kernels do."""
    k = np.minimum(place.astype(np.int64), table.shape[1] - 2)
    low = table[row, k]
    return np.asarray(low + (place - k) * (table[row, k + 1] - low))
