"""Flies a mission on the simulated autopilot and on the kinematic model, side by side."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from barlovento.domain.flight import FloatArray, Flown
from barlovento.errors import BadInput

SIMULATED = "f450"
"""Name in the catalogue of what the simulated autopilot flies."""

TLOG, TRACK, KINEMATIC, SUMMARY = "flight.tlog", "track.csv", "kinematic.csv", "summary.json"
OUTPUTS = (TLOG, TRACK, KINEMATIC, SUMMARY)

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A mission flown on both models.

    Parameters
    ----------
    simulated, kinematic : Flown
        The two flights.
    summary : dict
        What was flown, with times, misses and energies, as JSON types.
    folder : Path
        Where the files lie.
    """

    simulated: Flown
    kinematic: Flown
    summary: dict[str, Any]
    folder: Path


def wind_vector(speed: float, from_direction: float) -> tuple[float, float]:
    """Return where the air goes, east and north.

    Parameters
    ----------
    speed : float
        [m s-1].
    from_direction : float
        Where it comes from, clockwise from true north [degree].

    Returns
    -------
    tuple of float
        [m s-1].

    Raises
    ------
    BadInput
        The speed is negative, or one of the two is not finite.
    """
    if not (math.isfinite(speed) and math.isfinite(from_direction)) or speed < 0:
        raise BadInput(
            f"A wind of {speed} m s-1 from {from_direction} degrees is none. "
            "Give a speed of 0 or more and a direction in degrees."
        )
    angle = math.radians(from_direction)
    return -speed * math.sin(angle), -speed * math.cos(angle)


def fly_mission_file(
    mission: Path,
    out: Path,
    *,
    wind: tuple[float, float],
    seed: int,
    origin: tuple[float, float] | None,
    altitude: float,
    start: datetime | None,
    command: str = "",
    progress: Progress | None = None,
) -> Compared:
    """Fly a file of waypoints on both models and write what came of it.

    Parameters
    ----------
    mission : Path
        CSV with x, y, z.
    out : Path
        Folder for the results; the files appear together or not at all.
    wind : tuple of float
        Where the air goes, east and north [m s-1].
    seed : int
        Same seed, same flight.
    origin : tuple of float, optional
        Longitude and latitude of x = y = 0 [degree].
    altitude : float
        Of the ground above mean sea level [m].
    start : datetime, optional
        When it takes off, aware; now where nothing is said.
    command : str
        What the person ran.
    progress : callable, optional
        Called with the share done and the name of the stage.

    Returns
    -------
    Compared
        Both flights.

    Raises
    ------
    BadInput
        The file has faults, the mission can't be flown, or ``out`` can't be written.
    """
    _need_flight()
    from barlovento.adapters.autopilot.flying import DEFAULT_ORIGIN, fly_mission
    from barlovento.adapters.output_folder import OutputFolder
    from barlovento.fly.aircraft import find_aircraft, fly, ready
    from barlovento.fly.waypoints import read_waypoints

    origin = origin or DEFAULT_ORIGIN
    when = start or datetime.now(UTC).replace(microsecond=0)
    report = progress or (lambda _share, _stage: None)
    with OutputFolder(out, OUTPUTS) as folder:
        places = read_waypoints(mission)
        aircraft = find_aircraft(SIMULATED)
        ground = ready(aircraft, float(places[0, 0]), float(places[0, 1]))
        kinematic = fly(aircraft, ground, places, wind)
        log = io.BytesIO()
        simulated = fly_mission(
            places,
            wind,
            state=ground,
            seed=seed,
            origin=origin,
            altitude=altitude,
            tlog=log,
            start=when,
            progress=lambda done, of: report(done / of, "flying"),
        )
        summary = {
            "schema": 1,
            "command": command,
            "start": when.isoformat().replace("+00:00", "Z"),
            "seed": seed,
            "origin": {"longitude": origin[0], "latitude": origin[1], "altitude_m": altitude},
            "wind_m_s": {"east": wind[0], "north": wind[1]},
            "waypoints": places.tolist(),
            "simulated": _told(simulated, ground.energy),
            "kinematic": _told(kinematic, ground.energy),
        }
        files = {
            TLOG: log.getvalue(),
            TRACK: _track(simulated, when, origin),
            KINEMATIC: _track(kinematic, when, origin),
            SUMMARY: (json.dumps(summary, indent=1, allow_nan=False) + "\n").encode(),
        }
        folder.publish(files, last=SUMMARY)
    report(1.0, "done")
    return Compared(simulated=simulated, kinematic=kinematic, summary=summary, folder=out)


def _need_flight() -> None:
    """Refuse where the packages of the simulated autopilot are not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("jsbsim", "pymavlink") if find_spec(name) is None]
    if missing:
        raise BadInput(
            f"The simulated autopilot needs {' and '.join(missing)}. "
            "Install the extra: pip install 'barlovento[flight]'."
        )


def _told(flown: Flown, full: float) -> dict[str, Any]:
    return {
        "arrived": flown.arrived,
        "reason": flown.reason,
        "passed_s": [round(value, 2) for value in flown.passed.tolist()],
        "misses_m": [round(value, 2) for value in flown.misses.tolist()],
        "seconds": len(flown.places),
        "energy_used_j": round(full - flown.state.energy),
        "length_m": round(_length(flown.places), 1),
    }


def _length(places: FloatArray) -> float:
    import numpy as np

    return float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())


def _track(flown: Flown, start: datetime, origin: tuple[float, float]) -> bytes:
    """Return a flight as CSV; times are the ends of the seconds."""
    from barlovento.domain.geodesy import to_geographic

    lon, lat = to_geographic(flown.places[:, 0], flown.places[:, 1], origin=origin)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["time", "x", "y", "z", "longitude", "latitude", "heading", "energy_left_j"])
    begun = flown.state.time - len(flown.places)
    for row, (x, y, z) in enumerate(flown.places.tolist()):
        moment = start + timedelta(seconds=begun + row + 1)
        writer.writerow(
            [
                moment.isoformat().replace("+00:00", "Z"),
                *(f"{value:.3f}" for value in (x, y, z)),
                *(f"{value:.8f}" for value in (lon[row], lat[row])),
                f"{flown.headings[row]:.2f}",
                f"{flown.energies[row]:.0f}",
            ]
        )
    return text.getvalue().encode()


def serve_autopilot(
    *,
    wind: tuple[float, float],
    seed: int,
    origin: tuple[float, float] | None,
    altitude: float,
    port: int,
    ground_port: int,
    speed: float,
    tlog: Path | None,
    stop: Callable[[], bool],
) -> float:
    """Let ground stations on this machine fly the simulated autopilot until they are told to stop.

    Parameters
    ----------
    wind : tuple of float
        Where the air goes, east and north [m s-1].
    seed : int
        Of the errors of its place.
    origin : tuple of float, optional
        Longitude and latitude of home [degree].
    altitude : float
        Of home above mean sea level [m].
    port, ground_port : int
        UDP ports of the autopilot and of the ground station.
    speed : float
        Simulated seconds in a second [1].
    tlog : Path, optional
        Telemetry log; it appears under its name when the flight is over.
    stop : callable
        Asked often; true ends it.

    Returns
    -------
    float
        How long it ran, simulated [s].

    Raises
    ------
    BadInput
        A port is taken, or the log can't be written.
    """
    import time

    _need_flight()
    from barlovento.adapters.autopilot.flying import DEFAULT_ORIGIN
    from barlovento.adapters.autopilot.pilot import Pilot
    from barlovento.adapters.autopilot.service import serve
    from barlovento.adapters.autopilot.settings import Settings
    from barlovento.fly.aircraft import find_aircraft, ready

    lon, lat = origin or DEFAULT_ORIGIN
    pilot = Pilot(
        lon=lon,
        lat=lat,
        altitude=altitude,
        state=ready(find_aircraft(SIMULATED), 0.0, 0.0),
        wind=wind,
        seed=seed,
        settings=Settings(),
        position_error=0.3,
    )
    part = tlog.with_name(f".{tlog.name}.part") if tlog is not None else None
    try:
        file = part.open("wb") if part is not None else None
    except OSError as error:
        raise BadInput(f"Can't write {tlog}: {error.strerror}. Choose another place.") from error
    try:
        serve(
            pilot,
            datetime.now(UTC),
            port=port,
            ground_port=ground_port,
            speed=speed,
            clock=time.monotonic,
            sleep=time.sleep,
            stop=stop,
            tlog=file,
        )
    finally:
        if file is not None and part is not None and tlog is not None:
            file.close()
            if part.stat().st_size:
                part.replace(tlog)
            else:
                part.unlink(missing_ok=True)
    return pilot.time
