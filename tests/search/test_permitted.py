"""The permitted area: what is inside, what is cut, and ways that stay inside."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon

from barlovento.errors import BadInput
from barlovento.search.permitted import Permitted

# an L with a hole in its foot
RING = ((0.0, 0.0), (200.0, 0.0), (200.0, 80.0), (80.0, 80.0), (80.0, 200.0), (0.0, 200.0))
HOLE = ((100.0, 20.0), (140.0, 20.0), (140.0, 60.0), (100.0, 60.0))


def area(**changes: object) -> Permitted:
    given_ = {"ring": RING, "holes": (HOLE,), "floor": 10.0, "ceiling": 60.0, "home": (5.0, 5.0)}
    return Permitted(**{**given_, **changes})  # type: ignore[arg-type]


def test_what_is_inside() -> None:
    inside = area().contains([[10.0, 10.0], [120.0, 40.0], [150.0, 150.0], [0.0, 0.0]])
    assert inside.tolist() == [True, False, False, True]


def test_a_line_is_cut_to_its_parts_in_order() -> None:
    parts = area().clipped((190.0, 40.0), (-20.0, 40.0))
    assert parts == [
        (pytest.approx((190.0, 40.0)), pytest.approx((140.0, 40.0))),
        (pytest.approx((100.0, 40.0)), pytest.approx((0.0, 40.0))),
    ]


@settings(max_examples=60, deadline=None)
@given(*[st.floats(0.0, 200.0)] * 4)
def test_a_way_stays_inside_and_is_no_shorter_than_a_line(
    ax: float, ay: float, bx: float, by: float
) -> None:
    where = area()
    a, b = (ax, ay), (bx, by)
    if not where.contains([a, b]).all():
        return
    way = [a, *where.way(a, b)]
    assert way[-1] == b
    shape = Polygon(RING, [HOLE]).buffer(1e-3)
    assert math.dist(a, b) == 0.0 or shape.covers(LineString(way))
    length = sum(math.dist(p, q) for p, q in itertools.pairwise(way))
    assert length >= math.dist(a, b) - 1e-9


def test_the_way_round_the_corner_is_the_shortest() -> None:
    way = Permitted(ring=RING, floor=0.0, ceiling=9.0, home=(1.0, 1.0)).way(
        (40.0, 190.0), (190.0, 40.0)
    )
    assert way == [(80.0, 80.0), (190.0, 40.0)]


def test_shrinking_keeps_a_distance_from_the_edge() -> None:
    small = area().shrunk(5.0)
    assert small.shape.area < area().shape.area
    edge = area().shape.boundary
    corners = np.array(small.ring)
    assert min(edge.distance(LineString([c, c])) for c in corners) > 5.0 - 1e-6
    assert (small.floor, small.ceiling) == (15.0, 55.0)
    high = area().shrunk(5.0, 2.0)
    assert (high.ring, high.floor, high.ceiling) == (small.ring, 12.0, 58.0)
    with pytest.raises(BadInput, match="Nothing is left"):
        area().shrunk(60.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"home": (150.0, 150.0)}, "outside the permitted area"),
        ({"ceiling": 5.0}, "ceiling"),
        ({"ring": RING[:2], "holes": ()}, "three corners"),
        ({"ring": (RING[0], RING[2], RING[1], RING[3]), "holes": ()}, "no proper polygon"),
        ({"floor": math.nan}, "not finite"),
    ],
)
def test_what_can_not_be_flown_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        area(**changes)


def test_the_nearest_place_is_itself_inside() -> None:
    square = Permitted(
        ring=((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)), floor=0.0, ceiling=9.0, home=(1, 1)
    )
    assert square.nearest((2.0, 3.0)) == (2.0, 3.0)
    assert square.nearest((12.0, 13.0)) == (9.0, 9.0)
    assert square.way((1.0, 1.0), (8.0, 8.0)) == [(8.0, 8.0)]
    with pytest.raises(BadInput, match="no way inside"):
        square.way((1.0, 1.0), (12.0, 13.0))
