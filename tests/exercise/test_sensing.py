"""Instruments: each flaw shows by its own statistic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from barlovento.exercise import sensing
from barlovento.exercise.instruments import SensorModel, beam, fixed_point
from barlovento.exercise.series import ornstein_uhlenbeck


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_ppm_of_acetone_weighs_what_niosh_says() -> None:
    # NIOSH Pocket Guide, acetone: 1 ppm = 2.38 mg m-3 at 25 C and 1 atm.
    per = sensing.mole_fraction_per_density(0.05808, 298.15, 101325.0)
    assert 1000.0 / per == pytest.approx(2.38e-6, rel=3e-3)


def test_noise_has_its_deviation_and_falls_with_averaging() -> None:
    sensor = SensorModel(name="a", noise=2.0, background=5.0)
    one, _ = sensing.shown(rng(), np.zeros(40000), sensor, 1)
    four, _ = sensing.shown(rng(), np.zeros(40000), sensor, 4)
    assert one.mean() == pytest.approx(5.0, abs=0.05)
    assert one.std() == pytest.approx(2.0, rel=0.02)
    assert four.size == 10000
    assert four.std() == pytest.approx(1.0, rel=0.03)


def test_a_step_is_shown_to_nine_tenths_after_t90() -> None:
    step = np.concatenate([np.zeros(10), np.full(60, 100.0)])
    value, _ = sensing.shown(rng(), step, SensorModel(name="a", t90=12.0), 1)
    # The mean of second k stands for its end: after twelve seconds of gas.
    assert value[10 + 11] == pytest.approx(90.0, abs=0.5)
    assert value[9] == 0.0


def test_lag_keeps_the_amount() -> None:
    pulse = np.zeros(400)
    pulse[20] = 50.0
    value, _ = sensing.shown(rng(), pulse, SensorModel(name="a", t90=8.0), 1)
    assert value.sum() == pytest.approx(50.0, rel=1e-6)


def test_a_late_clock_shifts_the_gas() -> None:
    pulse = np.zeros(50)
    pulse[20] = 50.0
    value, _ = sensing.shown(rng(), pulse, SensorModel(name="a", clock_lag=7.0), 1)
    assert int(np.argmax(value)) == 27


def test_drift_wanders_slowly_about_the_background() -> None:
    sensor = SensorModel(name="a", background=100.0, drift=3.0, drift_time=50.0)
    value, _ = sensing.shown(rng(), np.zeros(200000), sensor, 1)
    off = value - 100.0
    assert off.std() == pytest.approx(3.0, rel=0.05)
    assert np.corrcoef(off[:-50], off[50:])[0, 1] == pytest.approx(math.exp(-1.0), abs=0.05)


def test_limits() -> None:
    met = np.array([0.0, 4.0, 900.0])
    sensor = SensorModel(name="a", detection_limit=2.0, saturation=500.0)
    value, censored = sensing.shown(rng(), met, sensor, 1)
    assert value.tolist() == [2.0, 4.0, 500.0]
    assert censored.tolist() == [True, False, False]


def test_gain_multiplies_gas_and_not_background() -> None:
    sensor = SensorModel(name="a", gain=1.5, background=10.0)
    value, _ = sensing.shown(rng(), np.array([0.0, 20.0]), sensor, 1)
    assert value.tolist() == [10.0, 40.0]


@pytest.mark.parametrize("intensity", [0.3, 0.8, 1.4, 2.0, 3.0])
def test_fluctuations_have_mean_one_and_their_intensity(intensity: float) -> None:
    value = sensing.fluctuations(rng(), 100000, 0.2, intensity)
    assert value.min() >= 0.0
    assert value.mean() == pytest.approx(1.0, abs=4.0 * intensity / math.sqrt(100000) + 0.01)
    assert value.std() == pytest.approx(intensity, rel=0.06)


def test_strong_fluctuations_leave_moments_without_gas() -> None:
    weak = sensing.fluctuations(rng(), 50000, 0.2, 1.0)
    strong = sensing.fluctuations(rng(), 50000, 0.2, 3.0)
    assert (weak == 0.0).mean() == 0.0
    # Wilson (1995): gas is there for 3 / (1 + 9) of the time.
    assert (strong > 0.0).mean() == pytest.approx(0.3, abs=0.02)


def test_fluctuations_are_alike_for_their_time_scale_and_fade_in_means() -> None:
    value = sensing.fluctuations(rng(), 60000, 10.0, 0.5)
    assert np.corrcoef(value[:-1], value[1:])[0, 1] > 0.85
    assert abs(np.corrcoef(value[:-60], value[60:])[0, 1]) < 0.05
    means = value.reshape(-1, 60).mean(axis=1)
    assert means.std() < 0.6 * value.std()


def test_a_beam_sees_weaker_fluctuations_than_a_point() -> None:
    sensor = SensorModel(name="a")
    point = fixed_point(sensor, 0.0, 0.0, 2.0, 4000)
    path = beam(sensor, (0.0, 0.0, 2.0), (90.0, 0.0, 2.0), 4000)
    spread = [
        sensing.fine_eddies(rng(), each, (3.0, 0.0), 0.8, 5.0).std() for each in (point, path)
    ]
    assert spread[1] < 0.4 * spread[0]


def test_wandering_is_stationary_with_its_time_scale() -> None:
    value = ornstein_uhlenbeck(rng(), 200000, 1.0, 20.0)
    assert value[:1000].std() == pytest.approx(1.0, abs=0.5)
    assert value.std() == pytest.approx(1.0, rel=0.03)
    assert np.corrcoef(value[:-20], value[20:])[0, 1] == pytest.approx(math.exp(-1.0), abs=0.03)
