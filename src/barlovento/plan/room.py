"""Where an aircraft may be flown, by consents and zones, in a flat frame: to plan in.

It is drawn narrower than what guard would clear, and clears nothing by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from barlovento.domain.airspace import (
    Area,
    Circle,
    Consent,
    HeightReference,
    Polygon4326,
    Route,
    RouteBuffer,
    Volume,
    Zone,
    ZoneKind,
)
from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.guard.geometry import geographic, shapes_of
from barlovento.guard.matching import usable
from barlovento.guard.zones import whom_to_ask

HAIR = 3.0
"""More than all that is not exact about flat frames at these distances [m]."""

Origin = tuple[float, float]


def flat(area: Area, origin: Origin, *, outward: bool) -> Any:
    """Return an area in a flat frame.

    Parameters
    ----------
    area : tuple of Polygon4326 or Circle
        Their union.
    origin : tuple of float
        Of the frame [degree].
    outward : bool
        Whether circles are drawn too large rather than too small.
    """
    import shapely

    parts = []
    for shape in shapes_of(area, outward=outward):
        rings = []
        for ring in shape.rings:
            lon, lat = geographic(ring)
            rings.append(np.stack(to_local(lon, lat, origin=origin), axis=1))
        parts.append(shapely.make_valid(shapely.Polygon(rings[0], rings[1:])))
    return shapely.union_all(parts)


def flat_rings(rings: Sequence[Sequence[tuple[float, float]]], origin: Origin) -> Any:
    """Return an outline with holes in a flat frame.

    Parameters
    ----------
    rings : sequence of sequence of tuple of float
        Longitude and latitude; the outline first [degree].
    origin : tuple of float
        Of the frame [degree].
    """
    polygon = Polygon4326(outer=tuple(rings[0]), holes=tuple(tuple(ring) for ring in rings[1:]))
    return flat((polygon,), origin, outward=False)


def round_again(shape: Any, origin: Origin) -> list[list[list[tuple[float, float]]]]:
    """Return the polygons of a flat shape as longitude and latitude, rings closed.

    Parameters
    ----------
    shape : shapely geometry
        [m].
    origin : tuple of float
        Of the frame [degree].
    """
    import shapely

    found = []
    for part in shapely.get_parts(shape):
        if part.geom_type != "Polygon" or part.area <= 0:
            continue
        rings = []
        for ring in (part.exterior, *part.interiors):
            x, y = np.asarray(ring.coords)[:, :2].T
            lon, lat = to_geographic(x, y, origin=origin)
            places = zip(lon.round(7).tolist(), lat.round(7).tolist(), strict=True)
            rings.append(list(places))
        found.append(rings)
    return found


def consented(
    consents: Sequence[Consent],
    origin: Origin,
    *,
    who: Route,
    begin: datetime,
    until: datetime,
    top: float,
    revoked: Collection[str],
    now: datetime,
) -> tuple[Any, list[str]]:
    """Return where living consents for this aircraft lie, and why others don't count.

    Parameters
    ----------
    consents : sequence of Consent
        Their signatures verified.
    origin : tuple of float
        Of the frame [degree].
    who : Route
        Its aircraft, holder, purpose and sensors are looked at; see :func:`somebody`.
    begin, until : datetime
        When it would fly.
    top : float
        Highest that it comes, errors included [m above ground].
    revoked : collection of str
        Digests that were withdrawn.
    now : datetime
        Aware.
    """
    import shapely

    good, reasons = usable(who, consents, revoked=revoked, now=now)
    why = list(reasons.values())
    parts = []
    for consent in good:
        fault = _elsewhere(consent.volume, begin, until, top)
        if fault:
            why.append(f"Consent {consent.id} of {consent.authority} {fault}.")
        else:
            parts.append(flat(consent.volume.area, origin, outward=False))
    # Neighbours that share an edge are one room.
    whole = shapely.union_all([part.buffer(0.5) for part in parts]).buffer(-0.5)
    return whole, why


def somebody(aircraft: str, holder: str, purpose: str, sensors: tuple[str, ...]) -> Route:
    """Return a route that says who flies and for what, but not where."""
    none = RouteBuffer(
        navigation_error=0.0, gust_drift=0.0, turn_radius=0.0, height_error=0.0, time_error=0.0
    )
    return Route(
        id="",
        aircraft=aircraft,
        purpose=purpose,
        holder=holder,
        sensors=sensors,
        waypoints=(),
        home=None,
        return_speed=1.0,
        lost_link=(),
        buffer=none,
        stand_off=(),
        digest="",
    )


def _elsewhere(volume: Volume, begin: datetime, until: datetime, top: float) -> str:
    """Return why a volume does not hold a flight, or nothing; only guard looks at it closely."""
    when, upper = volume.when, volume.upper
    if when.valid_from and when.valid_from > begin:
        return f"begins {when.valid_from.isoformat()} only"
    if when.valid_until and when.valid_until < until:
        return f"ends {when.valid_until.isoformat()}"
    if upper and upper.reference is HeightReference.AGL and upper.value < top:
        return f"ends at {upper}, the flight at {top:.0f} m AGL"
    return ""


def forbidden(
    zones: Sequence[Zone],
    consents: Sequence[Consent],
    origin: Origin,
    *,
    within: Any,
    begin: datetime,
    until: datetime,
    top: float,
) -> Any:
    """Return what zones close to a flight, as far as it is near.

    Parameters
    ----------
    zones : sequence of Zone
        All that are known.
    consents : sequence of Consent
        Those that are for this flight; a zone whose authority agreed is open.
    origin : tuple of float
        Of the frame [degree].
    within : shapely geometry
        What is looked at [m].
    begin, until : datetime
        When it would fly.
    top : float
        Highest that it comes [m above ground].
    """
    import shapely

    agreed = {consent.authority for consent in consents}
    box = shapely.box(*within.bounds)
    closed = []
    for zone in zones:
        asks = whom_to_ask(zone) in agreed
        if zone.kind is ZoneKind.NO_RESTRICTION or (zone.kind is not ZoneKind.PROHIBITED and asks):
            continue
        for volume in zone.volumes:
            if not _applies(volume, begin, until, top) or not near(volume.area, box, origin):
                continue
            shape = flat(volume.area, origin, outward=True)
            if shape.intersects(box):
                closed.append(shape)
    return shapely.union_all(closed)


def _applies(volume: Volume, begin: datetime, until: datetime, top: float) -> bool:
    when, lower = volume.when, volume.lower
    if when.valid_until and when.valid_until < begin:
        return False
    if when.valid_from and when.valid_from > until:
        return False
    above = lower is not None and lower.reference is HeightReference.AGL and lower.value > top
    return not above


def near(area: Area, box: Any, origin: Origin) -> bool:
    """Tell roughly whether an area may reach a box; far ones can't be drawn flat."""
    west, south, east, north = box.bounds
    reach = max(abs(west), abs(south), abs(east), abs(north)) * 1.5 + 2e4
    for member in area:
        places = [(member.lon, member.lat)] if isinstance(member, Circle) else member.outer
        more = member.radius if isinstance(member, Circle) else 0.0
        lon, lat = np.array(places, dtype=float).T
        away = (lon - origin[0] + 180) % 360 - 180
        if (np.abs(away) < 60).all() and (np.abs(lat - origin[1]) < 60).all():
            x, y = to_local(lon, lat, origin=origin)
            if (
                x.min() - more < reach
                and x.max() + more > -reach
                and y.min() - more < reach
                and y.max() + more > -reach
            ):
                return True
    return False
