"""Frames are as true as they say, and shapes know antimeridian, poles, holes and nonsense."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from barlovento.domain.airspace import Circle, Polygon4326
from barlovento.errors import BadInput
from barlovento.guard.geometry import (
    BEND,
    LONGEST_EDGE,
    SAGITTA,
    Frame,
    arc,
    geographic,
    places,
    scale_error,
    shapes_of,
)

GEOD = Geod(ellps="WGS84")


def flat(
    polygon: Polygon4326 | Circle, lon: float, lat: float, *, outward: bool
) -> shapely.Polygon:
    (shape,) = shapes_of((polygon,), outward=outward)
    rings = [Frame.at(lon, lat).project(ring) for ring in shape.rings]
    return shapely.Polygon(rings[0], rings[1:])


@settings(max_examples=80, deadline=None)
@given(
    st.floats(-90, 90),
    st.floats(0, 360),
    st.floats(0, 45_000),
    st.floats(0, 360),
    st.floats(1, 1000),
)
def test_lengths_in_a_frame_are_wrong_by_no_more_than_it_says(
    lat: float, azimuth: float, radius: float, heading: float, length: float
) -> None:
    lon, b, _ = GEOD.fwd(12.0, lat, azimuth, radius)
    lon2, b2, _ = GEOD.fwd(lon, b, heading, length)
    p, q = Frame.at(12.0, lat).project(places([lon, lon2], [b, b2]))
    assert abs(np.linalg.norm(p - q) - length) <= scale_error(radius + length) * length + 1e-6


@settings(max_examples=80, deadline=None)
@given(st.floats(-85, 85), st.floats(0, 360), st.floats(0, 1))
def test_a_straight_edge_leaves_the_geodesic_by_no_more_than_it_says(
    lat: float, azimuth: float, share: float
) -> None:
    far = GEOD.fwd(0.0, lat, azimuth, LONGEST_EDGE)
    on = GEOD.fwd(0.0, lat, azimuth, LONGEST_EDGE * share)
    a, b, c = places([0.0, far[0], on[0]], [lat, far[1], on[1]])
    normal = np.cross(a, b)
    assert abs(normal @ c) / np.linalg.norm(normal) <= BEND


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_places_go_there_and_back(lon: float, lat: float) -> None:
    a, b = geographic(places([lon], [lat]))
    assert GEOD.inv(lon, lat, a[0], b[0])[2] < 1e-6


@settings(max_examples=40, deadline=None)
@given(st.floats(-89, 89), st.floats(10, 50_000), st.floats(0, 360))
def test_a_circle_is_held_from_outside_and_holds_from_inside(
    lat: float, radius: float, azimuth: float
) -> None:
    circle = Circle(lon=30.0, lat=lat, radius=radius)
    frame = Frame.at(30.0, lat)
    lon, b, _ = GEOD.fwd(30.0, lat, azimuth, radius)
    (rim,) = frame.project(places([lon], [b]))
    outer = flat(circle, 30.0, lat, outward=True)
    inner = flat(circle, 30.0, lat, outward=False)
    slack = 1e-6 * radius + 1e-4
    assert outer.buffer(slack).contains(shapely.Point(rim))
    assert not inner.buffer(-slack).contains(shapely.Point(rim))
    assert inner.exterior.distance(shapely.Point(rim)) <= SAGITTA * 1.5 + slack


@pytest.mark.parametrize("length", [100.0, 20_000.0, 100_000.0])
def test_an_arc_from_its_chord(length: float) -> None:
    for lat in (0.0, 45.0, 89.0):
        for azimuth in (0.0, 45.0, 90.0):
            far = GEOD.fwd(0.0, lat, azimuth, length)
            a, b = places([0.0, far[0]], [lat, far[1]])
            assert arc(np.linalg.norm(b - a)) == pytest.approx(length, abs=0.015)


def test_a_polygon_may_lie_across_the_antimeridian() -> None:
    ring = ((179.9, -0.1), (-179.9, -0.1), (-179.9, 0.1), (179.9, 0.1))
    shape = flat(Polygon4326(outer=ring), 180.0, 0.0, outward=True)
    area, _ = GEOD.polygon_area_perimeter(*zip(*ring, strict=True))
    assert shape.area == pytest.approx(abs(area), rel=1e-4)
    assert shape.contains(shapely.Point(0, 0))


def test_a_polygon_may_hold_a_pole_with_or_without_a_detour() -> None:
    lons = np.arange(-180, 180, 30.0)
    plain = tuple((float(lon), 89.5) for lon in lons)
    detour = (*plain, (180.0, 89.5), (180.0, 90.0), (-180.0, 90.0))
    for ring in (plain, detour):
        shape = flat(Polygon4326(outer=ring), 0.0, 90.0, outward=True)
        assert shape.is_valid
        assert shape.contains(shapely.Point(0, 0))


def test_holes_are_not_part_of_it() -> None:
    outer = ((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2))
    hole = ((0.05, 0.05), (0.15, 0.05), (0.15, 0.15), (0.05, 0.15))
    shape = flat(Polygon4326(outer=outer, holes=(hole,)), 0.1, 0.1, outward=True)
    assert not shape.contains(shapely.Point(0, 0))


@pytest.mark.parametrize(
    ("ring", "words"),
    [
        (((0, 0), (1, 1), (1, 0), (0, 1)), "crosses"),
        (((0, 0), (1, 0), (2, 0)), "no area"),
        (((0, 0), (0, 0), (1, 1)), "no area"),
        (((0, 0), (1, 0)), "three places"),
        (((0, 0), (1, 0), (1, 95)), "globe"),
        (((0, 0), (120, 0), (120, 60), (0, 60)), "80 degrees"),
    ],
)
def test_polygons_that_mean_nothing_are_refused(
    ring: tuple[tuple[float, float], ...], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        shapes_of((Polygon4326(outer=ring),), outward=True)


@pytest.mark.parametrize("radius", [0.0, -5.0, float("nan"), 1e9])
def test_circles_that_mean_nothing_are_refused(radius: float) -> None:
    with pytest.raises(BadInput):
        shapes_of((Circle(lon=0.0, lat=0.0, radius=radius),), outward=True)
