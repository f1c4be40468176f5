"""The plume: what must hold for any right model of gas in moving air."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray

from barlovento.exercise import air, cloud, particles
from barlovento.exercise.instruments import Instrument, SensorModel, beam, fixed_point
from barlovento.exercise.records import HiddenSource, Scenario
from barlovento.exercise.world import simulate

Maker = Callable[..., Scenario]


@njit
def stirred(table, sky, heights, seconds, rng):  # type: ignore[no-untyped-def]
    """Return heights of particles after some time in turbulence, with half shared forcing."""
    one = np.zeros((1, cloud.FIELDS))
    buffer = np.empty(particles.MAX_SUBSTEPS)
    still = (0.0, 1.0, 0.0, 0.0, 0.0)
    flat = np.empty(0)
    for q in range(heights.size):
        one[0, cloud.Z] = heights[q]
        one[0, cloud.UPDOWN] = rng.standard_normal()
        for _ in range(seconds):
            shared = (rng.standard_normal(), 0.5)
            particles.climb(one, 0, 1.0, still, shared, sky, table, flat, rng, buffer)
        heights[q] = one[0, cloud.Z]
    return heights


@pytest.mark.parametrize("length", [-15.0, math.inf, 25.0])
def test_well_mixed_particles_stay_well_mixed(length: float) -> None:
    # Thomson (1987): the criterion that a right Lagrangian model meets. Here sigma_w and T_L
    # change with height by factors.
    top, count = 60.0, 6000
    layer = air.build_layer(
        friction=0.4, roughness_length=0.05, obukhov_length=length, mixing_height=top
    )
    rng = np.random.default_rng(7)
    start = rng.uniform(layer.floor, top, count)
    sky = (layer.floor, layer.top, layer.sigma_u, layer.sigma_v)
    end = stirred(layer.table, sky, start.copy(), 400, rng)
    assert np.abs(end - start).mean() > 0.1 * top
    share, _ = np.histogram(end, bins=10, range=(layer.floor, top))
    expected = count / 10.0
    assert np.abs(share - expected).max() < 4.0 * math.sqrt(expected) + 0.03 * expected
    # And in the lowest fiftieth, where the gradients are.
    near = float((end < layer.floor + top / 50.0).sum())
    assert abs(near - count / 50.0) < 4.0 * math.sqrt(count / 50.0) + 0.05 * count / 50.0


@pytest.mark.parametrize("length", [-30.0, math.inf, 40.0])
def test_flux_through_a_plane_is_the_emission_rate(world: Maker, length: float) -> None:
    y = np.linspace(-70.0, 70.0, 29)
    z = np.concatenate([[0.05], np.geomspace(0.4, 60.0, 22)])
    points = [(90.0, a, b) for a in y for b in z]
    scenario = world(points, duration=240, averaging_time=240, obukhov_length=length)
    flown = simulate(scenario, 11)
    friction = air.friction_velocity(5.0, 10.0, 0.03, length)
    speed = friction * air.wind_shape(z, 0.03, length)
    excess = flown.excess[0].reshape(y.size, z.size)
    flux = float(np.trapezoid(np.trapezoid(excess, y, axis=0) * speed, z))
    # The kernel sum scatters by a few per cent over four minutes.
    assert flux == pytest.approx(1e-3, rel=0.12)


def test_doubled_rate_doubles_gas_and_nothing_else(world: Maker) -> None:
    one = world([(60.0, 3.0, 2.0)])
    source = one.sources[0]
    two = replace(one, sources=(replace(source, emission_rate=2.0 * source.emission_rate),))
    a, b = simulate(one, 4), simulate(two, 4)
    assert a.excess.max() > 0.0
    np.testing.assert_allclose(b.excess, 2.0 * a.excess, rtol=1e-12)
    np.testing.assert_array_equal(a.meteorology.wind_speed, b.meteorology.wind_speed)


def test_another_source_adds_and_changes_nothing(world: Maker) -> None:
    one = world([(60.0, 3.0, 2.0)])
    more = (*one.sources, HiddenSource(x=-20.0, y=5.0, z=1.0, emission_rate=5e-4))
    a, b = simulate(one, 4), simulate(replace(one, sources=more), 4)
    np.testing.assert_array_equal(a.excess[0], b.excess[0])
    assert b.excess[1].max() > 0.0


def test_nothing_upwind(world: Maker) -> None:
    flown = simulate(world([(-40.0, 0.0, 2.0), (-120.0, 30.0, 5.0), (60.0, 0.0, 2.0)]), 2)
    by_sensor = flown.excess[0].reshape(-1, 3).max(axis=0)
    assert by_sensor[0] == by_sensor[1] == 0.0
    assert by_sensor[2] > 0.0


def test_a_turned_world_gives_the_turned_answer(world: Maker) -> None:
    west = simulate(world([(60.0, 5.0, 2.0), (90.0, -8.0, 4.0)]), 9)
    # A quarter turn clockwise: (x, y) becomes (y, -x), and the wind comes from the north.
    north = simulate(world([(5.0, -60.0, 2.0), (-8.0, -90.0, 4.0)], wind_from_direction=0.0), 9)
    np.testing.assert_allclose(north.excess, west.excess, rtol=1e-6, atol=1e-18)


def test_gas_keeps_off_while_the_source_is_off(world: Maker) -> None:
    source = HiddenSource(x=0.0, y=0.0, z=2.0, emission_rate=1e-3, windows=((100.0, 200.0),))
    flown = simulate(world([(40.0, 0.0, 2.0)], sources=(source,), duration=400), 3)
    gas = flown.excess[0]
    # Forty metres at about four metres per second: gas comes some ten seconds later.
    assert gas[:100].max() == 0.0
    assert gas[115:200].mean() > 0.0
    assert gas[260:].max() == 0.0


def test_a_duty_cycle_is_kept_before_the_survey_too() -> None:
    source = HiddenSource(
        x=0.0, y=0.0, z=1.0, emission_rate=1.0, duty_cycle=0.25, duty_period=100.0
    )
    rate = source.rate_at(np.arange(-400.0, 400.0) + 0.5)
    assert rate.mean() == pytest.approx(0.25)
    assert rate[400:425].min() == 1.0
    assert rate[425:500].max() == 0.0


def test_a_plume_is_narrow_at_any_moment_and_wide_on_average(world: Maker) -> None:
    y = np.linspace(-80.0, 80.0, 65)
    scenario = world(
        [(150.0, float(a), 3.0) for a in y],
        duration=900,
        meander_direction_sd=6.0,
        meander_time=150.0,
    )
    gas = simulate(scenario, 6).excess[0].reshape(900, y.size)
    mean = gas.mean(axis=0)
    centre = float((mean * y).sum() / mean.sum())
    wide = math.sqrt(float((mean * (y - centre) ** 2).sum() / mean.sum()))
    seen = gas[gas.sum(axis=1) > 0.0]
    middle = (seen * y).sum(axis=1) / seen.sum(axis=1)
    narrow = np.sqrt((seen * (y - middle[:, None]) ** 2).sum(axis=1) / seen.sum(axis=1))
    # Slade (1968), Meteorology and Atomic Energy, 4-4: instantaneous plumes are about half as
    # wide as ten-minute means.
    assert 0.3 < float(np.median(narrow)) / wide < 0.75
    # Intermittency: moments with less than a hundredth of the strongest mean become common,
    # and fluctuation stronger, towards the edge.
    order = [int(np.argmin(np.abs(y - centre - k * wide))) for k in (0.0, 1.0, 2.0)]
    empty = [(gas[:, k] < 0.01 * mean.max()).mean() for k in order]
    strength = [gas[:, k].std() / gas[:, k].mean() for k in order]
    assert empty[0] < empty[1] < empty[2]
    assert strength[0] < strength[1] < strength[2]
    # Mylne and Mason (1991), Quarterly Journal of the Royal Meteorological Society 117: about
    # one near the centre line, several at the edge.
    assert 0.5 < strength[0] < 2.0
    assert strength[2] > 1.5


def test_a_beam_is_the_mean_of_points_along_it(world: Maker) -> None:
    duration = 120
    sensor = SensorModel(name="a")
    along: list[Instrument] = [
        fixed_point(sensor, 60.0, float(y), 2.0, duration) for y in np.linspace(-29.5, 29.5, 60)
    ]
    path = beam(sensor, (60.0, -30.0, 2.0), (60.0, 30.0, 2.0), duration)
    scenario = world(instruments=[path, *along], duration=duration, averaging_time=duration)
    excess = simulate(scenario, 8).excess[0]
    # Points smear over the second, the beam stands; over two minutes that is nothing.
    assert excess[0] == pytest.approx(excess[1:].mean(), rel=0.05)


def test_more_particles_give_the_same_mean(world: Maker) -> None:
    points = [(80.0, float(y), 2.0) for y in np.linspace(-30.0, 30.0, 31)]
    sums = []
    for each in (8, 64):
        scenario = world(
            points,
            duration=1500,
            averaging_time=1500,
            scenario={"particles_per_second": each},
        )
        sums.append(simulate(scenario, 5).excess[0].sum())
    # Both are means over 25 minutes of turbulence, which scatter by some per cent.
    assert sums[0] == pytest.approx(sums[1], rel=0.12)


def unit_ball_mean(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the mean of the kernel along a path by brute force."""
    s = (np.arange(20000) + 0.5) / 20000
    r2 = ((a + s[:, None] * (b - a)) ** 2).sum(axis=1)
    return float((np.maximum(1.0 - r2, 0.0) ** 2).mean())


def test_path_mean_is_the_integral_along_the_path() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        a, b = rng.uniform(-2.0, 2.0, 3), rng.uniform(-2.0, 2.0, 3)
        assert cloud.path_mean(*a, *b) == pytest.approx(unit_ball_mean(a, b), abs=2e-6)
    inside = np.array([0.1, 0.2, 0.3])
    assert cloud.path_mean(*inside, *inside) == pytest.approx(0.86**2, rel=1e-9)


def test_fading_is_the_exponential() -> None:
    for h in (0.0, 0.01, 0.3, 0.99, 1.5, 40.0):
        assert cloud.fade(h) == pytest.approx(math.exp(-h), rel=2e-3)
