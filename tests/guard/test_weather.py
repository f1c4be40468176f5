"""Go or no go: limits, what is old, what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barlovento.domain.weather import Weather
from barlovento.errors import BadInput
from barlovento.guard.weather import Limits, go_no_go

NOW = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
WINDOW = (NOW + timedelta(minutes=5), NOW + timedelta(minutes=35))
LIMITS = Limits(wind=10.0, visibility=5000.0, cloud_base=300.0)
GOOD = Weather(
    source="METAR LEMD 20 12:00Z",
    issued_at=NOW - timedelta(minutes=10),
    valid_from=NOW - timedelta(minutes=10),
    valid_until=NOW + timedelta(minutes=50),
    wind_speed=5.0,
    gust=None,
    wind_height=10.0,
    wind_from_direction=250.0,
    visibility=10_000.0,
    cloud_base=None,
    dangers=(),
    distance=4_000.0,
)


def judged(*weather: Weather, **more):
    given = {"window": WINDOW, "height": 80.0, "now": NOW} | more
    return go_no_go(weather, more.pop("limits", LIMITS), **given)


def test_good_weather_is_a_go() -> None:
    found = judged(GOOD)
    assert (found.go, found.reasons) == (True, ())
    # 5 m/s at 10 m is 5 * 8^(1/7) = 6.73 m/s at 80 m.
    assert found.strongest == pytest.approx(6.73, abs=0.005)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"wind_speed": 7.5}, "wind of 10.1 m/s at 80 m"),
        ({"gust": 10.5}, "gusts of 10.5"),
        ({"wind_speed": None}, "tells no wind"),
        ({"wind_speed": float("nan")}, "wind of nan"),
        ({"visibility": 3000.0}, "visibility of 3000 m"),
        ({"visibility": None}, "Nothing tells the visibility"),
        ({"cloud_base": 200.0}, "clouds at 200 m"),
        ({"dangers": ("thunderstorm",)}, "thunderstorm"),
        ({"distance": None}, "nobody knows how far"),
        ({"distance": 60_000.0}, "60 km"),
        ({"valid_until": NOW + timedelta(minutes=20)}, "No weather speaks for .*12:30"),
        ({"valid_from": NOW + timedelta(minutes=8)}, "No weather speaks for .*12:15"),
        ({"issued_at": NOW + timedelta(hours=1)}, "from the future"),
        ({"issued_at": NOW - timedelta(hours=19)}, "No weather speaks"),
    ],
)
def test_outside_of_limits_old_or_missing_is_no_go(change, told: str) -> None:
    import re

    found = judged(replace(GOOD, **change))
    assert not found.go
    assert re.search(told, " ".join(found.reasons))


def test_no_weather_at_all_is_no_go() -> None:
    assert judged().reasons == ("There is no weather. Give --metar or --grib.",)


@given(wind=st.floats(0, 40), gust=st.none() | st.floats(0, 60), height=st.floats(1, 400))
def test_a_go_never_exceeds_a_limit(wind: float, gust: float | None, height: float) -> None:
    found = judged(replace(GOOD, wind_speed=wind, gust=gust), height=height)
    if found.go:
        assert wind <= 10.0
        assert gust is None or gust <= 10.0
        assert found.strongest <= 10.0


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(BadInput, match="no limits"):
        Limits(wind=0.0, visibility=0.0, cloud_base=0.0)
