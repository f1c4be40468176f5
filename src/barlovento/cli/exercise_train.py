"""``barlovento exercise train``: a person flies a sealed world, and is held against the program."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from barlovento.cli.console import clean, console, emit, progress_bar
from barlovento.cli.exercise import Json, Scenario
from barlovento.cli.worlds import exercise_app

if TYPE_CHECKING:
    from rich.console import Console

    from barlovento.drill.found import Found
    from barlovento.drill.frames import Header
    from barlovento.drill.ports import Ordered
    from barlovento.training import ChooseLeg, GiveAnswer, View

__all__ = ["exercise_app", "train"]


@exercise_app.command
def train(
    scenario: Scenario,
    /,
    *,
    out: Annotated[Path, Parameter(help="A new folder for seal, map and debrief.")],
    seed: Annotated[
        int | None, Parameter(help="Drawn and hidden unless given, to let several fly one world.")
    ] = None,
    legs: Annotated[
        Path | None,
        Parameter(
            help='Fly from a JSON file, `{"legs": [[[x, y], ...], ...], "answer": [{"x":, "y":, '
            '"radius":}]}`, instead of asking.'
        ),
    ] = None,
    page: Annotated[
        bool, Parameter(negative=(), help="Choose legs by clicking on a map in the browser.")
    ] = False,
    belief: Annotated[
        bool, Parameter(negative=(), help="Show where the program believes sources to be.")
    ] = False,
    aircraft: Annotated[
        str | None, Parameter(help="Another aircraft of the catalogue than the scenario's.")
    ] = None,
    drones: Annotated[int | None, Parameter(help="How many are flown, 1 to 8.")] = None,
    answer: Annotated[
        Literal["locate", "belief"],
        Parameter(help="How the program that you are held against answers."),
    ] = "locate",
    json: Json = False,
) -> None:
    """Choose the legs yourself in a world whose truth is sealed, and commit to an answer.

    Before the first leg a seal of the truth is written. Then you see a map, give the next places,
    see what was read, and so on until battery or clock call the drone home. When you have answered,
    the program flies the same world with the same endurance, the seal is opened, and the debrief
    holds both against the truth.

    ```
    barlovento exercise train town-edge --out training
    barlovento exercise train flat --out training --page
    barlovento exercise train flat --out training --legs legs.json --seed 5
    ```
    """
    from barlovento import training

    screen = console(json=json)

    def choose(header: Header) -> tuple[ChooseLeg, GiveAnswer]:
        if legs is not None:
            return _scripted(legs, header)
        if page:
            from barlovento.cli.exercise_page import on_page

            return on_page(screen, header)
        return _asked(screen)

    def told(commitment: str) -> None:
        screen.print(f"The truth is sealed: {commitment}", soft_wrap=True)

    with progress_bar() as progress:
        trained = training.train(
            scenario,
            out,
            choose=choose,
            seed=seed,
            aircraft=aircraft,
            drones=drones,
            answer=answer,
            show_belief=belief,
            command=clean(shlex.join(["barlovento", *sys.argv[1:]])),
            progress=progress,
            told=told,
        )
    from barlovento.cli.exercise_tables import show_end

    for name, log in (("You", trained.person), ("The program", trained.program)):
        screen.print(f"\n{name}", style="bold")
        show_end(screen, log)
    screen.print(f"\nThe seal held: {trained.commitment}", soft_wrap=True)
    screen.print(f"Debrief  {clean(str(out / 'debrief.html'))}", soft_wrap=True)
    if json:
        emit(
            {
                "commitment": trained.commitment,
                "person": dict(trained.person.end),
                "program": dict(trained.program.end),
                "debrief": str(out / "debrief.html"),
            }
        )


def _scripted(path: Path, header: Header) -> tuple[ChooseLeg, GiveAnswer]:
    """Return what flies the legs of a file and then goes home."""
    from barlovento.drill.ports import Ordered
    from barlovento.drill.trainee import read_script
    from barlovento.errors import BadInput

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} can't be read: {error}.") from error
    legs, reports = read_script(text, path.name, header)
    left = iter(legs)

    def choose(view: View) -> Ordered:
        leg = next(left, None)
        if leg is None or view.situation is None:
            return Ordered(phase="home", waypoints=(), why="No leg is left in the file.")
        numbers = view.situation.numbers
        return Ordered(
            phase="leg", waypoints=tuple(leg[k] for k in numbers), why="From the file.", whole=True
        )

    return choose, lambda _: reports


def _asked(screen: Console) -> tuple[ChooseLeg, GiveAnswer]:
    """Return what asks on the terminal."""
    from barlovento.drill.ports import Ordered
    from barlovento.drill.trainee import HOW_ANSWER, HOW_LEG, typed_answer, typed_leg
    from barlovento.errors import BadInput, UsageError

    if not sys.stdin.isatty():
        raise UsageError("There is nobody to ask. Give the legs in a file with --legs.")

    def choose(view: View) -> Ordered:
        assert view.situation is not None
        _show(screen, view)
        legs: list[Any] = []
        for number, drone in zip(view.situation.numbers, view.situation.drones, strict=True):
            while True:
                text = screen.input(f"Next leg of drone {number + 1} (? for help): ").strip()
                if text.lower() in ("home", "answer", "stop"):
                    return Ordered(phase="home", waypoints=(), why="You called it home.")
                if text in ("", "?"):
                    screen.print(f"{HOW_LEG} Map: {view.map}", soft_wrap=True)
                    continue
                try:
                    legs.append(typed_leg(text, view.header, drone.z))
                    break
                except BadInput as error:
                    screen.print(str(error), style="yellow")
        return Ordered(phase="leg", waypoints=tuple(legs), why="Your choice.", whole=True)

    def give(view: View) -> list[Found]:
        _show(screen, view)
        while True:
            text = screen.input("Your answer (? for help): ").strip()
            if text in ("", "?"):
                screen.print(HOW_ANSWER, soft_wrap=True)
                continue
            try:
                return typed_answer(text)
            except BadInput as error:
                screen.print(str(error), style="yellow")

    return choose, give


def _show(screen: Console, view: View) -> None:
    """Print the map in characters and what was read since the last leg."""
    from barlovento.cli.exercise_view import coloured
    from barlovento.drill.letters import letters
    from barlovento.drill.shots import last_wind

    belief = next((f.belief for f in reversed(view.frames) if f.belief is not None), None)
    screen.print()
    for line in letters(view.header, belief, view.frames):
        screen.print(coloured(line))
    screen.print(f"Map: {view.map}", soft_wrap=True, style="dim")
    for frame in view.frames[-6:]:
        for number, drone in enumerate(frame.drones, 1):
            if drone.path and drone.reading is not None:
                x, y, _ = drone.path[-1]
                screen.print(
                    f"  {frame.time:.0f} s  drone {number} up to {drone.reading:.2f} ppb before "
                    f"({x:.0f}, {y:.0f}), battery {100 * drone.energy:.0f} %"
                )
    if view.situation is not None:
        wind = last_wind(view.situation.meteorology)
        blows = "" if wind is None else f"wind {wind[0]:.1f} m/s from {wind[1]:.0f} degrees, "
        screen.print(f"{blows}{view.situation.clock_left:.0f} s left")
