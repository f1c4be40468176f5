"""The answer in plain words, and numbers as people read them; nothing is computed anew here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from barlovento.domain.observation import Survey
from barlovento.domain.source import Posterior, Source

HECTARE = 1e4
SQUARE_KILOMETRE = 1e6
SEEN = 0.9
"""A source counts as one that would have been seen from this probability on."""
MOSTLY = 0.8
"""Share of the area from which on "most of the area" is fair."""
VAGUE = 0.25
"""A region that covers more of the search area than this is called vague."""

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
# The calibrated words of the IPCC's guidance note on uncertainty (2010), table 1.
_LIKELIHOOD = (
    (0.99, "virtually certain"),
    (0.90, "very likely"),
    (0.66, "likely"),
    (0.33, "about as likely as not"),
    (0.10, "unlikely"),
    (0.01, "very unlikely"),
    (0.0, "exceptionally unlikely"),
)


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


def label(index: int) -> str:
    """Return the number by which the source at that place of the list is called."""
    return str(index + 1)


def likelihood(probability: float) -> str:
    """Return the word for a probability [1].

    Parameters
    ----------
    probability : float
        From 0 to 1 [1].

    Returns
    -------
    str
        As it is printed.
    """
    return next(word for bound, word in _LIKELIHOOD if probability >= bound)


def percent(probability: float) -> str:
    """Return a probability [1] as per cent; never 0 or 100, for draws can't tell that.

    Parameters
    ----------
    probability : float
        From 0 to 1 [1].

    Returns
    -------
    str
        As it is printed.
    """
    value = 100 * probability
    if value < 1:
        return "< 1 %"
    if value > 99:
        return "> 99 %"
    return f"{value:.0f} %"


def figures(value: float, digits: int = 2) -> str:
    """Return a number with so many significant figures and no exponent where that reads well.

    Parameters
    ----------
    value : float
        The number [any unit].
    digits : int
        Significant figures.

    Returns
    -------
    str
        As it is printed.
    """
    if not math.isfinite(value):
        return "unknown"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - exponent)
    # Rounding may carry, 0.0999 to 0.10.
    exponent = math.floor(math.log10(abs(rounded)))
    if exponent < -4 or exponent > 6:
        return f"{value:.{digits - 1}e}"
    return f"{rounded:,.{max(0, digits - 1 - exponent)}f}"


def area(square_metres: float) -> str:
    """Return an area [m2] in m², hectares or km².

    Parameters
    ----------
    square_metres : float
        The area [m2].

    Returns
    -------
    str
        As it is printed.
    """
    if square_metres < 1:
        return "less than 1 m²"
    if square_metres < 0.1 * HECTARE:
        return f"{figures(square_metres)} m²"
    if square_metres < SQUARE_KILOMETRE:
        return f"{figures(square_metres / HECTARE)} ha"
    return f"{figures(square_metres / SQUARE_KILOMETRE)} km²"


def kg_per_hour(rate: float) -> str:
    """Return an emission rate [kg s-1] in kg/h, or in g/h below 100 g/h.

    Parameters
    ----------
    rate : float
        Emission rate [kg s-1].

    Returns
    -------
    str
        As it is printed.
    """
    hourly = rate * 3600
    return f"{figures(hourly)} kg/h" if hourly >= 0.0995 else f"{figures(hourly * 1000)} g/h"


def grams_per_second(rate: float) -> str:
    """Return an emission rate [kg s-1] in g/s, or in mg/s below 1 mg/s.

    Parameters
    ----------
    rate : float
        Emission rate [kg s-1].

    Returns
    -------
    str
        As it is printed.
    """
    grams = rate * 1000
    return f"{figures(grams)} g/s" if grams >= 0.001 else f"{figures(grams * 1000)} mg/s"


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
    size = f"{grams_per_second(rate)} ({kg_per_hour(rate)})"
    if share == 0:
        return (
            f"Not even a source of {size} would have been seen anywhere in the area with a "
            f"probability of {percent(SEEN)}."
        )
    return (
        f"A source of {size} would have been seen over {percent(share)} of the area searched "
        f"({area(search_area(posterior))}); weaker ones may have been missed."
    )


def source_sentence(posterior: Posterior, index: int) -> str:
    """Return where one source is and how strong, in a sentence."""
    source = posterior.sources[index]
    low, median, high = source.emission_rate
    name = "It" if len(posterior.sources) == 1 else f"Source {label(index)}"
    exists = (
        ""
        if len(posterior.sources) == 1
        else f" ({likelihood(source.probability)}, {percent(source.probability)})"
    )
    parts = _parts(source)
    return (
        f"{name}{exists} lies, with a probability of 90 %, within {parts} of "
        f"{area(source.region90_area)} and emits {kg_per_hour(median)} "
        f"(90 % interval {between(low, high)})."
    )


def between(low: float, high: float) -> str:
    """Return "0.8 to 1.9 kg/h" of two emission rates [kg s-1].

    Parameters
    ----------
    low, high : float
        Emission rates [kg s-1].

    Returns
    -------
    str
        As it is printed.
    """
    low_text, high_text = kg_per_hour(low), kg_per_hour(high)
    if low_text.split()[-1] == high_text.split()[-1]:
        low_text = low_text.split()[0]
    return f"{low_text} to {high_text}"


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
    probability = numbers[found] if found < len(numbers) else 0.0
    certain = (
        f"{likelihood(probability)} ({percent(probability)})"
        if probability >= 0.5
        else f"but the number is unsure ({percent(probability)} for exactly {count.lower()})"
    )
    sentences = [source_sentence(posterior, index) for index in range(found)]
    more = sum(numbers[found + 1 :])
    if more >= 0.05:
        sentences.append(f"There may be more that can't be placed ({percent(more)}).")
    if any(source.region90_area > VAGUE * search_area(posterior) for source in posterior.sources):
        sentences.append(
            "The readings tell little about the place: a region covers much of the area searched."
        )
    return Answer(kind="found", headline=f"{count} {noun}, {certain}.", sentences=tuple(sentences))


def _nothing(posterior: Posterior, none: float) -> Answer:
    return Answer(
        kind="nothing",
        headline=f"No source found: {likelihood(none)} that there is none ({percent(none)}).",
        sentences=(not_seen(posterior),),
    )


def _open(posterior: Posterior, none: float) -> Answer:
    there = (
        f"That there is at least one source has a probability of {percent(1 - none)}, but no "
        "place holds a source with a probability above one half."
    )
    return Answer(
        kind="open",
        headline="The readings can't answer.",
        sentences=(there, *posterior.advice[:1], not_seen(posterior)),
    )


def join(items: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def titles(surveys: Sequence[Survey]) -> str:
    """Return the titles of all surveys."""
    return join([survey.title for survey in surveys])


def shortened(text: str, most: int) -> str:
    """Return the text, cut with an ellipsis where it is longer than ``most`` letters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def measured(surveys: Sequence[Survey]) -> str:
    """Return what was measured, when and how often."""
    count = sum(len(survey.observations) for survey in surveys)
    first = min(
        float(survey.observations.time[0]) - survey.observations.averaging_time
        for survey in surveys
    )
    last = max(float(survey.observations.time[-1]) for survey in surveys)
    noun = "reading" if count == 1 else "readings"
    return f"{count:,} {noun} of {surveys[0].species.name}, {span(first, last)}."


def span(first: float, last: float) -> str:
    """Return the span between two moments [s since 1970] in UTC.

    Parameters
    ----------
    first, last : float
        Seconds since 1970 [s].

    Returns
    -------
    str
        As it is printed.
    """
    start, end = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    if start.date() == end.date():
        return f"{start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC"
    return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"


def compass(degrees: float) -> str:
    """Return the nearest of sixteen points of the compass.

    Parameters
    ----------
    degrees : float
        Clockwise from north [degree].

    Returns
    -------
    str
        As it is printed.
    """
    names = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW"
    return names.split()[round(degrees / 22.5) % 16]


def units(text: str) -> str:
    """Return units as they are set in print: ``ug m-3`` as µg m⁻³."""
    printed = re.sub(r"^u(?=[a-z])", "µ", text)
    return re.sub(r"(?<=[a-z])-\d", lambda found: raised(int(found[0])), printed)


def degrees(longitude: float, latitude: float) -> str:
    """Return a place [degree] to about a metre.

    Parameters
    ----------
    longitude, latitude : float
        East and north are positive [degree].

    Returns
    -------
    str
        As it is printed.
    """
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.5f}° {north}, {abs(longitude):.5f}° {east}"


def metres(x: float, y: float) -> str:
    """Return a place in local metres [m].

    Parameters
    ----------
    x, y : float
        East and north [m].

    Returns
    -------
    str
        As it is printed.
    """
    return f"x {x:,.0f} m, y {y:,.0f} m".replace("-", "\N{MINUS SIGN}")


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
    return "throughout" if window is None else span(*window)


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
    size = figures(10 ** abs(power), 1) if abs(power) < 4 else f"10{raised(round(abs(power)))}"
    return f"The readings are {size} times more probable {side}."


def raised(number: int) -> str:
    """Return a whole number in superscript."""
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def scientific(value: float, digits: int = 2) -> str:
    """Return a number as mantissa times a power of ten, the power raised.

    Parameters
    ----------
    value : float
        The number [any unit].
    digits : int
        Significant figures.

    Returns
    -------
    str
        As it is printed.
    """
    if not (math.isfinite(value) and value):
        return figures(value)
    mantissa, power = f"{value:.{digits - 1}e}".split("e")
    return f"{mantissa} \N{MULTIPLICATION SIGN} 10{raised(int(power))}"
