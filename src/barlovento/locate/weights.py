"""How much each reading is worth: errors that last, and calms in which a plume says little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from barlovento.locate.priors import MEANDER
from barlovento.locate.readings import Reduced

Floats = NDArray[np.float64]

PLACE, ERROR_CORRELATION = 20.0, 0.01
"""Cell within which a sensor's model errors last [m], and how much they correlate [1]."""


EDDY = 5.0
"""Integral time of concentration in a plume near the ground: some seconds, more farther off [s]."""


def news(reduced: Sequence[Reduced]) -> Floats:
    """Return the share of each reading that is news, shape (n,).

    The errors of a plume model at one place last: m readings of one sensor within a cell of
    ``PLACE`` count as m / (1 + (m - 1) rho), the effective number of equally correlated values.

    Parameters
    ----------
    reduced : sequence of Reduced
        Readings of each survey.

    Returns
    -------
    ndarray, shape (n,)
        Between zero and one [1].

    References
    ----------
    Kish (1965), Survey Sampling, eq. 5.4.1 (design effect).
    """
    keys = [
        np.column_stack(
            [
                np.full(len(r.end), k),
                r.sensor,
                np.floor(r.x / PLACE),
                np.floor(r.y / PLACE),
            ]
        )
        for k, r in enumerate(reduced)
    ]
    _, inverse, count = np.unique(
        np.concatenate(keys), axis=0, return_inverse=True, return_counts=True
    )
    return np.asarray(1.0 / (1.0 + (count[np.asarray(inverse).ravel()] - 1) * ERROR_CORRELATION))


def fresh(reduced: Sequence[Reduced]) -> Floats:
    """Return how much of each reading is not told by the one before it, shape (n,).

    A plume's eddies outlast a fast sensor's readings: what the readings of a crossing have in
    common is one sample of the plume, not one each. A stretch of time T holds T / (2 tau)
    independent samples.

    Parameters
    ----------
    reduced : sequence of Reduced
        Readings of each survey.

    Returns
    -------
    ndarray, shape (n,)
        Between zero and one; one where readings are two eddies and more apart [1].

    References
    ----------
    Lenschow, Mann and Kristensen (1994), J. Atmos. Oceanic Technol. 11, 661 (error of a mean over
    many integral times).
    """
    out = []
    for r in reduced:
        share = np.ones(len(r.end))
        for s in np.unique(r.sensor):
            rows = np.flatnonzero(r.sensor == s)
            rows = rows[np.argsort(r.end[rows], kind="stable")]
            apart = np.maximum(np.diff(r.end[rows]), (r.end - r.start)[rows[1:]])
            share[rows[1:]] = np.minimum(apart / (2.0 * EDDY), 1.0)
        out.append(share)
    return np.concatenate(out)


def trust(speed: Floats) -> Floats:
    """Return how far the readings of a light wind can be used, shape (n,).

    A steady plume describes air that moves; in a calm, gas pools and comes back from where it
    went before, and a reading there says less of where it came from. The fourth power leaves
    winds of two metres per second and more as they are.

    Parameters
    ----------
    speed : ndarray, shape (n,)
        [m s-1].

    Returns
    -------
    ndarray, shape (n,)
        Between zero and one, a half at ``MEANDER`` [1].
    """
    return np.asarray(1.0 / (1.0 + (MEANDER / np.maximum(speed, 0.1)) ** 4))
