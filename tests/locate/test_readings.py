"""Readings after averaging and the wind of their windows."""

from typing import Any

import numpy as np
import pytest

from barlovento.dispersion.winds import direction_unrest, wind_of_windows
from barlovento.locate.problem import prepare
from barlovento.locate.readings import (
    at_lag,
    nodes,
    pieces,
    reduce_readings,
)
from barlovento.locate.weights import news


def test_averages_keep_the_mean_of_every_sensor(make: Any) -> None:
    rng = np.random.default_rng(1)
    n = 3000
    time = make.start + np.arange(n, dtype=float)
    sensor = np.arange(n) % 2
    obs = make.readings(
        time, 5.0 * sensor, 0.0, rng.gamma(2.0, 1e-6, n), sensor=sensor, averaging_time=1.0
    )
    red = reduce_readings(obs)
    assert len(red.end) < 0.1 * n
    assert red.members.sum() == n
    for k in (0, 1):
        rows = red.sensor == k
        mean = np.average(red.concentration[rows], weights=red.members[rows])
        assert mean == pytest.approx(obs.concentration[sensor == k].mean(), rel=1e-9)
        assert np.all(red.x[rows] == 5.0 * k)


def test_each_average_is_that_of_its_members(make: Any) -> None:
    rng = np.random.default_rng(2)
    n = 900
    way = np.cumsum(rng.uniform(0, 2, n))
    obs = make.readings(
        make.start + np.arange(n), way, 0.0, rng.gamma(2.0, 1e-6, n), averaging_time=1.0
    )
    red = reduce_readings(obs)
    assert len(red.end) < n
    for k in range(len(red.end)):
        rows = red.group == k
        assert red.members[k] == rows.sum()
        assert red.concentration[k] == pytest.approx(obs.concentration[rows].mean())
        assert red.x[k] == pytest.approx(obs.x[rows].mean())
        assert red.end[k] == obs.time[rows].max()
        assert red.start[k] == obs.time[rows].min() - 1.0
        assert np.ptp(obs.x[rows]) <= 10.0


def test_long_averages_are_left_alone(scene: Any) -> None:
    obs = scene.survey((0.0, 0.0, 1e-3)).observations
    red = reduce_readings(obs)
    assert len(red.end) == len(obs)
    assert sorted(red.concentration) == sorted(obs.concentration)
    # Time is the end of the window.
    assert np.all(red.end - red.start == 600.0)
    assert set(red.end) == set(obs.time)


def test_non_detects_are_not_mixed_with_readings(make: Any) -> None:
    n = 200
    dim = np.arange(n) % 3 == 0
    obs = make.readings(
        make.start + np.arange(n),
        0.0,
        0.0,
        np.where(dim, 1e-8, 5e-6),
        censored=dim,
        averaging_time=1.0,
    )
    red = reduce_readings(obs)
    assert np.all(red.concentration[red.censored] == pytest.approx(1e-8))
    assert np.all(red.concentration[~red.censored] == pytest.approx(5e-6))
    assert red.members[red.censored].sum() == dim.sum()


def test_a_constant_wind_is_itself_in_every_window(make: Any) -> None:
    met = make.weather(make.start + 60.0 * np.arange(1, 61), 3.5, 225.0)
    start = make.start + np.array([0.0, 100.0, 1234.0])
    wind = wind_of_windows(met, start, start + np.array([60.0, 333.0, 900.0]))
    assert wind.speed == pytest.approx(3.5)
    # From the south-west is towards the north-east: 45 degrees anticlockwise from east.
    assert np.rad2deg(wind.angle) == pytest.approx(45.0)
    # The longer windows hold several records, none of which differs.
    assert wind.sigma_theta[1:] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("direction", "angle"), [(270.0, 0.0), (180.0, 90.0), (90.0, 180.0), (0.0, -90.0)]
)
def test_where_the_wind_goes_to(make: Any, direction: float, angle: float) -> None:
    met = make.weather(make.start + 60.0 * np.arange(1, 4), 2.0, direction)
    wind = wind_of_windows(met, np.array([make.start]), np.array([make.start + 120.0]))
    assert np.cos(wind.angle[0] - np.deg2rad(angle)) == pytest.approx(1.0)


def test_a_turning_wind_is_averaged_over_the_window(make: Any) -> None:
    time = make.start + 60.0 * np.arange(1, 61)
    # It passes through north, where a plain mean of degrees goes wrong.
    met = make.weather(time, 2.0, (330.0 + np.arange(60)) % 360.0)
    wind = wind_of_windows(met, np.array([make.start + 1200.0]), np.array([make.start + 2400.0]))
    # Records 20 to 39: 350 to 369 degrees, 359.5 on average.
    assert np.rad2deg(wind.angle[0]) == pytest.approx(270.0 - 359.5, abs=1e-6)
    # The sd of twenty evenly spaced degrees is sqrt((20^2 - 1) / 12).
    assert np.rad2deg(wind.sigma_theta[0]) == pytest.approx(5.766, rel=0.01)


def test_a_record_holds_for_the_interval_that_it_ends(make: Any) -> None:
    time = make.start + 60.0 * np.array([1.0, 2.0, 3.0])
    met = make.weather(time, [1.0, 2.0, 5.0], [270.0, 180.0, 90.0])

    def speed(a: float, b: float) -> float:
        return float(
            wind_of_windows(met, np.array([make.start + a]), np.array([make.start + b])).speed[0]
        )

    assert speed(0.0, 60.0) == pytest.approx(1.0)
    assert speed(60.0, 120.0) == pytest.approx(2.0)
    assert speed(120.0, 180.0) == pytest.approx(5.0)
    assert speed(90.0, 150.0) == pytest.approx(3.5)
    # Half a minute of the first and all of the second.
    assert speed(30.0, 120.0) == pytest.approx(5.0 / 3.0)


def test_measured_unrest_is_taken(make: Any) -> None:
    met = make.weather(make.start + 600.0 * np.arange(1, 7), 2.0, 270.0, direction_sd=12.0)
    wind = wind_of_windows(met, met.time - 600.0, met.time)
    assert np.rad2deg(wind.sigma_theta) == pytest.approx(12.0)


def test_unrest_is_not_known_from_few_records(make: Any) -> None:
    met = make.weather(make.start + 600.0 * np.arange(1, 7), 2.0, 270.0)
    assert np.all(np.isnan(direction_unrest(met)))


def test_a_lagging_gas_clock_takes_the_earlier_wind(make: Any) -> None:
    n = 120
    met = make.weather(
        make.start + np.arange(1.0, n + 1), 3.0, np.where(np.arange(n) < 60, 270.0, 180.0)
    )
    obs = make.readings([make.start + 70.0], 50.0, 0.0, 1e-6, averaging_time=5.0)
    prepared = prepare([make.survey(obs, met, clock_offset_max=30.0)])
    assert prepared.lags[0] == 0.0
    assert prepared.lags[-1] == 30.0
    angle = np.rad2deg(prepared.problem.angle[:, 0])
    # The window ends at 70 s; with a lag of 10 s or more it lies in the first wind.
    assert angle[prepared.lags < 5.0] == pytest.approx(90.0)
    assert angle[prepared.lags > 10.5] == pytest.approx(0.0, abs=1e-9)


def test_pieces_of_a_path_cover_it(make: Any) -> None:
    obs = make.readings(make.start + 600.0 * np.arange(1, 3), [10.0, 0.0], 0.0, 1e-6)
    obs = make.replace(
        obs,
        x2=np.array([70.0, np.nan]),
        y2=np.array([80.0, np.nan]),
        z2=np.array([4.5, np.nan]),
    )
    red = reduce_readings(obs)
    far, close = pieces(red)
    assert (far.tolist(), close.tolist()) == ([9, 1], [36, 0])
    assert nodes(red, far)[4].sum() == pytest.approx(2.0)
    start, x, y, z, weight, half_x, half_y = nodes(red, np.maximum(close, 1))
    beam, point = slice(start[0], start[1]), slice(start[1], start[2])
    assert weight[beam].sum() == pytest.approx(1.0)
    assert 2.0 * half_x[beam].sum() == pytest.approx(60.0)
    assert 2.0 * half_y[beam].sum() == pytest.approx(80.0)
    assert np.max(np.hypot(half_x, half_y)) <= 1.5
    assert x[beam] @ weight[beam] == pytest.approx(40.0)
    assert z[beam] @ weight[beam] == pytest.approx(3.0)
    # Piece follows piece without a gap.
    assert (x + half_x)[beam][:-1] == pytest.approx((x - half_x)[beam][1:])
    assert (x[point], y[point], half_x[point], weight[point]) == (0.0, 0.0, 0.0, 1.0)


def test_a_lag_takes_readings_back_along_the_way_that_was_flown(make: Any) -> None:
    # One drone flies east at 8 m/s and climbs, the other stands; they report in turn.
    n = 60
    second = np.arange(1, n + 1)
    moves = second % 2 == 0
    obs = make.readings(
        make.start + second,
        np.where(moves, 8.0 * (second - 0.5), -30.0),
        5.0,
        1e-6,
        sensor=moves.astype(int),
        averaging_time=1.0,
    )
    obs = make.replace(obs, z=np.where(moves, 10.0 + 0.5 * (second - 0.5), 2.0))
    red = reduce_readings(obs)
    back = at_lag(obs, red, 6.0)
    drone = red.sensor == 1
    # The first 6 s have no place to go back to; beyond them all of the lag counts.
    late = drone & (red.start - make.start > 9.0)
    assert late.sum() >= 3
    assert (red.x - back.x)[late] == pytest.approx(48.0)
    assert (red.z - back.z)[late] == pytest.approx(3.0)
    assert np.all(back.x[drone] >= obs.x[moves].min() - 1e-9)
    assert back.x[~drone] == pytest.approx(-30.0)
    assert at_lag(obs, red, 0.0) is red


def test_each_candidate_lag_has_its_places(make: Any) -> None:
    n = 40
    obs = make.readings(
        make.start + np.arange(1, n + 1), 10.0 * np.arange(n), 0.0, 1e-6, averaging_time=1.0
    )
    met = make.weather(make.start + 60.0 * np.arange(1, 3))
    p = prepare((make.survey(obs, met, clock_offset_max=4.0),)).problem
    lags = np.linspace(0.0, 4.0, len(p.site))
    far = int(np.argmax(p.site[0, :, 0]))
    assert p.site[0, far, 0] - p.site[:, far, 0] == pytest.approx(10.0 * lags)


def test_repeated_readings_at_one_place_are_less_news(make: Any) -> None:
    def worth(n: int, step: float, sensors: int = 1) -> float:
        obs = make.readings(
            make.start + 60.0 * np.arange(1, n + 1),
            3.0 + step * np.arange(n),
            0.0,
            1e-6,
            sensor=np.arange(n) % sensors,
            averaging_time=60.0,
        )
        return float(news([reduce_readings(obs)]).sum())

    assert worth(12, 30.0) == pytest.approx(12.0)
    # More readings always tell more, each less than the one before.
    totals = [worth(n, 0.0) for n in (1, 2, 4, 8, 16)]
    assert totals[0] == pytest.approx(1.0)
    gain = np.diff(totals) / [1, 2, 4, 8]
    assert np.all(gain > 0.0)
    assert np.all(np.diff(gain) < 0.0)
    # Two sensors beside each other err apart.
    assert worth(12, 0.0, sensors=2) == pytest.approx(2.0 * worth(6, 0.0))
