"""From cells and aircraft to flights with times, each judged by guard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from barlovento.domain.airspace import Clearance, Route, Shortfall
from barlovento.domain.geodesy import to_geographic
from barlovento.domain.sortie import LeftOut
from barlovento.fly.plans import canonical_digest, route_of
from barlovento.permitting import judge
from barlovento.plan.room import flat_rings
from barlovento.plan.slots import Slot, slots_of, wind_at
from barlovento.plan.working import (
    Sight,
    Timed,
    build,
    corridor_of,
    earliest_start,
    problem_of,
)
from barlovento.planning.asking import Asked, Cells, Progress, base_of, states_of
from barlovento.planning.rooms import Rooms
from barlovento.planning.sights import options_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def plan_flights(
    asked: Asked,
    cells: Cells,
    sights: Mapping[tuple[str, int], Sight],
    rooms: Rooms,
    *,
    seconds: float,
    seed: int,
    progress: Progress,
) -> tuple[list[Timed], list[LeftOut], float, list[str]]:
    """Return flights with their times, those left out, the bound and notes.

    Parameters
    ----------
    asked : Asked
        Region and fleet.
    cells : Cells
        With their prior.
    sights, rooms : mapping and Rooms
        What each aircraft sees, and where it may be.
    seconds : float
        For the allocation [s].
    seed : int
        Of the allocation.
    progress : callable
        Told of shares and steps.
    """
    from barlovento.plan.allocate import allocate

    heights = {key: sight.height for key, sight in sights.items() if sight.sensor is not None}
    slots, notes = slots_of(asked.fleet, asked.region.weather, heights, earliest=asked.earliest)
    slots = [s for s in slots if not rooms.inside[s.aircraft, s.weather].is_empty]
    if not slots:
        return [], [], 0.0, notes
    bases = {unit.name: base_of(unit, asked.origin) for unit in asked.fleet.units}
    used = _within(cells, rooms)
    progress(0.25, "allocating cells to flights")
    options = options_of(asked.region, sights)
    problem, ways = problem_of(
        cells.prior[used],
        [cells.shapes[k] for k in used],
        cells.centres[used],
        slots,
        options,
        rooms.inside,
        bases,
        asked.region,
    )
    allocation = allocate(problem, seconds=seconds, seed=seed)
    flown: list[Timed] = []
    left: list[LeftOut] = []
    for (slot, sight), order in zip(ways, allocation.orders, strict=True):
        if not order:
            continue
        progress(0.5 + 0.2 * len(flown) / len(slots), f"laying the legs of {slot.name}")
        made = _flight(asked, slot, sight, [int(used[k]) for k in order], cells, rooms, bases)
        if made is None:
            left.append(_out(slot, "None of its cells could be flown over on one battery."))
            continue
        begin = earliest_start(slot, made, flown, origin=asked.earliest)
        if begin is None:
            left.append(_out(slot, "It found no time at which it keeps apart from the others."))
            continue
        flown.append(Timed(slot=slot, sight=sight, flight=made, begin=begin))
    # Nothing finds more than every cell looked at in the best way.
    most = float(problem.values.max(axis=1).sum())
    return flown, left, min(float(allocation.bound), most), notes


def _flight(
    asked: Asked,
    slot: Slot,
    sight: Sight,
    wanted: Sequence[int],
    cells: Cells,
    rooms: Rooms,
    bases: Mapping[str, NDArray[np.float64]],
) -> Any:
    return build(
        slot,
        sight,
        wanted,
        cells.shapes,
        cells.prior,
        room=rooms.inside[slot.aircraft, slot.weather],
        base=bases[slot.unit.name],
        region=asked.region,
    )


def _out(slot: Slot, why: str) -> LeftOut:
    return LeftOut(name=slot.name, aircraft=slot.aircraft, why=why)


def _within(cells: Cells, rooms: Rooms) -> NDArray[np.int64]:
    """Return the cells whose middle some aircraft may look at."""
    import shapely

    points = shapely.points(cells.centres)
    found = np.zeros(len(points), dtype=bool)
    for room in rooms.inside.values():
        shapely.prepare(room)
        found |= np.asarray(shapely.covers(room, points))
    return np.flatnonzero(found)


def feature_of(asked: Asked, timed: Timed, name: str) -> dict[str, Any]:
    """Return a flight as the GeoJSON that `clear` reads.

    Parameters
    ----------
    asked : Asked
        Region and holder.
    timed : Timed
        The flight with its start.
    name : str
        Of the sortie.
    """
    path, sight, unit = timed.flight.path, timed.sight, timed.slot.unit
    assert sight.sensor is not None
    lon, lat = to_geographic(path.places[:, 0], path.places[:, 1], origin=asked.origin)
    lon, lat = lon.round(8), lat.round(8)
    corridor = corridor_of(unit.vehicle)
    slowest = unit.vehicle.cruise - wind_at(asked.region.weather[timed.slot.weather], sight.height)
    properties: dict[str, Any] = {
        "schema": 1,
        "id": name,
        "aircraft": timed.slot.aircraft,
        "purpose": asked.region.purpose,
        "holder": asked.holder,
        "sensors": [sight.sensor.name],
        "height_reference": "AGL",
        "times": [_iso(timed.begin + timedelta(seconds=float(s))) for s in path.seconds],
        "home": [float(lon[0]), float(lat[0]), sight.height],
        "return_speed_m_s": round(max(slowest, 1.0), 2),
        "buffer": {
            "navigation_error_m": corridor.navigation_error,
            "gust_drift_m": corridor.gust_drift,
            "turn_radius_m": corridor.turn_radius,
            "height_error_m": corridor.height_error,
            "time_error_s": corridor.time_error,
        },
    }
    if unit.vehicle.stand_off:
        area = flat_rings(asked.region.area, asked.origin)
        states = states_of(asked, area)
        properties["stand_off"] = [
            {"state": state, "margin_m": unit.vehicle.margin} for state in states
        ]
    heights = path.heights.round(2).tolist()
    places = [list(place) for place in zip(lon.tolist(), lat.tolist(), heights, strict=True)]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": places},
        "properties": properties,
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A flight after guard has looked at it.

    Parameters
    ----------
    timed : Timed
        The flight.
    feature : mapping
        As it was judged.
    route : Route
        The same.
    clearance : Clearance or None
        The proof.
    shortfalls : tuple of Shortfall
        What is missing.
    """

    timed: Timed
    feature: Mapping[str, Any]
    route: Route
    clearance: Clearance | None
    shortfalls: tuple[Shortfall, ...]


def judge_flights(asked: Asked, flown: Sequence[Timed], progress: Progress) -> list[Judged]:
    """Return every flight with its proof or what it lacks."""
    found = []
    for number, timed in enumerate(flown):
        progress(0.7 + 0.2 * number / len(flown), f"clearing {timed.slot.name}")
        feature = feature_of(asked, timed, timed.slot.name)
        route = route_of(
            feature["properties"],
            feature["geometry"]["coordinates"],
            name=timed.slot.name,
            digest=canonical_digest(feature),
        )
        clearance, shortfalls = judge(asked.ground, route)
        found.append(
            Judged(
                timed=timed,
                feature=feature,
                route=route,
                clearance=clearance,
                shortfalls=shortfalls,
            )
        )
    return found
