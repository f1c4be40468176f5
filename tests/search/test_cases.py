"""The laws of hits: sums, a textbook's numbers, symmetry, and the published bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barlovento.errors import UsageError
from barlovento.search.cases import NAMES, case, isotropic_mean, poisson_bins
from barlovento.search.grid import known_location_bound, opening


@given(mean=st.floats(1e-12, 50.0), bins=st.integers(2, 8))
def test_bins_of_hits_sum_to_one(mean: float, bins: int) -> None:
    chance = poisson_bins(np.array([mean]), bins)
    assert chance.min() >= 0.0
    assert chance.sum() == pytest.approx(1.0, rel=1e-12)


def test_poisson_agrees_with_a_table() -> None:
    # Poisson, mean 2: .1353, .2707, .2707, and .3233 for three or more (any table of statistics).
    assert poisson_bins(np.array(2.0), 4) == pytest.approx(
        [0.1353, 0.2707, 0.2707, 0.3233], abs=5e-5
    )


def test_mean_hits_follow_the_bessel_function() -> None:
    # K0(1) = .42102 (Abramowitz and Stegun, table 9.8), ln 2 = .69315.
    assert isotropic_mean(np.array(1.0), 1.0, 1.0) == pytest.approx(0.42102 / 0.69315, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_hits_sum_to_one_everywhere(name: str) -> None:
    hits = case(name).hits
    assert hits.chance.sum(axis=0) == pytest.approx(1.0, abs=1e-12)
    assert np.exp(hits.log) == pytest.approx(hits.chance, abs=1e-12)


@pytest.mark.parametrize(("name", "bins"), [("isotropic-19", 3), ("isotropic-53", 4)])
def test_law_without_wind_is_the_same_in_all_directions(name: str, bins: int) -> None:
    chance = case(name).hits.chance
    assert len(chance) == bins
    for turned in (chance[:, ::-1], chance[:, :, ::-1], chance.transpose(0, 2, 1)):
        assert np.array_equal(chance, turned)


@pytest.mark.parametrize("name", ["windy-medium", "windy-low"])
def test_wind_carries_hits_along_the_first_axis(name: str) -> None:
    which = case(name)
    nx, ny = which.shape
    met = which.hits.chance[1]
    assert np.array_equal(met, met[:, ::-1])
    # A source ten cells upwind, at the smaller first index, is smelled; one downwind is not.
    assert met[nx - 1 - 10, ny - 1] > 1e6 * met[nx - 1 + 10, ny - 1]


def test_unknown_case_is_told_with_those_that_exist() -> None:
    with pytest.raises(UsageError, match="isotropic-19, isotropic-53"):
        case("stormy")


@pytest.mark.parametrize(
    ("name", "published"),
    [("isotropic-19", 2.5), ("isotropic-53", 6.8), ("windy-medium", 24.0), ("windy-low", 22.2)],
)
def test_bounds_for_a_known_source_are_the_published_ones(name: str, published: float) -> None:
    which = case(name)
    bound = sum(
        weight
        * known_location_bound(opening(which.hits, which.shape, which.start, hit), which.start)
        for hit, weight in enumerate(which.first)
        if weight > 0.0
    )
    assert bound == pytest.approx(published, rel=0.015)
