"""The compiled likelihood and its gradient, held to scipy's densities and to differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from barlovento.locate import chains
from barlovento.locate.gradient import SCORES, gradient
from barlovento.locate.kernels import likelihood, reading, refresh
from barlovento.locate.packed import pack
from barlovento.locate.problem import prepare
from barlovento.locate.trajectory import moving, read, write
from barlovento.locate.unknowns import GAMMA, LOCAL, MISSED


@pytest.fixture(scope="module")
def posed(make: Any) -> tuple[Any, Any]:
    """Return a problem of six sensors in a wind that turns, and a state with two sources."""
    rng = np.random.default_rng(5)
    minutes, sensors = 40, 6
    time = make.start + 60.0 * (1 + np.repeat(np.arange(minutes), sensors))
    x = np.tile([0.0, 40.0, 80.0, 80.0, 40.0, 0.0], minutes)
    y = np.tile([0.0, -10.0, 0.0, 60.0, 70.0, 60.0], minutes)
    gas = 1e-6 * (1.0 + 0.2 * rng.random(len(time)) + (rng.random(len(time)) < 0.2))
    obs = make.readings(
        time, x, y, gas, sensor=np.tile(np.arange(sensors), minutes), averaging_time=60.0
    )
    met = make.weather(
        make.start + 60.0 * np.arange(1, minutes + 1),
        rng.uniform(1.0, 4.0, minutes),
        rng.uniform(180.0, 300.0, minutes),
    )
    p = prepare((make.survey(obs, met, x=(-60.0, 60.0), y=(-20.0, 90.0)),)).problem
    st = chains.start_state(p)
    st.on[:2] = 1
    st.theta[:2] = [[-0.4, 0.3, 0.1, -8.0], [0.6, -0.5, -0.4, -7.0]]
    st.phi[:] = 0.1 * rng.standard_normal(len(st.phi))
    st.sensor_turn[:] = 0.05 * rng.standard_normal(sensors)
    st.sensor_gain[:] = 0.2 * rng.standard_normal(sensors)
    st.noise[:] += 1.0
    refresh(pack(p), pack(st))
    return p, st


def test_a_reading_has_the_density_of_student() -> None:
    hit = stats.t(4, loc=3.0 + 2.0, scale=1.5).pdf(6.2)
    miss = stats.t(4, loc=3.0, scale=0.7).pdf(6.2)
    value, _, _ = reading(6.2, 3.0, 2.0, 1.5**2, 0.7**2, 0.15, 0)
    assert value == pytest.approx(math.log(0.85 * hit + 0.15 * miss))
    value, _, _ = reading(6.2, 3.0, 2.0, 1.5**2, 0.7**2, 0.15, 1)
    assert value == pytest.approx(stats.t(4, loc=5.0, scale=1.5).logcdf(6.2))


def test_a_block_is_the_sum_over_the_turns_of_its_wind(posed: tuple[Any, Any]) -> None:
    p, st = posed
    m = (st.c * st.on[:, None, None]).sum(axis=0)
    q = (st.e * st.on[:, None, None]).sum(axis=0)
    gain = np.where(p.use_gain == 1, np.exp(st.sensor_gain), 1.0)[p.sensor][:, None]
    sigma = np.sqrt(np.exp(2 * st.noise) + np.exp(2 * st.hyper[LOCAL]))[p.sensor][:, None]
    scale = np.sqrt(sigma**2 + np.exp(2 * st.hyper[GAMMA]) * gain**2 * (m**2 + q**2))
    missed = 1.0 / (1.0 + math.exp(-st.hyper[MISSED]))
    y, b = p.y[:, None], st.b[:, None]
    hit = stats.t.pdf(y, 4, loc=b + gain * m, scale=scale)
    mixed = (1.0 - missed) * hit + missed * stats.t.pdf(y, 4, loc=b, scale=sigma)
    each = p.weight[:, None] * np.log(np.where(m > 0.0, mixed, stats.t.pdf(y, 4, b, sigma)))
    whole = np.zeros((len(st.lb), each.shape[1]))
    np.add.at(whole, p.block, each)
    expected = np.log(np.exp(whole + p.turn_log_weight).sum(axis=1))
    lt, lb = np.empty_like(st.lt), np.empty_like(st.lb)
    likelihood(pack(p), pack(st), st.c, st.e, st.near, st.on, lt, lb)
    # Plumes far below the noise count as none.
    assert lb == pytest.approx(expected, abs=1e-3)


def test_the_weights_of_the_turns_are_a_density(posed: tuple[Any, Any]) -> None:
    p, _ = posed
    weight = np.exp(p.turn_log_weight)
    assert weight.sum() == pytest.approx(1.0)
    middle = 0.5 * (p.turn_node[1:] + p.turn_node[:-1])
    assert np.cumsum(weight)[:-1] == pytest.approx(stats.t(4).cdf(middle), abs=0.02)


def test_light_winds_turn_more(posed: tuple[Any, Any]) -> None:
    p, _ = posed
    speed = np.bincount(p.block, p.speed[0]) / np.bincount(p.block)
    order = np.argsort(speed)
    assert np.all(np.diff(p.turn_factor[order]) <= 0.0)
    assert p.turn_factor.min() >= 1.0


def test_the_gradient_is_that_of_differences(posed: tuple[Any, Any]) -> None:
    p, st = posed
    pp, ps = pack(p), pack(st)
    dim = len(st.precision)
    start, grad, other = np.zeros(dim), np.zeros(dim), np.zeros(dim)
    read(st, start)
    gradient(pp, ps, 0.7, grad, 0)
    for k in moving(p, st):
        ends = []
        for sign in (1.0, -1.0):
            moved = start.copy()
            moved[k] += sign * 1e-5
            write(ps, moved)
            ends.append(gradient(pp, ps, 0.7, other, 0))
        write(ps, start)
        slope = (ends[0] - ends[1]) / 2e-5
        assert grad[k] == pytest.approx(slope, rel=1e-3, abs=2e-2), k
    gradient(pp, ps, 0.7, grad, 0)


def test_scores_of_stretches_sum_to_the_gradient_of_the_likelihood(posed: tuple[Any, Any]) -> None:
    p, st = posed
    args = pack(p), pack(st)
    whole, prior = np.zeros(len(st.precision)), np.zeros(len(st.precision))
    st.scores[:] = 0.0
    gradient(*args, 1.0, whole, np.int64(SCORES))
    told = st.scores.sum(axis=0)
    gradient(*args, 0.0, prior, np.int64(0))
    assert np.abs(told).max() > 0.0
    np.testing.assert_allclose(told, whole - prior, rtol=1e-9, atol=1e-7)
