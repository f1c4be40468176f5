"""A flight that is watched: what is seen at a moment, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from barlovento.domain.traffic import Intruder


class Order(IntEnum):
    """What a flight is told; the greater one stands."""

    GO_ON = 0
    HOLD = 1
    RETURN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a flight at one moment.

    Parameters
    ----------
    steady : float
        A clock that nobody sets [s].
    clock, vehicle_clock : float or None
        What this machine's clock and the aircraft's say, since 1970 [s].
    heard : float
        When the aircraft was last heard, on the steady clock [s].
    fix_at : float
        When the last fix came, on the steady clock [s].
    fixed : bool
        Whether the receiver has a fix.
    lon, lat : float
        [degree].
    height : float
        Above mean sea level [m].
    velocity : tuple of float
        East and north [m s-1].
    position_error : float
        [m].
    battery : float or None
        What is left [%].
    flying : bool
        Whether its motors turn and it is off the ground.
    returning, holding : bool
        What it does.
    intruders : tuple of Intruder
        Other aircraft.
    withdrawn : str
        Why a consent does not live any more; empty where all do.
    changed : str
        What the autopilot holds that is not what it was sent; empty where nothing is.
    """

    steady: float
    clock: float
    vehicle_clock: float | None
    heard: float
    fix_at: float
    fixed: bool
    lon: float
    lat: float
    height: float
    velocity: tuple[float, float]
    position_error: float
    battery: float | None
    flying: bool
    returning: bool
    holding: bool
    intruders: tuple[Intruder, ...] = ()
    withdrawn: str = ""
    changed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is told, and what follows from it.

    Parameters
    ----------
    kind : str
        In a word or two.
    order : Order
        What it asks for.
    words : str
        A sentence for people.
    """

    kind: str
    order: Order
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is made of one moment.

    Parameters
    ----------
    verdict : str
        ``"inside"``, ``"outside"``, ``"cannot tell"`` or ``"on the ground"``.
    findings : tuple of Finding
        All that holds now.
    order : Order
        The greatest that was ever asked for.
    home : float
        Distance to home [m].
    battery_needed : float or None
        For the way home, the reserve included [%].
    """

    verdict: str
    findings: tuple[Finding, ...]
    order: Order
    home: float
    battery_needed: float | None
