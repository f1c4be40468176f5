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

from barlovento.domain.height import Height, HeightReference, check_aware
from barlovento.domain.route import (
    Clearance,
    Route,
    RouteBuffer,
    Shortfall,
    StandOff,
    Waypoint,
)
from barlovento.errors import BadInput

__all__ = [
    "Applicability",
    "Area",
    "Circle",
    "Clearance",
    "Consent",
    "DailyWindow",
    "Height",
    "HeightReference",
    "Polygon4326",
    "Position",
    "Route",
    "RouteBuffer",
    "Shortfall",
    "StandOff",
    "Volume",
    "Waypoint",
    "Zone",
    "ZoneKind",
]

Position = tuple[float, float]
"""Longitude and latitude [degree]."""

SUN = ("sunrise", "sunset", "civil dawn", "civil dusk")
"""Words that may stand for a time of day in a daily window."""


class ZoneKind(StrEnum):
    """What a geographical zone asks of a flight."""

    PROHIBITED = "PROHIBITED"
    REQUIRES_AUTHORISATION = "REQUIRES_AUTHORISATION"
    CONDITIONAL = "CONDITIONAL"
    NO_RESTRICTION = "NO_RESTRICTION"


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
            check_aware(name, getattr(self, name))
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
