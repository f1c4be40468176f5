"""How each aircraft looks best in each weather."""

from __future__ import annotations

from collections.abc import Mapping

from barlovento.domain.fleet import Fleet
from barlovento.domain.region import Region
from barlovento.plan.working import Sight


def sights_of(region: Region, fleet: Fleet) -> dict[tuple[str, int], Sight]:
    """Return the best sight of each vehicle in each weather."""
    found = {}
    for unit in fleet.units:
        v = unit.vehicle
        for k in range(len(region.weather)):
            h = max(v.height_range[0], region.height_range[0])
            s = v.sensors[0] if v.sensors else None
            found[v.name, k] = Sight(
                vehicle=v, sensor=s, height=h, spacing=300.0, probability=0.4, why=""
            )
    return found


def notes_of(
    region: Region, fleet: Fleet, sights: Mapping[tuple[str, int], Sight]
) -> list[str]:
    """Return what sees nothing, with the reason."""
    return [s.why for s in sights.values() if s.why]
