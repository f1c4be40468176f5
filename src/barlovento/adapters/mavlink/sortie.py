"""A cleared route -> what an autopilot is sent: items, a fence around the volume, rally points.

Nothing is added to the route. Where an autopilot could not fly it without leaving what was cleared
(a climb that is not in the plan, a way home at another height), it is refused, and the plan has to
be made anew.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.points import RALLY, Point
from barlovento.adapters.mavlink.fence import fence_of
from barlovento.adapters.mavlink.heights import Above
from barlovento.domain.geodesy import to_local
from barlovento.domain.route import Route
from barlovento.errors import Refused

SAME_PLACE = 0.5
"""Nearer than this two waypoints are one place [m]."""

LEAST_SECONDS = 0.1
"""No leg is shorter [s]."""

ACCELERATION = 2.0
"""Of a multirotor at a corner, for the speed that keeps a leg's time [m s-2]."""

SHARP = math.cos(math.radians(30))
"""It slows down for corners sharper than this."""

MOST_FASTER = 1.5
"""A leg is flown at most so much faster than its mean speed, to make up for its corners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where an autopilot says that its home is.

    Parameters
    ----------
    lon, lat : float
        [degree].
    altitude : float
        Above mean sea level [m].
    """

    lon: float
    lat: float
    altitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """What an autopilot is sent for one route.

    Parameters
    ----------
    mission : tuple of MissionItem
        Heights above home.
    fence, rally : tuple of Point
        Around the swept volume; home, and the lost-link place where there is one.
    home : Home
        That it was made for.
    return_height, ceiling : float
        Above home, of the way home and of the highest place that was cleared [m].
    return_speed : float
        Over the ground [m s-1].
    climb_rate, descent_rate : float
        Of the first climb and the last descent; 0 where there is none [m s-1].
    """

    mission: tuple[MissionItem, ...]
    fence: tuple[Point, ...]
    rally: tuple[Point, ...]
    home: Home
    return_height: float
    ceiling: float
    return_speed: float
    climb_rate: float
    descent_rate: float

    @property
    def digest(self) -> str:
        """Return the SHA-256 of all of it."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


def sortie_of(
    route: Route,
    home: Home,
    *,
    terrain: tuple[float, float] | None = None,
    geoid: tuple[float, float] | None = None,
) -> Sortie:
    """Return what is sent for a route.

    Parameters
    ----------
    route : Route
        As it was cleared.
    home : Home
        Of the autopilot.
    terrain, geoid : tuple of float, optional
        Lowest and highest ground above mean sea level, and mean sea level above the ellipsoid [m].

    Returns
    -------
    Sortie
        Ready to send.

    Raises
    ------
    Refused
        It can't be flown as it was cleared.
    """
    seconds = [point.time.timestamp() for point in route.waypoints]
    if any(after - before < LEAST_SECONDS for before, after in pairwise(seconds)):
        raise Refused("Two waypoints have the same time. Give times that rise, and clear again.")
    above = Above(route, home.altitude, terrain=terrain, geoid=geoid)
    heights = [above.home(point.height.value) for point in route.waypoints]
    assert route.home is not None  # a route without one is never cleared
    places = _places(route, home)
    _check_ends(route, places, heights)
    back = above.home(route.home.height.value)
    _check_return(route, places, heights, back)
    rally = [Point(command=RALLY, lon=home.lon, lat=home.lat, height=float(round(back)))]
    for point in route.lost_link:
        height = above.home(point.height.value)
        _check_level(route, heights, height, "lost-link place")
        rally.append(
            Point(command=RALLY, lon=point.lon, lat=point.lat, height=float(round(height)))
        )
    return Sortie(
        mission=tuple(_items(route, places, heights, seconds)),
        fence=fence_of(route, home.lon, home.lat),
        rally=tuple(rally),
        home=home,
        return_height=back,
        ceiling=max(*heights, back) + route.buffer.height_error,
        return_speed=route.return_speed,
        climb_rate=(heights[1] - heights[0]) / (seconds[1] - seconds[0]),
        descent_rate=_descent(route, heights, seconds),
    )


Place = tuple[float, float]


def _places(route: Route, home: Home) -> list[Place]:
    """Return where the waypoints are, east and north of home [m]."""
    x, y = to_local(
        [point.lon for point in route.waypoints],
        [point.lat for point in route.waypoints],
        origin=(home.lon, home.lat),
    )
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _on_ground(route: Route, height: float) -> bool:
    return abs(height) <= max(route.buffer.height_error, SAME_PLACE)


def _check_ends(route: Route, places: list[Place], heights: list[float]) -> None:
    """Refuse a route whose take-off or landing was not cleared."""
    faults = []
    side = route.buffer.side
    if math.hypot(*places[0]) > side:
        faults.append(
            f"The autopilot's home is {math.hypot(*places[0]):.0f} m from the first waypoint, the "
            f"plan allows {side:.0f} m. Carry the aircraft there, or plan from where it stands."
        )
    assert route.home is not None
    x, y = to_local(
        route.home.lon,
        route.home.lat,
        origin=(route.waypoints[0].lon, route.waypoints[0].lat),
    )
    if math.hypot(float(x), float(y)) > side:
        faults.append(
            "The plan's home is not where it takes off, and an autopilot returns to where it took "
            "off. Give `home` there."
        )
    if not _on_ground(route, heights[0]):
        faults.append(
            f"The plan begins {heights[0]:.1f} m above the autopilot's home, so the climb to there "
            "was not cleared. Begin with a waypoint on the ground (give `times`), and clear it."
        )
    elif math.dist(places[0], places[1]) > side or heights[1] < 1.0:
        faults.append(
            "The first leg is no climb straight up, as a take-off is. Let the second waypoint be "
            "above the first, and clear the plan again."
        )
    for number, height in enumerate(heights[1:-1], start=2):
        if height < 1.0 and number > 1:
            faults.append(
                f"Waypoint {number} is {height:.1f} m above home: a landing on the way is a sortie "
                "of its own."
            )
    last = heights[-1]
    if _on_ground(route, last) and math.dist(places[-1], places[-2]) > side:
        faults.append("The last leg is no descent straight down. Let it end above its landing.")
    if len(route.lost_link) > 1:
        faults.append(
            f"An autopilot can't fly a lost-link route of {len(route.lost_link)} places by itself. "
            "Give one place, or none for the way home."
        )
    if faults:
        raise Refused("\n".join(faults))


def _check_return(route: Route, places: list[Place], heights: list[float], back: float) -> None:
    """Refuse a way home that an autopilot would fly at another height than was cleared."""
    away = [
        height
        for place, height in zip(places, heights, strict=True)
        if math.hypot(*place) > route.buffer.side
    ]
    _check_level(route, away, back, "home")


def _check_level(route: Route, heights: Sequence[float], level: float, name: str) -> None:
    off = max((abs(height - level) for height in heights if height > 1.0), default=0.0)
    if off > route.buffer.height_error or level < 1.0:
        raise Refused(
            f"An autopilot flies to its {name} at one height, and {level:.0f} m above the ground "
            f"at home is {off:.0f} m from the height of a leg, more than the "
            f"plan's height error of {route.buffer.height_error:g} m. Give {name} the height of "
            "the legs, and clear again."
        )


def _items(
    route: Route, places: list[Place], heights: list[float], seconds: list[float]
) -> list[MissionItem]:
    """Return the mission of a route that was checked."""
    points = route.waypoints
    items: list[MissionItem] = []
    speed = late = latest = 0.0

    def waypoint(number: int, stay: float = 0.0) -> MissionItem:
        return MissionItem(
            command=commands.WAYPOINT,
            lon=points[number].lon,
            lat=points[number].lat,
            height=heights[number],
            seconds=float(round(stay)),
        )

    up = points[1]
    items.append(MissionItem(command=commands.TAKEOFF, lon=up.lon, lat=up.lat, height=heights[1]))
    if math.hypot(*places[1]) > SAME_PLACE:
        items.append(waypoint(1))
    last = len(points) - 1
    for number in range(2, len(points)):
        took = seconds[number] - seconds[number - 1]
        level = math.dist(places[number], places[number - 1])
        rise = heights[number] - heights[number - 1]
        if level <= SAME_PLACE and abs(rise) <= SAME_PLACE:
            before = items[-1]
            if before.command == commands.WAYPOINT:
                stay = before.seconds + took
                items[-1] = waypoint(number, stay)
            else:
                items.append(waypoint(number, took))
            continue
        if number == last and _on_ground(route, heights[number]):
            end = points[number]
            items.append(MissionItem(command=commands.LAND, lon=end.lon, lat=end.lat))
            break
        if level > SAME_PLACE:
            wanted, late = _pace(places, number, level, took, late)
            latest = max(latest, late)
            if abs(wanted - speed) > 0.02 * wanted:
                speed = wanted
                items.append(MissionItem(command=commands.CHANGE_SPEED, speed=round(speed, 2)))
        items.append(waypoint(number))
    else:
        items.append(MissionItem(command=commands.RETURN))
    if latest > route.buffer.time_error:
        raise Refused(
            f"The plan leaves no time for its corners: it would be {latest:.0f} s late, and its "
            f"time error is {route.buffer.time_error:g} s. Plan it slower, and clear it again."
        )
    return items


def _pace(
    places: list[Place], number: int, level: float, took: float, late: float
) -> tuple[float, float]:
    """Return the speed for a leg that makes up for what corners cost, and how late it ends."""
    mean = level / took
    ends = _sharp(places, number - 1) + _sharp(places, number)
    speed = mean
    for _ in range(10):
        rest = took - late - ends * speed / (2 * ACCELERATION)
        speed = level / max(rest, level / (MOST_FASTER * mean))
    taken = level / speed + ends * speed / (2 * ACCELERATION)
    return speed, late + taken - took


def _sharp(places: list[Place], number: int) -> bool:
    """Return whether it slows down at a waypoint."""
    if number + 1 >= len(places):
        return True
    one, two = ((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(places[number - 1 : number + 2]))
    lengths = math.hypot(*one) * math.hypot(*two)
    return lengths == 0.0 or (one[0] * two[0] + one[1] * two[1]) / lengths < SHARP


def _descent(route: Route, heights: list[float], seconds: list[float]) -> float:
    if not _on_ground(route, heights[-1]):
        return 0.0
    return (heights[-2] - heights[-1]) / (seconds[-1] - seconds[-2])
