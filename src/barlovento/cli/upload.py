"""``barlovento upload``: a cleared sortie onto an autopilot."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from barlovento.cli import fly
from barlovento.cli.clearing import Geoid, Json, Terrain, Workspace
from barlovento.cli.console import clean, console, emit, progress_bar


def upload(
    sortie: fly.Sortie,
    address: fly.Where,
    /,
    *,
    reserve: fly.Reserve,
    arm: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Arm at the plan's start if the weather is go and all is as it was sent, and "
            "watch the flight to its end.",
        ),
    ] = False,
    metar: fly.Metar = None,
    grib: fly.Grib = None,
    craft: fly.Craft = None,
    catalogue: fly.Catalogue = None,
    wind_limit: fly.WindLimit = None,
    min_visibility: fly.Visibility = None,
    min_cloud_base: fly.CloudBase = None,
    flight: fly.Flight = None,
    workspace: Workspace = None,
    terrain: Terrain = None,
    geoid: Geoid = None,
    position_error: fly.PositionError = 3.0,
    tlog: fly.Tlog = None,
    json: Json = False,
) -> int:
    """Send a cleared sortie to an autopilot and read all of it back; with --arm, fly it.

    Mission, fence, rally points and the parameters for its way home are sent. Only exactly the
    plan that the workspace's log holds a living clearance of is sent, and only navigation: servo,
    relay, gripper, winch, payload and camera-tracking commands can't be. When anything fails, no
    mission stays behind. It is armed only if what is read back is what was sent.

    ```
    barlovento upload plan/sortie-3 udp:14540 --reserve 20
    barlovento upload plan/sortie-3 udp:14540 --reserve 20 --arm --metar now.txt --craft f450
        --min-visibility 5000 --min-cloud-base 300
    ```
    """
    from barlovento import uploading
    from barlovento.adapters.mavlink.station import Station
    from barlovento.errors import Refused

    screen = console(json=json)
    plan = uploading.cleared_plan(sortie, flight=flight, workspace=workspace)
    weather = None
    if arm:
        weather = fly.judge_weather(
            plan.route,
            metar=metar,
            grib=grib,
            craft=craft,
            catalogue=catalogue,
            wind_limit=wind_limit,
            min_visibility=min_visibility,
            min_cloud_base=min_cloud_base,
        )
        fly.tell_weather(weather, json=json)
    with fly.line_to(address, json=json) as line, fly.logged_to(tlog) as heard:
        station = Station(line, heard=heard)
        with progress_bar() as progress:
            done = uploading.upload(
                plan, station, reserve=reserve, terrain=terrain, geoid=geoid, progress=progress
            )
        _tell(done, station, json=json)
        if not arm:
            return 0
        with progress_bar() as progress:
            entry = uploading.arm(done, station, weather=weather, progress=progress)
        screen.print(f"Armed and started. Log entry {entry}.", style="bold")
        ended = fly.watch(
            done,
            station,
            reserve=reserve,
            position_error=position_error,
            terrain=terrain,
            geoid=geoid,
            json=json,
        )
    return 0 if ended.order == "go on" else Refused.exit_code


def _tell(done: Any, station: Any, *, json: bool) -> None:
    """Print what the autopilot holds."""
    screen = console(json=json)
    sortie = done.loaded.sortie
    screen.print(
        f"Read back and the same: {len(sortie.mission)} items, {len(sortie.fence)} corners of the "
        f"fence, {len(sortie.rally)} rally points, {len(done.loaded.parameters)} parameters.",
        style="bold green",
        soft_wrap=True,
    )
    screen.print(
        clean(
            f"Plan {done.plan.route.id} on {done.loaded.family.name}; its clearance is entry "
            f"{done.plan.index}, this upload entry {done.index}. Not armed."
        ),
        soft_wrap=True,
    )
    if station.others:
        screen.print(
            f"Another ground station is on the line: {sorted(station.others)}. What it sends is "
            "noticed when the sortie is read back.",
            style="yellow",
            soft_wrap=True,
        )
    if json:
        emit(
            {
                "event": "uploaded",
                "plan": done.plan.route.id,
                "plan_digest": done.plan.route.digest,
                "sortie_digest": sortie.digest,
                "clearance_entry": done.plan.index,
                "entry": done.index,
                "autopilot": done.loaded.family.name,
                "items": len(sortie.mission),
                "fence_corners": len(sortie.fence),
                "rally_points": len(sortie.rally),
                "parameters": done.loaded.parameters,
                "other_stations": sorted(station.others),
            }
        )
