"""From a scenario to a sortie that can be flown: aircraft, world, belief."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from barlovento.domain.observation import Meteorology, Observations
from barlovento.drill.craft import margin_of
from barlovento.drill.fence import fence
from barlovento.drill.ports import chosen
from barlovento.drill.records import Orders
from barlovento.drill.shots import blowing, last_wind
from barlovento.errors import BadInput
from barlovento.exercise.sensed import Sensed

if TYPE_CHECKING:
    from barlovento.exercise.live import World
    from barlovento.exercise.sites import Exercise

LATE_HOME = 300
"""The world goes on for so long after the exercise's end, for whoever comes home late [s]."""

BETWEEN = 600
"""Between two sorties: landing, a fresh battery, take-off [s]."""

MOST_DRONES = 8


def equipped(exercise: Exercise, aircraft: str | None, drones: int | None) -> Exercise:
    """Return the exercise with other aircraft, or another number of them.

    Parameters
    ----------
    exercise : Exercise
        As read.
    aircraft : str or None
        Name in the catalogue; None leaves those of the scenario.
    drones : int or None
        How many.

    Raises
    ------
    BadInput
        There is no such aircraft, or the number can't be.
    """
    from barlovento.fly.aircraft import find_aircraft

    if drones is not None and not 1 <= drones <= MOST_DRONES:
        raise BadInput(f"{drones} drones can't be flown. Give 1 to {MOST_DRONES}.")
    names = exercise.aircraft if aircraft is None else (aircraft,) * len(exercise.aircraft)
    if drones is not None:
        names = tuple(names[k % len(names)] for k in range(drones))
    for name in names:
        find_aircraft(name)
    return replace(exercise, aircraft=names)


def world_of(exercise: Exercise, seed: int, sorties: int = 1) -> World:
    """Return the hidden world, long enough for the sorties and a late return.

    Parameters
    ----------
    exercise : Exercise
        The scenario.
    seed : int
        Of everything that is drawn.
    sorties : int
        Flown one after the other.
    """
    from barlovento.exercise.live import World

    length = sorties * (exercise.duration + LATE_HOME) + (sorties - 1) * BETWEEN
    return World(replace(exercise, duration=length), seed)


def orders_of(exercise: Exercise, world: Any) -> Orders:
    """Return what a sortie is flown with, after checks that it can be flown at all.

    Parameters
    ----------
    exercise : Exercise
        The scenario.
    world : World
        That it is flown in.

    Raises
    ------
    BadInput
        Home is not permitted, an aircraft can't reach the area and come back, the wind is too
        strong for it, or the permitted area is too narrow.
    """
    from barlovento.fly.aircraft import find_aircraft

    crafts = tuple(find_aircraft(name) for name in exercise.aircraft)
    wind = blowing(last_wind(world.meteorology()))
    for craft in dict.fromkeys(name for name in exercise.aircraft):
        _check(exercise, find_aircraft(craft), wind)

    seen: set[int] = set()

    def observe(rows: Sensed, meteorology: Meteorology) -> Observations | None:
        from barlovento.exercise.flights import to_survey
        from barlovento.exercise.presets import preset

        mine = (rows.species == 0) & ~rows.bad
        seen.update(rows.sensor[mine].tolist())
        interval = {k: preset(exercise.sensors[k]).interval for k in seen}
        # A belief takes readings of one averaging time: those of the fastest sensors.
        fast = [k for k in seen if interval[k] == min(interval.values())]
        rows = chosen(rows, np.isin(rows.sensor, fast))
        if not ((rows.species == 0) & ~rows.bad).any():
            return None
        return to_survey(exercise, rows, meteorology).observations

    return Orders(exercise=exercise, aircraft=crafts, observe=observe, wind=world.wind)


def _check(exercise: Exercise, craft: Any, wind: tuple[float, float]) -> None:
    """Refuse a sortie that can't be."""
    import shapely
    from shapely.ops import nearest_points

    from barlovento.fly.aircraft import check_reach

    around = fence(exercise.permitted, margin_of(craft), exercise.floor, exercise.ceiling)
    place = np.array([[*exercise.home, exercise.floor]])
    if not around.holds(place)[0]:
        raise BadInput(
            f"Home at ({exercise.home[0]:.0f}, {exercise.home[1]:.0f}) m lies outside of the "
            "permitted area. Move home into it, or permit an area that holds it."
        )
    (west, east), (south, north) = exercise.area.x, exercise.area.y
    area = shapely.box(west, south, east, north).intersection(shapely.Polygon(exercise.permitted))
    nearest = nearest_points(
        area if not area.is_empty else shapely.Polygon(exercise.permitted),
        shapely.Point(exercise.home),
    )[0]
    points = [(nearest.x, nearest.y)]
    check_reach(craft, exercise.home, np.array(points), exercise.floor, wind)
    way = around.way((nearest.x, nearest.y), exercise.home)
    line = np.array([(nearest.x, nearest.y), *way])
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    slowest = max(craft.cruise - float(np.hypot(*wind)), 0.2 * craft.cruise)
    if 2.0 * length / slowest > exercise.duration:
        raise BadInput(
            f"{craft.name} needs {2.0 * length / slowest:.0f} s to the area and back in this wind, "
            f"and the exercise lasts {exercise.duration} s. Move home nearer, or fly longer."
        )


def belief_of(exercise: Exercise, seed: int) -> Any:
    """Return the belief before the first reading.

    Parameters
    ----------
    exercise : Exercise
        For its species, area and sensors.
    seed : int
        Of the belief's own random numbers.
    """
    from barlovento.domain.species import find_species
    from barlovento.exercise.presets import preset
    from barlovento.exercise.sensing import T90_OVER_TIME
    from barlovento.search.belief import Setting, start

    rise = max((preset(name).rise for name in exercise.sensors), default=0.0)
    setting = Setting(
        species=find_species(exercise.species[0]),
        area=exercise.area,
        response_time=rise / T90_OVER_TIME,
    )
    return start(setting, seed)
