"""Whether the parts of a scenario fit together."""

from __future__ import annotations

import difflib
import math
import tomllib
from importlib.resources import files

from barlovento.errors import BadInput
from barlovento.exercise.placing import covers, depth_inside
from barlovento.exercise.presets import preset
from barlovento.exercise.scenario_keys import ScenarioKeys
from barlovento.exercise.sites import HIDDEN, Exercise

WIDEST = 5000.0
"""Widest permitted ring [m]: particles are kept all over it."""


def check_exercise(exercise: Exercise, keys: ScenarioKeys) -> None:
    """Note what doesn't fit together.

    Parameters
    ----------
    exercise : Exercise
        Where a key was faulty, something plain stands in for it; no species where one of them
        is not known.
    keys : ScenarioKeys
        Takes the faults.
    """
    _places(exercise, keys)
    _sensors(exercise, keys)
    _aircraft(exercise, keys)
    _buildings(exercise, keys)
    _wind(exercise, keys)


def _places(exercise: Exercise, keys: ScenarioKeys) -> None:
    """Check that sites and home lie inside, and that heights can be flown."""
    ring, area = exercise.permitted, exercise.area
    x, y = [p[0] for p in ring], [p[1] for p in ring]
    if max(max(x) - min(x), max(y) - min(y)) > WIDEST:
        keys.complain(
            "permitted.ring_m",
            f"The permitted ring is wider than {WIDEST:g} m.",
            "Give a smaller one: one wind record says nothing about more.",
        )
    if _crosses(ring):
        keys.complain(
            "permitted.ring_m", "Its sides cross each other.", "Give the corners in turn."
        )
    elif depth_inside(*exercise.home, ring) < 0.0:
        keys.complain(
            "permitted.home_m",
            "Home lies outside of the permitted ring.",
            "Aircraft start and land inside: move home or widen the ring.",
        )
    top = exercise.atmosphere.mixing_height
    if exercise.ceiling > top:
        keys.complain(
            "permitted.height_m",
            f"The permitted height ends above the mixing height of {top:g} m.",
            "Nothing is simulated up there: lower the one or raise the other.",
        )
    for site in exercise.sites:
        low, high = area.release_height
        for vent in site.vents:
            inside = (
                area.x[0] <= vent.x <= area.x[1]
                and area.y[0] <= vent.y <= area.y[1]
                and low <= vent.z <= high
            )
            if site.kind == HIDDEN and not inside:
                keys.complain(
                    f"site.{site.name}.at_m",
                    f"The hidden site has an opening at ({vent.x:g}, {vent.y:g}, {vent.z:g}) m, "
                    "outside of the search area.",
                    "Move it, or widen area.x_m, area.y_m or area.release_height_m.",
                )
                break
            if vent.z > top:
                keys.complain(
                    f"site.{site.name}.z_m",
                    "An opening is above the mixing height.",
                    "Lower it, or raise wind.mixing_height_m.",
                )
                break
    hidden = sum(site.kind == HIDDEN for site in exercise.sites) + exercise.random.hidden[1]
    if hidden > area.max_sources:
        keys.complain(
            "area.max_sources",
            f"There may be {hidden} hidden sites, but the solver is told of at most "
            f"{area.max_sources}.",
            "Raise max_sources or hide fewer.",
        )


def _sensors(exercise: Exercise, keys: ScenarioKeys) -> None:
    """Check that presets exist and tell something of what is measured."""
    searched, unknown = False, False
    for name in exercise.sensors:
        try:
            channels = preset(name).channels(exercise.species)
        except BadInput as problem:
            keys.problem("drones.sensors", problem)
            unknown = True
            continue
        if exercise.species and not channels:
            keys.complain(
                "drones.sensors",
                f"{name} responds to none of: {', '.join(exercise.species)}.",
                "Carry another sensor, or measure a gas that it responds to.",
            )
        searched |= any(channel.species == 0 for channel in channels)
    if exercise.species and exercise.sensors and not searched and not unknown:
        keys.complain(
            "drones.sensors",
            f"No sensor tells of {exercise.species[0]}, the gas that is searched for.",
            "Carry one that does, or list another gas first.",
        )


def _aircraft(exercise: Exercise, keys: ScenarioKeys) -> None:
    """Check names against the catalogue of aircraft, where there is one."""
    catalogue = files("barlovento.fly") / "aircraft.toml"
    if not catalogue.is_file():
        return
    table = tomllib.loads(catalogue.read_text(encoding="utf-8"))
    table = table.get("aircraft", table)
    known = [name for name, value in table.items() if isinstance(value, dict)]
    for name in exercise.aircraft:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {close[0]}? " if close else ""
            keys.complain(
                "drones.aircraft",
                f"There is no aircraft {name!r}.",
                f"{hint}Choose from: {', '.join(known)}.",
            )


def _buildings(exercise: Exercise, keys: ScenarioKeys) -> None:
    """Check that no building holds an opening or home."""
    for building in exercise.buildings:
        for site in exercise.sites:
            if any(covers(building, v.x, v.y) and v.z < building.height for v in site.vents):
                keys.complain(
                    f"site.{site.name}.at_m",
                    f"An opening lies inside of building {building.name}, from which no gas "
                    "comes out.",
                    "Put it on the wall or the roof: half a metre outside.",
                )
        if covers(building, *exercise.home):
            keys.complain(
                "permitted.home_m",
                f"Home lies inside of building {building.name}.",
                "Move one of them.",
            )


def _wind(exercise: Exercise, keys: ScenarioKeys) -> None:
    """Check that turbulence can be built on the wind."""
    air = exercise.atmosphere
    if air.obukhov_length > 0.0 and math.isfinite(air.obukhov_length):
        calm = air.mixing_height > 60.0 * air.obukhov_length
        if calm:
            keys.complain(
                "wind.mixing_height_m",
                f"A mixing height of {air.mixing_height:g} m doesn't go with an Obukhov length "
                f"of {air.obukhov_length:g} m: such stable air is a shallow layer.",
                f"Give at most {60.0 * air.obukhov_length:g} m.",
            )


def _crosses(ring: tuple[tuple[float, float], ...]) -> bool:
    """Return whether sides of a ring cross each other."""

    def turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    sides = list(zip(ring, (*ring[1:], ring[0]), strict=True))
    for k, (a, b) in enumerate(sides):
        for m in range(k + 2, len(sides)):
            c, d = sides[m]
            if k == 0 and m == len(sides) - 1:
                continue
            if turn(a, b, c) * turn(a, b, d) < 0.0 and turn(c, d, a) * turn(c, d, b) < 0.0:
                return True
    return False
