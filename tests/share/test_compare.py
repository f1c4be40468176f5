"""Found against true is paired as a person would."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from barlovento.share.compare import TrueSource, compare


@pytest.fixture
def sources(imagined: Any) -> Any:
    return imagined("two")[1].sources


def test_pairs_the_nearest_and_measures(sources: Any) -> None:
    first, second = sources
    true = [
        TrueSource(x=second.x + 3.0, y=second.y + 4.0, emission_rate=second.emission_rate[1] / 2),
        TrueSource(x=first.x, y=first.y, emission_rate=first.emission_rate[1]),
    ]
    found = compare(sources, true)
    assert [match.index for match in found.matches] == [1, 0]
    assert found.matches[0].error == pytest.approx(5.0)
    assert found.matches[0].rate_ratio == pytest.approx(2.0)
    assert found.matches[0].inside
    assert found.matches[1].rate_inside
    assert found.extra == ()


def test_missed_and_extra_sources_are_told(sources: Any) -> None:
    far = TrueSource(x=5000.0, y=0.0, emission_rate=1.0)
    near = TrueSource(x=sources[0].x, y=sources[0].y, emission_rate=1e-4)
    missed = compare(sources[:1], [near, far])
    assert [match.index for match in missed.matches] == [0, None]
    assert not missed.matches[1].inside
    assert compare(sources, [near]).extra == (1,)
    assert compare(sources, []).extra == (0, 1)
    assert compare([], [near]).matches[0].found is None


def test_the_whole_pairing_counts_not_the_first(sources: Any) -> None:
    # In a row at 0, 10, 14: taking the nearest pair first would leave one at 10 for one at 0.
    found = [replace(sources[0], x=10.0, y=0.0), replace(sources[0], x=0.0, y=0.0)]
    true = [TrueSource(x=14.0, y=0.0, emission_rate=1.0), TrueSource(x=9.0, y=0.0, emission_rate=1)]
    assert [match.index for match in compare(found, true).matches] == [0, 1]


def test_outside_of_the_region(sources: Any) -> None:
    out = TrueSource(x=sources[0].x + 200.0, y=sources[0].y, emission_rate=1.0)
    match = compare(sources[:1], [out]).matches[0]
    assert not match.inside
    assert not match.rate_inside
    assert match.error == pytest.approx(200.0)


def test_goes_into_json(sources: Any) -> None:
    import json

    true = [TrueSource(x=0.0, y=0.0, emission_rate=1e-4)]
    document = json.loads(json.dumps(compare(sources, true).to_json()))
    assert document["matches"][0]["true"]["emission_rate_kg_s"] == 1e-4
    assert document["extra"] == [1] or document["extra"] == [0]
