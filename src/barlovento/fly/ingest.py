"""A flight log and a gas log -> a survey folder on one clock, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.units import parse_unit
from barlovento.errors import BadInput, Fault, SurveyError
from barlovento.fly import guess
from barlovento.fly.asking import (
    LoggerKeys,
    SurveyKeys,
)
from barlovento.fly.cells import FloatArray, Words
from barlovento.fly.check import check_survey
from barlovento.fly.document import DOCUMENT
from barlovento.fly.faults import FaultList
from barlovento.fly.fresh import fresh_folder
from barlovento.fly.from_csv import in_their_words, wind_record
from barlovento.fly.logger import LoggerTable
from barlovento.fly.logs.bytestream import digest_of
from barlovento.fly.logs.clocking import ClockKeys, Settled, settle
from barlovento.fly.logs.gas import ends_of
from barlovento.fly.logs.heights import at_times
from barlovento.fly.logs.inputs import FlightKeys, Inputs, Progress, Reader
from barlovento.fly.logs.record import BoolArray, Flight
from barlovento.fly.logs.told import survey_text
from barlovento.fly.logs.wind import autopilot_record, pressure_at
from barlovento.fly.write import write_table

OBSERVATIONS_FILE, METEOROLOGY_FILE, INGEST_FILE = (
    "observations.csv",
    "meteorology.csv",
    "ingest.json",
)
FILES = (DOCUMENT, OBSERVATIONS_FILE, METEOROLOGY_FILE, INGEST_FILE)
#: Slightly below the place of take-off is the ground; far below it is an error [m].
_UNDER_GROUND = -3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """A survey made from logs.

    Parameters
    ----------
    path : Path
        The folder.
    said : tuple of str
        What was taken for what.
    warnings : tuple of Fault
        What is broken or doubtful.
    record : dict
        What stands in ``ingest.json``.
    """

    path: Path
    said: tuple[str, ...]
    warnings: tuple[Fault, ...]
    record: dict[str, Any]


def ingest(
    flight_log: str | Path,
    gas_log: str | Path,
    out: str | Path,
    *,
    wind_csv: str | Path | None = None,
    flight: FlightKeys | None = None,
    logger: LoggerKeys | None = None,
    clock: ClockKeys | None = None,
    survey: SurveyKeys | None = None,
    search_margin: float | None = None,
    progress: Progress | None = None,
) -> Ingested:
    """Make a survey folder from the log of a flight and the log of the gas sensor on board.

    Parameters
    ----------
    flight_log : str or Path
        MAVLink .tlog, ArduPilot .bin, PX4 .ulg or .mcap.
    gas_log : str or Path
        Delimited text.
    out : str or Path
        The new folder; it must not exist.
    wind_csv : str or Path, optional
        A wind record; without it the autopilot's own estimate is taken.
    flight, logger, clock, survey : optional
        What the person says about each.
    search_margin : float, optional
        The area to search is that of the readings and so much around it, where ``survey`` gives
        none [m].
    progress : callable, optional
        Takes the share that is done and what is being done.

    Returns
    -------
    Ingested
        The folder, what was taken for what, and what is doubtful.

    Raises
    ------
    SurveyError
        Something is wrong or can't be told; as much of it at once as can be, and nothing is
        written.
    BadInput
        ``out`` is there already or can't be written.
    """
    reader = Reader(
        flight_log=Path(flight_log),
        gas_log=Path(gas_log),
        wind_csv=Path(wind_csv) if wind_csv else None,
        flight_keys=flight or FlightKeys(),
        logger=logger or LoggerKeys(),
        clock=clock or ClockKeys(),
        survey=survey or SurveyKeys(),
        search_margin=search_margin,
        progress=progress or _silent,
    )
    job = _Job(reader=reader, survey=reader.survey)
    with fresh_folder(Path(out)) as folder:
        record, warnings = job.run(folder)
    return Ingested(path=Path(out), said=tuple(job.said), warnings=warnings, record=record)


@dataclass(slots=True, kw_only=True)
class _Job:
    """One ingestion, from files that are read to files that are written."""

    reader: Reader
    survey: SurveyKeys

    @property
    def faults(self) -> FaultList:
        """Return where doubts gather."""
        return self.reader.faults

    @property
    def said(self) -> list[str]:
        """Return where gathers what was taken for what."""
        return self.reader.said

    def run(self, folder: Path) -> tuple[dict[str, Any], tuple[Fault, ...]]:
        """Write the survey into an empty folder; return its record and what is doubtful."""
        inputs = self.reader.read()
        flight, height, gas, wind = inputs.flight, inputs.height, inputs.gas, inputs.wind
        assert self.survey.averaging_time_s is not None
        average = self.survey.averaging_time_s
        ends = ends_of(gas, self.reader.logger, average)
        self.reader.progress(0.8, "comparing clocks")
        settled = settle(
            gas.signals,
            ends - average / 2,
            gas.table.table.numbers["concentration"],
            flight,
            keys=self.reader.logger,
            known=self.reader.clock,
            file=self.reader.gas_log.name,
        )
        self._tell_clock(settled)
        record, kept_wind, wind_kind = self._wind(flight, height, wind)
        # A record that the person gives is theirs to mend; the estimate can't be longer.
        span = None if wind is not None else (record["time"][0], record["time"][-1])
        ends += settled.seconds
        numbers, words, kept, counts = self._readings(inputs, ends, span)
        keys = self._completed(numbers, settled)
        self.reader.progress(0.95, "writing")
        write_table(folder / OBSERVATIONS_FILE, numbers, words)
        write_table(folder / METEOROLOGY_FILE, record, {})
        unit = parse_unit(str(gas.table.matches["concentration"].unit)).name
        text = survey_text(keys, unit, self.said, (OBSERVATIONS_FILE, METEOROLOGY_FILE))
        (folder / DOCUMENT).write_text(text, encoding="utf-8")
        told = self._record(flight, settled, counts, wind_kind)
        (folder / INGEST_FILE).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        lines = {OBSERVATIONS_FILE: (gas.table, gas.table.table.line[kept])}
        if wind is not None:
            lines[METEOROLOGY_FILE] = (wind, wind.table.line[kept_wind])
        found = [in_their_words(fault, lines) for fault in check_survey(folder)]
        if any(fault.severity == "error" for fault in found):
            raise SurveyError([fault for fault in found if fault.severity == "error"])
        return told, (*self.faults.warnings, *found)

    def _tell_clock(self, settled: Settled) -> None:
        self.said.extend(settled.told)
        if settled.doubt:
            self.faults.warn(
                f"{settled.told[0]} {settled.doubt}",
                "Give --clock-offset or a smaller --clock-offset-max where you know them, or log "
                "positions or pressure with the gas.",
                file=self.reader.gas_log.name,
                column="time",
            )

    def _readings(
        self, inputs: Inputs, ends: FloatArray, span: tuple[float, float] | None
    ) -> tuple[dict[str, FloatArray], dict[str, Words], BoolArray, dict[str, int]]:
        """Return columns of the readings in flight, which rows they are, and how many are not."""
        assert self.survey.averaging_time_s is not None
        gap = self.reader.flight_keys.longest_gap
        flight, height, table = inputs.flight, inputs.height, inputs.gas.table.table
        middle = ends - self.survey.averaging_time_s / 2
        kept = np.isfinite(middle) & (middle >= flight.time[0]) & (middle <= flight.time[-1])
        if not kept.any():
            raise SurveyError(
                [
                    Fault(
                        what="No reading of the gas falls into the flight.",
                        mend="Check the clocks (--clock-offset, --time-zone) and the files.",
                        file=table.file,
                        column="time",
                    )
                ]
            )
        numbers = {"time": ends[kept]}
        for name in ("longitude", "latitude"):
            place = at_times(flight, getattr(flight, name), middle[kept], longest_gap=gap)
            numbers[name] = np.round(place, 8)
        z = at_times(flight, height, middle[kept], longest_gap=gap)
        under = z < _UNDER_GROUND
        numbers["z"] = np.round(np.where(z < 0, 0.0, z), 3)
        numbers["concentration"] = table.numbers["concentration"][kept]
        nowhere = np.isnan(numbers["longitude"]) | np.isnan(z)
        calm = np.zeros(under.size, dtype=bool)
        if span is not None:
            first = span[0] - self.reader.flight_keys.wind_average
            calm = ((ends[kept] < first) | (ends[kept] > span[1])) & ~nowhere & ~under
        words = {
            name: replace(column, code=column.code[kept])
            for name, column in table.words.items()
            if name in ("sensor", "species")
        }
        words["flag"] = _flags(table.words.get("flag"), kept, nowhere | under | calm)
        counts = {
            "readings": int(kept.sum()),
            "outside_the_flight": int((~kept).sum()),
            "without_a_place": int((nowhere & ~under).sum()),
            "under_ground": int(under.sum()),
            "without_wind": int(calm.sum()),
            "positions": len(flight),
            "positions_without_fix": flight.n_no_fix,
            "positions_that_jump": flight.n_jumped,
            "positions_twice": flight.n_duplicate,
            "positions_reordered": flight.n_reordered,
        }
        self._tell_counts(counts)
        return numbers, words, kept, counts

    def _tell_counts(self, counts: Mapping[str, int]) -> None:
        gap = self.reader.flight_keys.longest_gap
        if counts["outside_the_flight"]:
            self.said.append(
                f"{counts['outside_the_flight']:,} of the gas log's rows are outside the flight "
                "and left out."
            )
        for name, what, mend in (
            (
                "without_a_place",
                "fall into gaps of the track and are flagged bad",
                f"Give --longest-gap above {gap:g} s to bridge them.",
            ),
            (
                "under_ground",
                "would be metres under the ground and are flagged bad",
                "Check --height and --ground-elevation.",
            ),
            (
                "without_wind",
                "are from before or after the autopilot's estimate of the wind and are flagged bad",
                "Give a wind record with --wind FILE to use them.",
            ),
        ):
            if counts[name]:
                self.faults.warn(
                    f"{counts[name]:,} of {counts['readings']:,} readings {what}.",
                    mend,
                    file=self.reader.flight_log.name,
                )

    def _wind(
        self, flight: Flight, height: FloatArray, wind: LoggerTable | None
    ) -> tuple[dict[str, FloatArray], Any, str]:
        """Return the wind record, which rows of the person's file it is, and what it is."""
        interval = self.reader.flight_keys.wind_average
        kept = np.empty(0, dtype=np.int64)
        if wind is not None:
            record, kept = wind_record(wind, self.reader.logger)
            kind = f"file {wind.table.file}"
        else:
            try:
                record, estimated_at = autopilot_record(flight, height, interval)
            except BadInput as problem:
                self.faults.problem(problem)
                raise SurveyError(self.faults.errors) from problem
            kind = f"the autopilot's estimate, {interval:g} s means"
            if self.survey.measurement_height_m is None:
                estimated_at = round(max(estimated_at, 1.0), 1)
                self.survey = replace(self.survey, measurement_height_m=estimated_at)
            self.said.append(
                f"The wind is {kind}, at {self.survey.measurement_height_m:g} m above ground. "
                "It comes from how the vehicle drifts and tilts; a mast is better."
            )
            for name, value in self.reader.logger.constants.items():
                if name in guess.METEOROLOGY:
                    record[name] = np.full(record["time"].size, float(value))
        pressure = pressure_at(flight, record["time"], interval)
        if "pressure" not in record and pressure is not None:
            record["pressure"] = pressure
            self.said.append("The pressure is the autopilot's, at the vehicle's height.")
        return record, kept, kind

    def _completed(self, numbers: Mapping[str, FloatArray], settled: Settled) -> SurveyKeys:
        """Return the survey's keys with the area to search and what is left of the clock."""
        survey = replace(self.survey, title=self.survey.title or self.reader.flight_log.stem)
        if survey.clock_offset_max_s is None:
            survey = replace(survey, clock_offset_max_s=settled.most)
        margin = self.reader.search_margin
        if margin is None:
            return survey
        lon, lat = numbers["longitude"], numbers["latitude"]
        north = margin / 111_000.0
        east = north / max(float(np.cos(np.radians(np.nanmean(lat)))), 0.01)
        box = [
            (round(float(np.nanmin(v)) - m, 6), round(float(np.nanmax(v)) + m, 6))
            for v, m in ((lon, east), (lat, north))
        ]
        self.said.append(f"The area to search is that of the readings and {margin:g} m around it.")
        return replace(
            survey, search_x=survey.search_x or box[0], search_y=survey.search_y or box[1]
        )

    def _record(
        self, flight: Flight, settled: Settled, counts: dict[str, int], wind_kind: str
    ) -> dict[str, Any]:
        files = [("flight", self.reader.flight_log, flight.sha256)]
        files.append(("gas", self.reader.gas_log, digest_of(self.reader.gas_log)))
        if self.reader.wind_csv is not None:
            files.append(("wind", self.reader.wind_csv, digest_of(self.reader.wind_csv)))
        estimate = settled.estimate
        return {
            "schema": 1,
            "inputs": [
                {"role": role, "file": path.name, "bytes": path.stat().st_size, "sha256": sha}
                for role, path, sha in files
            ],
            "flight_log": flight.kind,
            "utc": flight.clock,
            "gas_clock": {
                "added_s": round(settled.seconds, 3),
                "by": estimate.by if estimate else None,
                "low90_s": round(settled.seconds - estimate.half, 3) if estimate else None,
                "high90_s": round(settled.seconds + estimate.half, 3) if estimate else None,
            },
            "wind": wind_kind,
            "counts": counts,
            "broken": list(flight.broken),
            "said": list(self.said),
        }


def _silent(_share: float, _stage: str) -> None:
    return


def _flags(words: Words | None, kept: BoolArray, bad: BoolArray) -> Words:
    """Return the logger's flags, with ``"bad"`` where a reading has no place."""
    names = ["bad"] if words is None else [*words.names]
    code = np.full(int(kept.sum()), -1, dtype=np.int32) if words is None else words.code[kept]
    if "bad" not in names:
        names.append("bad")
    flagged = np.where(bad, np.int32(names.index("bad")), code).astype(np.int32)
    return Words(code=flagged, names=tuple(names))
