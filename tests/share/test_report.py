"""The report stands alone, tells the answer first and lets nothing from a file become markup."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest

from barlovento.share.report import Provenance, report_html

CASES = ("two", "none", "poor", "geographic")
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}</title></svg>&amp;'
PICTURE = b"\x89PNG not really"
WHERE = Provenance(
    version="9.9",
    command="barlovento locate a --out b",
    made=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)


class Page(HTMLParser):
    """Collects tags, attributes, and the text a person sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words)).replace("\N{NO-BREAK SPACE}", " ")


def report(surveys: Any, posterior: Any) -> str:
    return report_html(surveys, posterior, PICTURE, WHERE).decode()


@pytest.fixture(scope="module", params=CASES)
def page(request: Any, imagined: Any) -> tuple[str, str, Page]:
    text = report(*imagined(request.param))
    return request.param, text, Page(text)


def test_nothing_is_loaded_from_elsewhere(page: tuple[str, str, Page]) -> None:
    _, text, parsed = page
    for tag, attributes in parsed.tags:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        for name in ("src", "href", "srcset", "action", "data", "xlink:href"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/png;base64,")), (tag, value)
        assert not any(name.startswith("on") for name in attributes)
    assert "@import" not in text
    assert "url(" not in text
    assert not re.search(r"https?://", text)


def test_page_is_small_and_forbids_loading(page: tuple[str, str, Page]) -> None:
    _, text, parsed = page
    assert len(text) < 3_000_000
    policies = [a for tag, a in parsed.tags if tag == "meta" and "http-equiv" in a]
    assert policies
    assert "default-src 'none'" in str(policies[0]["content"])


def test_page_can_be_read_aloud(page: tuple[str, str, Page]) -> None:
    _, _, parsed = page
    kinds = [tag for tag, _ in parsed.tags]
    assert dict(parsed.tags)["html"] == {"lang": "en"}
    assert kinds.count("h1") == 1
    headings = [int(kind[1]) for kind in kinds if re.fullmatch(r"h[1-6]", kind)]
    assert headings[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(headings))
    for tag, attributes in parsed.tags:
        if tag == "img":
            assert attributes["alt"]
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if tag == "th":
            assert attributes.get("scope") in {"row", "col"}


def test_every_anchor_has_its_place(page: tuple[str, str, Page]) -> None:
    _, _, parsed = page
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(a["href"])[1:] for tag, a in parsed.tags if tag == "a"}
    assert links <= set(ids)


def test_parts_are_all_there(page: tuple[str, str, Page]) -> None:
    case, _, parsed = page
    for heading in (
        "Map",
        "How many, and how strong",
        "What was not found",
        "What was measured",
        "How well each sensor is explained",
        "Can it be trusted?",
        "What was assumed",
        "Every assumption",
        "Provenance",
    ):
        assert heading in parsed.text
    assert ("Where to measure next" in parsed.text) == (case in {"two", "poor"})
    for words in ("barlovento 9.9", "barlovento locate a --out b", "2026-01-02 03:04:05 UTC"):
        assert words in parsed.text
    assert "a" * 64 in parsed.text


def test_answer_comes_first(imagined: Any) -> None:
    text = Page(report(*imagined("two"))).text
    assert "Two sources, likely (76 %)." in text
    # Medians of 3.4e-4 and 9e-5 kg/s are 1.2 and 0.32 kg/h.
    assert re.search(r"Source 1 \(very likely, 98 %\).{0,90} emits 1\.2 kg/h", text)
    assert "two separate regions" in text
    assert text.index("Two sources, likely") < text.index("What was measured")


def test_no_source_is_an_answer(imagined: Any) -> None:
    text = Page(report(*imagined("none"))).text
    assert "No source found: very likely that there is none (94 %)." in text
    assert re.search(r"A source of .{5,40} would have been seen over \d+ % of the area", text)
    assert "Emission rate of source" not in text


def test_cannot_answer_says_where_to_measure(imagined: Any) -> None:
    text = Page(report(*imagined("poor"))).text
    assert "The readings can't answer." in text
    assert "at least one source has a probability of 58 %" in text
    assert "fly across the wind" in text
    assert "x 60 m, y \N{MINUS SIGN}130 m" in text


def test_geographic_places_are_degrees(imagined: Any) -> None:
    text = Page(report(*imagined("geographic"))).text
    # 40 m east and 35 m north of 40.4168 N, 3.7042 W.
    assert re.search(r"40\.417\d\d° N, 3\.703\d\d° W", text)


def test_a_sensor_that_is_not_trusted_is_marked(imagined: Any) -> None:
    text = Page(report(*imagined("two"))).text
    assert "fence-2 not trusted" in text
    assert "fence-1 not trusted" not in text


def test_poor_chains_are_called_poor(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    bad = replace(posterior.diagnostics, max_rhat=1.7, min_ess=20.0)
    text = Page(report(surveys, replace(posterior, diagnostics=bad))).text
    assert "They do not agree" in text
    assert "That is few" in text
    good = Page(report(surveys, posterior)).text
    assert "They agree." in good
    assert "That is plenty." in good


def test_hostile_words_stay_words(imagined: Any) -> None:
    surveys, posterior = imagined("two", title=HOSTILE)
    species = replace(surveys[0].species, name=HOSTILE)
    surveys = (replace(surveys[0], species=species, units=HOSTILE),)
    posterior = replace(
        posterior,
        fits=tuple(replace(fit, name=HOSTILE) for fit in posterior.fits),
        advice=(HOSTILE,),
        assumptions=(HOSTILE,),
        diagnostics=replace(posterior.diagnostics, warnings=(HOSTILE,)),
        nuisance={HOSTILE: posterior.nuisance["dispersion_scale"]},
        nuisance_units={HOSTILE: HOSTILE},
        settings={HOSTILE: HOSTILE},
    )
    harmless = report(*imagined("two"))
    where = replace(WHERE, command=HOSTILE)
    text = report_html(surveys, posterior, PICTURE, where).decode()
    assert "<script" not in text
    assert "onerror=alert(1)>" not in text
    assert "{{ 7*7 }}" in text, "a template inside of a title is not run"
    before = {tag for tag, _ in Page(harmless).tags}
    after = Page(text)
    assert {tag for tag, _ in after.tags} <= before
    assert not any(name.startswith("on") for _, a in after.tags for name in a)


def test_a_sensor_without_readings_and_one_reading_are_drawn(imagined: Any) -> None:
    surveys, posterior = imagined("two")
    whole = posterior.fits[0]
    one = replace(
        whole,
        name="single",
        n=1,
        time=whole.time[:1],
        observed=whole.observed[:1],
        background=whole.background[:1],
        predicted=whole.predicted[:, :1],
    )
    none = replace(
        one, name="silent", n=0, time=one.time[:0], observed=one.observed[:0],
        background=one.background[:0], predicted=one.predicted[:, :0],
    )  # fmt: skip
    text = Page(report(surveys, replace(posterior, fits=(one, none)))).text
    assert "single" in text
    assert "silent" in text


def test_hundreds_of_sensors_keep_the_page_small(imagined: Any) -> None:
    surveys, posterior = imagined("two", n=6000)
    many = tuple(
        replace(posterior.fits[0], name=f"s{number}", trusted=number != 150)
        for number in range(300)
    )
    text = report(surveys, replace(posterior, fits=many))
    assert len(text) < 3_000_000
    assert "s299" in text
    # The doubtful one gets a chart before the others.
    assert re.search(r"<h3>s150<span", text)
