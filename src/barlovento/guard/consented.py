"""Whether consents cover where an aircraft was seen."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Consent, Height
from barlovento.domain.track import FloatArray, Track
from barlovento.guard.covering import reach_of
from barlovento.guard.times import spans


class Covered(StrEnum):
    """How far consents cover a pass."""

    NONE = "none"
    PARTLY = "partly"
    CANNOT_TELL = "cannot tell"
    WHOLLY = "wholly"


YES, UNKNOWN, NO = 2, 1, 0


def covered(
    track: Track, rows: NDArray[np.int64], state: str, consents: Sequence[Consent]
) -> tuple[Covered, tuple[str, ...]]:
    """Return how far the consents of a state cover some fixes.

    Only the state's own consent counts, not that of an authority below it. Position error is
    counted against the aircraft; where height can't be compared, it can't be told.

    Parameters
    ----------
    track : Track
        Of the aircraft.
    rows : ndarray of int, shape (n,)
        Fixes that are to be covered.
    state : str
        ISO 3166 alpha-2.
    consents : sequence of Consent
        Verified.

    Returns
    -------
    covered : Covered
        Over all fixes.
    consents : tuple of str
        Identifiers of those that cover any.
    """
    names = {track.aircraft.lower(), track.callsign.strip().lower()} - {""}
    ours = [
        one
        for one in consents
        if one.authority == state and names & {a.strip().lower() for a in one.aircraft}
    ]
    if not ours or not len(rows):
        return Covered.NONE, ()
    grades = np.stack([_grade(one, track, rows) for one in ours])
    best = grades.max(axis=0)
    used = tuple(one.id for one, row in zip(ours, grades, strict=True) if (row > NO).any())
    if (best == YES).all():
        return Covered.WHOLLY, used
    if (best == NO).all():
        return Covered.NONE, ()
    return (Covered.CANNOT_TELL if (best != NO).all() else Covered.PARTLY), used


def _grade(consent: Consent, track: Track, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each fix whether one consent covers it."""
    lon, lat, time = track.lon[rows], track.lat[rows], track.time[rows]
    here = np.zeros(len(rows), dtype=bool)
    for member in consent.volume.area:
        here |= reach_of(member)(lon, lat) >= track.position_error[rows]
    around = list(zip(lon.tolist(), lat.tolist(), strict=True))
    allowed = spans(
        consent.volume.when,
        start=float(time.min()),
        end=float(time.max()),
        around=[around[0], around[-1]],
        generous=False,
    )
    now = np.zeros(len(rows), dtype=bool)
    for first, last in allowed:
        now |= (time >= first) & (time <= last)
    height = _height_grade(consent.volume.lower, consent.volume.upper, track, rows)
    return np.where(here & now, height, NO)


def _height_grade(
    lower: Height | None, upper: Height | None, track: Track, rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Compare heights of one reference; others can't be told from a track alone."""
    grade = np.full(len(rows), YES)
    height: FloatArray = track.height[rows]
    for bound, sign in ((lower, 1.0), (upper, -1.0)):
        if bound is None:
            continue
        comparable = np.isfinite(height) & (track.height_reference == str(bound.reference))
        kept = sign * (height - bound.value) >= 0.0
        grade = np.minimum(grade, np.where(comparable, np.where(kept, YES, NO), UNKNOWN))
    return grade
