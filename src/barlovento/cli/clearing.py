"""Commands for zones and plans: ``zones import``, ``zones list`` and ``clear``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from barlovento.cli.console import clean, console, emit
from barlovento.errors import PlanRefused

Json = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        help="Print one JSON object on stdout; what people read goes to stderr.",
    ),
]
Workspace = Annotated[
    Path | None,
    Parameter(help="Made by `barlovento init`; else $BARLOVENTO_WORKSPACE or this folder."),
]
Country = Annotated[
    str, Parameter(help="ISO 3166 code for zones that name no country, as in OpenAir.")
]

Terrain = Annotated[
    tuple[float, float] | None,
    Parameter(help="Lowest and highest ground above sea level where the plan leads, in metres."),
]
Geoid = Annotated[
    tuple[float, float] | None,
    Parameter(help="Lowest and highest sea level above the ellipsoid there, in metres."),
]

Consents = Annotated[
    Path | None,
    Parameter(
        help="Folder of signed consents (DSSE envelopes, .json), judged by the pins of the "
        "workspace; or another workspace."
    ),
]
Pins = Annotated[
    Path | None,
    Parameter(help="An exported log whose pins judge that folder, where there is no workspace."),
]
Key = Annotated[
    str | None, Parameter(help="Public key of that log, as you know it from elsewhere.")
]

zones_app = App(
    name="zones",
    help="Geographical zones: where flights are prohibited or somebody must agree.",
    help_format="markdown",
)


@zones_app.command(name="import")
def import_zones(
    file: Annotated[Path, Parameter(name="FILE", help="ED-269, ED-318 (JSON) or OpenAir (text).")],
    /,
    *,
    workspace: Workspace = None,
    country: Country = "",
    json: Json = False,
) -> None:
    """Take a file of zones into the workspace, whole or not at all.

    Every broken feature is named. A file of the same name takes the place of the older one.

    ```
    barlovento zones import ed269.json
    barlovento zones import france.openair --country FR
    ```
    """
    from barlovento import clearing

    done = clearing.import_zones(workspace, file, country=country)
    screen = console(json=json)
    kinds: dict[str, int] = {}
    for zone in done.zones:
        kinds[str(zone.kind)] = kinds.get(str(zone.kind), 0) + 1
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    screen.print(f"{done.name}: {len(done.zones)} zones ({told}). Log entry {done.index}.")
    nobody = sum(not zone.country for zone in done.zones)
    if nobody:
        screen.print(
            f"{nobody} of them name no country, so nobody can authorise a flight there: "
            "import again with --country."
        )
    if json:
        emit({"file": done.name, "zones": len(done.zones), "kinds": kinds, "entry": done.index})


@zones_app.command(name="list")
def list_zones(*, workspace: Workspace = None, json: Json = False) -> None:
    """List the zones of the workspace.

    ```
    barlovento zones list
    ```
    """
    from barlovento import permitting
    from barlovento.guard.zones import whom_to_ask

    screen = console(json=json)
    rows = []
    for name, zones in sorted(permitting.zones_of(workspace).items()):
        screen.print(clean(f"{name}: {len(zones)} zones"), style="bold")
        for zone in zones:
            screen.print(
                clean(f"  {zone.kind:<23} {zone.id}  {zone.name}  ask: {whom_to_ask(zone) or '-'}"),
                soft_wrap=True,
            )
            rows.append(
                {
                    "file": name,
                    "id": zone.id,
                    "name": zone.name,
                    "kind": str(zone.kind),
                    "ask": whom_to_ask(zone),
                    "volumes": len(zone.volumes),
                    "not_understood": sorted(zone.extra),
                }
            )
    if not rows:
        screen.print("No zones yet. Import some: barlovento zones import FILE")
    if json:
        emit({"zones": rows})


def clear(
    plan: Annotated[
        Path, Parameter(name="PLAN", help="GeoJSON with times and speed, or a .plan file.")
    ],
    /,
    *,
    flight: Annotated[
        Path | None,
        Parameter(help="For a .plan: JSON with aircraft, purpose, start, buffer and so on."),
    ] = None,
    workspace: Workspace = None,
    consents: Consents = None,
    pins: Pins = None,
    key: Key = None,
    zones: Annotated[
        Path | None, Parameter(help="Folder or file of zones, in place of the workspace's.")
    ] = None,
    country: Country = "",
    terrain: Terrain = None,
    geoid: Geoid = None,
    out: Annotated[
        Path | None, Parameter(help="Folder for clearance.json or refusal.json, and map.png.")
    ] = None,
    json: Json = False,
) -> int:
    """Prove that a plan stays inside of what was agreed, or say what it lacks (exit code 3).

    The whole swept volume counts: legs, ways home and the lost-link route, with errors to the
    side, in height and in time. Every state below must have agreed, prohibited zones are kept
    off, and zones that ask for it need their own authority's consent. Either way the outcome
    stands in the log. A consent in a folder counts when a key signed it that is pinned to its
    authority, and stands in no log by that: take it in with `consent sign`.

    ```
    barlovento clear plan.geojson --out out
    barlovento clear mission.plan --flight flight.json --zones zones/
    barlovento clear plan.geojson --consents signed/ --zones zones/
    ```
    """
    from barlovento import clearing

    done = clearing.clear_plan(
        plan,
        flight=flight,
        workspace=workspace,
        consents=consents,
        pins=pins,
        key=key,
        zones=zones,
        country=country,
        terrain=terrain,
        geoid=geoid,
        out=out,
    )
    screen = console(json=json)
    if done.plan.unknown:
        screen.print(clean(f"Not understood, but in the digest: {', '.join(done.plan.unknown)}."))
    for line in done.set_aside:
        screen.print(clean(line), style="yellow", soft_wrap=True)
    files = {name: str(out / name) for name in done.files} if out else {}
    if done.clearance is not None:
        proof = done.clearance
        screen.print(f"Cleared: {proof.plan_digest}", style="bold green", soft_wrap=True)
        screen.print(
            clean(
                f"Plan {done.plan.route.id}, {proof.swept['legs']} legs, "
                f"{proof.swept['length_m'] / 1000:.2f} km; until "
                f"{proof.valid_until.isoformat(timespec='seconds')}."
            )
        )
        screen.print(f"Consents used: {len(proof.consents)}. {_entry(done.index)}")
        if done.not_in_log and done.index is not None:
            screen.print(
                f"{len(done.not_in_log)} of them not in the log, where this is a check and no "
                "clearance: take them in with `barlovento consent sign FILE`, then clear again.",
                style="yellow",
                soft_wrap=True,
            )
    else:
        number = len(done.shortfalls)
        screen.print(
            f"Refused: {number} thing{'s' if number > 1 else ''} missing.", style="bold red"
        )
        for place, shortfall in enumerate(done.shortfalls, start=1):
            screen.print(clean(f"{place}. {shortfall}"), soft_wrap=True)
        screen.print(_entry(done.index))
    for path in files.values():
        screen.print(f"Written: {path}", soft_wrap=True)
    if json:
        document = {
            "cleared": done.clearance is not None,
            "plan_digest": done.plan.route.digest,
            "entry": done.index,
            "files": files,
            "unknown_fields": list(done.plan.unknown),
            "consents_set_aside": list(done.set_aside),
        }
        if done.clearance is None:
            told = [clearing.shortfall_document(shortfall) for shortfall in done.shortfalls]
            words = f"The plan was refused: {len(told)} missing."
            document |= {"error": words, "exit_code": 3, "shortfalls": told}
        else:
            document |= {
                "consents": list(done.clearance.consents),
                "consents_not_in_log": list(done.not_in_log),
                "valid_until": done.clearance.valid_until.isoformat(),
            }
        emit(document)
    return 0 if done.clearance is not None else PlanRefused.exit_code


def _entry(index: int | None) -> str:
    return "In no log." if index is None else f"Log entry {index}."
