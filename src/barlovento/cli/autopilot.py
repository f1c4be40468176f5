"""``barlovento autopilot`` and ``barlovento aircraft``: simulated flights, and what can fly."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from barlovento.cli.console import clean, console, emit, progress_bar
from barlovento.errors import BadInput

autopilot_app = App(
    name="autopilot",
    help="Fly missions on a simulated autopilot: a quadcopter in JSBSim that speaks MAVLink.",
    help_format="markdown",
)
aircraft_app = App(
    name="aircraft",
    help="The catalogue of aircraft: speed, battery, where each figure is from.",
    help_format="markdown",
)

Json = Annotated[
    bool, Parameter(name="--json", negative=(), help="Print one JSON object on stdout.")
]
WindSpeed = Annotated[float, Parameter(help="Wind speed [m s-1].")]
WindFrom = Annotated[
    float, Parameter(help="Where the wind comes from, clockwise from north [degree].")
]
Origin = Annotated[
    tuple[float, float] | None,
    Parameter(help="Longitude and latitude of x = y = 0; else -3 and 41 [degree]."),
]
Altitude = Annotated[float, Parameter(help="Of the ground above mean sea level [m].")]
Speed = Annotated[float, Parameter(help="Simulated seconds in a second [1].")]
Seed = Annotated[int, Parameter(help="Same seed, same flight.")]


@autopilot_app.command
def fly(
    mission: Annotated[
        Path,
        Parameter(name="MISSION", help="CSV with x, y, z [m]: east, north, above ground."),
    ],
    /,
    *,
    out: Annotated[Path, Parameter(help="Folder for the telemetry log and the tracks.")],
    wind_speed: WindSpeed,
    wind_from_direction: WindFrom,
    origin: Origin = None,
    altitude: Altitude = 0.0,
    start: Annotated[
        str | None, Parameter(help="Take-off, such as 2026-05-04T10:00:00Z; else now.")
    ] = None,
    seed: Seed = 1,
    json: Json = False,
) -> int:
    """Fly a mission on the simulated autopilot and on the kinematic model, and compare.

    The first waypoint is where it takes off to; a last one on the ground (z = 0) is its landing. It
    flies as fast as the machine goes. `flight.tlog` is what a ground station would have logged.

    ```
    barlovento autopilot fly mission.csv --out flight --wind-speed 6 --wind-from-direction 240
    ```
    """
    from barlovento import missions

    with progress_bar() as progress:
        done = missions.fly_mission_file(
            mission,
            out,
            wind=missions.wind_vector(wind_speed, wind_from_direction),
            seed=seed,
            origin=origin,
            altitude=altitude,
            start=_moment(start),
            command=shlex.join(["barlovento", *sys.argv[1:]]),
            progress=progress,
        )
    screen = console(json=json)
    screen.print("waypoint   simulated     miss   kinematic")
    quick, real = done.kinematic, done.simulated
    for number in range(max(len(quick.passed), len(real.passed))):
        told = (
            f"{real.passed[number]:7.1f} s  {real.misses[number]:5.2f} m"
            if number < len(real.passed)
            else "        -        -"
        )
        reckoned = f"{quick.passed[number]:7.1f} s" if number < len(quick.passed) else "-"
        screen.print(f"{number + 1:8d}   {told}   {reckoned}")
    for name, flown in (("simulated", real), ("kinematic", quick)):
        used = done.summary[name]["energy_used_j"] / 1000
        screen.print(f"{name}: {flown.reason} after {len(flown.places)} s, {used:.0f} kJ used.")
    screen.print(f"Written to {out}: {', '.join(missions.OUTPUTS)}.")
    if json:
        emit({**done.summary, "folder": str(out)})
    return 0 if real.arrived else BadInput.exit_code


@autopilot_app.command
def serve(
    *,
    wind_speed: WindSpeed,
    wind_from_direction: WindFrom,
    origin: Origin = None,
    altitude: Altitude = 0.0,
    port: Annotated[int, Parameter(help="UDP port of the autopilot.")] = 14_540,
    ground_port: Annotated[
        int, Parameter(help="UDP port at which the ground station listens.")
    ] = 14_550,
    speed: Speed = 1.0,
    tlog: Annotated[Path | None, Parameter(help="Telemetry log to write.")] = None,
    seed: Seed = 1,
) -> None:
    """Let a ground station on this machine fly the simulated autopilot, until Ctrl-C.

    It can be reached from this machine only. It takes missions of takeoff, waypoint, loiter time,
    return and land; it arms, starts, holds, returns and lands when told, and refuses all else.

    ```
    barlovento autopilot serve --wind-speed 3 --wind-from-direction 270 --speed 5
    ```
    """
    from barlovento import missions

    wind = missions.wind_vector(wind_speed, wind_from_direction)
    screen = console(json=True)
    screen.print(
        f"Simulated autopilot on 127.0.0.1, UDP {port}; it tells port {ground_port}. Ctrl-C ends."
    )
    try:
        missions.serve_autopilot(
            wind=wind,
            seed=seed,
            origin=origin,
            altitude=altitude,
            port=port,
            ground_port=ground_port,
            speed=speed,
            tlog=tlog,
            stop=lambda: False,
        )
    except KeyboardInterrupt:
        screen.print(f"Ended. {f'Logged to {tlog}.' if tlog else ''}")


@aircraft_app.command(name="list")
def list_aircraft(
    *,
    catalogue: Annotated[
        Path | None, Parameter(help="A catalogue of your own, beside the shipped one.")
    ] = None,
    sources: Annotated[
        bool, Parameter(negative=(), help="Say of each figure where it is from.")
    ] = False,
    json: Json = False,
) -> None:
    """List the aircraft that exercises can fly.

    Endurance is level at cruise, at sea level, with the share of the battery that may be used.

    ```
    barlovento aircraft list
    barlovento aircraft list --catalogue my-aircraft.toml --sources
    ```
    """
    from barlovento.fly import aircraft as known

    found = known.catalogue(catalogue)
    screen = console(json=json)
    documents = []
    for craft in found.values():
        screen.print(clean(f"{craft.name}: {craft.title}"), style="bold", soft_wrap=True)
        turn = f", turns in {craft.turn_radius:g} m" if craft.turn_radius else ""
        screen.print(
            f"  {craft.kind}, {craft.mass:.1f} kg, {craft.cruise:g} m s-1 for "
            f"{craft.endurance / 60:.0f} min{turn}, wind up to {craft.wind_limit:g} m s-1"
        )
        if sources:
            for figure, source in craft.sources.items():
                screen.print(clean(f"    {figure}: {source}"), soft_wrap=True)
        documents.append(
            {
                "name": craft.name,
                "title": craft.title,
                "kind": craft.kind,
                "mass_kg": craft.mass,
                "cruise_m_s": craft.cruise,
                "endurance_s": craft.endurance,
                "turn_radius_m": craft.turn_radius,
                "wind_limit_m_s": craft.wind_limit,
                "sources": dict(craft.sources),
            }
        )
    if json:
        emit({"aircraft": documents})


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadInput(
            f"{text!r} is no time with a zone. Write UTC with a Z, as in 2026-05-04T10:00:00Z."
        )
    return moment
