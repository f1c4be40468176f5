"""From a belief or a posterior to what is reported, with a class for each source."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from barlovento.drill.found import Found
from barlovento.drill.records import Sortie
from barlovento.drill.shots import NAMED

if TYPE_CHECKING:
    from barlovento.domain.source import Posterior

REGISTER_ERROR = 20.0
"""Of a place in the register, along one axis (assumed) [m]."""


def from_belief(belief: Any) -> list[Found]:
    """Return what the belief names.

    Parameters
    ----------
    belief : Belief
        At the end of a sortie.
    """
    from shapely.geometry import shape

    told = []
    for source in belief.answer():
        if source.probability < NAMED:
            continue
        told.append(
            Found(
                x=float(source.x),
                y=float(source.y),
                probability=float(source.probability),
                emission_rate=tuple(float(q) for q in source.emission_rate),  # type: ignore[arg-type]
                region90=dict(source.region90),
                region90_area=float(shape(source.region90).area),
            )
        )
    return told


def from_posterior(posterior: Posterior) -> list[Found]:
    """Return what ``locate`` reports.

    Parameters
    ----------
    posterior : Posterior
        Of all readings of the species that is searched for.
    """
    return [
        Found(
            x=source.x,
            y=source.y,
            probability=source.probability,
            emission_rate=source.emission_rate,
            region90=dict(source.region90),
            region90_area=source.region90_area,
        )
        for source in posterior.sources
    ]


def with_classes(
    found: Sequence[Found],
    sortie: Sortie,
    exercise: Any,
    register: Sequence[tuple[str, str, float, float]],
    seed: int,
) -> list[Found]:
    """Return the reports with the probability of each class, where several gases were measured.

    Parameters
    ----------
    found : sequence of Found
        The reports.
    sortie : Sortie
        With all readings.
    exercise : Exercise
        For its species, its start and local time.
    register : sequence of (str, str, float, float)
        Name, kind and place [m] of the known emitters.
    seed : int
        Of the errors of the ratios.
    """
    if len(exercise.species) < 2 or not found:
        return list(found)
    from barlovento.assess.classify import explain
    from barlovento.domain.emitter import Geometry
    from barlovento.domain.species import find_species
    from barlovento.drill.ratios import species_rates

    rates = species_rates(
        sortie.rows,
        [(f.x, f.y) for f in found],
        [f.emission_rate[1] if f.emission_rate else 1e-4 for f in found],
        exercise.species,
        [find_species(name).molar_mass for name in exercise.species],
        sortie.meteorology,
        exercise.start.timestamp(),
        seed,
    )
    local = exercise.start + timedelta(hours=exercise.local_offset)
    told = []
    for report, by_species in zip(found, rates, strict=True):
        judged = explain(
            _named_by_probability(by_species, report.probability),
            Geometry(),
            local_hour=local.hour + local.minute / 60.0,
            weekday=local.weekday(),
            distance_to_registered=_near(report, register),
            reasons=False,
        )
        told.append(
            replace(
                report,
                classes={name: float(p) for name, p in judged.probabilities.items()},
                kind=judged.verdict,
            )
        )
    return told


def _named_by_probability(rates: Mapping[str, Any], probability: float) -> dict[str, Any]:
    """Return the rates with the probability that there is a source at all."""
    return {
        name: replace(rate, probability=probability) if rate.detected else rate
        for name, rate in rates.items()
    }


def _near(report: Found, register: Sequence[tuple[str, str, float, float]]) -> list[Any]:
    """Return known emitters as the classifier takes them."""
    from barlovento.domain.emitter import Registered

    # A circle of the region's area holds 90 % of a round normal error: r = 2.146 sigma.
    sigma = math.sqrt(report.region90_area / math.pi) / 2.146
    return [
        Registered(
            kind=kind,
            name=name,
            distance=math.hypot(report.x - x, report.y - y),
            sigma=math.hypot(sigma, REGISTER_ERROR),
        )
        for name, kind, x, y in register
    ]
