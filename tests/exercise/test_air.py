"""Wind and turbulence against figures that others published."""

from __future__ import annotations

import math

import numpy as np
import pytest

from barlovento.exercise import air


def test_neutral_wind_is_the_logarithmic_law() -> None:
    # ln(10 / 0.1) / 0.4 = 11.513, any textbook.
    shape = air.wind_shape(np.array([10.0]), 0.1, math.inf)
    assert shape[0] == pytest.approx(11.513, rel=1e-3)


def test_stability_bends_the_wind_profile_the_right_way() -> None:
    heights = np.array([2.0, 30.0])
    steep = [
        float(np.ptp(air.wind_shape(heights, 0.03, length))) for length in (-20.0, math.inf, 20.0)
    ]
    assert steep[0] < steep[1] < steep[2]


@pytest.mark.parametrize("length", [-15.0, math.inf, 15.0])
def test_wind_vanishes_at_the_roughness_length_and_grows(length: float) -> None:
    heights = np.geomspace(0.03, 200.0, 50)
    shape = air.wind_shape(heights, 0.03, length)
    assert shape[0] == 0.0
    assert np.all(np.diff(shape) > 0.0)


def test_friction_velocity_gives_its_wind_back() -> None:
    # A doubled wind in air of the same stability has a doubled friction velocity.
    one = air.friction_velocity(3.0, 10.0, 0.05, -30.0)
    assert air.friction_velocity(6.0, 10.0, 0.05, -30.0) == pytest.approx(2.0 * one)


def test_vertical_velocity_meets_kansas_in_free_convection() -> None:
    # Wyngaard, Cote and Izumi (1971): sigma_w / u* = 1.9 (-z/L)^(1/3) at large -z/L.
    sigma, _ = air.vertical_turbulence(np.array([20.0]), 0.3, -2.0, 1e5)
    assert sigma[0] / 0.3 == pytest.approx(1.9 * 10.0 ** (1.0 / 3.0), rel=0.10)


def test_mixed_layer_vertical_velocity_meets_lenschow() -> None:
    # Lenschow, Wyngaard and Pennell (1980): sigma_w^2 / w*^2 = 1.8 (z/h)^(2/3) (1 - 0.8 z/h)^2,
    # w* = u* (h / (0.4 |L|))^(1/3); 0.467 at z/h = 0.3.
    friction, length, top = 0.2, -5.0, 1000.0
    sigma, _ = air.vertical_turbulence(np.array([300.0]), friction, length, top)
    free = friction * (top / (0.4 * 5.0)) ** (1.0 / 3.0)
    assert sigma[0] ** 2 / free**2 == pytest.approx(0.467, rel=0.10)


def test_neutral_schmidt_number_is_the_one_found_with_tracers() -> None:
    # Flesch, Prueger and Hatfield (2002), Agricultural and Forest Meteorology 111, 299-307:
    # 0.6 on average, from a tracer released at the ground; K_m = 0.4 u* z.
    sigma, time = air.vertical_turbulence(np.array([2.0]), 0.3, math.inf, 1e4)
    assert 0.5 < 0.4 * 0.3 * 2.0 / (sigma[0] ** 2 * time[0]) < 0.7


def test_stable_air_mixes_less_than_neutral_and_unstable_more() -> None:
    mixing = []
    for length in (20.0, math.inf, -20.0):
        sigma, time = air.vertical_turbulence(np.array([10.0]), 0.3, length, 500.0)
        mixing.append(float(sigma[0] ** 2 * time[0]))
    assert mixing[0] < mixing[1] < mixing[2]


@pytest.mark.parametrize("length", [-10.0, -1e3, math.inf, 1e3, 10.0])
def test_tables_are_finite_and_positive(length: float) -> None:
    layer = air.build_layer(
        friction=0.25, roughness_length=0.02, obukhov_length=length, mixing_height=300.0
    )
    assert np.isfinite(layer.table).all()
    positive = [air.SIGMA, air.RATE, air.TEAR, air.EDDY, air.MIX, air.RATE_U, air.RATE_V]
    assert (layer.table[:, positive] > 0.0).all()


def test_a_row_of_the_table_is_found_by_height() -> None:
    layer = air.build_layer(
        friction=0.4, roughness_length=0.1, obukhov_length=math.inf, mixing_height=500.0
    )
    # 0.4 / 0.4 ln(10 / 0.1) = 4.605 m/s.
    assert layer.at(10.0)[air.SPEED] == pytest.approx(4.605, rel=2e-3)
