"""The prior holds what is expected, moves to where hints are, and falls where was searched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import h5netcdf
import numpy as np
import pytest
import shapely

from barlovento.domain.region import PastOutcome, Region, TipOff
from barlovento.domain.searched import Searched
from barlovento.errors import BadInput
from barlovento.fly.fleet_file import TEMPLATE as FLEET
from barlovento.fly.fleet_file import parse_fleet
from barlovento.fly.region_file import TEMPLATE, parse_region
from barlovento.fly.searched_file import read_searched
from barlovento.plan.laying import best_detection, lay_out, way_seconds
from barlovento.plan.prior import Cells, Prior, cells_of, prior_of, seen_by


@pytest.fixture(scope="module")
def region() -> Region:
    given, _ = parse_region(TEMPLATE.replace("resolution = 9", "resolution = 8"), name="r")
    return given


@pytest.fixture(scope="module")
def cells(region: Region) -> Cells:
    return cells_of(region)


@pytest.fixture(scope="module")
def prior(region: Region, cells: Cells) -> Prior:
    return prior_of(region, cells)


def test_cells_fill_the_area(region: Region, cells: Cells) -> None:
    lon, lat = np.array(region.area[0]).T
    # Metres of a degree at 4.6 degrees north.
    area = np.ptp(lon) * 110_960 * np.ptp(lat) * 110_580
    assert cells.areas.sum() == pytest.approx(area, rel=0.08)


def test_all_expected_sites_are_somewhere(region: Region, prior: Prior) -> None:
    assert prior.expected.sum() == pytest.approx(region.expected_sites)
    assert (prior.expected > 0).all()


def test_roads_draw_and_settlements_and_slopes_repel(region: Region, cells: Cells) -> None:
    place = shapely.Point(-74.09, 4.59)
    x = cells.places @ [1.0, 1.0]
    near, far = int(np.argmin(x)), int(np.argmax(x))
    road = prior_of(region, cells, roads=[place]).by_cell / cells.areas
    town = prior_of(region, cells, settlements=[place]).by_cell / cells.areas
    assert road[near] > 2 * road[far]
    assert town[near] < town[far]
    steep = [
        (shapely.Point(-74.09, 4.59), {"slope": 40.0}),
        (shapely.Point(-74.03, 4.63), {"slope": 2}),
    ]
    slope = prior_of(region, cells, slope=steep).by_cell / cells.areas
    assert slope[near] < 0.3 * slope[far]
    with pytest.raises(BadInput, match="slope"):
        prior_of(region, cells, slope=[(place, {"steepness": 3})])


def test_tip_offs_add_as_much_as_they_are_trusted(region: Region, cells: Cells) -> None:
    base = prior_of(region, cells).by_cell.sum()
    added = []
    for grade in "ACE":
        tip = TipOff(name="t", place=(-74.06, 4.61), radius=300.0, grade=grade)
        told = prior_of(replace(region, tip_offs=(tip,)), cells).by_cell
        added.append(told.sum() - base)
        assert np.argmax(told) == np.argmin((cells.places**2).sum(axis=1))
    # The sum over cells stands for an integral.
    assert added == pytest.approx([0.95, 0.60, 0.15], rel=0.1)


def test_outcomes_raise_and_lower_their_neighbourhood(region: Region, cells: Cells) -> None:
    plain = prior_of(region, cells).by_cell
    for found in (True, False):
        outcome = PastOutcome(place=(-74.06, 4.61), found=found)
        told = prior_of(replace(region, outcomes=(outcome,)), cells).by_cell
        here = int(np.argmin((cells.places**2).sum(axis=1)))
        assert (told[here] > plain[here]) == found


def test_a_search_lowers_what_it_would_have_seen(region: Region, prior: Prior) -> None:
    # Everything east of the middle was seen if above 1e-4 kg/s, and nothing else.
    axis = np.linspace(0.0, 6000.0, 61)
    rate = np.array([1e-6, 1e-4, 1e-2])
    seen = np.zeros((61, 61, 3))
    seen[:, :, 1:] = 1.0
    searched = Searched(origin=region.origin, x=axis, y=axis - 3000.0, rate=rate, probability=seen)
    told = seen_by(searched, prior)
    west = prior.cells.places[:, 0] < -700
    east = (prior.cells.places[:, 0] > 700) & (np.abs(prior.cells.places[:, 1]) < 2000)
    assert (told[west] == 0).all()
    strong = prior.rates > 1e-4
    np.testing.assert_allclose(told[east][:, strong], 1.0)
    left = prior.lowered(told)
    # The strong ones of the east are ruled out, the west is as it was.
    assert left.expected[east][:, strong].max() == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_array_equal(left.expected[west], prior.expected[west])
    # A second search of the same ground by the same means adds only what the first left.
    assert left.lowered(told).expected.sum() <= left.expected.sum()
    with pytest.raises(BadInput, match="shape"):
        prior.lowered(told[:3])


def test_searched_maps_are_read_or_refused(tmp_path: Path, region: Region) -> None:
    path = tmp_path / "searched.nc"
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"y": 2, "x": 3, "emission_rate": 2}
        for name, values in (
            ("y", [0.0, 1.0]),
            ("x", [0.0, 1.0, 2.0]),
            ("emission_rate", [1, 2.0]),
        ):
            file.create_variable(name, (name,), data=np.array(values))
        file.create_variable("searched", ("y", "x", "emission_rate"), data=np.full((2, 3, 2), 0.5))
    with pytest.raises(BadInput, match="local coordinates"):
        read_searched(path)
    with h5netcdf.File(path, "a") as file:
        crs = file.create_variable("crs", (), data=np.int32(0))
        crs.attrs["longitude_of_projection_origin"] = -74.06
        crs.attrs["latitude_of_projection_origin"] = 4.61
    assert read_searched(tmp_path).origin == (-74.06, 4.61)
    path.write_bytes(b"no netcdf")
    with pytest.raises(BadInput, match=r"searched\.nc"):
        read_searched(path)


def test_a_region_is_laid_out_as_sorties(region: Region, prior: Prior) -> None:
    fleet = parse_fleet(
        FLEET.replace("base = [-74.08", "base = [-74.09")
        + '[[unit]]\nname = "ears"\nvehicle = "signals-aircraft"\ncount = 1\ncrews = 1\n'
        + "base = [-74.5, 4.6]\n",
        name="f",
    )
    middle = shapely.box(-800, -800, 800, 800)
    laid = lay_out(prior, fleet, region, closed=middle)
    assert len(laid.detections) == 1
    assert any("signals-aircraft" in line for line in laid.blind)
    # Four hours of one crew: flights with a turnaround between them, never two at once.
    spans = [(slot.start, slot.until) for slot in laid.slots]
    assert len(spans) >= 4
    for (_, before), (after, _) in pairwise(spans):
        assert after - before >= timedelta(minutes=14)
    inside = (np.abs(prior.cells.places) < 800).all(axis=1)
    problem = laid.problem
    for sortie in problem.sorties:
        assert not sortie.allowed[inside].any()
    # The way round what is closed is longer than the straight one.
    west = int(np.argmin(np.hypot(*(prior.cells.places - [-2000.0, 0.0]).T)))
    east = int(np.argmin(np.hypot(*(prior.cells.places - [2000.0, 0.0]).T)))
    straight = way_seconds(
        prior.cells.places[east] - prior.cells.places[west],
        fleet.units[0].vehicle,
        region.weather[0],
    )
    assert problem.transit[0, west, east] > 1.02 * float(straight)


def test_stand_off_aircraft_stay_outside_by_their_margin(region: Region, prior: Prior) -> None:
    given = parse_fleet(FLEET, name="f")
    vehicle = replace(given.units[0].vehicle, stand_off=True, margin=1000.0)
    fleet = replace(given, units=(replace(given.units[0], vehicle=vehicle, base=(-74.09, 4.61)),))
    state = shapely.box(500, -9000, 9000, 9000)
    problem = lay_out(prior, fleet, region, border=state).problem
    barred = prior.cells.places[:, 0] > -500
    assert barred.any()
    assert not problem.sorties[0].allowed[barred].any()
    assert np.isinf(problem.transit[0][~barred][:, barred]).all()
    assert np.isinf(problem.sorties[0].leave[barred]).all()


def test_the_wind_triangle_is_kept() -> None:
    region, _ = parse_region(TEMPLATE, name="r")
    weather = replace(region.weather[0], wind_speed=5.0, wind_from_direction=270.0)
    vehicle = replace(parse_fleet(FLEET, name="f").units[0].vehicle, cruise=13.0)
    steps = np.array([[1800.0, 0.0], [-800.0, 0.0], [0.0, 1200.0]])
    # With the wind 18 m/s, against it 8, across it 12.
    assert way_seconds(steps, vehicle, weather) == pytest.approx([100.0, 100.0, 100.0])


def test_a_height_that_the_region_does_not_permit_is_told(region: Region) -> None:
    vehicle = parse_fleet(FLEET, name="f").units[0].vehicle
    high = replace(region, height_range=(500.0, 600.0))
    told = best_detection(vehicle, high, region.weather[0])
    assert not told.sees
    assert "the region permits 500 to 600 m" in told.why


def test_an_area_without_cells_or_with_too_many_is_refused(region: Region) -> None:
    ring = ((-74.1, 4.58), (-74.0999, 4.58), (-74.0999, 4.5801))
    with pytest.raises(BadInput, match="Raise cell_resolution"):
        cells_of(replace(region, area=(ring,), cell_resolution=6))
    wide = ((-75.0, 4.0), (-74.0, 4.0), (-74.0, 5.0), (-75.0, 5.0))
    with pytest.raises(BadInput, match="Lower cell_resolution"):
        cells_of(replace(region, area=(wide,), cell_resolution=10))
