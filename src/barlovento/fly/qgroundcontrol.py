"""QGroundControl's .plan -> places and times; only commands that navigate are read.

Source: MAVLink common message set (numbers of commands and frames), QGroundControl plan file
format, version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from barlovento.errors import BadInput, Refused
from barlovento.fly.zones.fields import moment_of, number_of
from barlovento.guard.geometry import wgs84

WAYPOINT, LOITER_TIME, RETURN, LAND, TAKEOFF = 16, 19, 20, 21, 22
VTOL_TAKEOFF, VTOL_LAND, CHANGE_SPEED = 84, 85, 178
NAVIGATES = {
    WAYPOINT,
    LOITER_TIME,
    RETURN,
    LAND,
    TAKEOFF,
    VTOL_TAKEOFF,
    VTOL_LAND,
    CHANGE_SPEED,
}
"""The closed list of commands."""

NAMES = {
    181: "a relay",
    182: "a relay",
    183: "a servo",
    184: "a servo",
    200: "a camera",
    201: "a region of interest",
    195: "a region of interest",
    203: "a camera",
    205: "a mount",
    206: "a camera trigger",
    211: "a gripper",
    212: "an autotune",
    214: "a camera trigger",
    220: "a mount",
    530: "a camera",
    531: "a camera",
    1000: "a gimbal",
    2000: "a camera",
    2001: "a camera",
    2004: "camera tracking",
    2005: "camera tracking",
    2500: "a video",
    42600: "a winch",
    30001: "a payload",
    30002: "a payload",
}
FRAMES = {0: "AMSL", 3: "home", 5: "AMSL", 6: "home", 10: "AGL", 11: "AGL"}

Place = list[float]


def waypoints_of(
    document: Mapping[str, Any], flight: Mapping[str, Any], name: str
) -> tuple[list[Place], list[str], str, Place]:
    """Return what a mission flies through.

    Parameters
    ----------
    document : mapping
        Content of the .plan.
    flight : mapping
        ``start``, ``climb_m_s`` and, unless the plan has one, ``speed_m_s``.
    name : str
        Of the file, for messages.

    Returns
    -------
    tuple
        Places (longitude, latitude, height), times as text, reference of heights, and home.

    Raises
    ------
    BadInput
        Something is missing or mixed.
    Refused
        A command is not on the closed list.
    """
    mission = document.get("mission")
    if not isinstance(mission, Mapping) or not isinstance(mission.get("items"), list):
        raise BadInput(f"{name}: holds no mission. Save it from QGroundControl again.")
    _check_commands(mission["items"], name)
    start = moment_of(flight.get("start"), "start")
    if start is None:
        raise BadInput("--flight: start is missing. Give the time of take-off, with Z.")
    climb = number_of(flight.get("climb_m_s"), "climb_m_s")
    speed = number_of(flight.get("speed_m_s") or mission.get("cruiseSpeed"), "speed_m_s")
    if climb <= 0 or speed <= 0:
        raise BadInput("--flight: speed_m_s and climb_m_s must be above 0. Mend them.")
    lat, lon, ground = (number_of(value, "home") for value in _home(mission, name))
    reference = _reference(mission["items"], name)
    base = ground if reference == "AMSL" else 0.0
    home: Place = [lon, lat, base]
    track = _Track(home, reference, ground, speed, climb)
    for number, item in enumerate(mission["items"]):
        try:
            track.take(item)
        except BadInput as error:
            raise BadInput(f"{name}, item {number}: {error}") from error
    times = [
        (start + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
        for seconds in track.seconds
    ]
    highest = max(place[2] for place in track.places)
    return track.places, times, reference, [lon, lat, highest]


def _home(mission: Mapping[str, Any], name: str) -> list[Any]:
    home = mission.get("plannedHomePosition")
    if not isinstance(home, list) or len(home) < 3:
        raise BadInput(f"{name}: has no plannedHomePosition. Set the home in QGroundControl.")
    return home[:3]


def _check_commands(items: list[Any], name: str) -> None:
    """Refuse everything that is not on the closed list, all at once."""
    refused = []
    for number, item in enumerate(items):
        if not isinstance(item, Mapping) or item.get("type") != "SimpleItem":
            kind = item.get("complexItemType", "item") if isinstance(item, Mapping) else "item"
            refused.append(f"item {number} is a complex {kind}")
        elif item.get("command") not in NAVIGATES:
            what = NAMES.get(item.get("command", -1), "something that does not navigate")
            refused.append(f"item {number} commands {what} (MAV_CMD {item.get('command')})")
    if refused:
        raise Refused(
            f"{name}: {'; '.join(refused)}. Only take-off, waypoints, timed loiter, speed, return "
            "and landing are read. Remove the rest, or save a pattern as plain waypoints."
        )


def _reference(items: list[Any], name: str) -> str:
    """Return what the heights are measured from; above home is taken to sea level by home."""
    frames = {
        FRAMES.get(item.get("frame"), f"frame {item.get('frame')}")
        for item in items
        if item.get("command") not in {RETURN, CHANGE_SPEED}
    }
    unknown = sorted(frame for frame in frames if frame.startswith("frame"))
    if unknown:
        raise BadInput(f"{name}: heights in {', '.join(unknown)} are unknown. Use AMSL or AGL.")
    if "AGL" in frames and len(frames) > 1:
        raise BadInput(f"{name}: heights above terrain are mixed with others. Use one kind.")
    return "AGL" if frames == {"AGL"} else "AMSL"


class _Track:
    """Where the mission leads, item by item."""

    def __init__(
        self, home: Place, reference: str, ground: float, speed: float, climb: float
    ) -> None:
        self.home, self.reference, self.ground = home, reference, ground
        self.speed, self.climb = speed, climb
        self.places: list[Place] = [home]
        self.seconds: list[float] = [0.0]

    def take(self, item: Mapping[str, Any]) -> None:
        command = item["command"]
        params = [*(item.get("params") or []), *[None] * 7][:7]
        if command == CHANGE_SPEED:
            speed = number_of(params[1], "speed")
            self.speed = speed if speed > 0 else self.speed
            return
        if command == RETURN:
            self._go([*self.home[:2], self.places[-1][2]])
            self._go(self.home)
            return
        lat, lon, height = params[4:7]
        here = self.places[-1]
        if not lat and not lon and command in {TAKEOFF, VTOL_TAKEOFF, LAND, VTOL_LAND}:
            lon, lat = here[:2]
        goal = [number_of(lon, "longitude"), number_of(lat, "latitude"), self._level(item, height)]
        if abs(goal[1]) > 90 or abs(goal[0]) > 180:
            raise BadInput(f"Latitude {goal[1]:g}, longitude {goal[0]:g} is no place. Mend it.")
        if command in {LAND, VTOL_LAND}:
            self._go([*goal[:2], here[2]])
        if command in {TAKEOFF, VTOL_TAKEOFF}:
            self._go([*here[:2], goal[2]])
        self._go(goal)
        wait = number_of(params[0] or 0, "hold") if command in {WAYPOINT, LOITER_TIME} else 0.0
        if wait > 0:
            self.places.append(goal)
            self.seconds.append(self.seconds[-1] + wait)

    def _level(self, item: Mapping[str, Any], height: Any) -> float:
        value = number_of(height, "height")
        above_home = FRAMES.get(item.get("frame", -1)) == "home"
        return value + self.ground if above_home else value

    def _go(self, goal: Place) -> None:
        here = self.places[-1]
        _, _, length = wgs84().inv(here[0], here[1], goal[0], goal[1])
        took = max(float(length) / self.speed, abs(goal[2] - here[2]) / self.climb)
        if took > 0:
            self.places.append(goal)
            self.seconds.append(self.seconds[-1] + took)
