"""How each aircraft looks best in each weather: its sensor, height and distance between legs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from barlovento.domain.fleet import Fleet, Sensor, Vehicle
from barlovento.domain.region import Region, Weather
from barlovento.plan.detection import Detection, sweep_detection
from barlovento.plan.working import Sight

FINER = (0.45, 0.2)
"""Spacings that are offered besides, over the one that finds most in a second [1]."""
CELL_AREAS = {5: 2.529e8, 6: 3.613e7, 7: 5.161e6, 8: 7.373e5, 9: 1.053e5, 10: 1.505e4, 11: 2150.0}
"""Mean area of cells by resolution; H3, table of cell statistics [m2]."""


def sights_of(region: Region, fleet: Fleet) -> dict[tuple[str, int], Sight]:
    """Return the best sight of each vehicle in each weather.

    Parameters
    ----------
    region : Region
        Weather, species, prior of the rate, heights.
    fleet : Fleet
        Vehicles with their sensors.
    """
    found: dict[tuple[str, int], Sight] = {}
    for vehicle in {unit.vehicle.name: unit.vehicle for unit in fleet.units}.values():
        for number, air in enumerate(region.weather):
            found[vehicle.name, number] = _best(vehicle, region, air)
    return found


def _best(vehicle: Vehicle, region: Region, air: Weather) -> Sight:
    """Return the sensor, height and spacing that find most in an hour."""
    low = max(vehicle.height_range[0], region.height_range[0])
    high = min(vehicle.height_range[1], region.height_range[1])

    def blind(why: str) -> Sight:
        return Sight(
            vehicle=vehicle, sensor=None, height=low, spacing=100.0, probability=0.0, why=why
        )

    if not vehicle.sensors:
        return blind(f"{vehicle.title}: carries no gas sensor, so it sees nothing.")
    if low > high:
        return blind(
            f"{vehicle.title}: works from {vehicle.height_range[0]:.0f} m up, and only "
            f"{region.height_range[1]:.0f} m are permitted: it sees nothing here."
        )
    widest = math.sqrt(CELL_AREAS[region.cell_resolution])
    best, why = None, ""
    for sensor in vehicle.sensors:
        for height in np.unique(np.clip([low, 1.5 * low, 2.0 * low], low, high)):
            found = _swept(vehicle, sensor, region, air, float(height), widest)
            why = why or found.why
            better = best is None or found.per_second > best[1].per_second
            if found.sees and better:
                best = sensor, found
    if best is None:
        return blind(why)
    return Sight(
        vehicle=vehicle,
        sensor=best[0],
        height=best[1].height,
        spacing=best[1].spacing,
        probability=best[1].probability,
        why="",
    )


def _swept(
    vehicle: Vehicle, sensor: Sensor, region: Region, air: Weather, height: float, widest: float
) -> Detection:
    """Return what a sweep sees with the legs that find most in a flight second."""
    found = _at(vehicle, sensor, region, air, height, None)
    # Farther apart than a cell is wide, legs would leave out cells that were chosen.
    return found if found.spacing <= widest else _at(vehicle, sensor, region, air, height, widest)


def _at(
    vehicle: Vehicle,
    sensor: Sensor,
    region: Region,
    air: Weather,
    height: float,
    spacing: float | None,
) -> Detection:
    return sweep_detection(
        vehicle,
        sensor,
        height=height,
        spacing=spacing,
        weather=air,
        rate_prior=region.rate,
        release_height=region.release_height,
        species=region.species,
    )


def options_of(
    region: Region, sights: Mapping[tuple[str, int], Sight]
) -> dict[tuple[str, int], tuple[Sight, ...]]:
    """Return besides each sight that finds most in a second finer ones that find more in all.

    Where a site is likely, closer legs are worth their time.

    Parameters
    ----------
    region : Region
        As for the sights.
    sights : mapping
        By name of the vehicle and number of the weather.
    """
    found = {}
    for key, sight in sights.items():
        several = [sight]
        if sight.sensor is not None and sight.sensor.sees != "image":
            for share in FINER:
                closer = _at(
                    sight.vehicle,
                    sight.sensor,
                    region,
                    region.weather[key[1]],
                    sight.height,
                    share * sight.spacing,
                )
                several.append(
                    replace(sight, spacing=closer.spacing, probability=closer.probability)
                )
        found[key] = tuple(several)
    return found


def notes_of(region: Region, fleet: Fleet, sights: Mapping[tuple[str, int], Sight]) -> list[str]:
    """Return what sees nothing, with the reason.

    Parameters
    ----------
    region, fleet : Region and Fleet
        What is planned.
    sights : mapping
        By name of the vehicle and number of the weather.
    """
    names = {unit.vehicle.name for unit in fleet.units}
    several = len(region.weather) > 1
    return [
        f"Weather {number + 1}: {sight.why}" if several else sight.why
        for (name, number), sight in sights.items()
        if name in names and sight.why
    ]
