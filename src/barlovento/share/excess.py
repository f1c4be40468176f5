"""Readings as excess over the background that was inferred for their sensor, for drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Survey
from barlovento.domain.source import Posterior, SensorFit

FloatArray = NDArray[np.float64]

GRID = 45
"""Cells along each side when a big survey is thinned for drawing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Readings ready to be drawn, weakest first so that peaks come on top.

    Parameters
    ----------
    x, y, x2, y2 : ndarray, shape (n,)
        Place, and other end of a path or NaN [m].
    excess : ndarray, shape (n,)
        Over the sensor's background, in ``units``.
    censored, trusted : ndarray of bool, shape (n,)
        Non-detects; readings of sensors that the inference believed.
    units : str
        Of ``excess``.
    total : int
        Readings before thinning.
    """

    x: FloatArray
    y: FloatArray
    x2: FloatArray
    y2: FloatArray
    excess: FloatArray
    censored: NDArray[np.bool_]
    trusted: NDArray[np.bool_]
    units: str
    total: int


def drawn_readings(surveys: Sequence[Survey], posterior: Posterior) -> Drawn:
    """Return the readings of all surveys as excess, thinned to what an eye can part."""
    factor, units = display_units(surveys)
    observed = [survey.observations for survey in surveys]
    fits = [fits_by_sensor(surveys, index, posterior.fits) for index in range(len(surveys))]
    excess = [survey_excess(*pair) for pair in zip(surveys, fits, strict=True)]
    trusted = [
        np.array([fit is None or fit.trusted for fit in mine])[obs.sensor]
        for obs, mine in zip(observed, fits, strict=True)
    ]

    def joined(name: str) -> FloatArray:
        return np.concatenate([getattr(obs, name) for obs in observed])

    value = np.concatenate(excess) * factor
    keep = _thin(joined("x"), joined("y"), value)
    keep = keep[np.argsort(value[keep], kind="stable")]
    return Drawn(
        x=joined("x")[keep],
        y=joined("y")[keep],
        x2=joined("x2")[keep],
        y2=joined("y2")[keep],
        excess=value[keep],
        censored=np.concatenate([obs.censored for obs in observed])[keep],
        trusted=np.concatenate(trusted)[keep],
        units=units,
        total=value.size,
    )


def display_units(surveys: Sequence[Survey]) -> tuple[float, str]:
    """Return factor from kg m-3 and name of the units in which concentrations are shown."""
    first = surveys[0]
    if all(survey.units == first.units for survey in surveys):
        return first.to_file_units, first.units
    return 1e9, "µg m-3"


def fits_by_sensor(
    surveys: Sequence[Survey], index: int, fits: Sequence[SensorFit]
) -> list[SensorFit | None]:
    """Return the fit of each sensor of one survey, None where it has none.

    The inference names sensors ``2:drone`` where it was given several surveys, and pools those
    with few readings.
    """
    prefix = f"{index + 1}:" if len(surveys) > 1 else ""
    named = {fit.name: fit for fit in fits if fit.time.size}
    return [
        named.get(prefix + name) or named.get(prefix + "pooled") or named.get(name)
        for name in surveys[index].observations.sensor_names
    ]


def survey_excess(survey: Survey, fits: Sequence[SensorFit | None]) -> FloatArray:
    """Return concentration minus background of each reading, shape (n,) [kg m-3]."""
    obs = survey.observations
    if survey.background is not None:
        return obs.concentration - survey.background
    excess = obs.concentration.copy()
    for sensor, fit in enumerate(fits):
        mine = np.flatnonzero(obs.sensor == sensor)
        if not mine.size:
            continue
        if fit is None:
            # Without a fit the lowest readings are the best picture of the background.
            excess[mine] -= np.quantile(obs.concentration[mine], 0.1)
            continue
        order = np.argsort(fit.time, kind="stable")
        excess[mine] -= np.interp(obs.time[mine], fit.time[order], fit.background[order])
    return excess


def peak_for_colours(drawn: Drawn) -> float:
    """Return the excess that gets the darkest colour: what is seen should differ [``units``].

    Readings that never move lie over one another and only their peak is seen, so the scale has
    to part the peaks of places and not the readings.
    """
    if not drawn.excess.size:
        return 1.0
    place = np.round(np.nan_to_num(np.column_stack([drawn.x, drawn.y, drawn.x2, drawn.y2]), nan=0))
    # Weakest first: the last of each place is its peak.
    _, last = np.unique(place[::-1], axis=0, return_index=True)
    peaks = drawn.excess[::-1][last]
    few = peaks.size < drawn.excess.size / 3
    top = float(np.quantile(peaks, 0.95 if few else 0.99))
    return max(top, 0.25 * float(drawn.excess[-1]), 1e-12)


def _thin(x: FloatArray, y: FloatArray, value: FloatArray) -> NDArray[np.intp]:
    """Return indices of the strongest reading of each cell, or all of a small survey."""
    if value.size <= GRID * GRID:
        return np.arange(value.size)

    def cell(values: FloatArray) -> NDArray[np.int64]:
        low, high = float(values.min()), float(values.max())
        share = (values - low) / max(high - low, 1e-9) * GRID
        return np.asarray(np.minimum(share, GRID - 1), dtype=np.int64)

    place = cell(x) * GRID + cell(y)
    order = np.lexsort((value, place))
    last = np.r_[place[order][1:] != place[order][:-1], True]
    # Readings that never move fall into few cells; the strongest over all fill the rest.
    strongest = np.argsort(value)[-(GRID * GRID - int(last.sum())) :]
    return np.unique(np.concatenate([order[last], strongest]))
