"""What is sent of a mission, fence or rally point, and when what comes back is the same.

Autopilots keep items in forms of their own: heights in centimetres, a heading that nobody asked
for as 0, one name of a frame for two. What means the same compares equal; all else does not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.points import RALLY, Point
from barlovento.adapters.mavlink.sortie import Sortie

MISSION, FENCE, RALLIES = (
    int(mavlink.MAV_MISSION_TYPE_MISSION),
    int(mavlink.MAV_MISSION_TYPE_FENCE),
    int(mavlink.MAV_MISSION_TYPE_RALLY),
)
NAMES = {MISSION: "mission", FENCE: "fence", RALLIES: "rally points"}

_SEA, _HOME, _NONE = "above the sea", "above home", "none"
_FRAMES = {0: _SEA, 5: _SEA, 3: _HOME, 6: _HOME, 2: _NONE}
_PLACELESS = {commands.RETURN, commands.CHANGE_SPEED}

_HEIGHT_KEPT = 0.02
"""ArduPilot keeps centimetres [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """An item as it goes over the line.

    Parameters
    ----------
    command, frame : int
        MAV_CMD and MAV_FRAME.
    parameters : tuple of float
        The first four.
    x, y : int
        Latitude and longitude [1e-7 degree].
    z : float
        Height [m].
    """

    command: int
    frame: int
    parameters: tuple[float, float, float, float]
    x: int
    y: int
    z: float

    def message(self, system: int, component: int, number: int, kind: int) -> Any:
        """Return it as a MISSION_ITEM_INT."""
        return mavlink.MAVLink_mission_item_int_message(
            system,
            component,
            number,
            self.frame,
            self.command,
            0,
            1,
            *self.parameters,
            self.x,
            self.y,
            self.z,
            kind,
        )


def to_wire(item: MissionItem | Point) -> Wire:
    """Return an item of the closed list as it is sent."""
    frame = int(mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT)
    parameters = (0.0, 0.0, 0.0, 0.0)
    if isinstance(item, Point):
        parameters = (float(item.corners), 0.0, 0.0, 0.0)
        if item.command != RALLY:
            frame = int(mavlink.MAV_FRAME_GLOBAL_INT)
    elif item.command == commands.CHANGE_SPEED:
        frame, parameters = commands.FRAME_OF_NO_PLACE, (1.0, item.speed, -1.0, 0.0)
    elif item.command == commands.RETURN:
        frame = commands.FRAME_OF_NO_PLACE
    else:
        # No heading is asked for.
        parameters = (item.seconds, 0.0, 0.0, math.nan)
    return Wire(
        command=item.command,
        frame=frame,
        parameters=parameters,
        x=round(item.lat * 1e7),
        y=round(item.lon * 1e7),
        z=float(item.height),
    )


def from_message(message: Any) -> Wire:
    """Return a MISSION_ITEM_INT as an item."""
    return Wire(
        command=int(message.command),
        frame=int(message.frame),
        parameters=(
            float(message.param1),
            float(message.param2),
            float(message.param3),
            float(message.param4),
        ),
        x=int(message.x),
        y=int(message.y),
        z=float(message.z),
    )


def same(sent: Wire, back: Wire) -> bool:
    """Return whether an item that came back means what was sent."""
    if sent.command != back.command:
        return False
    ours, theirs = sent.parameters, back.parameters
    if not all(_equal(a, b) for a, b in zip(ours, theirs, strict=True)):
        return False
    if sent.command in _PLACELESS:
        return True
    if (sent.x, sent.y) != (back.x, back.y):
        return False
    if sent.frame == int(mavlink.MAV_FRAME_GLOBAL_INT):
        # Corners of a fence have no height.
        return True
    framed = _FRAMES.get(sent.frame) == _FRAMES.get(back.frame, "")
    return framed and abs(sent.z - back.z) <= _HEIGHT_KEPT


def _equal(ours: float, theirs: float) -> bool:
    nothing = {0.0}
    if math.isnan(ours) or math.isnan(theirs):
        return all(math.isnan(value) or value in nothing for value in (ours, theirs))
    return math.isclose(ours, theirs, rel_tol=1e-6, abs_tol=1e-6)


def home_item(lon: float, lat: float, altitude: float) -> Wire:
    """Return what ArduPilot keeps as item 0: its home, which is no part of the mission.

    Parameters
    ----------
    lon, lat : float
        [degree].
    altitude : float
        Above mean sea level [m].
    """
    return Wire(
        command=commands.WAYPOINT,
        frame=int(mavlink.MAV_FRAME_GLOBAL),
        parameters=(0.0, 0.0, 0.0, 0.0),
        x=round(lat * 1e7),
        y=round(lon * 1e7),
        z=altitude,
    )


def by_kind(sortie: Sortie, *, own: bool) -> dict[int, tuple[Wire, ...]]:
    """Return all of a sortie as it is sent, the mission last: without it nothing can be flown.

    Parameters
    ----------
    sortie : Sortie
        What is to be flown.
    own : bool
        Whether item 0 of the mission is the autopilot's home.
    """
    home = sortie.home
    first = (home_item(home.lon, home.lat, home.altitude),) if own else ()
    return {
        FENCE: tuple(to_wire(point) for point in sortie.fence),
        RALLIES: tuple(to_wire(point) for point in sortie.rally),
        MISSION: (*first, *(to_wire(item) for item in sortie.mission)),
    }


def difference(sent: Sequence[Wire], back: Sequence[Wire], kind: int) -> str:
    """Return in words where what came back differs from what was sent, or nothing."""
    name = NAMES[kind]
    if len(sent) != len(back):
        return f"The {name} came back with {len(back)} items, {len(sent)} were sent."
    for number, (ours, theirs) in enumerate(zip(sent, back, strict=True)):
        if not same(ours, theirs):
            return f"Item {number} of the {name} came back as {_told(theirs)}, not {_told(ours)}."
    return ""


def _told(wire: Wire) -> str:
    return (
        f"command {wire.command} at {wire.x / 1e7:.7f}, {wire.y / 1e7:.7f}, {wire.z:g} m "
        f"(frame {wire.frame}, parameters {', '.join(f'{value:g}' for value in wire.parameters)})"
    )
