"""The world that goes on: the same numbers in any pieces, gas that is kept, and its edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from barlovento.errors import BadInput
from barlovento.exercise.live import Exercise, Sensed, Site, World, joined, to_survey, write_flight
from barlovento.exercise.records import HiddenSource
from barlovento.fly.survey import read_survey

Maker = Callable[..., Exercise]


def crossing(seconds: int = 120) -> NDArray[np.float64]:
    """Two drones that fly across the plume, there and back."""
    second = np.arange(1, seconds + 1)
    y = np.abs((5 * second) % 240 - 120) - 60.0
    one = np.column_stack([np.full(seconds, 60.0), y, np.full(seconds, 6.0)])
    return np.stack([one, one * [1.5, -1.0, 1.0]])


def flown(exercise: Exercise, seed: int, pieces: int = 60) -> Sensed:
    world, places = World(exercise, seed), crossing()[: len(exercise.aircraft)]
    parts = range(0, places.shape[1], pieces)
    return joined([world.advance(places[:, k : k + pieces]) for k in parts])


def assert_same(one: Sensed, other: Sensed) -> None:
    for name in Sensed._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


@pytest.fixture
def busy(exercise: Maker) -> Exercise:
    """Everything at once: two drones, three sensors with lags and faults, four species."""
    return exercise(
        aircraft=("a", "b"),
        sensors=("study-0p3", "mox", "tdlas-ch4"),
        species=("acetone", "toluene", "methane"),
        faults={
            "dropouts": 200.0,
            "stuck": 200.0,
            "clock_offset": 1.5,
            "clock_drift": 30.0,
            "rotor_diameter": 3.0,
            "rotor_wash": 0.5,
        },
        fluctuation_intensity=0.8,
    )


@pytest.mark.parametrize("pieces", [1, 7, 60])
def test_pieces_of_a_flight_give_the_numbers_of_the_whole(busy: Exercise, pieces: int) -> None:
    whole = flown(busy, 3, 120)
    assert whole.bad.any()
    assert np.nanmax(whole.mole_fraction[whole.species == 0]) > 20.0
    assert_same(whole, flown(busy, 3, pieces))


def test_same_seed_same_numbers_another_seed_others(busy: Exercise) -> None:
    one = flown(busy, 3)
    assert_same(one, flown(busy, 3))
    assert not np.array_equal(one.mole_fraction, flown(busy, 4).mole_fraction, equal_nan=True)


def test_doubled_rate_doubles_what_is_added(exercise: Maker) -> None:
    plain = exercise(sensors=("plain",), backgrounds={})
    one, two = flown(plain, 5), flown(plain.with_rate(2e-3), 5)
    assert one.mole_fraction.max() > 20.0
    np.testing.assert_allclose(two.mole_fraction, 2.0 * one.mole_fraction, rtol=1e-12)


def test_one_cloud_serves_all_species_in_proportion(exercise: Maker) -> None:
    # Mole fraction goes with rate over molar mass: 92.14 / 58.08 for toluene and acetone.
    rates = {"acetone": 1e-3, "toluene": 5e-4}
    site = Site(
        name="s",
        kind="hidden",
        vents=(HiddenSource(x=0.0, y=0.0, z=2.0, emission_rate=1.0),),
        rates=rates,
    )
    world = exercise(
        sensors=("plain",), backgrounds={}, species=("acetone", "toluene"), sites=(site,)
    )
    told = flown(world, 5)
    acetone, toluene = (told.mole_fraction[told.species == k] for k in (0, 1))
    np.testing.assert_allclose(acetone, toluene * 2.0 * 92.1384 / 58.0791, rtol=1e-4)


def test_gas_through_a_plane_is_the_rate(exercise: Maker) -> None:
    # A comb of drones downwind; the wind is 5 m/s at 10 m over z0 = 0.03 m.
    y, z = np.linspace(-60.0, 60.0, 17), np.array([0.1, 0.7, 1.5, 2.5, 4.0, 6.0, 9.0, 13.0, 20.0])
    grid = np.array([(80.0, a, b) for a in y for b in z])
    world = World(
        exercise(sensors=("plain",), backgrounds={}, aircraft=("d",) * len(grid), duration=240), 2
    )
    told = world.advance(np.repeat(grid[:, None], 240, axis=1))
    mean = np.zeros(len(grid))
    np.add.at(mean, told.drone, told.mole_fraction / 240.0)
    # ppb of acetone at 293.15 K and 101325 Pa to kg m-3: p M / (R T).
    density = 1e-9 * mean * 101325.0 * 0.0580791 / (8.314462618 * 293.15)
    speed = 5.0 * np.log(z / 0.03) / np.log(10.0 / 0.03)
    flux = np.trapezoid(np.trapezoid(density.reshape(y.size, z.size), y, axis=0) * speed, z)
    assert flux == pytest.approx(1e-3, rel=0.15)


def test_a_site_is_heard_only_while_it_is_on(exercise: Maker) -> None:
    site = Site(
        name="s",
        kind="hidden",
        vents=(HiddenSource(x=0.0, y=0.0, z=2.0, emission_rate=1.0, windows=((-600.0, 30.0),)),),
        rates={"acetone": 1e-3},
    )
    world = World(exercise(sensors=("plain",), backgrounds={}, sites=(site,)), 1)
    still = np.full((1, 100, 3), [30.0, 0.0, 3.0])
    told = world.advance(still).mole_fraction
    assert told[:30].mean() > 10.0
    assert told[60:].max() == 0.0
    (truth,) = world.truth().sites
    assert truth.rates == {"acetone": 1e-3}
    assert truth.mean_rates["acetone"] == pytest.approx(3e-4)


def test_truth_is_what_the_seed_drew(exercise: Maker) -> None:
    drawn = exercise(sites=(), random={"hidden": (2, 2), "rate": (1e-4, 1e-3), "edge": 20.0})
    places = [World(drawn, seed).truth().hidden for seed in (1, 1, 2)]
    assert places[0] == places[1]
    assert (places[0][0].x, places[0][0].y) != (places[2][0].x, places[2][0].y)
    louder = World(drawn.with_rate(0.5), 1).truth().hidden
    assert [(s.x, s.y) for s in louder] == [(s.x, s.y) for s in places[0]]
    assert [s.rates["acetone"] for s in louder] == pytest.approx([0.5, 0.5])
    assert len(World(drawn.with_sites(3), 1).truth().hidden) == 3


def test_the_mast_tells_only_the_past(exercise: Maker) -> None:
    world = World(exercise(interval=10.0), 1)
    start = world.exercise.start.timestamp()
    assert world.meteorology().time[-1] == start
    before = world.meteorology().wind_speed
    world.advance(crossing(25)[:1])
    later = world.meteorology()
    assert later.time[-1] == start + 20.0
    np.testing.assert_array_equal(later.wind_speed[: before.size], before)


def test_the_carrying_wind_is_that_of_the_scenario(exercise: Maker) -> None:
    east, north = World(exercise(), 1).wind(10.0, 10.0)
    assert east == pytest.approx(5.0, rel=0.01)
    assert north == pytest.approx(0.0, abs=1e-6)


def test_a_given_course_of_the_wind_is_followed(exercise: Maker) -> None:
    world = World(exercise(wind_record=((0.0, 2.0, 350.0), (240.0, 6.0, 30.0))), 1)
    for second, speed, blows_to in ((0, 2.0, 170.0), (120, 4.0, 190.0), (239, 5.98, 209.8)):
        east, north = world.wind(second, 10.0)
        assert np.hypot(east, north) == pytest.approx(speed, rel=0.01)
        assert np.degrees(np.arctan2(east, north)) % 360.0 == pytest.approx(blows_to, abs=0.5)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (np.zeros((2, 5, 3)), "a place for each drone"),
        (np.zeros((1, 5, 2)), "a place for each drone"),
        (np.full((1, 5, 3), np.nan), "not a finite number"),
        (np.zeros((1, 241, 3)), "ends in 240 s"),
    ],
)
def test_places_that_cannot_be_flown_are_refused(
    exercise: Maker, places: NDArray[np.float64], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        World(exercise(), 1).advance(places)


def test_a_flight_is_written_and_read_back(busy: Exercise, tmp_path: Any) -> None:
    world = World(replace(busy, origin=(-30.0, 40.0)), 3)
    rows = world.advance(crossing())
    folders = write_flight(tmp_path / "flight", busy, rows, world.meteorology())
    assert [f.name for f in folders] == ["acetone", "toluene", "methane"]
    for folder, name in zip(folders, busy.species, strict=True):
        read, made = read_survey(folder), to_survey(busy, rows, world.meteorology(), name)
        assert read.species == made.species
        assert read.observations.sensor_names == made.observations.sensor_names
        np.testing.assert_allclose(
            read.observations.concentration, made.observations.concentration, rtol=2e-3
        )
        np.testing.assert_allclose(read.observations.x2, made.observations.x2, atol=0.006)
    assert not list(tmp_path.glob("flight/**/truth*"))


def test_a_last_reading_after_the_last_wind_is_covered(exercise: Maker, tmp_path: Any) -> None:
    one = exercise(interval=60.0)
    world = World(one, 3)
    rows = world.advance(crossing(100)[:1])
    (folder,) = write_flight(tmp_path / "flight", one, rows, world.meteorology())
    assert len(read_survey(folder).observations) == 100


def test_a_gas_that_was_not_read_is_told(busy: Exercise) -> None:
    world = World(busy, 3)
    rows = world.advance(crossing(5))
    with pytest.raises(BadInput, match="not measured"):
        to_survey(busy, rows, world.meteorology(), "benzene")


def test_another_simulators_plumes_can_be_flown(exercise: Maker) -> None:
    class Everywhere:
        def __init__(self, exercise: Exercise, *_: Any, **__: Any) -> None:
            self.species = len(exercise.species)

        def met(self, first: int, begin: Any, end: Any) -> Any:
            seconds = first + np.arange(begin.shape[1], dtype=np.float64)
            return np.broadcast_to(seconds, (self.species, *begin.shape[:2]))

    world = World(exercise(sensors=("plain",), backgrounds={}), 1, gas=Everywhere)
    first, later = world.advance(crossing(3)[:1]), world.advance(crossing(2)[:1])
    assert first.mole_fraction.tolist() == [0.0, 1.0, 2.0]
    assert later.mole_fraction.tolist() == [3.0, 4.0]
