"""The ready-made worlds keep what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from barlovento.errors import BadInput
from barlovento.exercise.scenarios import beam_case, demo_valley, random_case
from barlovento.exercise.world import Scenario, simulate, to_survey


def inside(scenario: Scenario) -> bool:
    x, y, z = scenario.search.x, scenario.search.y, scenario.search.release_height
    return all(
        x[0] < s.x < x[1] and y[0] < s.y < y[1] and z[0] <= s.z <= z[1] for s in scenario.sources
    )


def apart(scenario: Scenario) -> float:
    places = [(s.x, s.y) for s in scenario.sources]
    return min(
        (math.dist(a, b) for k, a in enumerate(places) for b in places[:k]), default=math.inf
    )


@pytest.mark.parametrize("stability", ["stable", "neutral", "unstable"])
def test_random_cases_are_as_described(stability: str) -> None:
    for seed in range(40):
        case = random_case(
            seed,
            n_sources=seed % 5,
            rate_kg_s=3e-5,
            stability=stability,  # type: ignore[arg-type]
            noise_ppb=5.0,
        )
        assert len(case.sources) == seed % 5
        assert all(s.emission_rate == 3e-5 for s in case.sources)
        assert inside(case)
        assert apart(case) >= 40.0
        assert case.instruments[0].sensor.noise == 5.0
        assert 1.0 <= case.instruments[0].sensor.background <= 3.0
        assert case.background is None
        readings = case.duration // case.averaging_time
        assert 550 <= readings <= 1000
        flight = case.instruments[0]
        assert flight.z.min() > 2.5
        assert flight.z.max() < 20.0
        speed = np.hypot(np.diff(flight.x), np.diff(flight.y))
        assert 4.0 < np.median(speed) < 9.0
        signs = {"stable": 1.0, "neutral": math.inf, "unstable": -1.0}
        assert math.copysign(1.0, case.atmosphere.obukhov_length) == math.copysign(
            1.0, signs[stability]
        )


def test_search_boxes_give_no_place_away() -> None:
    # The middle of the box is not the middle of the flight.
    off = []
    for seed in range(20):
        case = random_case(seed, n_sources=1)
        flight = case.instruments[0]
        off.append(0.5 * sum(case.search.x) - 0.5 * float(flight.x.min() + flight.x.max()))
    assert np.std(off) > 20.0


def test_the_same_draw_gives_the_same_case() -> None:
    a, b = random_case(3, n_sources=2), random_case(3, n_sources=2)
    assert a.sources == b.sources
    assert a.atmosphere == b.atmosphere
    np.testing.assert_array_equal(a.instruments[0].x, b.instruments[0].x)
    assert random_case(4, n_sources=2).sources != a.sources


def test_no_source_gives_only_background() -> None:
    flown = simulate(random_case(2, n_sources=0, noise_ppb=0.3), 1)
    assert flown.excess.shape == (0, flown.time.size)
    sensor = flown.scenario.instruments[0].sensor
    assert abs(np.median(flown.mole_fraction) - sensor.background) < 4.0 * sensor.drift


def test_a_case_becomes_a_survey_without_its_truth() -> None:
    flown = simulate(random_case(5, n_sources=2, rate_kg_s=1e-3), 1)
    survey = to_survey(flown)
    assert len(survey.observations) == flown.time.size
    assert survey.background is None
    assert survey.meteorology.time[-1] >= survey.observations.time[-1]
    np.testing.assert_allclose(
        survey.observations.concentration * survey.to_file_units, flown.mole_fraction
    )
    # 1 g/s of acetone, flown through at some ten metres, shows tens of ppb and more.
    assert flown.mole_fraction.max() > 20.0


def test_the_demonstration_shows_what_it_should() -> None:
    for seed in range(6):
        scenario = demo_valley(seed)
        assert len(scenario.sources) in (2, 3)
        assert inside(scenario)
        assert all(1e-4 <= s.emission_rate <= 1.5e-3 for s in scenario.sources)
        assert scenario.atmosphere.valley is not None
        assert 900 <= scenario.duration <= 1200
        assert scenario.instruments[0].sensor.noise <= 1.0
    flown = simulate(demo_valley(1), 1)
    assert flown.time.size == 1020
    per_ppb = flown.concentration[0] / flown.mole_fraction[0]
    # Each source is met somewhere, well above the noise.
    assert (flown.excess.max(axis=1) / per_ppb > 5.0).all()


@pytest.mark.parametrize("layout", ["fan", "ring"])
def test_beams_stand_at_the_field(layout: str) -> None:
    for seed in range(10):
        case = beam_case(seed, layout=layout)  # type: ignore[arg-type]
        assert len(case.instruments) == 7
        assert len(case.sources) == 2
        assert inside(case)
        assert apart(case) > 30.0
        assert 7200 <= case.duration <= 10800
        for each in case.instruments:
            assert each.x2 is not None
            assert each.y2 is not None
            assert 40.0 < math.hypot(each.x2[0] - each.x[0], each.y2[0] - each.y[0]) < 160.0


def test_wrong_words_are_told() -> None:
    with pytest.raises(BadInput, match="stability"):
        random_case(1, n_sources=1, stability="calm")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="layout"):
        beam_case(1, layout="star")  # type: ignore[arg-type]
