"""Where a search may fly, from a file: a GeoJSON polygon with its heights, or a consent."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.airspace import Consent
from barlovento.domain.geodesy import to_local
from barlovento.errors import BadInput
from barlovento.fly.consented_area import consent_of, heights_of, is_consent, rings_of

Ring = tuple[tuple[float, float], ...]

LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittedFile:
    """What a file of a permitted volume says, in local metres.

    Parameters
    ----------
    ring : tuple of tuple of float
        Corners [m].
    holes : tuple of rings
        Left out [m].
    floor, ceiling : float
        Heights above ground [m].
    home : tuple of float or None
        Where flights end, if the file says so [m].
    consent : Consent or None
        What the file is, if it is one.
    signed : bool
        Whether the consent bears a signature; it was not checked.
    """

    ring: Ring
    holes: tuple[Ring, ...]
    floor: float
    ceiling: float
    home: tuple[float, float] | None
    consent: Consent | None = None
    signed: bool = False


def read_permitted(
    path: Path,
    origin: tuple[float, float] | None,
    home: tuple[float, float] | None = None,
) -> PermittedFile:
    """Read a permitted volume.

    Parameters
    ----------
    path : Path
        GeoJSON: a Feature (or a collection of one) with a Polygon and the properties ``lower_m``
        and ``upper_m`` above ground, ``axes`` ("geographic" or "local"), and ``home``. Without
        ``axes`` places are geographic where the survey is. Or a consent, drafted or signed.
    origin : tuple of float or None
        Longitude and latitude of the survey's plane; None for local axes [degree].
    home : tuple of float, optional
        Which part of a consent is meant, where it has several [m].

    Raises
    ------
    BadInput
        It can't be read, or something is absent; it says what and how to mend it.
    """
    document, data = _json(path)
    if is_consent(document):
        return _consented(document, data, path, origin, home)
    feature = _feature(document, path)
    shape = feature.get("geometry") or {}
    properties = feature.get("properties") or {}
    if shape.get("type") != "Polygon" or not shape.get("coordinates"):
        raise BadInput(
            f"{path.name}: the geometry is {shape.get('type')!r}. Give one Polygon, "
            "with holes where needed."
        )
    axes = properties.get("axes", "geographic" if origin else "local")
    if axes not in ("geographic", "local"):
        raise BadInput(f'{path.name}: axes is {axes!r}. Write "geographic" or "local".')
    if axes == "geographic" and origin is None:
        raise BadInput(
            f"{path.name} has longitudes and latitudes, but the survey has local metres without a "
            'place on earth. Give the area in the survey\'s metres, with "axes": "local".'
        )
    place = origin if axes == "geographic" else None
    rings = [_ring(ring, place, path) for ring in shape["coordinates"]]
    home = properties.get("home")
    return PermittedFile(
        ring=rings[0],
        holes=tuple(rings[1:]),
        floor=_height(properties, "lower", path),
        ceiling=_height(properties, "upper", path),
        home=_places([home], place, path)[0] if home is not None else None,
    )


def _consented(
    document: dict[str, Any],
    data: bytes,
    path: Path,
    origin: tuple[float, float] | None,
    home: tuple[float, float] | None,
) -> PermittedFile:
    """Return the volume of a consent; of several parts the one that holds home."""
    import shapely

    consent, signed = consent_of(document, data, path.name)
    if origin is None:
        raise BadInput(
            f"{path.name} is a consent, in longitude and latitude, but the survey has local metres "
            "without a place on earth. Give the area in the survey's metres, with "
            '"axes": "local".'
        )
    parts = rings_of(consent.volume, origin, path.name)
    if home is not None:
        held = [p for p in parts if shapely.Polygon(*p).intersects(shapely.Point(home))]
        parts = tuple(held) or parts
    elif len(parts) > 1:
        raise BadInput(
            f"{path.name}: the consent's area has {len(parts)} parts that don't touch. Say with "
            "--home X,Y in which of them the flight begins and ends."
        )
    floor, ceiling = heights_of(consent.volume, path.name)
    return PermittedFile(
        ring=parts[0][0],
        holes=parts[0][1],
        floor=floor,
        ceiling=ceiling,
        home=None,
        consent=consent,
        signed=signed,
    )


def _json(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path.name} is larger than 4 MiB. Give one polygon.")
        data = path.read_bytes()
        document = json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise BadInput(
            f"Can't read {path}: {error.strerror or error}. Name a GeoJSON file with --permitted."
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path.name} is no JSON ({error}). Export the area as GeoJSON.") from error
    if not isinstance(document, dict):
        raise BadInput(f"{path.name} is no GeoJSON object. Export the area as GeoJSON.")
    return document, data


def _feature(document: Any, path: Path) -> dict[str, Any]:
    if document.get("type") == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list) or len(features) != 1:
            count = len(features) if isinstance(features, list) else 0
            raise BadInput(f"{path.name} holds {count} features. Give exactly one polygon.")
        document = features[0] if isinstance(features[0], dict) else {}
    if document.get("type") != "Feature":
        raise BadInput(
            f"{path.name}: a Feature with heights is needed. "
            "Give it properties lower_m and upper_m."
        )
    found: dict[str, Any] = document
    return found


def _height(properties: dict[str, Any], which: str, path: Path) -> float:
    value = properties.get(f"{which}_m")
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadInput(
            f"{path.name}: {which}_m is {value!r}. Give the {which} height above ground in metres, "
            f'as in "{which}_m": {10 if which == "lower" else 60}.'
        )
    return float(value)


def _ring(ring: Any, origin: tuple[float, float] | None, path: Path) -> Ring:
    places = _places(ring, origin, path)
    if len(places) > 1 and places[0] == places[-1]:
        places = places[:-1]
    return places


def _places(given: Any, origin: tuple[float, float] | None, path: Path) -> Ring:
    try:
        values = np.array([[float(v) for v in place[:2]] for place in given], dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != 2 or not np.isfinite(values).all():
            raise ValueError("not pairs of finite numbers")
    except (TypeError, ValueError) as error:
        raise BadInput(f"{path.name}: a place can't be read ({error}). Give [x, y].") from error
    if origin is not None:
        if (np.abs(values[:, 0]) > 180.0).any() or (np.abs(values[:, 1]) > 90.0).any():
            raise BadInput(
                f"{path.name}: a place is no longitude and latitude. Give degrees, longitude "
                'first, or write "axes": "local" for metres.'
            )
        x, y = to_local(values[:, 0], values[:, 1], origin=origin)
        values = np.column_stack([x, y])
    return tuple((float(x), float(y)) for x, y in values)
