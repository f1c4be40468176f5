"""``barlovento exercise list`` and ``new``: the hidden worlds that can be flown in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from barlovento.cli.console import console, emit

Json = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        help="Print one JSON object on stdout; what people read goes to stderr.",
    ),
]


def list_worlds(*, json: Json = False) -> None:
    """List the scenarios that come with the program.

    ```
    barlovento exercise list
    barlovento exercise list --json
    ```
    """
    from rich.table import Table

    from barlovento.exercise import library

    screen = console(json=json)
    table = Table(box=None, pad_edge=False)
    for heading in ("Name", "What it is", "Area", "Drones", "Gases", "Minutes"):
        table.add_column(heading, no_wrap=heading != "What it is")
    shown = []
    for name in library.names():
        exercise = library.read(name)
        hectares = exercise.permitted_area / 1e4
        drones = len(exercise.aircraft)
        minutes = exercise.duration / 60.0
        table.add_row(
            name,
            exercise.summary,
            f"{hectares:.0f} ha",
            str(drones),
            str(len(exercise.species)),
            f"{minutes:.0f}",
        )
        shown.append(
            {
                "name": name,
                "title": exercise.title,
                "summary": exercise.summary,
                "permitted_area_m2": exercise.permitted_area,
                "drones": list(exercise.aircraft),
                "sensors": list(exercise.sensors),
                "species": list(exercise.species),
                "duration_s": exercise.duration,
            }
        )
    screen.print(table)
    screen.print("Make one of your own from any of them: barlovento exercise new FILE --like NAME")
    if json:
        emit({"scenarios": shown})


def new_world(
    file: Annotated[Path, Parameter(name="FILE", help="The new TOML file; it must not exist.")],
    /,
    *,
    like: Annotated[
        str, Parameter(help="The shipped scenario to start from; see `exercise list`.")
    ] = "flat",
    json: Json = False,
) -> None:
    """Write a scenario to change: a copy of a shipped one; that of `flat` explains every key.

    ```
    barlovento exercise new mine.toml
    barlovento exercise new mine.toml --like valley
    barlovento exercise check mine.toml
    ```
    """
    from barlovento.exercise import library

    made = library.write_template(like, file)
    screen = console(json=json)
    screen.print(f"Scenario written to {made}, a copy of {like}.", soft_wrap=True)
    screen.print(f"Change it, then: barlovento exercise check {made}", soft_wrap=True)
    if json:
        emit({"scenario": str(made), "like": like})


def check_world(
    scenario: Annotated[
        str, Parameter(name="FILE", help="A scenario file, or the name of a shipped one.")
    ],
    /,
    *,
    json: Json = False,
) -> int:
    """Tell everything that is wrong with a scenario file, all at once.

    ```
    barlovento exercise check mine.toml
    ```
    """
    from barlovento.cli.console import count_words, fault_document, fault_lines
    from barlovento.errors import SurveyError
    from barlovento.exercise.scenario_file import read_exercise

    screen = console(json=json)
    try:
        exercise = read_exercise(scenario)
    except SurveyError as problem:
        for line in fault_lines(problem.faults):
            screen.print(line, soft_wrap=True)
        verdict = f"{scenario}: {count_words(problem.faults)}."
        screen.print(verdict, soft_wrap=True)
        if json:
            faults = [fault_document(fault) for fault in problem.faults]
            emit(
                {
                    "scenario": scenario,
                    "ok": False,
                    "error": verdict,
                    "exit_code": 1,
                    "faults": faults,
                }
            )
        return 1
    screen.print(f"{scenario}: no errors. {exercise.title} can be flown.", soft_wrap=True)
    if json:
        emit({"scenario": scenario, "ok": True, "faults": []})
    return 0


exercise_app = App(
    name="exercise",
    help="Fly in a hidden world: to train people, and to judge the program.",
    help_format="markdown",
)
for command, name in ((list_worlds, "list"), (new_world, "new"), (check_world, "check")):
    exercise_app.command(command, name=name)
