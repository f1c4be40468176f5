"""A plan over flat ground that an autopilot can fly: up, three legs, down."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

HOME = (-107.4, 24.8)
GROUND = 700.0
EAST, NORTH = 101_190.0, 110_776.0
"""Metres of a degree at 24.8 N."""

HEIGHT = 20.0
PLACES = [
    (0, 0, 0),
    (0, 0, HEIGHT),
    (80, 0, HEIGHT),
    (80, 45, HEIGHT),
    (0, 0, HEIGHT),
    (0, 0, 0),
]
SECONDS = [0, 10, 30, 45, 67, 83]


def place(x: float, y: float, z: float) -> list[float]:
    return [round(HOME[0] + x / EAST, 8), round(HOME[1] + y / NORTH, 8), GROUND + z]


def flat_plan(start: datetime, **change: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [place(*spot) for spot in PLACES]},
        "properties": {
            "schema": 1,
            "id": "sortie-3",
            "aircraft": "XB-ABC",
            "purpose": "air sampling",
            "holder": "Example Watch",
            "sensors": ["methane analyser"],
            "height_reference": "AMSL",
            "times": [(start + timedelta(seconds=second)).isoformat() for second in SECONDS],
            "home": place(0, 0, HEIGHT),
            "return_speed_m_s": 5,
            "buffer": {
                "navigation_error_m": 5,
                "gust_drift_m": 5,
                "turn_radius_m": 10,
                "height_error_m": 5,
                "time_error_s": 15,
            },
        },
    }
    coordinates = change.pop("coordinates", None)
    document = copy.deepcopy(document)
    if coordinates is not None:
        document["geometry"]["coordinates"] = coordinates
    document["properties"].update(change)
    return document
