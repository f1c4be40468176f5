"""Random plans with consents, zones and borders that fit them closely, for `clear_fuzz.py`.

Everything is laid out by PROJ's geodesics from the plan's own places, so that the distance
between what is swept and what is allowed is known when a world is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from pyproj import Geod

from barlovento.domain.airspace import (
    Applicability,
    Circle,
    Consent,
    DailyWindow,
    Height,
    HeightReference,
    Polygon4326,
    Route,
    RouteBuffer,
    StandOff,
    Volume,
    Waypoint,
    Zone,
    ZoneKind,
)

GEOD = Geod(ellps="WGS84")
AGL = HeightReference.AGL
NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)
STATE, OTHER = "AA", "BB"
CLOSE = 5.0
"""What counts as near to a boundary [m or s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A border: a geodesic with one state on its left and the other on its right.

    Parameters
    ----------
    lon, lat, azimuth : float
        A place on it and its direction there [degree].
    error : float
        Of the border [m].
    """

    lon: float
    lat: float
    azimuth: float
    error: float


@dataclass(slots=True, kw_only=True)
class World:
    """One case.

    Parameters
    ----------
    route : Route
        The plan.
    consents, zones : list
        What there is.
    revoked : set of str
        Digests of withdrawn consents.
    now : datetime
        When it is checked.
    line : Line
        The border.
    gaps : list of float
        Signed distance of each close-fitted limit from what is swept [m or s].
    """

    route: Route
    consents: list[Consent]
    zones: list[Zone]
    revoked: set[str]
    now: datetime
    line: Line
    gaps: list[float] = field(default_factory=list)

    @property
    def near(self) -> bool:
        """Whether some limit is within 5 m or 5 s of what is swept."""
        return any(abs(gap) <= CLOSE for gap in self.gaps)


class Maker:
    """Makes worlds from a seed.

    Parameters
    ----------
    seed : int
        Same seed, same worlds.
    legs, zones : int
        Fixed numbers, or 0 for random ones.
    """

    def __init__(self, seed: int, *, legs: int = 0, zones: int = 0) -> None:
        self.seed, self.legs, self.zones = seed, legs, zones

    def world(self, number: int) -> World:
        """Return one world."""
        self.rng = np.random.default_rng([self.seed, number])
        self.gaps: list[float] = []
        rng = self.rng
        self.centre = self._somewhere()
        route = self._route()
        self.route = route
        points = [(p.lon, p.lat) for p in (*route.waypoints, route.home, *route.lost_link)]
        lon, lat = np.array(points).T
        n = len(lon)
        self.need = (
            float(
                GEOD.inv(np.full(n, self.centre[0]), np.full(n, self.centre[1]), lon, lat)[2].max()
            )
            + route.buffer.side
        )
        line = self._line()
        consents = self._consents()
        zones = [self._zone(i) for i in range(self.zones or int(rng.integers(0, 7)))]
        # Some zones' authorities have agreed.
        consents += [
            self._consent(f"Z{i}", f"{STATE}/{zone.authority}", self._area(self._gap()))
            for i, zone in enumerate(zones[:6])
            if zone.kind is not ZoneKind.PROHIBITED and rng.random() < 0.6
        ]
        consents = [self._spoilt(consent) for consent in consents]
        revoked = {c.digest for c in consents if rng.random() < 0.02}
        return World(
            route=route,
            consents=consents,
            zones=zones,
            revoked=revoked,
            now=NOON - timedelta(hours=1),
            line=line,
            gaps=self.gaps,
        )

    # ------------------------------------------------------------ pieces of a world

    def _somewhere(self) -> tuple[float, float]:
        rng = self.rng
        kind = rng.random()
        if kind < 0.1:
            return float(180 - rng.normal(0, 0.01)), float(rng.uniform(-70, 70))
        if kind < 0.15:
            return float(rng.uniform(-180, 180)), float(rng.choice([-1, 1]) * rng.uniform(89.9, 90))
        return float(rng.uniform(-180, 180)), float(rng.uniform(-75, 75))

    def _gap(self) -> float:
        """Return a signed distance: mostly small, and noted."""
        rng = self.rng
        gap = float(rng.uniform(-CLOSE, CLOSE) if rng.random() < 0.35 else rng.uniform(1, 300))
        if gap > CLOSE and rng.random() < 0.05:
            gap = -gap / 5
        self.gaps.append(gap)
        return gap

    def _off(
        self, place: tuple[float, float], azimuth: float, length: float
    ) -> tuple[float, float]:
        lon, lat, _ = GEOD.fwd(*place, azimuth, length)
        return float(lon), float(lat)

    def _route(self) -> Route:
        rng = self.rng
        legs = self.legs or int(rng.integers(1, 9))
        speed = float(rng.uniform(8, 25))
        moment, place = NOON, self._off(self.centre, rng.uniform(0, 360), rng.uniform(0, 300))
        heading = rng.uniform(0, 360)
        level = float(rng.uniform(40, 110))
        points = [self._waypoint(place, level, moment)]
        for _ in range(legs):
            length = float(rng.uniform(40, 260))
            heading += rng.choice([90, -90, rng.normal(0, 40), 180])
            place = self._off(place, heading, length)
            if rng.random() < 0.4:
                level = float(np.clip(level + rng.uniform(-15, 15), 25, 115))
            moment += timedelta(seconds=round(length / speed, 6))
            points.append(self._waypoint(place, level, moment))
        first = (points[0].lon, points[0].lat)
        home = self._off(first, rng.uniform(0, 360), rng.choice([0.0, rng.uniform(0, 200)]))
        lost = ()
        if rng.random() < 0.2:
            lost = tuple(
                self._waypoint(
                    self._off(first, rng.uniform(0, 360), rng.uniform(0, 150)), level, moment
                )
                for _ in range(int(rng.integers(1, 3)))
            )
        stand_off = ()
        if rng.random() < 0.15:
            stand_off = (StandOff(state=OTHER, margin=float(rng.uniform(0, 400))),)
        return Route(
            id="plan",
            aircraft="UA-1",
            purpose="survey",
            holder="operator",
            sensors=("gas",),
            waypoints=tuple(points),
            home=self._waypoint(home, float(rng.choice([0.0, level])), moment),
            return_speed=speed,
            lost_link=lost,
            buffer=RouteBuffer(
                navigation_error=float(rng.uniform(1, 5)),
                gust_drift=float(rng.uniform(0, 5)),
                turn_radius=float(rng.uniform(0, 20)),
                height_error=float(rng.uniform(0, 8)),
                time_error=float(rng.uniform(0, 5)),
            ),
            stand_off=stand_off,
            digest=f"plan-{rng.integers(1 << 60)}",
        )

    @staticmethod
    def _waypoint(place: tuple[float, float], height: float, moment: datetime) -> Waypoint:
        return Waypoint(
            lon=(place[0] + 180) % 360 - 180,
            lat=place[1],
            height=Height(value=height, reference=AGL),
            time=moment,
        )

    def _line(self) -> Line:
        """Return a border: mostly far away, sometimes through or beside the plan."""
        rng = self.rng
        azimuth = float(rng.uniform(0, 360))
        kind = rng.random()
        apart = float(rng.uniform(20_000, 30_000))
        if kind < 0.15:
            apart = float(rng.uniform(-self.need, self.need))
        error = float(rng.choice([0.0, rng.uniform(0, 60)]))
        if 0.15 <= kind < 0.35:
            apart = self.need + error + self._gap()
        # The state lies on the left of the line.
        lon, lat = self._off(self.centre, azimuth + 90, apart)
        _, back, _ = GEOD.inv(*self.centre, lon, lat)
        self.crossing = kind < 0.15
        return Line(lon=lon, lat=lat, azimuth=float(back + 90), error=error)

    def _area(self, gap: float) -> tuple[Any, ...]:
        """Return an area that holds all that is swept with a gap to spare."""
        rng = self.rng
        radius = max(self.need + gap, 1.0)
        if rng.random() < 0.4:
            return (Circle(lon=self.centre[0], lat=self.centre[1], radius=radius),)
        return (self._polygon(self.centre, radius, int(rng.integers(3, 14))),)

    def _polygon(self, centre: tuple[float, float], inner: float, corners: int) -> Polygon4326:
        """Return a regular polygon about a circle that it touches from outside."""
        turn = self.rng.uniform(0, 360)
        azimuth = turn + np.arange(corners) * 360 / corners
        radius = inner / np.cos(np.pi / corners)
        n = np.full(corners, 1.0)
        lon, lat, _ = GEOD.fwd(centre[0] * n, centre[1] * n, azimuth, radius * n)
        return Polygon4326(outer=tuple(zip(map(float, lon), map(float, lat), strict=True)))

    def _consents(self) -> list[Consent]:
        """Return one consent of the state, or several that do it only together."""
        rng = self.rng
        states = [STATE, *([OTHER] if self.crossing and rng.random() < 0.8 else [])]
        found = []
        for state in states:
            kind = rng.random()
            if kind < 0.7:
                found.append(self._consent(f"C-{state}", state, self._area(self._gap())))
                continue
            area = self._area(self._gap())
            if kind < 0.8:
                found += self._two_halves(state)
            elif kind < 0.9:
                middle = NOON + (self.route.waypoints[-1].time - NOON) / 2
                gap = self._gap()
                found.append(self._consent(f"C1-{state}", state, area, until=middle))
                found.append(
                    self._consent(f"C2-{state}", state, area, start=middle - timedelta(seconds=gap))
                )
            else:
                level = float(np.mean([p.height.value for p in self.route.waypoints]))
                gap = self._gap()
                found.append(self._consent(f"C1-{state}", state, area, upper=level))
                found.append(self._consent(f"C2-{state}", state, area, lower=level - gap))
        return found

    def _two_halves(self, state: str) -> list[Consent]:
        """Return two boxes side by side that overlap, touch or leave a gap."""
        rng = self.rng
        azimuth, gap = rng.uniform(0, 360), self._gap()
        reach = self.need + 50
        found = []
        for side in (0, 1):
            heading = azimuth + 180 * side
            start = self._off(self.centre, heading + 180, gap / 2)
            far = self._off(self.centre, heading, reach * 1.5)
            ring = [
                self._off(start, heading - 90, reach * 1.5),
                self._off(start, heading + 90, reach * 1.5),
                self._off(far, heading + 90, reach * 1.5),
                self._off(far, heading - 90, reach * 1.5),
            ]
            area = (Polygon4326(outer=tuple(ring)),)
            found.append(self._consent(f"C{side}-{state}", state, area))
        return found

    def _consent(
        self,
        name: str,
        authority: str,
        area: tuple[Any, ...],
        *,
        start: datetime | None = None,
        until: datetime | None = None,
        lower: float | None = None,
        upper: float | None = None,
    ) -> Consent:
        rng, route = self.rng, self.route
        top = max(p.height.value for p in (*route.waypoints, route.home, *route.lost_link))
        if upper is None:
            upper = top + route.buffer.height_error + (self._gap() if rng.random() < 0.3 else 60)
        early = NOON - timedelta(seconds=route.buffer.time_error)
        if start is None:
            start = early - timedelta(seconds=self._gap() if rng.random() < 0.2 else 900)
        if until is None:
            until = NOON + timedelta(hours=3)
        windows: tuple[DailyWindow, ...] = ()
        zone = "UTC"
        if rng.random() < 0.15:
            # A window in local time that may pass midnight, and ends or begins close by.
            zone = str(rng.choice(["America/Bogota", "Asia/Kathmandu", "Pacific/Auckland"]))
            begin = early - timedelta(seconds=self._gap())
            windows = (
                self._window(begin, begin + timedelta(hours=float(rng.uniform(2, 20))), zone),
            )
        return Consent(
            id=name,
            request_id="R",
            authority=authority,
            holder="operator",
            purpose="survey",
            volume=Volume(
                area=area,
                lower=Height(value=0.0 if lower is None else lower, reference=AGL),
                upper=Height(value=max(upper, (lower or 0.0) + 1e-3), reference=AGL),
                when=Applicability(
                    valid_from=start,
                    valid_until=max(until, start + timedelta(seconds=1)),
                    windows=windows,
                    timezone=zone,
                ),
            ),
            aircraft=("UA-1", "UA-2"),
            sensors=("gas", "camera"),
            digest=f"{name}-{rng.integers(1 << 60)}",
            key_id="k",
        )

    @staticmethod
    def _window(begin: datetime, end: datetime, zone: str) -> DailyWindow:
        from zoneinfo import ZoneInfo

        a, b = begin.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
        return DailyWindow(
            days=frozenset(range(7)),
            start=a.time().isoformat(timespec="microseconds"),
            end=b.time().isoformat(timespec="microseconds"),
        )

    def _spoilt(self, consent: Consent) -> Consent:
        """Return a consent that is now and then for something else."""
        from dataclasses import replace

        kind = self.rng.random()
        if kind < 0.01:
            return replace(consent, aircraft=("UA-9",))
        if kind < 0.02:
            return replace(consent, purpose="filming")
        if kind < 0.03:
            return replace(consent, holder="somebody else")
        if kind < 0.04:
            return replace(consent, sensors=())
        return consent

    def _zone(self, number: int) -> Zone:
        """Return a zone beside a leg, at a known gap, sometimes only then or that high."""
        rng, route = self.rng, self.route
        leg = int(rng.integers(len(route.waypoints) - 1))
        a, b = route.waypoints[leg], route.waypoints[leg + 1]
        azimuth, _, length = GEOD.inv(a.lon, a.lat, b.lon, b.lat)
        share = rng.uniform(0, 1)
        spot = self._off((a.lon, a.lat), azimuth, length * share)
        far = rng.random() < (0.5 if not self.zones else 0.993)
        radius = float(rng.uniform(15, 300))
        gap = float(rng.uniform(3, 25)) * 100 if far else self._gap()
        heading = azimuth + rng.choice([90, -90])
        centre = self._off(spot, heading, radius + route.buffer.side + gap)
        if self.zones and far:
            # Among many zones most are no business of the plan's.
            centre = self._off(self.centre, rng.uniform(0, 360), self.need + 1.4 * radius + gap * 4)
        area: tuple[Any, ...] = (Circle(lon=centre[0], lat=centre[1], radius=radius),)
        if rng.random() < 0.5:
            area = (self._polygon(centre, radius * 0.8, int(rng.integers(3, 30))),)
        kinds = [ZoneKind.PROHIBITED, ZoneKind.REQUIRES_AUTHORISATION, ZoneKind.CONDITIONAL]
        moment = a.time + (b.time - a.time) * share
        lower, when = 0.0, Applicability()
        if rng.random() < 0.3:
            lower = a.height.value + route.buffer.height_error + self._gap()
        if rng.random() < 0.3:
            begin = moment + timedelta(seconds=route.buffer.time_error + self._gap())
            when = Applicability(windows=(self._window(begin, begin + timedelta(hours=2), "UTC"),))
        return Zone(
            id=f"zone-{number}",
            name="",
            kind=kinds[int(rng.integers(3))],
            volumes=(
                Volume(
                    area=area,
                    lower=Height(value=max(lower, 0.0), reference=AGL),
                    upper=None,
                    when=when,
                ),
            ),
            authority=f"office-{number}",
            country=STATE,
            digest=f"zone-{number}",
        )
