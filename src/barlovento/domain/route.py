"""What one aircraft is planned to fly, and what comes of checking it: a proof or shortfalls.

Legs are geodesics on WGS 84, flown at even speed and climb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from barlovento.domain.height import Height, check_aware


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
        check_aware("time", self.time)


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
        From every place of the route the aircraft may fly straight to it; its time is when it
        is there after the last waypoint.
    return_speed : float
        Over ground, on the way home [m s-1].
    lost_link : tuple of Waypoint
        Places that are flown when the link is lost, from wherever the aircraft is and then
        in this order, at ``return_speed``; when they are passed follows from that.
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
