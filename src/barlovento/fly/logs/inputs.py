"""Reading every file that an ingestion needs, and telling all that is wrong or absent at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from barlovento.domain.species import Species
from barlovento.errors import BadInput, SurveyError
from barlovento.fly import guess
from barlovento.fly.asking import (
    LoggerKeys,
    SurveyKeys,
    check_air,
    check_given,
    check_keys,
    gas_of,
)
from barlovento.fly.faults import FaultList
from barlovento.fly.from_csv import without
from barlovento.fly.logger import LoggerFile, LoggerTable, read_logger
from barlovento.fly.logs.clocking import MOST_SEARCHED, ClockKeys
from barlovento.fly.logs.flight import read_flight
from barlovento.fly.logs.gas import GasLog, read_gas, said_of
from barlovento.fly.logs.heights import Choice, above_ground
from barlovento.fly.logs.record import Flight, FloatArray
from barlovento.fly.logs.told import broken_words

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightKeys:
    """What a person says about a flight log.

    Parameters
    ----------
    vehicle : int or None
        System number, where a telemetry log holds several.
    topic : str or None
        Topic of the position, where a recording holds several.
    height : str
        Which of its heights become ``z``; see :func:`barlovento.fly.logs.heights.above_ground`.
    ground_elevation : float or None
        In the reference of ``height`` [m].
    fastest : float
        No vehicle goes faster over ground [m s-1].
    longest_gap : float
        Longer gaps between positions are not bridged [s].
    wind_average : float
        The autopilot's wind is averaged over this [s].
    """

    vehicle: int | None = None
    topic: str | None = None
    height: Choice = "auto"
    ground_elevation: float | None = None
    fastest: float = 60.0
    longest_gap: float = 3.0
    wind_average: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Files as they were read.

    Parameters
    ----------
    flight : Flight
        In UTC.
    height : ndarray, shape (n,)
        Of its places above ground [m].
    gas : GasLog
        On the logger's clock.
    wind : LoggerTable or None
        The person's wind record.
    """

    flight: Flight
    height: FloatArray
    gas: GasLog
    wind: LoggerTable | None


@dataclass(slots=True, kw_only=True)
class Reader:
    """Reads the files; what is said and what is doubtful gathers in it.

    Parameters
    ----------
    flight_log, gas_log : Path
        The files.
    wind_csv : Path or None
        A wind record.
    flight_keys : FlightKeys
        What the person says about the flight log.
    logger : LoggerKeys
        What the person says about the gas log.
    clock : ClockKeys
        What the person knows about the gas logger's clock.
    survey : SurveyKeys
        What no file says.
    search_margin : float or None
        Stands for the area to search where it is given [m].
    progress : callable
        Takes the share that is done and what is being done.
    """

    flight_log: Path
    gas_log: Path
    wind_csv: Path | None
    flight_keys: FlightKeys
    logger: LoggerKeys
    clock: ClockKeys
    survey: SurveyKeys
    search_margin: float | None
    progress: Progress
    faults: FaultList = field(default_factory=FaultList)
    said: list[str] = field(default_factory=list)

    def read(self) -> Inputs:
        """Read all files.

        Returns
        -------
        Inputs
            All of them.

        Raises
        ------
        SurveyError
            Everything that is wrong with any of them, or that nobody has said.
        """
        faults, keys = self.faults, self.flight_keys
        species = gas_of(self.survey, faults)
        check_keys(self.logger, faults, more=guess.CLOCK)
        self._check_numbers()
        flight, height = None, None
        try:
            flight = read_flight(
                self.flight_log,
                vehicle=keys.vehicle,
                topic=keys.topic,
                fastest=keys.fastest,
                tell=lambda share: self.progress(0.7 * share, "reading the flight log"),
            )
            above = above_ground(flight, keys.height, keys.ground_elevation)
            height = above.height
            self.said += [*flight.said, f"UTC is told {flight.clock}.", above.told]
            broken_words(flight, faults)
        except BadInput as problem:
            faults.problem(problem)
        self.progress(0.7, "reading the gas log")
        gas = read_gas(self.gas_log, self.logger, species, faults)
        wind = self._read_wind(species)
        self._check(gas, wind, flight)
        if faults.errors or flight is None or height is None or gas is None:
            raise SurveyError(faults.errors)
        self.said += said_of(gas)
        return Inputs(flight=flight, height=height, gas=gas, wind=wind)

    def _check_numbers(self) -> None:
        """Tell numbers that can't be meant; what the survey says is checked with it."""
        keys, clock = self.flight_keys, self.clock
        for name, value, least, most in (
            ("fastest", keys.fastest, 0.1, 1000.0),
            ("longest_gap", keys.longest_gap, 0.01, 3600.0),
            ("wind_average", keys.wind_average, 1.0, 3600.0),
            ("ground_elevation", keys.ground_elevation, -1000.0, 10_000.0),
            ("clock_offset", clock.offset, -1e10, 1e10),
            ("clock_offset_max", clock.most, 0.0, MOST_SEARCHED),
            ("search_margin", self.search_margin, 0.0, 50_000.0),
            ("averaging_time_s", self.survey.averaging_time_s, 0.001, 7 * 86400.0),
        ):
            if value is not None and not least <= value <= most:
                self.faults.add(
                    f"{value:g} is out of bounds.",
                    f"It must be at least {least:g} and at most {most:g}.",
                    column=name,
                )

    def _read_wind(self, species: Species | None) -> LoggerTable | None:
        if self.wind_csv is None:
            return None
        keys = self.logger
        file = LoggerFile(
            path=self.wind_csv,
            names=without(guess.METEOROLOGY, keys.constants),
            columns=keys.wind_columns,
            units=keys.units,
            zone=keys.wind_time_zone or keys.time_zone,
            pattern=keys.wind_time_pattern,
        )
        wind = read_logger(file, gas=species, faults=self.faults)
        for name in ("wind_speed", "wind_from_direction"):
            if wind is not None and not wind.table.has(name) and name not in keys.constants:
                self.faults.add(
                    f"No column can be told to be the {name}.",
                    f"Say which, as in --wind-column {name}=NAME.",
                    file=self.wind_csv.name,
                    column=name,
                )
        self.said += wind.said if wind is not None else ()
        return wind

    def _check(self, gas: GasLog | None, wind: LoggerTable | None, flight: Flight | None) -> None:
        """Ask for what no file says."""
        survey, keys = self.survey, self.logger
        if self.search_margin is not None:
            survey = replace(
                survey,
                search_x=survey.search_x or (0.0, 1.0),
                search_y=survey.search_y or (0.0, 1.0),
            )
        if self.wind_csv is None:
            survey = replace(survey, measurement_height_m=survey.measurement_height_m or 1.0)
        table = gas.table if gas is not None else None
        if flight is not None and table is not None:
            places = {"longitude": flight.longitude, "latitude": flight.latitude}
            inner = replace(table.table, numbers={**table.table.numbers, **places})
            table = replace(table, table=inner)
        check_given(survey, table, keys, self.faults)
        if flight is None or flight.air[0].size:
            # The autopilot measures the pressure; its temperature is that of a warm board.
            keys = replace(keys, constants={"pressure": 1.0, **keys.constants})
        stand_in = wind
        if wind is None and gas is not None:
            stand_in = replace(gas.table, table=replace(gas.table.table, numbers={}))
        check_air(gas.table if gas is not None else None, stand_in, keys, self.faults)
