"""Legs leave no strip unseen, ways stay where one may fly, and lengths are what is flown."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from barlovento.errors import BadInput
from barlovento.plan.coverage import lay_legs
from barlovento.plan.passage import Passage

HORSESHOE = shapely.box(0, 0, 3000, 2500).difference(shapely.box(1000, 1000, 2000, 2501))


def flown(waypoints: np.ndarray) -> float:
    return float(np.hypot(*np.diff(waypoints, axis=0).T).sum())


@pytest.mark.parametrize("heading", [0.0, 37.0, 90.0, 151.0])
def test_legs_sweep_the_whole_area_and_keep_out_of_its_holes(heading: float) -> None:
    hole = shapely.Point(1500, 500).buffer(300)
    area = HORSESHOE.difference(hole)
    done = lay_legs(area, heading_deg=heading, spacing=100.0, turn_radius=0.0, start=(10, 10))
    way = shapely.LineString(done.waypoints)
    assert area.buffer(0.1).covers(way)
    unseen = area.difference(way.buffer(51.0, cap_style="flat"))
    assert unseen.area < 0.01 * area.area
    assert done.length == pytest.approx(flown(done.waypoints), rel=1e-6)
    assert done.spacing <= 100.0


def test_legs_lie_along_the_heading() -> None:
    done = lay_legs(HORSESHOE, heading_deg=30.0, spacing=150.0, turn_radius=0.0)
    steps = np.diff(done.waypoints, axis=0)[done.sensing]
    bearing = np.degrees(np.arctan2(steps[:, 0], steps[:, 1])) % 180
    assert bearing == pytest.approx(np.full(len(bearing), 30.0), abs=1e-6)
    assert done.legs == len(bearing)


def test_a_square_with_a_camera_is_flown_at_hardly_more_than_its_area() -> None:
    square = shapely.box(0, 0, 2000, 2000)
    done = lay_legs(square, heading_deg=90.0, spacing=100.0, turn_radius=0.0, inset=50.0)
    # 20 legs of 1,900 m and 19 steps of 100 m, counted by hand.
    assert done.length == pytest.approx(20 * 1900 + 19 * 100)
    assert done.ideal_length == pytest.approx(40_000 - math.pi * 25)


def test_what_has_wings_turns_no_tighter_than_it_can() -> None:
    square = shapely.box(0, 0, 2000, 1000)
    done = lay_legs(
        square, heading_deg=90.0, spacing=100.0, turn_radius=80.0, passable=square.buffer(500)
    )
    steps = np.diff(done.waypoints, axis=0)
    length = np.hypot(*steps.T)
    heading = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))
    turns = np.abs(np.diff(heading))
    # A corner of a polygon around a circle of radius r with half edges h turns by 2 atan(h / r).
    room = np.minimum(length[:-1], length[1:])
    assert (2 * np.arctan(room / 80.0) + 1e-6 >= turns).all()
    # Legs 100 m apart can't be joined by a circle of 160 m: out on every second, back on others.
    assert done.length < 10 * 2000 + 10 * math.pi * 100 + 1000


def test_ways_go_around_what_is_forbidden() -> None:
    room = shapely.box(0, 0, 1000, 1000).difference(shapely.box(400, -1, 600, 800))
    passage = Passage(room)
    way = np.vstack([[100.0, 100.0], passage.way((100, 100), (900, 100)), [900.0, 100.0]])
    straight = 2 * math.hypot(300, 700) + 200
    assert flown(way) == pytest.approx(straight, abs=0.1)
    assert room.buffer(1e-6).covers(shapely.LineString(way))
    assert passage.distances([(100, 100), (900, 100)])[0, 1] == pytest.approx(flown(way))


def test_no_way_is_told() -> None:
    room = shapely.box(0, 0, 1000, 1000).difference(shapely.box(400, -1, 600, 1001))
    with pytest.raises(BadInput, match="No permitted way"):
        lay_legs(room, heading_deg=0.0, spacing=100.0, turn_radius=0.0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"spacing": 0.0}, "cover nothing"),
        ({"turn_radius": -1.0}, "Turn radius"),
        ({"spacing": 1e-6}, "km of"),
        ({"inset": 101.0}, "inset"),
    ],
)
def test_impossible_arguments_are_refused(wrong: dict[str, float], said: str) -> None:
    given_args = {"heading_deg": 0.0, "spacing": 100.0, "turn_radius": 0.0} | wrong
    with pytest.raises(BadInput, match=said):
        lay_legs(HORSESHOE, **given_args)


def test_an_area_that_crosses_itself_is_refused() -> None:
    bow_tie = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    with pytest.raises(BadInput, match="crosses itself"):
        lay_legs(bow_tie, heading_deg=0.0, spacing=100.0, turn_radius=0.0)


@settings(max_examples=6, deadline=None)
# All places of a convex area see each other, but a turn at its edge leads out of it.
@example(radii=[500.0] * 7, heading=0.0, wing=40.0)
@given(
    radii=st.lists(st.floats(500, 2500), min_size=7, max_size=11),
    heading=st.floats(0, 180),
    wing=st.sampled_from([0.0, 40.0, 120.0]),
)
def test_any_star_is_covered(radii: list[float], heading: float, wing: float) -> None:
    angle = np.linspace(0, math.tau, len(radii), endpoint=False)
    star = shapely.Polygon(np.c_[np.cos(angle), np.sin(angle)] * np.array(radii)[:, None])
    done = lay_legs(
        star, heading_deg=heading, spacing=200.0, turn_radius=wing, start=(0, 0), end=(0, 0)
    )
    assert done.waypoints[0] == pytest.approx((0, 0), abs=1e-6)
    assert done.waypoints[-1] == pytest.approx((0, 0), abs=1e-6)
    way = shapely.LineString(done.waypoints)
    assert star.buffer(0.1).covers(way)
    assert star.difference(way.buffer(101.0)).area < 0.03 * star.area
    assert done.length >= done.ideal_length * (1 - 1e-9)
    assert done.leg_length + done.transit == pytest.approx(done.length)
