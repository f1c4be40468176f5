"""Buildings: nothing inside, air neither made nor lost, and less of it moving in the lee."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from barlovento.exercise import air, town_wind
from barlovento.exercise.gas import Gas
from barlovento.exercise.live import Exercise, World
from barlovento.exercise.records import HiddenSource
from barlovento.exercise.sites import Building, Site
from barlovento.exercise.town import OPEN, inside, shift
from barlovento.exercise.town_wind import CELL, LEVEL, town_of

Maker = Callable[..., Exercise]

BLOCKS = tuple(
    Building(name=f"b{k}", x=x, y=y, length=30.0, width=20.0, height=10.0, direction=turned)
    for k, (x, y, turned) in enumerate([(40.0, 0.0, 0.0), (75.0, 30.0, 35.0), (75.0, -30.0, 80.0)])
)


@pytest.fixture(scope="module")
def layer() -> air.Layer:
    return air.build_layer(
        friction=0.4, roughness_length=0.5, obukhov_length=math.inf, mixing_height=600.0
    )


def particles_of(exercise: Exercise, seed: int = 1) -> tuple[np.ndarray, Gas]:
    world = World(exercise, seed)
    world.advance(np.full((1, 60, 3), [90.0, 0.0, 15.0]))
    return world._gas.particles, world._gas


def test_no_particle_is_ever_inside_of_a_building(exercise: Maker) -> None:
    world = World(exercise(buildings=BLOCKS, roughness_length=0.5, meander_direction_sd=15.0), 1)
    for _ in range(60):
        world.advance(np.full((1, 1, 3), [90.0, 0.0, 15.0]))
        places, town = world._gas.particles, world._gas._town
        assert len(places) > 300
        assert max(inside(*place, town) for place in places) == -1


def test_gas_let_out_inside_leaves_through_the_roof(exercise: Maker) -> None:
    vent = HiddenSource(x=40.0, y=0.0, z=3.0, emission_rate=1.0)
    site = Site(name="s", kind="hidden", vents=(vent,), rates={"acetone": 1e-3})
    places, gas = particles_of(exercise(buildings=BLOCKS[:1], sites=(site,)))
    assert max(inside(*place, gas._town) for place in places) == -1
    over = places[np.hypot(places[:, 0] - 40.0, places[:, 1]) < 5.0]
    assert len(over) > 5
    assert over[:, 2].min() >= 10.0


def test_a_building_holds_gas_back_in_its_lee(exercise: Maker) -> None:
    vent = HiddenSource(x=56.0, y=0.0, z=2.0, emission_rate=1.0)
    site = Site(name="s", kind="hidden", vents=(vent,), rates={"acetone": 1e-3})
    counts = []
    for buildings in ((), BLOCKS[:1]):
        places, _ = particles_of(exercise(buildings=buildings, sites=(site,), roughness_length=0.5))
        counts.append(int((places[:, 0] < 66.0).sum()))
    assert counts[1] > 1.5 * counts[0]


def test_open_land_bends_nothing(layer: air.Layer) -> None:
    assert town_of((), layer, np.array([270.0])) is OPEN
    assert shift(10.0, 0.0, 5.0, (1.0, 1.0, 0.0), OPEN) == (0.0, 0.0, 0.0)


def test_the_bent_wind_neither_makes_nor_loses_air(layer: air.Layer) -> None:
    # Through the six sides of a box about a building, clear of walls.
    town = town_of(BLOCKS[:1], layer, np.array([270.0]))
    bent = town.bent[0].astype(float)
    x = town.corner[0] + CELL * (np.arange(bent.shape[0]) + 0.5)
    y = town.corner[1] + CELL * (np.arange(bent.shape[1]) + 0.5)
    a, b = np.searchsorted(x, [10.0, 85.0])
    c, d = np.searchsorted(y, [-35.0, 35.0])
    top = 6
    out = (bent[b, c:d, :top, 0] - bent[a, c:d, :top, 0]).sum() * CELL * LEVEL
    out += (bent[a:b, d, :top, 1] - bent[a:b, c, :top, 1]).sum() * CELL * LEVEL
    out += bent[a:b, c:d, top, 2].sum() * CELL * CELL
    # Against what a wind of 2 m/s would carry through the side that faces it.
    assert abs(out) < 0.06 * 2.0 * (d - c) * top * CELL * LEVEL


def test_wind_is_slow_behind_and_quick_beside(layer: air.Layer) -> None:
    town = town_of(BLOCKS[:1], layer, np.array([270.0]))
    toward = (1.0, 1.0, 0.0)
    open_wind = float(layer.at(4.5)[air.SPEED])
    behind = shift(56.0, 0.0, 4.5, toward, town)[0]
    beside = shift(40.0, 24.0, 4.5, toward, town)[0]
    far = shift(-35.0, 0.0, 4.5, toward, town)[0]
    # In the cavity the air turns round.
    assert open_wind + behind < 0.0
    assert beside > 0.0
    assert abs(far) < 0.15 * open_wind


def test_between_two_directions_the_wind_is_a_mix(layer: air.Layer) -> None:
    town = town_of(BLOCKS, layer, np.array([262.0, 283.0]))

    def at(direction: float) -> np.ndarray:
        angle = math.radians(direction)
        return np.array(shift(60.0, 8.0, 6.0, (1.0, -math.sin(angle), -math.cos(angle)), town))

    first, middle, last = at(270.0), at(277.5), at(285.0)
    np.testing.assert_allclose(middle, 0.5 * (first + last), atol=1e-9)
    assert np.abs(first - last).max() > 0.05


def test_a_half_wind_is_bent_half_as_much(layer: air.Layer) -> None:
    town = town_of(BLOCKS, layer, np.array([270.0]))
    one, half = (np.array(shift(60.0, 8.0, 6.0, (f, 1.0, 0.0), town)) for f in (1.0, 0.5))
    np.testing.assert_allclose(half, 0.5 * one, atol=1e-12)


def test_winds_are_computed_once_for_a_town(layer: air.Layer) -> None:
    town_of(BLOCKS, layer, np.array([270.0]))
    before = town_wind._field.cache_info().misses
    town_of(BLOCKS, layer, np.array([270.0]))
    assert town_wind._field.cache_info().misses == before
