"""The rule of weather: go, or no go with every reason. What is missing, old or unreadable is no go.

Wind is taken up to the height of the flight by a power law,

    U(z) = U(z0) (z / z0)^(1/7),                                                            (1)

the usual one for neutral air over open ground; gusts count as they are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from barlovento.domain.height import check_aware
from barlovento.domain.weather import Weather
from barlovento.errors import BadInput

EXPONENT = 1 / 7

OLDEST_FORECAST = timedelta(hours=18)
"""A forecast from a run that is older is stale."""

FARTHEST = 30_000.0
"""A report from further away says nothing about the route [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an aircraft may be flown in.

    Parameters
    ----------
    wind : float
        Greatest mean at the height of the flight, and greatest gust [m s-1].
    visibility, cloud_base : float
        Least [m].
    """

    wind: float
    visibility: float
    cloud_base: float

    def __post_init__(self) -> None:
        if not (self.wind > 0 and self.visibility >= 0 and self.cloud_base >= 0):
            raise BadInput(f"{self} are no limits. Give a wind above 0 and distances in metres.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GoNoGo:
    """Go, or why not.

    Parameters
    ----------
    go : bool
        Whether the weather allows it.
    reasons : tuple of str
        Why not; empty with a go.
    used : tuple of str
        What it rests on.
    strongest : float or None
        Greatest wind or gust for the flight [m s-1].
    """

    go: bool
    reasons: tuple[str, ...]
    used: tuple[str, ...]
    strongest: float | None


def go_no_go(
    weather: Sequence[Weather],
    limits: Limits,
    *,
    window: tuple[datetime, datetime],
    height: float,
    now: datetime,
) -> GoNoGo:
    """Return whether the weather allows a flight.

    Parameters
    ----------
    weather : sequence of Weather
        All there is.
    limits : Limits
        Of the aircraft.
    window : tuple of datetime
        From when until when it flies, aware.
    height : float
        Greatest, above ground [m].
    now : datetime
        Aware.

    Returns
    -------
    GoNoGo
        Every reason at once.
    """
    begin, end = window
    for name, moment in (("begin", begin), ("end", end), ("now", now)):
        check_aware(name, moment)
    reasons: list[str] = []
    used, strongest = [], None
    for one in weather:
        if one.distance is None or one.distance > FARTHEST:
            how = (
                "nobody knows how far" if one.distance is None else f"{one.distance / 1000:.0f} km"
            )
            reasons.append(f"{one.source} is {how} from the route.")
            continue
        if one.issued_at > now + timedelta(minutes=10):
            reasons.append(f"{one.source} is from the future: check the clocks.")
            continue
        if now - one.issued_at > OLDEST_FORECAST or one.valid_until < begin:
            continue
        if one.valid_from > end:
            continue
        used.append(one)
        reasons += _exceeded(one, limits, height)
        told = [w for w in (_at(one, height), one.gust) if w is not None]
        strongest = max([*told, *([] if strongest is None else [strongest])], default=None)
    if used and limits.visibility > 0 and all(one.visibility is None for one in used):
        reasons.append("Nothing tells the visibility. Give a METAR.")
    gap = _uncovered([(one.valid_from, one.valid_until) for one in used], begin, end)
    if not weather:
        reasons.append("There is no weather. Give --metar or --grib.")
    elif gap is not None:
        reasons.append(
            f"No weather speaks for {gap.isoformat(timespec='minutes')}: what there is is older, "
            "or for another time."
        )
    return GoNoGo(
        go=not reasons,
        reasons=tuple(reasons),
        used=tuple(one.source for one in used),
        strongest=strongest,
    )


def _at(one: Weather, height: float) -> float | None:
    """Return the mean wind at a height, equation 1 [m s-1]."""
    if one.wind_speed is None:
        return None
    up: float = max(height / one.wind_height, 1.0) ** EXPONENT
    return one.wind_speed * up


def _exceeded(one: Weather, limits: Limits, height: float) -> list[str]:
    found = []
    mean = _at(one, height)
    if mean is None:
        found.append(f"{one.source} tells no wind.")
    elif not mean <= limits.wind:
        found.append(
            f"{one.source}: wind of {mean:.1f} m/s at {height:.0f} m, allowed are {limits.wind:g}."
        )
    if one.gust is not None and not one.gust <= limits.wind:
        found.append(f"{one.source}: gusts of {one.gust:.1f} m/s, allowed are {limits.wind:g}.")
    if one.visibility is not None and not one.visibility >= limits.visibility:
        found.append(
            f"{one.source}: visibility of {one.visibility:.0f} m, asked are "
            f"{limits.visibility:.0f}."
        )
    if one.cloud_base is not None and not one.cloud_base >= limits.cloud_base:
        found.append(
            f"{one.source}: clouds at {one.cloud_base:.0f} m, {limits.cloud_base:.0f} are asked."
        )
    found += [f"{one.source}: {danger}." for danger in one.dangers]
    return found


def _uncovered(
    spans: Sequence[tuple[datetime, datetime]], begin: datetime, end: datetime
) -> datetime | None:
    """Return the first moment of a window that no span holds."""
    at = begin
    for first, last in sorted(spans):
        if first > at:
            return at
        at = max(at, last)
        if at >= end:
            return None
    return at if at < end or not spans else None
