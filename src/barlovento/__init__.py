"""Barlovento finds hidden chemical emitters from gas and wind readings.

Importing the package does no work: each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from barlovento.domain.observation import Meteorology, Observations, SearchArea, Survey
    from barlovento.domain.source import Posterior, Source
    from barlovento.domain.species import Species
    from barlovento.errors import BadInput, BarloventoError, Fault, SurveyError
    from barlovento.fly.check import check_survey
    from barlovento.fly.from_csv import survey_from_csv
    from barlovento.fly.survey import join_frames, read_survey
    from barlovento.fly.template import new_survey
    from barlovento.locate.infer import infer

_HOMES = {
    "read_survey": "barlovento.fly.survey",
    "join_frames": "barlovento.fly.survey",
    "check_survey": "barlovento.fly.check",
    "new_survey": "barlovento.fly.template",
    "survey_from_csv": "barlovento.fly.from_csv",
    "infer": "barlovento.locate.infer",
    "Survey": "barlovento.domain.observation",
    "Observations": "barlovento.domain.observation",
    "Meteorology": "barlovento.domain.observation",
    "SearchArea": "barlovento.domain.observation",
    "Species": "barlovento.domain.species",
    "Posterior": "barlovento.domain.source",
    "Source": "barlovento.domain.source",
    "BarloventoError": "barlovento.errors",
    "BadInput": "barlovento.errors",
    "SurveyError": "barlovento.errors",
    "Fault": "barlovento.errors",
}

__all__ = [
    "__version__",
    "read_survey",
    "join_frames",
    "check_survey",
    "new_survey",
    "survey_from_csv",
    "infer",
    "Survey",
    "Observations",
    "Meteorology",
    "SearchArea",
    "Species",
    "Posterior",
    "Source",
    "BarloventoError",
    "BadInput",
    "SurveyError",
    "Fault",
]


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name what can be loaded, for those who explore with the tab key."""
    return sorted({*globals(), *_HOMES})
