"""Routes for other programs: QGroundControl's .plan and KML; GeoPackage is in `geopackage`.

Source: QGroundControl plan file format, version 1; OGC KML 2.3 (12-007r2). An exported route is
a copy for looking at: what was cleared is the sortie's own file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape

from barlovento.domain.airspace import HeightReference, Route, Waypoint
from barlovento.errors import BadInput

TAKEOFF, WAYPOINT, LAND, CHANGE_SPEED = 22, 16, 21, 178
FRAMES = {HeightReference.AGL: 10, HeightReference.AMSL: 0}
"""MAV_FRAME_GLOBAL_TERRAIN_ALT, MAV_FRAME_GLOBAL."""

MULTIROTOR, FIXED_WING = 2, 1
LAND_FROM = 1.0
"""A last way that only goes down this far counts as landing [m]."""


def qgroundcontrol_plan(route: Route, *, wing: bool, ground: float | None = None) -> bytes:
    """Return a route as a .plan file: take-off, speed, waypoints, landing.

    Parameters
    ----------
    route : Route
        Heights above ground or above mean sea level.
    wing : bool
        Whether it has wings.
    ground : float, optional
        Of the home above mean sea level; 0 where it is not known [m].

    Raises
    ------
    BadInput
        Its heights are from the ellipsoid or flight levels, which a .plan can't hold.
    """
    reference = route.waypoints[0].height.reference
    if reference not in FRAMES:
        raise BadInput(
            f"{route.id}: heights in {reference} can't stand in a .plan. Plan above ground (AGL) "
            "or mean sea level (AMSL)."
        )
    items: list[dict[str, Any]] = []

    def add(command: int, params: list[float | None], place: Waypoint | None) -> None:
        where = [0.0, 0.0, 0.0] if place is None else _where(place)
        items.append(
            {
                "AMSLAltAboveTerrain": None,
                "Altitude": where[2],
                "AltitudeMode": 3 if reference is HeightReference.AGL else 2,
                "autoContinue": True,
                "command": command,
                "doJumpId": len(items) + 1,
                "frame": 2 if place is None else FRAMES[reference],
                "params": [*params, *where],
                "type": "SimpleItem",
            }
        )

    points = list(route.waypoints)
    add(TAKEOFF, [0, 0, 0, None], points[1] if _only_height(points[0], points[1]) else points[0])
    last = _only_height(points[-2], points[-1])
    speed = None
    for before, place in pairwise(points[1:-1] if last else points[1:]):
        wanted = round(_speed(before, place), 2)
        if wanted > 0 and wanted != speed:
            add(CHANGE_SPEED, [1, wanted, -1, 0], None)
            speed = wanted
        add(WAYPOINT, [0, 0, 0, None], place)
    add(LAND, [0, 0, 0, None], points[-1])
    home = route.home or points[0]
    document = {
        "fileType": "Plan",
        "geoFence": {"circles": [], "polygons": [], "version": 2},
        "groundStation": "QGroundControl",
        "mission": {
            "cruiseSpeed": route.return_speed,
            "firmwareType": 3,
            "globalPlanAltitudeMode": 3 if reference is HeightReference.AGL else 2,
            "hoverSpeed": route.return_speed,
            "items": items,
            "plannedHomePosition": [home.lat, home.lon, 0.0 if ground is None else ground],
            "vehicleType": FIXED_WING if wing else MULTIROTOR,
            "version": 2,
        },
        "rallyPoints": {"points": [], "version": 2},
        "version": 1,
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def _where(place: Waypoint) -> list[float]:
    return [place.lat, place.lon, place.height.value]


def _only_height(a: Waypoint, b: Waypoint) -> bool:
    return (a.lon, a.lat) == (b.lon, b.lat) and abs(a.height.value - b.height.value) > LAND_FROM


def _speed(a: Waypoint, b: Waypoint) -> float:
    from barlovento.guard.geometry import wgs84

    seconds = (b.time - a.time).total_seconds()
    length = float(wgs84().inv(a.lon, a.lat, b.lon, b.lat)[2])
    return length / seconds if seconds > 0 else 0.0


def kml(routes: Sequence[Route], areas: Iterable[tuple[str, Any]] = ()) -> bytes:
    """Return routes, their homes and some areas as KML.

    Parameters
    ----------
    routes : sequence of Route
        Heights above ground or above mean sea level.
    areas : iterable of tuple
        Name and shapely geometry in degrees.
    """
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Barlovento</name>',
        '<Style id="way"><LineStyle><color>ff965a1b</color><width>2</width></LineStyle></Style>',
        '<Style id="left"><PolyStyle><color>40808080</color></PolyStyle></Style>',
    ]
    for route in routes:
        first, last = route.waypoints[0].time, route.waypoints[-1].time
        mode = _altitude_mode(route)
        line = " ".join(f"{p.lon:.7f},{p.lat:.7f},{p.height.value:.2f}" for p in route.waypoints)
        parts.append(
            f"<Placemark><name>{escape(route.id)}</name>"
            f"<description>{escape(route.aircraft)}</description>"
            f"<TimeSpan><begin>{_iso(first)}</begin><end>{_iso(last)}</end></TimeSpan>"
            f"<styleUrl>#way</styleUrl><LineString><altitudeMode>{mode}</altitudeMode>"
            f"<coordinates>{line}</coordinates></LineString></Placemark>"
        )
        if route.home is not None:
            parts.append(
                f"<Placemark><name>{escape(route.id)} home</name><Point><coordinates>"
                f"{route.home.lon:.7f},{route.home.lat:.7f}</coordinates></Point></Placemark>"
            )
    for name, shape in areas:
        parts.append(f"<Placemark><name>{escape(name)}</name><styleUrl>#left</styleUrl>")
        parts.append(f"<MultiGeometry>{_polygons(shape)}</MultiGeometry></Placemark>")
    parts.append("</Document></kml>\n")
    return "".join(parts).encode()


def _altitude_mode(route: Route) -> str:
    reference = route.waypoints[0].height.reference
    modes = {HeightReference.AGL: "relativeToGround", HeightReference.AMSL: "absolute"}
    if reference not in modes:
        raise BadInput(f"{route.id}: KML holds heights above ground or sea level, not {reference}.")
    return modes[reference]


def _polygons(shape: Any) -> str:
    import shapely

    def ring(coordinates: Any) -> str:
        places = " ".join(f"{lon:.7f},{lat:.7f}" for lon, lat in coordinates)
        return f"<LinearRing><coordinates>{places}</coordinates></LinearRing>"

    return "".join(
        f"<Polygon><outerBoundaryIs>{ring(part.exterior.coords)}</outerBoundaryIs>"
        + "".join(
            f"<innerBoundaryIs>{ring(hole.coords)}</innerBoundaryIs>" for hole in part.interiors
        )
        + "</Polygon>"
        for part in shapely.get_parts(shape)
        if part.geom_type == "Polygon"
    )


def _iso(moment: Any) -> str:
    return str(moment.isoformat(timespec="seconds")).replace("+00:00", "Z")
