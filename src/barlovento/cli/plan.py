"""Commands for plans: ``plan example``, ``plan new``, ``plan again`` and ``plan export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from barlovento.cli.clearing import Consents, Country, Json, Key, Pins, Workspace
from barlovento.cli.console import clean, console, emit, progress_bar

Out = Annotated[Path, Parameter(help="A new folder for the plan; all of it appears together.")]
Language = Annotated[Literal["en", "es"], Parameter(help="Of the pages: English or Spanish.")]
Zones = Annotated[
    Path | None, Parameter(help="Folder or file of zones, in place of the workspace's.")
]
Seconds = Annotated[
    float, Parameter(help="How long the best allocation is looked for, in seconds.")
]
Seed = Annotated[int, Parameter(help="Of that search.")]
Searched = Annotated[
    list[Path] | None,
    Parameter(
        help="Folders that `locate` wrote after flights: their searched.nc lowers the prior where "
        "nothing was seen. Nothing else of them is read. Give the option once for each."
    ),
]

plan_app = App(
    name="plan",
    help="Plan flights: which aircraft looks where and when, along routes that are cleared.",
    help_format="markdown",
)


@plan_app.command
def example(
    folder: Annotated[Path, Parameter(name="DIR", help="The new folder; it must not exist.")],
    /,
    *,
    json: Json = False,
) -> None:
    """Write an example that can be planned at once.

    It has a region, a fleet, zones, and a workspace with one consent, valid from tomorrow. The
    state's key behind that consent was made here for practice and is thrown away: it counts in
    this workspace only.

    ```
    barlovento plan example practice
    barlovento plan new practice/region.toml --workspace practice/workspace --out practice/plan
    ```
    """
    from barlovento.planning.example import example as write

    made = write(folder)
    screen = console(json=json)
    command = (
        f"barlovento plan new {made / 'region.toml'} --workspace {made / 'workspace'} "
        f"--out {made / 'plan'}"
    )
    screen.print(f"Example written to {made}. Now:", soft_wrap=True)
    screen.print(command, soft_wrap=True)
    if json:
        emit({"folder": str(made), "next": command})


@plan_app.command
def new(
    region: Annotated[Path, Parameter(name="REGION", help="TOML of the region.")],
    /,
    *,
    out: Out,
    workspace: Workspace = None,
    consents: Consents = None,
    pins: Pins = None,
    key: Key = None,
    zones: Zones = None,
    country: Country = "",
    holder: Annotated[str | None, Parameter(help="Who flies, where no workspace says so.")] = None,
    searched: Searched = None,
    language: Language = "en",
    seconds: Seconds = 10.0,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Plan flights over a region; every one of them is cleared before it is in the plan.

    Out come `sortie-N.geojson` (the form that `clear` and `upload` read) with its clearance,
    `map.png`, `plan.html`, a page for each crew (`brief-AIRCRAFT.pdf` and `.html`), drafts of
    requests for consent that is missing, and `plan.json` about all of it. A flight that can't be
    cleared is not in the plan, and the plan says why. Begin with
    `plan example`.

    ```
    barlovento plan new region.toml --out plan
    barlovento plan new region.toml --workspace watch --out plan --language es
    barlovento plan new region.toml --consents signed/ --zones zones/ --out plan
    ```
    """
    from barlovento.planning import new as making

    with progress_bar() as progress:
        made = making.plan_new(
            region,
            out,
            workspace=workspace,
            consents=consents,
            pins=pins,
            key=key,
            zones=zones,
            country=country,
            holder=holder,
            searched=searched or [],
            language=language,
            seconds=seconds,
            seed=seed,
            progress=progress,
        )
    _show(made, out, json=json)


@plan_app.command
def again(
    plan: Annotated[Path, Parameter(name="PLAN", help="Folder of the plan that was flown.")],
    /,
    *,
    searched: Searched = None,
    out: Out,
    region: Annotated[
        Path | None,
        Parameter(help="The region with new weather; the earlier plan's own otherwise."),
    ] = None,
    workspace: Workspace = None,
    consents: Consents = None,
    pins: Pins = None,
    key: Key = None,
    zones: Zones = None,
    country: Country = "",
    holder: Annotated[str | None, Parameter(help="Who flies, where no workspace says so.")] = None,
    language: Language = "en",
    seconds: Seconds = 10.0,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Plan anew after flights: where nothing was seen a site is less likely than before.

    Region, fleet and all that was searched before come from the earlier plan's folder. Only what
    was really searched counts, not what was planned.

    ```
    barlovento locate flight-1 --out found-1
    barlovento plan again plan --searched found-1 --region region-tomorrow.toml --out plan-2
    ```
    """
    from barlovento.planning import new as making

    with progress_bar() as progress:
        made = making.plan_again(
            plan,
            out,
            region=region,
            workspace=workspace,
            consents=consents,
            pins=pins,
            key=key,
            zones=zones,
            country=country,
            holder=holder,
            searched=searched or [],
            language=language,
            seconds=seconds,
            seed=seed,
            progress=progress,
        )
    _show(made, out, json=json)


@plan_app.command
def export(
    plan: Annotated[Path, Parameter(name="PLAN", help="Folder of a plan, or one sortie's file.")],
    /,
    *,
    out: Annotated[Path, Parameter(help="Folder for the files.")],
    form: Annotated[
        Literal["all", "qgroundcontrol", "kml", "geopackage"], Parameter(name="--form")
    ] = "all",
    json: Json = False,
) -> None:
    """Write a plan for other programs: QGroundControl .plan, KML, GeoPackage.

    Exported files are copies for looking at and for ground stations. The clearance is one of the
    sortie's own file; a .plan that is changed elsewhere has to be cleared again.

    ```
    barlovento plan export plan --out exported
    barlovento plan export plan/sortie-3.geojson --form kml --out exported
    ```
    """
    from barlovento.planning.export import export_plan

    names = export_plan(plan, out, form=form)
    screen = console(json=json)
    for name in names:
        screen.print(f"Written: {out / name}", soft_wrap=True)
    if json:
        emit({"files": {name: str(out / name) for name in names}})


def _show(made: dict[str, Any], out: Path, *, json: bool) -> None:
    """Tell what came of planning."""
    screen = console(json=json)
    sorties = made["sorties"]
    if sorties:
        screen.print(
            f"{len(sorties)} cleared sorties, expected to notice {made['expected_finds']:.2g} "
            f"sites (at most {made['bound']:.2g} with these aircraft).",
            style="bold green",
            soft_wrap=True,
        )
    else:
        screen.print("No sortie could be cleared.", style="bold red")
    for one in sorties:
        screen.print(
            clean(
                f"  {one['name']:<10} {one['aircraft']:<16} {one['takeoff'][:16]}Z  "
                f"{one['duration_s'] / 60:4.0f} min  {one['leg_length_m'] / 1000:5.1f} km of legs "
                f"at {one['height_m_agl']:.0f} m, {one['leg_spacing_m']:.0f} m apart; notices a "
                f"site there with {100 * one['detection_probability']:.0f} %, expected finds "
                f"{one['expected_finds']:.2g}"
            ),
            soft_wrap=True,
        )
    for one in made["left_out"]:
        screen.print(
            clean(f"  not in the plan: {one['name']} of {one['aircraft']}: {one['why']}"),
            style="yellow",
            soft_wrap=True,
        )
    for note in made["notes"]:
        screen.print(clean(f"  {note}"), style="yellow", soft_wrap=True)
    for name in made["requests"]:
        screen.print(
            f"  Consent is missing. A draft to ask with: barlovento consent request {out / name}",
            soft_wrap=True,
        )
    screen.print(f"Look at {out / 'plan.html'}", soft_wrap=True)
    if json:
        emit({**made, "folder": str(out)})
