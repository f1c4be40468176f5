"""``result.json`` keeps its contract; the schema was written from the contract, not the code."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from shapely.geometry import Point, shape

from barlovento.share.result import result_document, to_bytes

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "schemas" / "result.schema.json"
CASES = ("two", "none", "poor", "geographic")


def written(surveys: Any, posterior: Any) -> dict[str, Any]:
    """The document as a reader gets it."""
    document = result_document(
        surveys, posterior, version="9.9", command="barlovento locate a --out b", elapsed=2.5
    )
    loaded: dict[str, Any] = json.loads(to_bytes(document))
    return loaded


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("case", CASES)
def test_keeps_the_published_schema(imagined: Any, validator: Any, case: str) -> None:
    validator.validate(written(*imagined(case)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("number_of_sources", "0"), 1.2),
        (("number_of_sources", "many"), 0.1),
        (("sources", 0, "probability"), 0.4),
        (("sources", 0, "region90", "type"), "Point"),
        (("sources", 0, "emission_rate_kg_s"), {"q05": 1.0, "median": 2.0}),
        (("provenance", "digests"), ["short"]),
        (("schema",), 2),
    ],
)
def test_schema_refuses_what_breaks_the_contract(
    imagined: Any, validator: Any, path: tuple[Any, ...], value: Any
) -> None:
    document = written(*imagined("two"))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert not validator.is_valid(document)


def test_says_what_the_posterior_says(imagined: Any) -> None:
    document = written(*imagined("two"))
    assert document["survey"] == "Imagined flight over the orchard"
    assert document["number_of_sources"] == {"0": 0.0, "1": 0.19, "2": 0.76, "3": 0.05}
    assert [source["probability"] for source in document["sources"]] == [0.98, 0.81]
    assert document["sources"][1]["active"] == {
        # 1 760 000 900 s and 1 760 002 700 s after 1970, by `date -u -d @...`.
        "from": "2025-10-09T09:08:20Z",
        "until": "2025-10-09T09:38:20Z",
    }
    assert document["sources"][0]["active"] is None
    assert document["elapsed_s"] == 2.5
    assert document["provenance"]["seed"] == 1
    assert document["provenance"]["version"] == "9.9"


def test_rates_agree_between_units(imagined: Any) -> None:
    # 1 g/s is 3.6 kg/h.
    for source in written(*imagined("two"))["sources"]:
        for key in ("q05", "median", "q95"):
            grams = source["emission_rate_g_s"][key]
            assert math.isclose(source["emission_rate_kg_h"][key], 3.6 * grams)
            assert math.isclose(source["emission_rate_kg_s"][key], grams / 1000)


def test_reads_as_a_scorer_reads_it(imagined: Any) -> None:
    """A program that knows the truth takes medians, regions and intervals."""
    document = written(*imagined("two"))
    first = document["sources"][0]
    region = shape(first["region90"])
    assert region.is_valid
    assert region.contains(Point(first["x"], first["y"]))
    assert math.isclose(region.area, first["region90_area_m2"], rel_tol=1e-3)
    rate = first["emission_rate_kg_s"]
    assert rate["q05"] <= rate["median"] <= rate["q95"]
    assert float(document["number_of_sources"].get("0", 0)) == 0.0
    assert shape(document["sources"][1]["region90"]).geom_type == "MultiPolygon"


def test_geographic_regions_are_degrees(imagined: Any) -> None:
    surveys, posterior = imagined("geographic")
    document = written(surveys, posterior)
    source = document["sources"][0]
    region = shape(source["region90"])
    assert document["frame"]["region_coordinates"] == "longitude, latitude"
    assert region.contains(Point(source["longitude"], source["latitude"]))
    # One degree of latitude is 111.0 km at 40 degrees north, one of longitude 85.4 km at 40 and
    # 84.1 km at 41 (Snyder, Map Projections, USGS PP 1395, table 7).
    square_metres = region.area * 111_040 * 84_850
    assert math.isclose(square_metres, source["region90_area_m2"], rel_tol=0.01)


def test_numbers_that_are_not_finite_become_null(imagined: Any, validator: Any) -> None:
    surveys, posterior = imagined("none")
    odd = replace(
        posterior,
        log_evidence=float("-inf"),
        diagnostics=replace(posterior.diagnostics, max_rhat=float("nan")),
    )
    document = written(surveys, odd)
    assert document["log_evidence"] is None
    assert document["diagnostics"]["max_rhat"] is None
    assert document["diagnostics"]["min_ess"] is None
    validator.validate(document)


def test_numpy_numbers_are_written(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    source = replace(posterior.sources[0], probability=np.float64(0.9), x=np.float32(3.0))
    document = written(surveys, replace(posterior, sources=(source,)))
    assert document["sources"][0]["probability"] == 0.9
    assert document["sources"][0]["x"] == 3.0


def test_a_pair_of_numbers_stands_on_one_line(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    document = result_document(surveys, posterior, version="1", command="", elapsed=1.0)
    text = to_bytes(document).decode()
    assert json.loads(text) == document
    ring = document["sources"][0]["region90"]["coordinates"][0]
    assert f"[{ring[0][0]}, {ring[0][1]}]" in text
