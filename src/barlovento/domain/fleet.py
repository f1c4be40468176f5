"""What a plan knows of aircraft: what they carry, how long they fly, where they may be.

Also who is ready to fly them. The kinematic models that fly an exercise are another thing
(:mod:`barlovento.fly.aircraft`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from barlovento.domain.height import check_aware
from barlovento.errors import BadInput

SEES = ("point", "column", "image")
"""At the place itself; summed along the path to the ground; summed, over a strip of ground."""

KINDS = ("multirotor", "fixed_wing")

ANY_SPECIES = "any"
"""In a sensor's list of species: it responds to all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """What an aircraft carries to look for gas.

    Parameters
    ----------
    name, title : str
        Key in the catalogue, and what a person reads.
    sees : str
        One of ``SEES``.
    detection_limit : float
        Least excess over the background that counts as seen in one reading: of a point sensor a
        mole fraction [mol mol-1], of a column or an image its path integral [mol mol-1 m].
    response_time : float
        To 63 % of a step [s].
    interval : float
        One reading averages so long; for an image, so much is seen at once [s].
    swath : float
        Width on the ground of what an image sees, over its height above ground; 0 for others [1].
    species : tuple of str
        What it responds to, by name; ``("any",)`` for all.
    wash_height : float
        Below this the aircraft's own rotors dilute what it draws in [m above ground].
    sources : mapping of str to str
        Where each figure is from.
    """

    name: str
    title: str
    sees: str
    detection_limit: float
    response_time: float
    interval: float
    species: tuple[str, ...]
    swath: float = 0.0
    wash_height: float = 0.0
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.sees not in SEES:
            raise BadInput(f"A sensor can't see {self.sees!r}. Write {', '.join(SEES)}.")
        numbers = (self.detection_limit, self.interval)
        if not all(math.isfinite(number) and number > 0 for number in numbers):
            raise BadInput(
                f"{self.name} has a detection limit of {self.detection_limit} and an interval of "
                f"{self.interval} s. Give numbers above zero."
            )

    def responds_to(self, species: str) -> bool:
        """Tell whether it shows this gas."""
        return ANY_SPECIES in self.species or species in self.species


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One kind of aircraft as a plan sees it.

    Parameters
    ----------
    name, title : str
        Key in the catalogue, and what a person reads.
    kind : str
        ``"multirotor"`` or ``"fixed_wing"``.
    cruise : float
        Airspeed that is held [m s-1].
    endurance : float
        In calm air, to an empty battery or tank [s].
    reserve : float
        Share of it that stays for landing and the unforeseen [1].
    wind_loss : float
        Share of the endurance that each metre per second of wind costs [s m-1].
    wind_limit : float
        Strongest mean wind to fly in [m s-1].
    ceiling : float
        Above mean sea level [m].
    turn_radius : float
        Smallest at cruise; 0 for what turns on the spot [m].
    climb_rate, descent_rate : float
        Both positive [m s-1].
    height_range : tuple of float
        Lowest and highest height at which it works [m above ground].
    turnaround : float
        On the ground between two sorties [s].
    sensors : tuple of Sensor
        Empty for a platform without a gas sensor.
    stand_off : bool
        It stays outside the border of the state it looks into, by ``margin``.
    margin : float
        Least distance from that border [m].
    night : bool
        Whether it flies by night.
    flies_as : str or None
        Its kinematic model in the catalogue of aircraft, where there is one.
    sources : mapping of str to str
        Where each figure is from.

    Raises
    ------
    BadInput
        Figures that can't hold together.
    """

    name: str
    title: str
    kind: str
    cruise: float
    endurance: float
    reserve: float
    wind_loss: float
    wind_limit: float
    ceiling: float
    turn_radius: float
    climb_rate: float
    descent_rate: float
    height_range: tuple[float, float]
    turnaround: float
    sensors: tuple[Sensor, ...] = ()
    stand_off: bool = False
    margin: float = 0.0
    night: bool = False
    flies_as: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadInput(f"{self.kind!r} is no kind of aircraft. Write {' or '.join(KINDS)}.")
        if self.wind_limit >= self.cruise:
            raise BadInput(
                f"{self.name} flies at {self.cruise:g} m s-1 in wind of up to {self.wind_limit:g}: "
                "no way leads home. Give a wind_limit below cruise."
            )
        low, high = self.height_range
        if not 0 < low <= high <= self.ceiling:
            raise BadInput(
                f"{self.name} works from {low:g} to {high:g} m above ground with a ceiling of "
                f"{self.ceiling:g} m. Give a lowest height above zero, a highest that is not "
                "lower, and a ceiling that is not below it."
            )
        if self.kind == "fixed_wing" and self.turn_radius <= 0:
            raise BadInput(f"{self.name} has wings and no turn_radius. Give one above zero.")
        if not 0 <= self.reserve < 1:
            raise BadInput(
                f"{self.name} keeps {self.reserve:g} of its endurance. Give from 0 to below 1."
            )

    def endurance_in(self, wind_speed: float) -> float:
        """Return how long it may fly, the reserve taken off.

        Parameters
        ----------
        wind_speed : float
            Mean, at the height of flight [m s-1].

        Returns
        -------
        float
            Zero above the wind limit [s].
        """
        if not wind_speed <= self.wind_limit:
            return 0.0
        left = max(0.0, 1.0 - self.wind_loss * wind_speed)
        return self.endurance * (1.0 - self.reserve) * left

    def speed_across(self, wind_speed: float) -> float:
        """Return the speed over ground on a course square to the wind.

        Parameters
        ----------
        wind_speed : float
            [m s-1].

        Returns
        -------
        float
            Zero where the wind is too strong [m s-1].
        """
        return math.sqrt(max(0.0, self.cruise**2 - wind_speed**2))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyWindow:
    """When a unit can fly.

    Parameters
    ----------
    start, until : datetime
        With zone.
    """

    start: datetime
    until: datetime

    def __post_init__(self) -> None:
        check_aware("ready from", self.start)
        check_aware("ready until", self.until)
        if self.until <= self.start:
            raise BadInput(
                f"Ready from {self.start.isoformat()} until {self.until.isoformat()} is no time "
                "at all. Give an end after the beginning."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Some aircraft of one kind at one base, with their crews.

    Parameters
    ----------
    name : str
        Of the unit.
    vehicle : Vehicle
        What they fly.
    count : int
        How many aircraft.
    base : tuple of float
        Longitude and latitude of where they start and land [degree].
    crews : int
        How many can be flown at once.
    ready : tuple of ReadyWindow
        Empty: whenever the weather allows.
    """

    name: str
    vehicle: Vehicle
    count: int
    base: tuple[float, float]
    crews: int
    ready: tuple[ReadyWindow, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1 or self.crews < 1:
            raise BadInput(
                f"Unit {self.name} has {self.count} aircraft and {self.crews} crews. "
                "Give at least one of each, or leave the unit out."
            )
        lon, lat = self.base
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise BadInput(
                f"The base ({lon}, {lat}) of unit {self.name} is no place on earth. "
                "Give longitude, then latitude, in degrees."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What can be flown.

    Parameters
    ----------
    units : tuple of Unit
        At least one, each with a name of its own.
    """

    units: tuple[Unit, ...]

    def __post_init__(self) -> None:
        if not self.units:
            raise BadInput("The fleet has no unit. Add one with vehicle, count, base and crews.")
        names = [unit.name for unit in self.units]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise BadInput(
                f"More than one unit is called {', '.join(twice)}. Give each its own name."
            )
