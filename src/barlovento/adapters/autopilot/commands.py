"""The closed list of what an autopilot is asked to do: navigation, and nothing else.

Whatever is not listed is refused, among it everything that moves a servo, relay, gripper or winch,
drops or places a load, or lets a camera follow something. No option opens the list.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

from barlovento.errors import Refused

WAYPOINT, LOITER_TIME, RETURN, LAND, TAKEOFF = 16, 19, 20, 21, 22
"""Numbers of MAV_CMD (MAVLink common message set)."""

CHANGE_SPEED = 178

MISSION_COMMANDS = MappingProxyType(
    {
        TAKEOFF: "takeoff",
        WAYPOINT: "waypoint",
        LOITER_TIME: "loiter time",
        RETURN: "return",
        LAND: "land",
        CHANGE_SPEED: "change speed",
    }
)
"""What an item of a mission may be."""

SLOWEST, FASTEST = 0.5, 100.0
"""Speeds over the ground that a mission may ask for [m s-1]."""

ARM, START_MISSION, PAUSE, SET_MODE, REQUEST_MESSAGE = 400, 300, 193, 176, 512

DIRECT_COMMANDS = MappingProxyType(
    {
        ARM: "arm or disarm",
        START_MISSION: "start the mission",
        PAUSE: "hold or go on",
        SET_MODE: "change the mode",
        RETURN: "return",
        LAND: "land",
        REQUEST_MESSAGE: "tell a message once",
    }
)
"""What may be asked for at once."""

NAMED = MappingProxyType(
    {
        94: "place a payload",
        181: "relay",
        182: "relay",
        183: "servo",
        184: "servo",
        187: "actuator",
        205: "camera mount",
        206: "camera trigger",
        208: "parachute",
        211: "gripper",
        2004: "camera tracking",
        2005: "camera tracking",
        2010: "camera tracking",
        30001: "deploy a payload",
        30002: "deploy a payload",
        42600: "winch",
    }
)
"""Some of what is refused, so that the message can say what it was. The list needs no care: what
stands in neither of the other two is refused just the same."""

RELATIVE_FRAMES = frozenset({3, 6})
"""MAV_FRAME_GLOBAL_RELATIVE_ALT and ..._INT: heights above home. No other height is converted."""

FRAME_OF_NO_PLACE = 2
"""MAV_FRAME_MISSION, for items that have no place."""

LONGEST_MISSION = 1000
"""[items]"""

HIGHEST = 3000.0
"""Above home [m]."""

LONGEST_STAY = 36_000.0
"""[s]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissionItem:
    """One item of a mission.

    Parameters
    ----------
    command : int
        One of :data:`MISSION_COMMANDS`.
    lon, lat : float
        WGS 84; both 0 where the item means "here" [degree].
    height : float
        Above home [m].
    seconds : float
        To stay at a waypoint [s].
    speed : float
        Over the ground from here on, of a change of speed [m s-1].
    """

    command: int
    lon: float = 0.0
    lat: float = 0.0
    height: float = 0.0
    seconds: float = 0.0
    speed: float = 0.0

    def __post_init__(self) -> None:
        if self.command not in MISSION_COMMANDS:
            raise Refused(refusal(self.command))
        numbers = (self.lon, self.lat, self.height, self.seconds, self.speed)
        if not all(math.isfinite(number) for number in numbers):
            raise Refused(f"A {MISSION_COMMANDS[self.command]} with {numbers} is no place.")
        if abs(self.lat) > 90 or abs(self.lon) > 180:
            raise Refused(f"Longitude {self.lon}, latitude {self.lat} is no place on earth.")
        if not -HIGHEST <= self.height <= HIGHEST:
            raise Refused(f"{self.height} m above home is beyond {HIGHEST:.0f} m.")
        if not 0 <= self.seconds <= LONGEST_STAY:
            raise Refused(f"Can't stay for {self.seconds} s.")
        if self.command == CHANGE_SPEED and not SLOWEST <= self.speed <= FASTEST:
            raise Refused(f"Can't fly {self.speed} m s-1.")
        if self.command in {WAYPOINT, LOITER_TIME} and self.lon == 0 and self.lat == 0:
            raise Refused(f"A {MISSION_COMMANDS[self.command]} needs a place.")


def refusal(command: int) -> str:
    """Return why a command is refused, for a person."""
    name = f" ({NAMED[command]})" if command in NAMED else ""
    items = ", ".join(MISSION_COMMANDS.values())
    direct = ", ".join(DIRECT_COMMANDS.values())
    return (
        f"Command {command}{name} is refused. An item of a mission may be: {items}. "
        f"What may be asked for at once: {direct}."
    )
