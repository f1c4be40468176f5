"""Found, missed and false."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barlovento.drill.found import NEAR, Found, TrueSite, score


def report(x: float, y: float, *, radius: float = 20.0, kind: str | None = None) -> Found:
    corners = [
        [x + radius * math.cos(a), y + radius * math.sin(a)]
        for a in [k * math.tau / 32 for k in range(32)]
    ]
    region = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    return Found(
        x=x, y=y, probability=0.9, emission_rate=(1e-4, 2e-4, 4e-4), region90=region,
        region90_area=math.pi * radius**2, kind=kind,
    )  # fmt: skip


def site(x: float, y: float, kind: str = "hidden", rate: float = 1e-4) -> TrueSite:
    return TrueSite(name=f"{kind} at {x:g}", kind=kind, x=x, y=y, emission_rate=rate)


def test_found_missed_and_false() -> None:
    made = score([report(10.0, 0.0), report(900.0, 0.0)], [site(0.0, 0.0), site(0.0, 500.0)])
    assert [pair.error for pair in made.found] == [10.0]
    assert [pair.site.y for pair in made.missed] == [500.0]
    assert made.false == (1,)
    assert made.found[0].inside
    assert made.found[0].rate_ratio == pytest.approx(2.0)


def test_more_pairs_count_before_shorter_distances() -> None:
    # The nearest pair alone would leave the second site without a report.
    made = score([report(60.0, 0.0), report(-40.0, 0.0)], [site(0.0, 0.0), site(140.0, 0.0)])
    assert [pair.index for pair in made.pairs] == [1, 0]


def test_a_large_region_that_holds_the_site_counts() -> None:
    far = NEAR + 50.0
    assert score([report(far, 0.0, radius=20.0)], [site(0.0, 0.0)]).false == (0,)
    assert score([report(far, 0.0, radius=200.0)], [site(0.0, 0.0)]).false == ()


def test_unexplained_is_false_where_no_hidden_site_is() -> None:
    sites = [site(0.0, 0.0, "paint_shop"), site(500.0, 0.0)]
    reports = [
        report(0.0, 5.0, kind="unexplained"),
        report(500.0, 5.0, kind="unexplained"),
        report(2000.0, 0.0, kind="landfill"),
    ]
    made = score(reports, sites)
    assert made.false_unexplained == (0,)
    assert [pair.class_right for pair in made.pairs] == [False, True]
    assert made.false == (2,)


def test_a_site_without_the_gas_is_nobodys_to_find() -> None:
    made = score([], [site(0.0, 0.0, rate=0.0)])
    assert made.pairs == ()


places = st.lists(
    st.tuples(st.floats(-500.0, 500.0), st.floats(-500.0, 500.0)), min_size=0, max_size=9
)


@given(reports=places, sites=places)
def test_every_site_and_report_counts_once(reports: Any, sites: Any) -> None:
    made = score([report(*p) for p in reports], [site(*p) for p in sites])
    assert len(made.found) + len(made.missed) == len(sites)
    used = [pair.index for pair in made.found]
    assert len(used) == len(set(used))
    assert sorted([*used, *made.false]) == list(range(len(reports)))
    assert made.to_json()["found"] == len(used)
