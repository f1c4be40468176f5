"""What a plan is asked for: an area, what is looked for there, the weather, tip-offs, limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from barlovento.domain.height import check_aware
from barlovento.errors import BadInput

Ring = tuple[tuple[float, float], ...]

STABILITIES = "ABCDEF"
"""Pasquill classes, from very unstable to stable."""

GRADES = {"A": 0.95, "B": 0.80, "C": 0.60, "D": 0.40, "E": 0.15, "F": 0.50}
"""How often a source of that grade is right, A (reliable) to E (unreliable), F (can't be judged).
The letters are the usual grading of sources; the shares are assumed [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatePrior:
    """How strong a hidden source may be: lognormal.

    Parameters
    ----------
    median : float
        [kg s-1].
    gsd : float
        Geometric standard deviation, above 1 [1].
    share_on : float
        Share of the time in which it lets out gas [1].
    spell : float
        Mean length of a time in which it does [s].
    """

    median: float
    gsd: float
    share_on: float = 1.0
    spell: float = 3600.0

    def __post_init__(self) -> None:
        if not (self.median > 0 and self.gsd > 1 and math.isfinite(self.median * self.gsd)):
            raise BadInput(
                f"A rate of {self.median} kg s-1 with a geometric deviation of {self.gsd} is no "
                "prior. Give a median above 0 and a gsd above 1."
            )
        if not (0 < self.share_on <= 1 and self.spell > 0):
            raise BadInput(
                f"A source that is on {self.share_on} of the time, {self.spell} s at once, is "
                "none. Give share_on above 0 and at most 1, and a spell above 0."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """A time with one wind and one state of the air.

    Parameters
    ----------
    start, until : datetime
        With zone.
    wind_speed : float
        Mean at ``wind_height`` [m s-1].
    wind_from_direction : float
        Clockwise from true north, where it comes FROM [degree].
    stability : str
        Pasquill class, A to F.
    wind_height : float
        [m above ground].
    roughness_length : float
        [m].
    night : bool
        Only aircraft that fly by night are planned then.
    source : str
        Where the figures are from.
    """

    start: datetime
    until: datetime
    wind_speed: float
    wind_from_direction: float
    stability: str
    wind_height: float = 10.0
    roughness_length: float = 0.1
    night: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        check_aware("weather from", self.start)
        check_aware("weather until", self.until)
        if self.until <= self.start:
            raise BadInput(
                f"Weather from {self.start.isoformat()} until {self.until.isoformat()} is no time "
                "at all. Give an end after the beginning."
            )
        if not 0 < self.wind_speed <= 60:
            raise BadInput(
                f"A wind of {self.wind_speed} m s-1 can't be planned with. "
                "Give more than 0 and at most 60; for calm air the least that was measured."
            )
        if not 0 <= self.wind_from_direction <= 360:
            raise BadInput(
                f"A wind from {self.wind_from_direction} degrees is none. Give 0 to 360."
            )
        if self.stability not in tuple(STABILITIES):
            raise BadInput(
                f"{self.stability!r} is no stability class. Write one of {', '.join(STABILITIES)}."
            )
        if not 0 < self.roughness_length < self.wind_height:
            raise BadInput(
                f"A roughness length of {self.roughness_length} m with an anemometer at "
                f"{self.wind_height} m can't be. Give one above 0 and below that height."
            )

    @property
    def seconds(self) -> float:
        """How long it lasts [s]."""
        return (self.until - self.start).total_seconds()

    @property
    def towards(self) -> tuple[float, float]:
        """Where the air goes, east and north [m s-1]."""
        angle = math.radians(self.wind_from_direction)
        return -self.wind_speed * math.sin(angle), -self.wind_speed * math.cos(angle)


@dataclass(frozen=True, slots=True, kw_only=True)
class TipOff:
    """A hint at a place: never at a person.

    Parameters
    ----------
    name : str
        What it is called in the plan.
    place : tuple of float
        Longitude and latitude [degree].
    radius : float
        The place is known so well; a standard deviation along each axis [m].
    grade : str
        How far its source is trusted, A to F.
    """

    name: str
    place: tuple[float, float]
    radius: float
    grade: str

    def __post_init__(self) -> None:
        if self.grade not in GRADES:
            raise BadInput(f"{self.grade!r} is no grade. Write one of {', '.join(GRADES)}.")
        if not (math.isfinite(self.radius) and self.radius > 0):
            raise BadInput(f"A radius of {self.radius} m is none. Give one above 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOutcome:
    """What was found on the ground at a place: a site, or nothing.

    Parameters
    ----------
    place : tuple of float
        Longitude and latitude [degree].
    found : bool
        Whether a site was there.
    """

    place: tuple[float, float]
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What a plan is made for.

    Parameters
    ----------
    title : str
        What people call it.
    area : tuple of Ring
        First the outline, then holes; longitude and latitude, not closed [degree].
    purpose : str
        Why it is flown; consents are asked for it.
    species : str
        The gas that is looked for.
    rate : RatePrior
        How strong a site may be.
    expected_sites : float
        How many sites are expected in the area: the sum of the prior over all cells [1].
    release_height : float
        [m above ground].
    weather : tuple of Weather
        The times that can be flown in; at least one.
    fleet : str
        The file of the fleet, beside the region's.
    time_zone : str
        Of the authority, an IANA name.
    height_range : tuple of float
        Lowest and highest height that is flown [m above terrain].
    terrain_source : str
        Where heights of the ground are from; "flat" where none are used.
    cell_resolution : int
        Of H3.
    tip_offs, outcomes : tuple
        What is known of places.
    roads, settlements, slope, border : str or None
        Files beside the region's: GeoJSON, and for slope GeoJSON points with ``slope``.
    unknown : tuple of str
        Keys of the file that nobody asked for.

    Raises
    ------
    BadInput
        Something can't be.
    """

    title: str
    area: tuple[Ring, ...]
    purpose: str
    species: str
    rate: RatePrior
    expected_sites: float
    release_height: float
    weather: tuple[Weather, ...]
    fleet: str
    time_zone: str
    height_range: tuple[float, float]
    terrain_source: str
    cell_resolution: int
    tip_offs: tuple[TipOff, ...] = ()
    outcomes: tuple[PastOutcome, ...] = ()
    roads: str | None = None
    settlements: str | None = None
    slope: str | None = None
    border: str | None = None
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.area or any(len(ring) < 3 for ring in self.area):
            raise BadInput(
                "The area has a ring of fewer than three corners. Give longitude and latitude of "
                "at least three."
            )
        if not self.weather:
            raise BadInput("The region has no weather. Add a [[weather]] with its time and wind.")
        low, high = self.height_range
        if not 0 < low <= high:
            raise BadInput(
                f"Heights from {low:g} to {high:g} m above terrain can't be flown. Give a lowest "
                "above 0 and a highest that is not lower."
            )
        if not self.expected_sites > 0:
            raise BadInput(
                f"{self.expected_sites} expected sites leave nothing to look for. "
                "Give a number above 0."
            )

    @property
    def origin(self) -> tuple[float, float]:
        """Middle of the outline's box: origin of the local frame [degree]."""
        lon = [place[0] for place in self.area[0]]
        lat = [place[1] for place in self.area[0]]
        return 0.5 * (min(lon) + max(lon)), 0.5 * (min(lat) + max(lat))
