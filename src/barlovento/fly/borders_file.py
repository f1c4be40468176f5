"""Finer limits from GeoJSON: polygons of a state's whole sovereign space, with source and error."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from barlovento.errors import BadInput, Fault, SurveyError
from barlovento.fly.datum import check_datum
from barlovento.guard.outline import short_lines
from barlovento.guard.sovereignty import Finer

NEEDED = {
    "state": "the ISO 3166 code of two letters",
    "source": "who published the line",
    "error_m": "how far the line may lie off the true one, in metres",
}


def read_borders(content: bytes, name: str) -> tuple[Finer, ...]:
    """Read the limits of states; all or nothing.

    Parameters
    ----------
    content : bytes
        GeoJSON FeatureCollection. Each feature is the Polygon or MultiPolygon of a state's land,
        internal waters and territorial sea together, edges straight in longitude and latitude, with
        the properties ``state``, ``source`` and ``error_m``.
    name : str
        Of the file.

    Returns
    -------
    tuple of Finer
        One for each state.

    Raises
    ------
    BadInput
        It is no GeoJSON.
    SurveyError
        Features have faults; all of them are told.
    """
    try:
        document = json.loads(content)
        features = document["features"]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{name}: it is no GeoJSON FeatureCollection. Export the limits as GeoJSON."
        ) from error
    check_datum(document, name)
    faults: list[Fault] = []
    found: dict[str, Finer] = {}
    digest = hashlib.sha256(content).hexdigest()
    for number, feature in enumerate(features, start=1):
        wrong = _faults(feature, number, name)
        state = str((feature.get("properties") or {}).get("state"))
        if not wrong and state in found:
            wrong = [_fault(name, number, f"{state} stands there twice.", "Join its polygons.")]
        faults += wrong
        if not wrong:
            found[state] = _finer(feature, digest)
    if faults:
        raise SurveyError(faults)
    if not found:
        raise BadInput(f"{name}: there is no feature in it.")
    return tuple(found.values())


def _fault(name: str, number: int, what: str, mend: str) -> Fault:
    return Fault(what=f"Feature {number}: {what}", mend=mend, file=name)


def _faults(feature: Any, number: int, name: str) -> list[Fault]:
    if not isinstance(feature, dict):
        return [_fault(name, number, "it is no object.", "Export it anew.")]
    given = feature.get("properties") or {}
    faults = [
        _fault(name, number, f"there is no property {key!r}.", f"Add it: {text}.")
        for key, text in NEEDED.items()
        if given.get(key) in (None, "")
    ]
    error = given.get("error_m")
    if error is not None and not (isinstance(error, int | float) and 0 <= error < 1e6):
        faults.append(_fault(name, number, f"error_m is {error!r}.", "Give metres, zero or more."))
    shape = feature.get("geometry") or {}
    if shape.get("type") not in ("Polygon", "MultiPolygon"):
        what = f"its geometry is {shape.get('type')}."
        return [*faults, _fault(name, number, what, "Close the limit into a polygon.")]
    try:
        rings = [np.array(ring, dtype=float)[:, :2] for part in _parts(shape) for ring in part]
    except (ValueError, IndexError, TypeError):
        return [*faults, _fault(name, number, "its coordinates can't be read.", "Export it anew.")]
    for ring in rings:
        if len(ring) < 4 or not np.array_equal(ring[0], ring[-1]):
            faults.append(_fault(name, number, "a ring is not closed.", "Repeat its first place."))
        elif np.abs(ring[:, 1]).max() > 90.0 or np.abs(ring[:, 0]).max() > 180.0:
            mend = "Give WGS 84 longitude, then latitude; are they swapped?"
            faults.append(_fault(name, number, "a place is not on earth.", mend))
    return faults


def _parts(shape: dict[str, Any]) -> list[Any]:
    parts: Any = shape["coordinates"]
    return list(parts) if shape["type"] == "MultiPolygon" else [parts]


def _finer(feature: dict[str, Any], digest: str) -> Finer:
    begin, end, inside_left = [], [], []
    for part in _parts(feature["geometry"]):
        for number, ring in enumerate(part):
            places = np.array(ring, dtype=float)[:, :2]
            x, y = places[:, 0], places[:, 1]
            turn = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
            # Cuts of the map at the antimeridian are no limit.
            cut = (np.abs(x[:-1]) == 180.0) & (x[:-1] == x[1:])
            begin.append(places[:-1][~cut])
            end.append(places[1:][~cut])
            inside_left.append(np.full(int((~cut).sum()), (turn > 0.0) == (number == 0)))
    first, last, row = short_lines(np.concatenate(begin), np.concatenate(end))
    given = feature["properties"]
    return Finer(
        state=str(given["state"]).upper(),
        begin=first,
        end=last,
        inside_left=np.concatenate(inside_left)[row],
        error=float(given["error_m"]),
        source=str(given["source"]),
        digest=digest,
    )
