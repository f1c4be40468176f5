"""``result.json``: the machine-readable answer of one inference (DESIGN, section 4).

Holds no file access: the shell writes what is returned here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from barlovento.domain.observation import Survey
from barlovento.domain.source import Posterior, Source
from barlovento.share.places import to_survey_coordinates

SCHEMA = 1
SECONDS_PER_HOUR = 3600.0
GRAMS_PER_KILOGRAM = 1000.0

_PAIR = re.compile(r"\[\s+(-?\d[\d.e+-]*),\s+(-?\d[\d.e+-]*)\s+\]")

Json = dict[str, Any]


def result_document(
    surveys: Sequence[Survey],
    posterior: Posterior,
    *,
    version: str,
    command: str,
    elapsed: float,
) -> Json:
    """Return the whole of ``result.json``.

    Parameters
    ----------
    surveys : sequence of Survey
        What was inferred together; the first one's frame is the frame of every position.
    posterior : Posterior
        The answer.
    version : str
        Of the program.
    command : str
        What the person ran, for the record.
    elapsed : float
        Wall time from start to this file [s].

    Returns
    -------
    dict
        JSON types only, every number finite or None.
    """
    frame = surveys[0].frame
    document = {
        "schema": SCHEMA,
        "survey": " + ".join(survey.title for survey in surveys),
        "elapsed_s": round(elapsed, 3),
        "number_of_sources": {
            str(count): probability for count, probability in enumerate(posterior.number_of_sources)
        },
        "sources": [_source(source, surveys[0]) for source in posterior.sources],
        "diagnostics": {
            "min_ess": posterior.diagnostics.min_ess,
            "max_rhat": posterior.diagnostics.max_rhat,
            "widened": posterior.diagnostics.widened,
            "draws": posterior.diagnostics.draws,
            "warnings": list(posterior.diagnostics.warnings),
        },
        "prior": _prior(posterior),
        "log_evidence": posterior.log_evidence,
        "advice": list(posterior.advice),
        "advice_places": [
            to_survey_coordinates({"type": "Point", "coordinates": list(map(float, place))}, frame)
            for place in posterior.advice_places
        ],
        "assumptions": list(posterior.assumptions),
        "sensors": [
            {
                "name": fit.name,
                "readings": fit.n,
                "trusted": fit.trusted,
                "outlier_fraction": fit.outlier_fraction,
            }
            for fit in posterior.fits
        ],
        "frame": {
            "name": frame.name,
            "longitude": frame.longitude,
            "latitude": frame.latitude,
            "region_coordinates": "longitude, latitude" if frame.geographic else "x, y",
        },
        "surveys": [_survey(survey) for survey in surveys],
        "provenance": {
            "digests": list(posterior.survey_digests),
            "version": version,
            "seed": posterior.seed,
            "command": command,
            "inference_s": round(posterior.elapsed, 3),
        },
    }
    cleaned: Json = _json_types(document)
    return cleaned


def to_bytes(document: Mapping[str, Any]) -> bytes:
    """Return the document as indented UTF-8 JSON; a number that isn't finite is an error."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    # A pair of numbers on three lines makes a region unreadable.
    return (_PAIR.sub(r"[\1, \2]", text) + "\n").encode()


def utc(seconds: float) -> str:
    """Return ISO 8601 with Z of seconds since 1970 [s].

    Parameters
    ----------
    seconds : float
        Since 1970 UTC [s].

    Returns
    -------
    str
        To the second.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _source(source: Source, survey: Survey) -> Json:
    low, median, high = source.emission_rate
    quantiles = {"q05": low, "median": median, "q95": high}
    return {
        "x": source.x,
        "y": source.y,
        "z": source.z,
        "longitude": source.longitude,
        "latitude": source.latitude,
        "probability": source.probability,
        "emission_rate_kg_s": quantiles,
        "emission_rate_kg_h": {k: v * SECONDS_PER_HOUR for k, v in quantiles.items()},
        "emission_rate_g_s": {k: v * GRAMS_PER_KILOGRAM for k, v in quantiles.items()},
        "region90": to_survey_coordinates(source.region90, survey.frame),
        "region90_area_m2": source.region90_area,
        "active": None
        if source.active is None
        else {"from": utc(source.active[0]), "until": utc(source.active[1])},
    }


def _prior(posterior: Posterior) -> Json:
    prior = posterior.prior
    return {
        "number": {str(count): p for count, p in enumerate(prior.number)},
        "x_m": list(prior.x),
        "y_m": list(prior.y),
        "z_m": list(prior.z),
        "emission_rate_kg_s": {
            "distribution": "lognormal",
            "median": prior.rate_median,
            "gsd": prior.rate_gsd,
        },
    }


def _survey(survey: Survey) -> Json:
    observations = survey.observations
    return {
        "title": survey.title,
        "species": {
            "name": survey.species.name,
            "cas": survey.species.cas,
            "molar_mass_kg_mol": survey.species.molar_mass,
        },
        "readings": len(observations),
        "non_detects": int(observations.censored.sum()),
        "left_out": observations.n_flagged,
        "from": utc(float(observations.time[0]) - observations.averaging_time),
        "until": utc(float(observations.time[-1])),
        "digest": survey.digest,
    }


def _json_types(value: Any) -> Any:
    """Return ``value`` with numpy numbers as Python's and what isn't finite as None."""
    if isinstance(value, Mapping):
        return {str(key): _json_types(item) for key, item in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if hasattr(value, "tolist"):
        return _json_types(value.tolist())
    if isinstance(value, Sequence):
        return [_json_types(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
