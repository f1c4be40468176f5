"""Where each aircraft of a plan may look and fly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from barlovento.domain.fleet import Unit
from barlovento.plan.room import HAIR, consented, flat_rings, forbidden, somebody
from barlovento.plan.sight_lines import visible_from
from barlovento.plan.slots import aircraft_names
from barlovento.plan.working import Sight, corridor_of
from barlovento.planning.asking import Asked, base_of, states_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOLD = 2
"""So many reasons are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Where each aircraft may look and fly, and why nowhere.

    Parameters
    ----------
    inside : mapping
        By aircraft and number of the weather: all that has a straight permitted way home [m].
    why : mapping
        The same keys: why there is none, or where it ends.
    consented : shapely geometry
        All that is consented for some aircraft [m].
    """

    inside: Mapping[tuple[str, int], Any]
    why: Mapping[tuple[str, int], str]
    consented: Any


def rooms_of(asked: Asked, sights: Mapping[tuple[str, int], Sight]) -> Rooms:
    """Return where each aircraft may be in each weather.

    Parameters
    ----------
    asked : Asked
        Consents, zones, region and fleet.
    sights : mapping
        By name of the vehicle and number of the weather.
    """
    import shapely

    inside: dict[tuple[str, int], Any] = {}
    why: dict[tuple[str, int], str] = {}
    every = [shapely.Polygon()]
    area = flat_rings(asked.region.area, asked.origin)
    for unit in asked.fleet.units:
        base = base_of(unit, asked.origin)
        for number in range(len(asked.region.weather)):
            sight = sights.get((unit.vehicle.name, number))
            if sight is None or sight.sensor is None:
                continue
            for name in aircraft_names(unit):
                room, reason = _room(asked, unit, name, number, sight, area, base)
                every.append(room)
                seen = shapely.Polygon()
                if not room.is_empty:
                    narrow = room.buffer(-(corridor_of(unit.vehicle).side + HAIR))
                    seen = visible_from(narrow, base)
                    if seen.is_empty:
                        reason = (
                            f"The base of {unit.name} does not lie inside of what is consented, "
                            "or too near to its edge."
                        )
                inside[name, number] = seen
                why[name, number] = reason
    return Rooms(inside=inside, why=why, consented=shapely.union_all(every))


def _room(
    asked: Asked,
    unit: Unit,
    name: str,
    number: int,
    sight: Sight,
    area: Any,
    base: NDArray[np.float64],
) -> tuple[Any, str]:
    """Return where consents lie, less zones and what stand-off forbids, and why it is so."""
    import shapely

    assert sight.sensor is not None
    air, ground = asked.region.weather[number], asked.ground
    top = sight.height + corridor_of(unit.vehicle).height_error
    who = somebody(name, asked.holder, asked.region.purpose, (sight.sensor.name,))
    begin = max(air.start, asked.earliest)
    whole = shapely.union_all([area, shapely.Point(base).buffer(2000.0)]).convex_hull
    states = states_of(asked, whole.buffer(2000.0))
    reasons: list[str] = []
    room = whole.buffer(5000.0 + corridor_of(unit.vehicle).side)
    if states:
        agreed, reasons = consented(
            ground.where.living,
            asked.origin,
            who=who,
            revoked=ground.where.revoked,
            now=ground.moment,
            begin=begin,
            until=air.until,
            top=top,
        )
        room = agreed.intersection(whole.buffer(20_000.0))
        if room.is_empty:
            missing = f"No living consent of {', '.join(states)} is for {name} here."
            return room, " ".join([missing, *reasons[:TOLD]])
    closed = forbidden(
        ground.zones,
        ground.where.living,
        asked.origin,
        within=whole.buffer(20_000.0),
        begin=begin,
        until=air.until,
        top=top,
    )
    return room.difference(closed), " ".join(reasons[:TOLD])
