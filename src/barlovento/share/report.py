"""``report.html``: one self-contained page that says first what a person needs first.

Gathers what the template shows; the template escapes every text, for titles and names come from
files that anybody may have written.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import numpy as np

from barlovento.domain.observation import Survey
from barlovento.domain.source import Posterior, SensorFit
from barlovento.share import charts, fits, plans, printed, words
from barlovento.share.excess import display_units, drawn_readings
from barlovento.share.panel import wind_sentence

MOST_CHARTS = 24
"""Sensors that get a chart; a page with hundreds is read by nobody."""

GOOD_RHAT = 1.01
FAIR_RHAT = 1.1
GOOD_ESS = 400
WIDE = 2.0
FAIR_ESS = 100

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where the page comes from.

    Parameters
    ----------
    version : str
        Of the program.
    command : str
        What the person ran.
    made : datetime
        When, with a zone.
    """

    version: str
    command: str
    made: datetime


def report_html(
    surveys: Sequence[Survey],
    posterior: Posterior,
    map_image: bytes,
    provenance: Provenance,
) -> bytes:
    """Return the page.

    Parameters
    ----------
    surveys : sequence of Survey
        What was inferred together.
    posterior : Posterior
        The answer.
    map_image : bytes
        ``map.png``, embedded.
    provenance : Provenance
        Version, command and time.
    """
    # Imported here: only a run that gets this far needs it.
    from jinja2 import BaseLoader, Environment, StrictUndefined

    room = resources.files("barlovento.share") / "templates"
    environment = Environment(
        loader=BaseLoader(),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_held_together,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.from_string((room / "report.html.j2").read_text(encoding="utf-8"))
    page = template.render(
        style=(room / "report.css").read_text(encoding="utf-8"),
        map_image=base64.b64encode(map_image).decode(),
        **_content(surveys, posterior, provenance),
    )
    return page.encode()


_BREAK = re.compile(r"(?<=\d) (?=(%|[kmµ]?g/[hs]|ha|k?m²|k?m|m/s|s|UTC|pp[mb])(?![a-zA-Z]))")


def _held_together(value: Any) -> Any:
    """Keep a number and its unit on one line; markup stays as it is."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return _BREAK.sub("\N{NO-BREAK SPACE}", value)
    return value


def _content(
    surveys: Sequence[Survey], posterior: Posterior, provenance: Provenance
) -> dict[str, Any]:
    """Return everything the template names."""
    drawn = drawn_readings(surveys, posterior)
    factor, units = display_units(surveys)
    shown = sorted(posterior.fits, key=lambda fit: (fit.trusted, -fit.n))[:MOST_CHARTS]
    shown = [fit for fit in posterior.fits if any(fit is other for other in shown) and fit.n]
    return {
        "title": words.titles(surveys),
        "measured": words.measured(surveys),
        "answer": words.answer(posterior),
        "promise": words.promise(posterior),
        "not_seen": words.not_seen(posterior),
        "sources": [_source_row(posterior, i) for i in range(len(posterior.sources))],
        "advice": posterior.advice,
        "places": _places(posterior, surveys),
        "surveys": [_survey_rows(survey) for survey in surveys],
        "count_chart": charts.count_chart(posterior),
        "rate_charts": [charts.rate_chart(posterior, i) for i in range(len(posterior.sources))],
        "close_ups": [plans.close_up(posterior, i, drawn) for i in range(len(posterior.sources))],
        "searched": _searched(posterior),
        "searched_maps": [
            (
                f"A source of {printed.kg_per_hour(float(posterior.searched_rate[index]))}",
                plans.searched_map(posterior, index, drawn),
            )
            for index in plans.telling_rates(posterior)
        ],
        "fits": [(fit, fits.fit_chart(fit, factor, units)) for fit in shown],
        "sensors": [_sensor_row(fit) for fit in posterior.fits],
        "units": printed.units(units),
        "diagnostics": _diagnostics(posterior),
        "warnings": posterior.diagnostics.warnings,
        "errors": _errors(posterior),
        "prior": _prior(posterior),
        "assumptions": posterior.assumptions,
        "provenance": _provenance(posterior, surveys, provenance),
        "version": provenance.version,
    }


def _source_row(posterior: Posterior, index: int) -> dict[str, Any]:
    source = posterior.sources[index]
    low, median, high = source.emission_rate
    return {
        "label": words.label(index),
        "probability": printed.percent(source.probability),
        "likelihood": printed.likelihood(source.probability),
        "area": printed.area(source.region90_area),
        "place": words.place(source),
        "kg_h": printed.kg_per_hour(median),
        "kg_h_range": printed.between(low, high),
        "g_s": printed.grams_per_second(median),
        "si": printed.scientific(median),
        "si_range": f"{printed.scientific(low)} to {printed.scientific(high)}",
        "active": words.active(source.active),
    }


def _places(posterior: Posterior, surveys: Sequence[Survey]) -> list[str]:
    frame = surveys[0].frame
    if not frame.geographic:
        return [printed.metres(x, y) for x, y in posterior.advice_places]
    from barlovento.share.places import to_longitude_latitude

    x, y = posterior.advice_places[:, 0], posterior.advice_places[:, 1]
    longitude, latitude = to_longitude_latitude(x, y, frame)
    return [printed.degrees(*pair) for pair in zip(longitude, latitude, strict=True)]


def _survey_rows(survey: Survey) -> dict[str, Any]:
    obs = survey.observations
    search = survey.search
    width, height = search.x[1] - search.x[0], search.y[1] - search.y[0]
    path = int(np.isfinite(obs.x2).sum())
    kinds = f", {path:,} of them along a path" if path else ""
    first = float(obs.time[0]) - obs.averaging_time
    background = "unknown, inferred for each sensor"
    if survey.background is not None:
        level = printed.figures(survey.background * survey.to_file_units)
        background = f"{level} {printed.units(survey.units)}"
    rows = [
        ("Gas", f"{survey.species.name} (CAS {survey.species.cas})"),
        ("When", printed.span(first, float(obs.time[-1]))),
        ("Readings", f"{len(obs):,} by {len(obs.sensor_names)} sensors{kinds}"),
        ("Below the detection limit", f"{int(obs.censored.sum()):,}"),
        ("Marked bad and left out", f"{obs.n_flagged:,}"),
        ("Averaging time", f"{obs.averaging_time:g} s"),
        ("Height of readings", f"{obs.z.min():.1f} to {obs.z.max():.1f} m above ground"),
        ("Background", background),
        ("Wind", wind_sentence([survey]).replace("Wind from", "from").replace("\n", ", ")),
        ("Area searched", f"{width:,.0f} m by {height:,.0f} m ({printed.area(width * height)})"),
        (
            "Height of release",
            f"{search.release_height[0]:g} to {search.release_height[1]:g} m above ground",
        ),
        ("Most sources considered", f"{search.max_sources}"),
    ]
    return {"title": survey.title, "rows": rows}


def _searched(posterior: Posterior) -> Rows:
    shares = words.seen_share(posterior)
    return [
        {
            "kg_h": printed.kg_per_hour(float(rate)),
            "g_s": printed.grams_per_second(float(rate)),
            "share": printed.percent(share),
            "width": round(100 * share),
        }
        for rate, share in zip(posterior.searched_rate, shares, strict=True)
    ]


def _sensor_row(fit: SensorFit) -> dict[str, Any]:
    return {
        "name": fit.name,
        "n": f"{fit.n:,}",
        "outliers": printed.percent(fit.outlier_fraction),
        "trusted": fit.trusted,
    }


def _diagnostics(posterior: Posterior) -> Rows:
    found = posterior.diagnostics
    rhat = found.max_rhat
    agree = (
        ("They agree.", "good")
        if rhat <= GOOD_RHAT
        else ("They agree roughly.", "fair")
        if rhat <= FAIR_RHAT
        else ("They do not agree: treat every number here as rough.", "poor")
    )
    rows = [
        {
            "name": "Agreement of the chains (largest R-hat)",
            "value": printed.figures(rhat, 4) if math.isfinite(rhat) else "unknown",
            "meaning": "The answer was sought several times from different starts; 1 means that "
            f"all found the same. {agree[0]}",
            "grade": agree[1],
        }
    ]
    if found.widened > 1.0:
        rows.append(
            {
                "name": "Regions and intervals widened by (at most)",
                "value": printed.figures(found.widened, 2),
                "meaning": "Stretches of the survey pull the answer apart by more than the model "
                "says, so the draws were spread until both agree.",
                "grade": "good" if found.widened < WIDE else "fair",
            }
        )
    if found.min_ess is not None:
        ess = found.min_ess
        enough, grade = (
            ("That is plenty.", "good")
            if ess >= GOOD_ESS
            else ("That is enough for rates and places, rough for the edge of a region.", "fair")
            if ess >= FAIR_ESS
            else ("That is few: regions and intervals are rough.", "poor")
        )
        rows.append(
            {
                "name": "Independent draws (smallest effective sample size)",
                "value": f"{ess:,.0f}",
                "meaning": f"What the {found.draws:,} draws are worth, had each been independent. "
                f"{enough}",
                "grade": grade,
            }
        )
    rows.append(
        {
            "name": "Log evidence against the model without any source",
            "value": printed.figures(posterior.log_evidence, 3),
            "meaning": words.evidence(posterior.log_evidence),
            "grade": "none",
        }
    )
    return rows


def _errors(posterior: Posterior) -> Rows:
    """Return what the inference found to be wrong with wind, plume and sensors."""
    rows = []
    for name, draws in posterior.nuisance.items():
        if name == "log_likelihood":
            continue
        low, middle, high = np.nanquantile(draws, [0.05, 0.5, 0.95])
        unit = posterior.nuisance_units[name]
        rows.append(
            {
                "name": name.replace("_", " "),
                "median": f"{middle:.3g}",
                "range": f"{low:.3g} to {high:.3g}",
                "unit": "" if unit == "1" else printed.units(unit),
            }
        )
    return rows


def _prior(posterior: Posterior) -> list[tuple[str, str]]:
    prior = posterior.prior
    low, high = (prior.rate_median * prior.rate_gsd**k for k in (-1.645, 1.645))
    place = (
        f"anywhere in the area searched alike: {prior.x[0]:,.0f} to {prior.x[1]:,.0f} m east, "
        f"{prior.y[0]:,.0f} to {prior.y[1]:,.0f} m north, "
        f"{prior.z[0]:g} to {prior.z[1]:g} m above ground"
    )
    rate = (
        f"lognormal, median {printed.kg_per_hour(prior.rate_median)} "
        f"({printed.grams_per_second(prior.rate_median)}), geometric standard deviation "
        f"{prior.rate_gsd:g}: with 90 % probability {printed.between(low, high)}"
    )
    number = "; ".join(f"{n}: {printed.percent(p)}" for n, p in enumerate(prior.number))
    return [("Number of sources", number), ("Place", place), ("Emission rate", rate)]


def _provenance(
    posterior: Posterior, surveys: Sequence[Survey], provenance: Provenance
) -> list[tuple[str, str]]:
    rows = [
        (f"Survey {survey.title!r}, SHA-256" if len(surveys) > 1 else "Survey, SHA-256", digest)
        for survey, digest in zip(surveys, posterior.survey_digests, strict=False)
    ]
    settings: Mapping[str, Any] = posterior.settings
    return [
        *rows,
        ("Program", f"barlovento {provenance.version}"),
        ("Command", provenance.command),
        ("Seed", str(posterior.seed)),
        ("Draws", f"{posterior.diagnostics.draws:,}"),
        *(
            (str(name).replace("_", " ").capitalize(), str(value))
            for name, value in settings.items()
        ),
        ("Made", f"{provenance.made.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
    ]
