"""What looks doubtful is said, and a sound survey hears nothing."""

import pytest

from barlovento.fly.check import check_survey
from barlovento.fly.survey import read_survey
from barlovento.fly.suspicion import longest_run

HEAD = "time,sensor,x,y,z,concentration\n"


def minute(i: int) -> str:
    return f"2026-05-04T{10 + i // 60:02d}:{i % 60:02d}:00Z"


def readings(n: int, value=lambda i: 1 + (i * 37 % 100) / 100, *, place="10,20,1.5") -> str:
    return HEAD + "".join(f"{minute(i)},a,{place},{value(i)}\n" for i in range(n))


def wind(n: int, *, speed=3.0, direction=lambda i: 200 + i * 13 % 7, skip=()) -> str:
    rows = (f"{minute(i)},{speed},{direction(i)},290,101000\n" for i in range(n) if i not in skip)
    return "time,wind_speed,wind_from_direction,temperature,pressure\n" + "".join(rows)


def said(folder) -> list[str]:
    """Return the warnings; there must be no error, and reading must carry the same."""
    faults = check_survey(folder)
    assert all(f.severity == "warning" for f in faults), [str(f) for f in faults]
    assert read_survey(folder).warnings == tuple(faults)
    return [str(f) for f in faults]


def test_a_sound_survey_hears_nothing(survey):
    assert said(survey()) == []
    assert said(survey(observations=readings(200), meteorology=wind(200))) == []


def test_one_reading(survey):
    (one,) = said(survey(observations=readings(2).rsplit("\n", 2)[0]))
    assert "has one reading" in one


def test_all_non_detects(survey):
    text = said(survey(('"unknown"', '"unknown"\ndetection_limit = 10')))
    assert len(text) == 1
    assert "No reading detects the gas" in text[0]


def test_all_equal(survey):
    (text,) = said(survey(observations=readings(3, lambda i: 2.0)))
    assert "All 3 detected readings are 2" in text


def test_a_stuck_sensor(survey):
    def value(i):
        return 1.5 if 20 <= i < 80 else 1 + i / 100

    (text,) = said(survey(observations=readings(100, value), meteorology=wind(100)))
    assert "'a' reads 1.5 60 times" in text
    assert "row 22" in text


def test_zeros_and_limits_may_repeat(survey):
    text = readings(100, lambda i: 0 if i < 90 else 1 + i / 100)
    assert said(survey(observations=text, meteorology=wind(100))) == []


def test_fillers(survey):
    text = said(survey(("10,20,1.5,2.5", "10,20,1.5,-9999")))
    assert len(text) == 1
    assert "row 3" in text[0]
    assert "filler" in text[0]


def test_negative_readings(survey):
    (text,) = said(survey(("10,20,1.5,2.5", "10,20,1.5,-0.25")))
    assert "1 readings are below zero, the lowest -0.25" in text


def test_impossible_strength(survey):
    # A cubic metre of pure methane weighs 668 g at 20 degC (CRC handbook).
    (text,) = said(survey(("10,20,1.5,2.5", "10,20,1.5,600000")))
    assert "pure gas" in text
    assert "concentration_units" in text


def test_background_above_all_readings(survey):
    (text,) = said(survey(('"unknown"', "1900")))
    assert "below the background" in text


@pytest.mark.parametrize(("seconds", "words"), [(600, "neighbours"), (1, "samples that briefly")])
def test_averaging_time_against_spacing(survey, seconds, words):
    edit = ("averaging_time_s = 60", f"averaging_time_s = {seconds}")
    (text,) = said(survey(edit, observations=readings(50), meteorology=wind(50)))
    assert words in text


def test_height_above_the_sea(survey):
    (text,) = said(survey(observations=readings(5, place="10,20,612.5"), meteorology=wind(5)))
    assert "above the sea" in text


def test_slightly_below_ground(survey):
    (text,) = said(survey(observations=readings(5, place="10,20,-0.2"), meteorology=wind(5)))
    assert "below ground" in text


def test_a_gap_in_the_wind(survey):
    record = wind(50, skip=range(20, 25))
    (text,) = said(survey(observations=readings(50), meteorology=record))
    assert "1 gap of more than 3 intervals" in text
    assert "360 s from 2026-05-04T10:19:00Z" in text


def test_a_gap_without_readings_is_no_matter(survey):
    keep = readings(50).splitlines(keepends=True)
    text = "".join(keep[:19] + keep[30:])
    assert said(survey(observations=text, meteorology=wind(50, skip=range(20, 25)))) == []


def test_radians(survey):
    record = wind(20, direction=lambda i: round(3.4 + i * 0.01, 2))
    (text,) = said(survey(observations=readings(20), meteorology=record))
    assert "radians" in text


def test_no_wind_at_all(survey):
    text = said(survey(meteorology=wind(5, speed=0)))
    assert len(text) == 1
    assert "zero throughout" in text[0]


def test_light_wind(survey):
    (text,) = said(survey(meteorology=wind(5, speed=0.2)))
    assert "so light" in text


def test_a_stuck_vane(survey):
    record = wind(150, direction=lambda i: 200)
    (text,) = said(survey(observations=readings(150), meteorology=record))
    assert "vane" in text


def test_a_calm_keeps_its_direction(survey):
    folder = survey(("3.5,210", "0,"))
    assert any("A calm has no direction" in t for t in said(folder))
    assert list(read_survey(folder).meteorology.wind_from_direction) == [200, 200, 190]


def test_a_missing_wind_is_left_out(survey):
    folder = survey(("3.5,210", ","))
    assert any("has no wind and was left out" in t for t in said(folder))
    assert len(read_survey(folder).meteorology) == 2


def test_a_record_without_any_wind(survey):
    faults = check_survey(survey(("3.0,200", ","), ("3.5,210", ","), ("2.5,190", ",")))
    assert any("No row of the wind record has a wind" in str(f) for f in faults)


def test_directions_beyond_a_circle_are_turned(survey):
    folder = survey(("3.5,210", "3.5,-150"), ("2.5,190", "2.5,360"))
    text = said(folder)
    assert len(text) == 1
    assert "-150 is outside 0 to 360" in text[0]
    assert list(read_survey(folder).meteorology.wind_from_direction) == [200, 210, 0]


def test_no_air_upwind(survey):
    # The wind comes from the south, and the box lies in the east.
    text = said(survey(("x_m = [-100, 100]", "x_m = [900, 1000]")))
    assert len(text) == 1
    assert "no air upwind of any reading" in text[0]


def test_where_to(survey):
    text = said(survey(("y_m = [-100, 100]", "y_m = [900, 1000]")))
    assert len(text) == 1
    assert "blows TO" in text[0]


def test_upwind_is_enough(survey):
    assert said(survey(("y_m = [-100, 100]", "y_m = [-1000, -900]"))) == []


def test_swapped_longitude_and_latitude(survey):
    text = (
        "time,latitude,longitude,z,concentration\n"
        "2026-05-04T10:01:00Z,-3.70,40.40,2,1.5\n2026-05-04T10:02:00Z,-3.70,40.41,2,2.5\n"
    )
    box = "longitude = [-3.71, -3.69]\nlatitude = [40.39, 40.41]"
    warned = said(
        survey(
            ('"local"', '"geographic"'),
            ("x_m = [-100, 100]\ny_m = [-100, 100]", box),
            observations=text,
        )
    )
    assert len(warned) == 1
    assert "look swapped" in warned[0]


def test_readings_far_from_the_box(survey):
    text = said(survey(("x_m = [-100, 100]", "x_m = [90000, 90100]")))
    assert len(text) == 1
    assert "90 km from the search box" in text[0]


def test_columns_that_are_not_read(survey):
    (text,) = said(survey(("time,sensor,x", "time,instrument,x")))
    assert "'instrument'" in text


@pytest.mark.parametrize(
    ("hit", "expected"),
    [
        ([], (0, 0)),
        ([0, 0], (0, 0)),
        ([1], (0, 1)),
        ([0, 1, 1, 0, 1], (1, 2)),
        ([1, 0, 1, 1], (2, 2)),
    ],
)
def test_longest_run(hit, expected):
    import numpy as np

    assert longest_run(np.array(hit, dtype=bool)) == expected
