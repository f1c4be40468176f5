"""Height above ground from what a flight logged; one reference is never taken for another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from barlovento.errors import BadInput
from barlovento.fly.faults import listed
from barlovento.fly.logs.record import Flight, FloatArray, LoggedHeight

Choice = Literal["auto", "terrain", "home", "amsl", "ellipsoid", "takeoff"]
#: In "auto" a kind of height counts where so many places have it.
_MOST_PLACES = 0.9
_WORDS = {
    LoggedHeight.TERRAIN: "above the ground below (terrain model or downward sensor)",
    LoggedHeight.HOME: "above the place of take-off",
    LoggedHeight.AMSL: "above mean sea level",
    LoggedHeight.ELLIPSOID: "above the WGS 84 ellipsoid",
    LoggedHeight.UNTYPED: "whose reference the log does not say",
}
_AT_START = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AboveGround:
    """Heights above ground of a flight's places.

    Parameters
    ----------
    height : ndarray, shape (n,)
        NaN where the log has none [m].
    told : str
        What was taken, for people.
    """

    height: FloatArray
    told: str


def above_ground(flight: Flight, choice: Choice, ground_elevation: float | None) -> AboveGround:
    """Return heights above ground, refusing what can't be converted.

    Parameters
    ----------
    flight : Flight
        The flight.
    choice : str
        Which of its heights to take; ``"auto"`` takes those above terrain, else above take-off.
    ground_elevation : float or None
        Of the ground, in the reference that was chosen: needed for ``"amsl"`` and
        ``"ellipsoid"`` [m].

    Returns
    -------
    AboveGround
        In metres above ground.

    Raises
    ------
    BadInput
        The log has no such height, or nothing says how high the ground is.
    """
    if ground_elevation is not None and choice not in ("amsl", "ellipsoid"):
        raise BadInput(
            f"The elevation of the ground means nothing with heights by {choice!r}. "
            "Give --height amsl or --height ellipsoid with it, the reference that it has itself."
        )
    if choice == "auto":
        for kind in (LoggedHeight.TERRAIN, LoggedHeight.HOME):
            if _share(flight, kind) >= _MOST_PLACES:
                return _taken(flight, kind)
        raise BadInput(f"Nothing in {flight.file} tells the height above ground. {_ways(flight)}")
    if choice == "takeoff":
        return _from_start(flight)
    kind = LoggedHeight(choice)
    if not _share(flight, kind):
        raise BadInput(f"{flight.file} has no heights {_WORDS[kind]}. {_ways(flight)}")
    if kind in (LoggedHeight.TERRAIN, LoggedHeight.HOME):
        return _taken(flight, kind)
    if ground_elevation is None:
        raise BadInput(
            f"Heights {_WORDS[kind]} say nothing about the ground. Give its elevation "
            f"{_WORDS[kind]} with --ground-elevation METRES."
        )
    return AboveGround(
        height=flight.heights[kind] - ground_elevation,
        told=f"z is the height {_WORDS[kind]} less {ground_elevation:g} m, the ground's by your "
        "word and the same everywhere.",
    )


def _share(flight: Flight, kind: LoggedHeight) -> float:
    return float(np.isfinite(flight.heights[kind]).mean()) if len(flight) else 0.0


def _taken(flight: Flight, kind: LoggedHeight) -> AboveGround:
    told = f"z is the height {_WORDS[kind]}, as the log has it"
    if kind is LoggedHeight.HOME:
        told += "; the ground is taken to be level with it, so on a slope give --height terrain "
        told += "or check"
    return AboveGround(height=flight.heights[kind], told=f"{told}.")


def _from_start(flight: Flight) -> AboveGround:
    order = (LoggedHeight.AMSL, LoggedHeight.ELLIPSOID, LoggedHeight.UNTYPED)
    kind = max(order, key=lambda one: _share(flight, one))
    height = flight.heights[kind]
    start = height[(flight.time <= flight.time[0] + _AT_START) & np.isfinite(height)]
    if not start.size:
        raise BadInput(f"{flight.file} does not begin with a height. {_ways(flight)}")
    return AboveGround(
        height=height - float(np.median(start)),
        told=f"z is the height {_WORDS[kind]} less that of the log's first {_AT_START:g} s, in "
        "which the vehicle stood on the ground by your word; the ground is taken to be level.",
    )


def _ways(flight: Flight) -> str:
    """Return what the log has, and what can be made of it."""
    held = [_WORDS[kind] for kind in LoggedHeight if _share(flight, kind)]
    if not held:
        return "It has no heights at all. Log them, or use `barlovento survey from-csv`."
    ways = []
    if any(_share(flight, k) for k in (LoggedHeight.AMSL, LoggedHeight.ELLIPSOID)):
        ways.append("--height amsl or --height ellipsoid with --ground-elevation METRES")
    ways.append("--height takeoff where the log begins with the vehicle on level ground")
    own = (LoggedHeight.TERRAIN, LoggedHeight.HOME)
    ways.extend(f"--height {kind}" for kind in own if _share(flight, kind))
    return f"It has heights {listed(held)}. Give {', or '.join(ways)}."


def at_times(
    flight: Flight, values: FloatArray, wanted: FloatArray, *, longest_gap: float
) -> FloatArray:
    """Return a column of the flight at other moments.

    Parameters
    ----------
    flight : Flight
        The flight.
    values : ndarray, shape (n,)
        At its places, NaN where there is none [any unit].
    wanted : ndarray, shape (m,)
        Since 1970 UTC [s].
    longest_gap : float
        Longer gaps between places are not bridged [s].

    Returns
    -------
    ndarray, shape (m,)
        NaN outside of the flight and in gaps.
    """
    known = np.isfinite(values)
    time, values = flight.time[known], values[known]
    if not time.size:
        return np.full(wanted.size, np.nan)
    after = np.clip(np.searchsorted(time, wanted), 0, time.size - 1)
    before = np.clip(np.searchsorted(time, wanted, side="right") - 1, 0, time.size - 1)
    gap = time[after] - time[before]
    inside = (wanted >= time[0]) & (wanted <= time[-1]) & (gap <= longest_gap)
    return np.where(inside, np.interp(wanted, time, values), np.nan)
