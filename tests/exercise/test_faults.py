"""What goes wrong in an exercise goes wrong as often and as long as the scenario says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from barlovento.exercise.live import Exercise, World
from barlovento.exercise.readout import spells, wash
from barlovento.exercise.records import HiddenSource
from barlovento.exercise.sites import Faults, Site

Maker = Callable[..., Exercise]

STILL = np.full((1, 240, 3), [30.0, 0.0, 3.0])


def told(exercise: Exercise, places: np.ndarray = STILL) -> np.ndarray:
    return World(exercise, 3).advance(places).mole_fraction


def test_spells_come_as_often_and_last_as_long_as_asked() -> None:
    hours = 400
    lasting = spells(np.random.default_rng(1), 3600 * hours, 6.0, 20.0)
    begins = int((np.diff(lasting.astype(int)) == 1).sum())
    assert begins / hours == pytest.approx(6.0, rel=0.1)
    assert lasting.sum() / begins == pytest.approx(20.0, rel=0.15)
    assert not spells(np.random.default_rng(1), 3600, 0.0, 20.0).any()


def test_gaps_are_marked_bad_and_hold_no_number(exercise: Maker) -> None:
    rows = World(exercise(faults={"dropouts": 100.0, "dropout_time": 12.0}), 3).advance(STILL)
    assert 10 < rows.bad.sum() < 200
    assert np.isnan(rows.mole_fraction[rows.bad]).all()
    assert np.isfinite(rows.mole_fraction[~rows.bad]).all()


def test_a_stuck_sensor_repeats_itself_unmarked(exercise: Maker) -> None:
    plain = told(exercise())
    stuck = told(exercise(faults={"stuck": 120.0, "stuck_time": 15.0}))
    same = np.diff(stuck) == 0.0
    assert 20 < same.sum() < 200
    assert not (np.diff(plain) == 0.0).any()
    # Between the spells it shows what it would have shown.
    free = np.concatenate([[True], ~same])
    np.testing.assert_array_equal(stuck[free], plain[free])


def test_nothing_is_shown_above_a_lowered_range(exercise: Maker) -> None:
    assert told(exercise()).max() > 200.0
    assert told(exercise(faults={"saturation": 50.0})).max() == 50.0


@pytest.mark.parametrize(("offset", "drift"), [(4.0, 0.0), (0.0, 120.0)])
def test_a_late_clock_shows_gas_where_it_was_not(
    exercise: Maker, offset: float, drift: float
) -> None:
    # The site goes on long after the start: at once at 30 m, so the edge tells the clock.
    vent = HiddenSource(x=0.0, y=0.0, z=2.0, emission_rate=1.0, windows=((-99.0, 150.0),))
    site = Site(name="s", kind="hidden", vents=(vent,), rates={"acetone": 1e-3})
    base = {"sensors": ("plain",), "backgrounds": {}, "sites": (site,)}
    right = told(exercise(**base))
    late = told(exercise(**base, faults={"clock_offset": offset, "clock_drift": drift}))
    last = [float(np.flatnonzero(values > 0.0)[-1]) for values in (right, late)]
    # After 160 s a drift of 120 s/h has grown to 5.3 s.
    expected = offset + drift * last[1] / 3600.0
    assert last[1] - last[0] == pytest.approx(expected, abs=1.0)


def test_the_wash_thins_the_plume_near_the_ground_only(exercise: Maker) -> None:
    faults = Faults(rotor_diameter=2.0, rotor_wash=0.6)
    # 2.5 diameters are 5 m.
    assert wash(np.array([0.0, 2.5, 5.0, 30.0]), faults) == pytest.approx([0.4, 0.7, 1.0, 1.0])
    base = {"sensors": ("plain",), "backgrounds": {}}
    plain = told(exercise(**base))
    thinned = told(exercise(**base, faults={"rotor_diameter": 2.0, "rotor_wash": 0.6}))
    np.testing.assert_allclose(thinned, plain * (1.0 - 0.6 * (1.0 - 3.0 / 5.0)))


def test_clean_air_is_not_thinned(exercise: Maker) -> None:
    base = {"sensors": ("plain",), "sites": ()}
    plain = told(exercise(**base))
    washed = told(exercise(**base, faults={"rotor_diameter": 2.0, "rotor_wash": 0.6}))
    np.testing.assert_array_equal(plain, washed)


def test_the_link_is_lost_now_and_then(exercise: Maker) -> None:
    flaky = World(exercise(faults={"lost_links": 60.0, "lost_link_time": 20.0}), 3)
    steady = World(exercise(), 3)
    links = []
    for second in range(239):
        assert steady.link(0)
        links.append(flaky.link(0))
        for world in (flaky, steady):
            world.advance(STILL[:, second : second + 1])
    assert 20 < links.count(False) < 200


def test_one_battery_holds_half_from_a_time_on(exercise: Maker) -> None:
    world = World(exercise(aircraft=("a", "b", "c"), faults={"low_battery": 100.0}), 3)
    assert [world.battery_left(k) for k in range(3)] == [1.0, 1.0, 1.0]
    world.advance(np.repeat(STILL[:, :100], 3, axis=0))
    assert sorted(world.battery_left(k) for k in range(3)) == [0.5, 1.0, 1.0]
