"""Results of several gases joined source by source, and a register read."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from barlovento.assess.classes import shipped_table
from barlovento.assess.findings import Finding, JoinedSource, Searched, join, read_finding
from barlovento.assess.register import around, parse_register
from barlovento.domain.geodesy import to_geographic
from barlovento.domain.observation import Frame
from barlovento.errors import BadInput

TABLE = shipped_table()
MADRID = (-3.7042, 40.4168)


def square(x: float, y: float, half: float) -> list[list[float]]:
    return [
        [x - half, y - half],
        [x + half, y - half],
        [x + half, y + half],
        [x - half, y + half],
        [x - half, y - half],
    ]


def result(
    gas: str,
    places: list[tuple[float, float, float]],
    *,
    frame: str = "field",
    origin: tuple[float, float] | None = None,
) -> dict[str, Any]:
    """What locate writes of one gas: a square region for each (x, y, half width)."""
    longitude, latitude = origin or (None, None)

    def region(x: float, y: float, half: float) -> list[list[float]]:
        ring = square(x, y, half)
        if origin is None:
            return ring
        return [[float(v) for v in to_geographic(*point, origin=origin)] for point in ring]

    return {
        "surveys": [
            {
                "species": {"name": gas},
                "from": "2026-05-04T09:00:00Z",
                "until": "2026-05-04T10:00:00Z",
            }
        ],
        "frame": {"name": frame, "longitude": longitude, "latitude": latitude},
        "prior": {"emission_rate_kg_s": {"median": 1e-3, "gsd": 10.0}},
        "sources": [
            {
                "x": x,
                "y": y,
                "probability": 0.97,
                "emission_rate_kg_s": {"q05": 1e-5, "median": 2e-5, "q95": 4e-5},
                "region90": {"type": "Polygon", "coordinates": [region(x, y, half)]},
                "active": None,
            }
            for x, y, half in places
        ],
    }


def read(
    document: dict[str, Any], *, searched: Searched | None = None, axes: Frame | None = None
) -> Finding:
    return read_finding(document, file="result.json", table=TABLE, searched=searched, axes=axes)


def joined(*documents: dict[str, Any]) -> tuple[JoinedSource, ...]:
    first = read(documents[0])
    return join([first, *(read(one, axes=first.frame) for one in documents[1:])], TABLE)


def gases(one: JoinedSource) -> set[str]:
    return {gas for gas, rate in one.rates.items() if rate.detected}


def test_regions_that_overlap_are_one_source() -> None:
    sources = joined(
        result("toluene", [(0, 0, 20), (300, 0, 20)]),
        result("benzene", [(15, 5, 10)]),
        result("methane", [(-900, 0, 30)]),
    )
    assert [gases(one) for one in sources] == [{"toluene", "benzene"}, {"toluene"}, {"methane"}]
    both = sources[0]
    # The gas whose region is smaller knows the place better.
    assert (both.x, both.y) == (15, 5)
    assert set(both.rates) == {"toluene", "benzene", "methane"}


def test_two_sources_of_one_gas_stay_two() -> None:
    sources = joined(result("toluene", [(0, 0, 30), (40, 0, 30)]), result("benzene", [(38, 0, 30)]))
    assert [gases(one) for one in sources] == [{"toluene", "benzene"}, {"toluene"}]
    assert sources[0].x in {38, 40}


def test_order_of_results_does_not_matter() -> None:
    documents = [
        result("toluene", [(0, 0, 30), (60, 0, 30)]),
        result("benzene", [(55, 0, 25)]),
        result("acetone", [(8, 0, 12)]),
    ]
    one, other = joined(*documents), joined(*reversed(documents))
    assert sorted(map(sorted, map(gases, one))) == sorted(map(sorted, map(gases, other)))


def test_other_origins_are_turned_into_the_first() -> None:
    east = to_geographic(250.0, -40.0, origin=MADRID)
    moved = (float(east[0]), float(east[1]))
    sources = joined(
        result("toluene", [(250, -40, 20)], origin=MADRID),
        result("benzene", [(0, 0, 5)], origin=moved),
    )
    assert len(sources) == 1
    assert (sources[0].x, sources[0].y) == pytest.approx((250, -40), abs=0.01)


def test_a_limit_is_read_where_the_source_is() -> None:
    rates = np.array([1e-5, 1e-4, 1e-3])
    seen = np.zeros((2, 2, 3))
    seen[0, 0] = [0.5, 1.0, 1.0]
    searched = Searched(
        x=np.array([0.0, 500.0]), y=np.array([0.0, 500.0]), rate=rates, probability=seen
    )
    toluene = read(result("toluene", [(0, 0, 20), (500, 500, 20)]))
    benzene = read(result("benzene", []), searched=searched, axes=toluene.frame)
    near, far = sorted(join([toluene, benzene], TABLE), key=lambda one: one.x)
    # Nine tenths lie four fifths of the way, on a logarithmic scale, from .5 to 1.
    assert near.rates["benzene"].limit == pytest.approx(1e-5 * 10**0.8)
    assert far.rates["benzene"].limit is None


def test_a_place_is_never_known_better_than_assumed() -> None:
    (one,) = joined(result("toluene", [(0, 0, 1)]))
    assert one.sigma == TABLE.assume.source_place_least_m
    (wide,) = joined(result("toluene", [(0, 0, 100)]))
    # A circle of that area, whose edge holds 90 % of a normal in the plane.
    assert wide.sigma == pytest.approx(200 / math.sqrt(math.pi) / math.sqrt(-2 * math.log(0.1)))


def test_results_that_do_not_fit_are_refused() -> None:
    with pytest.raises(BadInput, match="both speak of toluene"):
        joined(result("toluene", []), result("toluene", []))
    with pytest.raises(BadInput, match="axes"):
        joined(result("toluene", []), result("benzene", [], frame="yard"))
    with pytest.raises(BadInput, match="longitude and latitude"):
        joined(result("toluene", []), result("benzene", [], origin=MADRID))
    with pytest.raises(BadInput, match="no answer of locate"):
        read({"sources": []})


# ---------------------------------------------------------------- register

COLUMNS = "kind,name,x,y,accuracy_m\n"


def test_a_register_in_a_table() -> None:
    text = COLUMNS + "Fuel station,North,30,40,0\nbrewery,,500,0,\n"
    entries = parse_register(text, file="known.csv", table=TABLE)
    near, far = around(entries, x=0, y=0, sigma=12.0, frame=Frame(name="field"), table=TABLE)
    assert (near.kind, near.name, near.distance, near.sigma) == ("fuel_station", "North", 50, 12)
    assert far.kind == "brewery"
    assert far.sigma == pytest.approx(math.hypot(12.0, TABLE.assume.register_place_m))


def test_a_register_as_geojson_with_a_ground() -> None:
    ring = [[float(v) for v in to_geographic(*point, origin=MADRID)] for point in square(0, 0, 100)]
    document = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"kind": "landfill", "operator": "not read"},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        ],
    }
    entries = parse_register(json.dumps(document), file="known.geojson", table=TABLE)
    frame = Frame(name="geographic", longitude=MADRID[0], latitude=MADRID[1])
    (inside,) = around(entries, x=50, y=0, sigma=10.0, frame=frame, table=TABLE)
    (outside,) = around(entries, x=180, y=0, sigma=10.0, frame=frame, table=TABLE)
    assert inside.distance == 0
    assert outside.distance == pytest.approx(80, abs=0.1)
    with pytest.raises(BadInput, match="local metres"):
        around(entries, x=0, y=0, sigma=10.0, frame=Frame(name="field"), table=TABLE)


@pytest.mark.parametrize(
    ("text", "file", "words"),
    [
        ("{", "known.geojson", "no JSON"),
        ("[]", "known.geojson", "FeatureCollection"),
        ('{"features": []}', "known.geojson", "no emitter"),
        ('{"features": [{"properties": {"kind": "works"}, "geometry": null}]}', "a.json", "row 1"),
        ("name,x,y\na,1,2\n", "known.csv", "kind"),
        ("kind,name\nworks,a\n", "known.csv", "longitude"),
        (COLUMNS + "works,a,one,2,\n", "known.csv", "row 2"),
        (COLUMNS + ",a,1,2,\n", "known.csv", "no kind"),
        (COLUMNS + "works,a,1,2,-5\n", "known.csv", "accuracy"),
        ("kind,longitude,latitude\nworks,2,95\n", "known.csv", "globe"),
    ],
)
def test_a_bad_register_says_where(text: str, file: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as told:
        parse_register(text, file=file, table=TABLE)
    assert file in str(told.value)


def test_all_faults_of_a_register_are_told() -> None:
    text = COLUMNS + "works,a,one,2,\nworks,b,1,2,\n,c,1,2,\n"
    with pytest.raises(BadInput) as told:
        parse_register(text, file="known.csv", table=TABLE)
    assert "row 2" in str(told.value)
    assert "row 4" in str(told.value)
