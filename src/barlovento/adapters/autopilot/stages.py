"""What an item of a mission comes down to: go to a place, stay there, come down there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.f450 import Motion

ON_GROUND = 0.06
"""Below this it stands [m]."""

_OVERHEAD = 2.0
"""So near to the place of a landing it comes down at once [m]."""

Offset = Callable[[float, float], tuple[float, float]]
"""From longitude and latitude to metres east and north of home."""


@dataclass(slots=True)
class Stage:
    """A part of what it is to do; the item is the one that it belongs to."""

    kind: str
    place: tuple[float, float, float]
    seconds: float = 0.0
    item: int | None = None


def place_of(item: MissionItem, here: Motion, offset: Offset) -> tuple[float, float, float]:
    """Return where an item is, about home [m]."""
    if item.lon == 0 and item.lat == 0:
        return here.x, here.y, item.height
    return (*offset(item.lon, item.lat), item.height)


def stages_of(
    item: MissionItem, number: int, here: Motion, offset: Offset, return_height: float
) -> list[Stage]:
    """Return the stages of an item.

    Parameters
    ----------
    item : MissionItem
        What is to be done.
    number : int
        Of the item.
    here : Motion
        As measured.
    offset : callable
        From longitude and latitude to metres about home.
    return_height : float
        It comes home at least so high [m].
    """
    if item.command == commands.TAKEOFF:
        above = (0.0, 0.0) if here.z < 1.0 and math.hypot(here.x, here.y) < 5.0 else here[:2]
        return [Stage("go", (above[0], above[1], item.height), item=number)]
    if item.command == commands.RETURN:
        return way_home(here, return_height, number)
    place = place_of(item, here, offset)
    if item.command == commands.LAND:
        down = Stage("land", (place[0], place[1], 0.0), item=number)
        if math.hypot(place[0] - here.x, place[1] - here.y) < _OVERHEAD:
            return [down]
        return [Stage("go", (place[0], place[1], here.z), item=number), down]
    stages = [Stage("go", place, item=number)]
    if item.seconds > 0:
        stages.append(Stage("stay", place, item.seconds, item=number))
    return stages


def way_home(here: Motion, height: float, item: int | None) -> list[Stage]:
    """Return the stages of coming home: up where that is asked for, straight, and down.

    Parameters
    ----------
    here : Motion
        As measured.
    height : float
        It comes home at least so high [m].
    item : int or None
        Item that it belongs to.
    """
    level = max(here.z, height)
    up = Stage("go", (here.x, here.y, level), item=item)
    over = Stage("go", (0.0, 0.0, level), item=item)
    down = Stage("land", (0.0, 0.0, 0.0), item=item)
    return [up, over, down] if level > here.z + 1.0 else [over, down]


def place_after(
    mission: Sequence[MissionItem], current: int, here: Motion, offset: Offset
) -> tuple[float, float, float] | None:
    """Return where the item after this one leads, if it is flown on to without a stay.

    Parameters
    ----------
    mission : sequence of MissionItem
        All of it.
    current : int
        The item that is flown.
    here : Motion
        As measured.
    offset : callable
        From longitude and latitude to metres about home.
    """
    if current >= len(mission) or mission[current].seconds > 0:
        return None
    for item in mission[current + 1 :]:
        if item.command == commands.CHANGE_SPEED:
            continue
        leads = item.command in {commands.WAYPOINT, commands.LOITER_TIME}
        return place_of(item, here, offset) if leads else None
    return None


def stopping_place(motion: Motion, measured: Motion) -> tuple[float, float, float]:
    """Return where it comes to rest when it brakes now.

    Parameters
    ----------
    motion, measured : Motion
        As it is, and as it measures its place.
    """
    reach = math.hypot(motion.east, motion.north) / 4.0
    return (
        measured.x + motion.east * reach / 2,
        measured.y + motion.north * reach / 2,
        max(measured.z, 1.0),
    )


def speed_for(
    mission: Sequence[MissionItem], current: int, speed: float | None, return_speed: float
) -> tuple[int, float | None]:
    """Return the next item that is flown, and the speed over the ground that holds for it.

    Parameters
    ----------
    mission : sequence of MissionItem
        All of it.
    current : int
        The item that is begun; changes of speed are taken in on the way.
    speed : float or None
        Over the ground, as it is; None is cruise through the air [m s-1].
    return_speed : float
        Of a return; 0 is cruise through the air [m s-1].
    """
    while current < len(mission) and mission[current].command == commands.CHANGE_SPEED:
        speed = mission[current].speed
        current += 1
    if current < len(mission) and mission[current].command == commands.RETURN:
        speed = return_speed or None
    return current, speed
