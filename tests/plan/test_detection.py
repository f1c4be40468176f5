"""Detection falls where it must, says why it is nothing, and keeps to figures from outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from barlovento.domain.region import RatePrior, Weather
from barlovento.errors import BadInput
from barlovento.fly.fleet_file import catalogue
from barlovento.plan.crossing import kept_of_peak
from barlovento.plan.detection import Detection, sweep_detection

START = datetime(2026, 12, 1, 12, tzinfo=UTC)
PRIOR = RatePrior(median=5e-5, gsd=4.0)
DRONE = catalogue().vehicles["small-multirotor"]
ANALYSER = catalogue().sensors["gas-analyser"]


def air(stability: str = "D", speed: float = 4.0, **changed: object) -> Weather:
    given = Weather(
        start=START,
        until=START + timedelta(hours=2),
        wind_speed=speed,
        wind_from_direction=80.0,
        stability=stability,
    )
    return replace(given, **changed)


def swept(**changed: object) -> Detection:
    given: dict[str, object] = {
        "vehicle": DRONE,
        "sensor": ANALYSER,
        "height": 20.0,
        "spacing": 200.0,
        "weather": air(),
        "rate_prior": PRIOR,
        "release_height": 3.0,
        "species": "acetone",
    }
    return sweep_detection(**(given | changed))


def test_a_lag_keeps_what_was_worked_out_elsewhere() -> None:
    # A plume 15 m wide crossed at 10 m/s: the table of the project's reference page.
    told = [kept_of_peak(np.array([1.5]), lag, 0.0)[0] for lag in (1.0, 3.0, 10.0)]
    assert told == pytest.approx([0.87, 0.60, 0.28], abs=0.01)


def test_a_pid_at_sixty_metres_sees_nothing_and_says_why() -> None:
    told = swept(sensor=catalogue().sensors["pid"], height=60.0)
    assert not told.sees
    assert told.probability == 0.0
    assert "50 ppb" in told.why
    assert "sees nothing at 60 m" in told.why


def test_the_strongest_excess_is_near_the_reference() -> None:
    # .1 g/s, D, 4 m/s, 30 m: 1.7 ppb at 400 m by Briggs; similarity is within a factor of two.
    told = swept(height=30.0, rate_prior=RatePrior(median=1e-4, gsd=4.0), release_height=5.0)
    assert 0.8e-9 < told.strongest < 3.4e-9
    assert 250 < told.strongest_at < 650


def test_stronger_sources_and_closer_legs_are_seen_more_surely() -> None:
    told = swept()
    assert (np.diff(told.by_rate) >= 0).all()
    assert told.probability == pytest.approx(told.by_rate.mean())
    wide = swept(spacing=600.0)
    assert wide.probability < told.probability


def test_higher_is_worse_and_a_finer_sensor_is_better() -> None:
    heights = [swept(height=h).probability for h in (20.0, 40.0, 80.0)]
    assert heights == sorted(heights, reverse=True)
    finer = swept(sensor=replace(ANALYSER, detection_limit=ANALYSER.detection_limit / 10))
    assert finer.probability > heights[0]


def test_a_source_that_is_off_most_of_the_time_is_seen_less() -> None:
    rare = replace(PRIOR, share_on=0.3)
    long, short = replace(rare, spell=1e6), replace(rare, spell=10.0)
    always = swept().probability
    # On for good or off for good: seen as often as it is on.
    assert swept(rate_prior=long).probability == pytest.approx(0.3 * always, rel=0.01)
    assert 0.3 * always < swept(rate_prior=short).probability < always


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"sensor": None}, "no gas sensor"),
        ({"species": "methane", "sensor": catalogue().sensors["qcl-nh3"]}, "does not respond"),
        ({"height": 300.0}, "works from"),
        ({"weather": air(speed=12.5)}, "above the limit"),
        ({"weather": air(night=True), "vehicle": replace(DRONE, night=False)}, "by night"),
    ],
)
def test_what_sees_nothing_says_why(change: dict[str, object], why: str) -> None:
    told = swept(**change)
    assert not told.sees
    assert why in told.why
    assert told.per_second == 0.0


def test_columns_and_images_see_the_young_plume() -> None:
    strong = RatePrior(median=5e-3, gsd=2.0)
    down = swept(
        sensor=catalogue().sensors["tdlas-nadir"],
        species="ammonia",
        rate_prior=strong,
        spacing=50.0,
    )
    above = swept(
        vehicle=catalogue().vehicles["high-altitude"],
        sensor=catalogue().sensors["thermal-imager"],
        species="ammonia",
        rate_prior=strong,
        height=8000.0,
        spacing=None,
    )
    assert down.probability > 0.3
    assert above.probability > 0.3
    assert above.spacing == pytest.approx(6400.0)


@pytest.mark.parametrize("change", [{"height": -1.0}, {"spacing": float("nan")}, {"extent": 0.0}])
def test_lengths_that_are_none_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="above zero"):
        swept(**change)
