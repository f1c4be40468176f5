"""Daily windows, midnight, zones that change their clocks, and daylight."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from barlovento.domain.airspace import Applicability, DailyWindow
from barlovento.errors import BadInput
from barlovento.guard.times import merged, spans, sun_moment

EVERY = frozenset(range(7))


def at(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[arg-type,misc]


def told(when: Applicability, start: float, end: float, *, generous: bool = False) -> list[str]:
    return [
        "/".join(datetime.fromtimestamp(edge, UTC).isoformat()[:16] for edge in span)
        for span in spans(when, start=start, end=end, around=((0.0, 50.0),), generous=generous)
    ]


def window(start: str, end: str, days: frozenset[int] = EVERY) -> tuple[DailyWindow, ...]:
    return (DailyWindow(days=days, start=start, end=end),)


def test_a_window_is_told_in_the_authoritys_clock() -> None:
    when = Applicability(windows=window("08:00", "18:00"), timezone="America/Bogota")
    found = told(when, at(2027, 3, 10, 14), at(2027, 3, 10, 15))
    assert "2027-03-10T13:00/2027-03-10T23:00" in found


def test_a_window_may_pass_midnight() -> None:
    when = Applicability(windows=window("22:00", "04:00", frozenset({0})))
    # Monday 2027-03-08 to Tuesday.
    found = told(when, at(2027, 3, 9, 1), at(2027, 3, 9, 2))
    assert found == ["2027-03-08T22:00/2027-03-09T04:00"]
    assert told(when, at(2027, 3, 10, 1), at(2027, 3, 10, 2)) == []


def test_whole_days_join() -> None:
    when = Applicability(windows=window("00:00", "24:00", frozenset({0, 1})))
    found = told(when, at(2027, 3, 8, 23), at(2027, 3, 9, 1))
    assert found == ["2027-03-08T00:00/2027-03-10T00:00"]


def test_the_clocks_change() -> None:
    # Europe/Madrid goes from UTC+1 to UTC+2 on 2027-03-28 at 01:00 UTC.
    when = Applicability(windows=window("09:00", "10:00"), timezone="Europe/Madrid")
    found = told(when, at(2027, 3, 27), at(2027, 3, 29))
    assert "2027-03-27T08:00/2027-03-27T09:00" in found
    assert "2027-03-28T07:00/2027-03-28T08:00" in found


def test_validity_cuts_windows() -> None:
    when = Applicability(
        valid_from=datetime(2027, 3, 10, 9, tzinfo=UTC),
        valid_until=datetime(2027, 3, 10, 10, tzinfo=UTC),
        windows=window("08:00", "18:00"),
    )
    found = told(when, at(2027, 3, 10), at(2027, 3, 11))
    assert found == ["2027-03-10T09:00/2027-03-10T10:00"]


@pytest.mark.parametrize(
    ("place", "zone", "day", "rise", "fall"),
    [
        # NOAA's solar calculator and national almanacs, to the minute.
        ((-3.7038, 40.4168), "Europe/Madrid", date(2024, 6, 21), "06:44", "21:48"),
        ((-0.1278, 51.5074), "Europe/London", date(2024, 12, 21), "08:04", "15:53"),
        ((151.2093, -33.8688), "Australia/Sydney", date(2024, 1, 1), "05:47", "20:09"),
    ],
)
def test_the_sun_rises_and_sets_when_almanacs_say(
    place: tuple[float, float], zone: str, day: date, rise: str, fall: str
) -> None:
    clock = ZoneInfo(zone)
    for word, wanted in (("sunrise", rise), ("sunset", fall)):
        moment = sun_moment(word, day, place, clock)
        assert moment is not None
        local = datetime.fromtimestamp(moment, clock)
        expected = datetime.fromisoformat(f"{day}T{wanted}").replace(tzinfo=clock)
        assert abs((local - expected).total_seconds()) <= 60
        assert local.date() == day


def test_twilight_lies_outside_of_daylight() -> None:
    place, zone = (-70.0, 5.0), ZoneInfo("America/Bogota")
    words = ("civil dawn", "sunrise", "sunset", "civil dusk")
    moments = [sun_moment(word, date(2027, 3, 10), place, zone) for word in words]
    assert moments == sorted(moments, key=lambda moment: moment or 0.0)


def test_polar_day_and_night_count_against_the_flight() -> None:
    when = Applicability(windows=window("sunrise", "sunset"))
    noon = at(2027, 6, 21, 12)
    north = ((20.0, 80.0),)
    assert spans(when, start=noon, end=noon + 60, around=north, generous=False) == ()
    assert spans(when, start=noon, end=noon + 60, around=north, generous=True)


def test_doubtful_daylight_is_shorter_for_consents_than_for_zones() -> None:
    when = Applicability(windows=window("sunrise", "sunset"))
    start, end = at(2027, 3, 10, 12), at(2027, 3, 10, 13)
    around = ((0.0, 50.0), (1.0, 50.0))
    (narrow,) = spans(when, start=start, end=end, around=around, generous=False)
    (wide,) = spans(when, start=start, end=end, around=around, generous=True)
    # One degree of longitude is four minutes of sun.
    assert 230 < narrow[0] - wide[0] < 500
    assert 230 < wide[1] - narrow[1] < 500


def test_spans_that_touch_become_one() -> None:
    assert merged([(3, 4), (0, 1), (1, 2)]) == ((0, 2), (3, 4))


@pytest.mark.parametrize("words", [("25:00", "26:00"), ("08:00Z", "09:00Z"), ("dawn", "dusk")])
def test_times_that_mean_nothing_are_refused(words: tuple[str, str]) -> None:
    with pytest.raises(BadInput):
        told(Applicability(windows=window(*words)), at(2027, 3, 10), at(2027, 3, 11))


def test_an_unknown_time_zone_is_refused() -> None:
    when = Applicability(windows=window("08:00", "09:00"), timezone="Europe/Atlantis")
    with pytest.raises(BadInput, match="Atlantis"):
        told(when, at(2027, 3, 10), at(2027, 3, 11))
