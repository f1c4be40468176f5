"""When something applies: daily windows in the authority's time zone, midnight and daylight.

Moments are seconds since 1970 (UTC). The sun's place follows the Astronomical Almanac's
low-precision formulas (good to 0.01 degree from 1950 to 2050), sunrise being the upper limb at
the horizon with 34' of refraction, civil twilight the centre 6 degrees below it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barlovento.domain.airspace import SUN, Applicability, DailyWindow, Position
from barlovento.errors import BadInput

Span = tuple[float, float]
"""First and last moment [s since 1970]."""

ALWAYS: tuple[Span, ...] = ((-math.inf, math.inf),)

SUN_ERROR = 60.0
"""Refraction and the formulas leave sunrise and sunset open by about this much [s]."""

_ALTITUDE = {
    "sunrise": -0.8333,
    "sunset": -0.8333,
    "civil dawn": -6.0,
    "civil dusk": -6.0,
}


def spans(
    when: Applicability, *, start: float, end: float, around: Sequence[Position], generous: bool
) -> tuple[Span, ...]:
    """Return the spans of time in which something applies, in order and apart.

    Parameters
    ----------
    when : Applicability
        Validity and daily windows.
    start, end : float
        Only spans that meet this stretch are wanted [s since 1970].
    around : sequence of tuple of float
        Places (longitude, latitude) at which daylight counts [degree].
    generous : bool
        True for zones: daylight begins at its earliest over the places and ends at its latest.
        False for consents: the other way round.

    Returns
    -------
    tuple of tuple of float
        They may reach beyond the stretch [s since 1970].

    Raises
    ------
    BadInput
        The time zone or a time of day is unknown.
    """
    first = when.valid_from.timestamp() if when.valid_from else -math.inf
    last = when.valid_until.timestamp() if when.valid_until else math.inf
    if not when.windows:
        found: Iterator[Span] | list[Span] = [(first, last)]
    else:
        found = (
            (max(a, first), min(b, last))
            for window in when.windows
            for a, b in _daily(window, zone_of(when.timezone), start, end, around, generous)
        )
    return merged(
        span for span in found if span[1] > span[0] and span[1] >= start and span[0] <= end
    )


def merged(unordered: Iterator[Span] | Sequence[Span]) -> tuple[Span, ...]:
    """Return the union of spans, in order; spans that touch become one."""
    kept: list[Span] = []
    for a, b in sorted(unordered):
        if kept and a <= kept[-1][1]:
            kept[-1] = (kept[-1][0], max(b, kept[-1][1]))
        else:
            kept.append((a, b))
    return tuple(kept)


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises
    ------
    BadInput
        There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(
            f"There is no time zone {name!r}. Give an IANA name such as Europe/Madrid or UTC."
        ) from error


def check_window(window: DailyWindow) -> None:
    """Refuse a window whose words or days mean nothing.

    Raises
    ------
    BadInput
        A time of day or a day of the week can't be read.
    """
    for word in (window.start, window.end):
        if word not in SUN:
            _clock(word)
    if not window.days or not window.days <= frozenset(range(7)):
        raise BadInput(f"Days {sorted(window.days)} are not within 0 (Monday) to 6 (Sunday).")


def _daily(
    window: DailyWindow,
    zone: ZoneInfo,
    start: float,
    end: float,
    around: Sequence[Position],
    generous: bool,
) -> Iterator[Span]:
    """Yield the window of each day that may meet the stretch."""
    check_window(window)
    day = datetime.fromtimestamp(start, zone).date() - timedelta(days=2)
    until = datetime.fromtimestamp(end, zone).date() + timedelta(days=2)
    while day <= until:
        if day.weekday() in window.days:
            yield from _one_day(window, day, zone, around, generous)
        day += timedelta(days=1)


def _one_day(
    window: DailyWindow, day: date, zone: ZoneInfo, around: Sequence[Position], generous: bool
) -> Iterator[Span]:
    begin = _moment(window.start, day, zone, around, late=not generous)
    finish = _moment(window.end, day, zone, around, late=generous)
    if begin is not None and finish is not None and finish <= begin:
        # Midnight lies inside; equal clock times are a whole day.
        finish = _moment(window.end, day + timedelta(days=1), zone, around, late=generous)
        if window.end in {"sunset", "civil dusk"}:
            # It was to begin after the end of the day's light: nothing is left of it.
            finish = begin
    if begin is None or finish is None:
        # The sun does not set, or does not rise: a zone then counts all day, a consent never.
        if generous:
            start = datetime.combine(day, time(), zone).timestamp()
            yield start, start + 2 * 86_400.0
        return
    if finish > begin:
        yield begin, finish


def _moment(
    word: str, day: date, zone: ZoneInfo, around: Sequence[Position], *, late: bool
) -> float | None:
    """Return when a word or clock time comes on a day [s since 1970], None if the sun won't."""
    if word not in SUN:
        return _clock_moment(word, day, zone, late=late)
    moments = [sun_moment(word, day, place, zone) for place in around]
    if not moments or any(moment is None for moment in moments):
        return None
    known = [moment for moment in moments if moment is not None]
    return max(known) + SUN_ERROR if late else min(known) - SUN_ERROR


@lru_cache(maxsize=4096)
def _clock_moment(word: str, day: date, zone: ZoneInfo, *, late: bool) -> float:
    clock = _clock(word)
    if clock is None:
        return _local(datetime.combine(day + timedelta(days=1), time()), zone, late=late)
    return _local(datetime.combine(day, clock), zone, late=late)


def _local(moment: datetime, zone: ZoneInfo, *, late: bool) -> float:
    """Return a clock time as seconds since 1970; an hour that comes twice is the asked one."""
    return moment.replace(tzinfo=zone, fold=int(late)).timestamp()


@lru_cache(maxsize=512)
def _clock(word: str) -> time | None:
    """Return a time of day, None for the end of the day."""
    if word in {"24:00", "24:00:00"}:
        return None
    try:
        clock = time.fromisoformat(word)
    except ValueError as error:
        raise BadInput(
            f"{word!r} is no time of day. Write HH:MM, HH:MM:SS, or one of: {', '.join(SUN)}."
        ) from error
    if clock.tzinfo is not None:
        raise BadInput(
            f"{word!r} has a zone of its own. Write the clock time, and the zone in `timezone`."
        )
    return clock


@lru_cache(maxsize=4096)
def sun_moment(word: str, day: date, place: Position, zone: ZoneInfo) -> float | None:
    """Return when the sun rises, sets, or twilight begins or ends.

    Parameters
    ----------
    word : str
        One of :data:`~barlovento.domain.airspace.SUN`.
    day : date
        In the time zone.
    place : tuple of float
        Longitude and latitude [degree].
    zone : ZoneInfo
        Whose day is meant.

    Returns
    -------
    float or None
        Seconds since 1970; None where the sun does not reach that height on that day [s].
    """
    noon = datetime.combine(day, time(12), zone).astimezone(UTC).timestamp()
    # The sun's noon at this longitude that is nearest to noon of the clock.
    guess = noon + ((-place[0] / 15 * 3600 - (noon - 43_200)) + 43_200) % 86_400 - 43_200
    morning = word in {"sunrise", "civil dawn"}
    moment = guess
    for _ in range(5):
        declination, equation = _sun(moment)
        transit = guess - equation
        latitude = math.radians(place[1])
        height = math.sin(math.radians(_ALTITUDE[word]))
        denominator = math.cos(latitude) * math.cos(declination)
        cosine = (height - math.sin(latitude) * math.sin(declination)) / max(denominator, 1e-12)
        if abs(cosine) > 1:
            return None
        hours = math.degrees(math.acos(cosine)) / 15 * 3600
        moment = transit - hours if morning else transit + hours
    return moment


def _sun(moment: float) -> tuple[float, float]:
    """Return the sun's declination [rad] and the equation of time [s]."""
    days = moment / 86_400 + 2_440_587.5 - 2_451_545.0
    mean = (280.460 + 0.9856474 * days) % 360
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    longitude = math.radians(mean + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    obliquity = math.radians(23.439 - 4e-7 * days)
    ascension = math.degrees(
        math.atan2(math.cos(obliquity) * math.sin(longitude), math.cos(longitude))
    )
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    return declination, ((mean - ascension + 180) % 360 - 180) * 240
