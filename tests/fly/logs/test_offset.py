"""The gas clock's offset comes back, and its interval holds the truth nine times in ten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flight_logs import EAST, HOME, NORTH, Flown, lawnmower, plume, tlog_frames, write_frames

from barlovento.errors import BadInput
from barlovento.fly.asking import LoggerKeys
from barlovento.fly.logs.clocking import ClockKeys, settle
from barlovento.fly.logs.flight import read_flight
from barlovento.fly.logs.offset import GasSignals, Offset, common_signal
from barlovento.fly.logs.passes import by_passes
from barlovento.fly.logs.record import Flight

FLOWN = lawnmower(lines=10, length=150.0)
SEEDS = range(30)


@pytest.fixture(scope="module")
def flight(tmp_path_factory: pytest.TempPathFactory) -> Flight:
    path = tmp_path_factory.mktemp("flight") / "a.tlog"
    return read_flight(write_frames(path, tlog_frames(FLOWN)))


def lasting(random: np.random.Generator, size: int, seconds: float) -> np.ndarray:
    """Errors of variance one that last for some seconds."""
    noise = random.normal(0, 1, size + 100)
    weights = np.exp(-np.arange(100) / seconds)
    return np.convolve(noise, weights, "valid")[:size] / np.sqrt((weights**2).sum())


def recorded(seed: int, flown: Flown = FLOWN) -> tuple[float, GasSignals, np.ndarray]:
    """An offset, what a logger with it recorded, and the gas."""
    random = np.random.default_rng(seed)
    offset = random.uniform(-7, 7)
    time = np.arange(flown.time[0] + 3, flown.time[-1] - 3, 1.0) + random.uniform(0, 1)
    x, y, z = flown.at(time)
    signals = GasSignals(
        time=time - offset,
        longitude=HOME[0] + (x + 1.5 * lasting(random, time.size, 10)) * EAST,
        latitude=HOME[1] + (y + 1.5 * lasting(random, time.size, 10)) * NORTH,
        pressure=94200 - 11.8 * z + 6 * lasting(random, time.size, 10),
        height=z + lasting(random, time.size, 10),
    )
    return offset, signals, plume(flown, time, seed, at=105.0)


def only(signals: GasSignals, name: str) -> GasSignals:
    if name == "position":
        return GasSignals(time=signals.time, longitude=signals.longitude, latitude=signals.latitude)
    if name == "pressure":
        return GasSignals(time=signals.time, pressure=signals.pressure)
    return GasSignals(time=signals.time, height=signals.height)


@pytest.mark.parametrize(
    ("name", "close"), [("position", 0.3), ("pressure", 1.0), ("height", 1.5), ("passes", 1.0)]
)
def test_the_interval_holds_the_truth_about_nine_times_in_ten(
    flight: Flight, name: str, close: float
) -> None:
    errors, halves = [], []
    for seed in SEEDS:
        offset, signals, gas = recorded(seed)
        if name == "passes":
            found, why = by_passes(signals.time, gas, flight, most=12.0)
        else:
            found, why = common_signal(only(signals, name), flight, most=30.0)
        assert found is not None, why
        assert found.low < found.seconds < found.high
        errors.append(abs(found.seconds - offset))
        halves.append(found.half)
    inside = sum(e <= h for e, h in zip(errors, halves, strict=True))
    # Of 30 at .9 each, fewer than 22 come in one case of a thousand.
    assert inside >= 22
    assert np.median(errors) < close / 2
    assert np.median(halves) < close


def test_a_logger_that_runs_all_day_is_matched_too(flight: Flight) -> None:
    offset, signals, _ = recorded(3)
    before = np.arange(signals.time[0] - 20_000, signals.time[0], 5.0)
    rest = np.random.default_rng(0).normal(94200, 3, before.size)
    day = GasSignals(
        time=np.concatenate([before, signals.time]),
        pressure=np.concatenate([rest, np.asarray(signals.pressure)]),
    )
    found, why = common_signal(day, flight, most=30.0)
    assert found is not None, why
    assert abs(found.seconds - offset) < 1.5


def test_a_time_zone_is_found_by_a_common_signal(flight: Flight) -> None:
    offset, signals, _ = recorded(5)
    away = GasSignals(time=signals.time + 5400.0, pressure=signals.pressure)
    found, why = common_signal(away, flight, most=30.0)
    assert found is not None, why
    assert abs(found.seconds - (offset - 5400)) < 1.0


def test_signals_of_another_flight_tell_nothing(flight: Flight) -> None:
    _, signals, _ = recorded(1)
    assert signals.longitude is not None
    elsewhere = GasSignals(
        time=signals.time, longitude=signals.longitude + 1.0, latitude=signals.latitude
    )
    noise = GasSignals(
        time=signals.time, pressure=np.random.default_rng(0).normal(94200, 5, signals.time.size)
    )
    still = GasSignals(time=signals.time, pressure=np.full(signals.time.size, 94200.0))
    for other in (elsewhere, noise, still):
        found, why = common_signal(other, flight, most=30.0)
        assert found is None
        assert why


def test_gas_that_never_stands_out_tells_nothing(flight: Flight) -> None:
    _, signals, _ = recorded(1)
    flat = np.random.default_rng(0).normal(2.0, 0.05, signals.time.size)
    assert by_passes(signals.time, flat, flight, most=12.0)[0] is None
    assert by_passes(signals.time, np.full(signals.time.size, 2.0), flight, most=12.0)[0] is None


def test_passes_in_one_direction_tell_nothing(tmp_path: Path) -> None:
    seconds = np.arange(0.0, 300.0, 0.2)
    # One long line: no place is seen twice.
    flown = Flown(seconds + 1.778e9, seconds * 6.0, seconds * 0.0, seconds * 0.0 + 20.0)
    flight = read_flight(write_frames(tmp_path / "a.tlog", tlog_frames(flown)))
    time = flown.time[::5]
    gas = 2.0 + np.exp(-0.5 * ((flown.x[::5] - 900.0) / 10.0) ** 2)
    found, why = by_passes(time, gas, flight, most=12.0)
    assert found is None
    assert "too few" in why


def test_lines_that_repeat_are_told_to_be_ambiguous(flight: Flight) -> None:
    _, signals, _ = recorded(2)
    gas = plume(FLOWN, signals.time, 2, at=75.0)
    found, why = by_passes(signals.time, gas, flight, most=40.0)
    assert found is None
    assert "several offsets" in why


# ---------------------------------------------------------------- what is made of it


def settled(
    flight: Flight, signals: GasSignals, gas: np.ndarray, *, zone: str | None = None, **known: float
) -> object:
    return settle(
        signals,
        signals.time,
        gas,
        flight,
        keys=LoggerKeys(time_zone=zone),
        known=ClockKeys(**known),
        file="gas.csv",
    )


def test_a_zone_is_named_that_mends_it(flight: Flight) -> None:
    _, signals, gas = recorded(4)
    # Local time of UTC+2, read as UTC.
    local = GasSignals(time=signals.time + 7200)
    with pytest.raises(BadInput, match=r"don't overlap.*-2 h.*--time-zone \+02:00 \(now UTC\)"):
        settled(flight, local, gas, zone="UTC")
    with pytest.raises(BadInput, match=r"--clock-offset -7200"):
        settled(flight, local, gas)
    marked = GasSignals(time=signals.time + 7200, pressure=signals.pressure)
    with pytest.raises(BadInput, match=r"\+2 h and .* told by pressure.*--time-zone \+02:00"):
        settled(flight, marked, gas, zone="UTC")


def test_another_day_is_no_time_zone(flight: Flight) -> None:
    _, signals, gas = recorded(4)
    with pytest.raises(BadInput, match="same flight and day"):
        settled(flight, GasSignals(time=signals.time + 40 * 86400), gas)


def test_the_suggested_offset_mends_it(flight: Flight) -> None:
    offset, signals, gas = recorded(4)
    local = GasSignals(time=signals.time + 7200)
    found = settled(flight, local, gas, offset=-7200.0, most=12.0)
    assert abs(found.seconds - (offset - 7200)) < 1.5  # type: ignore[attr-defined]


def test_where_nothing_tells_the_limit_is_written(flight: Flight) -> None:
    _, signals, gas = recorded(4)
    flat = np.full(gas.size, 2.0)
    found = settled(flight, GasSignals(time=signals.time), flat, most=17.0)
    assert (found.seconds, found.most) == (0.0, 17.0)  # type: ignore[attr-defined]
    assert "Nothing in the logs tells" in found.told[0]  # type: ignore[attr-defined]


def test_exact_clocks_are_taken_at_their_word(flight: Flight) -> None:
    _, signals, gas = recorded(4)
    found = settled(flight, signals, gas, offset=2.0, most=0.0)
    assert (found.seconds, found.most) == (2.0, None)  # type: ignore[attr-defined]


def test_half_of_an_interval() -> None:
    assert Offset(seconds=1.0, low=0.5, high=1.5, by="x").half == 0.5
