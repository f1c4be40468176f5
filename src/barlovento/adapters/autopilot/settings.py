"""The parameters of the simulated autopilot, with the limits that hold for each."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from barlovento.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may be set.

    Parameters
    ----------
    cruise, top_speed : float
        Airspeed that is held on legs, and the one that is used where the wind asks for it [m s-1].
    climb_rate, descent_rate : float
        [m s-1].
    waypoint_radius : float
        A waypoint counts as met from there [m].
    return_height : float
        It climbs to this before it comes home; 0 keeps the present height [m].
    return_speed : float
        Over the ground on its way home; 0 is cruise through the air [m s-1].
    battery_low : float
        It comes home below this share of the battery; 0 never [%].
    link_timeout : float
        It comes home when no ground station was heard for so long; 0 never [s].
    """

    cruise: float = 8.0
    top_speed: float = 14.0
    climb_rate: float = 3.0
    descent_rate: float = 2.0
    waypoint_radius: float = 1.0
    return_height: float = 0.0
    return_speed: float = 0.0
    battery_low: float = 0.0
    link_timeout: float = 0.0


NAMES: dict[str, tuple[str, float, float]] = {
    "CRUISE": ("cruise", 1.0, 14.0),
    "TOP_SPEED": ("top_speed", 1.0, 14.0),
    "CLIMB_RATE": ("climb_rate", 0.5, 5.0),
    "DESCENT_RATE": ("descent_rate", 0.5, 3.0),
    "WP_RADIUS": ("waypoint_radius", 0.3, 20.0),
    "RTL_HEIGHT": ("return_height", 0.0, 500.0),
    "RTL_SPEED": ("return_speed", 0.0, 14.0),
    "BATTERY_LOW": ("battery_low", 0.0, 90.0),
    "LINK_TIMEOUT": ("link_timeout", 0.0, 120.0),
}
"""Name over MAVLink: field, least and greatest value."""

assert {entry[0] for entry in NAMES.values()} == {field.name for field in fields(Settings)}


def parameters(settings: Settings) -> list[tuple[str, float]]:
    """Return all names with their values, in a fixed order."""
    return [(name, float(getattr(settings, field))) for name, (field, _, _) in NAMES.items()]


def changed(settings: Settings, name: str, value: float) -> Settings:
    """Return settings with one value changed.

    Parameters
    ----------
    settings : Settings
        As they are.
    name : str
        Over MAVLink.
    value : float
        In the unit of the field [-].

    Raises
    ------
    Refused
        There is no such parameter, or the value is outside of its limits.
    """
    if name not in NAMES:
        raise Refused(f"There is no parameter {name!r}.")
    field, low, high = NAMES[name]
    if not low <= value <= high:
        raise Refused(f"{name} has to be between {low:g} and {high:g}, not {value:g}.")
    return replace(settings, **{field: value})
