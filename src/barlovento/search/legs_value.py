"""What a leg is expected to tell: information about sources, in nat, by distances between worlds.

A few hundred worlds are drawn from the belief. What the readings of a leg would be in each, with
noise and scatter, is a Gaussian after a change of variable, so that the information follows from
the distances between worlds in closed form (Kolchinsky and Tracey 2017, Entropy 19, 361, equation
10). Distances of legs add up, which makes looking several legs ahead cheap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion import winds
from barlovento.domain.observation import Meteorology
from barlovento.errors import BadInput
from barlovento.search import belief_kernels as kernels
from barlovento.search import belief_likelihood as columns
from barlovento.search import belief_record, belief_rows
from barlovento.search.belief import Belief
from barlovento.search.belief_cloud import picked

Floats = NDArray[np.float64]

WITH, WITHOUT = 112, 48
"""Worlds with one more source than were found, and without [1]."""

EVEN, FURTHER = 0.5, 0.2
"""Least odds, for planning, of a first source and of a further one: a search that took the prior
at its word would not look [1]."""

NEAR_FOUND, NEAR_SPARE = 8.0, 25.0
"""Distances within which two places are the same to this search [m]."""

SPACING = 10.0
"""Way between readings that are foreseen [m]."""

RECENT = 300.0
"""The wind that is foreseen is the mean over so long [s]."""

MET, MOST_MET, MET_APART = 8.0, 3, 60.0
"""Gas was met where a reading stands so many noises above the background [1]; at most so many
places are told, so far from each other [m]."""

SCATTER = 0.6
"""Of readings within a plume [1]."""

NOISE_PPB = 0.3
"""Noise of a sensor of which nothing is known yet [ppb]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The wind that is foreseen, and what a sensor's readings are worth.

    Parameters
    ----------
    towards : float
        Where the wind goes to, anticlockwise from east [rad].
    speed : float
        At the anemometer [m s-1].
    even, scale : float
        Share of the even plume [1], and scale of a turn [rad].
    air : int
        Row of the tables.
    noise : float
        Of one reading [ug m-3].
    belief : Belief
        With tables that hold that row.
    """

    towards: float
    speed: float
    even: float
    scale: float
    air: int
    noise: float
    belief: Belief

    @property
    def downwind(self) -> Floats:
        """Unit vector, shape (2,)."""
        return np.array([math.cos(self.towards), math.sin(self.towards)])


def outlook(belief: Belief, meteorology: Meteorology | None = None) -> Outlook:
    """Return what is foreseen from the wind of the last minutes.

    Parameters
    ----------
    belief : Belief
        What is believed.
    meteorology : Meteorology, optional
        Needed before the first readings only.

    Raises
    ------
    BadInput
        If no wind is known.
    """
    from dataclasses import replace

    met = meteorology or belief.meteorology
    if met is None or len(met) == 0:
        raise BadInput(
            "No wind is known, so no leg can be chosen. Give a wind record before the first leg."
        )
    end = np.array([met.time[-1]])
    wind = winds.wind_of_windows(met, end - RECENT, end)
    state = winds.air_state(met, wind, np.array([2.0]), winds.direction_unrest(met))
    state[:, 1] = np.nanmean(
        np.append(np.deg2rad(met.wind_from_direction_sd[-5:]), wind.sigma_theta)
    )
    air, row = belief_rows.air_rows(belief.air, state, belief.setting.area)
    return Outlook(
        towards=float(wind.angle[0]),
        speed=float(wind.speed[0]),
        even=float(winds.even_share(state)[0]),
        scale=float(belief_rows.turn_scale(np.array([1.0]), wind.speed)[0]),
        air=int(row[0]),
        noise=_noise(belief),
        belief=replace(belief, air=air, meteorology=met),
    )


def _noise(belief: Belief) -> float:
    """Return the noise of a reading [ug m-3]."""
    rows = belief.waiting.rows if len(belief.waiting.rows) else belief.closed.rows
    if len(rows):
        return float(np.sqrt(np.median(rows[:, columns.VARIANCE])))
    if belief.setting.detection_limit is not None:
        return belief.setting.detection_limit * belief_record.MICRO / 3.0
    # at 20 degrees Celsius and one atmosphere
    return NOISE_PPB * belief.setting.species.molar_mass * 1e3 / 24.06


def met(belief: Belief) -> list[tuple[Floats, Floats]]:
    """Return where gas was met that no found source explains, with the way that was flown there.

    Parameters
    ----------
    belief : Belief
        With its rows.

    Returns
    -------
    list of (ndarray, ndarray)
        Place [m] and unit vector of the way, both of shape (2,), the strongest first.
    """
    rows, known = [], []
    for part, slots in ((belief.closed, belief.found), (belief.waiting, ())):
        rows.append(part.rows)
        known.append(sum((s.known.mean(axis=1) for s in slots), np.zeros(len(part.rows))))
    joined = np.concatenate(rows)
    if len(joined) < 2:
        return []
    place = joined[:, [columns.POINT_X, columns.POINT_Y]]
    strength = (joined[:, columns.EXCESS] - np.concatenate(known)) / np.sqrt(
        joined[:, columns.VARIANCE]
    )
    strength = np.where(joined[:, columns.HIDDEN] > 0.5, 0.0, strength)
    out: list[tuple[Floats, Floats]] = []
    for k in np.argsort(-strength):
        if strength[k] < MET or len(out) == MOST_MET:
            break
        if any(math.dist(place[k], there) < MET_APART for there, _ in out):
            continue
        step = place[min(k + 1, len(place) - 1)] - place[max(k - 1, 0)]
        far = float(np.hypot(*step))
        if far > 0.0:
            out.append((place[k], step / far))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Worlds:
    """Worlds drawn from the belief, each with the sources that it has.

    Parameters
    ----------
    weight : ndarray, shape (w,)
        Sums to one [1].
    clouds : tuple of ndarray, shape (d, UNKNOWNS)
        Draws of each source.
    which : ndarray of int, shape (w, sources)
        Draw of each source in each world, -1 where it has none.
    log_same : ndarray, shape (w, w)
        ln of how far two worlds are one to this search, 0 where they are [1].
    """

    weight: Floats
    clouds: tuple[Floats, ...]
    which: NDArray[np.int64]
    log_same: Floats


def worlds_of(belief: Belief, rng: np.random.Generator) -> Worlds:
    """Return worlds drawn from a belief.

    Parameters
    ----------
    belief : Belief
        What is believed.
    rng : Generator
        Randomness.
    """
    spare = belief.spare
    n_with, n_without = (WITH, WITHOUT) if belief.found else (WITH + WITHOUT - 1, 1)
    if spare is None:
        n_with, n_without = 0, WITH + WITHOUT
    count = n_with + n_without
    clouds, which, square = [], [], np.zeros((count, count))
    for slot in belief.found:
        rows = picked(slot.cloud.weight, 64, rng)
        clouds.append(slot.cloud.draws[rows])
        use = rng.permutation(np.arange(count) % 64)
        which.append(use)
        square += _squares(clouds[-1][use, :2]) / NEAR_FOUND**2
    share = 0.0
    if spare is not None:
        share = max(spare.probability, FURTHER if belief.found else EVEN)
        rows = picked(spare.cloud.weight, n_with, rng)
        clouds.append(spare.cloud.draws[rows])
        use = np.concatenate([np.arange(n_with), np.full(n_without, -1)])
        which.append(use)
        there = use >= 0
        apart = np.where(there[:, None] == there[None], 0.0, 1e6)
        apart[:n_with, :n_with] = _squares(clouds[-1][:, :2]) / NEAR_SPARE**2
        square += apart
    weight = np.empty(count)
    weight[:n_with] = share / max(n_with, 1)
    weight[n_with:] = (1.0 - share) / n_without
    return Worlds(
        weight=weight / weight.sum(),
        clouds=tuple(clouds),
        which=np.array(which).T,
        log_same=-0.5 * square,
    )


def _squares(places: Floats) -> Floats:
    """Return squared distances between all places, shape (w, w)."""
    square = (places**2).sum(axis=1)
    return np.asarray(np.maximum(square[:, None] + square[None] - 2.0 * places @ places.T, 0.0))


def foreseen(worlds: Worlds, view: Outlook, places: Floats, speed: float) -> Floats:
    """Return what would be read at places in each world, with scatter of one.

    Parameters
    ----------
    worlds : Worlds
        By :func:`worlds_of`.
    view : Outlook
        By :func:`outlook`.
    places : ndarray, shape (n, 3)
        East, north, height [m].
    speed : float
        Of the aircraft over ground [m s-1].

    Returns
    -------
    ndarray, shape (w, n)
        Linear for a faint plume in units of the noise, logarithmic for a strong one [1].
    """
    rows = np.zeros((len(places), columns.COLUMNS))
    rows[:, columns.POINT_X], rows[:, columns.POINT_Y] = places[:, 0], places[:, 1]
    rows[:, columns.POINT_Z] = places[:, 2]
    rows[:, columns.TOWARDS], rows[:, columns.SPEED] = view.towards, view.speed
    rows[:, columns.EVEN], rows[:, columns.SCALE] = view.even, view.scale
    rows[:, columns.AIR], rows[:, columns.PIECES] = view.air, 1.0
    total = np.zeros((len(worlds.weight), len(places)))
    for k, cloud in enumerate(worlds.clouds):
        each = np.zeros((len(cloud) + 1, len(places)))
        kernels.foreseen(np.ascontiguousarray(cloud), rows, *view.belief.tables, each)
        # the last row is a world without this source
        total += each[worlds.which[:, k]]
    # in a reading's units: the noise falls with how many readings a stretch holds
    seconds = SPACING / max(speed, 0.1)
    noise = view.noise / math.sqrt(max(seconds, 1.0))
    eddies = max(2.0 * belief_rows.EDDY / seconds, 1.0)
    scatter = SCATTER * math.sqrt(eddies)
    return np.asarray(np.arcsinh(scatter * total / noise) / scatter)


def distances(reading: Floats) -> Floats:
    """Return how well readings of a leg tell each pair of worlds apart, shape (w, w).

    Bhattacharyya distances of Gaussians whose common level is known to ``LEVEL_ERROR`` only.

    Parameters
    ----------
    reading : ndarray, shape (w, n)
        By :func:`foreseen`.
    """
    n = reading.shape[1]
    keep = 1.0 / math.sqrt(1.0 + n * belief_record.LEVEL_ERROR**2)
    level = reading.mean(axis=1, keepdims=True)
    return np.asarray(_squares(reading - (1.0 - keep) * level) / 8.0)


def information(worlds: Worlds, apart: Floats) -> float:
    """Return the expected information about number and places of sources [nat].

    Entropy of the readings over all worlds, less that over worlds that are one to this search: what
    is learned of rates and winds alone doesn't count.

    Parameters
    ----------
    worlds : Worlds
        By :func:`worlds_of`.
    apart : ndarray, shape (w, w)
        Sum of :func:`distances` over legs.
    """
    e = np.exp(-apart)
    same = np.exp(np.maximum(worlds.log_same, -300.0)) * worlds.weight
    whole = e @ worlds.weight
    within = (same * e).sum(axis=1) / same.sum(axis=1)
    return max(float(worlds.weight @ np.log(within / whole)), 0.0)
