"""The shell of exercises: reads a scenario, flies, answers, scores, and writes the folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from barlovento.errors import BadInput

if TYPE_CHECKING:
    from barlovento.drill.found import Found
    from barlovento.drill.frames import Frame, Header, Log
    from barlovento.drill.ports import Pilot
    from barlovento.drill.records import Sortie
    from barlovento.exercise.sites import Exercise

Progress = Callable[[float, str], None]
Watch = Callable[["Header", "Frame"], None]
Answer = Literal["locate", "belief"]

SECOND = "second"

FLOWN, ANSWERED = 0.6, 0.85
"""Shares of the whole time after flying and answering, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a sortie left behind.

    Parameters
    ----------
    log : Log
        With its end.
    sortie : Sortie
        As flown.
    folder : Path
        Where the files are.
    files : tuple of str
        Their names.
    """

    log: Log
    sortie: Sortie
    folder: Path
    files: tuple[str, ...]


def run(
    scenario: str,
    out: Path,
    *,
    seed: int,
    aircraft: str | None = None,
    drones: int | None = None,
    answer: Answer = "locate",
    second: bool = False,
    command: str = "",
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> tuple[Ran, ...]:
    """Fly one sortie, or two, through a hidden world and hold the answer against the truth.

    Parameters
    ----------
    scenario : str
        Name in the library, or a TOML file.
    out : Path
        Folder for the results; they appear together or not at all.
    seed : int
        Same seed, same flight.
    aircraft : str, optional
        Another aircraft than the scenario's.
    drones : int, optional
        Another number of them.
    answer : {"locate", "belief"}
        Who answers at the end: the full inference, or the belief of the flight (faster).
    second : bool
        Whether a second sortie begins from what the first believed.
    command : str
        What the person ran, for the provenance.
    progress : callable, optional
        Called with the share done and the name of the stage.
    watch : callable, optional
        Gets header and frame as soon as it is flown.

    Returns
    -------
    tuple of Ran
        One for each sortie.

    Raises
    ------
    BadInput
        The scenario can't be flown, or ``out`` can't be written.
    """
    from barlovento.adapters.output_folder import OutputFolder
    from barlovento.drill.documents import header_of, register_of, true_sites
    from barlovento.drill.files import SCORE, folder_files, owned_files
    from barlovento.drill.prepare import belief_of, equipped, world_of
    from barlovento.exercise.scenario_file import read_exercise

    tell = progress or silent
    exercise, text = equipped(read_exercise(scenario), aircraft, drones), scenario_text(scenario)
    count = 2 if second else 1
    owned = [name for k in range(count) for name in owned_files(exercise, _part(k))]
    with OutputFolder(out, owned) as folder:
        world = world_of(exercise, seed, count)
        belief = belief_of(exercise, seed)
        ran: list[Ran] = []
        files: dict[str, bytes] = {}
        earlier: list[Sortie] = []
        for k in range(count):
            header = header_of(exercise, exercise.aircraft, source_name(scenario), seed)
            sortie = flown(exercise, world, belief, header, None, _slice(tell, k, count), watch)
            belief = sortie.belief
            earlier.append(sortie)
            told = answered(exercise, earlier, answer, seed, _slice(tell, k, count))
            truth = world.truth()
            told = classed(told, earlier, exercise, register_of(truth), seed)
            log = finished(header, sortie, told, true_sites(truth, exercise.species[0]), answer)
            made = folder_files(
                exercise, text, sortie, log, world, command=command,
                progress=_part_of(_slice(tell, k, count), ANSWERED),
            )  # fmt: skip
            files |= {_part(k) + name: content for name, content in made.items()}
            ran.append(
                Ran(log=log, sortie=sortie, folder=out / _part(k), files=tuple(sorted(made)))
            )
            if k + 1 < count:
                wait_on_ground(world, exercise)
        folder.publish(files, last=SCORE)
    tell(1.0, "done")
    return tuple(ran)


def flown(
    exercise: Exercise,
    world: Any,
    belief: Any,
    header: Header,
    pilot: Pilot | None,
    progress: Progress,
    watch: Watch | None,
) -> Sortie:
    """Fly one sortie and tell how far it is.

    Parameters
    ----------
    exercise : Exercise
        The scenario.
    world : World
        It goes on.
    belief : Belief
        At the start.
    header : Header
        For whoever watches.
    pilot : Pilot or None
        None for the program.
    progress : callable
        Called with the share done and the name of the stage.
    watch : callable or None
        Gets header and frame.
    """
    from barlovento.drill.prepare import orders_of
    from barlovento.drill.program import program
    from barlovento.drill.sortie import fly_sortie

    progress(0.0, "preparing the flight")
    orders = orders_of(exercise, world)

    def report(frame: Frame) -> None:
        if watch is not None:
            watch(header, frame)
        share = min(1.0, frame.time / max(header.duration, 1.0))
        progress(FLOWN * share, f"flying: {frame.phase}")

    chooser = pilot or program(exercise, orders.aircraft)
    return fly_sortie(orders, world, belief, chooser, report)


def answered(
    exercise: Exercise,
    sorties: Sequence[Sortie],
    answer: Answer,
    seed: int,
    progress: Progress,
) -> list[Found]:
    """Return what is reported after the last of the sorties, of all of their readings.

    Parameters
    ----------
    exercise : Exercise
        The scenario.
    sorties : sequence of Sortie
        In order.
    answer : {"locate", "belief"}
        Who answers.
    seed : int
        Of the inference.
    progress : callable
        Called with the share done and the name of the stage.
    """
    from barlovento.drill.answer import from_belief, from_posterior

    if answer == "belief":
        return from_belief(sorties[-1].belief)
    from barlovento.exercise.flights import to_survey
    from barlovento.exercise.sensed import joined
    from barlovento.locate.infer import infer

    rows = joined([sortie.rows for sortie in sorties])
    survey = to_survey(exercise, rows, sorties[-1].meteorology)

    def tell(share: float, stage: str) -> None:
        progress(FLOWN + (ANSWERED - FLOWN) * share, stage)

    return from_posterior(infer(survey, seed=seed, progress=tell))


def finished(
    header: Header,
    sortie: Sortie,
    answer: Sequence[Found],
    sites: Sequence[Any],
    answered_by: str,
) -> Log:
    """Return the log of a sortie with its score."""
    from barlovento.drill.documents import end_document
    from barlovento.drill.frames import Log

    end = end_document(sortie, answer, sites, answered_by)
    return Log(header=header, frames=sortie.frames, end=end)


def replay(folder: Path) -> Log:
    """Return the log of a sortie.

    Parameters
    ----------
    folder : Path
        That ``run`` wrote, or the log itself.

    Raises
    ------
    BadInput
        There is no log, or it can't be read.
    """
    from barlovento.drill.files import REPLAY
    from barlovento.drill.frames import read_log

    path = folder / REPLAY if folder.is_dir() else folder
    try:
        with path.open(encoding="utf-8") as lines:
            return read_log(lines, path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} can't be read: {error}. Give the folder that `barlovento exercise run` wrote."
        ) from error


def check_replay(folder: Path, progress: Progress | None = None) -> tuple[int, ...]:
    """Fly the logged sortie again and return the numbers of frames that differ.

    Parameters
    ----------
    folder : Path
        That ``run`` wrote; it holds the scenario.
    progress : callable, optional
        Called with the share done and the name of the stage.

    Raises
    ------
    BadInput
        A person flew it, or it was a second sortie: these can't be flown again alone.
    """
    from barlovento.drill.files import SCENARIO
    from barlovento.drill.frames import Log
    from barlovento.drill.prepare import belief_of, equipped, world_of
    from barlovento.exercise.scenario_file import read_exercise

    log = replay(folder)
    seed = log.header.seed
    if log.header.by != "program" or seed is None or folder.name == SECOND:
        raise BadInput(
            "Only a first sortie that the program flew can be flown again alone. "
            "Watch this one without --check."
        )
    exercise = replace(read_exercise(str(folder / SCENARIO)), aircraft=log.header.aircraft)
    exercise = equipped(exercise, None, None)
    sorties = 2 if (folder / SECOND).is_dir() else 1
    world = world_of(exercise, seed, sorties)
    sortie = flown(
        exercise, world, belief_of(exercise, seed), log.header, None, progress or silent, None
    )
    again = Log(header=log.header, frames=sortie.frames).to_lines().splitlines()[1:]
    before = Log(header=log.header, frames=log.frames).to_lines().splitlines()[1:]
    wrong = [k for k, (a, b) in enumerate(zip(before, again, strict=False)) if a != b]
    wrong += range(min(len(again), len(before)), max(len(again), len(before)))
    return tuple(wrong)


def source_name(scenario: str) -> str:
    """Return what a scenario is called, without the place of its file."""
    return Path(scenario).name


def scenario_text(scenario: str) -> str:
    """Return the TOML of a scenario, from a file or the library."""
    from barlovento.exercise.library import template

    path = Path(scenario)
    return path.read_text(encoding="utf-8") if path.is_file() else template(scenario)


def classed(
    told: Sequence[Found],
    sorties: Sequence[Sortie],
    exercise: Exercise,
    register: Sequence[tuple[str, str, float, float]],
    seed: int,
) -> list[Found]:
    """Return reports with classes, from the readings of all sorties.

    Parameters
    ----------
    told : sequence of Found
        The reports.
    sorties : sequence of Sortie
        In order.
    exercise : Exercise
        The scenario.
    register : sequence of (str, str, float, float)
        Name, kind and place of the known emitters [m].
    seed : int
        Of the errors of the ratios.
    """
    from barlovento.drill.answer import with_classes
    from barlovento.exercise.sensed import joined

    whole = replace(sorties[-1], rows=joined([sortie.rows for sortie in sorties]))
    return with_classes(told, whole, exercise, register, seed)


def wait_on_ground(world: Any, exercise: Exercise) -> None:
    """Let the world go on between two sorties, with the drones on the ground."""
    import numpy as np

    from barlovento.drill.prepare import BETWEEN

    ground = np.array([*exercise.home, 0.0])
    world.advance(np.tile(ground, (len(exercise.aircraft), BETWEEN, 1)))


def _part(number: int) -> str:
    return "" if number == 0 else f"{SECOND}/"


def _slice(tell: Progress, number: int, count: int) -> Progress:
    """Return a reporter for one of several sorties."""

    def part(share: float, stage: str) -> None:
        tell((number + share) / count, stage)

    return part


def _part_of(tell: Progress, begin: float) -> Progress:
    """Return a reporter for what comes after a share of the whole [1]."""

    def part(share: float, stage: str) -> None:
        tell(begin + (1.0 - begin) * share, stage)

    return part


def silent(done: float, stage: str) -> None:
    """Take progress and say nothing.

    Parameters
    ----------
    done : float
        Share of the whole [1].
    stage : str
        Its name.
    """
