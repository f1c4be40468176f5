"""Puffs: their gradient, their mass, their limit in a steady wind and a wind that turns."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.dispersion.plume import N_VIEW, view
from barlovento.dispersion.puff import (
    ACROSS,
    ALONG,
    DISTANCE,
    LN_LENGTH,
    N_PUFF,
    SIGMA_Y,
    SIGMA_Z,
    TURN,
    WEIGHT,
    puff_coupling,
    puff_ray,
    puff_ray_gradient,
)

ERR = np.array([0.1, 0.05, -0.2, -0.04, 2.0, 0.03])

NO_ERROR = np.array([0.0, 0.0, 0.0, 0.0, 1e-6, 0.0])


def puff(
    distance: float,
    turn: float = 0.0,
    *,
    sigma_y: float,
    sigma_z: float,
    length: float | None = None,
    along: float = 0.0,
    across: float = 0.0,
    weight: float = 1.0,
) -> Any:
    row = np.empty(N_PUFF)
    row[DISTANCE], row[TURN] = distance, turn
    row[LN_LENGTH] = math.log((length or max(distance, 1.0)) / 100.0)
    row[SIGMA_Y], row[SIGMA_Z] = sigma_y, sigma_z
    row[ALONG], row[ACROSS], row[WEIGHT] = along, across, weight
    return row


def seen_at(east: float, north: float, err: Any, half: tuple[float, float] = (0.0, 0.0)) -> Any:
    seen = np.empty((1, N_VIEW))
    view(east, north, *half, err, 1.0, 128, seen[0])
    return seen


def gas(
    row: Any,
    east: float,
    north: float,
    *,
    err: Any = NO_ERROR,
    towards: float = 0.4,
    z: float = 3.0,
    h: float = 2.0,
    top: float = math.inf,
    half: tuple[float, float] = (0.0, 0.0),
) -> Any:
    """Return concentration and lever."""
    return puff_coupling(seen_at(east, north, err, half), 0, row[None], 0, towards, z, h, top, err)


def slopes(row: Any, east: float, north: float, half: tuple[float, float], top: float) -> Any:
    """Return the derivatives of gas and lever by the chain rule, from those of the ray."""
    out = np.full((1, 40), np.nan)
    seen = seen_at(east, north, ERR, half)
    amplitude, angle, spread, _ = puff_ray_gradient(
        seen, 0, row[None], 0, 0.4, 3.0, 2.0, top, ERR, 0.0, out, 0
    )
    by_ln, by_angle, by_spread, by_even = out.reshape(4, 10)
    u = angle / spread
    c = amplitude * math.exp(-0.5 * u * u)
    by_u = by_angle / spread - u * by_spread
    by_c = c * (by_ln - u * by_u)
    return by_c + by_even, by_c * u + c * by_u


PUFFS = {
    "narrow": puff(120.0, 0.2, sigma_y=15.0, sigma_z=8.0, length=150.0),
    "wide": puff(60.0, -0.3, sigma_y=40.0, sigma_z=12.0, length=90.0, along=100.0, across=40.0),
    "hardly drifted": puff(8.0, 1.0, sigma_y=25.0, sigma_z=3.0, length=20.0),
}


@pytest.mark.parametrize("top", [math.inf, 30.0])
@pytest.mark.parametrize("half", [(0.0, 0.0), (4.0, -7.0)])
@pytest.mark.parametrize(("out", "aside"), [(0.3, 0.9), (-0.4, -1.6), (1.8, 0.1), (2.5, -2.2)])
@pytest.mark.parametrize("which", PUFFS)
def test_gradient_is_that_of_differences(
    which: str, out: float, aside: float, half: tuple[float, float], top: float
) -> None:
    row = PUFFS[which]
    radius = abs(row[DISTANCE] + out * row[SIGMA_Y]) + 3.0
    angle = 0.4 + row[TURN] + aside * min(row[SIGMA_Y] / row[DISTANCE], 1.3)
    place = (radius * math.cos(angle), radius * math.sin(angle))
    value, lever = gas(row, *place, err=ERR, half=half, top=top)
    assert value > 0.0
    found = slopes(row, *place, half, top)

    def moved(k: int, by: float) -> Any:
        east, north = place
        err, towards, h = ERR.copy(), 0.4, 2.0
        if k < 2:
            east, north = east - by * (k == 0), north - by * (k == 1)
        elif k == 2:
            h += by
        elif k == 3:
            towards += by
        elif k == 8:
            err[4] *= math.exp(by)
        else:
            err[k - 4] += by
        return np.array(gas(row, east, north, err=err, towards=towards, h=h, half=half, top=top))

    scale = value + abs(lever)
    for k in range(10):
        step = 1e-4 if k < 3 else 1e-6
        expected = (moved(k, step) - moved(k, -step)) / (2.0 * step)
        near = 1e-6 * scale / (10.0 if k < 3 else 1.0)
        assert found[0][k] == pytest.approx(expected[0], rel=1e-4, abs=near)
        assert found[1][k] == pytest.approx(expected[1], rel=1e-4, abs=near)


def test_gradient_and_ray_agree() -> None:
    rng = np.random.default_rng(3)
    out = np.empty((1, 40))
    for row in PUFFS.values():
        for east, north in rng.uniform(-200.0, 200.0, (60, 2)):
            seen = seen_at(east, north, ERR)
            plain = puff_ray(seen, 0, row[None], 0, 0.4, 3.0, 2.0, 400.0, ERR, 0.7)
            assert (
                puff_ray_gradient(seen, 0, row[None], 0, 0.4, 3.0, 2.0, 400.0, ERR, 0.7, out, 0)
                == plain
            )


@pytest.mark.parametrize("distance", [0.001, 5.0, 20.0, 60.0, 200.0])
def test_a_puff_holds_what_was_released(distance: float) -> None:
    row = puff(distance, 0.7, sigma_y=20.0, sigma_z=5.0, weight=3.0)
    axis = np.arange(-330.0, 330.0, 5.0) + 1.0
    total = 25.0 * sum(gas(row, x, y, z=0.0, h=0.0)[0] for x in axis for y in axis)
    # At the ground a puff that lies on it has twice the density of one in free air.
    assert total == pytest.approx(3.0 * 2.0 / (math.sqrt(2.0 * math.pi) * 5.0), rel=0.01)


@pytest.mark.parametrize("distance", [3.0, 15.0, 30.0, 80.0])
def test_a_puff_is_round(distance: float) -> None:
    row = puff(distance, sigma_y=15.0, sigma_z=5.0)
    peak = gas(row, distance, 0.0, towards=0.0)[0]
    for angle in np.arange(0.0, 2.0 * math.pi, 0.3):
        for radius in (5.0, 15.0, 30.0):
            east, north = distance + radius * math.cos(angle), radius * math.sin(angle)
            expected = peak * math.exp(-0.5 * (radius / 15.0) ** 2)
            found = gas(row, east, north, towards=0.0)[0]
            assert found == pytest.approx(expected, abs=0.03 * peak)


@pytest.mark.parametrize("across", [0.0, 0.8, 1.6])
@pytest.mark.parametrize("along", [50.0, 200.0, 800.0])
@pytest.mark.parametrize("state", [{"obukhov_length": 40.0}, {"klass": 3}, {"klass": 1}])
def test_puffs_of_a_steady_wind_are_a_plume(
    make_air: Any, state: dict[str, float], along: float, across: float
) -> None:
    air = make_air(**state)
    angle = across * air.sigma_y(along) / along
    east, north = along * math.cos(angle), along * math.sin(angle)
    edges = np.concatenate([[0.0], np.geomspace(0.5, 2500.0, 300)])
    total = 0.0
    for low, high in itertools.pairwise(edges):
        x = 0.5 * (low + high)
        row = puff(
            x,
            sigma_y=air.sigma_y(x),
            sigma_z=air.sigma_z(x),
            weight=(high - low) / air.carrying_speed(x),
        )
        total += gas(row, east, north, towards=0.0, z=1.5, h=1.0)[0]
    err = (*NO_ERROR, 1.0)
    assert total == pytest.approx(air.plume(east, north, z=1.5, h=1.0, err=err), rel=0.04)


def test_a_wind_that_turns_bends_the_gas() -> None:
    # 1 m/s, a quarter turn in 150 s: the air that arrives came round a circle of 95 m.
    rate, speed = math.pi / 300.0, 1.0
    tau = np.arange(0.5, 300.0)
    x = speed / rate * np.sin(rate * tau)
    y = speed / rate * (1.0 - np.cos(rate * tau))
    s_h, s_z = 0.2 * speed * tau + 1.0, 0.08 * speed * tau + 0.5
    rows = [
        puff(math.hypot(a, b), math.atan2(b, a), sigma_y=p, sigma_z=q, length=max(t, 1.0))
        for a, b, p, q, t in zip(x, y, s_h, s_z, speed * tau, strict=True)
    ]
    places = [(r * math.cos(a), r * math.sin(a)) for r in (15.0, 60.0, 110.0) for a in np.arange(9)]
    found = np.array([sum(gas(r, *p, towards=0.0, z=1.0, h=1.0)[0] for r in rows) for p in places])
    expected = np.array(
        [
            np.sum(
                np.exp(-0.5 * ((e - x) ** 2 + (n - y) ** 2) / s_h**2)
                * (1.0 + np.exp(-2.0 / s_z**2))
                / (np.sqrt(2.0 * math.pi) ** 3 * s_h**2 * s_z)
            )
            for e, n in places
        ]
    )
    assert np.ptp(np.log(expected[18:])) > 2.0
    for ring in (slice(0, 9), slice(9, 18), slice(18, 27)):
        assert found[ring] == pytest.approx(expected[ring], abs=0.03 * expected[ring].max())


@given(
    distance=st.floats(0.01, 300.0),
    turn=st.floats(-4.0, 4.0),
    size=st.floats(0.5, 80.0),
    radius=st.floats(0.1, 300.0),
    angle=st.floats(-3.1, 3.1),
    world=st.floats(-7.0, 7.0),
)
@settings(max_examples=200, deadline=None)
def test_a_turned_world_gives_the_same_gas(
    distance: float, turn: float, size: float, radius: float, angle: float, world: float
) -> None:
    row = puff(distance, turn, sigma_y=size, sigma_z=0.4 * size)
    # Where the seam lies behind the source, rounding may put it on either side.
    seam = math.cos(angle - 0.4 - turn) < -1.0 + 1e-9

    def at(by: float) -> Any:
        east, north = radius * math.cos(angle + by), radius * math.sin(angle + by)
        return gas(row, east, north, err=ERR * [1, 1, 1, 1, 1, 0], towards=0.4 + by)

    first, second = at(0.0), at(world)
    assert first[0] >= 0.0
    assert second[0] == pytest.approx(first[0], rel=1e-6, abs=1e-15)
    if not seam:
        assert second[1] == pytest.approx(first[1], rel=1e-6, abs=1e-13)


@given(
    distance=st.floats(0.01, 300.0),
    size=st.floats(0.5, 80.0),
    east=st.floats(-200.0, 200.0),
    north=st.floats(-200.0, 200.0),
    weight=st.floats(0.1, 50.0),
)
@settings(max_examples=100, deadline=None)
def test_longer_release_gives_more_gas_in_proportion(
    distance: float, size: float, east: float, north: float, weight: float
) -> None:
    one = puff(distance, sigma_y=size, sigma_z=size, along=4.0)
    many = puff(distance, sigma_y=size, sigma_z=size, along=4.0, weight=weight)
    c, lever = gas(one, east, north)
    assert gas(many, east, north) == pytest.approx((weight * c, weight * lever), rel=1e-12)


def test_beyond_reach_nothing_is_computed() -> None:
    row = puff(100.0, sigma_y=10.0, sigma_z=5.0)
    assert gas(row, 160.0, 0.0, towards=0.0) == (0.0, 0.0)
    assert gas(row, 0.0, 100.0, towards=0.0) == (0.0, 0.0)
    # A turn that may come into reach keeps the amplitude.
    seen = seen_at(0.0, 100.0, NO_ERROR)
    assert puff_ray(seen, 0, row[None], 0, 0.0, 3.0, 2.0, math.inf, NO_ERROR, 0.0)[0] == 0.0
    assert puff_ray(seen, 0, row[None], 0, 0.0, 3.0, 2.0, math.inf, NO_ERROR, 1.3)[0] > 0.0
