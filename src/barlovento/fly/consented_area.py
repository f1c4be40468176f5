"""Where a consent lets a search fly, in the survey's metres.

Drafts and signed envelopes are both read, as ``barlovento consent`` writes them. No signature is
checked and no rule of permission is applied here: a leg within the volume is not cleared by that
(``barlovento clear`` proves a plan against consents, zones and borders).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from barlovento.domain.airspace import Circle, Consent, Height, HeightReference, Volume
from barlovento.domain.geodesy import to_local
from barlovento.errors import BadInput

Ring = tuple[tuple[float, float], ...]

NO_UPPER = 120.0
"""Ceiling where a consent names none [m above ground]."""

CORNERS = 72
"""Of the polygon within a circle."""

BEND, EARTH = 1.0, 6.371e6
"""An edge of a consent is a geodesic; it may leave the plane's straight line by so much [m]; and
the radius that this is reckoned with [m]."""

SLIVER = 1.0
"""Parts smaller than this are left out [m2]."""


def is_consent(document: Any) -> bool:
    """Return whether a JSON document is a consent: drafted, or in a signed envelope.

    Parameters
    ----------
    document : object
        As parsed.
    """
    if not isinstance(document, Mapping):
        return False
    if {"payload", "payloadType", "signatures"} <= set(document):
        return True
    properties = document.get("properties")
    return isinstance(properties, Mapping) and {"authority", "lower", "upper"} <= set(properties)


def consent_of(document: Mapping[str, Any], data: bytes, name: str) -> tuple[Consent, bool]:
    """Return the consent of a document, and whether it bears a signature (not checked).

    Parameters
    ----------
    document : mapping
        As parsed.
    data : bytes
        The file.
    name : str
        Of the file, for errors.

    Raises
    ------
    BadInput
        It can't be read as a consent.
    """
    from barlovento.guard.consents import read_consent
    from barlovento.guard.trust import payload_of
    from barlovento.guard.verifier import VerifyError, strict_json

    signed = "payload" in document
    try:
        feature = payload_of(data) if signed else strict_json(data)
        return read_consent(feature, digest="", key_id=""), signed
    except (BadInput, VerifyError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{name} looks like a consent and can't be read as one: {error} Give the file that "
            "`barlovento consent answer --out` or `consent sign --out` wrote."
        ) from error


def rings_of(
    volume: Volume, origin: tuple[float, float], name: str
) -> tuple[tuple[Ring, tuple[Ring, ...]], ...]:
    """Return the parts of a consent's area with their holes, the largest first [m].

    Parameters
    ----------
    volume : Volume
        Of the consent.
    origin : tuple of float
        Longitude and latitude of the survey's plane [degree].
    name : str
        Of the file, for errors.

    Raises
    ------
    BadInput
        Nothing of the area can be used.
    """
    import shapely

    shapes = []
    for member in volume.area:
        if isinstance(member, Circle):
            x, y = to_local(member.lon, member.lat, origin=origin)
            # Corners on the circle: the polygon never leaves it.
            turn = [2.0 * math.pi * k / CORNERS for k in range(CORNERS)]
            places = [
                (float(x) + member.radius * math.cos(t), float(y) + member.radius * math.sin(t))
                for t in turn
            ]
            shapes.append(shapely.Polygon(places))
        else:
            rings = [_local(ring, origin, name) for ring in (member.outer, *member.holes)]
            shapes.append(shapely.Polygon(rings[0], rings[1:]))
    if not all(shape.is_valid for shape in shapes):
        raise BadInput(f"{name}: a ring of the consent crosses itself. Ask for it to be redrawn.")
    union = shapely.union_all(shapes)
    parts = [part for part in getattr(union, "geoms", [union]) if part.area >= SLIVER]
    if not parts:
        raise BadInput(f"{name}: the consent's area is empty.")
    parts.sort(key=lambda part: -part.area)
    return tuple(
        (_corners(part.exterior), tuple(_corners(hole) for hole in part.interiors))
        for part in parts
    )


def heights_of(volume: Volume, name: str) -> tuple[float, float]:
    """Return floor and ceiling above ground of a consent [m].

    Parameters
    ----------
    volume : Volume
        Of the consent.
    name : str
        Of the file, for errors.

    Raises
    ------
    BadInput
        A height is not above ground: without the ground's height it can't be compared.
    """
    floor = _above_ground(volume.lower, "lower", name)
    ceiling = _above_ground(volume.upper, "upper", name)
    return max(floor or 0.0, 0.0), NO_UPPER if ceiling is None else ceiling


def _above_ground(height: Height | None, which: str, name: str) -> float | None:
    if height is None:
        return None
    if height.reference != HeightReference.AGL:
        raise BadInput(
            f"{name}: {which} is told as {height.reference}, and a search knows heights above "
            "ground only. Give a GeoJSON polygon with lower_m and upper_m above ground that lies "
            "within the consent."
        )
    return height.value


def _local(ring: Ring, origin: tuple[float, float], name: str) -> list[tuple[float, float]]:
    x, y = to_local([lon for lon, _ in ring], [lat for _, lat in ring], origin=origin)
    places = [(float(a), float(b)) for a, b in zip(x, y, strict=True)]
    for k, place in enumerate(places):
        before = places[k - 1]
        far = max(math.hypot(*place), math.hypot(*before))
        if far * (math.dist(place, before) / EARTH) ** 2 > BEND:
            raise BadInput(
                f"{name}: an edge of the consent is {math.dist(place, before) / 1000:.0f} km long "
                "and bends on the survey's plane. Give a GeoJSON polygon about the survey that "
                "lies within the consent."
            )
    return places


def _corners(ring: Any) -> Ring:
    return tuple((float(x), float(y)) for x, y in ring.coords[:-1])
