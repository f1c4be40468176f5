"""Reading sound surveys, in all the shapes in which they may come."""

import hashlib
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barlovento.errors import SurveyError
from barlovento.fly.check import check_survey
from barlovento.fly.survey import read_survey

ON_THE_MINUTE = datetime(2026, 5, 4, 10, 1, tzinfo=UTC).timestamp()


def columns(text: str, separator: str = ",") -> dict[str, list[str]]:
    rows = [line.split(separator) for line in text.strip().splitlines()]
    return dict(zip(rows[0], (list(c) for c in zip(*rows[1:], strict=True)), strict=True))


def test_the_small_survey(survey):
    read = read_survey(survey())
    obs = read.observations
    assert read.title == "A small survey"
    assert read.species.cas == "74-82-8"
    assert obs.sensor_names == ("a", "b")
    assert np.all(np.diff(obs.time) >= 0)
    assert obs.time[0] == ON_THE_MINUTE
    # Sorted by time, and in the order of the file at the same time.
    np.testing.assert_array_equal(obs.sensor, [0, 1, 0, 1, 0, 1])
    np.testing.assert_allclose(
        obs.concentration, np.array([1.5, 1.25, 2.5, 1.5, 1.75, 1.625]) * 1e-6, rtol=1e-15
    )
    assert np.isnan(obs.x2).all()
    assert not obs.censored.any()
    assert read.background is None
    assert read.clock_offset_max == 0
    assert read.response_time is None
    assert read.meteorology.measurement_height == 2.0
    assert (read.meteorology.roughness_length == 0.03).all()
    assert np.isnan(read.meteorology.obukhov_length).all()
    assert read.search.x == (-100, 100)
    assert read.search.rate is None
    assert not read.frame.geographic
    assert read.units == "mg m-3"
    assert read.to_file_units == pytest.approx(1e6)
    assert read.warnings == ()


def test_the_digest_is_what_sha256sum_prints(survey):
    folder = survey()
    lines = [
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("survey.toml", "observations.csv", "meteorology.csv")
    ]
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert read_survey(folder).digest == expected


def test_one_byte_changes_the_digest(survey):
    first = read_survey(survey()).digest
    for edit in [("A small", "A Small"), ("10,20,1.5,2.5", "10,20,1.5,2.6"), (",210,", ",211,")]:
        assert read_survey(survey(edit)).digest != first


def test_optional_keys(survey):
    read = read_survey(
        survey(
            (
                'background = "unknown"',
                "background = 1.25\nclock_offset_max_s = 15\nresponse_time_s = 4",
            ),
            ('position = "local"', 'position = "local"\nframe = "the yard"'),
            ("max_sources = 2", "max_sources = 2\nemission_rate_kg_s = {median = 1e-3, gsd = 3}"),
        )
    )
    assert read.background == pytest.approx(1.25e-6)
    assert read.clock_offset_max == 15
    assert read.response_time == 4
    assert read.frame.name == "the yard"
    assert read.search.rate is not None
    assert (read.search.rate.median, read.search.rate.gsd) == (1e-3, 3)


def test_mole_fractions_use_the_air_at_their_own_time(survey):
    read = read_survey(
        survey(
            ("mg m-3", "ppm"),
            ("3.0,200,290,101000", "3.0,200,280,100000"),
            ("2.5,190,290,101000", "2.5,190,300,100000"),
            ("3.5,210,290,101000", "3.5,210,,"),
        )
    )
    # 1 ppm of methane is M p / (R T) 1e-6; the second minute lies half way between 280 and 300 K.
    per_ppm = 0.01604246 * 100000 / (8.314462618 * np.array([280, 280, 290, 290, 300, 300])) * 1e-6
    np.testing.assert_allclose(
        read.observations.concentration,
        per_ppm * np.array([1.5, 1.25, 2.5, 1.5, 1.75, 1.625]),
        rtol=1e-5,
    )
    assert read.to_file_units * per_ppm.mean() == pytest.approx(1, rel=1e-4)


PATHS = """\
time,x,y,z,x2,y2,z2,concentration
2026-05-04T10:01:00Z,0,0,2,30,40,2,100
2026-05-04T10:02:00Z,0,0,2,,,,3
"""


def test_paths_and_points_may_stand_in_one_file(survey):
    obs = read_survey(survey(observations=PATHS)).observations
    assert obs.x2[0] == 30
    assert np.isnan([obs.x2[1], obs.y2[1], obs.z2[1]]).all()
    assert obs.sensor_names == ("sensor",)


def test_path_integrals_become_means(survey):
    text = PATHS.replace(",,,,3", ",30,40,2,50")
    read = read_survey(survey(("mg m-3", "mg m-2"), observations=text))
    # The path is 50 m long (3-4-5 triangle): 100 mg/m2 is 2 mg/m3.
    np.testing.assert_allclose(read.observations.concentration, [2e-6, 1e-6])
    assert read.units == "mg m-3"
    assert read.to_file_units == pytest.approx(1e6)


def test_a_background_of_path_integrals(survey):
    text = PATHS.replace(",,,,3", ",30,40,2,50")
    edits = ("mg m-3", "mg m-2"), ('"unknown"', "25")
    assert read_survey(survey(*edits, observations=text)).background == pytest.approx(0.5e-6)


def test_non_detects_and_bad_rows(survey):
    text = """\
time,sensor,x,y,z,concentration,flag
2026-05-04T10:01:00Z,a,10,20,1.5,1.5,
2026-05-04T10:01:00Z,b,10,20,1.5,0.8,ND
2026-05-04T10:02:00Z,a,10,20,1.5,,nd
2026-05-04T10:02:00Z,b,10,20,1.5,0.1,
2026-05-04T10:03:00Z,a,10,20,1.5,-0.1,
2026-05-04T10:03:00Z,b,10,20,1.5,,
2026-05-04T10:03:00Z,c,what,is,this,xyz,bad
"""
    read = read_survey(
        survey(
            ('background = "unknown"', "background = 0\ndetection_limit = 0.5"), observations=text
        )
    )
    obs = read.observations
    np.testing.assert_array_equal(obs.censored, [False, True, True, True, True])
    # Its own limit, the survey's, and the survey's for what lies below it.
    np.testing.assert_allclose(obs.concentration * 1e6, [1.5, 0.8, 0.5, 0.5, 0.5])
    assert (obs.n_flagged, obs.n_empty) == (1, 1)
    assert obs.sensor_names == ("a", "b")


def test_other_species_are_left_out_and_told(survey):
    text = """\
time,species,x,y,z,concentration
2026-05-04T10:01:00Z,CH4,10,20,1.5,1.5
2026-05-04T10:01:00Z,ammonia,10,20,1.5,9
2026-05-04T10:02:00Z,74-82-8,10,20,1.5,2.5
2026-05-04T10:03:00Z,,10,20,1.5,2.5
"""
    read = read_survey(survey(observations=text))
    assert len(read.observations) == 3
    assert read.observations.n_other_species == 1
    assert "ammonia" in str(read.warnings[0])


def test_rows_that_say_the_same_count_once(survey):
    line = "2026-05-04T10:02:00Z,a,10,20,1.5,2.5\n"
    read = read_survey(survey((line, line + line + line)))
    assert len(read.observations) == 6
    assert read.observations.n_duplicate == 2
    assert [w.row for w in read.warnings] == [4, 5]


def test_one_sensor_may_read_several_places_at_once(survey):
    line = "2026-05-04T10:02:00Z,a,10,20,1.5,2.5\n"
    read = read_survey(survey((line, line + line.replace("10,20", "10,30"))))
    assert len(read.observations) == 7


GEOGRAPHIC = """\
time,longitude,latitude,z,longitude2,latitude2,z2,concentration
2026-05-04T10:01:00Z,-3.70,40.40,2,,,,1.5
2026-05-04T10:02:00Z,-3.70,40.41,2,-3.69,40.41,2,2.5
"""
BOX = "longitude = [-3.71, -3.69]\nlatitude = [40.39, 40.41]"


def geographic(survey, box=BOX, **changes):
    return survey(
        ('"local"', '"geographic"'),
        ("x_m = [-100, 100]\ny_m = [-100, 100]", box),
        **({"observations": GEOGRAPHIC} | changes),
    )


def test_geographic_positions_become_metres_about_the_box(survey):
    read = read_survey(geographic(survey))
    assert (read.frame.longitude, read.frame.latitude) == pytest.approx((-3.7, 40.4))
    obs = read.observations
    # A hundredth of a degree of latitude is 1110.4 m here, of longitude cos(40.41) times 1113.2
    # and a little more for the bulge: 848.7 m (both from the series for WGS 84).
    assert (obs.x[0], obs.y[0]) == pytest.approx((0, 0), abs=1e-6)
    assert (obs.x[1], obs.y[1]) == pytest.approx((0, 1110.4), abs=0.1)
    assert (obs.x2[1], obs.y2[1]) == pytest.approx((848.7, 1110.4), abs=0.3)
    assert np.isnan(obs.x2[0])
    assert read.search.x == pytest.approx((-848.9, 848.9), abs=0.5)


def test_a_box_across_the_dateline(survey):
    text = GEOGRAPHIC.replace("-3.70,", "-179.999,").replace("-3.69,", "179.999,")
    box = "longitude = [179.98, 180.02]\nlatitude = [40.39, 40.43]"
    read = read_survey(geographic(survey, box, observations=text))
    assert np.abs(read.observations.x).max() < 200


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_the_same_table_in_other_clothes(survey, separator, line_end, encoding):
    text = survey.observations.replace(",b,", ",Fühler b,").replace(",", separator)
    worn = text.replace("\n", line_end).encode(encoding)
    read = read_survey(survey(observations=worn))
    plain = read_survey(survey())
    np.testing.assert_array_equal(read.observations.time, plain.observations.time)
    np.testing.assert_array_equal(read.observations.concentration, plain.observations.concentration)
    assert read.observations.sensor_names == ("a", "Fühler b")
    assert read.warnings == ()


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_an_old_encoding_is_read_and_told(survey, encoding):
    worn = survey.observations.replace(",b,", ",Fühler,").encode(encoding)
    read = read_survey(survey(observations=worn))
    assert read.observations.sensor_names == ("a", "Fühler")
    assert "UTF-8" in read.warnings[0].what


def test_decimal_commas_between_semicolons(survey):
    text = survey.observations.replace(",", ";").replace(".", ",")
    read = read_survey(survey(observations=text))
    assert read.observations.concentration[0] == pytest.approx(1.5e-6)


def test_comments_blank_lines_and_odd_headers(survey):
    text = "# made by hand\n\nsep=,\n" + survey.observations.replace(
        "time,sensor,x,y,z,concentration", ' Time , SENSOR,x, Y ,"z", Concentration'
    ).replace("1.75\n", "1.75\n\n# a break, with, commas, in, it,\n   \n,,,,,\n")
    read = read_survey(survey(observations=text))
    assert len(read.observations) == 6
    assert read.warnings == ()


def test_line_numbers_count_comments_and_blank_lines(survey):
    text = "# one\n\n" + survey.observations.replace("1.75\n", "1.75\n\n# six\n").replace(
        "1.625", "oops"
    )
    lines = text.splitlines()
    with pytest.raises(SurveyError) as caught:
        read_survey(survey(observations=text))
    (fault,) = caught.value.faults
    assert lines[fault.row - 1].endswith("oops")


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-04T12:01:00+02:00",
        "2026-05-04 10:01:00Z",
        "2026-05-04T10:01Z",
        "2026-05-04T10:01:00.000000Z",
        "2026-05-04T10:01:00.000000000Z",
        "20260504T100100Z",
        "2026-05-04T10:01:00 UTC",
        "2026-05-04T10:01:00z",
        "2026-05-04T05:31:00 -04:30",
    ],
)
def test_spellings_of_a_time(survey, written):
    read = read_survey(survey(("2026-05-04T10:01:00Z,a", f"{written},a")))
    assert read.observations.time[0] == ON_THE_MINUTE
    assert len(read.observations) == 6


def parquet(folder, name, text, *, zone="UTC", drop_strings=False):
    import pyarrow as pa
    from pyarrow import parquet as pq

    cells = columns(text)
    data = {}
    for key, values in cells.items():
        if key == "time":
            stamps = [datetime.fromisoformat(v).replace(tzinfo=None) for v in values]
            data[key] = pa.array(stamps, pa.timestamp("ms", zone))
        elif key == "sensor":
            data[key] = pa.array(values).dictionary_encode()
        else:
            data[key] = pa.array([float(v) if v else None for v in values], pa.float32())
    (folder / f"{name}.csv").unlink()
    pq.write_table(pa.table(data), folder / f"{name}.parquet", row_group_size=2)


def test_parquet_reads_like_csv(survey):
    plain = read_survey(survey())
    folder = survey(
        ("observations.csv", "observations.parquet"), ("meteorology.csv", "meteorology.parquet")
    )
    parquet(folder, "observations", survey.observations)
    parquet(folder, "meteorology", survey.meteorology)
    read = read_survey(folder)
    for field in ("time", "x", "y", "z", "concentration", "sensor", "x2"):
        np.testing.assert_array_equal(
            getattr(read.observations, field), getattr(plain.observations, field)
        )
    np.testing.assert_array_equal(read.meteorology.wind_speed, plain.meteorology.wind_speed)
    assert read.observations.sensor_names == plain.observations.sensor_names


def test_a_parquet_time_without_a_zone_is_refused(survey):
    folder = survey(("observations.csv", "observations.parquet"))
    parquet(folder, "observations", survey.observations, zone=None)
    with pytest.raises(SurveyError, match="without a zone"):
        read_survey(folder)


def test_wind_and_readings_may_stand_in_one_file(survey):
    rows = [
        "time,x,y,z,concentration,wind_speed,wind_from_direction",
        *(f"2026-05-04T10:0{i}:00Z,1,2,1.5,1.{i},3,200" for i in range(1, 6)),
    ]
    folder = survey(("meteorology.csv", "observations.csv"), observations="\n".join(rows))
    (folder / "meteorology.csv").unlink()
    read = read_survey(folder)
    assert len(read.observations) == len(read.meteorology) == 5
    assert read.warnings == ()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(order=st.permutations(list(range(6))))
def test_the_order_of_rows_does_not_matter(survey, order):
    header, *rows = survey.observations.splitlines()
    shuffled = "\n".join([header, *(rows[i] for i in order)]) + "\n"
    read = read_survey(survey(observations=shuffled))
    got = {
        (t, read.observations.sensor_names[s], c)
        for t, s, c in zip(
            read.observations.time,
            read.observations.sensor,
            read.observations.concentration,
            strict=True,
        )
    }
    cells = columns(survey.observations)
    assert len(got) == 6
    assert {s for _, s, _ in got} == {"a", "b"}
    assert sorted(c * 1e6 for *_, c in got) == pytest.approx(
        sorted(float(c) for c in cells["concentration"])
    )
    assert np.all(np.diff(read.observations.time) >= 0)


def test_wind_rows_in_any_order(survey):
    header, *rows = survey.meteorology.splitlines()
    read = read_survey(survey(meteorology="\n".join([header, *reversed(rows)])))
    np.testing.assert_array_equal(read.meteorology.wind_speed, [3.0, 3.5, 2.5])


def test_roughness_from_the_record_wins(survey):
    text = (
        survey.meteorology.replace("pressure\n", "pressure,roughness_length\n")
        .replace("101000\n", "101000,0.1\n", 1)
        .replace("101000\n", "101000,\n")
    )
    read = read_survey(survey(meteorology=text))
    np.testing.assert_array_equal(read.meteorology.roughness_length, [0.1, 0.03, 0.03])


def test_unknown_keys_are_kept_and_told(survey):
    read = read_survey(survey(("max_sources = 2", 'max_sources = 2\nnote = "by hand"')))
    assert read.extra == {"search.note": "by hand"}
    assert read.warnings[0].column == "search.note"
    assert read.warnings[0].row == 22


def test_files_may_lie_in_a_folder_below(survey):
    folder = survey(('"observations.csv"', '"data/observations.csv"'))
    (folder / "data").mkdir()
    (folder / "observations.csv").rename(folder / "data" / "observations.csv")
    assert len(read_survey(folder).observations) == 6


def test_reading_does_not_load_pandas(survey):
    import subprocess
    import sys

    code = (
        "import sys; from barlovento.fly.survey import read_survey; "
        f"read_survey({str(survey())!r}); "
        "assert not {'pandas', 'xarray', 'chemicals', 'pyproj'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.data
def test_every_measured_survey_is_read_whole(real_surveys):
    for folder in real_surveys:
        read = read_survey(folder)
        rows = (folder / "observations.csv").read_text().strip().splitlines()[1:]
        obs = read.observations
        left_out = obs.n_flagged + obs.n_empty + obs.n_duplicate + obs.n_other_species
        assert len(obs) + left_out == len(rows), folder.name
        assert not check_survey(folder), folder.name
        truth = json.loads((folder / "truth.json").read_text())
        assert truth is not None


@pytest.mark.data
def test_measured_readings_keep_their_values(real_surveys):
    folder = next(f for f in real_surveys if f.name.startswith("pg"))
    read = read_survey(folder)
    cells = columns((folder / "observations.csv").read_text())
    values = np.array([float(c) for c in cells["concentration"]])
    back = read.observations.concentration * read.to_file_units
    np.testing.assert_allclose(np.where(values < 0.02, 0.02, values), back, rtol=1e-12)
