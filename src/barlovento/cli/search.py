"""``barlovento search``: where to fly next, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO, TypeVar

from cyclopts import Parameter

from barlovento.cli.console import clean, console, emit, progress_bar
from barlovento.errors import BadInput, UsageError

if TYPE_CHECKING:
    from barlovento.searching import Step

N = TypeVar("N", int, float)

Aircraft = Annotated[
    str | None,
    Parameter(help="Name in the catalogue (`barlovento aircraft list`): its speed and battery."),
]
Catalogue = Annotated[
    Path | None, Parameter(help="TOML file of own aircraft, beside the shipped ones.")
]
Airspeed = Annotated[
    float | None, Parameter(help="Of each drone; the aircraft's cruise, else 10 [m/s].")
]
Endurance = Annotated[
    float | None,
    Parameter(
        help="How long each can still fly, its reserve left out; what the aircraft's full battery "
        "lasts, else 720 [s]."
    ),
]
Height = Annotated[
    float | None, Parameter(help="Height above ground; without it, where they last were [m].")
]
Every = Annotated[float, Parameter(help="For a stream: a new leg so often [s].")]


def search(
    source: Annotated[
        str,
        Parameter(
            name="SURVEY_OR_STREAM",
            allow_leading_hyphen=True,
            help="A survey folder; or a file of JSON lines or CSV rows, or - for stdin.",
        ),
    ],
    /,
    *,
    permitted: Annotated[
        Path,
        Parameter(
            help="Where drones may be: a GeoJSON polygon with lower_m and upper_m, or a consent as "
            "`barlovento consent` writes it."
        ),
    ],
    like: Annotated[
        Path | None,
        Parameter(
            help="For a stream: folder whose survey.toml says species, units, where to look."
        ),
    ] = None,
    drones: Annotated[int, Parameter(help="How many share the search.")] = 1,
    aircraft: Aircraft = None,
    catalogue: Catalogue = None,
    airspeed: Airspeed = None,
    endurance: Endurance = None,
    height: Height = None,
    home: Annotated[
        str | None, Parameter(help="X,Y in local metres; without it, what the file says.")
    ] = None,
    every: Every = 30.0,
    out: Annotated[
        Path | None, Parameter(help="Folder for next-leg.geojson and belief.png.")
    ] = None,
    seed: Annotated[int, Parameter(help="Same seed, same answer.")] = 1,
    json: Annotated[
        bool,
        Parameter(
            name="--json",
            negative=(),
            help="Print one JSON object for each leg on stdout; what people read goes to stderr.",
        ),
    ] = False,
) -> None:
    """Choose the next leg from what was read so far, and say why.

    Legs are weighed by what they are expected to tell about number and places of sources, in nat,
    for the time they take; they stay inside the permitted volume and leave time to come home.
    Phases: *sweep* for a first source, *trace* it, *confirm* it, *stop* with the confidence
    reached, *home*. A stream gets a new leg after each batch.

    ```
    barlovento search my-survey --permitted area.geojson
    barlovento search my-survey --permitted area.geojson --drones 2 --out next
    barlovento search my-survey --permitted consent.dsse.json --aircraft gas-multirotor --home 0,0
    tail -f flight.jsonl | barlovento search - --like my-survey --permitted area.geojson --json
    ```

    A line of a stream: {"time": "2026-05-04T10:00:01Z", "x": 12.0, "y": 40.5, "z": 15,
    "concentration": 2.1, "wind_speed": 3.9, "wind_from_direction": 250}
    """
    from barlovento import search_setup, searching

    if catalogue is not None and aircraft is None:
        raise UsageError("--catalogue without --aircraft says nothing. Name one of its aircraft.")
    fleet = search_setup.fleet_of(
        _at_least(drones, 1, "--drones"),
        aircraft,
        catalogue=catalogue,
        airspeed=None if airspeed is None else _at_least(airspeed, 0.5, "--airspeed"),
        endurance=None if endurance is None else _at_least(endurance, 1.0, "--endurance"),
        height=height,
    )
    place = _home(home)
    if source != "-" and Path(source).is_dir():
        with progress_bar() as progress:
            step = searching.search_survey(
                Path(source), permitted, home=place, fleet=fleet, seed=seed, progress=progress
            )
        _tell(step, out, json=json)
        return
    if like is None:
        raise UsageError(
            "A stream needs --like FOLDER: its survey.toml says species, units and where to look."
        )
    with _lines(source) as lines:
        for step in searching.search_stream(
            lines, like, permitted, name=source if source != "-" else "stdin",
            every=_at_least(every, 1.0, "--every"), home=place, fleet=fleet, seed=seed,
        ):  # fmt: skip
            _tell(step, out, json=json)


def _tell(step: Step, out: Path | None, *, json: bool) -> None:
    """Print a step, and write its files."""
    from barlovento import search_setup, searching

    screen = console(json=json)
    screen.print(f"{step.choice.phase.upper()}  {step.choice.why}")
    if step.consent is not None:
        screen.print(
            clean(search_setup.consent_words(step.consent, signed=step.signed)), soft_wrap=True
        )
    for leg in step.choice.legs:
        screen.print(f"{leg.drone}: {leg.why}")
        places = "  ".join(f"({x:.0f}, {y:.0f}, {z:.0f})" for x, y, z in leg.waypoints)
        screen.print(f"  waypoints {places}", soft_wrap=True)
    if out is not None:
        searching.write_step(step, out)
        for name in searching.FILES:
            screen.print(f"Written {out / name}", soft_wrap=True)
    if json:
        document = searching.step_document(step)
        if out is not None:
            document["files"] = {name: str(out / name) for name in searching.FILES}
        emit(document)


@contextmanager
def _lines(source: str) -> Iterator[TextIO]:
    """Open a stream of lines."""
    if source == "-":
        yield sys.stdin
        return
    try:
        with Path(source).open(encoding="utf-8-sig") as file:
            yield file
    except OSError as error:
        raise BadInput(
            f"Can't read {source}: {error.strerror or error}. Name a survey folder, a file of "
            "lines, or - for stdin."
        ) from error


def _home(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--home {text!r} is no place. Write X,Y in metres, as 0,-50.") from error
    return x, y


def _at_least(value: N, least: float, name: str) -> N:
    if not value >= least:
        raise UsageError(f"{name} is {value:g}; give {least:g} or more.")
    return value
