"""What is said about logs: what was broken in them, and the comments of the new survey."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from barlovento.fly.asking import SurveyKeys
from barlovento.fly.faults import FaultList
from barlovento.fly.logs.record import Flight
from barlovento.fly.write import document_text

_WIDTH = 96
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def broken_words(flight: Flight, faults: FaultList) -> None:
    """Note what was broken in a flight log, counted, as warnings."""
    for what in flight.broken:
        faults.warn(
            f"{what[0].upper()}{what[1:]}.",
            "Copy the log once more if more is needed.",
            file=flight.file,
        )
    for count, what, mend in (
        (
            flight.n_no_fix,
            "positions were logged without a satellite fix and are left out.",
            "Nothing, if that was before take-off.",
        ),
        (
            flight.n_jumped,
            "positions jump farther than the vehicle can fly and are left out.",
            "Check --fastest and the receiver.",
        ),
        (
            flight.n_reordered,
            "positions stood out of order and were sorted by their own clock.",
            "Nothing, if the link was bad.",
        ),
    ):
        if count:
            faults.warn(f"{count:,} {what}", mend, file=flight.file)


def survey_text(survey: SurveyKeys, unit: str, said: Sequence[str], files: tuple[str, str]) -> str:
    """Return the text of ``survey.toml``, with what was taken for what as comments.

    Parameters
    ----------
    survey : SurveyKeys
        Complete.
    unit : str
        Of the readings.
    said : sequence of str
        For people.
    files : tuple of str
        Names of the readings and of the wind record.

    Returns
    -------
    str
        TOML.
    """
    values = {
        "schema": 1,
        "title": survey.title,
        "species": survey.species,
        "observations": {
            "file": files[0],
            "position": "geographic",
            "concentration_units": unit,
            "averaging_time_s": survey.averaging_time_s,
            "detection_limit": survey.detection_limit,
            "background": survey.background,
            "clock_offset_max_s": survey.clock_offset_max_s,
            "response_time_s": survey.response_time_s,
        },
        "meteorology": {
            "file": files[1],
            "measurement_height_m": survey.measurement_height_m,
            "roughness_length_m": survey.roughness_length_m,
        },
        "search": {
            "longitude": survey.search_x,
            "latitude": survey.search_y,
            "release_height_m": survey.release_height_m,
            "max_sources": survey.max_sources,
        },
    }
    head = ["# Made from logs by `barlovento ingest`; digests of these stand in ingest.json.", "#"]
    for sentence in said:
        plain = _CONTROL.sub(" ", sentence)
        head += textwrap.wrap(
            plain, _WIDTH, initial_indent="# - ", subsequent_indent="#   ", break_long_words=False
        )
    return "\n".join(head) + "\n\n" + document_text(values)
