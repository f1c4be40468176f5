"""Lines of a sweep: inside of what is permitted, and met by the gas of every place."""

from __future__ import annotations

import math
from dataclasses import replace

import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from small_exercise import SMALL

from barlovento.drill.sweeping import INSIDE, SHORTEST, lines_over, working_height
from barlovento.search.permitted import Permitted

RING = ((-400.0, -400.0), (400.0, -400.0), (400.0, 400.0), (-400.0, 400.0))
PERMITTED = Permitted(ring=RING, floor=5.0, ceiling=60.0, home=(0.0, 0.0))


@settings(max_examples=40, deadline=None)
@given(
    angle=st.floats(0.0, 2.0 * math.pi),
    x=st.floats(-150.0, 150.0),
    y=st.floats(-150.0, 150.0),
    length=st.floats(1000.0, 9000.0),
)
def test_gas_of_every_place_meets_a_line(angle: float, x: float, y: float, length: float) -> None:
    wind = (4.0 * math.cos(angle), 4.0 * math.sin(angle))
    lines = lines_over(PERMITTED, SMALL.area, wind, length)
    here, seen = (0.0, 0.0), []
    while (line := lines.nearest(here)) is not None:
        seen.append(shapely.LineString(line))
        here = line[1]
    assert lines.done
    assert len(seen) == lines.count
    met = shapely.union_all(seen)
    assert PERMITTED.shape.buffer(1e-6).covers(met)
    # The way of the gas until it leaves the permitted area; a hair aside of a line's end counts.
    way = shapely.LineString([(x, y), (x + 300.0 * wind[0], y + 300.0 * wind[1])])
    assert way.distance(met) < SHORTEST + INSIDE


def test_the_downwind_edge_comes_first_and_not_twice() -> None:
    lines = lines_over(PERMITTED, SMALL.area, (4.0, 0.0), 4000.0)
    first = lines.nearest((0.0, 0.0))
    assert first is not None
    east = max(place[0] for line in [first, *lines.left] for place in line)
    assert first[0][0] == first[1][0] == east
    assert all(abs(a[0] - east) > SHORTEST for a, _ in lines.left)


def test_more_time_lays_closer_lines() -> None:
    short = lines_over(PERMITTED, SMALL.area, (4.0, 0.0), 1500.0)
    long = lines_over(PERMITTED, SMALL.area, (4.0, 0.0), 8000.0)
    assert long.spacing < short.spacing
    assert long.count > short.count


def test_drones_fly_as_near_to_the_releases_as_they_may() -> None:
    def height(low: float, high: float) -> float:
        return working_height(PERMITTED, replace(SMALL.area, release_height=(low, high)))

    assert height(0.0, 6.0) == 5.0
    assert height(10.0, 30.0) == 20.0
    assert height(80.0, 99.0) == 60.0


def test_what_was_left_of_a_line_is_flown_later() -> None:
    lines = lines_over(PERMITTED, SMALL.area, (4.0, 0.0), 4000.0)
    first = lines.nearest((0.0, 0.0), "one")
    assert first is not None
    middle = tuple(0.5 * (a + b) for a, b in zip(*first, strict=True))
    lines.put_back({"two": (0.0, 0.0), "one": (middle[0] + 3.0, middle[1])})
    again = lines.nearest((middle[0], middle[1]), "one")
    assert again is not None
    assert math.dist(again[0], middle) < 4.0
    assert again[1] == first[1]
    count = len(lines.edges) + len(lines.left)
    lines.put_back({"one": again[1]})
    # nothing is left of a line that was flown to its end
    assert len(lines.edges) + len(lines.left) == count
    third = lines.nearest((0.0, 0.0), "two")
    assert third is not None
    # the drone is gone: its line comes back whole, and once only
    for left in (1, 0):
        lines.put_back({})
        assert len(lines.edges) + len(lines.left) == count - 1 + left
        lines.nearest(third[0], "two")
