"""When which aircraft could fly: one slot for each battery, crew and time with weather."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from barlovento.domain.fleet import Fleet, Unit
from barlovento.domain.region import Weather

LEAST_USEFUL = 300.0
"""Less time than this in the air is not worth a slot [s]."""
MOST_SLOTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A flight that could be flown.

    Parameters
    ----------
    name : str
        Such as ``sortie-3``.
    unit : Unit
        Whose it is.
    aircraft : str
        Name of the aircraft, as consents have it: the unit's name and a number.
    weather : int
        Number of the weather in which it flies.
    begin : datetime
        Earliest start.
    until : datetime
        When it must be back.
    endurance : float
        That may be used, also by the time that is left [s].
    """

    name: str
    unit: Unit
    aircraft: str
    weather: int
    begin: datetime
    until: datetime
    endurance: float


_Flight = tuple[datetime, Unit, str, int, datetime, float]


def aircraft_names(unit: Unit) -> tuple[str, ...]:
    """Return what the aircraft of a unit that can fly at once are called, as in consents."""
    plain = re.sub(r"[^a-z0-9]+", "-", unit.name.casefold()).strip("-") or "unit"
    return tuple(f"{plain}-{k + 1}" for k in range(min(unit.count, unit.crews)))


def wind_at(weather: Weather, height: float) -> float:
    """Return the wind at a height by the logarithmic law, above 200 m as there.

    Parameters
    ----------
    weather : Weather
        With wind at its own height.
    height : float
        Above ground [m].

    Returns
    -------
    float
        Neutral air is assumed [m s-1].
    """
    z0 = weather.roughness_length
    high = min(max(height, 2.0 * z0), 200.0)
    return weather.wind_speed * math.log(high / z0) / math.log(weather.wind_height / z0)


def slots_of(
    fleet: Fleet,
    weather: Sequence[Weather],
    heights: Mapping[tuple[str, int], float],
    *,
    earliest: datetime,
) -> tuple[list[Slot], list[str]]:
    """Return all slots in the order of their beginning, and why some aircraft have none.

    Parameters
    ----------
    fleet : Fleet
        Who can fly.
    weather : sequence of Weather
        Times with one wind each.
    heights : mapping
        Vehicle's name and number of the weather to the height that it flies at then; those that
        are missing see nothing [m].
    earliest : datetime
        Nothing starts before.
    """
    found: list[_Flight] = []
    notes: list[str] = []
    for unit in fleet.units:
        before = len(found)
        for number, air in enumerate(weather):
            height = heights.get((unit.vehicle.name, number))
            if height is None:
                continue
            if air.night and not unit.vehicle.night:
                notes.append(f"{unit.name}: {unit.vehicle.title} does not fly by night.")
                continue
            wind = wind_at(air, height)
            endurance = unit.vehicle.endurance_in(wind)
            if endurance <= 0:
                notes.append(
                    f"{unit.name}: {wind:.1f} m/s at {height:.0f} m is more "
                    f"wind than the {unit.vehicle.wind_limit:g} m/s it flies in."
                )
                continue
            for begin, until in _open(unit, air, earliest):
                for name in aircraft_names(unit):
                    found += _fill(unit, name, number, begin, until, endurance)
        seen = any((unit.vehicle.name, k) in heights for k in range(len(weather)))
        if seen and len(found) == before:
            notes.append(f"{unit.name}: no time in which it is ready and the weather is planned.")
    found.sort(key=lambda one: (one[0], one[2]))
    slots = [
        Slot(
            name=f"sortie-{number}",
            unit=unit,
            aircraft=name,
            weather=air,
            begin=begin,
            until=until,
            endurance=endurance,
        )
        for number, (begin, unit, name, air, until, endurance) in enumerate(
            found[:MOST_SLOTS], start=1
        )
    ]
    if len(found) > MOST_SLOTS:
        notes.append(f"Only the first {MOST_SLOTS} of {len(found)} possible flights are planned.")
    return slots, list(dict.fromkeys(notes))


def _open(unit: Unit, air: Weather, earliest: datetime) -> list[tuple[datetime, datetime]]:
    """Return when a unit is ready while the weather is as planned."""
    windows = [(w.start, w.until) for w in unit.ready] or [(air.start, air.until)]
    cut = [(max(a, air.start, earliest), min(b, air.until)) for a, b in windows]
    return [(a, b) for a, b in cut if (b - a).total_seconds() >= LEAST_USEFUL]


def _fill(
    unit: Unit, name: str, air: int, begin: datetime, until: datetime, endurance: float
) -> list[_Flight]:
    """Return one flight after the other of one aircraft."""
    found: list[_Flight] = []
    start = begin
    while (until - start).total_seconds() >= LEAST_USEFUL and len(found) < MOST_SLOTS:
        lasts = min(endurance, (until - start).total_seconds())
        found.append((start, unit, name, air, until, lasts))
        start += timedelta(seconds=lasts + unit.vehicle.turnaround)
    return found
