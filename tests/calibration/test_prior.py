"""With nothing to learn from, the sampler gives its prior back."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import kstest

from barlovento.domain.observation import Frame, Meteorology, Observations, SearchArea, Survey
from barlovento.domain.source import Posterior
from barlovento.domain.species import find_species
from barlovento.locate.chains import Effort
from barlovento.locate.infer import infer

BOX = 200.0


def blind_survey() -> Survey:
    """Return readings taken far upwind of all of the search box."""
    n = 12
    time = 1.7e9 + 600.0 * np.arange(1, n + 1)

    def row(value: float) -> Any:
        return np.full(n, value)

    return Survey(
        title="upwind of nothing",
        species=find_species("methane"),
        observations=Observations(
            time=time,
            sensor=np.zeros(n, dtype=np.int64),
            sensor_names=("a",),
            x=row(-3000.0),
            y=np.linspace(-60.0, 60.0, n),
            z=row(1.5),
            x2=row(np.nan),
            y2=row(np.nan),
            z2=row(np.nan),
            concentration=1e-6 + 1e-8 * np.random.default_rng(1).standard_normal(n),
            censored=np.zeros(n, dtype=bool),
            averaging_time=600.0,
        ),
        meteorology=Meteorology(
            time=time,
            wind_speed=row(8.0),
            wind_from_direction=row(270.0),
            wind_from_direction_sd=row(3.0),
            friction_velocity=row(np.nan),
            obukhov_length=row(np.nan),
            mixing_height=row(np.nan),
            temperature=row(288.0),
            pressure=row(101325.0),
            roughness_length=row(0.03),
            measurement_height=10.0,
        ),
        search=SearchArea(x=(-BOX, BOX), y=(-BOX, BOX), release_height=(0.0, 2.0), max_sources=2),
        frame=Frame(name="test"),
        background=None,
        clock_offset_max=0.0,
        digest="0" * 64,
        units="kg m-3",
        to_file_units=1.0,
    )


@pytest.fixture(scope="module")
def blind() -> Posterior:
    return infer(blind_survey(), seed=3, effort=Effort(chains=4, warm_up=30, sweeps=8000))


def test_number_follows_its_prior(blind: Posterior) -> None:
    # One, a tenth and a hundredth, made to sum to one.
    expected = np.array([100.0, 10.0, 1.0]) / 111.0
    by_chain = np.array([[(c == k).mean() for k in range(3)] for c in blind.count])
    error = np.maximum(by_chain.std(axis=0, ddof=1) / 2.0, 0.005)
    assert np.all(np.abs(by_chain.mean(axis=0) - expected) < 4.0 * error)
    assert blind.number_of_sources[0] == pytest.approx(expected[0], abs=0.05)


def thinned(values: Any) -> Any:
    """Return draws far enough apart to count as independent."""
    held = np.isfinite(values)
    return values[:, ::40][held[:, ::40]]


@pytest.mark.parametrize("axis", ["x", "y"])
def test_place_follows_its_prior(blind: Posterior, axis: str) -> None:
    draws = thinned(getattr(blind, axis))
    assert len(draws) > 60
    assert kstest(draws, "uniform", args=(-BOX, 2 * BOX)).pvalue > 1e-3


def test_height_follows_its_prior(blind: Posterior) -> None:
    assert kstest(thinned(blind.z), "uniform", args=(0.0, 2.0)).pvalue > 1e-3


def test_rate_follows_its_prior(blind: Posterior) -> None:
    # Median one gram a second, a factor of ten for one geometric standard deviation.
    draws = np.log10(thinned(blind.emission_rate) / 1e-3)
    assert kstest(draws, "norm").pvalue > 1e-3


def test_wind_direction_error_follows_its_prior(blind: Posterior) -> None:
    # Three quarters of 5 and one quarter of 20 degrees, either side alike.
    draws = blind.nuisance["wind_direction_error"][:, ::40].ravel()
    assert abs(np.median(draws)) < 2.5
    assert 0.55 < np.mean(np.abs(draws) < 6.745) < 0.80
    assert 0.05 < np.mean(np.abs(draws) > 15.0) < 0.22


def test_blind_readings_search_nothing(blind: Posterior) -> None:
    assert blind.searched.max() < 0.05
    assert any("covered" in sentence for sentence in blind.advice)
