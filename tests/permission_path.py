"""What tests of permission on the command line share: passphrase, cheap keys, a plan, areas."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PASSPHRASE = "correct horse battery"
CHEAP = 16
"""Work factor of keys in tests; the real one takes half a second and 128 MB for each use."""

Run = Callable[..., tuple[int, dict[str, Any]]]

START = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
AREA = [[-107.5, 24.7], [-107.3, 24.7], [-107.3, 24.9], [-107.5, 24.9], [-107.5, 24.7]]
REQUEST: dict[str, Any] = {
    "type": "Feature",
    "geometry": {"type": "Polygon", "coordinates": [AREA]},
    "properties": {
        "authority": "MX",
        "holder": "Example Watch",
        "purpose": "air sampling",
        "valid_from": (START - timedelta(days=1)).isoformat(),
        "valid_until": (START + timedelta(days=1)).isoformat(),
        "lower": None,
        "upper": {"value": 120, "unit": "m", "reference": "AGL"},
        "aircraft": ["XB-ABC"],
        "sensors": ["methane analyser"],
    },
}
PLAN: dict[str, Any] = {
    "type": "Feature",
    "geometry": {
        "type": "LineString",
        "coordinates": [[-107.4, 24.8, 80], [-107.398, 24.8, 90], [-107.398, 24.803, 95]],
    },
    "properties": {
        "schema": 1,
        "id": "sortie-1",
        "aircraft": "XB-ABC",
        "purpose": "air sampling",
        "holder": "Example Watch",
        "sensors": ["methane analyser"],
        "height_reference": "AGL",
        "start": START.isoformat(),
        "speed_m_s": 12,
        "home": [-107.4, 24.8, 80],
        "return_speed_m_s": 12,
        "buffer": {
            "navigation_error_m": 5,
            "gust_drift_m": 5,
            "turn_radius_m": 15,
            "height_error_m": 8,
            "time_error_s": 3,
        },
    },
}


def asked(run: Run, name: str = "R-1") -> None:
    """Ask MX, and note the grant with a draft in ``draft.json``."""
    document = {**REQUEST, "properties": {**REQUEST["properties"], "id": name}}
    Path("request.json").write_text(json.dumps(document))
    assert run("consent", "request", "request.json")[0] == 0
    assert run("consent", "answer", name, "granted", "--out", "draft.json")[0] == 0
