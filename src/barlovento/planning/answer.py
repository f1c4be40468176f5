"""From judged flights to the plan: what each may find, what stays unsearched, whom to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import ZoneKind
from barlovento.domain.sortie import LeftOut, Plan, PlannedCell, Sortie
from barlovento.guard.consents import read_request
from barlovento.guard.zones import whom_to_ask
from barlovento.plan.assemble import shares
from barlovento.plan.room import flat, flat_rings, round_again
from barlovento.plan.slots import aircraft_names, wind_at
from barlovento.plan.working import Sight, corridor_of
from barlovento.planning.asking import Asked, Cells, base_of, states_of
from barlovento.planning.flights import Judged
from barlovento.planning.rooms import Rooms

TOLD = 2
"""So many shortfalls of a refused flight are told."""
AROUND = 1000.0
"""Consent is asked so far beyond the area and the bases [m]."""
LEAST_MISSING = 0.01
"""Share of the area without consent from which on it is asked for [1]."""


def plan_of(
    asked: Asked,
    cells: Cells,
    judged: Sequence[Judged],
    left: Sequence[LeftOut],
    sights: Mapping[tuple[str, int], Sight],
    rooms: Rooms,
    *,
    bound: float,
    terrain: str,
    notes: Sequence[str],
) -> tuple[Plan, list[Judged]]:
    """Return the plan and the flights that are in it, numbered anew in order of their start.

    Parameters
    ----------
    asked : Asked
        Region and fleet.
    cells : Cells
        With their prior.
    judged : sequence of Judged
        Flights, cleared or not.
    left : sequence of LeftOut
        Those that were left out before.
    sights, rooms : mapping and Rooms
        What each aircraft sees, and where it may be.
    bound : float
        Of the allocation [1].
    terrain : str
        Where heights of the ground are from.
    notes : sequence of str
        What people must know.
    """
    cleared = [one for one in judged if one.clearance is not None]
    refused = [
        LeftOut(
            name=one.timed.slot.name,
            aircraft=one.timed.slot.aircraft,
            why=" ".join(
                f"Lacks {s.lacks} ({s.leg}). {s.detail} {s.ask}" for s in one.shortfalls[:TOLD]
            ),
        )
        for one in judged
        if one.clearance is None
    ]
    missed = np.ones(len(cells.prior))
    sorties = []
    for one in cleared:
        seen = _seen(one, cells) * one.timed.sight.probability
        finds = float((cells.prior * missed * seen).sum())
        missed *= 1.0 - seen
        sorties.append(_sortie(asked, one, finds))
    detected = 1.0 - missed
    why = _why_not(cells, sights, rooms, detected)
    return Plan(
        title=asked.region.title,
        area=asked.region.area,
        sorties=tuple(sorties),
        left_out=(*left, *refused),
        cells=tuple(
            PlannedCell(ring=ring, prior=float(p), detected=float(d), why_not=w)
            for ring, p, d, w in zip(cells.rings, cells.prior, detected, why, strict=True)
        ),
        expected_finds=float((cells.prior * detected).sum()),
        bound=max(bound, float((cells.prior * detected).sum())),
        terrain=terrain,
        time_zone=asked.region.time_zone,
        notes=tuple(dict.fromkeys(notes)),
    ), cleared


def _seen(one: Judged, cells: Cells) -> NDArray[np.float64]:
    """Return which share of each cell that was asked for is looked over [1]."""
    found = np.zeros(len(cells.prior))
    chosen = list(one.timed.flight.cells)
    found[chosen] = shares([cells.shapes[k] for k in chosen], one.timed.flight.looked_over)
    return found


def _sortie(asked: Asked, one: Judged, finds: float) -> Sortie:
    import shapely

    timed, sight = one.timed, one.timed.sight
    path, air = timed.flight.path, asked.region.weather[timed.slot.weather]
    assert sight.sensor is not None
    assert one.clearance is not None
    area = flat_rings(asked.region.area, asked.origin)
    return Sortie(
        name=timed.slot.name,
        unit=timed.slot.unit.name,
        vehicle=timed.slot.unit.vehicle.title,
        route=one.route,
        sensing=tuple(bool(s) for s in path.sensing),
        airspeed=path.manner.airspeed,
        wind_speed=wind_at(air, sight.height),
        wind_from_direction=air.wind_from_direction,
        height=sight.height,
        spacing=sight.spacing,
        length=path.length,
        leg_length=path.leg_length,
        duration=path.duration,
        endurance=timed.slot.endurance,
        detection=sight.probability,
        expected_finds=finds,
        looked_over=float(shapely.area(timed.flight.looked_over.intersection(area))),
        sees=sight.sensor.title,
        consents=one.clearance.consents,
        valid_until=one.clearance.valid_until.isoformat(timespec="seconds"),
    )


def _why_not(
    cells: Cells,
    sights: Mapping[tuple[str, int], Sight],
    rooms: Rooms,
    detected: NDArray[np.float64],
) -> list[str]:
    """Return for each cell that nothing looks at why it is so."""
    import shapely

    points = shapely.points(cells.centres)
    agreed = shapely.covers(rooms.consented, points)
    reached = np.zeros(len(points), dtype=bool)
    for room in rooms.inside.values():
        reached |= np.asarray(shapely.covers(room, points))
    blind = not any(sight.sensor is not None for sight in sights.values())
    found = []
    for seen, consent, reach in zip(detected, agreed, reached, strict=True):
        if seen > 0:
            found.append("")
        elif blind:
            found.append("No aircraft of the fleet sees anything here at a permitted height.")
        elif not consent:
            found.append("No living consent, or a zone that is closed.")
        elif not reach:
            found.append("No straight permitted way home to any base, or too near to an edge.")
        else:
            found.append("Within reach, but the flights there are find more elsewhere.")
    return found


def requests_of(asked: Asked, rooms: Rooms, sights: Mapping[tuple[str, int], Sight]) -> list[Any]:
    """Return drafts of what has to be asked so that more could be flown, as GeoJSON features.

    Parameters
    ----------
    asked : Asked
        Region, fleet, consents and zones.
    rooms : Rooms
        Where each aircraft may be.
    sights : mapping
        By name of the vehicle and number of the weather.
    """
    import shapely

    region = asked.region
    area = flat_rings(region.area, asked.origin)
    units = [u for u in asked.fleet.units if any(k[0] == u.vehicle.name for k in sights)]
    places = [shapely.Point(base_of(unit, asked.origin)) for unit in units]
    aircraft = sorted({name for unit in units for name in aircraft_names(unit)})
    sensors = sorted({s.sensor.name for s in sights.values() if s.sensor is not None})
    tops = [
        s.height + corridor_of(s.vehicle).height_error
        for s in sights.values()
        if s.sensor is not None
    ]
    if not sensors:
        return []
    common = {
        "holder": asked.holder,
        "purpose": region.purpose,
        "valid_from": _day(min(air.start for air in region.weather) - timedelta(hours=12)),
        "valid_until": _day(max(air.until for air in region.weather) + timedelta(hours=12)),
        "lower": None,
        "upper": {"value": float(np.ceil(max(tops))), "unit": "m", "reference": "AGL"},
        "aircraft": aircraft,
        "sensors": sensors,
    }
    found = []
    grounded = [key for key, room in rooms.inside.items() if room.is_empty]
    missing = area.difference(rooms.consented).area / area.area
    if grounded or missing > LEAST_MISSING:
        whole = shapely.union_all([area, *places]).convex_hull.buffer(AROUND).simplify(100.0)
        found += [_request(state, whole, asked, common) for state in states_of(asked, whole)]
    agreed = {consent.authority for consent in asked.ground.where.living}
    for zone in asked.ground.zones:
        asks = zone.kind in (ZoneKind.REQUIRES_AUTHORISATION, ZoneKind.CONDITIONAL)
        if not asks or not zone.country or whom_to_ask(zone) in agreed:
            continue
        shape = _near(zone, area, asked)
        if shape is not None:
            found.append(_request(whom_to_ask(zone), shape, asked, common))
    return found


def _near(zone: Any, area: Any, asked: Asked) -> Any | None:
    """Return the part of a zone that lies over the area, with a margin, or None."""
    from barlovento.plan.room import near

    parts = [
        flat(volume.area, asked.origin, outward=True)
        for volume in zone.volumes
        if near(volume.area, area, asked.origin)
    ]
    import shapely

    over = shapely.union_all(parts).intersection(area.buffer(AROUND))
    return None if over.area < 1.0 else over.convex_hull.buffer(200.0).simplify(20.0)


def _request(authority: str, shape: Any, asked: Asked, common: Mapping[str, Any]) -> Any:
    (rings, *_) = round_again(shape, asked.origin)
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": rings},
        "properties": {"authority": authority, **common},
    }
    read_request(feature)
    return feature


def _day(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds"))
