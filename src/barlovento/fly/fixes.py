"""From loose fixes to tracks: by aircraft, in order, with what can't be believed marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.track import Doubt, FloatArray, Track
from barlovento.errors import Fault

FASTEST = 700.0
"""No aircraft that is audited here flies faster; a step beyond it is a jump [m s-1]."""
STANDING = 2.0
"""Slower than this over ground, a position may well repeat [m s-1]."""
STALE_AFTER = 3.0
"""A moving aircraft whose position repeats for longer than this is not where it says [s]."""
SETTLED = 3
"""So many fixes in a row that fit each other elsewhere are a break, not a jump."""
EARTH = 6_371_008.8


@dataclass(slots=True, kw_only=True)
class Fix:
    """One fix as a reader found it.

    Parameters
    ----------
    aircraft, callsign : str
        As sent.
    time : float
        Since 1970 UTC [s].
    lon, lat : float
        WGS 84 [degree].
    height : float
        NaN where it is not known [m].
    height_reference : str
        See :class:`~barlovento.domain.track.Track`.
    speed : float
        Over ground, NaN where it is not known [m s-1].
    error : float
        Of the position, NaN where it was not told [m].
    stale : bool
        The receiver says that the position is old.
    """

    aircraft: str
    time: float
    lon: float
    lat: float
    callsign: str = ""
    height: float = float("nan")
    height_reference: str = ""
    speed: float = float("nan")
    error: float = float("nan")
    stale: bool = False


@dataclass(slots=True, kw_only=True)
class Found:
    """What reading left behind: tracks, and what was noticed on the way.

    Parameters
    ----------
    tracks : list of Track
        One for each aircraft.
    notes : list of Fault
        Warnings.
    """

    tracks: list[Track] = field(default_factory=list)
    notes: list[Fault] = field(default_factory=list)


def to_tracks(fixes: Iterable[Fix], *, assumed_error: float, source: str, digest: str) -> Found:
    """Sort fixes into tracks and mark those that can't be believed.

    Parameters
    ----------
    fixes : iterable of Fix
        In any order.
    assumed_error : float
        Position error of fixes that don't tell theirs [m].
    source, digest : str
        Name of the file and SHA-256 of its bytes.

    Returns
    -------
    Found
        Tracks in order of their first fix.
    """
    by_aircraft: dict[str, list[Fix]] = {}
    for fix in fixes:
        by_aircraft.setdefault(fix.aircraft, []).append(fix)
    found = Found()
    unordered = 0
    for aircraft, group in by_aircraft.items():
        ordered = sorted(group, key=lambda fix: fix.time)
        unordered += any(b.time < a.time for a, b in pairwise(group))
        kept = _one_each_moment(ordered)
        track = _track(aircraft, kept, assumed_error, source, digest)
        found.tracks.append(track)
        found.notes += _doubts(track, source)
    if unordered:
        what = f"Rows of {unordered} aircraft were not in order of time; they have been sorted."
        found.notes.append(_note(source, what))
    found.tracks.sort(key=lambda track: float(track.time[0]))
    return found


def _one_each_moment(fixes: Sequence[Fix]) -> list[Fix]:
    """Keep the first fix of each moment."""
    kept: list[Fix] = []
    for fix in fixes:
        if not kept or fix.time > kept[-1].time:
            kept.append(fix)
    return kept


def _track(
    aircraft: str, fixes: Sequence[Fix], assumed_error: float, source: str, digest: str
) -> Track:
    columns = {
        name: np.array([getattr(fix, name) for fix in fixes], dtype=float)
        for name in ("time", "lon", "lat", "height", "speed", "error")
    }
    stated = bool(np.isfinite(columns["error"]).all())
    error = np.where(np.isfinite(columns["error"]), columns["error"], assumed_error)
    references = {fix.height_reference for fix in fixes if np.isfinite(fix.height)}
    height = columns["height"]
    if len(references) > 1:
        # Two kinds of height in one track can't be compared: neither is used.
        height, references = np.full(len(fixes), np.nan), {""}
    stale = np.array([fix.stale for fix in fixes])
    repeats = _repeats(columns["time"], columns["lon"], columns["lat"], columns["speed"])
    doubt = np.where(stale | repeats, int(Doubt.STALE), 0)
    doubt |= _jumps(columns["time"], columns["lon"], columns["lat"], doubt == 0)
    callsigns = [fix.callsign for fix in fixes if fix.callsign]
    return Track(
        aircraft=aircraft,
        callsign=max(set(callsigns), key=callsigns.count) if callsigns else "",
        time=columns["time"],
        lon=columns["lon"],
        lat=columns["lat"],
        height=height,
        height_reference=references.pop() if references else "",
        speed=columns["speed"],
        position_error=error,
        error_stated=stated,
        doubt=doubt,
        source=source,
        digest=digest,
    )


def _repeats(
    time: FloatArray, lon: FloatArray, lat: FloatArray, speed: FloatArray
) -> NDArray[np.bool_]:
    """Mark positions that stand still while the aircraft does not."""
    same = np.concatenate([[False], (np.diff(lon) == 0.0) & (np.diff(lat) == 0.0)])
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(time))))
    lasted = time - time[first]
    # A speed that was not told can't excuse a position that stands still.
    moving = ~(speed < STANDING)
    return np.asarray(same & moving & (lasted > STALE_AFTER))


def _jumps(
    time: FloatArray, lon: FloatArray, lat: FloatArray, usable: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Mark fixes that could not have been reached from the last believed one."""
    doubt = np.zeros(len(time), dtype=np.int64)
    good = -1
    waiting: list[int] = []
    for i in np.flatnonzero(usable):
        if good < 0 or _reachable(time, lon, lat, good, int(i)):
            doubt[waiting] = int(Doubt.JUMP)
            good, waiting = int(i), []
            continue
        if waiting and not _reachable(time, lon, lat, waiting[-1], int(i)):
            doubt[waiting] = int(Doubt.JUMP)
            waiting = []
        waiting.append(int(i))
        if len(waiting) == SETTLED:
            doubt[waiting[0]] = int(Doubt.BREAK)
            good, waiting = int(i), []
    doubt[waiting] = int(Doubt.JUMP)
    return doubt


def _reachable(time: FloatArray, lon: FloatArray, lat: FloatArray, a: int, b: int) -> bool:
    """Tell whether the fastest aircraft gets from one fix to another in time."""
    away = distance(lon[a], lat[a], lon[b], lat[b])
    return bool(away <= FASTEST * (time[b] - time[a]) + 1_000.0)


def distance(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the distance on a sphere, which is enough to judge a jump.

    Parameters
    ----------
    lon1, lat1, lon2, lat2 : float
        WGS 84 [degree].

    Returns
    -------
    float
        Within half a percent [m].
    """
    p1, p2 = np.radians(lat1), np.radians(lat2)
    half = np.sin((p2 - p1) / 2.0) ** 2
    half += np.cos(p1) * np.cos(p2) * np.sin(np.radians(lon2 - lon1) / 2.0) ** 2
    return float(2.0 * EARTH * np.arcsin(np.sqrt(min(1.0, half))))


def _doubts(track: Track, source: str) -> list[Fault]:
    words = {
        Doubt.STALE: "fixes repeat an old position while time goes on; they are not used",
        Doubt.JUMP: "fixes lie where the aircraft could not have been; they are not used",
        Doubt.BREAK: "times the track goes on elsewhere; what lies between can't be told",
    }
    counts = [(text, int(np.sum((track.doubt & int(kind)) > 0))) for kind, text in words.items()]
    return [
        _note(source, f"{track.aircraft}: {number} {text}.") for text, number in counts if number
    ]


def _note(source: str, what: str) -> Fault:
    return Fault(
        what=what,
        mend="The audit takes account of it; a better record narrows it.",
        file=source,
        severity="warning",
    )
