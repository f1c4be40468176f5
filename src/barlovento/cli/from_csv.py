"""``barlovento survey from-csv``: the many words that a logger's file may need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from barlovento.cli.console import console, emit, fault_document, fault_lines
from barlovento.errors import UsageError

Pairs = tuple[str, ...]
Range = tuple[float, float]
NONE: Pairs = ()
LOGGER = Parameter(
    group=Group("How the logger writes", sort_key=1), negative=(), show_default=False
)
SURVEY = Parameter(group=Group("What a survey needs besides", sort_key=2), show_default=False)
Json = Annotated[bool, Parameter(negative=())]


def from_csv(
    csv: Annotated[Path, Parameter(name="CSV")],
    /,
    *,
    out: Path,
    wind: Annotated[Path | None, LOGGER] = None,
    column: Annotated[Pairs, LOGGER] = NONE,
    wind_column: Annotated[Pairs, LOGGER] = NONE,
    unit: Annotated[Pairs, LOGGER] = NONE,
    constant: Annotated[Pairs, LOGGER] = NONE,
    time_zone: Annotated[str | None, LOGGER] = None,
    wind_time_zone: Annotated[str | None, LOGGER] = None,
    time_pattern: Annotated[str | None, LOGGER] = None,
    wind_time_pattern: Annotated[str | None, LOGGER] = None,
    time_marks: Annotated[Literal["end", "middle", "start"], LOGGER] = "end",
    species: Annotated[str | None, SURVEY] = None,
    title: Annotated[str | None, SURVEY] = None,
    averaging_time: Annotated[float | None, SURVEY] = None,
    background: Annotated[str | None, SURVEY] = None,
    detection_limit: Annotated[float | None, SURVEY] = None,
    clock_offset_max: Annotated[float | None, SURVEY] = None,
    response_time: Annotated[float | None, SURVEY] = None,
    frame: Annotated[str | None, SURVEY] = None,
    measurement_height: Annotated[float | None, SURVEY] = None,
    roughness_length: Annotated[float | None, SURVEY] = None,
    search_x: Annotated[Range | None, SURVEY] = None,
    search_y: Annotated[Range | None, SURVEY] = None,
    release_height: Annotated[Range | None, SURVEY] = None,
    max_sources: Annotated[int | None, SURVEY] = None,
    json: Json = False,
) -> None:
    r"""Make a survey folder from a logger's own file.

    Columns are guessed where their headers leave no doubt, and every guess is said. What can't be
    known, such as a unit or a time zone, is asked for, all of it at once; until then nothing is
    written.

    ```
    barlovento survey from-csv flight.csv --wind mast.csv --out my-survey \
        --species methane --unit concentration=ppm --unit wind_speed=knots \
        --time-zone UTC --averaging-time 1 --background unknown \
        --measurement-height 3 --roughness-length 0.03 \
        --search-x -160 20 --search-y 40 220 --release-height 0 2 --max-sources 3
    ```

    Parameters
    ----------
    csv
        The readings, any delimited text.
    out
        The new survey folder; it must not exist.
    wind
        The wind record, where it is another file.
    column
        Our column and the header there, as concentration=CH4_dry; may be repeated. time=DATE+TIME
        joins two; an empty header means that there is none.
    wind_column
        The same for the wind.
    unit
        Our column and its unit there, as wind_speed=knots or concentration=ppm.
    constant
        Our column and the one value of all rows in SI units, as z=2.5.
    time_zone
        Of times that name none: UTC, +02:00 or Europe/Madrid.
    wind_time_zone
        The wind's, where it differs.
    time_pattern
        As %d/%m/%Y %H:%M:%S, where times are not ISO 8601.
    wind_time_pattern
        The wind's, where it differs.
    time_marks
        Whether a time is the end, middle or start of its interval.
    species
        Name or CAS number of the gas.
    title
        For people.
    averaging_time
        Of each reading, in seconds [s].
    background
        In the units of the readings, or the word unknown.
    detection_limit
        In the units of the readings [as the file has it].
    clock_offset_max
        The gas clock may lag by up to this [s].
    response_time
        Of the sensor [s].
    frame
        Name of local axes, to join surveys.
    measurement_height
        Of the wind, above ground [m].
    roughness_length
        Of the ground: about 0.03 for grass, 0.1 for crops, 1 for towns [m].
    search_x
        West and east edge of the area to search [m or degree].
    search_y
        South and north edge of the area to search [m or degree].
    release_height
        Lowest and highest release above ground [m].
    max_sources
        Largest number of sources considered.
    json
        Print one JSON object on stdout; what people read goes to stderr.
    """
    from barlovento.fly.from_csv import survey_from_csv

    made = survey_from_csv(
        csv,
        out,
        wind_csv=wind,
        species=species,
        title=title,
        columns=pairs("--column", column),
        wind_columns=pairs("--wind-column", wind_column),
        units=pairs("--unit", unit),
        constants=numbers("--constant", constant),
        time_zone=time_zone,
        wind_time_zone=wind_time_zone,
        time_pattern=time_pattern,
        wind_time_pattern=wind_time_pattern,
        time_marks=time_marks,
        averaging_time_s=averaging_time,
        background=background_of(background),
        detection_limit=detection_limit,
        clock_offset_max_s=clock_offset_max,
        response_time_s=response_time,
        frame=frame,
        measurement_height_m=measurement_height,
        roughness_length_m=roughness_length,
        search_x=search_x,
        search_y=search_y,
        release_height_m=release_height,
        max_sources=max_sources,
    )
    from barlovento.cli.tables import show_survey_made

    screen = console(json=json)
    for line in fault_lines(made.warnings):
        screen.print(line, soft_wrap=True)
    show_survey_made(screen, made.path, made.said)
    if json:
        warnings = [fault_document(fault) for fault in made.warnings]
        emit({"survey": str(made.path), "said": list(made.said), "faults": warnings})


def pairs(option: str, words: Pairs) -> dict[str, str]:
    """Return ``name=value`` words as a mapping."""
    found: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise UsageError(f"{option} {word!r} is no pair. Write it as {option} NAME=VALUE.")
        if name in found:
            raise UsageError(f"{option} names {name} twice. Name it once.")
        found[name] = value
    return found


def numbers(option: str, words: Pairs) -> dict[str, float]:
    """Return ``name=number`` words as a mapping."""
    found = {}
    for name, value in pairs(option, words).items():
        try:
            found[name] = float(value)
        except ValueError as error:
            raise UsageError(
                f"{option} {name}={value!r} is no number. Write a number in SI units."
            ) from error
    return found


def background_of(text: str | None) -> float | str | None:
    """Return a number where there is one; what the word may be is checked further down."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text
