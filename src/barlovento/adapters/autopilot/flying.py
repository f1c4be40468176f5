"""A whole mission on the simulated autopilot, as fast as it goes, in the record of every flight."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.pilot import TICK, Pilot
from barlovento.adapters.autopilot.settings import Settings
from barlovento.domain.flight import FloatArray, Flown, State, Wind, checked_waypoints
from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.errors import BadInput

_LANDED = 0.5
"""A last waypoint below this height is a landing [m]."""

_ABOVE = 2.0
"""A first waypoint so near to the start is a takeoff [m]."""

_NO_WAY_FOR = 60.0
"""So long without a metre of way ends a flight [s]."""

DEFAULT_ORIGIN = (-3.0, 41.0)
"""Longitude and latitude of x = y = 0 where nothing else is said [degree]."""


def fly_mission(
    waypoints: ArrayLike,
    wind: Wind,
    *,
    state: State,
    seed: int,
    origin: tuple[float, float] = DEFAULT_ORIGIN,
    altitude: float = 0.0,
    seconds: float = math.inf,
    settings: Settings | None = None,
    position_error: float = 0.3,
    tlog: BinaryIO | None = None,
    start: datetime | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> Flown:
    """Fly waypoints on the simulated autopilot; the record is that of the kinematic models.

    Parameters
    ----------
    waypoints : array_like
        x, y, z above ground; a first one above the start is the takeoff (one is put before it
        otherwise), a last one on the ground the landing, shape (n, 3) [m].
    wind : tuple or callable
        Where the air goes, east and north: constant, or from time [s] and height [m]; asked for
        fifty times a second [m s-1].
    state : State
        Where it stands, on the ground, and with how much energy.
    seed : int
        Of the errors of its place.

    Other Parameters
    ----------------
    origin : tuple of float
        Longitude and latitude of x = y = 0 [degree].
    altitude : float
        Of the ground above mean sea level [m].
    seconds : float
        The flight ends at the latest after so many [s].
    settings : Settings, optional
        Speeds and other parameters.
    position_error : float
        Standard deviation of each coordinate of the place that it measures [m].
    tlog : binary file, optional
        Gets the MAVLink messages of the flight as a ground station would log them.
    start : datetime, optional
        The time 0 of the exercise, aware; needed with ``tlog``.
    progress : callable, optional
        Called each simulated second with how many waypoints are met, and how many there are.

    Returns
    -------
    Flown
        Places are the true ones, headings those of the nose.

    Raises
    ------
    BadInput
        No waypoints, one on the ground before the last, a start in the air, or a log without a
        time.
    """
    places = checked_waypoints(waypoints)
    if not len(places):
        raise BadInput("A mission needs at least one waypoint.")
    if state.z > _LANDED:
        raise BadInput(f"The simulated autopilot starts on the ground, not at {state.z:g} m.")
    if tlog is not None and (start is None or start.tzinfo is None):
        raise BadInput("A telemetry log needs the start's time, with its zone.")
    mission, numbers = as_mission(places, state, origin)
    lon, lat = to_geographic(state.x, state.y, origin=origin)
    pilot = Pilot(
        lon=float(lon),
        lat=float(lat),
        altitude=altitude,
        state=state,
        wind=wind,
        seed=seed,
        settings=settings or Settings(),
        position_error=position_error,
    )
    log = _telemetry(pilot, tlog, start)
    pilot.load(mission)
    pilot.arm()
    pilot.start_mission()
    rows, reason = _run(pilot, mission, seconds, log, progress)
    return _record(pilot, state, rows, numbers, reason, origin)


def as_mission(
    places: FloatArray, state: State, origin: tuple[float, float]
) -> tuple[tuple[MissionItem, ...], list[int]]:
    """Return a mission for waypoints, and the item that belongs to each of them.

    Parameters
    ----------
    places : ndarray
        Shape (n, 3) [m].
    state : State
        Where it stands.
    origin : tuple of float
        Longitude and latitude of x = y = 0 [degree].

    Raises
    ------
    BadInput
        A waypoint before the last is on the ground.
    """
    low = np.flatnonzero(places[:-1, 2] <= _LANDED)
    if low.size:
        raise BadInput(
            f"Waypoint {low[0] + 1} is on the ground; only the last may be. Give it a height."
        )
    lon, lat = to_geographic(places[:, 0], places[:, 1], origin=origin)
    items: list[MissionItem] = []
    numbers: list[int] = []
    first = places[0]
    if math.hypot(first[0] - state.x, first[1] - state.y) > _ABOVE or first[2] <= _LANDED:
        items.append(MissionItem(command=commands.TAKEOFF, height=max(float(first[2]), 5.0)))
    for row, (x, y) in enumerate(zip(lon.tolist(), lat.tolist(), strict=True)):
        height = float(places[row, 2])
        last = row == len(places) - 1
        if not items:
            command = commands.TAKEOFF
        else:
            command = commands.LAND if last and height <= _LANDED else commands.WAYPOINT
        numbers.append(len(items))
        items.append(MissionItem(command=command, lon=x, lat=y, height=height))
    return tuple(items), numbers


def _telemetry(
    pilot: Pilot, tlog: BinaryIO | None, start: datetime | None
) -> Callable[[], None] | None:
    if tlog is None or start is None:
        return None
    from barlovento.adapters.autopilot.endpoint import Endpoint
    from barlovento.adapters.autopilot.tlog import TelemetryLog

    log = TelemetryLog(tlog, start)
    endpoint = Endpoint(pilot, start)

    def write() -> None:
        for packet in endpoint.telemetry():
            log.packet(pilot.time, packet)

    return write


def _run(
    pilot: Pilot,
    mission: tuple[MissionItem, ...],
    seconds: float,
    log: Callable[[], None] | None,
    progress: Callable[[float, float], None] | None,
) -> tuple[list[tuple[float, ...]], str]:
    """Let it fly; return longitude, latitude, height, energy and heading of each second."""
    rows: list[tuple[float, ...]] = []
    each = round(1.0 / TICK)
    stuck, before = 0.0, (math.inf, math.inf, math.inf)
    while True:
        if len(rows) >= seconds:
            return rows, "time"
        for _ in range(each):
            pilot.tick()
            if log is not None:
                log()
        motion = pilot.motion
        heading = math.degrees(motion.heading) % 360.0
        rows.append((*pilot.aircraft.geographic(), motion.z, pilot.energy, heading))
        if progress is not None:
            progress(float(len(pilot.reached)), float(len(mission)))
        # Items are reached in order, and the last one is the end.
        if pilot.reached and pilot.reached[-1][0] == len(mission) - 1:
            return rows, "arrived"
        if pilot.energy == 0.0:
            return rows, "battery"
        here = (motion.x, motion.y, motion.z)
        stuck = stuck + 1.0 if math.dist(here, before) < 1.0 else 0.0
        before = here if stuck == 0.0 else before
        if not pilot.armed:
            # It came home by itself, which only a low battery lets it do.
            return rows, "battery"
        if stuck >= _NO_WAY_FOR:
            return rows, "wind"


def _record(
    pilot: Pilot,
    state: State,
    rows: list[tuple[float, ...]],
    numbers: list[int],
    reason: str,
    origin: tuple[float, float],
) -> Flown:
    table = np.array(rows, dtype=np.float64)
    x, y = to_local(table[:, 0], table[:, 1], origin=origin)
    places = np.column_stack([x, y, np.maximum(table[:, 2], 0.0)])
    wanted = set(numbers)
    reached = [entry for entry in pilot.reached if entry[0] in wanted]
    end = State(
        x=float(x[-1]),
        y=float(y[-1]),
        z=float(places[-1, 2]),
        energy=float(table[-1, 3]),
        time=state.time + len(rows),
        heading=float(table[-1, 4]),
    )
    return Flown(
        places=places,
        energies=table[:, 3].copy(),
        headings=table[:, 4].copy(),
        passed=np.array([time for _, time, _ in reached]),
        misses=np.array([miss for _, _, miss in reached]),
        arrived=reason == "arrived",
        reason=reason,
        state=end,
    )
