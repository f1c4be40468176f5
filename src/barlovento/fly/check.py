"""Saying everything that is wrong or doubtful about a survey folder, without raising."""

from __future__ import annotations

from pathlib import Path

from barlovento.errors import Fault, SurveyError
from barlovento.fly.survey import examine


def check_survey(path: str | Path) -> list[Fault]:
    """Return all faults and warnings of a survey folder at once.

    Parameters
    ----------
    path : str or Path
        The folder.

    Returns
    -------
    list of Fault
        Errors before warnings; empty where nothing is wrong. Without an error among them,
        :func:`barlovento.fly.survey.read_survey` succeeds.
    """
    try:
        _, faults = examine(path)
    except SurveyError as problem:
        return list(problem.faults)
    return list(faults.all)
