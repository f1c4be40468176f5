"""A plan of several flights: what each looks over, what it may find, and what stays unsearched."""

from __future__ import annotations

from dataclasses import dataclass

from barlovento.domain.route import Route

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """One flight of a plan, from its base back to it.

    Parameters
    ----------
    name : str
        Such as ``sortie-3``; the name of its file.
    unit, vehicle : str
        Whose it is, and what kind of aircraft flies it.
    route : Route
        As it was cleared.
    sensing : tuple of bool
        Of each way between two waypoints, whether it is a leg that looks.
    airspeed : float
        [m s-1].
    wind_speed, wind_from_direction : float
        That it was planned for [m s-1], clockwise from north, where it comes from [degree].
    height : float
        Of its legs, above ground [m].
    spacing : float
        Between its legs [m].
    length, leg_length : float
        Of everything, and of its legs [m].
    duration, endurance : float
        How long it flies, and how long it could without touching the reserve [s].
    detection : float
        Probability that a site in what it looks over is noticed [1].
    expected_finds : float
        Sites that it is expected to notice, by the prior [1].
    looked_over : float
        Area that its legs look over [m2].
    sees : str
        What its sensor sees, in words.
    consents : tuple of str
        Digests of those it rests on.
    valid_until : str
        When the clearance ends.
    """

    name: str
    unit: str
    vehicle: str
    route: Route
    sensing: tuple[bool, ...]
    airspeed: float
    wind_speed: float
    wind_from_direction: float
    height: float
    spacing: float
    length: float
    leg_length: float
    duration: float
    endurance: float
    detection: float
    expected_finds: float
    looked_over: float
    sees: str
    consents: tuple[str, ...]
    valid_until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A flight that was wanted and is not in the plan.

    Parameters
    ----------
    name, aircraft : str
        As it would have been called, and who would have flown it.
    why : str
        What is missing, whole sentences.
    """

    name: str
    aircraft: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCell:
    """One cell of the region in the plan.

    Parameters
    ----------
    ring : tuple of tuple of float
        Corners, longitude and latitude [degree].
    prior : float
        Probability that a site is in it [1].
    detected : float
        Probability that the plan notices a site in it [1].
    why_not : str
        Why nothing looks at it; empty where something does.
    """

    ring: Ring
    prior: float
    detected: float
    why_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What shall be flown.

    Parameters
    ----------
    title : str
        Of the region.
    area : tuple of Ring
        Outline and holes, longitude and latitude [degree].
    sorties : tuple of Sortie
        All of them cleared.
    left_out : tuple of LeftOut
        Those that were not.
    cells : tuple of PlannedCell
        The whole region.
    expected_finds, bound : float
        Sites that the plan is expected to notice, and more than which no plan for these aircraft
        can [1].
    terrain : str
        Where heights of the ground are from.
    time_zone : str
        Of the authority.
    notes : tuple of str
        What people must know, such as a sensor that sees nothing.
    """

    title: str
    area: tuple[Ring, ...]
    sorties: tuple[Sortie, ...]
    left_out: tuple[LeftOut, ...]
    cells: tuple[PlannedCell, ...]
    expected_finds: float
    bound: float
    terrain: str
    time_zone: str
    notes: tuple[str, ...]
