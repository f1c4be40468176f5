"""Paths of the gas from a wind record, and the readings that need them."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from barlovento.dispersion.plume import N_VIEW, coupling, view
from barlovento.dispersion.puff import (
    ALONG,
    DISTANCE,
    LN_LENGTH,
    N_PUFF,
    SIGMA_Y,
    SIGMA_Z,
    TURN,
    WEIGHT,
    puff_coupling,
)
from barlovento.dispersion.spread import spread_tables
from barlovento.dispersion.winds import wind_of_windows
from barlovento.locate.puff_set import join_puffs
from barlovento.locate.puffs import MOST, Puffs, puffs_of
from barlovento.locate.readings import reduce_readings
from barlovento.locate.route import box_distances, drift, route_of

NO_ERROR = np.array([0.0, 0.0, 0.0, 0.0, 1e-6, 0.0])

BOX = (-300.0, 300.0)


class Day:
    """Readings in the wind of a record, and what one unit of emission gives them."""

    def __init__(
        self,
        make: Any,
        *,
        speed: Any,
        direction: Any,
        step: float = 60.0,
        window: float = 60.0,
        at: Any = (3600.0,),
        direction_sd: float = math.nan,
        klass: int = 3,
        box: tuple[float, float] = BOX,
        lag: float = 0.0,
    ) -> None:
        count = max(np.size(speed), np.size(direction), 60)
        time = make.start + step * np.arange(1, count + 1)
        self.meteorology = make.weather(time, speed, direction, direction_sd=direction_sd)
        at = np.asarray(at, dtype=float) + make.start
        obs = make.readings(at, 0.0, 0.0, 1e-6, averaging_time=window, sensor=np.arange(len(at)))
        self.reduced = reduce_readings(obs)
        begin, end = self.reduced.start - lag, self.reduced.end - lag
        self.wind = wind_of_windows(self.meteorology, begin, end)
        n = len(at)
        self.tables = spread_tables(
            wind_speed=self.wind.speed,
            sigma_theta=np.full(n, np.deg2rad(direction_sd)),
            friction_velocity=np.full(n, np.nan),
            obukhov_length=np.full(n, np.nan),
            mixing_height=np.full(n, np.nan),
            roughness_length=np.full(n, 0.05),
            stability_class=np.full(n, klass),
            averaging_time=end - begin,
            measurement_height=10.0,
            release_height=1.0,
            distance_max=1500.0,
        )
        self.puffs = puffs_of(
            self.meteorology,
            self.reduced,
            lag=lag,
            wind=self.wind,
            stability_class=np.full(n, klass),
            tables=self.tables,
            air=np.arange(n),
            x=box,
            y=box,
        )

    def count(self) -> list[int]:
        return [int(n) for n in np.diff(self.puffs.start[0])]

    def table(self, name: str, length: float, row: int = 0) -> float:
        values = getattr(self.tables, name)[row]
        place = np.arange(len(values)) * self.tables.step
        return float(np.interp(math.sqrt(length), place, values))

    def seen(self, x: float, y: float) -> Any:
        """Return the view of the reading, at the origin, from a source at x and y."""
        seen = np.empty(N_VIEW)
        count = self.tables.sigma_y.shape[1]
        view(-x, -y, 0.0, 0.0, NO_ERROR, 1.0 / self.tables.step, count, seen)
        return seen

    def gas(self, x: float, y: float, *, i: int = 0) -> float:
        """Return what a source at x and y gives to reading i by its puffs."""
        first, last = self.puffs.start[0, i : i + 2]
        seen, angle = self.seen(x, y), self.wind.angle[i]
        return sum(
            puff_coupling(seen[None], 0, row[None], 0, angle, 1.5, 1.0, math.inf, NO_ERROR)[0]
            for row in self.puffs.node[first:last]
        )

    def plume(self, x: float, y: float) -> float:
        """Return what it gives by a steady plume."""
        t = self.tables
        rows = (t.sigma_y, t.sigma_z, t.speed_ratio, 0, math.inf)
        wind = (self.wind.angle[0], 1.5, 1.0, self.wind.speed[0], 0.0)
        return float(coupling(self.seen(x, y)[None], 0, *wind, *rows, 1e-6)[0])


def test_drift_is_wind_times_time(make: Any) -> None:
    route = route_of(make.weather(make.start + 60.0 * np.arange(1, 31), 2.0, 225.0))
    begin, end = np.array([make.start + 1200.0]), np.array([make.start + 1500.0])
    for tau in (10.0, 300.0, 5000.0):
        # From the south-west; before the record its first wind is taken to have blown.
        x, y = drift(route, begin, end, np.array([tau]))
        assert (x[0], y[0]) == pytest.approx((2.0 * tau * math.sqrt(0.5),) * 2)


def test_drift_takes_each_record_for_the_interval_that_it_ends(make: Any) -> None:
    time = make.start + 60.0 * np.array([1.0, 2.0, 3.0])
    route = route_of(make.weather(time, [1.0, 2.0, 5.0], [270.0, 180.0, 90.0]))
    now = np.array([make.start + 150.0])
    x, y = drift(route, now, now, np.array([120.0]))
    # 30 s westwards at 5 m/s, 60 s northwards at 2 m/s, 30 s eastwards at 1 m/s.
    assert (x[0], y[0]) == pytest.approx((-120.0, 120.0))


def test_a_strong_steady_wind_needs_no_puffs(make: Any) -> None:
    day = Day(make, speed=4.0, direction=270.0, at=(1200.0, 2400.0))
    assert day.count() == [0, 0]
    assert day.puffs.node.shape == (0, N_PUFF)


def test_a_light_wind_needs_them(make: Any) -> None:
    day = Day(make, speed=0.6, direction=270.0, at=(1200.0, 2400.0))
    assert all(4 <= n <= MOST for n in day.count())


@pytest.mark.parametrize(("rate", "needed"), [(0.02, False), (0.6, True)])
def test_a_wind_that_turns_needs_them(make: Any, rate: float, needed: bool) -> None:
    # The box's corner is 424 m away, some four minutes: 5 degrees of turn, or 150.
    day = Day(make, speed=2.0, direction=(rate * 60.0 * np.arange(60)) % 360.0)
    assert (day.count()[0] > 0) == needed


def test_only_the_readings_after_the_turn_need_them(make: Any) -> None:
    direction = np.where(np.arange(60) < 30, 270.0, 150.0)
    at = 60.0 * np.array([15.0, 29.0, 31.0, 32.0, 45.0, 59.0])
    day = Day(make, speed=2.0, direction=direction, at=at)
    assert [n > 0 for n in day.count()] == [False, False, True, True, False, False]


def test_puffs_follow_each_other_without_a_gap(make: Any) -> None:
    day = Day(make, speed=0.8, direction=200.0)
    node, puffs = day.puffs.node, day.puffs
    assert np.all(np.diff(node[:, DISTANCE]) > 0.0)
    # What one leaves the next takes: the release times join and the weights are their length.
    end = day.reduced.end[0]
    assert puffs.released_until[0] == pytest.approx(end)
    window = end - day.reduced.start[0]
    assert puffs.released_from[:-1] == pytest.approx(puffs.released_until[1:] - window)
    assert node[:, WEIGHT] == pytest.approx(puffs.released_until - puffs.released_from - window)
    # Neighbours overlap, and the last of them is beyond the corner of the box.
    spread = np.sqrt(node[:, SIGMA_Y] ** 2 + node[:, ALONG])
    assert np.all(np.diff(node[:, DISTANCE]) < 2.2 * spread[1:])
    assert node[-1, DISTANCE] > 424.0


@pytest.mark.parametrize("across", [0.0, 1.0])
@pytest.mark.parametrize("along", [30.0, 100.0, 250.0, 400.0])
@pytest.mark.parametrize(("speed", "klass"), [(2.5, 1), (4.0, 3)])
def test_in_a_steady_wind_they_are_the_plume(
    make: Any, monkeypatch: Any, speed: float, klass: int, along: float, across: float
) -> None:
    monkeypatch.setattr("barlovento.locate.route.LIGHT", 10.0)
    day = Day(make, speed=speed, direction=270.0, window=600.0, direction_sd=12.0, klass=klass)
    angle = across * day.table("sigma_y", along) / along
    x, y = -along * math.cos(angle), -along * math.sin(angle)
    assert day.gas(x, y) == pytest.approx(day.plume(x, y), rel=0.08)


def followed(day: Day, places: Any, directions: Any, speed: float) -> Any:
    """Integrate over travel time in steps of a second, each puff carried from its birth on."""
    at = day.reduced.end[0] - 4.0 - (day.meteorology.time[0] - 60.0)
    # A parcel's way and its speed at each age, the same for all of them.
    length = np.zeros(901)
    for age in range(900):
        length[age + 1] = length[age] + speed * day.table("speed_ratio", length[age])
    total = np.zeros(len(places))
    for tau in range(1, 900):
        when = at - tau + np.arange(0.5, tau)
        towards = np.deg2rad(270.0 - directions[(when // 60.0).astype(int)])
        step = np.diff(length[: tau + 1])
        east, north = step @ np.cos(towards), step @ np.sin(towards)
        s_y, s_z = day.table("sigma_y", length[tau]), day.table("sigma_z", length[tau])
        up = math.exp(-0.5 * (0.5 / s_z) ** 2) + math.exp(-0.5 * (2.5 / s_z) ** 2)
        gap2 = np.sum((np.asarray(places) + np.array([east, north])) ** 2, axis=1)
        total += up * np.exp(-0.5 * gap2 / s_y**2) / ((2 * math.pi) ** 1.5 * s_y**2 * s_z)
    return total


def test_in_a_turning_wind_they_are_the_gas_followed_by_hand(make: Any) -> None:
    directions = (270.0 - 0.4 * 60.0 * np.arange(60)) % 360.0
    day = Day(make, speed=1.6, direction=directions, direction_sd=25.0, window=8.0)
    assert day.count()[0] > 0
    angle = day.wind.angle[0] + math.pi
    places = [
        (r * math.cos(angle + a), r * math.sin(angle + a))
        for r in (60.0, 140.0)
        for a in (-0.8, -0.2, 0.4, 1.0)
    ]
    found = np.array([day.gas(*p) for p in places])
    expected = followed(day, places, directions, 1.6)
    for ring in (slice(0, 4), slice(4, 8)):
        assert found[ring] == pytest.approx(
            expected[ring], rel=0.06, abs=0.02 * max(expected[ring])
        )
    # The plume of the last minute's wind is far off there.
    plume = np.array([day.plume(*p) for p in places])
    assert np.max(np.abs(np.log(plume[4:] / expected[4:] + 1e-9))) > 1.0


def test_a_calm_still_spreads(make: Any) -> None:
    day = Day(make, speed=0.0, direction=0.0)
    node = day.puffs.node
    assert np.all(np.isfinite(node))
    assert np.all(node[:, DISTANCE] < 1.0)
    assert np.all(np.diff(node[:, SIGMA_Y]) > 0.0)
    assert np.all(node[:, SIGMA_Z] > 0.0)
    ring = [day.gas(40.0 * math.cos(a), 40.0 * math.sin(a)) for a in np.arange(0.0, 6.0, 0.5)]
    # The same from all sides, less from farther away.
    assert ring == pytest.approx([ring[0]] * len(ring), rel=0.05)
    assert 0.0 < day.gas(150.0, 0.0) < day.gas(80.0, 0.0) < day.gas(40.0, 0.0)


def test_a_window_in_which_the_wind_turns_is_seen_in_parts(make: Any) -> None:
    direction = np.where(np.arange(60) < 30, 270.0, 180.0)
    day = Day(make, speed=0.8, direction=direction, window=600.0, at=(2100.0,))
    # Half of the window from the west, half from the south: gas came from either side.
    assert day.gas(-60.0, 0.0) > 5.0 * day.gas(60.0, 0.0)
    assert day.gas(0.0, -60.0) > 5.0 * day.gas(0.0, 60.0)
    assert day.count()[0] <= MOST
    # An eighth of a turn to either side of the mean.
    assert np.ptp(day.puffs.node[:, TURN]) == pytest.approx(math.pi / 2.0)


def test_a_far_box_takes_no_puffs_near_the_reading(make: Any) -> None:
    far = Day(make, speed=0.8, direction=200.0, box=(400.0, 600.0))
    near, most = box_distances(far.reduced, (400.0, 600.0), (400.0, 600.0))
    assert (near[0], most[0]) == pytest.approx((400.0 * math.sqrt(2.0), 600.0 * math.sqrt(2.0)))
    wide = 8.0 * (far.puffs.node[:, SIGMA_Y] + far.puffs.node[:, ALONG] ** 0.5 + 1.0)
    assert np.all(far.puffs.node[:, DISTANCE] + wide > near[0])


def test_a_lag_takes_the_path_of_the_earlier_time(make: Any) -> None:
    speed = 0.3 + 0.01 * np.arange(60)
    late = Day(make, speed=speed, direction=270.0, at=(3000.0,))
    lagged = Day(make, speed=speed, direction=270.0, at=(3120.0,), lag=120.0)
    assert lagged.puffs.node == pytest.approx(late.puffs.node)
    assert lagged.puffs.released_from == pytest.approx(late.puffs.released_from)


def test_surveys_and_lags_are_joined_in_order(make: Any) -> None:
    light = Day(make, speed=0.5, direction=270.0, at=(1200.0, 2400.0)).puffs
    none = Day(make, speed=4.0, direction=270.0, at=(1200.0,)).puffs
    joined = join_puffs([[light, none], [none, light]])
    assert joined.start.shape == (2, 4)
    m = len(light.node)
    assert list(joined.start[0]) == [0, light.start[0, 1], m, m]
    assert list(joined.start[1]) == [m, m, m + light.start[0, 1], 2 * m]
    assert np.array_equal(joined.node[m:], light.node)
    assert isinstance(joined, Puffs)


@given(
    speeds=st.lists(st.floats(0.0, 3.0), min_size=60, max_size=60),
    turns=st.lists(st.floats(-60.0, 60.0), min_size=60, max_size=60),
    world=st.floats(0.0, 360.0),
)
@settings(max_examples=30, deadline=None)
def test_any_wind_gives_sound_puffs_that_turn_with_the_world(
    make: Any, speeds: list[float], turns: list[float], world: float
) -> None:
    direction = np.cumsum(turns)
    at = (900.0, 1800.0, 3600.0)
    first = Day(make, speed=speeds, direction=direction % 360.0, at=at, window=300.0)
    again = Day(make, speed=speeds, direction=(direction + world) % 360.0, at=at, window=300.0)
    node, turned = first.puffs.node, again.puffs.node
    assert np.all(np.isfinite(node))
    assert np.all(node[:, [DISTANCE, SIGMA_Y, SIGMA_Z, WEIGHT]] > 0.0)
    assert np.all(node[:, [ALONG, ALONG + 1]] >= 0.0)
    assert np.all(first.puffs.released_from < first.puffs.released_until)
    assert max(first.count()) <= MOST
    # Rounding may part a path into one more or one fewer.
    assume(first.count() == again.count())
    assert turned[:, LN_LENGTH] == pytest.approx(node[:, LN_LENGTH], abs=1e-6)
    assert turned[:, DISTANCE] == pytest.approx(node[:, DISTANCE], rel=1e-4, abs=1e-3)
