"""Files of zones: read whole, or refused with every broken feature named."""

from __future__ import annotations

import copy
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from pyproj import Geod

from barlovento.domain.airspace import Circle, HeightReference, Polygon4326, ZoneKind
from barlovento.errors import BadInput
from barlovento.fly.zones import parse_zones, read_zones

GEOD = Geod(ellps="WGS84")
ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("BARLOVENTO_DATA", ROOT.parent / "shared" / "data")) / "zones"

real = pytest.mark.skipif(not DATA.is_dir(), reason="no zones under $BARLOVENTO_DATA")


def feature(**more: Any) -> dict[str, Any]:
    """One small feature of ED-269."""
    ring = [[7.0, 46.0], [7.1, 46.0], [7.1, 46.1], [7.0, 46.1], [7.0, 46.0]]
    geometry = {
        "uomDimensions": "M",
        "lowerLimit": 0,
        "lowerVerticalReference": "AGL",
        "upperLimit": 120,
        "upperVerticalReference": "AGL",
        "horizontalProjection": {"type": "Polygon", "coordinates": [ring]},
    }
    return {
        "identifier": "Z1",
        "country": "CHE",
        "name": "one",
        "type": "COMMON",
        "restriction": "PROHIBITED",
        "applicability": [{"permanent": "YES"}],
        "zoneAuthority": [{"name": "Office"}],
        "geometry": [geometry],
        **more,
    }


def parse(*features: Any, **more: Any) -> Any:
    return parse_zones(json.dumps({"features": features}).encode(), "zones.json", **more)


def broken(change: Any, value: Any) -> dict[str, Any]:
    """A feature with one field of its geometry changed."""
    found = copy.deepcopy(feature())
    node = found["geometry"][0]
    *path, last = change.split(".")
    for key in path:
        node = node[key]
    node[last] = value
    return found


@real
@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "number"),
    [("ed269_che1.json", 6), ("ed269_cis_envelope.json", 1), ("ed318_cis.json", 3)],
)
def test_published_files_are_read_whole(name: str, number: int) -> None:
    zones = read_zones(DATA / name)
    assert len(zones) == number
    assert {zone.country for zone in zones} == {"CH"}
    assert all(zone.volumes and len(zone.digest) == 64 for zone in zones)


@real
@pytest.mark.data
def test_published_details_are_kept() -> None:
    concert, airfield, *_, park = read_zones(DATA / "ed269_che1.json")
    (volume,) = concert.volumes
    assert volume.area == (Circle(lon=6.913146, lat=46.430758, radius=3000.0),)
    assert volume.upper is not None
    assert (volume.upper.value, volume.upper.reference) == (6259, HeightReference.AMSL)
    assert volume.when.windows[0].days == {5, 6}
    assert len(airfield.volumes) == 3
    # 250 feet.
    assert park.volumes[0].upper is not None
    assert park.volumes[0].upper.value == pytest.approx(76.2)
    assert "message" in concert.extra
    bern = read_zones(DATA / "ed318_cis.json")[0]
    assert (bern.name, bern.authority) == ("LSZB Bern-Belp 2", "Skyguide")
    assert bern.volumes[0].lower is not None
    assert bern.volumes[0].lower.value == 60


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (broken("horizontalProjection.coordinates", [[[7, 46], [7.1, 46.1], [7, 46]]]), "four"),
        (
            broken(
                "horizontalProjection.coordinates",
                [[[7, 46], [7.1, 46.1], [7.1, 46], [7, 46.1], [7, 46]]],
            ),
            "crosses",
        ),
        (
            broken("horizontalProjection.coordinates", [[[0, 0], [1, 0], [2, 0], [0, 0]]]),
            "no area",
        ),
        (
            broken("horizontalProjection.coordinates", [[[46, 97], [46, 98], [47, 98], [46, 97]]]),
            "swapped",
        ),
        (broken("horizontalProjection.type", "Blob"), "Blob"),
        (broken("upperVerticalReference", None), "reference"),
        (broken("uomDimensions", "FURLONG"), "FURLONG"),
        (broken("lowerLimit", 500), "not below"),
        (broken("upperLimit", "high"), "no number"),
        (feature(restriction="MAYBE"), "MAYBE"),
        (feature(country="XYZ"), "XYZ"),
        (feature(identifier=""), "identifier"),
        (feature(geometry=[]), "geometry"),
        (
            feature(applicability=[{"permanent": "NO", "startDateTime": "2027-01-01T00:00:00"}]),
            "time zone",
        ),
        (
            feature(
                applicability=[
                    {
                        "permanent": "NO",
                        "startDateTime": "2027-02-01T00:00:00Z",
                        "endDateTime": "2027-01-01T00:00:00Z",
                    }
                ]
            ),
            "before it starts",
        ),
        ("nonsense", "no object"),
    ],
)
def test_one_broken_feature_stops_the_file_and_is_named(bad: Any, words: str) -> None:
    with pytest.raises(BadInput, match="feature 1") as caught:
        parse(feature(), bad, feature(identifier="Z3"))
    assert words in str(caught.value)
    assert "feature 0" not in str(caught.value)
    assert "feature 2" not in str(caught.value)


def test_all_broken_features_are_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        parse(feature(restriction="A"), feature(), feature(restriction="B"))
    assert "feature 0" in str(caught.value)
    assert "feature 2" in str(caught.value)


def test_swapped_places_are_suspected_where_the_country_says_so() -> None:
    def lies(lon: float, lat: float) -> frozenset[str]:
        return frozenset({"CH"} if 5 < lon < 11 and 45 < lat < 48 else {"SO"})

    ring = [[46.0, 7.0], [46.1, 7.0], [46.1, 7.1], [46.0, 7.0]]
    swapped = broken("horizontalProjection.coordinates", [ring])
    with pytest.raises(BadInput, match="seem to be swapped"):
        parse(swapped, lies=lies)
    assert len(parse(feature(), lies=lies)) == 1


def test_a_name_that_comes_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="twice"):
        parse_zones(b'{"features": [], "features": []}', "zones.json")


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(BadInput, match="no zone"):
        parse()


def test_circles_and_layers_of_ed318() -> None:
    layer = {
        "lower": 0,
        "lowerReference": "AGL",
        "upper": 400,
        "upperReference": "AMSL",
        "uom": "ft",
    }
    circle = {
        "type": "Point",
        "coordinates": [7.0, 46.0],
        "extent": {"subType": "Circle", "radius": 500},
        "layer": layer,
    }
    when = [{"schedule": [{"day": ["MON"], "startEvent": "SR", "endEvent": "EECT"}]}]
    (zone,) = parse(
        {
            "type": "Feature",
            "geometry": {"type": "GeometryCollection", "geometries": [circle]},
            "properties": {
                "identifier": "C1",
                "country": "CHE",
                "type": "CONDITIONAL",
                "limitedApplicability": when,
            },
        }
    )
    assert zone.kind is ZoneKind.CONDITIONAL
    (volume,) = zone.volumes
    assert volume.area == (Circle(lon=7.0, lat=46.0, radius=500.0),)
    assert volume.upper is not None
    assert volume.upper.value == pytest.approx(121.92)
    (window,) = volume.when.windows
    assert (window.start, window.end, window.days) == ("sunrise", "civil dusk", {0})


OPENAIR = """
* a comment
AC P
AN Fort
AL SFC
AH FL 95
V X=46:30:00 N 007:00:00 E
DC 1

AC R
AN Wedge
AL 500FT AGL
AH 4500ft MSL
V X=46:30:00 N 007:00:00 E
DP 46:30:00 N 007:00:00 E
DA 2, 0, 90
AC CTR
AN Bow
AL GND
AH UNL
V D=-
V X=46:30.000 N 007:00.000 E
DB 46:30:00 N 007:03:00 E, 46:32:04.39 N 007:00:00 E
DP 46:30:00 N 007:00:00 E
"""


def test_openair_is_read_with_its_arcs_and_heights() -> None:
    fort, wedge, bow = parse_zones(OPENAIR.encode(), "fr.openair", country="FR")
    (volume,) = fort.volumes
    assert volume.area == (Circle(lon=7.0, lat=46.5, radius=1852.0),)
    assert volume.lower is None
    assert volume.upper is not None
    assert volume.upper.reference is HeightReference.FL
    assert volume.upper.value == pytest.approx(9500 * 0.3048)
    assert fort.kind is ZoneKind.PROHIBITED
    assert fort.country == "FR"
    (sector,) = wedge.volumes
    assert sector.lower is not None
    assert sector.lower.reference is HeightReference.AGL
    assert sector.upper is not None
    assert sector.upper.reference is HeightReference.AMSL
    area = abs(GEOD.polygon_area_perimeter(*zip(*ring(sector), strict=True))[0])
    assert area == pytest.approx(math.pi * (2 * 1852.0) ** 2 / 4, rel=1e-3)
    # Counterclockwise from east to north: a quarter, not three.
    area = abs(GEOD.polygon_area_perimeter(*zip(*ring(bow.volumes[0]), strict=True))[0])
    assert area == pytest.approx(math.pi * 3837.0**2 / 4, rel=5e-3)


def ring(volume: Any) -> tuple[tuple[float, float], ...]:
    (polygon,) = volume.area
    assert isinstance(polygon, Polygon4326)
    return polygon.outer


UNEVEN = "AC R\nAN A\nAL GND\nAH FL95\nV X=46:00:00 N 007:00:00 E"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AC R\nAN A\nAL GND\nAH 3000\nDC 1", "above what"),
        ("AC R\nAN A\nAL GND\nAH FL95\nDC 1", "no centre"),
        ("AC R\nAN A\nAH FL95\nV X=46:00:00 N 007:00:00 E\nDC 1", "AL is missing"),
        ("AC R\nAN A\nAL GND\nAH FL95\nDP 46:61:00 N 007:00:00 E", "60 minutes"),
        ("AC R\nAN A\nAL GND\nAH FL95\nDP here", "no place"),
        ("AC R\nAN A\nAL GND\nAH FL95", "no places"),
        ("DP 46:00:00 N 007:00:00 E", "before any AC"),
        ("AC R\nAN A\nAL GND\nAH FL95\nV X=46:00:00 N 007:00:00 E\nV D=x\nDC 1", "direction"),
        (
            f"{UNEVEN}\nDB 46:01:00 N 007:00:00 E, 46:09:00 N 007:00:00 E",
            "from its centre",
        ),
    ],
)
def test_openair_that_means_nothing_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_zones(text.encode(), "a.openair", country="FR")
