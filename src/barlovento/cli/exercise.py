"""``barlovento exercise``: fly a whole sortie in a hidden world, watch one again, or be trained."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from barlovento.cli.console import clean, console, emit, progress_bar
from barlovento.cli.worlds import exercise_app

if TYPE_CHECKING:
    from rich.console import Console

    from barlovento.exercising import Ran

Json = Annotated[
    bool,
    Parameter(
        name="--json",
        negative=(),
        help="Print one JSON object on stdout; what people read goes to stderr.",
    ),
]
Scenario = Annotated[
    str,
    Parameter(
        name="SCENARIO", help="A name that `exercise list` shows, or a scenario's TOML file."
    ),
]

exercise_app.help = """Fly in a hidden world: to train people, and to judge the program.

Its plumes are none of the solver's own, and what is hidden is shown only at the end.

```
barlovento exercise list
barlovento exercise run valley --out out --seed 7
barlovento exercise replay out
barlovento exercise train town-edge --out training
```
"""


@exercise_app.command
def run(
    scenario: Scenario,
    /,
    *,
    out: Annotated[
        Path, Parameter(help="Folder for the results; they appear together when all is done.")
    ],
    seed: Annotated[int, Parameter(help="Another seed, other sites and another wind.")] = 1,
    aircraft: Annotated[
        str | None, Parameter(help="Another aircraft of the catalogue than the scenario's.")
    ] = None,
    drones: Annotated[int | None, Parameter(help="How many share one belief, 1 to 8.")] = None,
    answer: Annotated[
        Literal["locate", "belief"],
        Parameter(
            help="Who answers at the end: the full inference on all readings, or the belief that "
            "steered the flight (seconds instead of minutes, and rougher)."
        ),
    ] = "locate",
    second: Annotated[
        bool,
        Parameter(
            negative=(), help="Fly a second sortie that begins from what the first one believed."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Fly a sortie in simulated time: sweep, detection, trace, confirmation, answer, home.

    On a terminal the flight is shown live. At the end stands a table of found, missed and false,
    and the folder holds the track, the readings as surveys, an animation, a debrief and a log.

    ```
    barlovento exercise run flat --out out --seed 7
    barlovento exercise run valley --out out --answer belief --second
    barlovento exercise run my-scenario.toml --out out --drones 3 --json > score.json
    ```
    """
    from barlovento import exercising

    screen = console(json=json)
    with _watching(screen) as (progress, watch):
        ran = exercising.run(
            scenario,
            out,
            seed=seed,
            aircraft=aircraft,
            drones=drones,
            answer=answer,
            second=second,
            command=_command(),
            progress=progress,
            watch=watch,
        )
    from barlovento.cli.exercise_tables import show_end, show_folder

    for number, one in enumerate(ran):
        if len(ran) > 1:
            screen.print(f"\nSortie {number + 1}", style="bold")
        show_end(screen, one.log)
    show_folder(screen, out, ran[0].files)
    if json:
        emit(_document(ran, out))


@exercise_app.command
def replay(
    folder: Annotated[Path, Parameter(name="DIR", help="What `exercise run` wrote.")],
    /,
    *,
    speed: Annotated[
        float, Parameter(help="Times faster than real; 0 shows the end at once.")
    ] = 60.0,
    check: Annotated[
        bool,
        Parameter(
            negative=(),
            help="Fly it again from the scenario and the seed, and compare every frame.",
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Show a logged sortie again without simulating anything.

    ```
    barlovento exercise replay out
    barlovento exercise replay out --speed 200
    barlovento exercise replay out --check
    ```

    Parameters
    ----------
    speed : float
        Over real time [1].
    """
    import time

    from barlovento import exercising
    from barlovento.cli.exercise_tables import show_end
    from barlovento.errors import UsageError

    if speed < 0:
        raise UsageError(f"--speed is {speed:g}. Give 0 or more.")
    log = exercising.replay(folder)
    screen = console(json=json)
    wrong: tuple[int, ...] | None = None
    if check:
        with progress_bar() as progress:
            wrong = exercising.check_replay(folder, progress)
    elif speed > 0 and screen.is_terminal:
        from barlovento.cli.exercise_view import View

        with View(screen) as view:
            before = 0.0
            for frame in log.frames:
                time.sleep((frame.time - before) / speed)
                before = frame.time
                view.show(log.header, frame)
    if log.end:
        show_end(screen, log)
    else:
        screen.print("The log was cut off before the end of the flight.", style="yellow")
    if wrong is not None:
        screen.print(
            f"Flown again: all {len(log.frames)} frames are the same."
            if not wrong
            else f"Flown again: {len(wrong)} frames differ, the first is number {wrong[0] + 1}.",
            style="" if not wrong else "red",
        )
    if json:
        document: dict[str, Any] = {"frames": len(log.frames), **log.end}
        if wrong is not None:
            document["differing_frames"] = list(wrong)
        emit(document)
    return 4 if wrong else 0


@contextmanager
def _watching(screen: Console) -> Iterator[tuple[Any, Any]]:
    """Show the flight live on a terminal, then a bar; lines elsewhere."""
    if not (screen.is_terminal and sys.stderr.isatty()):
        with progress_bar() as progress:
            yield progress, None
        return
    from barlovento.cli.exercise_view import View

    with View(screen) as view:
        yield view.progress, view.show


def _document(ran: tuple[Ran, ...], out: Path) -> dict[str, Any]:
    """Return what a program reads: the first sortie, and the second in it."""
    first = {**ran[0].log.end, "files": {name: str(out / name) for name in ran[0].files}}
    if len(ran) > 1:
        files = {name: str(ran[1].folder / name) for name in ran[1].files}
        first["second"] = {**ran[1].log.end, "files": files}
    return first


def _command() -> str:
    """Return what the person ran, without the path of the program."""
    return clean(shlex.join(["barlovento", *sys.argv[1:]]))
