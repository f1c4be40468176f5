"""``barlovento audit track`` and ``barlovento borders``: what flew where, and whose air it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from barlovento.cli.clearing import Key, Pins
from barlovento.cli.console import clean, console, emit, fault_lines

Json = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        help="Print one JSON object on stdout; what people read goes to stderr.",
    ),
]

borders_app = App(
    name="borders",
    help="Whose airspace a place lies in, and finer lines than the shipped outline.",
    help_format="markdown",
)

STYLES = {
    "inside": "bold red",
    "cannot tell": "yellow",
    "inside with consent": "green",
    "outside": "blue",
}


def track(
    files: Annotated[
        list[Path],
        Parameter(
            name="FILE",
            help="ADS-B as CSV, readsb JSON (aircraft.json or trace) or raw frames with times; "
            "flight logs as CSV.",
        ),
    ],
    /,
    *,
    state: Annotated[str, Parameter(help="Whose airspace: ISO 3166 code of two letters.")],
    consents: Annotated[
        Path | None,
        Parameter(
            help="Workspace whose consents count, or folder of signed ones (DSSE envelopes, .json) "
            "that the pins of --workspace or --pins judge; without it none do."
        ),
    ] = None,
    workspace: Annotated[
        Path | None, Parameter(help="Whose pins judge that folder, and whose log is written.")
    ] = None,
    pins: Pins = None,
    key: Key = None,
    borders: Annotated[
        Path | None, Parameter(help="GeoJSON with finer coasts, baselines or limits.")
    ] = None,
    timezone: Annotated[
        str | None, Parameter(help="Zone of times that don't tell theirs, such as UTC.")
    ] = None,
    position_error: Annotated[
        float | None,
        Parameter(show_default=False),
    ] = None,
    top_speed: Annotated[
        float | None,
        Parameter(show_default=False),
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Folder for audit.json, audit.html and audit.pdf.")
    ] = None,
    lang: Annotated[
        Literal["es", "en", "both"], Parameter(help="Language of the page and the PDF.")
    ] = "both",
    record: Annotated[
        bool, Parameter(negative=(), help="Put the verdicts into the log of the workspace.")
    ] = False,
    json: Json = False,
) -> None:
    """Tell whether aircraft were inside a state's airspace without its consent.

    The answer is `inside`, `inside with consent`, `outside` or `cannot tell`: the error of the
    position, the error of the limit and what can have happened between two fixes are counted in.
    Airspace is land, internal waters and 12 nautical miles of territorial sea, or up to the median
    line where coasts are nearer than 24.

    ```
    barlovento audit track flight.csv --state FR --timezone UTC
    barlovento audit track trace_full.json --state GB --out audit --lang es
    barlovento audit track frames.txt --state CO --consents my-workspace --record
    ```

    Parameters
    ----------
    position_error
        Position error of tracks that don't tell theirs [m]; 185.2 unless given.
    top_speed
        Fastest between two fixes [m/s]; 1.3 times the fastest that the track shows unless given.
    """
    from barlovento import auditing

    done = auditing.audit_tracks(
        files,
        state.upper(),
        timezone=timezone,
        position_error=auditing.ASSUMED_ERROR if position_error is None else position_error,
        top_speed=top_speed,
        consents=consents,
        workspace=workspace,
        pins=pins,
        key=key,
        borders=borders,
        record=record,
        out=out,
        language=lang,
    )
    screen = console(json=json)
    for line in fault_lines(done.notes):
        screen.print(line, soft_wrap=True)
    for line in done.document.get("consents_set_aside", ()):
        screen.print(clean(line), style="yellow", soft_wrap=True)
    for one in done.document["tracks"]:
        _show(screen, one)
    if out is not None:
        screen.print(f"Page  {out / 'audit.html'}, {out / 'audit.pdf'}", soft_wrap=True)
    if json:
        names = auditing.OUTPUTS if out is not None else ()
        emit({**done.document, "files": {name: str((out or Path()) / name) for name in names}})


def _show(screen: Any, one: dict[str, Any]) -> None:
    """Print one track's verdict and its passes."""
    from rich.text import Text

    name = clean(one["aircraft"] + (f" ({one['callsign']})" if one["callsign"] else ""))
    near = one["nearest_limit"]
    side = "inside the limit at most" if near["inside"] else "outside the limit at its closest"
    screen.print(
        Text.assemble(
            (f"{one['verdict']:<20}", STYLES[one["verdict"]]),
            (name, "bold"),
            f"  {near['distance_m'] / 1000:.1f} km {side}, {near['time']} ",
            f"(error {near['error_m'] / 1000:.1f} km)",
        ),
        soft_wrap=True,
    )
    if one["verdict"] == "outside":
        return
    for a_pass in one["passes"][:12]:
        sure = ""
        if a_pass["inside_from"]:
            sure = f", certainly {a_pass['inside_from'][11:]} to {a_pass['inside_until'][11:]}"
        screen.print(
            f"  {a_pass['verdict']:<12} {a_pass['from']} to {a_pass['until'][11:]}"
            f"{sure}, margin {a_pass['depth_at_least_m'] / 1000:+.1f} km, "
            f"consent: {a_pass['consent']}",
            soft_wrap=True,
        )
    if len(one["passes"]) > 12:
        screen.print(f"  and {len(one['passes']) - 12} more passes, in the JSON answer")


@borders_app.command(name="import")
def import_(
    file: Annotated[Path, Parameter(name="FILE", help="GeoJSON with the limits of states.")],
    /,
    *,
    workspace: Annotated[
        Path | None, Parameter(help="Workspace; the current folder's unless given.")
    ] = None,
    json: Json = False,
) -> None:
    """Take in finer limits: baselines, treaty lines, or a better coast.

    FILE is a GeoJSON FeatureCollection. Each feature is the polygon of one state's land, internal
    waters and territorial sea together, with the properties `state`, `source` and `error_m`. For
    that state it takes the place of the shipped outline, in `clear` and in `audit track`.

    ```
    barlovento borders import limits.geojson --workspace watch
    ```
    """
    from barlovento import auditing

    done = auditing.import_borders(file, workspace)
    screen = console(json=json)
    for one in done["states"]:
        screen.print(
            f"{clean(one['state'])}: {clean(one['source'])}, error {one['error_m']:g} m",
            soft_wrap=True,
        )
    screen.print(f"Entry {done['index']} of the log.")
    if json:
        emit(done)


@borders_app.command
def at(
    lon: Annotated[float, Parameter(name="LON")],
    lat: Annotated[float, Parameter(name="LAT")],
    /,
    *,
    workspace: Annotated[
        Path | None, Parameter(help="Workspace whose imported limits count.")
    ] = None,
    json: Json = False,
) -> None:
    """Tell whose airspace a place lies in, and how far the nearest limit is.

    ```
    barlovento borders at 1.5 51.0
    barlovento borders at -- -76.5 9.2
    ```

    Parameters
    ----------
    lon
        Longitude, WGS 84 [degree].
    lat
        Latitude, WGS 84 [degree].
    """
    from barlovento import auditing
    from barlovento.errors import UsageError

    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):
        raise UsageError(f"{lon:g} {lat:g} is no longitude and latitude. Longitude comes first.")
    seen = auditing.borders_of(workspace).sovereign_at(lon, lat)
    screen = console(json=json)
    sure = "" if seen.certain else " (not certain)"
    screen.print(f"{seen.state or 'no state'}, {seen.kind}{sure}")
    screen.print(
        f"The nearest limit is at least {seen.distance / 1000:.2f} km away; "
        f"its error is {seen.error / 1000:.2f} km."
    )
    if not seen.certain and seen.candidates:
        screen.print(f"It may belong to: {', '.join(seen.candidates)}.")
    if json:
        emit(
            {
                "state": seen.state,
                "kind": seen.kind,
                "certain": seen.certain,
                "distance_m": seen.distance,
                "error_m": seen.error,
                "candidates": list(seen.candidates),
                "perhaps_free": seen.perhaps_free,
            }
        )
