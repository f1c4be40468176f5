"""The steps of a plan between its inputs and its files: room, problem, flights, waiting times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.fleet import Sensor, Vehicle
from barlovento.domain.region import Region
from barlovento.plan.assemble import Flight, fly_over
from barlovento.plan.deconflict import Separation, Track4, least_delay
from barlovento.plan.problem import Problem
from barlovento.plan.problem import Sortie as Wanted
from barlovento.plan.route import Manner, SortiePath
from barlovento.plan.slots import Slot, wind_at

FloatArray = NDArray[np.float64]

TURNING = 1.15
"""Legs of a cell with the turns between them, over the legs alone; measured on hexagons [1]."""
APART = Separation(apart=50.0, above=15.0)
"""What lies between two aircraft of a plan, beside the errors of both."""
LONGEST_WAIT = 3600.0
"""A flight that would have to wait longer for others is left out [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corridor:
    """How far an aircraft may be from its route; assumed, and the crew's limit.

    Parameters
    ----------
    navigation_error, gust_drift, turn_radius : float
        To the side [m].
    height_error : float
        Above and below [m].
    time_error : float
        Early and late [s].
    """

    navigation_error: float
    gust_drift: float
    turn_radius: float
    height_error: float
    time_error: float

    @property
    def side(self) -> float:
        """Return the whole distance to the side [m]."""
        return self.navigation_error + self.gust_drift + self.turn_radius


def corridor_of(vehicle: Vehicle) -> Corridor:
    """Return how far an aircraft may be from its route."""
    if vehicle.kind == "multirotor":
        return Corridor(
            navigation_error=5.0,
            gust_drift=5.0,
            turn_radius=max(vehicle.turn_radius, 5.0),
            height_error=5.0,
            time_error=60.0,
        )
    return Corridor(
        navigation_error=10.0,
        gust_drift=15.0,
        turn_radius=vehicle.turn_radius,
        height_error=10.0,
        time_error=60.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How an aircraft looks best in one weather.

    Parameters
    ----------
    vehicle : Vehicle
        The aircraft.
    sensor : Sensor or None
        What it looks with; None without any that sees.
    height : float
        Above ground [m].
    spacing : float
        Between legs [m].
    probability : float
        That a site in what it looks over is noticed [1].
    why : str
        Why it sees nothing; empty where it sees.
    """

    vehicle: Vehicle
    sensor: Sensor | None
    height: float
    spacing: float
    probability: float
    why: str


def manner_of(slot: Slot, sight: Sight, region: Region) -> Manner:
    """Return how a slot's aircraft flies."""
    air = region.weather[slot.weather]
    stronger = wind_at(air, sight.height) / air.wind_speed
    east, north = air.towards
    vehicle = slot.unit.vehicle
    return Manner(
        airspeed=vehicle.cruise,
        climb_rate=vehicle.climb_rate,
        descent_rate=vehicle.descent_rate,
        turn_radius=vehicle.turn_radius,
        height=sight.height,
        endurance=slot.endurance,
        wind=(east * stronger, north * stronger),
        overlap=min(50.0, sight.spacing),
    )


def problem_of(
    prior: FloatArray,
    shapes: Sequence[Any],
    centres: FloatArray,
    slots: Sequence[Slot],
    options: Mapping[tuple[str, int], Sequence[Sight]],
    rooms: Mapping[tuple[str, int], Any],
    bases: Mapping[str, FloatArray],
    region: Region,
) -> tuple[Problem, list[tuple[Slot, Sight]]]:
    """Return what is allocated, and the slot and sight of each of its sorties.

    A slot that can be flown in several ways is several sorties of one crew that flies one.

    Parameters
    ----------
    prior : ndarray
        Of each cell [1].
    shapes : sequence of shapely Polygon
        Of the cells [m].
    centres : ndarray
        Of the cells, shape (cells, 2) [m].
    slots : sequence of Slot
        Flights that could be flown.
    options : mapping
        Sights by name of the vehicle and number of the weather.
    rooms : mapping
        Where legs may lie, by name of the aircraft and number of the weather [m].
    bases : mapping
        x, y by name of the unit [m].
    region : Region
        For its weather.
    """
    import shapely

    flown = sorted({(slot.unit.vehicle.name, slot.weather) for slot in slots})
    kinds = [(key, n) for key in flown for n in range(len(options[key]))]
    area = shapely.area(np.array(shapes, dtype=object))
    values = np.zeros((len(prior), len(kinds)))
    costs = np.full((len(prior), len(kinds)), np.inf)
    transit = np.zeros((len(kinds), len(prior), len(prior)))
    away = np.hypot(*(centres[:, None, :] - centres[None, :, :]).transpose(2, 0, 1))
    for k, kind in enumerate(kinds):
        sight = options[kind[0]][kind[1]]
        speed = sight.vehicle.speed_across(wind_at(region.weather[kind[0][1]], sight.height))
        values[:, k] = prior * sight.probability
        costs[:, k] = TURNING * area / sight.spacing / max(speed, 0.1)
        np.divide(away, sight.vehicle.cruise, out=transit[k])
    wanted: list[Wanted] = []
    ways: list[tuple[Slot, Sight]] = []
    inside: dict[tuple[str, int], NDArray[np.bool_]] = {}
    for slot in slots:
        lane = (slot.aircraft, slot.weather)
        if lane not in inside:
            room = rooms[lane]
            shapely.prepare(room)
            inside[lane] = np.asarray(shapely.covers(room, shapely.points(centres)))
        key = (slot.unit.vehicle.name, slot.weather)
        manner = manner_of(slot, options[key][0], region)
        base = bases[slot.unit.name]
        leave = manner.seconds(np.broadcast_to(base, centres.shape), centres)
        back = manner.seconds(centres, np.broadcast_to(base, centres.shape))
        for number, sight in enumerate(options[key]):
            ways.append((slot, sight))
            wanted.append(
                Wanted(
                    kind=kinds.index((key, number)),
                    endurance=max(0.0, slot.endurance - manner.up - manner.down),
                    leave=leave,
                    back=back,
                    allowed=inside[lane],
                    name=slot.name,
                    crew=slot.name,
                )
            )
    crews = {slot.name: 1 for slot in slots}
    return Problem(values=values, costs=costs, transit=transit, sorties=wanted, crews=crews), ways


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A flight with its start.

    Parameters
    ----------
    slot : Slot
        That it fills.
    sight : Sight
        How it looks.
    flight : Flight
        What it flies.
    begin : datetime
        When it takes off.
    """

    slot: Slot
    sight: Sight
    flight: Flight
    begin: datetime

    @property
    def end(self) -> datetime:
        """When it is back."""
        return self.begin + timedelta(seconds=self.flight.path.duration)


def build(
    slot: Slot,
    sight: Sight,
    cells: Sequence[int],
    shapes: Sequence[Any],
    worth: FloatArray,
    *,
    room: Any,
    base: FloatArray,
    region: Region,
) -> Flight | None:
    """Return the flight of a slot over its cells, legs across the wind.

    Parameters
    ----------
    slot, sight, region
        Who flies, how it looks, and in which weather.
    cells : sequence of int
        Wanted, by number.
    shapes : sequence of shapely Polygon
        Of all cells [m].
    worth : ndarray
        Of all cells [1].
    room : shapely Polygon
        Where legs may lie [m].
    base : ndarray
        x, y [m].
    """
    return fly_over(
        cells,
        shapes,
        worth,
        room=room,
        base=base,
        manner=manner_of(slot, sight, region),
        heading_deg=(region.weather[slot.weather].wind_from_direction + 90.0) % 180.0,
        spacing=sight.spacing,
    )


def track_of(name: str, path: SortiePath, begin: float, corridor: Corridor) -> Track4:
    """Return where a flight is when, with its errors.

    Parameters
    ----------
    name : str
        Of the flight.
    path : SortiePath
        What it flies.
    begin : float
        When, on the plan's clock [s].
    corridor : Corridor
        Its errors.
    """
    return Track4(
        name=name,
        seconds=path.seconds + begin,
        places=np.column_stack([path.places, path.heights]),
        margin=corridor.side,
        height_margin=corridor.height_error,
        time_margin=corridor.time_error,
    )


def earliest_start(
    slot: Slot,
    flight: Flight,
    others: Sequence[Timed],
    *,
    origin: datetime,
) -> datetime | None:
    """Return when a flight may take off so that it keeps apart from those that are set.

    Parameters
    ----------
    slot : Slot
        That it fills.
    flight : Flight
        What it flies.
    others : sequence of Timed
        Set already; those of the same aircraft come home first.
    origin : datetime
        Beginning of the plan's clock.

    Returns
    -------
    datetime or None
        None when no wait within the slot's time does it.
    """
    turnaround = timedelta(seconds=slot.unit.vehicle.turnaround)
    free = [one.end + turnaround for one in others if one.slot.aircraft == slot.aircraft]
    begin = max([slot.begin, *free]) if free else slot.begin
    begin = begin.replace(microsecond=0) + timedelta(seconds=1 if begin.microsecond else 0)
    left = (slot.until - begin).total_seconds() - flight.path.duration
    if left < 0:
        return None
    own = track_of(
        slot.name,
        flight.path,
        (begin - origin).total_seconds(),
        corridor_of(slot.unit.vehicle),
    )
    near = [
        track_of(
            one.slot.name,
            one.flight.path,
            (one.begin - origin).total_seconds(),
            corridor_of(one.slot.unit.vehicle),
        )
        for one in others
        if one.slot.aircraft != slot.aircraft
    ]
    most = min(left, LONGEST_WAIT)
    first, last = float(own.seconds[0]), float(own.seconds[-1]) + most
    reach = 2 * own.time_margin
    near = [t for t in near if t.seconds[0] - reach <= last and t.seconds[-1] + reach >= first]
    delay = least_delay(own, near, APART, most=most, step=60.0)
    return None if delay is None else begin + timedelta(seconds=math.ceil(delay))
