"""Whose airspace a place lies in: facts of geography, and laws that hold everywhere."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.domain.airspace import Circle, Polygon4326
from barlovento.errors import BadInput, SurveyError
from barlovento.fly.borders_file import read_borders
from barlovento.guard.borders import Borders
from barlovento.guard.jurisdiction import states_near
from barlovento.guard.limit_errors import LimitErrors
from barlovento.guard.margin_track import nearest_limit

LAND = {
    "Madrid": (-3.70, 40.42, "ES"),
    "Paris": (2.35, 48.86, "FR"),
    "Bogota": (-74.08, 4.61, "CO"),
    "Quito": (-78.5, -0.2, "EC"),
    "Maseru, inside of another state": (27.5, -29.3, "LS"),
    "Cayenne, far from Paris": (-52.33, 4.92, "FR"),
    "Saint Helier, a dependency": (-2.1, 49.2, "GB"),
    "Taveuni, across the antimeridian": (-179.97, -16.8, "FJ"),
    "Chukotka, across the antimeridian": (-175.0, 66.5, "RU"),
}


@pytest.fixture(scope="module")
def borders() -> Borders:
    return Borders.shipped()


@pytest.mark.parametrize("name", LAND)
def test_land_belongs_to_its_state(borders: Borders, name: str) -> None:
    lon, lat, state = LAND[name]
    seen = borders.sovereign_at(lon, lat)
    assert (seen.state, seen.kind) == (state, "land")
    assert state in seen.candidates


@pytest.mark.parametrize(
    ("lon", "lat"), [(-30.0, 40.0 - 6.0), (-140.0, 0.0), (0.0, 90.0), (75.0, -35.0)]
)
def test_nobody_holds_the_high_seas(borders: Borders, lon: float, lat: float) -> None:
    seen = borders.sovereign_at(lon, lat)
    assert (seen.state, seen.kind, seen.certain) == (None, "high seas", True)
    assert seen.perhaps_free


def test_claims_to_antarctica_name_nobody(borders: Borders) -> None:
    seen = borders.sovereign_at(0.0, -85.0)
    assert (seen.state, seen.kind, seen.certain) == (None, "land", False)


def test_disputed_land_is_never_certain(borders: Borders) -> None:
    seen = borders.sovereign_at(34.1, 44.95)
    assert seen.state == "UA"
    assert not seen.certain


def test_the_strait_of_dover_is_shared_though_both_coasts_are_within_twelve_miles(
    borders: Borders,
) -> None:
    # Off Dover, 21 km from Cap Gris-Nez: inside of a circle about France, and British.
    off_dover = borders.sovereign_at(1.38, 51.03)
    assert off_dover.state == "GB"
    off_gris_nez = borders.sovereign_at(1.53, 50.93)
    assert off_gris_nez.state == "FR"


def test_an_unknown_state_is_an_error_and_not_outside(borders: Borders) -> None:
    for state in ("ZZ", "", "fr"):
        with pytest.raises(BadInput, match="two letters"):
            borders.signed_depth(state, [0.0], [0.0])


WIDE = st.tuples(
    st.floats(-10, 12), st.floats(35, 60), st.sampled_from(["FR", "GB", "ES", "BE", "CH"])
)
STRIP = st.tuples(st.floats(16.5, 19.5), st.floats(42.0, 43.5), st.sampled_from(["HR", "BA", "ME"]))
"""Croatia's coast, behind which Bosnia lies within a few kilometres."""


@settings(max_examples=120, deadline=None)
@given(
    where=st.one_of(WIDE, STRIP),
    bearing=st.floats(0, 360),
    share=st.floats(0.0, 0.98),
)
def test_nobody_reaches_a_limit_before_the_margin_is_used_up(
    where: tuple[float, float, str], bearing: float, share: float
) -> None:
    lon, lat, state = where
    from pyproj import Geod

    borders = Borders.shipped()
    here = borders.signed_depth(state, [lon], [lat])[0][0]
    to_lon, to_lat, _ = Geod(ellps="WGS84").fwd(lon, lat, bearing, share * abs(here))
    there = borders.signed_depth(state, [to_lon], [to_lat])[0][0]
    assert np.sign(there) == np.sign(here)


@pytest.mark.parametrize("lon", [178.9, 179.419, 179.4195, 179.8, -179.9, -179.5])
def test_land_goes_on_across_the_antimeridian(borders: Borders, lon: float) -> None:
    # Inland Chukotka, 25 km and more from the Bering Sea and the Chukchi Sea.
    seen = borders.sovereign_at(lon, 67.0)
    assert (seen.state, seen.kind, seen.certain) == ("RU", "land", True)
    assert borders.signed_depth("RU", [lon], [67.0])[0][0] > 25_000.0


def test_land_behind_a_narrow_strip_of_coast_is_as_near_as_it_is(borders: Borders) -> None:
    from pyproj import Geod

    # At sea off Cavtat, Croatia; the town of Trebinje is Bosnian.
    here, trebinje = (18.20, 42.56), (18.344, 42.712)
    away = Geod(ellps="WGS84").inv(*here, *trebinje)[2]
    assert borders.sovereign_at(*here).state == "HR"
    assert borders.signed_depth("HR", *([x] for x in here))[0][0] < away
    assert borders.signed_depth("BA", *([x] for x in here))[0][0] > -away
    near = states_near(borders, *here, away)
    assert not near.sure
    assert {"BA", "HR"} <= set(near.states)


def test_a_disc_counts_the_errors_of_all_fields_that_it_touches(borders: Borders) -> None:
    # 39 km outside of France's limit off the Landes, 1.6 km west of a field where it is vague.
    table = {"FR": {"44,-3": [1_000, 1_000], "44,-2": [40_000, 40_000]}}
    vague = Borders(
        borders.outline, errors=LimitErrors({"field_degrees": 1.0, "errors": table}, unmeasured=0.0)
    )
    here = [-2.02], [44.5]
    assert vague.sovereigns(*here)[0].candidates == ()
    assert vague.sovereigns(*here, widened=500.0)[0].candidates == ()
    assert vague.sovereigns(*here, widened=5_000.0)[0].candidates == ("FR",)


@settings(max_examples=40, deadline=None)
@given(lon=st.floats(-180, 180), lat=st.floats(-84, 84))
def test_at_most_one_state_holds_a_place(lon: float, lat: float) -> None:
    borders = Borders.shipped()
    seen = borders.sovereign_at(lon, lat)
    inside = [s for s in seen.candidates if borders.signed_depth(s, [lon], [lat])[0][0] > 1e-6]
    assert inside in ([], [seen.state])


def test_the_nearest_limit_is_met_at_twelve_miles_from_a_straight_coast(borders: Borders) -> None:
    from pyproj import Geod

    around = borders.around("PT")
    away, lon, lat = nearest_limit(around, -10.6, 39.9)
    depth = borders.signed_depth("PT", [-10.6], [39.9])[0][0]
    assert depth < 0.0
    assert away == pytest.approx(-depth, rel=2e-3, abs=5.0)
    assert Geod(ellps="WGS84").inv(-10.6, 39.9, lon, lat)[2] == pytest.approx(away, abs=2.0)
    assert borders.signed_depth("PT", [lon], [lat])[0][0] == pytest.approx(0.0, abs=5.0)


def test_areas_touch_every_state_that_any_of_their_places_does(borders: Borders) -> None:
    strait = borders.states_touching((Circle(lon=1.45, lat=51.0, radius=15_000.0),))
    assert {"FR", "GB"} <= set(strait.states)
    assert not strait.unnamed
    inland = Polygon4326(outer=((-4.0, 39.0), (-3.0, 39.0), (-3.0, 40.0), (-4.0, 40.0)))
    assert borders.states_touching((inland,)).states == ("ES",)
    assert not borders.states_touching((inland,)).perhaps_free
    ocean = borders.states_touching((Circle(lon=-40.0, lat=30.0, radius=50_000.0),))
    assert ocean.states == ()
    assert ocean.perhaps_free


def finer(**changes: object) -> bytes:
    ring = [[-5.0, 49.0], [0.0, 49.0], [0.0, 51.0], [-5.0, 51.0], [-5.0, 49.0]]
    feature = {
        "type": "Feature",
        "properties": {"state": "FR", "source": "a gazette", "error_m": 50, **changes},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def test_finer_limits_take_the_place_of_the_outline(borders: Borders) -> None:
    refined = borders.refined(read_borders(finer(), "limits.geojson"))
    depth, error = refined.signed_depth("FR", [-2.5, 2.35], [50.0, 48.86])
    assert depth[0] > 90_000.0
    assert depth[1] < -150_000.0
    assert error.tolist() == [50.0, 50.0]
    assert refined.outline.digest != borders.outline.digest
    assert (
        refined.signed_depth("GB", [-0.1], [51.5])[0]
        == borders.signed_depth("GB", [-0.1], [51.5])[0]
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"source": ""}, "source"), ({"error_m": -1}, "error_m"), ({"state": None}, "state")],
)
def test_limits_without_source_error_or_state_are_refused(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(SurveyError, match=words):
        read_borders(finer(**changes), "limits.geojson")
