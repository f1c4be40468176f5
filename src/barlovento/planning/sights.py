"""How each aircraft looks best in each weather: its sensor, height and distance between legs."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from barlovento.dispersion.turbulence import briggs
from barlovento.domain.fleet import Fleet, Sensor, Vehicle
from barlovento.domain.region import Region, Weather
from barlovento.domain.species import find_species
from barlovento.plan.slots import wind_at
from barlovento.plan.working import Sight

SPACINGS = np.geomspace(40.0, 2500.0, 43)
CELL_AREAS = {5: 2.529e8, 6: 3.613e7, 7: 5.161e6, 8: 7.373e5, 9: 1.053e5, 10: 1.505e4, 11: 2150.0}
"""Mean area of cells by resolution; H3, table of cell statistics [m2]."""
LEAST_WORTH = 0.01
"""A sight below this probability of noticing a site counts as seeing nothing [1]."""
MOLES = 101_325.0 / (8.314 * 293.0)
"""Of air in a cubic metre [mol m-3]."""


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
    sensors = [s for s in vehicle.sensors if s.responds_to(region.species)]
    if not sensors:
        return blind(f"{vehicle.title}: no sensor of it responds to {region.species}.")
    widest = math.sqrt(CELL_AREAS[region.cell_resolution])
    best: Sight | None = None
    for sensor in sensors:
        for height in np.unique(np.clip([low, 1.5 * low, 2.0 * low], low, high)):
            chances = noticed(sensor, vehicle, region, air, float(height))
            # Farther apart than a cell is wide, legs would leave out cells that were chosen.
            k = int(np.argmax(np.where(widest >= SPACINGS, chances * SPACINGS, -1.0)))
            if best is None or chances[k] * SPACINGS[k] > best.probability * best.spacing:
                best = Sight(
                    vehicle=vehicle,
                    sensor=sensor,
                    height=float(height),
                    spacing=float(SPACINGS[k]),
                    probability=float(chances[k]),
                    why="",
                )
    assert best is not None
    if best.probability < LEAST_WORTH:
        return blind(
            f"{vehicle.title}: at {low:.0f} m above ground, {air.wind_speed:g} m/s and class "
            f"{air.stability}, the usual site is too thin for its sensor: it sees nothing."
        )
    return best


def noticed(
    sensor: Sensor, vehicle: Vehicle, region: Region, air: Weather, height: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the probability that a site in the strip upwind of a leg is noticed, by spacing [1].

    Parameters
    ----------
    sensor : Sensor
        What is carried.
    vehicle : Vehicle
        For its speed.
    region : Region
        Prior of the rate, release height, species.
    air : Weather
        Wind and stability.
    height : float
        Of the leg above ground [m].
    """
    from scipy.special import ndtr

    away = np.linspace(0.5, 59.5, 60)[None, :] / 60.0 * SPACINGS[:, None]
    side, tall = briggs(away.ravel(), "ABCDEF".index(air.stability))
    side, tall = side.reshape(away.shape), tall.reshape(away.shape)
    speed = wind_at(air, max(height, region.release_height, 2.0))
    above, below = height - region.release_height, height + region.release_height
    if sensor.sees == "point":
        layers = np.exp(-0.5 * (above / tall) ** 2) + np.exp(-0.5 * (below / tall) ** 2)
        unit = layers / (2.0 * math.pi * speed * side * tall)
    else:
        unit = 1.0 / (math.sqrt(2.0 * math.pi) * speed * side)
    # A slow sensor keeps the less of a peak the narrower it is (first-order lag).
    crossing = 2.5 * side / max(vehicle.speed_across(speed), 1.0)
    kept = 1.0 - np.exp(-crossing / max(sensor.response_time, sensor.interval, 1e-3))
    molar = find_species(region.species).molar_mass
    ratio = unit * kept / molar / MOLES
    needed = sensor.detection_limit / np.maximum(ratio, 1e-300)
    strong = ndtr(np.log(region.rate.median / needed) / math.log(region.rate.gsd))
    found = region.rate.share_on * strong.mean(axis=1)
    return np.asarray(found, dtype=np.float64)


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
