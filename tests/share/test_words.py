"""What people read is right, to the figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from barlovento.share import printed, words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.0"),
        (0.0999, "0.10"),
        (0.00123, "0.0012"),
        (12.34, "12"),
        (99.6, "100"),
        (1234.5, "1,200"),
        (-36.2, "-36"),
        (1e-7, "1.0e-07"),
        (float("nan"), "unknown"),
        (float("inf"), "unknown"),
    ],
)
def test_figures(value: float, text: str) -> None:
    assert printed.figures(value) == text


@pytest.mark.parametrize(
    ("rate", "hourly", "grams"),
    [
        # 1 g/s is 3.6 kg/h; 1 kg/h is 0.278 g/s.
        (1e-3, "3.6 kg/h", "1.0 g/s"),
        (1 / 3600, "1.0 kg/h", "0.28 g/s"),
        (0.104, "370 kg/h", "100 g/s"),
        (2.78e-6, "10 g/h", "0.0028 g/s"),
        (1e-7, "0.36 g/h", "0.10 mg/s"),
    ],
)
def test_rates(rate: float, hourly: str, grams: str) -> None:
    assert printed.kg_per_hour(rate) == hourly
    assert printed.grams_per_second(rate) == grams


def test_ranges_name_their_unit_once_where_it_is_one() -> None:
    assert printed.between(0.8 / 3600, 1.9 / 3600) == "0.80 to 1.9 kg/h"
    assert printed.between(0.02 / 3600, 1.9 / 3600) == "20 g/h to 1.9 kg/h"
    assert printed.between(1e-3, 2e-3, grams=True) == "1.0 to 2.0 g/s"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0.2, "less than 1 m²"),
        (85.0, "85 m²"),
        (4_000.0, "0.40 ha"),
        (25_000.0, "2.5 ha"),
        (3.2e6, "3.2 km²"),
    ],
)
def test_areas(size: float, text: str) -> None:
    assert printed.area(size) == text


@pytest.mark.parametrize(
    ("probability", "text", "word"),
    [
        (0.0, "< 1 %", "exceptionally unlikely"),
        (0.004, "< 1 %", "exceptionally unlikely"),
        (0.05, "5 %", "very unlikely"),
        (0.2, "20 %", "unlikely"),
        (0.5, "50 %", "about as likely as not"),
        (0.7, "70 %", "likely"),
        (0.97, "97 %", "very likely"),
        (0.995, "> 99 %", "virtually certain"),
        (1.0, "> 99 %", "virtually certain"),
    ],
)
def test_probabilities(probability: float, text: str, word: str) -> None:
    assert printed.percent(probability) == text
    assert printed.likelihood(probability) == word


@pytest.mark.parametrize(
    ("degrees", "name"), [(0, "N"), (359, "N"), (45, "NE"), (247.5, "WSW"), (180, "S"), (11.2, "N")]
)
def test_compass(degrees: float, name: str) -> None:
    assert printed.compass(degrees) == name


def test_units_as_in_print() -> None:
    assert printed.units("ug m-3") == "µg m⁻³"
    assert printed.units("kg s-1") == "kg s⁻¹"
    assert printed.units("ppb") == "ppb"


def test_places() -> None:
    assert printed.degrees(-3.7042, 40.4168) == "40.41680° N, 3.70420° W"
    assert printed.degrees(151.2, -33.9) == "33.90000° S, 151.20000° E"
    assert printed.metres(-85.2, 1060.0) == "x \N{MINUS SIGN}85 m, y 1,060 m"


def test_times() -> None:
    # 86 400 s after 1970-01-01 is 1970-01-02.
    assert printed.span(0.0, 3600.0) == "1970-01-01 00:00 to 01:00 UTC"
    assert printed.span(0.0, 90_000.0) == "1970-01-01 00:00 to 1970-01-02 01:00 UTC"


def test_a_title_becomes_one_line() -> None:
    assert printed.shortened("a\nb\t\x1b c", 80) == "a b c"
    assert printed.shortened("x" * 90, 10) == "x" * 9 + "…"


def test_evidence_in_words() -> None:
    assert words.evidence(0.0).startswith("The readings are about as probable")
    # e^2.303 = 10, e^46.05 = 10^20.
    assert "10 times more probable with sources" in words.evidence(2.3026)
    assert "10²⁰ times more probable with sources" in words.evidence(46.05)
    assert "without sources than with" in words.evidence(-2.3026)


def test_one_source(imagined: Any) -> None:
    answer = words.answer(imagined("geographic")[1])
    assert answer.kind == "found"
    assert answer.headline == "One source, very likely (93 %)."
    assert answer.sentences[0].startswith("It lies, with a probability of 90 %, within a region of")


def test_unsure_number_is_said(imagined: Any) -> None:
    _, posterior = imagined("geographic")
    answer = words.answer(replace(posterior, number_of_sources=(0.05, 0.4, 0.3, 0.25)))
    assert answer.headline == "At least one source, very likely (95 %); exactly one, 40 %."
    assert any("There may be more" in sentence for sentence in answer.sentences)


def test_one_or_none_is_called_unsure(imagined: Any) -> None:
    _, posterior = imagined("geographic")
    answer = words.answer(replace(posterior, number_of_sources=(0.48, 0.47, 0.05)))
    assert answer.headline == "One source, but the number is unsure (47 %)."


def test_a_vague_region_is_called_vague(imagined: Any) -> None:
    _, posterior = imagined("geographic")
    # The area searched is 520 m by 380 m, nearly 20 ha.
    vague = replace(posterior.sources[0], region90_area=100_000.0)
    answer = words.answer(replace(posterior, sources=(vague,)))
    assert any("tell little about the place" in sentence for sentence in answer.sentences)


def test_weakest_rate_that_is_seen_over_most_of_the_area(imagined: Any) -> None:
    _, posterior = imagined("none")
    seen = np.zeros((10, 10, 3))
    seen[:2, :, 0] = 0.99  # a fifth of the area
    seen[:9, :, 1] = 0.95  # nine tenths
    seen[..., 2] = 1.0
    rates = np.array([1e-6, 1e-5, 1e-4])
    posterior = replace(posterior, searched=seen, searched_rate=rates)
    assert words.not_seen(posterior).startswith(
        "A source of 0.010 g/s (36 g/h) would have been seen over 90 % of the area searched"
    )
    assert words.seen_share(posterior) == (0.2, 0.9, 1.0)


def test_nothing_could_have_been_seen(imagined: Any) -> None:
    _, posterior = imagined("none")
    posterior = replace(posterior, searched=np.zeros_like(posterior.searched))
    assert words.not_seen(posterior).startswith("Not even a source of")


def test_no_promise_is_made_where_chains_differ(imagined: Any) -> None:
    _, posterior = imagined()
    apart = replace(posterior, diagnostics=replace(posterior.diagnostics, max_rhat=1.5))
    met = replace(posterior, diagnostics=replace(posterior.diagnostics, max_rhat=1.01))
    assert "do not rely" in words.promise(apart)
    assert "do not rely" not in words.promise(met)
