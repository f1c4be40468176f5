"""GeoJSON that says what its coordinates are measured in: only WGS 84 is taken."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from barlovento.errors import BadInput

WGS84 = re.compile(r"(?:urn:ogc:def:crs:)?(?:ogc:[^:]*:?:?crs84h?|epsg:[^:]*:?(?:4326|4979))", re.I)
"""Names of longitude and latitude on WGS 84; GeoJSON writes longitude first in all of them."""


def check_datum(document: Any, name: str) -> None:
    """Refuse coordinates of another datum or projection.

    Parameters
    ----------
    document : Any
        GeoJSON as it was read; a ``crs`` counts in it, in its features and in their geometries.
    name : str
        Of the file, for messages.

    Raises
    ------
    BadInput
        A ``crs`` is not longitude and latitude on WGS 84; other datums lie hundreds of metres off.
    """
    if not isinstance(document, Mapping):
        return
    features = document.get("features")
    every = [document, *(features if isinstance(features, list) else ())]
    for part in every:
        if not isinstance(part, Mapping):
            continue
        for holder in (part, part.get("geometry"), part.get("properties")):
            given = holder.get("crs") if isinstance(holder, Mapping) else None
            if given is not None and not WGS84.fullmatch(_name_of(given)):
                raise BadInput(
                    f"{name}: crs: its coordinates are measured in {_name_of(given)!r}, not in "
                    "longitude and latitude on WGS 84. Convert them, and leave `crs` away."
                )


def _name_of(crs: Any) -> str:
    """Return the name of a coordinate reference system, however it is written."""
    inner = crs.get("properties") if isinstance(crs, Mapping) else None
    found = inner.get("name") if isinstance(inner, Mapping) else crs
    return found.strip() if isinstance(found, str) else json.dumps(found)
