"""From prior, fleet and weather to the problem that is allocated: kinds, values, times, sorties."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.fleet import Fleet, Unit, Vehicle
from barlovento.domain.geodesy import to_local
from barlovento.domain.region import Region, Weather
from barlovento.plan.detection import Detection, sweep_detection
from barlovento.plan.prior import Prior
from barlovento.plan.problem import Problem, Sortie

Floats = NDArray[np.float64]

HEIGHTS = 6
"""Heights that are tried for each aircraft in each weather."""
TURN = 5.0
"""What a turn at the end of a leg takes of an aircraft that turns on the spot (assumed) [s]."""
SHORTEST = 300.0
"""A sortie with less time than this isn't planned [s]."""
MOST_CLOSED = 700
"""Up to so many cells ways lead round what is closed; beyond, a blocked way is not flown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One sortie as people know it.

    Parameters
    ----------
    unit : Unit
        Who flies.
    weather : Weather
        In which wind.
    start, until : datetime
        When it may be in the air.
    kind : int
        Column of the problem.
    """

    unit: Unit
    weather: Weather
    start: datetime
    until: datetime
    kind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A problem with what its numbers stand for.

    Parameters
    ----------
    problem : Problem
        To allocate.
    slots : tuple of Slot
        One for each sortie of the problem.
    detections : tuple of Detection
        One for each kind.
    blind : tuple of str
        Plain sentences on units that see nothing, or can't fly, in some weather.
    """

    problem: Problem
    slots: tuple[Slot, ...]
    detections: tuple[Detection, ...]
    blind: tuple[str, ...]


def best_detection(vehicle: Vehicle, region: Region, weather: Weather) -> Detection:
    """Return the sweep of one aircraft that finds most in a second of flight.

    Parameters
    ----------
    vehicle : Vehicle
        All its sensors are tried.
    region : Region
        Its heights, species, rates.
    weather : Weather
        The wind.

    Returns
    -------
    Detection
        One that sees nothing, with the reason, where no permitted height sees anything.
    """
    low = max(vehicle.height_range[0], region.height_range[0])
    high = min(vehicle.height_range[1], region.height_range[1])
    if low > high:
        # The height is the aircraft's own: the region's limit is what keeps it out.
        blind = sweep_detection(
            vehicle, None, height=vehicle.height_range[0], spacing=None, weather=weather,
            rate_prior=region.rate, release_height=region.release_height, species=region.species,
        )  # fmt: skip
        why = (
            f"{vehicle.name} works from {vehicle.height_range[0]:g} to "
            f"{vehicle.height_range[1]:g} m above ground; the region permits "
            f"{region.height_range[0]:g} to {region.height_range[1]:g} m."
        )
        return replace(blind, why=why)
    found = [
        sweep_detection(
            vehicle, sensor, height=float(height), spacing=None, weather=weather,
            rate_prior=region.rate, release_height=region.release_height, species=region.species,
        )
        for sensor in (vehicle.sensors or (None,))
        for height in np.unique(np.geomspace(low, high, HEIGHTS))
    ]  # fmt: skip
    return max(found, key=lambda one: (one.sees, one.per_second))


def lay_out(
    prior: Prior,
    fleet: Fleet,
    region: Region,
    *,
    closed: Any = None,
    border: Any = None,
) -> Laid:
    """Return the problem of one region.

    Parameters
    ----------
    prior : Prior
        Expected sites by cell.
    fleet : Fleet
        Who can fly.
    region : Region
        Weather, heights and what is looked for.
    closed : shapely geometry, optional
        Where nobody may fly, in metres of the prior's frame.
    border : shapely geometry, optional
        Ground that aircraft which stand off may not enter or come near to, in the same metres.

    Returns
    -------
    Laid
        Problem, sorties, detections, and what sees nothing.
    """
    kinds: dict[tuple[str, int], int] = {}
    detections: list[Detection] = []
    made: list[tuple[Vehicle, Weather]] = []
    blind: list[str] = []
    slots: list[Slot] = []
    for unit in fleet.units:
        for number, weather in enumerate(region.weather):
            key = (unit.vehicle.name, number)
            if key not in kinds:
                detection = best_detection(unit.vehicle, region, weather)
                if not detection.sees:
                    blind.append(f"{weather.start:%Y-%m-%d %H:%M %Z}: {detection.why}")
                kinds[key] = len(made) if detection.sees else -1
                if detection.sees:
                    made.append((unit.vehicle, weather))
                    detections.append(detection)
            if kinds[key] >= 0:
                slots += _slots(unit, weather, kinds[key])
    cells = prior.cells
    count = len(cells.names)
    values, costs = np.zeros((count, len(made))), np.ones((count, len(made)))
    transit = np.zeros((len(made), count, count))
    free = [_Free(cells.places, _barred(vehicle, closed, border)) for vehicle, _ in made]
    for k, ((vehicle, weather), detection) in enumerate(zip(made, detections, strict=True)):
        values[:, k] = prior.worth(detection)
        costs[:, k] = sweep_seconds(vehicle, detection, cells.areas)
        transit[k] = free[k].ways(vehicle, weather)
    sorties = []
    for slot in slots:
        vehicle, weather = made[slot.kind]
        base = np.column_stack(to_local(*[[b] for b in slot.unit.base], origin=cells.origin))[0]
        leave, back = free[slot.kind].from_base(base, vehicle, weather, transit[slot.kind])
        height = detections[slot.kind].height
        up, down = height / vehicle.climb_rate, height / vehicle.descent_rate
        window = (slot.until - slot.start).total_seconds()
        endurance = min(vehicle.endurance_in(weather.wind_speed), window)
        sorties.append(
            Sortie(
                kind=slot.kind,
                endurance=max(0.0, endurance - up - down),
                leave=leave,
                back=back,
                allowed=free[slot.kind].open,
                name=f"{slot.unit.name} {slot.start:%d %H:%M}",
            )
        )
    problem = Problem(values=values, costs=costs, transit=transit, sorties=sorties)
    return Laid(
        problem=problem, slots=tuple(slots), detections=tuple(detections), blind=tuple(blind)
    )


def sweep_seconds(vehicle: Vehicle, detection: Detection, areas: Floats) -> Floats:
    """Return how long legs over cells take, turns between them included.

    Parameters
    ----------
    vehicle : Vehicle
        Its turns.
    detection : Detection
        Its spacing and speed.
    areas : ndarray, shape (n,)
        Of the cells [m2].

    Returns
    -------
    ndarray, shape (n,)
        [s].
    """
    # Of a cell narrower than the spacing only its share of a longer strip is flown.
    side = np.sqrt(areas)
    turn = max(TURN, math.pi * vehicle.turn_radius / vehicle.cruise)
    legs = side / detection.spacing
    return np.asarray(areas / (detection.spacing * detection.speed) + turn * np.minimum(legs, 20.0))


def way_seconds(step: Floats, vehicle: Vehicle, weather: Weather) -> Floats:
    """Return how long straight ways take in the wind, by the wind triangle.

    Parameters
    ----------
    step : ndarray, shape (..., 2)
        East and north [m].
    vehicle : Vehicle
        Its airspeed.
    weather : Weather
        The wind.

    Returns
    -------
    ndarray, shape (...)
        [s].
    """
    wind = np.array(weather.towards)
    length = np.hypot(step[..., 0], step[..., 1])
    along = (step @ wind) / np.maximum(length, 1e-9)
    across = np.maximum(weather.wind_speed**2 - along**2, 0.0)
    return np.asarray(length / (along + np.sqrt(vehicle.cruise**2 - across)))


def _slots(unit: Unit, weather: Weather, kind: int) -> list[Slot]:
    """Return the sorties that a unit can fly in one weather, one after the other."""
    vehicle = unit.vehicle
    flying = vehicle.endurance_in(weather.wind_speed)
    if flying < SHORTEST:
        return []
    found = []
    spans = [(r.start, r.until) for r in unit.ready] or [(weather.start, weather.until)]
    for start, until in spans:
        first, last = max(start, weather.start), min(until, weather.until)
        while (last - first).total_seconds() >= SHORTEST:
            end = min(last, first + timedelta(seconds=flying))
            found += [
                Slot(unit=unit, weather=weather, start=first, until=end, kind=kind)
                for _ in range(min(unit.count, unit.crews))
            ]
            first = first + timedelta(seconds=flying + vehicle.turnaround)
    return found


def _barred(vehicle: Vehicle, closed: Any, border: Any) -> Any:
    """Return where one aircraft may not be, or None."""
    import shapely

    parts = [] if closed is None else [closed]
    if vehicle.stand_off and border is not None:
        parts.append(border.buffer(vehicle.margin))
    return shapely.union_all(parts) if parts else None


class _Free:
    """Ways between cells for an aircraft that may not be everywhere."""

    def __init__(self, places: Floats, barred: Any) -> None:
        import shapely

        self._places, self._barred = places, barred
        self.open = np.ones(len(places), np.bool_)
        if barred is not None:
            shapely.prepare(barred)
            self.open = ~shapely.intersects_xy(barred, places[:, 0], places[:, 1])

    def ways(self, vehicle: Vehicle, weather: Weather) -> Floats:
        """Return times between all cells; infinite where none leads [s]."""
        step = self._places[None, :, :] - self._places[:, None, :]
        seconds = way_seconds(step, vehicle, weather)
        if self._barred is None:
            return seconds
        for i, row in enumerate(seconds):
            row[self._blocked(self._places[i])] = np.inf
        seconds[~self.open] = np.inf
        seconds[:, ~self.open] = np.inf
        if len(seconds) <= MOST_CLOSED:
            from scipy.sparse.csgraph import floyd_warshall

            seconds = np.asarray(floyd_warshall(np.where(seconds > 0, seconds, 1e-6)))
            np.fill_diagonal(seconds, 0.0)
        return seconds

    def from_base(
        self, base: Floats, vehicle: Vehicle, weather: Weather, between: Floats
    ) -> tuple[Floats, Floats]:
        """Return times from a base to each cell and back [s]."""
        leave = way_seconds(self._places - base, vehicle, weather)
        back = way_seconds(base - self._places, vehicle, weather)
        if self._barred is None:
            return leave, back
        blocked = self._blocked(base) | ~self.open
        leave[blocked], back[blocked] = np.inf, np.inf
        if len(self._places) <= MOST_CLOSED:
            leave = np.minimum(leave, (leave[:, None] + between).min(axis=0))
            back = np.minimum(back, (between + back[None, :]).min(axis=1))
        return leave, back

    def _blocked(self, start: Floats) -> NDArray[np.bool_]:
        """Return to which cells no straight way leads."""
        import shapely

        ends = np.stack([np.broadcast_to(start, self._places.shape), self._places], axis=1)
        return np.asarray(shapely.intersects(self._barred, shapely.linestrings(ends)))


def started(
    problem: Problem, number: int, *, place: int, left: float, searched: Sequence[int]
) -> Sortie:
    """Return a sortie in flight: it goes on from a cell, with the time that is left.

    Parameters
    ----------
    problem : Problem
        Of the plan.
    number : int
        Which sortie.
    place : int
        The cell where it is.
    left : float
        In the air till it must have landed [s].
    searched : sequence of int
        Cells that are done, by any sortie; nobody goes there again.

    Returns
    -------
    Sortie
        To stand in a new problem for :func:`~barlovento.plan.allocate.allocate` with the orders and
        prices of the plan.
    """
    given = problem.sorties[number]
    allowed = given.allowed.copy()
    allowed[list(searched)] = False
    return Sortie(
        kind=given.kind,
        endurance=max(0.0, left),
        leave=problem.transit[given.kind, place].copy(),
        back=given.back,
        allowed=allowed,
        name=given.name,
        crew=given.crew,
    )
