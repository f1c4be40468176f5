"""Was an aircraft inside a state's airspace, and with consent: a verdict with its reasons.

Sovereignty holds at every height, so heights count for consents only. Nothing is said about an
aircraft beyond what its track shows: between two fixes it is taken to be anywhere that it could
have reached, and where no fix came for long it is not judged at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Consent
from barlovento.domain.track import Doubt, FloatArray, Track
from barlovento.guard.borders import Borders
from barlovento.guard.consented import Covered, covered
from barlovento.guard.limits import SEA, TERRITORIAL_SEA, Surroundings, margins
from barlovento.guard.margin_track import along, between, largest
from barlovento.guard.nearest import cartesian

UNOBSERVED = 1_800.0
"""A track without fixes for longer is parted: what lay between was not observed [s]."""
LONG_WAY = 1_000.0
"""Half of a way between fixes; a longer one may lead into a field of another error [m]."""
HASTE = 1.3
"""An aircraft may have flown faster between fixes than it ever showed, by this factor [1]."""
SLOWEST = 60.0
"""No aircraft is taken to be slower than this between fixes [m s-1]."""


class Verdict(StrEnum):
    """Where an aircraft was."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A time in which an aircraft was, or may have been, inside.

    Parameters
    ----------
    verdict : Verdict
        ``inside`` when at least one fix leaves no doubt.
    begin, end : float
        Last moment before and first after at which it was certainly outside, or the first and
        last fix of the flight [s since 1970].
    inside_from, inside_until : float or None
        First and last fix that was certainly inside [s since 1970].
    depth : float
        Largest margin; the limit is at least so far [m].
    lon, lat, time : float
        Where and when that was [degree], [s since 1970].
    error : float
        Position error and error of the limit together, there [m].
    consent : Covered
        Whether consents cover it.
    consents : tuple of str
        Their identifiers.
    first, last : int
        Fixes, as numbers in the track.
    """

    verdict: Verdict
    begin: float
    end: float
    inside_from: float | None
    inside_until: float | None
    depth: float
    lon: float
    lat: float
    time: float
    error: float
    consent: Covered
    consents: tuple[str, ...]
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackAudit:
    """The verdict about one track.

    Parameters
    ----------
    track : Track
        What was audited.
    state : str
        Whose airspace.
    verdict : Verdict
        The gravest of its passes.
    passes : tuple of Pass
        In order of time.
    status : ndarray of int, shape (n,)
        For each fix: 1 inside, 0 outside, 2 cannot tell, 3 not used.
    margin : ndarray, shape (n,)
        At least so far inside; negative outside; NaN for fixes that are not used [m].
    closest : int
        Fix with the largest margin.
    closest_margin : float
        There [m].
    error : float
        Position error and error of the limit together, there [m].
    observed, unobserved : float
        Time covered by fixes, and between flights [s].
    top_speed : float
        Assumed between fixes [m s-1].
    """

    track: Track
    state: str
    verdict: Verdict
    passes: tuple[Pass, ...]
    status: NDArray[np.int64]
    margin: FloatArray
    closest: int
    closest_margin: float
    error: float
    observed: float
    unobserved: float
    top_speed: float


def audit_track(
    track: Track,
    borders: Borders,
    state: str,
    *,
    consents: Sequence[Consent] = (),
    top_speed: float | None = None,
) -> TrackAudit:
    """Judge one track against one state's airspace.

    Parameters
    ----------
    track : Track
        With its doubtful fixes marked.
    borders : Borders
        Whose limits are asked.
    state : str
        ISO 3166 alpha-2.
    consents : sequence of Consent
        Verified ones; those of other authorities don't count.
    top_speed : float, optional
        Fastest between fixes; by default 1.3 times the fastest that the track shows [m s-1].

    Returns
    -------
    TrackAudit
        With every pass.

    Raises
    ------
    BadInput
        The borders don't know the state.
    """
    around = borders.around(state)
    used = np.flatnonzero((track.doubt & int(Doubt.STALE | Doubt.JUMP)) == 0)
    time = track.time[used]
    places = cartesian(track.lon[used], track.lat[used])
    speed = top_speed if top_speed is not None else _top_speed(track, used, places)
    outward, inward = borders.errors(state, places)
    position = track.position_error[used]
    gap = np.diff(time)
    seen = gap <= UNOBSERVED
    reach = np.where(seen, 0.5 * speed * gap, 0.0)
    widest = np.maximum(np.concatenate([[0.0], reach]), np.concatenate([reach, [0.0]]))
    slack = np.maximum(outward, inward) + position + widest + 1_000.0
    margin, exact = along(around, places, slack)
    inside, outside = margin - inward - position, -margin - outward - position
    code = np.where(inside > 0.0, 1, np.where(outside > 0.0, 0, 2))
    broken = (track.doubt[used][1:] & int(Doubt.BREAK)) > 0
    widest_error = np.maximum(outward[:-1], outward[1:])
    long = np.flatnonzero(reach > LONG_WAY)
    if len(long):
        # From its fix it gets no farther than its whole way, perhaps into another field.
        there, _ = borders.errors_around(state, places[long], 2.0 * reach[long])
        widest_error[long] = np.maximum(widest_error[long], there)
    off = -margin - position
    apart = _leaves(around, places, off, outside > 0.0, reach, widest_error, broken & seen)
    judged = _Judged(
        track=track,
        used=used,
        code=code,
        margin=margin,
        error=position + np.where(margin > 0.0, inward, outward),
        apart=apart,
        seen=seen,
    )
    passes = tuple(_passes(judged, state, consents))
    best, largest_margin = largest(around, places, margin, exact)
    verdicts = {one.verdict for one in passes}
    full = np.full(len(track), 3)
    full[used] = code
    margins_of_all = np.full(len(track), np.nan)
    margins_of_all[used] = margin
    return TrackAudit(
        track=track,
        state=state,
        verdict=next(
            (v for v in (Verdict.INSIDE, Verdict.CANNOT_TELL) if v in verdicts), Verdict.OUTSIDE
        ),
        passes=passes,
        status=full,
        margin=margins_of_all,
        closest=int(used[best]),
        closest_margin=largest_margin,
        error=float(judged.error[best]),
        observed=float(gap[seen].sum()),
        unobserved=float(gap[~seen].sum()),
        top_speed=speed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Fixes that are used, with what is known of each and of what lies between."""

    track: Track
    used: NDArray[np.int64]
    code: NDArray[np.int64]
    margin: FloatArray
    error: FloatArray
    apart: NDArray[np.bool_]
    seen: NDArray[np.bool_]


def _top_speed(track: Track, used: NDArray[np.int64], places: FloatArray) -> float:
    """Return the speed that is taken as the fastest [m s-1]."""
    told = track.speed[used]
    shown = [SLOWEST, *told[np.isfinite(told)]]
    took = np.diff(track.time[used])
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    # Over a short time the noise of positions looks like speed.
    long = took >= 5.0
    if long.any():
        shown.append(float(np.quantile(steps[long] / took[long], 0.99)))
    return HASTE * float(max(shown))


def _leaves(
    around: Surroundings,
    places: FloatArray,
    off: FloatArray,
    outside: NDArray[np.bool_],
    reach: FloatArray,
    error: FloatArray,
    broken: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Mark intervals in which the aircraft can have been inside though both fixes are outside."""
    both = outside[:-1] & outside[1:]
    # Wherever it was, one of the two fixes is no farther than half of the way it can have flown.
    doubtful = both & (np.minimum(off[:-1], off[1:]) - error <= reach)
    marked = broken & both
    for i in np.flatnonzero(doubtful & ~broken):
        middles, radius = between(places, int(i), int(i) + 1, float(reach[i]))
        depth = margins(around, middles).margin
        marked[i] = bool(np.any(depth + error[i] + radius >= 0.0))
    return marked


def _passes(judged: _Judged, state: str, consents: Sequence[Consent]) -> list[Pass]:
    """Return every stretch in which the aircraft was not certainly outside."""
    suspect = judged.code != 0
    # An interval in doubt, and the fixes at its ends, belong to the stretch.
    joins = judged.seen & (judged.apart | suspect[:-1] | suspect[1:])
    found: list[Pass] = []
    i, n = 0, len(suspect)
    while i < n:
        last = i
        while last < n - 1 and joins[last]:
            last += 1
        if last > i or suspect[i]:
            found.append(_pass(judged, i, last, state, consents))
        i = last + 1
    return found


def _pass(judged: _Judged, first: int, last: int, state: str, consents: Sequence[Consent]) -> Pass:
    track, rows = judged.track, slice(first, last + 1)
    code, margin = judged.code[rows], judged.margin[rows]
    time = track.time[judged.used]
    sure = np.flatnonzero(code == 1)
    best = first + int(np.argmax(margin))
    at = int(judged.used[best])
    inside_rows = judged.used[rows][code != 0]
    consent, names = covered(track, inside_rows, state, consents)
    return Pass(
        verdict=Verdict.INSIDE if len(sure) else Verdict.CANNOT_TELL,
        begin=float(time[first]),
        end=float(time[last]),
        inside_from=float(time[first + sure[0]]) if len(sure) else None,
        inside_until=float(time[first + sure[-1]]) if len(sure) else None,
        depth=float(margin.max()),
        lon=float(track.lon[at]),
        lat=float(track.lat[at]),
        time=float(track.time[at]),
        error=float(judged.error[best]),
        consent=consent,
        consents=names,
        first=int(judged.used[first]),
        last=int(judged.used[last]),
    )


def in_circle(audit: TrackAudit, borders: Borders) -> int:
    """Count the fixes that a plain circle of 12 miles would hold against the aircraft.

    Parameters
    ----------
    audit : TrackAudit
        Of one track.
    borders : Borders
        Whose coasts are asked.

    Returns
    -------
    int
        Fixes at sea within 12 nautical miles of the state's coast, whether or not its airspace
        reaches so far there.
    """
    # There the margin is at least minus half of 12 miles, and in one's own sea at most 12.
    near = np.abs(audit.margin) <= 1.01 * TERRITORIAL_SEA
    if not near.any():
        return 0
    found = margins(
        borders.around(audit.state), cartesian(audit.track.lon[near], audit.track.lat[near])
    )
    return int(np.sum((found.holder == SEA) & (found.own <= TERRITORIAL_SEA)))
