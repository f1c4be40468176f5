"""The shell of training: a sealed truth, a person who chooses the legs, and the debrief."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barlovento import __version__
from barlovento.exercising import (
    Answer,
    Progress,
    answered,
    classed,
    finished,
    flown,
    scenario_text,
    silent,
    source_name,
)

if TYPE_CHECKING:
    from barlovento.drill.found import Found
    from barlovento.drill.frames import Frame, Header, Log
    from barlovento.drill.ports import Ordered, Situation

SEAL, MAP, TRUTH = "seal.json", "map.png", "truth.json"
PERSON, PROGRAM = "person", "program"
SEED_BITS = 48
"""Of a drawn seed: too many to try all worlds against the map."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a person sees when a leg has to be chosen.

    Parameters
    ----------
    header : Header
        Area, permitted ring, home.
    frames : tuple of Frame
        So far; without the program's belief unless that was asked for.
    map : Path
        The picture of it.
    situation : Situation or None
        None when only the answer is missing.
    """

    header: Header
    frames: tuple[Frame, ...]
    map: Path
    situation: Situation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training left behind.

    Parameters
    ----------
    person, program : Log
        Both with their ends.
    folder : Path
        Where the files are.
    commitment : str
        The seal, hex.
    """

    person: Log
    program: Log
    folder: Path
    commitment: str


ChooseLeg = Callable[[View], "Ordered"]
GiveAnswer = Callable[[View], "list[Found]"]


def train(
    scenario: str,
    out: Path,
    *,
    choose: Callable[[Header], tuple[ChooseLeg, GiveAnswer]],
    seed: int | None = None,
    aircraft: str | None = None,
    drones: int | None = None,
    answer: Answer = "locate",
    show_belief: bool = False,
    command: str = "",
    progress: Progress | None = None,
    told: Callable[[str], None] | None = None,
) -> Trained:
    """Let a person fly a sealed world, then the program, and compare both with the truth.

    Parameters
    ----------
    scenario : str
        Name in the library, or a TOML file.
    out : Path
        A new folder. It holds the seal at once, the map while flying, all else at the end.
    choose : callable
        From the header to who chooses legs and who answers.
    seed : int, optional
        Drawn and hidden unless given.
    aircraft : str, optional
        Another aircraft than the scenario's.
    drones : int, optional
        Another number of them.
    answer : {"locate", "belief"}
        How the program answers.
    show_belief : bool
        Whether the map shows where the program's belief has sources.
    command : str
        For the provenance.
    progress : callable, optional
        For the program's part, after the person has answered.
    told : callable, optional
        Gets the seal before the first leg.

    Raises
    ------
    BadInput
        The scenario can't be flown, or ``out`` can't be written.
    """
    from barlovento.adapters.output_folder import OutputFolder
    from barlovento.drill.documents import header_of, true_sites, truth_document
    from barlovento.drill.files import DEBRIEF, SCORE, folder_files, owned_files
    from barlovento.drill.prepare import belief_of, equipped, world_of
    from barlovento.drill.seal import SALT_BYTES, check_seal, seal
    from barlovento.errors import BadInput
    from barlovento.exercise.scenario_file import read_exercise

    if out.exists() and any(out.iterdir() if out.is_dir() else [out]):
        raise BadInput(f"{out} is there already. A training begins in a new folder: name another.")
    exercise = equipped(read_exercise(scenario), aircraft, drones)
    name = source_name(scenario)
    drawn = secrets.randbits(SEED_BITS) if seed is None else seed
    salt = secrets.token_bytes(SALT_BYTES)
    world = world_of(exercise, drawn)
    commitment = seal(truth_document(world.truth(), exercise, name), salt)
    header = header_of(exercise, exercise.aircraft, name, None, by="person")
    with OutputFolder(out, (SEAL, MAP)) as folder:
        folder.publish({SEAL: _seal_json(commitment, name), MAP: _map(header, ())}, last=SEAL)
    if told is not None:
        told(commitment)

    choose_leg, give_answer = choose(header)
    seen: list[Frame] = []

    def watch(_: Header, frame: Frame) -> None:
        seen.append(frame if show_belief else _without_belief(frame))

    def view(situation: Situation | None) -> View:
        replace_file(out / MAP, _map(header, seen))
        return View(header=header, frames=tuple(seen), map=out / MAP, situation=situation)

    belief = belief_of(exercise, drawn)
    sortie = flown(
        exercise, world, belief, header, lambda now: choose_leg(view(now)), silent, watch
    )
    reports = give_answer(view(None))

    # From here on the truth may be looked at: the person has committed to an answer.
    truth = world.truth()
    opened = truth_document(truth, exercise, name)
    check_seal(opened, salt, commitment)
    sites = true_sites(truth, exercise.species[0])
    revealed = replace(header, seed=drawn)
    person = finished(revealed, sortie, reports, sites, "person")
    program, files = _program_flies(exercise, scenario, revealed, drawn, answer, command, progress)
    files |= _under(
        PERSON,
        folder_files(exercise, scenario_text(scenario), sortie, person, world, command=command,
                     progress=silent),
    )  # fmt: skip
    files |= _debriefing(person, program, sites, opened, salt, commitment, command)
    owned = [
        *(SEAL, MAP, TRUTH, DEBRIEF, SCORE),
        *owned_files(exercise, f"{PERSON}/"),
        *owned_files(exercise, f"{PROGRAM}/"),
    ]
    with OutputFolder(out, owned) as folder:
        folder.publish(files, last=SCORE)
    if progress is not None:
        progress(1.0, "done")
    return Trained(person=person, program=program, folder=out, commitment=commitment)


def _program_flies(
    exercise: Any,
    scenario: str,
    header: Header,
    seed: int,
    answer: Answer,
    command: str,
    progress: Progress | None,
) -> tuple[Log, dict[str, bytes]]:
    """Return the program's log in the same world, and its files."""
    from barlovento.drill.documents import register_of, true_sites
    from barlovento.drill.files import folder_files
    from barlovento.drill.prepare import belief_of, world_of

    tell = progress or silent
    header = replace(header, by="program")
    world = world_of(exercise, seed)
    belief = belief_of(exercise, seed)
    sortie = flown(exercise, world, belief, header, None, tell, None)
    reports = answered(exercise, [sortie], answer, seed, tell)
    truth = world.truth()
    reports = classed(reports, [sortie], exercise, register_of(truth), seed)
    sites = true_sites(truth, exercise.species[0])
    log = finished(header, sortie, reports, sites, answer)
    files = folder_files(exercise, scenario, sortie, log, world, command=command, progress=tell)
    return log, _under(PROGRAM, files)


def _debriefing(
    person: Log,
    program: Log,
    sites: Sequence[Any],
    opened: Mapping[str, Any],
    salt: bytes,
    commitment: str,
    command: str,
) -> dict[str, bytes]:
    """Return the files of the debrief."""
    from barlovento.drill.debrief import Seal, debrief_html
    from barlovento.drill.files import DEBRIEF, SCORE, score_json, site_documents

    documents = site_documents(sites)
    truth = {"truth": dict(opened), "salt": salt.hex(), "commitment": commitment}
    page = debrief_html(
        [("You", person), ("The program", program)],
        documents,
        version=__version__,
        command=command,
        seal=Seal(commitment=commitment, salt=salt.hex(), held=True),
    )
    return {
        DEBRIEF: page,
        TRUTH: (json.dumps(truth, indent=1) + "\n").encode(),
        SCORE: score_json(
            person, documents, command, program=dict(program.end), commitment=commitment
        ),
    }


def _under(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in files.items()}


def _seal_json(commitment: str, name: str) -> bytes:
    from barlovento.drill.seal import LABEL

    document = {
        "exercise": name,
        "commitment": commitment,
        "how": "SHA-256 over this label, a random salt of 32 bytes, and the truth as JSON with "
        "sorted keys and no spaces; truth.json of the debrief holds salt and truth",
        "label": LABEL.decode(),
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def _map(header: Header, frames: Sequence[Frame]) -> bytes:
    from barlovento.drill.animation import still_png

    return still_png(header, frames)


def _without_belief(frame: Frame) -> Frame:
    """Return a frame that shows what was measured, not what the program makes of it."""
    return replace(frame, belief=None, found=(), probability=float("nan"))


def replace_file(path: Path, content: bytes) -> None:
    """Let a file's new content appear whole.

    Parameters
    ----------
    path : Path
        In a folder that is there.
    content : bytes
        Of the file.
    """
    beside = path.with_name(f".{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)
