"""An aircraft of the catalogue, and the power it takes to stay up, move and climb.

Rotors, by momentum theory in forward flight (Leishman 2006, Principles of Helicopter
Aerodynamics, eqs 2.15 and 5.4; Glauert's equation):

    D = rho CdA V^2 / 2,  T = sqrt((m g)^2 + D^2),  tan(a) = D / (m g)                     (1)
    v = v_h^2 / sqrt((V cos a - w sin a)^2 + (V sin a + w cos a + v)^2),
        v_h^2 = T / (2 rho A)                                                              (2)
    P = T (V sin a + w cos a + v) / eta                                                    (3)

with airspeed V, climb w, disc area A, and one efficiency eta for blades, motors and electronics.
Sinking is not credited: momentum theory fails in the rotor's own wake.

Wings, near the speed of best glide, where parasitic and induced drag are equal (Anderson 1999,
Aircraft Performance and Design, sect. 5.4):

    P = P_c (s (V / V_c)^3 + n^2 V_c / (s V)) / 2 + m g w / eta                            (4)

with the power of cruise P_c at the speed V_c, the load factor n of a turn and the air's density
over that at sea level s.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

GRAVITY = 9.80665
"""[m s-2]"""

SEA_LEVEL_DENSITY = 1.225
"""Of the standard atmosphere at sea level [kg m-3]: what figures of makers are taken to hold at."""

_ITERATIONS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotors:
    """What lifts a multirotor.

    Parameters
    ----------
    disc_area : float
        Of all rotors [m2].
    drag_area : float
        Drag coefficient times area of the whole aircraft [m2].
    efficiency : float
        Ideal power over electrical power, between 0 and 1.
    """

    disc_area: float
    drag_area: float
    efficiency: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wing:
    """What lifts a fixed wing; with ``hover_power`` it also rises and lands on rotors.

    Parameters
    ----------
    cruise_power : float
        Electrical, level at cruise [W].
    hover_power : float
        Electrical, on its rotors; 0 where it has none [W].
    climb_efficiency : float
        Power gained in height over electrical power spent for it.
    """

    cruise_power: float
    hover_power: float
    climb_efficiency: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Aircraft:
    """One aircraft of the catalogue, with its payload.

    Parameters
    ----------
    name, title : str
        Key in the catalogue, and what a person reads.
    kind : str
        ``"multirotor"`` or ``"fixed_wing"``.
    cruise, top_speed : float
        Airspeed that is held, and the highest one, used only where the wind asks for it [m s-1].
    climb_rate, descent_rate : float
        Both positive [m s-1].
    turn_radius : float
        Smallest in still air at cruise; 0 for what turns on the spot [m].
    battery : float
        Energy that may be used [J].
    mass : float
        With payload [kg].
    ceiling : float
        Above mean sea level [m].
    wind_limit : float
        Strongest mean wind to fly in [m s-1].
    rotors, wing : Rotors, Wing or None
        What gives its power; one of the two.
    sources : mapping of str to str
        Where each figure is from.
    """

    name: str
    title: str
    kind: str
    cruise: float
    top_speed: float
    climb_rate: float
    descent_rate: float
    turn_radius: float
    battery: float
    mass: float
    ceiling: float
    wind_limit: float
    rotors: Rotors | None
    wing: Wing | None
    sources: Mapping[str, str]

    @property
    def endurance(self) -> float:
        """How long the battery lasts level at cruise, at sea level [s]."""
        return self.battery / self.power(self.cruise)

    @property
    def hovers(self) -> bool:
        """Whether it can stand in the air."""
        return self.rotors is not None or (self.wing is not None and self.wing.hover_power > 0)

    @property
    def hover_power(self) -> float:
        """Electrical power to stand in still air at sea level; infinite for what can't [W]."""
        if self.wing is not None:
            return self.wing.hover_power or math.inf
        return self.power(0.0)

    def power(
        self,
        airspeed: float,
        climb: float = 0.0,
        *,
        load_factor: float = 1.0,
        air_density: float = SEA_LEVEL_DENSITY,
    ) -> float:
        """Return the electrical power.

        Parameters
        ----------
        airspeed : float
            Horizontal [m s-1].
        climb : float
            Sinking counts as level flight [m s-1].
        load_factor : float
            Lift over weight, for wings in a turn.
        air_density : float
            [kg m-3].

        Returns
        -------
        float
            [W].
        """
        if self.rotors is not None:
            return rotor_power(
                self.rotors, self.mass, airspeed, max(climb, 0.0), air_density=air_density
            )
        assert self.wing is not None
        dense = air_density / SEA_LEVEL_DENSITY
        share = airspeed / self.cruise
        drag = dense * share**3 + load_factor**2 / (dense * share)
        level = 0.5 * self.wing.cruise_power * drag
        lift = self.mass * GRAVITY * max(climb, 0.0) / self.wing.climb_efficiency
        return level + lift

    def bank_load_factor(self, turn_rate: float, airspeed: float) -> float:
        """Return lift over weight in a level turn of this rate [rad s-1] and airspeed [m s-1]."""
        return math.hypot(1.0, airspeed * turn_rate / GRAVITY)


@lru_cache(maxsize=4096)
def rotor_power(
    rotors: Rotors, mass: float, airspeed: float, climb: float, *, air_density: float
) -> float:
    """Return the electrical power of rotors, equations 1 to 3 of the module.

    Parameters
    ----------
    rotors : Rotors
        What lifts.
    mass : float
        [kg].
    airspeed, climb : float
        Horizontal, and upward, not negative [m s-1].
    air_density : float
        [kg m-3].

    Returns
    -------
    float
        [W].
    """
    weight = mass * GRAVITY
    drag = 0.5 * air_density * rotors.drag_area * airspeed * airspeed
    thrust = math.hypot(weight, drag)
    sine, cosine = drag / thrust, weight / thrust
    hover_squared = thrust / (2.0 * air_density * rotors.disc_area)
    through = airspeed * sine + climb * cosine
    across = airspeed * cosine - climb * sine
    # Newton on v |(across, through + v)| = v_h^2: increasing and convex, so from the right of the
    # root each step comes nearer and none passes it.
    induced = math.sqrt(hover_squared)
    for _ in range(_ITERATIONS):
        speed = math.hypot(across, through + induced)
        excess = induced * speed - hover_squared
        induced -= excess / (speed + induced * (through + induced) / speed)
    return thrust * (through + induced) / rotors.efficiency
