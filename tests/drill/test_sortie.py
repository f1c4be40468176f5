"""A sortie: where drones may be, that they come home, and what goes wrong on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_exercise import SMALL, Dull, wanderer

from barlovento.drill.craft import RESERVE
from barlovento.drill.ports import Ordered, Situation
from barlovento.drill.prepare import equipped, orders_of, world_of
from barlovento.drill.records import Sortie
from barlovento.drill.sortie import fly_sortie
from barlovento.errors import BadInput
from barlovento.exercise.sites import Exercise, Faults

ELL = ((-150.0, -150.0), (150.0, -150.0), (150.0, 150.0), (60.0, 150.0), (60.0, 0.0), (-150.0, 0.0))
"""A ring whose way home is not straight."""

AIRCRAFT = ("light-multirotor", "gas-multirotor")

WORST = Faults(lost_links=60.0, low_battery=30.0)

# Sites take time to spread their gas and don't matter here.
EMPTY = replace(SMALL, sites=())


def flown(exercise: Exercise, seed: int, pilot: Any = None) -> Sortie:
    world = world_of(exercise, seed)
    return fly_sortie(orders_of(exercise, world), world, Dull(), pilot or wanderer(seed))


def check_places(exercise: Exercise, sortie: Sortie) -> None:
    ring = shapely.Polygon(exercise.permitted)
    for track in sortie.tracks:
        assert len(track)
        assert shapely.covers(ring, shapely.points(track[:, 1], track[:, 2])).all()
        assert (track[:, 3] >= exercise.floor - 1e-6).all()
        assert (track[:, 3] <= exercise.ceiling + 1e-6).all()


@settings(max_examples=20, deadline=None)
# Across a wind nearly as fast as the drone cruises: it makes least way neither in the weakest nor
# in the strongest wind that was reckoned with.
@example(seed=230, ring=SMALL.permitted, wind=8.0, aircraft=["light-multirotor"], faults=WORST)
@given(
    seed=st.integers(0, 10**6),
    ring=st.sampled_from([SMALL.permitted, ELL]),
    wind=st.floats(1.0, 8.0),
    aircraft=st.lists(st.sampled_from(AIRCRAFT), min_size=1, max_size=3),
    faults=st.sampled_from([Faults(), WORST]),
)
def test_drones_stay_where_they_may_be_and_come_home(
    seed: int, ring: Any, wind: float, aircraft: list[str], faults: Faults
) -> None:
    exercise = replace(
        EMPTY,
        permitted=ring,
        aircraft=tuple(aircraft),
        faults=faults,
        atmosphere=replace(EMPTY.atmosphere, wind_speed=wind),
    )
    sortie = flown(exercise, seed)
    check_places(exercise, sortie)
    assert all(sortie.came_home)
    for track in sortie.tracks:
        assert np.hypot(*(track[-1, 1:3] - exercise.home)) < 1.0
        # One place a second, and no jumps: 17 m/s of airspeed at most, and the wind.
        assert np.diff(track[:, 0]) == pytest.approx(1.0)
        assert np.hypot(*np.diff(track[:, 1:3], axis=0).T).max() < 17.0 + 2.0 * wind
    assert sortie.flight_time <= exercise.duration


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0.13, 0.3))
def test_the_reserve_is_kept(seed: int, share: float) -> None:
    # Not time but what is left in the battery ends this flight.
    exercise = replace(EMPTY, duration=1500)
    world = world_of(exercise, seed)
    orders = orders_of(exercise, world)
    small = replace(orders.aircraft[0], battery=share * orders.aircraft[0].battery)
    sortie = fly_sortie(replace(orders, aircraft=(small,)), world, Dull(), wanderer(seed))
    assert sortie.came_home == (True,)
    assert sortie.flight_time < exercise.duration - 60.0
    # The wind on the way home is not the one that was foreseen: a few per cent may go.
    assert sortie.energies[0][-1] >= RESERVE - 0.03
    assert (np.diff(sortie.energies[0]) <= 0.0).all()


def test_the_same_seed_flies_the_same() -> None:
    one, other = flown(SMALL, 3), flown(SMALL, 3)
    assert one.frames[-1] == other.frames[-1]
    assert np.array_equal(one.tracks[0], other.tracks[0])
    assert np.array_equal(one.rows.mole_fraction, other.rows.mole_fraction)


def test_readings_are_taken_in_the_air_only() -> None:
    sortie = flown(replace(SMALL, aircraft=("light-multirotor",) * 2), 5)
    for k, track in enumerate(sortie.tracks):
        mine = sortie.rows.drone == k
        assert sortie.rows.time[mine].max() <= track[-1, 0]
        assert mine.sum() == len(track)


def test_a_likely_source_breaks_off_a_sweep_but_not_a_persons_leg() -> None:
    def long_leg(whole: bool) -> Any:
        first = [True]

        def choose(situation: Situation) -> Ordered:
            if not first:
                return Ordered(phase="home", waypoints=(), why="seen enough")
            first.clear()
            place = np.array([[-140.0, 140.0, 15.0], [140.0, 140.0, 15.0]])
            return Ordered(phase="sweep", waypoints=(place,), why="far", whole=whole)

        return choose

    class Quick(Dull):
        @property
        def probability(self) -> float:
            return 0.1 if self.readings < 15 else 0.9

        def updated(self, observations: Any, meteorology: Any) -> Quick:
            return Quick(self.readings + len(observations))

    def fly(whole: bool) -> Sortie:
        world = world_of(EMPTY, 1)
        return fly_sortie(orders_of(EMPTY, world), world, Quick(), long_leg(whole))

    broken, kept = fly(whole=False), fly(whole=True)
    assert any("broken off" in frame.event for frame in broken.frames)
    assert broken.flight_time < 60.0 < kept.flight_time


def test_a_lost_link_holds_and_comes_home() -> None:
    exercise = replace(EMPTY, faults=Faults(lost_links=40.0, lost_link_time=300.0), duration=300)
    sortie = flown(exercise, 2)
    events = "; ".join(frame.event for frame in sortie.frames if frame.event)
    assert "lost its link and holds" in events
    assert "comes home" in events
    holding = [f for f in sortie.frames if f.drones[0].state == "holding"]
    assert holding
    spots = np.array([p for f in holding for p in f.drones[0].path])
    assert np.ptp(spots[:, :2], axis=0).max() < 25.0
    assert sortie.came_home == (True,)
    # What was read without a link was kept on board and came in at home.
    assert len(np.unique(sortie.rows.time)) == len(sortie.tracks[0])


def test_a_low_battery_brings_home_whom_it_leaves_too_little() -> None:
    exercise = replace(EMPTY, faults=Faults(low_battery=40.0), duration=600)
    world = world_of(exercise, 1)
    orders = orders_of(exercise, world)
    small = replace(orders.aircraft[0], battery=0.12 * orders.aircraft[0].battery)
    sortie = fly_sortie(replace(orders, aircraft=(small,)), world, Dull(), wanderer(1))
    assert any("fell to 50%" in frame.event for frame in sortie.frames)
    assert sortie.came_home == (True,)
    check_places(exercise, sortie)


# ---------------------------------------------------------------- what can't be flown


def refused(**changes: Any) -> str:
    exercise = replace(EMPTY, **changes)
    with pytest.raises(BadInput) as error:
        orders_of(exercise, world_of(exercise, 1))
    return str(error.value)


def test_home_outside_of_the_permitted_area_is_refused() -> None:
    assert "Home" in refused(home=(500.0, 0.0))


def test_an_area_too_far_away_is_refused() -> None:
    far = ((-30000.0, -150.0), (30000.0, -150.0), (30000.0, 150.0), (-30000.0, 150.0))
    said = refused(permitted=far, home=(29000.0, 0.0), duration=7200)
    assert "can't reach" in said


def test_an_exercise_shorter_than_the_way_is_refused() -> None:
    far = ((-3000.0, -150.0), (3000.0, -150.0), (3000.0, 150.0), (-3000.0, 150.0))
    said = refused(permitted=far, home=(2900.0, 0.0), duration=120)
    assert "the exercise lasts 120 s" in said


def test_too_much_wind_is_refused() -> None:
    assert "wind" in refused(atmosphere=replace(EMPTY.atmosphere, wind_speed=20.0))


def test_a_strip_too_narrow_to_turn_in_is_refused() -> None:
    strip = ((-150.0, -10.0), (150.0, -10.0), (150.0, 10.0), (-150.0, 10.0))
    assert "too narrow" in refused(permitted=strip, home=(0.0, 0.0), aircraft=("vtol-wing",))


def test_unknown_aircraft_and_too_many_drones_are_refused() -> None:
    with pytest.raises(BadInput, match="No aircraft"):
        equipped(SMALL, "kite", None)
    with pytest.raises(BadInput, match="1 to 8"):
        equipped(SMALL, None, 40)
    assert equipped(SMALL, "gas-multirotor", 3).aircraft == ("gas-multirotor",) * 3


def test_a_slow_sensor_beside_a_fast_one_does_not_mix_averaging_times() -> None:
    exercise = replace(EMPTY, duration=800, sensors=("adsorbent-gc", "study-0p3"))
    told: list[float] = []

    class Listening(Dull):
        def updated(self, observations: Any, meteorology: Any) -> Listening:
            told.append(observations.averaging_time)
            return self

    world = world_of(exercise, 1)
    sortie = fly_sortie(orders_of(exercise, world), world, Listening(), wanderer(1))
    assert len(told) > 5
    assert set(told) == {1.0}
    assert (sortie.rows.sensor == 0).any()
