"""Consents as permitted volumes: drafted and signed, polygons and circles."""

from __future__ import annotations

import base64
import json
import math
from pathlib import Path
from typing import Any

import pytest
import shapely

from barlovento.errors import BadInput
from barlovento.fly.permitted import read_permitted

ORIGIN = (10.0, 50.0)
# about 717 m by 556 m at this latitude
RING = [[10.0, 50.0], [10.01, 50.0], [10.01, 50.005], [10.0, 50.005], [10.0, 50.0]]


def agl(metres: float, reference: str = "AGL") -> dict[str, Any]:
    return {"value": metres, "unit": "m", "reference": reference}


def feature(**changes: Any) -> dict[str, Any]:
    properties = {
        "id": "C-1", "request": "R-1", "authority": "DE", "holder": "Example Watch",
        "purpose": "air sampling", "valid_from": "2026-05-01T00:00:00Z",
        "valid_until": "2026-06-01T00:00:00Z", "lower": None, "upper": agl(50.0),
        "aircraft": ["D-1"], "sensors": ["analyser"], **changes.pop("properties", {}),
    }  # fmt: skip
    shape = {"type": "Polygon", "coordinates": [RING]}
    return {"type": "Feature", "geometry": shape, "properties": properties, **changes}


def written(folder: Path, document: Any) -> Path:
    path = folder / "consent.json"
    path.write_text(json.dumps(document))
    return path


def envelope(payload: Any) -> dict[str, Any]:
    text = base64.b64encode(json.dumps(payload).encode()).decode()
    signature = {"keyid": "k", "sig": base64.b64encode(b"x" * 64).decode()}
    return {"payloadType": "x", "payload": text, "signatures": [signature]}


def test_a_draft_and_what_was_signed_of_it_are_one_volume(tmp_path: Path) -> None:
    draft = read_permitted(written(tmp_path, feature()), ORIGIN)
    signed = read_permitted(written(tmp_path, envelope(feature())), ORIGIN)
    assert (draft.ring, draft.floor, draft.ceiling) == (signed.ring, signed.floor, signed.ceiling)
    assert (draft.floor, draft.ceiling) == (0.0, 50.0)
    assert (draft.signed, signed.signed) == (False, True)
    assert signed.consent is not None
    assert signed.consent.id == "C-1"
    # a hundredth of a degree at 50 degrees north is 716.9 m, half of one of latitude 556.2 m
    assert shapely.Polygon(draft.ring).area == pytest.approx(716.9 * 556.2, rel=2e-3)


def test_a_circle_is_never_left(tmp_path: Path) -> None:
    document = feature(
        geometry={"type": "Point", "coordinates": [10.002, 50.001]}, properties={"radius_m": 300.0}
    )
    told = read_permitted(written(tmp_path, document), ORIGIN)
    x, y = 143.4, 111.2  # of its middle, by the lengths above
    far = [math.dist((x, y), place) for place in told.ring]
    assert max(far) == pytest.approx(300.0, abs=0.5)
    assert shapely.Polygon(told.ring).area > 0.99 * math.pi * 300.0**2


def test_of_several_parts_home_says_which(tmp_path: Path) -> None:
    other = [[x + 0.02, y] for x, y in RING]
    document = feature(geometry={"type": "MultiPolygon", "coordinates": [[RING], [other]]})
    path = written(tmp_path, document)
    with pytest.raises(BadInput, match="2 parts"):
        read_permitted(path, ORIGIN)
    told = read_permitted(path, ORIGIN, (1600.0, 100.0))
    assert min(x for x, _ in told.ring) == pytest.approx(1433.9, abs=1.0)


@pytest.mark.parametrize(
    ("changes", "origin", "said"),
    [
        ({}, None, "without a place on earth"),
        ({"properties": {"upper": agl(400.0, "AMSL")}}, ORIGIN, "above ground only"),
        ({"properties": {"valid_until": "yesterday"}}, ORIGIN, "can't be read as one"),
        ({"properties": {"id": ""}}, ORIGIN, "has no id"),
        (
            {"geometry": {"type": "Polygon", "coordinates": [
                [[8.0, 49.0], [12.0, 49.0], [12.0, 51.0], [8.0, 51.0], [8.0, 49.0]]]}},
            ORIGIN,
            "bends",
        ),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_told(
    tmp_path: Path, changes: dict[str, Any], origin: tuple[float, float] | None, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        read_permitted(written(tmp_path, feature(**changes)), origin)


def test_an_envelope_of_something_else_is_told(tmp_path: Path) -> None:
    for inside in ({"type": "Feature"}, [1]):
        with pytest.raises(BadInput, match="can't be read as one"):
            read_permitted(written(tmp_path, envelope(inside)), ORIGIN)
    broken = envelope(feature()) | {"payload": "%%"}
    with pytest.raises(BadInput, match="base64"):
        read_permitted(written(tmp_path, broken), ORIGIN)
