"""Borders, routes and consents for tests, with everything that is not asked about left plain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pyproj import Geod

from barlovento.domain.airspace import (
    Applicability,
    Area,
    Circle,
    Consent,
    Height,
    HeightReference,
    Polygon4326,
    Route,
    RouteBuffer,
    Volume,
    Waypoint,
    Zone,
    ZoneKind,
)

GEOD = Geod(ellps="WGS84")
NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)
NOW = NOON - timedelta(hours=2)
AGL = HeightReference.AGL


@dataclass(frozen=True)
class Seen:
    state: str | None
    candidates: tuple[str, ...]
    kind: str = "land"
    distance: float = 1e6
    error: float = 0.0


@dataclass(frozen=True)
class Drawn:
    digest: str = "borders"


class Meridian:
    """WW lies west of a meridian, EE east of it; the one near the equator that tests use."""

    outline = Drawn()

    def __init__(self, lon: float = 1000.0, error: float = 0.0) -> None:
        self.lon, self.error = lon, error
        self.states = ("EE", "WW")

    def depth(self, lons: Any, lats: Any) -> Any:
        lon, lat = np.atleast_1d(lons).astype(float), np.atleast_1d(lats).astype(float)
        if abs(self.lon) > 360:
            return np.full(len(lon), 1e6)
        apart = GEOD.inv(np.full(len(lon), self.lon), lat, lon, lat)[2]
        return np.where(lon <= self.lon, apart, -apart)

    def limit_error(self, state: str, lons: Any, lats: Any) -> Any:
        return self.signed_depth(state, lons, lats)[1]

    def signed_depth(self, state: str, lons: Any, lats: Any) -> tuple[Any, Any]:
        depth = self.depth(lons, lats) * (1 if state == "WW" else -1)
        return depth, np.full(len(depth), self.error)

    def sovereigns(self, lons: Any, lats: Any, *, widened: float = 0.0) -> Sequence[Seen]:
        depth = float(self.depth(lons, lats)[0])
        reach = widened + self.error
        names = [name for name, d in (("EE", -depth), ("WW", depth)) if d >= -reach]
        owner = "WW" if depth >= 0 else "EE"
        return [Seen(owner, tuple(names), distance=abs(depth), error=self.error)]

    def states_touching(self, area: Area) -> Any:
        raise AssertionError("no land without a sovereign here")


def moved(place: tuple[float, float], azimuth: float, length: float) -> tuple[float, float]:
    lon, lat, _ = GEOD.fwd(*place, azimuth, length)
    return float(lon), float(lat)


def route(
    *places: tuple[float, float],
    level: float = 50.0,
    levels: Sequence[float] = (),
    side: float = 10.0,
    up: float = 5.0,
    late: float = 2.0,
    speed: float = 10.0,
    home: tuple[float, float] | None = None,
    reference: HeightReference = AGL,
    **more: Any,
) -> Route:
    """A route at 10 m/s through places, home being the first."""
    heights = levels or [level] * len(places)
    moment, points = NOON, []
    for k, place in enumerate(places):
        if k:
            moment += timedelta(seconds=GEOD.inv(*places[k - 1], *place)[2] / speed)
        height = Height(value=heights[k], reference=reference)
        points.append(Waypoint(lon=place[0], lat=place[1], height=height, time=moment))
    back = home or places[0]
    height = Height(value=heights[0], reference=reference)
    given: dict[str, Any] = {
        "id": "plan",
        "aircraft": "UA-1",
        "purpose": "survey",
        "holder": "operator",
        "sensors": ("gas",),
        "waypoints": tuple(points),
        "home": Waypoint(lon=back[0], lat=back[1], height=height, time=moment),
        "return_speed": speed,
        "lost_link": (),
        "buffer": RouteBuffer(
            navigation_error=side, gust_drift=0, turn_radius=0, height_error=up, time_error=late
        ),
        "stand_off": (),
        "digest": "plan-digest",
    }
    return Route(**{**given, **more})


def box(west: float, south: float, east: float, north: float) -> Polygon4326:
    return Polygon4326(outer=((west, south), (east, south), (east, north), (west, north)))


def consent(
    *area: Polygon4326 | Circle,
    authority: str = "WW",
    upper: float = 120.0,
    lower: float | None = None,
    when: Applicability | None = None,
    reference: HeightReference = AGL,
    **more: Any,
) -> Consent:
    low = None if lower is None else Height(value=lower, reference=reference)
    window = Applicability(
        valid_from=NOON - timedelta(days=1), valid_until=NOON + timedelta(days=1)
    )
    given: dict[str, Any] = {
        "id": f"C-{authority}",
        "request_id": "R-1",
        "authority": authority,
        "holder": "operator",
        "purpose": "survey",
        "volume": Volume(
            area=area,
            lower=low,
            upper=Height(value=upper, reference=reference),
            when=when or window,
        ),
        "aircraft": ("UA-1",),
        "sensors": ("gas",),
        "digest": f"digest-{authority}",
        "key_id": "key",
    }
    return Consent(**{**given, **more})


def zone(
    *area: Polygon4326 | Circle,
    kind: ZoneKind = ZoneKind.PROHIBITED,
    lower: Height | None = None,
    upper: Height | None = None,
    when: Applicability | None = None,
    authority: str = "",
    name: str = "Z1",
) -> Zone:
    volume = Volume(area=area, lower=lower, upper=upper, when=when or Applicability())
    return Zone(
        id=name,
        name=name,
        kind=kind,
        volumes=(volume,),
        authority=authority,
        country="WW",
        digest=name,
    )
