"""``barlovento ingest``: a flight log and a gas log become a survey folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Group, Parameter

from barlovento.cli.console import (
    console,
    emit,
    fault_document,
    fault_lines,
    progress_bar,
)
from barlovento.cli.from_csv import (
    LOGGER,
    NONE,
    SURVEY,
    Pairs,
    Range,
    background_of,
    numbers,
    pairs,
)

FLIGHT = Parameter(group=Group("The flight log", sort_key=0), negative=(), show_default=False)
CLOCK = Parameter(
    group=Group("The gas logger's clock", sort_key=0), negative=(), show_default=False
)
Json = Annotated[bool, Parameter(negative=())]


def ingest(
    flight: Annotated[Path, Parameter(name="FLIGHT")],
    gas: Annotated[Path, Parameter(name="GAS")],
    /,
    *,
    out: Path,
    wind: Annotated[Path | None, LOGGER] = None,
    height: Annotated[
        Literal["auto", "terrain", "home", "amsl", "ellipsoid", "takeoff"], FLIGHT
    ] = "auto",
    ground_elevation: Annotated[float | None, FLIGHT] = None,
    vehicle: Annotated[int | None, FLIGHT] = None,
    topic: Annotated[str | None, FLIGHT] = None,
    fastest: Annotated[float, FLIGHT] = 60.0,
    longest_gap: Annotated[float, FLIGHT] = 3.0,
    wind_average: Annotated[float, FLIGHT] = 30.0,
    clock_offset: Annotated[float | None, CLOCK] = None,
    clock_offset_max: Annotated[float | None, CLOCK] = None,
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
    response_time: Annotated[float | None, SURVEY] = None,
    measurement_height: Annotated[float | None, SURVEY] = None,
    roughness_length: Annotated[float | None, SURVEY] = None,
    search_margin: Annotated[float | None, SURVEY] = None,
    search_x: Annotated[Range | None, SURVEY] = None,
    search_y: Annotated[Range | None, SURVEY] = None,
    release_height: Annotated[Range | None, SURVEY] = None,
    max_sources: Annotated[int | None, SURVEY] = None,
    json: Json = False,
) -> None:
    r"""Make a survey folder from the log of a flight and the log of its gas sensor.

    Flight logs are MAVLink telemetry (.tlog), ArduPilot DataFlash (.bin), PX4 ULog (.ulg) and
    MCAP with positions in JSON or as NavSatFix. Each reading gets the place and height at which
    the vehicle was in the middle of its interval, and a time in UTC. How far the logger's clock is
    off is told by positions, pressure or heights that it recorded too, or else by passes over the
    gas in different directions, each with a 90 % interval; where nothing tells it, that is said.
    What is broken is said and counted; what can't be known is asked for, all of it at once, and
    until then nothing is written.

    ```
    barlovento ingest flight.tlog gas.csv --out survey --species methane \
        --unit concentration=ppm --time-zone UTC --averaging-time 1 --background unknown \
        --constant temperature=288.15 --roughness-length 0.03 --search-margin 100 \
        --release-height 0 5 --max-sources 3
    barlovento ingest 00000042.BIN gas.csv --wind mast.csv --measurement-height 3 ...
    barlovento ingest flight.ulg gas.csv --height amsl --ground-elevation 612 ...
    ```

    Parameters
    ----------
    flight
        The flight log; its content says which kind, not its name.
    gas
        The readings, any delimited text.
    out
        The new survey folder; it must not exist.
    wind
        A wind record; without it the autopilot's own estimate is taken, which is less sure.
    height
        Which logged height becomes z: above terrain, home (take-off), amsl or ellipsoid less
        --ground-elevation, or takeoff for the height above the log's first seconds. auto takes
        terrain, else home, and never the sea's or the ellipsoid's.
    ground_elevation
        Of the ground, in the reference of --height amsl or ellipsoid [m].
    vehicle
        MAVLink system number, where a telemetry log holds several vehicles.
    topic
        Of the position, where an MCAP recording holds several.
    fastest
        Positions that need a faster vehicle are left out and counted; 60 unless given [m/s].
    longest_gap
        Longer gaps between positions are not bridged; 3 unless given [s].
    wind_average
        The autopilot's wind is averaged over this; 30 unless given [s].
    clock_offset
        Added to the logger's times before anything else [s].
    clock_offset_max
        After that the clocks differ by at most this; 30 unless given, 0 for exact clocks [s].
    column
        Our column and the header there, as concentration=CH4_dry; an empty header for none.
    wind_column
        The same for the wind.
    unit
        Our column and its unit there, as concentration=ppm or pressure=hPa.
    constant
        Our column and the one value of all rows in SI units, as temperature=288.15.
    time_zone
        Of times that name none: UTC, +02:00 or Europe/Madrid.
    wind_time_zone
        The wind's, where it differs.
    time_pattern
        As %d/%m/%Y %H:%M:%S, where times are not ISO 8601.
    wind_time_pattern
        The wind's.
    time_marks
        Whether a time is the end, middle or start of its interval.
    species
        Name or CAS number of the gas.
    title
        For people; the flight log's name unless given.
    averaging_time
        Of each reading, in seconds [s].
    background
        In the units of the readings, or the word unknown.
    detection_limit
        In the units of the readings [as the file has it].
    response_time
        Of the sensor [s].
    measurement_height
        Of the wind, above ground; the vehicle's for the autopilot's estimate [m].
    roughness_length
        Of the ground: about 0.03 for grass, 0.1 for crops, 1 for towns [m].
    search_margin
        Search the area of the readings and so much around it [m].
    search_x
        West and east edge of the area to search instead [degree].
    search_y
        South and north edge of the area to search instead [degree].
    release_height
        Lowest and highest release above ground [m].
    max_sources
        Largest number of sources considered.
    json
        Print one JSON object on stdout; what people read goes to stderr.
    """
    from barlovento.fly.asking import LoggerKeys, SurveyKeys
    from barlovento.fly.ingest import ingest as make
    from barlovento.fly.logs.clocking import ClockKeys
    from barlovento.fly.logs.inputs import FlightKeys

    with progress_bar() as progress:
        made = make(
            flight,
            gas,
            out,
            wind_csv=wind,
            flight=FlightKeys(
                vehicle=vehicle,
                topic=topic,
                height=height,
                ground_elevation=ground_elevation,
                fastest=fastest,
                longest_gap=longest_gap,
                wind_average=wind_average,
            ),
            logger=LoggerKeys(
                columns=pairs("--column", column),
                wind_columns=pairs("--wind-column", wind_column),
                units=pairs("--unit", unit),
                constants=numbers("--constant", constant),
                time_zone=time_zone,
                wind_time_zone=wind_time_zone,
                time_pattern=time_pattern,
                wind_time_pattern=wind_time_pattern,
                time_marks=time_marks,
            ),
            clock=ClockKeys(offset=clock_offset, most=clock_offset_max),
            survey=SurveyKeys(
                species=species,
                title=title,
                averaging_time_s=averaging_time,
                background=background_of(background),
                measurement_height_m=measurement_height,
                roughness_length_m=roughness_length,
                search_x=search_x,
                search_y=search_y,
                release_height_m=release_height,
                max_sources=max_sources,
                detection_limit=detection_limit,
                response_time_s=response_time,
            ),
            search_margin=search_margin,
            progress=progress,
        )
    from barlovento.cli.tables import show_survey_made

    screen = console(json=json)
    for line in fault_lines(made.warnings):
        screen.print(line, soft_wrap=True)
    show_survey_made(screen, made.path, made.said)
    if json:
        warnings = [fault_document(fault) for fault in made.warnings]
        emit({"survey": str(made.path), **made.record, "faults": warnings})
