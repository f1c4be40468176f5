"""Sensors: their lag, noise, limits and responses are those of the table they come from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from barlovento.errors import BadInput
from barlovento.exercise.presets import Preset, preset, presets
from barlovento.exercise.readout import Reading, Shown
from barlovento.exercise.sites import Faults

LONG = 2400

GASES = ("acetone", "toluene", "ammonia", "methane", "hydrogen sulfide")

QUIET = {
    "noise": 0.0,
    "noise_share": 0.0,
    "drift": 0.0,
    "zero": 0.0,
    "gain": 0.0,
    "detection_limit": None,
}


def readings(
    kind: Preset,
    gas: dict[str, np.ndarray | float],
    *,
    seed: int = 1,
    faults: Faults | None = None,
    height: float = 20.0,
    which: int = 0,
) -> Shown:
    """What one channel tells of gas given per second."""
    never = np.zeros(LONG, dtype=np.bool_)
    channel = kind.channels(GASES)[which]
    rng = np.random.default_rng(seed)
    reading = Reading(rng, kind, channel, faults or Faults(), LONG, never, never)
    met = np.array([np.broadcast_to(gas.get(name, 0.0), LONG) for name in GASES])
    return reading.go_on(0, met, np.full(LONG, height))


def step(first: float, then: float) -> np.ndarray:
    return np.where(np.arange(LONG) < 1000, first, then)


def seconds_to_90(shown: np.ndarray, first: float, then: float) -> float:
    reached = np.abs(shown[1000:] - first) >= 0.9 * abs(then - first)
    return float(np.argmax(reached)) + 1.0


# Name, gas, longest and shortest T90 up and down: the table "Sensors" of physics.md, where it
# gives a range; the sensors' own lag in the inlet is in it.
RESPONSES = [
    ("pid", "toluene", (3.0, 12.0), (3.0, 12.0)),
    ("electrochemical-nh3", "ammonia", (30.0, 90.0), (30.0, 90.0)),
    ("qcl-nh3", "ammonia", (0.0, 1.0), (0.0, 1.0)),
    ("qcl-ch4", "methane", (0.0, 1.0), (0.0, 1.0)),
    ("tdlas-ch4", "methane", (0.0, 1.0), (0.0, 1.0)),
    ("ptr-tof", "acetone", (0.0, 4.0), (0.0, 4.0)),
    ("study-0p3", "acetone", (0.0, 1.0), (0.0, 1.0)),
]


@pytest.mark.parametrize(("name", "gas", "up", "down"), RESPONSES)
def test_response_time(
    name: str, gas: str, up: tuple[float, float], down: tuple[float, float]
) -> None:
    quiet = replace(preset(name), **QUIET)
    which = [c.species for c in quiet.channels(GASES)].index(
        GASES.index(gas) if not quiet.sum else 0
    )
    rising = readings(quiet, {gas: step(0.0, 100.0)}, which=which).value
    end = float(rising[-1])
    assert up[0] <= seconds_to_90(rising, 0.0, end) <= up[1] + 0.01
    falling = readings(quiet, {gas: step(100.0, 0.0)}, which=which).value
    assert down[0] <= seconds_to_90(falling, end, 0.0) <= down[1] + 0.01


def test_a_metal_oxide_sensor_rises_in_seconds_and_recovers_in_tens() -> None:
    quiet = replace(preset("mox"), **QUIET)
    rising = readings(quiet, {"acetone": step(0.0, 1000.0)}).value
    falling = readings(quiet, {"acetone": step(1000.0, 0.0)}).value
    # In what it shows of gas; the table is on its signal, a power of that.
    assert 2.0 <= seconds_to_90(rising, 0.0, 1000.0) <= 6.0
    assert 12.0 <= seconds_to_90(falling, 1000.0, 0.0) <= 60.0
    assert rising[-1] == pytest.approx(1000.0, rel=1e-6)


# Name, gas, range of the noise of a reading [ppb]: the same table.
NOISES = [
    ("pid", "acetone", 0.5, 20.0),
    ("mox", "acetone", 40.0, 500.0),
    ("electrochemical-nh3", "ammonia", 10.0, 90.0),
    ("qcl-nh3", "ammonia", 3.6, 4.4),
    ("qcl-ch4", "methane", 1.0, 1.2),
    ("ptr-tof", "acetone", 0.05, 0.12),
    ("study-0p3", "acetone", 0.28, 0.32),
    ("study-5", "acetone", 4.7, 5.3),
]


@pytest.mark.parametrize(("name", "gas", "least", "most"), NOISES)
def test_noise_in_clean_air(name: str, gas: str, least: float, most: float) -> None:
    kind = preset(name)
    which = 0 if kind.sum else [c.species for c in kind.channels(GASES)].index(GASES.index(gas))
    shown = readings(kind, {}, which=which).value
    # White noise: neighbours differ by sqrt(2) of it, and drift is too slow to count.
    assert least <= np.std(np.diff(shown)) / np.sqrt(2.0) <= most


def test_a_downward_laser_has_its_noise_in_the_column() -> None:
    # 5 ppm m over 20 m is a quarter of a ppm, over 40 m half of that.
    for height, noise in ((20.0, 250.0), (40.0, 125.0)):
        shown = readings(preset("tdlas-ch4"), {"methane": 2000.0}, height=height).value
        assert np.std(np.diff(shown)) / np.sqrt(2.0) == pytest.approx(noise, rel=0.06)
        assert shown.mean() == pytest.approx(2000.0, rel=0.2)


def test_adsorbent_tells_the_mean_of_ten_minutes_and_has_a_limit() -> None:
    shown = readings(preset("adsorbent-gc"), {"acetone": step(0.0, 1.0)})
    assert shown.end.tolist() == [600, 1200, 1800, 2400]
    assert shown.value == pytest.approx([0.003, 1 / 3, 1.0, 1.0], rel=0.2)
    assert shown.censored.tolist() == [True, False, False, False]


def test_a_photo_ioniser_adds_up_what_it_responds_to() -> None:
    quiet = replace(preset("pid"), **QUIET)
    assert len(quiet.channels(GASES)) == 1
    one = readings(quiet, {"acetone": 100.0}).value[-1]
    both = readings(quiet, {"acetone": 100.0, "toluene": 100.0, "methane": 2000.0}).value[-1]
    assert one == pytest.approx(100.0)
    # Toluene weighs 2.0 / 0.9 of acetone, methane nothing.
    assert both == pytest.approx(100.0 + 100.0 * 2.0 / 0.9)


def test_other_gas_shows_up_in_a_cell() -> None:
    quiet = replace(preset("electrochemical-nh3"), **QUIET)
    assert readings(quiet, {"hydrogen sulfide": 100.0}).value[-1] == pytest.approx(130.0)


def test_a_selective_sensor_does_not_mix_gases() -> None:
    quiet = replace(preset("ptr-tof"), **QUIET)
    assert [GASES[c.species] for c in quiet.channels(GASES)] == ["acetone", "toluene"]
    assert readings(quiet, {"toluene": 100.0}).value.max() == 0.0


def test_nothing_is_shown_above_saturation() -> None:
    shown = readings(preset("ptr-tof"), {"acetone": 1e4}).value
    assert shown.max() == 2000.0
    worse = readings(preset("ptr-tof"), {"acetone": 1e4}, faults=Faults(saturation=500.0)).value
    assert worse.max() == 500.0


def test_every_instrument_has_its_own_zero_and_gain() -> None:
    pid = replace(preset("pid"), noise=0.0, drift=0.0)
    ends = [
        [readings(pid, {"acetone": gas}, seed=s).value[-1] for gas in (0.0, 1000.0)]
        for s in range(30)
    ]
    zeros, spans = np.array(ends)[:, 0], np.diff(np.array(ends))[:, 0]
    assert np.std(zeros) == pytest.approx(10.0, rel=0.4)
    assert np.std(np.log(spans)) == pytest.approx(0.1, rel=0.4)


@pytest.mark.parametrize("kind", presets().values(), ids=lambda kind: kind.name)
def test_every_preset_says_where_its_figures_come_from(kind: Preset) -> None:
    assert kind.title
    assert "[A]" in kind.source or "[P]" in kind.source
    assert bool(kind.measures) != bool(kind.sum)


def test_an_unknown_preset_is_told_with_one_like_it() -> None:
    with pytest.raises(BadInput, match="Did you mean ptr-tof"):
        preset("ptrtof")
