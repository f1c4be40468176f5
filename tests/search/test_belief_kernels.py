"""The compiled evidence agrees with the plume of ``dispersion`` and with what follows by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from barlovento.dispersion.plume import N_VIEW, ray, view
from barlovento.dispersion.spread import spread_tables
from barlovento.search import belief_kernels as kernels
from barlovento.search import belief_likelihood as columns


def tables() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float]:
    def one(value: float) -> np.ndarray:
        return np.array([value])

    t = spread_tables(
        wind_speed=one(4.0), sigma_theta=one(0.1), friction_velocity=one(math.nan),
        obukhov_length=one(-80.0), mixing_height=one(900.0), roughness_length=one(0.05),
        stability_class=np.array([3]), averaging_time=one(1.0), measurement_height=10.0,
        release_height=2.0, distance_max=1000.0,
    )  # fmt: skip
    return t.sigma_y, t.sigma_z, t.speed_ratio, t.mixing_height, 1.0 / t.step


def reading(x: float, y: float, excess: float = 0.0) -> np.ndarray:
    row = np.zeros(columns.COLUMNS)
    row[columns.POINT_X], row[columns.POINT_Y], row[columns.POINT_Z] = x, y, 12.0
    row[columns.SPEED], row[columns.SCALE] = 4.0, 0.14
    row[columns.EXCESS], row[columns.VARIANCE] = excess, 1.0
    row[columns.WEIGHT], row[columns.EDDIES], row[columns.PIECES] = 1.0, 1.0, 1.0
    row[columns.REACH] = 1.0
    return row


@pytest.mark.parametrize("even", [0.0, 0.3])
@pytest.mark.parametrize(("x", "y"), [(60.0, 4.0), (300.0, -30.0), (25.0, 0.0)])
def test_the_plume_is_that_of_dispersion(x: float, y: float, even: float) -> None:
    tab_y, tab_z, tab_u, top, inv_step = tables()
    row = reading(x, y)
    row[columns.EVEN] = even
    seen = np.empty((1, N_VIEW))
    err = np.array([0.2, 0.0, -0.1, 0.0, columns.SIZE, 0.0])
    view(x, y, 0.0, 0.0, err, inv_step, tab_y.shape[1], seen[0])
    expected = ray(
        seen, 0, 0.1, 12.0, 2.0, 4.0, even, tab_y, tab_z, tab_u, 0, top[0], columns.SIZE, 9.0
    )
    found = kernels.shape_of(
        0.0, 0.0, 2.0, 0.1, math.exp(0.2), math.exp(-0.1), row[None], 0, 0,
        tab_y, tab_z, tab_u, top, inv_step,
    )  # fmt: skip
    assert found[0] == pytest.approx(1e9 * expected[0], rel=1e-9)
    assert found[1:3] == pytest.approx(expected[1:3], rel=1e-9)
    assert found[3] == pytest.approx(1e9 * expected[3], rel=1e-9)


def evidence_of(rows: np.ndarray, sd: float, rate: float) -> float:
    h = np.zeros((1, columns.UNKNOWNS))
    h[0, columns.Z], h[0, columns.RATE], h[0, columns.SCATTER] = 2.0, math.log(rate), -30.0
    n = len(rows)
    out, none = np.zeros(1), np.zeros((n, columns.TURNS))
    kernels.evidence(
        h, rows, np.array([0, n]), np.array([sd]), np.array([0, 1]), none, none, *tables(),
        columns.TURN_NODE, columns.TURN_LOG_WEIGHT, 0.0, out,
    )  # fmt: skip
    return float(out[0])


def test_a_reading_is_students_t_mixed_with_misses_and_summed_over_turns() -> None:
    rows = np.array([reading(120.0, 5.0, 3.0)])
    amplitude, angle, spread, _ = kernels.shape_of(
        0.0, 0.0, 2.0, 0.0, 1.0, 1.0, rows, 0, 0, *tables()
    )
    rate = 5.0 / amplitude
    turn = 0.14 * columns.TURN_NODE
    mean = 5.0 * np.exp(-0.5 * ((angle - turn) / spread) ** 2)
    t4 = stats.t(4).pdf
    likelihood = 0.95 * t4(3.0 - mean) + 0.05 * t4(3.0)
    # readings of one eddy count once, and this one is an eddy of its own
    expected = math.log(np.exp(columns.TURN_LOG_WEIGHT) @ (likelihood / t4(3.0)))
    assert evidence_of(rows, 1e-6, rate) == pytest.approx(expected, abs=2e-3)


def test_a_level_that_is_not_known_takes_away_what_a_faint_wide_plume_tells() -> None:
    rows = np.array([reading(400.0, y, 0.8) for y in np.linspace(-20.0, 20.0, 9)])
    amplitude, *_ = kernels.shape_of(0.0, 0.0, 2.0, 0.0, 1.0, 1.0, rows, 4, 0, *tables())
    sure, unsure = evidence_of(rows, 1e-6, 0.8 / amplitude), evidence_of(rows, 2.0, 0.8 / amplitude)
    assert sure > 1.0
    assert unsure < 0.3 * sure


def test_readings_of_one_eddy_count_less() -> None:
    rows = np.array([reading(120.0, y, 6.0) for y in np.linspace(-4.0, 4.0, 6)])
    amplitude, *_ = kernels.shape_of(0.0, 0.0, 2.0, 0.0, 1.0, 1.0, rows, 3, 0, *tables())
    apart = evidence_of(rows, 1e-6, 6.0 / amplitude)
    rows[:, columns.EDDIES] = 10.0
    assert 0.0 < evidence_of(rows, 1e-6, 6.0 / amplitude) < 0.5 * apart


def test_a_non_detect_counts_by_the_distribution_function() -> None:
    rows = np.array([reading(120.0, 0.0, 2.0)])
    rows[0, columns.HIDDEN] = 1.0
    amplitude, angle, spread, _ = kernels.shape_of(
        0.0, 0.0, 2.0, 0.0, 1.0, 1.0, rows, 0, 0, *tables()
    )
    mean = 8.0 * np.exp(-0.5 * ((angle - 0.14 * columns.TURN_NODE) / spread) ** 2)
    cdf = stats.t(4).cdf
    strong2 = mean**2 * (1.0 + ((angle - 0.14 * columns.TURN_NODE) / spread) ** 2)
    assert (strong2 >= 0).all()
    ratio = cdf(2.0 - mean) / cdf(2.0)
    expected = math.log(np.exp(columns.TURN_LOG_WEIGHT) @ ratio)
    assert evidence_of(rows, 1e-6, 8.0 / amplitude) == pytest.approx(expected, abs=5e-3)
