"""One reading at all turns, held to scipy's Student density and to differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from barlovento.locate.turns import (
    BY_PLUME,
    BY_SCALE,
    LEVER,
    LOG,
    PLUME,
    SCRATCH,
    add_plume,
    clear_turns,
    log_sum,
    log_turns,
)
from barlovento.locate.unknowns import TURNS


def run(
    plume: Any, lever: Any, r: float, gain: float, sig2: float, gam2: float, miss: float
) -> Any:
    """Return the scratch after one reading."""
    s = np.zeros(SCRATCH)
    clear_turns(s)
    add_plume(s, np.asarray(plume, dtype=float), np.asarray(lever, dtype=float))
    log_turns(s, s.view(np.int64), r, gain, sig2, gam2, miss)
    return s


def logs(
    plume: Any, lever: Any, r: float, gain: float, sig2: float, gam2: float, miss: float
) -> Any:
    """Return the same log ratio by scipy."""
    scale = np.sqrt(sig2 + gam2 * gain**2 * (plume**2 + lever**2))
    calm = stats.t.pdf(r, 4, scale=np.sqrt(sig2))
    hit = stats.t.pdf(r, 4, loc=gain * plume, scale=scale)
    return np.log(((1.0 - miss) * hit + miss * calm) / calm)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    size=st.floats(1e-6, 1e6),
    r=st.floats(-1e5, 1e5),
    sig2=st.floats(1e-4, 1e8),
    miss=st.sampled_from([0.0, 0.05, 0.5]),
)
def test_every_turn_has_the_density_of_student(
    seed: int, size: float, r: float, sig2: float, miss: float
) -> None:
    rng = np.random.default_rng(seed)
    plume, lever = size * rng.random(TURNS), size * rng.standard_normal(TURNS)
    got = run(plume, lever, r, 1.3, sig2, 0.2, miss)[LOG : LOG + TURNS]
    assert got == pytest.approx(logs(plume, lever, r, 1.3, sig2, 0.2, miss), rel=1e-9, abs=1e-9)


def test_slopes_are_those_of_differences() -> None:
    rng = np.random.default_rng(3)
    plume, lever = 5.0 * rng.random(TURNS), 5.0 * rng.standard_normal(TURNS)
    fixed = {"r": 3.0, "gain": 1.0, "sig2": 0.7, "gam2": 0.3, "miss": 0.1}
    s = run(plume, lever, **fixed)
    step = 1e-6
    slopes = []
    for dp, dl in ((step, 0.0), (0.0, step)):
        up = logs(plume + dp, lever + dl, **fixed)
        slopes.append((up - logs(plume - dp, lever - dl, **fixed)) / (2.0 * step))
    by_m, by_s = s[BY_PLUME : BY_PLUME + TURNS], s[BY_SCALE : BY_SCALE + TURNS]
    two = 2.0 * fixed["gam2"]
    assert by_m + two * plume * by_s == pytest.approx(slopes[0], rel=1e-5, abs=1e-6)
    assert two * lever * by_s == pytest.approx(slopes[1], rel=1e-5, abs=1e-6)


def test_plumes_of_several_sources_add() -> None:
    s = np.full(SCRATCH, np.nan)
    clear_turns(s)
    for k in (1.0, 2.0):
        add_plume(s, np.full(TURNS, k), np.full(TURNS, -k))
    assert s[PLUME : PLUME + TURNS] == pytest.approx(3.0)
    assert s[LEVER : LEVER + TURNS] == pytest.approx(-3.0)


def test_the_sum_of_logs_stands_far_from_zero() -> None:
    values = np.array([-1000.0, -1000.0 + np.log(3.0), -np.inf])
    assert log_sum(values) == pytest.approx(-1000.0 + np.log(4.0))
