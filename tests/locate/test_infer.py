"""The whole way from readings to sources, on surveys made from a textbook's plume."""

from typing import Any

import numpy as np
import pytest
from shapely.geometry import Point, shape

from barlovento.domain.source import Posterior
from barlovento.errors import BadInput
from barlovento.locate.infer import infer

TRUTH = (-20.0, 15.0)


@pytest.fixture(scope="module")
def found(scene: Any, brief: Any) -> Posterior:
    return infer(scene.survey((*TRUTH, 1e-3)), seed=1, effort=brief)


def test_a_source_is_found(found: Posterior) -> None:
    (source,) = found.sources
    assert np.hypot(source.x - TRUTH[0], source.y - TRUTH[1]) < 15.0
    assert source.probability > 0.95
    assert source.region90_area < 0.05 * 400.0**2
    assert found.log_evidence > 5.0


def test_its_region_holds_the_truth_once_the_chains_have_met(scene: Any) -> None:
    # Brief chains have not mixed (R-hat above 1.3) and draw regions too small to judge.
    (source,) = infer(scene.survey((*TRUTH, 1e-3)), seed=1).sources
    assert shape(source.region90).contains(Point(TRUTH))
    assert source.region90_area < 0.05 * 400.0**2


def test_its_rate_is_found_within_what_a_wrong_plume_allows(found: Posterior) -> None:
    low, middle, high = found.sources[0].emission_rate
    assert low < middle < high
    assert 1e-3 / 3 < middle < 3e-3


def test_the_answer_is_whole(found: Posterior, brief: Any) -> None:
    assert sum(found.number_of_sources) == pytest.approx(1.0)
    assert found.x.shape == (brief.chains, brief.sweeps, 2)
    held = np.isfinite(found.x)
    assert np.array_equal(held.sum(axis=-1), found.count)
    for values in (found.y, found.z, found.emission_rate):
        assert np.array_equal(np.isfinite(values), held)
    assert np.all(np.abs(found.x[held]) <= 200.0)
    assert np.all((found.z[held] >= 0.0) & (found.z[held] <= 2.0))
    assert np.all((found.searched >= 0.0) & (found.searched <= 1.0))
    assert set(found.nuisance) == set(found.nuisance_units)
    assert found.assumptions
    assert sum(fit.n for fit in found.fits) == found.settings["readings_used"]


def test_stronger_sources_are_seen_more_surely(found: Posterior) -> None:
    assert np.all(np.diff(found.searched.mean(axis=(0, 1))) >= -1e-12)
    assert found.searched[..., -1].mean() > 0.5 > found.searched[..., 0].mean()


def test_the_same_seed_gives_the_same_draws(scene: Any, brief: Any, found: Posterior) -> None:
    again = infer(scene.survey((*TRUTH, 1e-3)), seed=1, effort=brief)
    assert np.array_equal(found.x, again.x, equal_nan=True)
    assert np.array_equal(found.emission_rate, again.emission_rate, equal_nan=True)
    other = infer(scene.survey((*TRUTH, 1e-3)), seed=2, effort=brief)
    assert not np.array_equal(found.x, other.x, equal_nan=True)
    assert np.hypot(other.sources[0].x - TRUTH[0], other.sources[0].y - TRUTH[1]) < 15.0


def test_progress_only_grows(scene: Any, brief: Any) -> None:
    told: list[float] = []
    infer(
        scene.survey((*TRUTH, 1e-3)),
        effort=brief,
        progress=lambda share, stage: told.append(share),
    )
    assert told == sorted(told)
    assert told[0] == 0.0
    assert 0.9 < told[-1] <= 1.0


@pytest.mark.parametrize("seed", [1, 2])
def test_clean_air_holds_no_source(scene: Any, brief: Any, seed: int) -> None:
    answer = infer(scene.survey(seed=seed), seed=seed, effort=brief)
    assert answer.number_of_sources[0] > 0.5
    assert answer.sources == ()
    assert answer.log_evidence < 0.0


def test_two_sources_are_told_apart(scene: Any, brief: Any) -> None:
    places = [(-90.0, -20.0), (30.0, 40.0)]
    answer = infer(scene.survey((*places[0], 1.5e-3), (*places[1], 1.5e-3)), seed=1, effort=brief)
    assert len(answer.sources) == 2
    for place in places:
        assert min(np.hypot(s.x - place[0], s.y - place[1]) for s in answer.sources) < 25.0


def test_a_known_background_is_taken(scene: Any, brief: Any) -> None:
    answer = infer(scene.survey((*TRUTH, 1e-3), background=0.0), seed=1, effort=brief)
    known = make_known(scene.survey((*TRUTH, 1e-3)), 1.2e-6)
    given = infer(known, seed=1, effort=brief)
    assert all(np.all(fit.background == pytest.approx(1.2e-6)) for fit in given.fits)
    for a in (answer, given):
        assert np.hypot(a.sources[0].x - TRUTH[0], a.sources[0].y - TRUTH[1]) < 15.0


def make_known(survey: Any, background: float) -> Any:
    import dataclasses

    return dataclasses.replace(survey, background=background)


def test_shifting_the_map_shifts_the_answer(
    make: Any, scene: Any, brief: Any, found: Posterior
) -> None:
    survey = scene.survey((*TRUTH, 1e-3))
    obs = survey.observations
    moved = make.replace(
        survey,
        observations=make.replace(obs, x=obs.x + 5000.0, y=obs.y - 3000.0),
        search=make.replace(survey.search, x=(4800.0, 5200.0), y=(-3200.0, -2800.0)),
    )
    (source,) = infer(moved, seed=1, effort=brief).sources
    assert np.hypot(source.x - 5000.0 - TRUTH[0], source.y + 3000.0 - TRUTH[1]) < 15.0


def test_turning_the_map_turns_the_answer(make: Any, scene: Any, brief: Any) -> None:
    survey = scene.survey((*TRUTH, 1e-3))
    obs, met = survey.observations, survey.meteorology
    # A quarter turn clockwise: north becomes east.
    turned = make.replace(
        survey,
        observations=make.replace(obs, x=obs.y, y=-obs.x),
        meteorology=make.replace(met, wind_from_direction=(met.wind_from_direction + 90.0) % 360.0),
    )
    (source,) = infer(turned, seed=1, effort=brief).sources
    assert np.hypot(source.x - TRUTH[1], source.y + TRUTH[0]) < 15.0


def test_ten_times_the_gas_is_ten_times_the_rate(
    make: Any, scene: Any, brief: Any, found: Posterior
) -> None:
    survey = scene.survey((*TRUTH, 1e-3))
    obs = survey.observations
    more = make.replace(
        survey, observations=make.replace(obs, concentration=10.0 * obs.concentration)
    )
    (source,) = infer(more, seed=1, effort=brief).sources
    assert source.emission_rate[1] / found.sources[0].emission_rate[1] == pytest.approx(
        10.0, rel=0.3
    )


def test_two_surveys_know_more_than_one(scene: Any, brief: Any) -> None:
    first = scene.survey((*TRUTH, 1e-3), seed=1)
    second = scene.survey((*TRUTH, 1e-3), seed=2, background=1.5e-6)
    both = infer(first, second, seed=1, effort=brief)
    (source,) = both.sources
    assert np.hypot(source.x - TRUTH[0], source.y - TRUTH[1]) < 15.0
    assert len(both.survey_digests) == 2
    assert {"wind_direction_error_1", "wind_direction_error_2"} <= set(both.nuisance)


def test_surveys_that_do_not_belong_together_are_refused(make: Any, scene: Any) -> None:
    from barlovento.domain.observation import Frame

    survey = scene.survey()
    with pytest.raises(BadInput, match="frames"):
        infer(survey, make.replace(survey, frame=Frame(name="elsewhere")))
    with pytest.raises(BadInput, match="No survey"):
        infer()


def test_a_bad_sensor_moves_little(make: Any, scene: Any, brief: Any) -> None:
    survey = scene.survey((*TRUTH, 1e-3))
    obs = survey.observations
    spoiled = obs.concentration.copy()
    rows = np.flatnonzero(obs.sensor == 3)
    spoiled[rows] += 8e-6
    spoiled[rows[::3]] += 4e-5
    bad = make.replace(survey, observations=make.replace(obs, concentration=spoiled))
    answer = infer(bad, seed=1, effort=brief)
    assert min(np.hypot(s.x - TRUTH[0], s.y - TRUTH[1]) for s in answer.sources) < 25.0


# ---------------------------------------------------------------- surveys that tell little


def check_sound(answer: Posterior) -> None:
    assert sum(answer.number_of_sources) == pytest.approx(1.0)
    assert np.all(np.isfinite(answer.searched))
    assert np.all(np.isfinite(answer.nuisance["log_likelihood"]))
    assert np.isfinite(answer.log_evidence)


def test_nothing_but_non_detects(make: Any, scene: Any, brief: Any) -> None:
    survey = scene.survey(background=0.0)
    obs = survey.observations
    quiet = make.replace(
        survey,
        observations=make.replace(
            obs,
            concentration=np.full(len(obs), 2e-8),
            censored=np.ones(len(obs), dtype=bool),
        ),
    )
    answer = infer(make_known(quiet, 0.0), seed=1, effort=brief)
    check_sound(answer)
    assert answer.number_of_sources[0] > 0.5
    assert answer.sources == ()


def test_one_reading(make: Any, brief: Any) -> None:
    time = np.array([make.start + 600.0])
    survey = make.survey(make.readings(time, 50.0, 0.0, 2e-6), make.weather(time))
    answer = infer(survey, seed=1, effort=brief)
    check_sound(answer)
    # One reading of unknown background decides nothing.
    assert 0.1 < answer.number_of_sources[0] < 0.99


def test_no_wind(make: Any, scene: Any, brief: Any) -> None:
    survey = scene.survey((*TRUTH, 1e-3))
    calm = make.weather(survey.meteorology.time, 0.0, 0.0)
    check_sound(infer(make.replace(survey, meteorology=calm), seed=1, effort=brief))


@pytest.mark.parametrize("level", [0.0, 1.3e-6])
def test_readings_that_never_change(make: Any, scene: Any, brief: Any, level: float) -> None:
    survey = scene.survey()
    obs = survey.observations
    flat = make.replace(obs, concentration=np.full(len(obs), level))
    answer = infer(make.replace(survey, observations=flat), seed=1, effort=brief)
    check_sound(answer)
    assert answer.number_of_sources[0] > 0.5


def test_a_late_gas_clock_is_found_on_a_moving_drone(make: Any, scene: Any, brief: Any) -> None:
    # To and fro across the plume of the textbook at 8 m/s; the gas is told 6 s late.
    late, leg, speed = 6, 240.0, 8.0
    second = np.arange(1, 1200 + late)
    phase = (speed * (second - 0.5)) % (2.0 * leg)
    y = np.abs(phase - leg) - leg / 2.0
    x = 60.0 + 12.0 * np.floor(speed * second / leg)
    rng = np.random.default_rng(4)
    gas = 1.2e-6 + 3e-9 * rng.standard_normal(len(second))
    gas += 2e-3 * scene.textbook(x + 40.0, y - 10.0, 4.0, 270.0)
    obs = make.readings(
        make.start + second[late:], x[late:], y[late:], gas[:-late], averaging_time=1.0
    )
    met = make.weather(make.start + 60.0 * np.arange(1, 22), 4.0, 270.0, height=3.0)
    box = {"x": (-200.0, 200.0), "y": (-150.0, 150.0), "max_sources": 1}
    found = infer(make.survey(obs, met, clock_offset_max=12.0, **box), seed=1, effort=brief)
    lag = found.nuisance["clock_lag"]
    assert lag.mean() == pytest.approx(late, abs=1.0)
    assert found.sources[0].y == pytest.approx(10.0, abs=10.0)
