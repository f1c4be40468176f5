"""The puffs of several surveys and candidate clock lags in one set of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion.spread import SpreadTables
from barlovento.dispersion.winds import wind_of_windows
from barlovento.domain.observation import Survey
from barlovento.locate.puffs import Puffs, puffs_of
from barlovento.locate.readings import Reduced

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def puffs_of_all(
    surveys: Sequence[Survey],
    reduced: Sequence[Reduced],
    *,
    lags: Floats,
    classes: Sequence[Ints],
    tables: SpreadTables,
    air: Ints,
    x: tuple[float, float],
    y: tuple[float, float],
) -> Puffs:
    """Return the puffs of all surveys and lags, released by the clock of the readings.

    Parameters
    ----------
    surveys, reduced : sequence of Survey and of Reduced
        With their readings.
    lags : ndarray, shape (l,)
        Candidate lags of the gas clock [s].
    classes : sequence of ndarray, shape (l, n)
        Stability class of each survey's readings, 0 for A to 5 for F.
    tables : SpreadTables
        Spreads of the distinct states of the air.
    air : ndarray, shape (l, n)
        Row of the tables for the readings of all surveys.
    x, y : tuple of float
        The search box [m].

    Returns
    -------
    Puffs
        Of all surveys in order.
    """
    by_lag = []
    for row, lag in enumerate(lags):
        of_survey, first = [], 0
        for survey, red, kind in zip(surveys, reduced, classes, strict=True):
            last = first + len(red.end)
            puffs = puffs_of(
                survey.meteorology,
                red,
                lag=float(lag),
                wind=wind_of_windows(survey.meteorology, red.start - lag, red.end - lag),
                stability_class=kind[row],
                tables=tables,
                air=air[row, first:last],
                x=x,
                y=y,
            )
            of_survey.append(
                replace(
                    puffs,
                    released_from=puffs.released_from + lag,
                    released_until=puffs.released_until + lag,
                )
            )
            first = last
        by_lag.append(of_survey)
    return join_puffs(by_lag)


def join_puffs(parts: Sequence[Sequence[Puffs]]) -> Puffs:
    """Join the puffs of surveys and lags.

    Parameters
    ----------
    parts : sequence of sequence of Puffs
        For each lag those of each survey, with one lag each.

    Returns
    -------
    Puffs
        Readings of all surveys in order.
    """
    starts, offset = [], 0
    for surveys in parts:
        row = [np.array([offset])]
        for part in surveys:
            row.append(part.start[0, 1:] + offset)
            offset += len(part.node)
        starts.append(np.concatenate(row))
    flat = [part for surveys in parts for part in surveys]
    return Puffs(
        start=np.array(starts, dtype=np.int64),
        node=np.concatenate([p.node for p in flat]),
        released_from=np.concatenate([p.released_from for p in flat]),
        released_until=np.concatenate([p.released_until for p in flat]),
    )
