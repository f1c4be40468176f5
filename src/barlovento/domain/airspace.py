"""What may be flown where: heights, areas, times, zones, consents, routes and clearances.

Longitude and latitude are WGS 84 in degrees, edges of polygons and legs of routes are geodesics,
times are aware UTC. Nothing here computes; the rules are in ``guard``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from barlovento.errors import BadInput

Position = tuple[float, float]
"""Longitude and latitude [degree]."""

SUN = ("sunrise", "sunset", "civil dawn", "civil dusk")
"""Words that may stand for a time of day in a daily window."""


class HeightReference(StrEnum):
    """What a height is measured from."""

    AGL = "AGL"
    AMSL = "AMSL"
    WGS84 = "WGS84"
    FL = "FL"


class ZoneKind(StrEnum):
    """What a geographical zone asks of a flight."""

    PROHIBITED = "PROHIBITED"
    REQUIRES_AUTHORISATION = "REQUIRES_AUTHORISATION"
    CONDITIONAL = "CONDITIONAL"
    NO_RESTRICTION = "NO_RESTRICTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Height:
    """A height with what it is measured from; one reference is never taken for another.

    Parameters
    ----------
    value : float
        Above the reference; for a flight level, pressure altitude [m].
    reference : HeightReference
        Ground, mean sea level, ellipsoid, or the 1013.25 hPa surface.
    """

    value: float
    reference: HeightReference

    def __str__(self) -> str:
        return f"{self.value:g} m {self.reference}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon4326:
    """A polygon whose edges are geodesics.

    Parameters
    ----------
    outer : tuple of tuple of float
        Ring of longitude and latitude, the first place not repeated at the end [degree].
    holes : tuple of tuple of tuple of float
        Rings that are not part of it [degree].
    """

    outer: tuple[Position, ...]
    holes: tuple[tuple[Position, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """All places within a geodesic distance of a centre.

    Parameters
    ----------
    lon, lat : float
        Centre [degree].
    radius : float
        Distance on the ellipsoid [m].
    """

    lon: float
    lat: float
    radius: float


Area = tuple[Polygon4326 | Circle, ...]
"""The union of its members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyWindow:
    """A part of the day on some days of the week; one that ends before it starts passes midnight.

    Parameters
    ----------
    days : frozenset of int
        Days on which it starts, 0 being Monday.
    start, end : str
        ``"HH:MM"`` or ``"HH:MM:SS"`` in the authority's time zone, or a word of :data:`SUN`;
        ``"24:00"`` is the end of the day. Equal start and end are the whole day.
    """

    days: frozenset[int]
    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicability:
    """When something applies.

    Parameters
    ----------
    valid_from, valid_until : datetime or None
        First and last moment, aware UTC; None is without bound.
    windows : tuple of DailyWindow
        Parts of days; none means always.
    timezone : str
        IANA name in which the windows are told.
    """

    valid_from: datetime | None = None
    valid_until: datetime | None = None
    windows: tuple[DailyWindow, ...] = ()
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        for name in ("valid_from", "valid_until"):
            _check_aware(name, getattr(self, name))
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise BadInput(
                f"It ends ({self.valid_until.isoformat()}) before it starts "
                f"({self.valid_from.isoformat()}). Check valid_from and valid_until."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """An area between two heights, at some times.

    Parameters
    ----------
    area : tuple of Polygon4326 or Circle
        Their union.
    lower, upper : Height or None
        Bounds that belong to it; None is the ground below and no limit above.
    when : Applicability
        At which times.
    """

    area: Area
    lower: Height | None
    upper: Height | None
    when: Applicability = field(default_factory=Applicability)

    def __post_init__(self) -> None:
        if not self.area:
            raise BadInput("A volume without an area holds nothing. Give a polygon or a circle.")
        low, high = self.lower, self.upper
        if low and high and low.reference == high.reference and low.value >= high.value:
            raise BadInput(
                f"The lower limit {low} is not below the upper {high}. Swap or mend them."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A geographical zone as a state published it.

    Parameters
    ----------
    id, name : str
        As published.
    kind : ZoneKind
        What it asks.
    volumes : tuple of Volume
        Their union.
    authority : str
        Who may authorise flights in it; empty where the state itself does.
    country : str
        ISO 3166 alpha-2, or empty where the file does not say.
    reason : tuple of str
        As published.
    extra : mapping
        Fields that are not understood, kept as they were.
    digest : str
        SHA-256 of the feature as it stands in the file.
    """

    id: str
    name: str
    kind: ZoneKind
    volumes: tuple[Volume, ...]
    authority: str
    country: str
    reason: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What an authority has signed; only a verified signature may become one of these.

    Parameters
    ----------
    id, request_id : str
        Of this consent, and of the request it answers.
    authority : str
        ISO 3166 alpha-2 of the state, or with a stroke an authority below it: ``"FR/PARIS"``.
    holder, purpose : str
        Who may fly, and for what.
    volume : Volume
        Where, how high and when.
    aircraft, sensors : tuple of str
        Which aircraft, with which sensors.
    digest : str
        SHA-256 of the signed payload.
    key_id : str
        Of the key that signed.
    conditions : str
        What the authority added in words.
    """

    id: str
    request_id: str
    authority: str
    holder: str
    purpose: str
    volume: Volume
    aircraft: tuple[str, ...]
    sensors: tuple[str, ...]
    digest: str
    key_id: str
    conditions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waypoint:
    """A place that is passed at a height and time.

    Parameters
    ----------
    lon, lat : float
        [degree].
    height : Height
        [m].
    time : datetime
        Aware UTC.
    """

    lon: float
    lat: float
    height: Height
    time: datetime

    def __post_init__(self) -> None:
        _check_aware("time", self.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteBuffer:
    """How far the aircraft may be from where and when the route says.

    Parameters
    ----------
    navigation_error, gust_drift, turn_radius : float
        To the side; they add up [m].
    height_error : float
        Above and below [m].
    time_error : float
        Early and late [s].
    """

    navigation_error: float
    gust_drift: float
    turn_radius: float
    height_error: float
    time_error: float

    @property
    def side(self) -> float:
        """Return the whole distance to the side [m]."""
        return self.navigation_error + self.gust_drift + self.turn_radius


@dataclass(frozen=True, slots=True, kw_only=True)
class StandOff:
    """A distance that is kept outside of a state's limit.

    Parameters
    ----------
    state : str
        ISO 3166 alpha-2.
    margin : float
        From the limit of its airspace [m].
    """

    state: str
    margin: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What one aircraft is planned to fly.

    Parameters
    ----------
    id, aircraft, purpose, holder : str
        Name of the plan, which aircraft, for what and for whom.
    sensors : tuple of str
        On board.
    waypoints : tuple of Waypoint
        Two or more, each later than the one before; legs are geodesics flown at even speed.
    home : Waypoint or None
        From every place of the route the aircraft may fly straight to it; its time is the
        latest at which it is there.
    return_speed : float
        Over ground, on the way home [m s-1].
    lost_link : tuple of Waypoint
        Places that are flown when the link is lost, from wherever the aircraft is and then
        in this order, at ``return_speed``; the last time is the latest at which it ends.
    buffer : RouteBuffer
        What surrounds the path.
    stand_off : tuple of StandOff
        States outside of which it stays.
    digest : str
        SHA-256 of the canonical plan.
    """

    id: str
    aircraft: str
    purpose: str
    holder: str
    sensors: tuple[str, ...]
    waypoints: tuple[Waypoint, ...]
    home: Waypoint | None
    return_speed: float
    lost_link: tuple[Waypoint, ...]
    buffer: RouteBuffer
    stand_off: tuple[StandOff, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The proof that a plan, exactly as digested, stays inside of what was agreed.

    Parameters
    ----------
    plan_digest : str
        SHA-256 of the canonical plan.
    consents : tuple of str
        Digests of the consents that were used.
    zones_digest, borders_digest : str
        Of the zones and borders that were checked.
    issued_at, valid_until : datetime
        Aware UTC.
    swept : mapping
        Number of legs, length [m], side [m], heights [m], times, and the states below.
    policy : str
        Version of the rules.
    """

    plan_digest: str
    consents: tuple[str, ...]
    zones_digest: str
    borders_digest: str
    issued_at: datetime
    valid_until: datetime
    swept: Mapping[str, Any]
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """One place of a plan where something is missing.

    Parameters
    ----------
    leg : str
        ``"leg 3"``, ``"return home from leg 3"``, ``"lost link from leg 3"`` or ``"plan"``.
    metre, second : float
        Along the leg, and since the route's start, at which it is first missing [m], [s].
    time : datetime or None
        The same moment, aware UTC.
    lon, lat : float or None
        [degree].
    height : Height or None
        There.
    lacks : str
        What is missing, in a few words.
    detail : str
        A sentence for people.
    ask : str
        Whom to ask, or what to change.
    """

    leg: str
    metre: float
    second: float
    time: datetime | None
    lon: float | None
    lat: float | None
    height: Height | None
    lacks: str
    detail: str
    ask: str

    def __str__(self) -> str:
        where = self.leg
        if self.time is not None and self.lon is not None and self.lat is not None:
            where += (
                f", metre {self.metre:.1f}, second {self.second:.1f} "
                f"({self.time.isoformat(timespec='seconds').replace('+00:00', 'Z')}, "
                f"{self.lat:.6f}, {self.lon:.6f}, {self.height})"
            )
        return f"{where}: lacks {self.lacks}. {self.detail} {self.ask}"


def _check_aware(name: str, moment: datetime | None) -> None:
    """Refuse a time without a zone, for nobody can tell when it is."""
    if moment is not None and moment.tzinfo is None:
        raise BadInput(
            f"{name} {moment.isoformat()} has no time zone. Add Z for UTC or an offset like +02:00."
        )
