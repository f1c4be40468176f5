"""Numbers, rates, areas, places and times as people read them; nothing is computed anew here."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime

HECTARE = 1e4
SQUARE_KILOMETRE = 1e6

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


def between(low: float, high: float, *, grams: bool = False) -> str:
    """Return a range of emission rates in kg/h, or in g/s on request.

    Parameters
    ----------
    low, high : float
        Emission rates [kg s-1].
    grams : bool
        Whether in g/s.

    Returns
    -------
    str
        As it is printed.
    """
    form = grams_per_second if grams else kg_per_hour
    low_text, high_text = form(low), form(high)
    if low_text.split()[-1] == high_text.split()[-1]:
        low_text = low_text.split()[0]
    return f"{low_text} to {high_text}"


def join(items: Sequence[str]) -> str:
    """Return "a, b and c"."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def shortened(text: str, most: int) -> str:
    """Return the text in one line of at most so many letters, cut with an ellipsis."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


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
