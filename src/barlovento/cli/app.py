"""The commands, their options and their help; what they do is in the workspace."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from barlovento import __version__
from barlovento.cli.audit import audit_app
from barlovento.cli.autopilot import aircraft_app, autopilot_app
from barlovento.cli.bench import bench_app
from barlovento.cli.classify import classify
from barlovento.cli.clearing import clear, zones_app
from barlovento.cli.consent import consent_app
from barlovento.cli.console import (
    console,
    count_words,
    emit,
    fault_document,
    fault_lines,
    progress_bar,
)
from barlovento.cli.exercise_train import exercise_app
from barlovento.cli.flown import flown
from barlovento.cli.fly import fly_app
from barlovento.cli.from_csv import from_csv
from barlovento.cli.ingest import ingest
from barlovento.cli.keys import init, keys_app
from barlovento.cli.plan import plan_app
from barlovento.cli.search import search
from barlovento.cli.tracks import borders_app, track
from barlovento.cli.upload import upload

HELP = """Find hidden chemical emitters from gas and wind readings.

It answers how many sources there are, where and how strong, each with a region that is meant to
hold the truth nine times in ten. It only looks, computes and tells.

Begin with a demonstration, or with a survey of your own:

```
barlovento demo
barlovento survey new my-survey
barlovento survey check my-survey
barlovento locate my-survey --out out
```

Inside, everything is SI: metres, seconds, kg s-1. Rates are shown in kg/h and g/s besides.
Exit codes: 0 fine, 2 wrong use, 3 refused, 4 integrity broken, 130 interrupted, 1 anything else.
"""

Json = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        help="Print one JSON object on stdout; what people read goes to stderr.",
    ),
]
Seed = Annotated[int, Parameter(help="Same seed, same answer.")]

app = App(
    name="barlovento",
    version=__version__,
    help=HELP,
    help_format="markdown",
    default_parameter=Parameter(negative=()),
    # What is said on Ctrl-C, and the exit code, are ours.
    suppress_keyboard_interrupt=False,
)
survey_app = App(
    name="survey",
    help="Make and check survey folders: what was measured, the wind and where to look.",
    help_format="markdown",
)
for group in (
    *(survey_app, keys_app, consent_app, audit_app),
    *(borders_app, bench_app, exercise_app, plan_app),
):
    app.command(group)
audit_app.command(track)
audit_app.command(flown)
app.command(init)
app.command(autopilot_app)
app.command(aircraft_app)
app.command(search)
app.command(upload)
app.command(fly_app)


@app.command
def locate(
    surveys: Annotated[
        list[Path],
        Parameter(
            name="SURVEY",
            help="Survey folders of one area; several are inferred together.",
        ),
    ],
    /,
    *,
    out: Annotated[
        Path,
        Parameter(
            help="Folder for result.json, posterior.nc, searched.nc, map.png and report.html. They "
            "appear together when all is done; in a folder that exists, only these are replaced."
        ),
    ],
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Find the sources from one survey folder, or from several of one area together.

    Positions come back in the survey's own coordinates, rates in kg s-1 (kg/h and g/s beside
    them), each region with the probability of 90 %.

    ```
    barlovento locate my-survey --out out
    barlovento locate flight-1 flight-2 car --out out --seed 7
    barlovento locate my-survey --out out --json > answer.json
    ```
    """
    from barlovento import workspace

    with progress_bar() as progress:
        located = workspace.locate(surveys, out, seed=seed, command=_command(), progress=progress)
    from barlovento.cli.tables import show_answer, show_files

    screen = console(json=json)
    show_answer(screen, located)
    show_files(screen, located)
    if json:
        emit({**located.result, "files": _files(out, workspace.OUTPUTS)})


@app.command
def demo(
    *,
    out: Annotated[Path, Parameter(help="Folder for the survey and the results.")] = Path(
        "barlovento-demo"
    ),
    seed: Annotated[int, Parameter(help="Another seed, another valley.")] = 1,
    json: Json = False,
) -> None:
    """Simulate a drone survey over a valley with hidden sources, and find them.

    The simulator shares no plume formula with the solver, and the solver doesn't see the truth.
    At the end stands a table of found against true.

    ```
    barlovento demo
    barlovento demo --seed 3 --out valley-3
    ```
    """
    from barlovento import workspace

    with progress_bar() as progress:
        shown = workspace.demonstrate(out, seed=seed, command=_command(), progress=progress)
    from barlovento.cli.tables import show_answer, show_comparison, show_files

    screen = console(json=json)
    show_answer(screen, shown.located)
    show_comparison(screen, shown)
    show_files(screen, shown.located)
    screen.print(f"Survey  {out / 'survey'}", soft_wrap=True)
    if json:
        names = (*workspace.OUTPUTS, *workspace.SURVEY_FILES, workspace.TRUTH)
        emit(
            {
                **shown.located.result,
                "comparison": shown.comparison.to_json(),
                "files": _files(out, names),
            }
        )


@survey_app.command
def check(
    folder: Annotated[Path, Parameter(name="DIR", help="The survey folder.")],
    /,
    *,
    json: Json = False,
) -> int:
    """Tell everything that is wrong with a survey folder, all at once.

    Each fault comes with file, row, column and how to mend it. Warnings don't stop `locate`.

    ```
    barlovento survey check my-survey
    ```
    """
    from barlovento.fly.check import check_survey

    faults = check_survey(folder)
    wrong = any(fault.severity == "error" for fault in faults)
    screen = console(json=json)
    for line in fault_lines(faults):
        screen.print(line, soft_wrap=True)
    verdict = f"{folder}: {count_words(faults)}."
    if not wrong:
        verdict += " It can be located."
    screen.print(verdict, soft_wrap=True)
    if json:
        document = {"survey": str(folder), "ok": not wrong}
        if wrong:
            document |= {"error": verdict, "exit_code": 1}
        emit({**document, "faults": [fault_document(fault) for fault in faults]})
    return int(wrong)


@survey_app.command
def new(
    folder: Annotated[Path, Parameter(name="DIR", help="The new folder; it must not exist.")],
    /,
    *,
    json: Json = False,
) -> None:
    """Write a commented template of a survey, with example data that can be located.

    ```
    barlovento survey new my-survey
    ```
    """
    from barlovento.fly.template import new_survey

    made = new_survey(folder)
    screen = console(json=json)
    screen.print(f"Survey written to {made}", soft_wrap=True)
    screen.print(f"Edit {made / 'survey.toml'}, put in your readings and wind, then:")
    screen.print(f"barlovento survey check {made}", soft_wrap=True)
    if json:
        names = sorted(path.name for path in made.iterdir())
        emit({"survey": str(made), "files": _files(made, names)})


survey_app.command(from_csv, name="from-csv")
app.command(ingest)
app.command(clear)
app.command(classify)
app.command(zones_app)


def _command() -> str:
    """Return what the person ran, without the path of the program."""
    return shlex.join(["barlovento", *sys.argv[1:]])


def _files(folder: Path, names: list[str] | tuple[str, ...]) -> dict[str, str]:
    return {name: str(folder / name) for name in names}
