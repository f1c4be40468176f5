"""From draws to sources and regions."""

import json
from typing import Any

import numpy as np
import pytest
from shapely import contains_xy
from shapely.geometry import shape
from shapely.validation import explain_validity

from barlovento.domain.regions import credible_region
from barlovento.locate.summary import relabel

COVARIANCE = np.array([[400.0, 120.0], [120.0, 100.0]])

# pi chi2_2(.9) sqrt(det) = pi * 4.60517 * 160
ELLIPSE = 2314.8


def gaussian(n: int, seed: int) -> Any:
    return np.random.default_rng(seed).multivariate_normal([30.0, -5.0], COVARIANCE, n)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_region_holds_fresh_draws_and_no_more_ground_than_it_must(seed: int) -> None:
    draws, fresh = gaussian(8000, seed), gaussian(20000, seed + 100)
    region = shape(credible_region(draws[:, 0], draws[:, 1]))
    assert contains_xy(region, fresh[:, 0], fresh[:, 1]).mean() == pytest.approx(0.90, abs=0.02)
    assert region.area == pytest.approx(ELLIPSE, rel=0.10)


def test_level_is_the_share_inside() -> None:
    draws, fresh = gaussian(8000, 4), gaussian(20000, 104)
    region = shape(credible_region(draws[:, 0], draws[:, 1], level=0.5))
    assert contains_xy(region, fresh[:, 0], fresh[:, 1]).mean() == pytest.approx(0.5, abs=0.025)


def test_two_places_make_two_polygons() -> None:
    rng = np.random.default_rng(5)
    x = np.concatenate([rng.normal(0, 5, 3000), rng.normal(200, 5, 3000)])
    y = rng.normal(0, 5, 6000)
    region = credible_region(x, y)
    assert region["type"] == "MultiPolygon"
    assert len(region["coordinates"]) == 2
    held = contains_xy(shape(region), x, y)
    assert held[:3000].mean() == pytest.approx(0.9, abs=0.04)
    assert held[3000:].mean() == pytest.approx(0.9, abs=0.04)


def test_a_ring_keeps_its_hole() -> None:
    rng = np.random.default_rng(6)
    angle, radius = rng.uniform(0, 2 * np.pi, 8000), rng.normal(100, 5, 8000)
    region = shape(credible_region(radius * np.cos(angle), radius * np.sin(angle)))
    assert not contains_xy(region, 0.0, 0.0)
    assert contains_xy(region, 100 * np.cos(angle[:50]), 100 * np.sin(angle[:50])).mean() > 0.9


@pytest.mark.parametrize("n", [5, 60, 4000])
@pytest.mark.parametrize("spread", [(1e-6, 1e-6), (0.01, 50.0), (300.0, 300.0)])
def test_region_is_geojson(n: int, spread: tuple[float, float]) -> None:
    rng = np.random.default_rng(7)
    region = credible_region(rng.normal(0, spread[0], n), rng.normal(0, spread[1], n))
    polygon = shape(json.loads(json.dumps(region)))
    assert region["type"] in {"Polygon", "MultiPolygon"}
    assert polygon.is_valid, explain_validity(polygon)
    assert polygon.area > 0
    parts = polygon.geoms if region["type"] == "MultiPolygon" else [polygon]
    for part in parts:
        assert part.exterior.coords[0] == part.exterior.coords[-1]
        assert len(part.exterior.coords) >= 4


def draws_of(*places: tuple[float, float, float], seed: int = 8) -> tuple[Any, Any, Any]:
    """Return draws of sources (x, y, share of draws that hold it), slots shuffled."""
    rng = np.random.default_rng(seed)
    chains, n = 2, 500
    slots = np.zeros((chains, n, 4, 7))
    on = np.zeros((chains, n, len(places)), dtype=bool)
    for c in range(chains):
        for d in range(n):
            held = []
            for k, (x, y, share) in enumerate(places):
                if rng.random() < share:
                    on[c, d, k] = True
                    at = rng.normal([x, y], 3.0)
                    held.append([1.0, *at, 1.0, -7.0 + k, 0.0, 1.0])
            where = rng.permutation(4)[: len(held)]
            slots[c, d, where] = held or np.zeros((0, 7))
    return slots, rng.normal(size=(chains, n)), on


def test_relabel_tells_two_switched_sources_apart() -> None:
    slots, level, _ = draws_of((0.0, 0.0, 1.0), (80.0, 10.0, 1.0))
    found = sorted(relabel(slots, level), key=lambda c: np.nanmedian(c.values[..., 0]))
    assert [c.probability for c in found] == [1.0, 1.0]
    assert np.median(found[0].values[..., 0]) == pytest.approx(0.0, abs=0.5)
    assert np.median(found[1].values[..., 0]) == pytest.approx(80.0, abs=0.5)
    # The rate goes with its source, not with its slot.
    assert np.all(found[0].values[..., 3] == -7.0)
    assert np.all(found[1].values[..., 3] == -6.0)


def test_relabel_drops_a_spurious_third() -> None:
    slots, level, on = draws_of((0.0, 0.0, 1.0), (80.0, 10.0, 1.0), (400.0, 400.0, 0.1))
    assert 0.05 < on[..., 2].mean() < 0.2
    found = relabel(slots, level)
    assert len(found) == 2
    assert all(np.nanmax(c.values[..., 0]) < 150.0 for c in found)


def test_relabel_counts_the_draws_that_lack_a_source() -> None:
    slots, level, on = draws_of((0.0, 0.0, 1.0), (300.0, 10.0, 0.7))
    sure, doubtful = relabel(slots, level)
    assert sure.probability == 1.0
    assert doubtful.probability == pytest.approx(float(on[..., 1].mean()))
    assert np.array_equal(np.isfinite(doubtful.values[..., 0]), on[..., 1])


def test_relabel_of_no_source() -> None:
    assert relabel(np.zeros((2, 50, 3, 7)), np.zeros((2, 50))) == []
