"""``barlovento fly``: watch a flight under way, and ask whether the weather lets it begin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from barlovento.cli.clearing import Geoid, Json, Terrain, Workspace
from barlovento.cli.console import clean, console, emit
from barlovento.errors import BadInput, Refused

if TYPE_CHECKING:
    from barlovento.guard.weather import GoNoGo
    from barlovento.monitoring import Ended, Status
    from barlovento.uploading import Uploaded

fly_app = App(
    name="fly",
    help="Watch a sortie that flies, and ask whether the weather lets it begin.",
    help_format="markdown",
)

Sortie = Annotated[
    Path, Parameter(name="SORTIE", help="The plan that was cleared; .geojson may be left out.")
]
Where = Annotated[
    str,
    Parameter(
        name="ADDRESS",
        help="udp:PORT of an autopilot on this machine, udp:HOST:PORT with a number for HOST, or "
        "udpin:PORT where the autopilot speaks first.",
    ),
]
Flight = Annotated[
    Path | None, Parameter(help="For a .plan: JSON with aircraft, purpose, start and so on.")
]
Reserve = Annotated[
    float, Parameter(help="Share of the battery that has to be left at home, in percent.")
]
PositionError = Annotated[
    float, Parameter(help="Of the aircraft's place where it tells none, in metres.")
]
Tlog = Annotated[Path | None, Parameter(help="Telemetry log to write, as ground stations do.")]
Metar = Annotated[
    list[Path] | None, Parameter(negative=(), help="File of METARs, one a line; may be repeated.")
]
Grib = Annotated[
    list[Path] | None, Parameter(negative=(), help="GRIB file with winds; may be repeated.")
]
Craft = Annotated[
    str | None, Parameter(help="Name in `barlovento aircraft list`, for its wind limit.")
]
Catalogue = Annotated[
    Path | None, Parameter(help="A catalogue of your own, beside the shipped one.")
]
WindLimit = Annotated[
    float | None, Parameter(help="Greatest wind and gust in m/s; the stricter one counts.")
]
Visibility = Annotated[float | None, Parameter(help="Least visibility in metres.")]
CloudBase = Annotated[
    float | None, Parameter(help="Least height of clouds that cover more than half, in metres.")
]


@fly_app.command
def monitor(
    sortie: Sortie,
    address: Where,
    /,
    *,
    reserve: Reserve,
    flight: Flight = None,
    workspace: Workspace = None,
    terrain: Terrain = None,
    geoid: Geoid = None,
    position_error: PositionError = 3.0,
    tlog: Tlog = None,
    json: Json = False,
) -> int:
    """Watch a sortie that was uploaded, and tell it to hold or to return when it has to.

    It returns on a breach of the cleared volume or its time, a lost link, a low battery, a
    withdrawn consent, and when the autopilot holds another mission than it was sent; it holds for
    other aircraft and where its place can't be believed. With --json there is a line a second.

    ```
    barlovento fly monitor plan/sortie-3 udp:14540 --reserve 20
    barlovento fly monitor plan/sortie-3 udp:14540 --reserve 20 --json --tlog flown.tlog
    ```
    """
    from barlovento import uploading
    from barlovento.adapters.mavlink.station import Station

    plan = uploading.cleared_plan(sortie, flight=flight, workspace=workspace, flying=True)
    with line_to(address, json=json) as line, logged_to(tlog) as heard:
        station = Station(line, heard=heard)
        done = uploading.resume(plan, station, reserve=reserve, terrain=terrain, geoid=geoid)
        ended = watch(
            done,
            station,
            reserve=reserve,
            position_error=position_error,
            terrain=terrain,
            geoid=geoid,
            json=json,
        )
    return 0 if ended.order == "go on" else Refused.exit_code


@fly_app.command
def weather(
    sortie: Sortie,
    /,
    *,
    min_visibility: Visibility = None,
    min_cloud_base: CloudBase = None,
    metar: Metar = None,
    grib: Grib = None,
    craft: Craft = None,
    catalogue: Catalogue = None,
    wind_limit: WindLimit = None,
    flight: Flight = None,
    json: Json = False,
) -> int:
    """Say go or no go for a sortie at its time, with every reason (exit code 3 is no go).

    A METAR speaks for an hour, a forecast between its steps; what is missing, old, far away or
    unreadable is no go.

    ```
    barlovento fly weather plan/sortie-3 --metar now.txt --grib wind.grib2 --craft m350
        --min-visibility 5000 --min-cloud-base 300
    ```
    """
    from barlovento.fly.plans import read_plan
    from barlovento.uploading import sortie_file

    route = read_plan(sortie_file(sortie), flight=flight).route
    found = judge_weather(
        route,
        metar=metar,
        grib=grib,
        craft=craft,
        catalogue=catalogue,
        wind_limit=wind_limit,
        min_visibility=min_visibility,
        min_cloud_base=min_cloud_base,
    )
    screen = console(json=json)
    tell_weather(found, json=json)
    if json:
        words = "" if found.go else "No go: " + " ".join(found.reasons)
        emit(weather_document(found) | ({} if found.go else {"error": words, "exit_code": 3}))
    else:
        screen.print(clean("Rests on: " + (", ".join(found.used) or "nothing") + "."))
    return 0 if found.go else Refused.exit_code


# ---------------------------------------------------------------- shared with `upload`


def judge_weather(
    route: Any,
    *,
    metar: list[Path] | None,
    grib: list[Path] | None,
    craft: str | None,
    catalogue: Path | None,
    wind_limit: WindLimit,
    min_visibility: Visibility,
    min_cloud_base: CloudBase,
) -> GoNoGo:
    """Return go or no go for a route."""
    from barlovento import flight_weather

    if min_visibility is None or min_cloud_base is None:
        raise BadInput(
            "Nobody says how far one has to see. Give --min-visibility and --min-cloud-base in "
            "metres; 0 asks for nothing."
        )
    limits = flight_weather.limits_of(
        craft=craft,
        catalogue=catalogue,
        wind_limit=wind_limit,
        visibility=min_visibility,
        cloud_base=min_cloud_base,
    )
    return flight_weather.weather_for(route, limits, metar=metar or (), grib=grib or ())


def tell_weather(found: GoNoGo, *, json: bool) -> None:
    """Print go or no go."""
    screen = console(json=json)
    wind = "" if found.strongest is None else f" Strongest wind or gust {found.strongest:.1f} m/s."
    if found.go:
        screen.print(f"Weather: go.{wind}", style="bold green")
        return
    screen.print(f"Weather: no go.{wind}", style="bold red")
    for reason in found.reasons:
        screen.print(clean(f"  {reason}"), soft_wrap=True)


def weather_document(found: GoNoGo) -> dict[str, Any]:
    """Return it as JSON types."""
    return {
        "go": found.go,
        "reasons": list(found.reasons),
        "used": list(found.used),
        "strongest_m_s": None if found.strongest is None else round(found.strongest, 2),
    }


def watch(
    done: Uploaded,
    station: Any,
    *,
    reserve: Reserve,
    position_error: PositionError,
    terrain: Terrain,
    geoid: Geoid,
    json: bool,
) -> Ended:
    """Watch until it has landed, or Ctrl-C."""
    from barlovento.cli.fly_view import shown, status_document
    from barlovento.monitoring import Monitor

    screen = console(json=json)
    watched = Monitor(
        done,
        station,
        reserve=reserve,
        position_error=position_error,
        terrain=terrain,
        geoid=geoid,
    )
    with shown(screen, live=not json and sys.stdout.isatty()) as show:

        def tell(status: Status) -> None:
            show(status)
            if json:
                emit(status_document(status))

        try:
            ended = watched.run(tell=tell)
        except KeyboardInterrupt:
            screen.print(
                "Nobody watches it now: it flies on by what it holds, and returns when it hears no "
                "ground station.",
                style="bold yellow",
                soft_wrap=True,
            )
            raise
    outside = f" Outside at {ended.outside} looks." if ended.outside else ""
    kinds = f" Found: {', '.join(ended.kinds)}." if ended.kinds else ""
    screen.print(
        f"It has landed after {ended.seconds:.0f} s; the last order was to {ended.order}."
        f"{outside}{kinds} Log entry {ended.index or 'missing: the log could not be written'}.",
        soft_wrap=True,
    )
    if json:
        emit(
            {
                "event": "ended",
                "why": ended.why,
                "order": ended.order,
                "findings": list(ended.kinds),
                "seconds": round(ended.seconds, 1),
                "looks_outside": ended.outside,
                "entry": ended.index,
            }
        )
    return ended


@contextmanager
def line_to(address: str, *, json: bool) -> Iterator[Any]:
    """Yield an open line; say so where it leaves this machine."""
    from barlovento.adapters.mavlink.address import parse_address
    from barlovento.adapters.mavlink.line import UdpLine

    found = parse_address(address)
    if not found.here:
        console(json=json).print(
            f"{found} is not this machine: what is sent moves a real aircraft.", style="bold yellow"
        )
    with UdpLine(found) as line:
        yield line


@contextmanager
def logged_to(tlog: Path | None) -> Iterator[Callable[[bytes], None] | None]:
    """Yield what takes datagrams into a telemetry log, if one is wanted."""
    from barlovento.monitoring import log_writer

    if tlog is None:
        yield None
        return
    heard, file = log_writer(tlog)
    with file:
        yield heard
