"""Records of an exercise: sites, faults, buildings, and the scenario that holds them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from barlovento.domain.observation import SearchArea
from barlovento.errors import BadInput
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast, Valley

HIDDEN = "hidden"
"""Kind of a site that is to be found; all other kinds are look-alikes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place that lets out gas, from one or several openings.

    Parameters
    ----------
    name : str
        Unique within the exercise.
    kind : str
        ``"hidden"`` or the name of a class of look-alikes such as ``"fuel_station"``.
    vents : tuple of HiddenSource
        The openings; here their ``emission_rate`` is the share of the site's gas [1].
    rates : mapping of str to float
        Rate of the whole site for each species, while it is on [kg s-1]. Empty for a look-alike
        whose rates are drawn from the table of its class.
    registered : bool
        Whether it stands in the register of known emitters.
    """

    name: str
    kind: str
    vents: tuple[HiddenSource, ...]
    rates: Mapping[str, float] = field(default_factory=dict)
    registered: bool = False

    @property
    def x(self) -> float:
        """East, mean of the openings by their shares [m]."""
        return sum(v.x * share for v, share in zip(self.vents, self.shares, strict=True))

    @property
    def y(self) -> float:
        """North, mean of the openings by their shares [m]."""
        return sum(v.y * share for v, share in zip(self.vents, self.shares, strict=True))

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of each opening, their sum is one [1]."""
        total = sum(v.emission_rate for v in self.vents)
        return tuple(v.emission_rate / total for v in self.vents)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomSites:
    """Sites that are drawn anew for each seed.

    Parameters
    ----------
    hidden : tuple of int
        Fewest and most hidden sites.
    rate : tuple of float
        Range of the searched species' rate at each, even in its logarithm [kg s-1].
    mixed : bool
        Whether hidden sites let out other solvents of the exercise besides.
    vents : tuple of int
        Fewest and most openings of a hidden site.
    kinds : tuple of str
        Classes of look-alikes to draw from.
    lookalikes : tuple of int
        Fewest and most look-alikes.
    registered : float
        Share of the look-alikes that stand in the register [1].
    apart : float
        No two drawn sites are nearer than this [m].
    edge : float
        Nor nearer than this to the edge of the permitted ring or the search area [m].
    """

    hidden: tuple[int, int] = (0, 0)
    rate: tuple[float, float] = (3e-5, 3e-4)
    mixed: bool = False
    vents: tuple[int, int] = (1, 1)
    kinds: tuple[str, ...] = ()
    lookalikes: tuple[int, int] = (0, 0)
    registered: float = 0.5
    apart: float = 80.0
    edge: float = 40.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong with instruments, links and batteries; by default nothing.

    Parameters
    ----------
    dropouts, dropout_time : float
        Gaps of the gas record, marked bad: how many an hour [h-1], their mean length [s].
    stuck, stuck_time : float
        Times in which a sensor repeats its last value, not marked: how many an hour [h-1], mean
        length [s].
    saturation : float or None
        No sensor shows more than this [ppb].
    clock_offset, clock_drift : float
        The gas is stamped so much too late at the start [s], and more each hour [s h-1].
    rotor_diameter, rotor_wash : float
        Below 2.5 diameters above ground [m] the wash thins the plume, at the ground by this
        share [1].
    lost_links, lost_link_time : float
        Times without a link: how many an hour and drone [h-1], mean length [s].
    low_battery : float or None
        From this time on one drone, drawn by the seed, has lost half of what was left in its
        battery [s].
    """

    dropouts: float = 0.0
    dropout_time: float = 10.0
    stuck: float = 0.0
    stuck_time: float = 20.0
    saturation: float | None = None
    clock_offset: float = 0.0
    clock_drift: float = 0.0
    rotor_diameter: float = 0.0
    rotor_wash: float = 0.0
    lost_links: float = 0.0
    lost_link_time: float = 20.0
    low_battery: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A box that gas can't enter.

    Parameters
    ----------
    name : str
        Unique within the exercise.
    x, y : float
        Its middle, east and north [m].
    length, width, height : float
        [m].
    direction : float
        Of its length, clockwise from north [degree].
    """

    name: str
    x: float
    y: float
    length: float
    width: float
    height: float
    direction: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Clean air of one species as it is away from all sites.

    Parameters
    ----------
    mean : float
        [ppb].
    deviation : float
        Standard deviation of its slow change over its mean [1].
    time : float
        Time scale of that change [s].
    """

    mean: float
    deviation: float = 0.1
    time: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One scenario: everything but the seed.

    Parameters
    ----------
    name, title, summary : str
        Short name, and what people read.
    start : datetime
        With a time zone.
    duration : int
        Longest flight time in all [s].
    atmosphere, mast
        The air as it is, and the wind as it is told.
    any_direction : bool
        Whether the seed draws where the wind comes from.
    wind_record : tuple of (float, float, float)
        Time after the start [s], speed at the reference height [m s-1] and direction [degree],
        linear in between, in place of a constant mean; empty for none.
    sites : tuple of Site
        Those at given places.
    random : RandomSites
        Those that each seed draws.
    area : SearchArea
        The box that is told to the solver.
    permitted : tuple of (float, float)
        Corners of the ring in which aircraft may be [m].
    floor, ceiling : float
        Permitted heights above ground [m].
    home : tuple of float
        Where they start and land [m].
    aircraft : tuple of str
        Names in the catalogue, one for each drone.
    sensors : tuple of str
        Presets that every drone carries.
    species : tuple of str
        What is measured; the first is the one that is searched for.
    backgrounds : mapping of str to Level
        Clean air.
    faults : Faults
        What goes wrong.
    buildings : tuple of Building
        Boxes in the way of gas.
    origin : tuple of float or None
        Longitude and latitude of x = y = 0 [degree].
    local_offset : float
        Local time less UTC, for working hours [h].
    particles_per_second : int
        Per opening, a multiple of 8 [s-1].
    """

    name: str
    title: str
    summary: str
    start: datetime
    duration: int
    atmosphere: Atmosphere
    mast: Mast
    any_direction: bool = False
    wind_record: tuple[tuple[float, float, float], ...] = ()
    sites: tuple[Site, ...]
    random: RandomSites = field(default_factory=RandomSites)
    area: SearchArea
    permitted: tuple[tuple[float, float], ...]
    floor: float
    ceiling: float
    home: tuple[float, float]
    aircraft: tuple[str, ...]
    sensors: tuple[str, ...]
    species: tuple[str, ...]
    backgrounds: Mapping[str, Level] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    buildings: tuple[Building, ...] = ()
    origin: tuple[float, float] | None = None
    local_offset: float = 0.0
    particles_per_second: int = 16

    @property
    def terrain(self) -> Valley | None:
        """What steers the wind besides buildings."""
        return self.atmosphere.valley

    @property
    def permitted_area(self) -> float:
        """Of the permitted ring [m2]."""
        ring = self.permitted
        sides = zip(ring, (*ring[1:], ring[0]), strict=True)
        return 0.5 * abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in sides))

    def with_rate(self, rate: float) -> Exercise:
        """Return the same exercise with each hidden site at one rate of the searched species.

        Parameters
        ----------
        rate : float
            Of the searched species; other species of a site change in proportion [kg s-1].
        """
        if not rate > 0.0:
            raise BadInput(f"The rate is {rate}. Give a number above zero, in kg/s.")
        first = self.species[0]
        sites = []
        for site in self.sites:
            if site.kind == HIDDEN and site.rates.get(first, 0.0) > 0.0:
                factor = rate / site.rates[first]
                rates = {name: value * factor for name, value in site.rates.items()}
                sites.append(replace(site, rates=rates))
            else:
                sites.append(site)
        return replace(self, sites=tuple(sites), random=replace(self.random, rate=(rate, rate)))

    def with_sites(self, count: int) -> Exercise:
        """Return the same exercise with this many hidden sites, all drawn by the seed."""
        if count < 0:
            raise BadInput(f"{count} sites can't be. Give zero or more.")
        return replace(
            self,
            sites=tuple(site for site in self.sites if site.kind != HIDDEN),
            random=replace(self.random, hidden=(count, count)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSite:
    """What was really there at one site.

    Parameters
    ----------
    name, kind : str
        As in :class:`Site`.
    x, y, z : float
        Mean of its openings by their shares [m].
    vents : tuple of HiddenSource
        The openings.
    rates : mapping of str to float
        While it is on [kg s-1].
    mean_rates : mapping of str to float
        Mean from the start until now [kg s-1].
    registered : bool
        Whether it stands in the register.
    """

    name: str
    kind: str
    x: float
    y: float
    z: float
    vents: tuple[HiddenSource, ...]
    rates: Mapping[str, float]
    mean_rates: Mapping[str, float]
    registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All sites of a world; only scoring and the debrief may look.

    Parameters
    ----------
    sites : tuple of TrueSite
        Every kind.
    seed : int
        Of the world.
    """

    sites: tuple[TrueSite, ...]
    seed: int

    @property
    def hidden(self) -> tuple[TrueSite, ...]:
        """Those that were to be found."""
        return tuple(site for site in self.sites if site.kind == HIDDEN)
