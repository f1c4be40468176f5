"""The answer in plain words; nothing is computed anew here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from barlovento.domain.observation import Survey
from barlovento.domain.source import Posterior, Source
from barlovento.share import printed

SEEN = 0.9
"""A source counts as one that would have been seen from this probability on."""
CHAINS_DIFFER = 1.1
"""R-hat above which regions are not to be relied on [1]."""
MOSTLY = 0.8
"""Share of the area from which on "most of the area" is fair."""
VAGUE = 0.25
"""A region that covers more of the search area than this is called vague."""

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is said first.

    Parameters
    ----------
    kind : str
        ``"found"``, ``"nothing"`` or ``"open"`` (the readings can't answer).
    headline : str
        One short sentence.
    sentences : tuple of str
        What a person needs to know beside it.
    """

    kind: Literal["found", "nothing", "open"]
    headline: str
    sentences: tuple[str, ...]


def answer(posterior: Posterior) -> Answer:
    """Return the answer in plain words, the honest ones "nothing" and "can't tell" included."""
    if posterior.sources:
        return _found(posterior)
    none = posterior.number_of_sources[0]
    # The very condition for a source to be reported, turned round.
    return _nothing(posterior, none) if none > 0.5 else _open(posterior, none)


def promise(posterior: Posterior) -> str:
    """Return what regions and intervals may be relied on for; nothing where chains differ."""
    if posterior.diagnostics.max_rhat > CHAINS_DIFFER:
        return (
            "Regions and intervals are meant to hold the truth with a probability of 90 %, but the "
            "chains differ: do not rely on them."
        )
    return (
        "Regions and intervals are meant to hold the truth with a probability of 90 %, given that "
        "the source exists."
    )


def label(index: int) -> str:
    """Return the number by which the source at that place of the list is called."""
    return str(index + 1)


def seen_share(posterior: Posterior) -> tuple[float, ...]:
    """Return, for each rate of the map, the share of its area where it would have been seen [1]."""
    return tuple(
        float(np.mean(posterior.searched[..., index] >= SEEN))
        for index in range(posterior.searched_rate.size)
    )


def search_area(posterior: Posterior) -> float:
    """Return the size of the area where sources were looked for [m2]."""
    prior = posterior.prior
    return (prior.x[1] - prior.x[0]) * (prior.y[1] - prior.y[0])


def not_seen(posterior: Posterior) -> str:
    """Return the sentence on which sources would have been seen over how much of the area."""
    shares = seen_share(posterior)
    if not shares:
        return ""
    # The weakest rate that is seen over most of the area, or over about as much as any rate is.
    enough = min(MOSTLY, 0.9 * max(shares))
    best = next(i for i, share in enumerate(shares) if share >= enough)
    rate, share = float(posterior.searched_rate[best]), shares[best]
    size = f"{printed.grams_per_second(rate)} ({printed.kg_per_hour(rate)})"
    if share == 0:
        return (
            f"Not even a source of {size} would have been seen anywhere in the area with a "
            f"probability of {printed.percent(SEEN)}."
        )
    return (
        f"A source of {size} would have been seen over {printed.percent(share)} of the area "
        f"searched ({printed.area(search_area(posterior))}); weaker ones may have been missed."
    )


def source_sentence(posterior: Posterior, index: int) -> str:
    """Return where one source is and how strong, in a sentence."""
    source = posterior.sources[index]
    low, median, high = source.emission_rate
    name = "It" if len(posterior.sources) == 1 else f"Source {label(index)}"
    exists = (
        ""
        if len(posterior.sources) == 1
        else f" ({printed.likelihood(source.probability)}, {printed.percent(source.probability)})"
    )
    parts = _parts(source)
    return (
        f"{name}{exists} lies, with a probability of 90 %, within {parts} of "
        f"{printed.area(source.region90_area)} and emits {printed.kg_per_hour(median)} "
        f"(90 % interval {printed.between(low, high)})."
    )


def _parts(source: Source) -> str:
    polygons = source.region90["coordinates"] if source.region90["type"] == "MultiPolygon" else [0]
    if len(polygons) == 1:
        return "a region"
    count = _NUMBERS[len(polygons)].lower() if len(polygons) < len(_NUMBERS) else len(polygons)
    return f"{count} separate regions with a total"


def _found(posterior: Posterior) -> Answer:
    found = len(posterior.sources)
    numbers = posterior.number_of_sources
    noun = "source" if found == 1 else "sources"
    count = _NUMBERS[found] if found < len(_NUMBERS) else str(found)
    exactly = numbers[found] if found < len(numbers) else 0.0
    at_least = sum(numbers[found:])
    share = printed.percent(exactly)
    if exactly < 0.9 and at_least - exactly >= 0.1:
        # How sure these are must not drown in how many more there may be.
        headline = (
            f"At least {count.lower()} {noun}, {printed.likelihood(at_least)} "
            f"({printed.percent(at_least)}); exactly {count.lower()}, {share}."
        )
    elif exactly >= 0.5:
        headline = f"{count} {noun}, {printed.likelihood(exactly)} ({share})."
    else:
        headline = f"{count} {noun}, but the number is unsure ({share})."
    sentences = [source_sentence(posterior, index) for index in range(found)]
    more = sum(numbers[found + 1 :])
    if more >= 0.05:
        sentences.append(f"There may be more that can't be placed ({printed.percent(more)}).")
    if any(source.region90_area > VAGUE * search_area(posterior) for source in posterior.sources):
        sentences.append(
            "The readings tell little about the place: a region covers much of the area searched."
        )
    return Answer(kind="found", headline=headline, sentences=tuple(sentences))


def _nothing(posterior: Posterior, none: float) -> Answer:
    return Answer(
        kind="nothing",
        headline=(
            f"No source found: {printed.likelihood(none)} that there is none "
            f"({printed.percent(none)})."
        ),
        sentences=(not_seen(posterior),),
    )


def _open(posterior: Posterior, none: float) -> Answer:
    there = (
        f"That there is at least one source has a probability of {printed.percent(1 - none)}, but "
        "no place holds a source with a probability above one half."
    )
    return Answer(
        kind="open",
        headline="The readings can't answer.",
        sentences=(there, *posterior.advice[:1], not_seen(posterior)),
    )


def titles(surveys: Sequence[Survey]) -> str:
    """Return the titles of all surveys."""
    return printed.join([survey.title for survey in surveys])


def measured(surveys: Sequence[Survey]) -> str:
    """Return what was measured, when and how often."""
    count = sum(len(survey.observations) for survey in surveys)
    first = min(
        float(survey.observations.time[0]) - survey.observations.averaging_time
        for survey in surveys
    )
    last = max(float(survey.observations.time[-1]) for survey in surveys)
    noun = "reading" if count == 1 else "readings"
    return f"{count:,} {noun} of {surveys[0].species.name}, {printed.span(first, last)}."


def place(source: Source) -> str:
    """Return the median place of a source, in degrees where it has them."""
    if source.longitude is None or source.latitude is None:
        return printed.metres(source.x, source.y)
    return printed.degrees(source.longitude, source.latitude)


def active(window: tuple[float, float] | None) -> str:
    """Return when a source was active [s since 1970], or that it was throughout.

    Parameters
    ----------
    window : tuple of float, optional
        First and last moment, seconds since 1970 [s].

    Returns
    -------
    str
        As it is printed.
    """
    return "throughout" if window is None else printed.span(*window)


def evidence(log_evidence: float) -> str:
    """Return what a log Bayes factor against no source means.

    Parameters
    ----------
    log_evidence : float
        Natural logarithm of the Bayes factor [1].

    Returns
    -------
    str
        As it is printed.
    """
    power = log_evidence / math.log(10)
    if abs(power) < 0.5:
        return "The readings are about as probable with sources as without."
    side = "with sources than without" if power > 0 else "without sources than with"
    size = (
        printed.figures(10 ** abs(power), 1)
        if abs(power) < 4
        else f"10{printed.raised(round(abs(power)))}"
    )
    return f"The readings are {size} times more probable {side}."
