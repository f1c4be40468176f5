"""A logger's file becomes a survey, or the person is told everything that is lacking."""

import numpy as np
import pytest

from barlovento.errors import BadInput, SurveyError
from barlovento.fly.from_csv import survey_from_csv
from barlovento.fly.survey import read_survey

LOGGER = """\
# instrument 4711
Timestamp,Lon,Lat,Height_ft,CH4 (ppb),WS [knots],WD,Air_Temp_C,Pressure (hPa)
2026-05-04 12:01:00,-3.700,40.400,10,2000,10,200,16.85,950
2026-05-04 12:02:00,-3.699,40.400,10,2500,12,210,16.85,950
2026-05-04 12:03:00,-3.698,40.400,10,NaN,8,190,16.85,950
"""
GIVEN = {
    "species": "methane",
    "time_zone": "+02:00",
    "averaging_time_s": 60,
    "background": "unknown",
    "measurement_height_m": 3,
    "roughness_length_m": 0.03,
    "search_x": (-3.71, -3.69),
    "search_y": (40.39, 40.41),
    "release_height_m": (0, 2),
    "max_sources": 2,
}
LOCAL = {"search_x": (-100, 100), "search_y": (-100, 100)}


@pytest.fixture
def make(tmp_path):
    """Return what writes a logger's file and makes a survey of it."""

    def run(text=LOGGER, *, wind=None, out="survey", encoding="utf-8", **changes):
        (tmp_path / "flight 7.csv").write_text(text, encoding=encoding)
        given = GIVEN | changes
        if wind is not None:
            (tmp_path / "wind.csv").write_text(wind)
            given["wind_csv"] = tmp_path / "wind.csv"
        given = {k: v for k, v in given.items() if v is not ...}
        return survey_from_csv(tmp_path / "flight 7.csv", tmp_path / out, **given)

    return run


def test_a_common_logger_needs_no_mapping(make, tmp_path):
    made = make()
    read = read_survey(made.path)
    assert read.title == "flight 7"
    # 12:01 at +02:00 is 10:01 UTC.
    assert read.observations.time[0] == 1777888860
    assert len(read.observations) == 2
    assert read.observations.n_empty == 1
    # Ten feet, ten knots, 16.85 degC and 950 hPa.
    np.testing.assert_allclose(read.observations.z, 3.048)
    np.testing.assert_allclose(read.meteorology.wind_speed[0], 5.14444, rtol=1e-5)
    np.testing.assert_allclose(read.meteorology.temperature, 290.0)
    np.testing.assert_allclose(read.meteorology.pressure, 95000)
    # 2000 ppb is 2e-6 p M / (R T).
    assert read.observations.concentration[0] == pytest.approx(
        2e-6 * 95000 * 0.01604246 / (8.314462618 * 290), rel=1e-5
    )
    assert read.units == "ppb"
    assert read.frame.geographic
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_what_was_guessed_is_said(make):
    said = " ".join(make().said)
    for words in (
        "time is taken from the column 'Timestamp'",
        "concentration is taken from the column 'CH4 (ppb)'",
        "wind_speed is in knots",
        "temperature is in degC",
        "z is in ft",
        "wind_from_direction is taken to be in deg",
    ):
        assert words in said


def test_given_columns_and_units_win(make):
    text = LOGGER.replace("CH4 (ppb)", "raw").replace("WS [knots]", "v").replace("Air_Temp_C", "t")
    made = make(
        text,
        columns={"concentration": "raw"},
        wind_columns={"wind_speed": "V", "temperature": "t"},
        units={"concentration": "ug/m3", "wind_speed": "km/h", "temperature": "degC"},
    )
    # In one file both mappings hold.
    read = read_survey(made.path)
    assert read.units == "ug m-3"
    np.testing.assert_allclose(read.observations.concentration[0], 2000e-9)
    np.testing.assert_allclose(read.meteorology.wind_speed[0], 10 / 3.6)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("species", "species is not given"),
        ("averaging_time_s", "rows are 60 s apart"),
        ("background", 'or "unknown"'),
        ("measurement_height_m", "height of the anemometer"),
        ("roughness_length_m", "0.03 grass"),
        ("search_x", "longitude where sources may be; the readings run from -3.7 to -3.698"),
        ("search_y", "latitude"),
        ("release_height_m", "outlet"),
        ("max_sources", "for example 3"),
    ],
)
def test_what_nobody_said_is_asked_for(make, tmp_path, name, words):
    with pytest.raises(SurveyError, match=words):
        make(**{name: ...})
    assert not (tmp_path / "survey").exists()


def test_all_that_is_lacking_comes_at_once(make):
    text = LOGGER.replace("[knots]", "").replace("(hPa)", "")
    with pytest.raises(SurveyError) as caught:
        make(text, time_zone=..., max_sources=..., species=...)
    said = str(caught.value)
    for words in ("'WS' is not given", "'Pressure' is not given", "max_sources", "species"):
        assert words in said


@pytest.mark.parametrize(
    ("old", "new", "column", "words"),
    [
        ("WS [knots]", "WS", "wind_speed", "wind_speed=m/s"),
        ("Air_Temp_C", "Air_Temp", "temperature", "temperature=degC"),
        ("Pressure (hPa)", "Pressure", "pressure", "pressure=hPa"),
        ("CH4 (ppb)", "CH4", "concentration", "concentration=ppm"),
        ("CH4 (ppb)", "Value", "concentration", "No column can be told"),
        ("WS [knots]", "speed", "wind_speed", "No column can be told"),
        ("Timestamp", "when", "time", "time=DATE"),
        ("Height_ft", "Altitude", "z", "z=2.5"),
        ("WD", "WS_2", "wind_from_direction", "No column can be told"),
        ("Lon,", "a,", None, "longitude and latitude, or x and y"),
    ],
)
def test_what_names_do_not_tell_is_asked_for(make, old, new, column, words):
    with pytest.raises(SurveyError, match=words) as caught:
        make(LOGGER.replace(old, new))
    assert any(f.column == column for f in caught.value.faults)


def test_several_columns_that_fit_are_not_chosen_between(make):
    with pytest.raises(SurveyError, match="Any of 'CH4 \\(ppb\\)' and 'CH4_dry' may be"):
        make(LOGGER.replace("WD", "CH4_dry"))


def test_a_column_can_be_left_out(make):
    text = LOGGER.replace("Lat,", "Lat,x,y,").replace("40.400,", "40.400,1,2,")
    with pytest.raises(SurveyError, match="both x and y"):
        make(text)
    read = read_survey(make(text, columns={"longitude": "", "latitude": ""}, **LOCAL).path)
    assert not read.frame.geographic
    assert read.observations.y[0] == 2


def test_an_unknown_column_is_named(make):
    with pytest.raises(SurveyError, match=r"no column 'methan'.*'CH4 \(ppb\)'"):
        make(columns={"concentration": "methan"})
    with pytest.raises(SurveyError, match="no column 'windspeed' in a survey"):
        make(wind_columns={"windspeed": "WS [knots]"})


@pytest.mark.parametrize("unit", ["furlong", "Mg m-3"])
def test_an_unknown_unit_is_told(make, unit):
    with pytest.raises(SurveyError, match="no known unit"):
        make(units={"concentration": unit})
    with pytest.raises(SurveyError, match="no known unit"):
        make(units={"wind_speed": unit})


# times


def times(*cells: str, header: str = "Timestamp") -> str:
    head, *rows = LOGGER.splitlines()[1:]
    head = head.replace("Timestamp", header)
    return "\n".join(
        [head, *(row.replace(row[:19], cell) for row, cell in zip(rows, cells, strict=False))]
    )


UTC_TIMES = (1777888860, 1777888920, 1777888980)


@pytest.mark.parametrize(
    ("cells", "changes"),
    [
        (
            ("2026-05-04T10:01:00Z", "2026-05-04T10:02:00Z", "2026-05-04T10:03:00Z"),
            {"time_zone": ...},
        ),
        (
            ("2026-05-04T12:01:00+02:00", "2026-05-04 11:02:00+0100", "2026-05-04T10:03Z"),
            {"time_zone": ...},
        ),
        (("2026-05-04 12:01:00", "2026-05-04 12:02:00.000", "2026/05/04 12:03:00"), {}),
        (
            ("2026-05-04 12:01", "2026-05-04 12:02", "2026-05-04 12:03"),
            {"time_zone": "Europe/Madrid"},
        ),
        (("2026-05-04 10:01", "2026-05-04 10:02", "2026-05-04 10:03"), {"time_zone": "UTC"}),
        (
            ("04/05/2026 12:01:00", "04/05/2026 12:02:00", "04/05/2026 12:03:00"),
            {"time_pattern": "%d/%m/%Y %H:%M:%S"},
        ),
        (
            ("05/04/2026 12:01 PM", "05/04/2026 12:02 PM", "05/04/2026 12:03 PM"),
            {"time_pattern": "%m/%d/%Y %I:%M %p"},
        ),
        (
            ("04.05.26 12:01 +0200", "04.05.26 12:02 +0200", "04.05.26 12:03 +0200"),
            {"time_pattern": "%d.%m.%y %H:%M %z", "time_zone": ...},
        ),
        (("1777888860", "1777888920.0", "1777888980"), {"time_zone": ...}),
        (("1777888860000", "1777888920000", "1777888980000"), {"time_zone": ...}),
    ],
)
def test_times_in_many_hands(make, cells, changes):
    read = read_survey(make(times(*cells), **changes).path)
    np.testing.assert_allclose(read.meteorology.time, UTC_TIMES, atol=1e-6)


def test_date_and_time_apart(make):
    text = LOGGER.replace("Timestamp", "DATE,TIME").replace("05-04 12", "05-04,12")
    read = read_survey(make(text).path)
    np.testing.assert_array_equal(read.meteorology.time, UTC_TIMES)
    named = text.replace("DATE,TIME", "day,hour")
    read = read_survey(make(named, columns={"time": "day+hour"}, out="two").path)
    np.testing.assert_array_equal(read.meteorology.time, UTC_TIMES)


def test_counts_since_1970_come_before_stamps(make):
    text = LOGGER.replace("Timestamp", "TIME,EPOCH_TIME")
    for minute, count in zip(("01", "02", "03"), UTC_TIMES, strict=True):
        text = text.replace(f"12:{minute}:00", f"12:{minute}:00,{count}")
    read = read_survey(make(text, time_zone=...).path)
    np.testing.assert_array_equal(read.meteorology.time, UTC_TIMES)


def test_fractions_of_a_second_are_kept(make):
    text = times("2026-05-04 12:01:00.25", "2026-05-04 12:02:00.5", "2026-05-04 12:03:00.125")
    read = read_survey(make(text).path)
    np.testing.assert_allclose(read.meteorology.time % 1, [0.25, 0.5, 0.125], atol=1e-6)


@pytest.mark.parametrize(("marks", "shift"), [("end", 0), ("middle", 30), ("start", 60)])
def test_marks_of_an_interval(make, marks, shift):
    read = read_survey(make(time_marks=marks).path)
    assert read.observations.time[0] == UTC_TIMES[0] + shift


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        (LOGGER, {"time_zone": ...}, "does not say its zone"),
        (LOGGER, {"time_zone": "Europe/Atlantis"}, "no time zone"),
        (LOGGER, {"time_zone": "../../etc/passwd"}, "no time zone"),
        (times("04/05/2026 12:01:00"), {}, "time_pattern"),
        (times("46146.5"), {}, "not one of seconds since 1970"),
        (LOGGER, {"time_pattern": "%d/%m/%Y"}, "is not written as"),
        # Spain turned its clocks back at 03:00 on 2026-10-25, and forward on 2026-03-29.
        (times("2026-10-25 02:30:00"), {"time_zone": "Europe/Madrid"}, "clocks were changed"),
        (times("2026-03-29 02:30:00"), {"time_zone": "Europe/Madrid"}, "clocks were changed"),
        (LOGGER, {"time_marks": "begin"}, "end, middle or start"),
        (LOGGER.replace("2026-05-04 12:02:00", "noon"), {}, "row 4, column Timestamp: 'noon'"),
    ],
)
def test_times_that_can_not_be_told(make, tmp_path, text, changes, words):
    with pytest.raises(SurveyError, match=words):
        make(text, **changes)
    assert not (tmp_path / "survey").exists()


# wind in a file of its own

WIND = """\
date;ws;wd
2026-05-04T10:01:00Z;3,5;200
2026-05-04T10:02:00Z;4,5;210
2026-05-04T10:03:00Z;2,5;190
"""
GAS = """\
time\tx\ty\tgas
2026-05-04T10:01:00Z\t1\t2\t1.5
2026-05-04T10:02:00Z\t1\t2\t2.5
"""


def test_wind_in_another_file(make):
    made = make(
        GAS,
        wind=WIND,
        wind_columns={"time": "date"},
        units={"concentration": "mg m-3", "wind_speed": "m/s"},
        constants={"z": 2.5},
        **LOCAL,
    )
    read = read_survey(made.path)
    np.testing.assert_array_equal(read.meteorology.wind_speed, [3.5, 4.5, 2.5])
    np.testing.assert_array_equal(read.observations.z, [2.5, 2.5])


def test_constants_of_the_air(make):
    made = make(
        GAS,
        wind=WIND,
        wind_columns={"time": "date"},
        units={"concentration": "ppm", "wind_speed": "m/s"},
        constants={"z": 2.5, "temperature": 288.15, "pressure": 101325},
        **LOCAL,
    )
    assert (read_survey(made.path).meteorology.temperature == 288.15).all()


def test_parts_per_volume_without_air(make):
    with pytest.raises(SurveyError, match="need temperature and pressure"):
        make(
            GAS,
            wind=WIND,
            wind_columns={"time": "date"},
            units={"concentration": "ppm", "wind_speed": "m/s"},
            constants={"z": 2.5},
            **LOCAL,
        )


def test_no_wind_at_all(make):
    with pytest.raises(SurveyError, match="wind in a file of its own"):
        make(GAS, units={"concentration": "mg m-3"}, constants={"z": 2.5}, **LOCAL)


def test_many_sensors_repeat_one_wind(make):
    rows = LOGGER.replace("Lon", "sensor,Lon").splitlines()
    text = "\n".join(
        [rows[1], *(r[:19] + f",{s}" + r[19:] for r in rows[2:] for s in ("mast, north", "mast 2"))]
    ).replace("mast, north", '"mast, north"')
    made = make(text)
    read = read_survey(made.path)
    assert len(read.meteorology) == 3
    assert len(read.observations) == 4
    assert read.observations.sensor_names == ("mast, north", "mast 2")
    assert made.warnings == ()


# troubles


def test_faults_carry_the_rows_of_the_loggers_file(make):
    with pytest.raises(SurveyError) as caught:
        make(LOGGER.replace("2500", "2 500 ppb"))
    fault = caught.value.faults[0]
    assert (fault.file, fault.row, fault.column) == ("flight 7.csv", 4, "CH4 (ppb)")
    # Found only when the new folder is checked: a reading ten hours after the wind.
    with pytest.raises(SurveyError, match="outside the wind record") as caught:
        make(
            GAS.replace("10:02", "20:02"),
            wind=WIND,
            wind_columns={"time": "date"},
            units={"concentration": "mg m-3", "wind_speed": "m/s"},
            constants={"z": 2.5},
            **LOCAL,
        )
    assert (caught.value.faults[0].file, caught.value.faults[0].row) == ("flight 7.csv", 3)


def test_nothing_is_overwritten(make, tmp_path):
    make()
    with pytest.raises(BadInput, match="nothing is overwritten"):
        make()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["flight 7.csv", "survey"]


def test_an_old_encoding(make):
    made = make(LOGGER.replace("instrument", "Gerät"), encoding="latin-1")
    assert len(read_survey(made.path).observations) == 2
    assert sum("UTF-8" in str(w) for w in made.warnings) == 1


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"PAR1....", b"time\n", b"\x00\x01\xff"])
def test_files_that_are_no_table(tmp_path, content):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(SurveyError):
        survey_from_csv(tmp_path / "x.csv", tmp_path / "out", **GIVEN)
    assert not (tmp_path / "out").exists()


def test_no_such_file(tmp_path):
    with pytest.raises(SurveyError, match="There is no file"):
        survey_from_csv(tmp_path / "x.csv", tmp_path / "out", **GIVEN)


def test_optional_keys_are_written(make):
    made = make(
        title='A "quoted" title \\ é\x7f',
        detection_limit=1,
        clock_offset_max_s=5,
        response_time_s=2,
    )
    read = read_survey(made.path)
    assert read.title == 'A "quoted" title \\ é\x7f'
    assert (read.clock_offset_max, read.response_time) == (5, 2)


def test_flags_and_paths_are_carried_over(make):
    text = """\
time,x,y,z,x2,y2,z2,concentration,flag,ws,wd
2026-05-04T10:01:00Z,0,0,2,30,40,2,100,,3,200
2026-05-04T10:02:00Z,0,0,2,30,40,2,50,nd,3,200
2026-05-04T10:03:00Z,0,0,2,30,40,2,7,bad,3,200
"""
    made = make(text, units={"concentration": "mg/m2", "wind_speed": "m/s"}, **LOCAL)
    read = read_survey(made.path)
    np.testing.assert_allclose(read.observations.concentration, [2e-6, 1e-6])
    np.testing.assert_array_equal(read.observations.censored, [False, True])
    assert read.observations.n_flagged == 1
