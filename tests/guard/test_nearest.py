"""Distances to lines are those of geographiclib, and the tree finds what a plain search finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.guard.borders import Borders
from barlovento.guard.nearest import (
    NO_OWNER,
    FloatArray,
    build_tree,
    cartesian,
    geodetic,
    line_distance,
    nearest_many,
    side_of,
    to_metres,
)

geographiclib = pytest.importorskip("geographiclib.geodesic")


def one_line(
    lon: float, lat: float, bearing: float, length: float
) -> tuple[FloatArray, FloatArray]:
    far = geographiclib.Geodesic.WGS84.Direct(lat, lon, bearing, length)
    ends = cartesian(np.array([lon, far["lon2"]]), np.array([lat, far["lat2"]]))
    return ends[0], ends[1]


@settings(max_examples=80, deadline=None)
@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-80, 80),
    bearing=st.floats(0, 360),
    length=st.floats(50, 2_500),
    away=st.floats(1, 300_000),
    towards=st.floats(0, 360),
)
def test_distance_to_a_line_is_geographiclibs(
    lon: float, lat: float, bearing: float, length: float, away: float, towards: float
) -> None:
    geod = geographiclib.Geodesic.WGS84
    place = geod.Direct(lat, lon, towards, away)
    line = geod.InverseLine(
        lat, lon, *(geod.Direct(lat, lon, bearing, length)[k] for k in ("lat2", "lon2"))
    )
    y, x = place["lat2"], place["lon2"]

    def away_at(s: float) -> float:
        step = line.Position(s)
        return float(geod.Inverse(y, x, step["lat2"], step["lon2"])["s12"])

    low, high = 0.0, length
    for _ in range(3):
        steps = np.linspace(low, high, 41)
        best = int(np.argmin([away_at(s) for s in steps]))
        low, high = steps[max(best - 1, 0)], steps[min(best + 1, 40)]
    truth = away_at((low + high) / 2.0)
    begin, end = one_line(lon, lat, bearing, length)
    at = cartesian(np.array([place["lon2"]]), np.array([place["lat2"]]))[0]
    assert abs(to_metres(line_distance(begin, end, at)) - truth) < 1.0


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60))
def test_the_tree_finds_the_nearest_line(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    lon, lat = generator.uniform(-180, 180, count), generator.uniform(-85, 85, count)
    begin = cartesian(lon, lat)
    end = cartesian(lon + 0.01, lat + 0.01)
    zero = np.zeros(count, dtype=np.int64)
    tree = build_tree(begin, end, zero, zero, zero)
    places = cartesian(generator.uniform(-180, 180, 20), generator.uniform(-89, 89, 20))
    found, _ = nearest_many(tree, places, 1.3e7, NO_OWNER)
    lines = list(zip(begin, end, strict=True))
    plain = [min(line_distance(a, b, place) for a, b in lines) for place in places]
    assert np.allclose(found, [to_metres(value) for value in plain], atol=1e-3)


def test_the_side_is_right_beyond_a_sharp_corner() -> None:
    # A thin wedge that points east: beyond its tip, both lines have the same nearest place.
    lon, lat = np.array([0.0, 1.0, 0.0]), np.array([0.1, 0.0, -0.1])
    places = cartesian(lon, lat)
    inside, outside = np.array([1, 1]), np.array([0, 0])
    # Clockwise seen from above, so the wedge lies to the right of both lines.
    tree = build_tree(places[:-1], places[1:], outside, inside, np.zeros(2, dtype=np.int64))
    for x, y in ((1.2, 0.0), (1.1, 0.04), (1.1, -0.04), (0.5, 0.3)):
        at = cartesian(np.array([x]), np.array([y]))
        _, index = nearest_many(tree, at, 1e7, NO_OWNER)
        assert side_of(tree, int(index[0]), at[0]) == 0
    at = cartesian(np.array([0.5]), np.array([0.0]))
    _, index = nearest_many(tree, at, 1e7, NO_OWNER)
    assert side_of(tree, int(index[0]), at[0]) == 1


@given(lon=st.floats(-179.9, 179.9), lat=st.floats(-89.9, 89.9))
def test_cartesian_and_back(lon: float, lat: float) -> None:
    back = geodetic(cartesian(np.array([lon]), np.array([lat])))
    assert back[0][0] == pytest.approx(lon, abs=1e-9)
    assert back[1][0] == pytest.approx(lat, abs=1e-9)


def test_the_side_is_right_at_a_corner_that_is_far_away() -> None:
    # At 161 km the squared distances to one corner differ in their last digits.
    borders = Borders.shipped()
    for lon in np.linspace(0.8, 2.8, 60):
        depth, _ = borders.signed_depth("FR", np.full(60, lon), np.linspace(43.6, 46.6, 60))
        assert np.all(depth > 0.0)
