"""Everything that can be wrong with a survey: each ends in a sentence, a place and a mend."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barlovento.errors import SurveyError
from barlovento.fly.check import check_survey
from barlovento.fly.survey import read_survey

OBS, MET, DOC = "observations.csv", "meteorology.csv", "survey.toml"
FIRST = "2026-05-04T10:01:00Z,a,10,20,1.5,1.5"
WIND = "2026-05-04T10:02:00Z,3.5,210,290,101000"

# name: (edits, file, row, column, words of the message)
BROKEN = {
    # survey.toml
    "no TOML": ([("schema = 1", "schema == 1")], DOC, 1, None, "TOML"),
    "no schema": ([("schema = 1\n", "")], DOC, None, "schema", "missing"),
    "later schema": ([("schema = 1", "schema = 2")], DOC, 1, "schema", "schema"),
    "no title": ([('title = "A small survey"\n', "")], DOC, None, "title", "missing"),
    "title is a number": ([('"A small survey"', "7")], DOC, 2, "title", "not a text"),
    "no species": ([('species = "methane"\n', "")], DOC, None, "species", "missing"),
    "unknown species": ([("methane", "methanos")], DOC, 3, "species", "Did you mean methanol"),
    "wrong CAS": ([("methane", "74-82-7")], DOC, 3, "species", "check digit"),
    "section is a number": (
        [("[search]", "[other]"), ("schema = 1", "schema = 1\nsearch = 3")],
        DOC,
        2,
        "search",
        "must be a section",
    ),
    "no position": ([('position = "local"\n', "")], DOC, None, "observations.position", "missing"),
    "unknown position": (
        [('"local"', '"utm"')],
        DOC,
        7,
        "observations.position",
        "'local' or 'geographic'",
    ),
    "no units": (
        [('concentration_units = "mg m-3"\n', "")],
        DOC,
        None,
        "observations.concentration_units",
        "missing",
    ),
    "unknown units": (
        [("mg m-3", "mg/h")],
        DOC,
        8,
        "observations.concentration_units",
        "no known unit of gas readings.*ug m-3",
    ),
    "no averaging time": (
        [("averaging_time_s = 60\n", "")],
        DOC,
        None,
        "observations.averaging_time_s",
        "missing",
    ),
    "averaging time zero": (
        [("averaging_time_s = 60", "averaging_time_s = 0")],
        DOC,
        9,
        "observations.averaging_time_s",
        "above 0",
    ),
    "averaging time true": (
        [("averaging_time_s = 60", "averaging_time_s = true")],
        DOC,
        9,
        "observations.averaging_time_s",
        "not a number",
    ),
    "averaging time infinite": (
        [("averaging_time_s = 60", "averaging_time_s = inf")],
        DOC,
        9,
        "observations.averaging_time_s",
        "not a number",
    ),
    "no background": (
        [('background = "unknown"\n', "")],
        DOC,
        None,
        "observations.background",
        'missing.*"unknown"',
    ),
    "background a word": (
        [('"unknown"', '"little"')],
        DOC,
        10,
        "observations.background",
        "neither a number",
    ),
    "detection limit zero": (
        [('"unknown"', '"unknown"\ndetection_limit = 0')],
        DOC,
        11,
        "observations.detection_limit",
        "above 0",
    ),
    "clock offset negative": (
        [('"unknown"', '"unknown"\nclock_offset_max_s = -1')],
        DOC,
        11,
        "observations.clock_offset_max_s",
        "at least 0",
    ),
    "anemometer on the ground": (
        [("measurement_height_m = 2.0", "measurement_height_m = 0")],
        DOC,
        14,
        "meteorology.measurement_height_m",
        "above 0",
    ),
    "no roughness": (
        [("roughness_length_m = 0.03\n", "")],
        DOC,
        None,
        "meteorology.roughness_length_m",
        "not given.*0.03 grass",
    ),
    "roughness above the anemometer": (
        [("roughness_length_m = 0.03", "roughness_length_m = 3")],
        DOC,
        None,
        "meteorology.roughness_length_m",
        "not below the anemometer",
    ),
    "range turned round": (
        [("x_m = [-100, 100]", "x_m = [100, -100]")],
        DOC,
        18,
        "search.x_m",
        "empty",
    ),
    "range of one": ([("x_m = [-100, 100]", "x_m = [100]")], DOC, 18, "search.x_m", "two numbers"),
    "range infinite": (
        [("x_m = [-100, 100]", "x_m = [-inf, inf]")],
        DOC,
        18,
        "search.x_m",
        "two numbers",
    ),
    "range missing": ([("y_m = [-100, 100]\n", "")], DOC, None, "search.y_m", "missing"),
    "range too wide": (
        [("x_m = [-100, 100]", "x_m = [-1e6, 1e6]")],
        DOC,
        18,
        "search.x_m",
        "2,000 km",
    ),
    "box by degrees": (
        [("x_m = [-100, 100]", "longitude = [1, 2]")],
        DOC,
        18,
        "search.longitude",
        "can't be given by longitude",
    ),
    "outlet below ground": (
        [("release_height_m = [0, 2]", "release_height_m = [-1, 2]")],
        DOC,
        20,
        "search.release_height_m",
        "at least 0",
    ),
    "no sources": ([("max_sources = 2", "max_sources = 0")], DOC, 21, "search.max_sources", "1 to"),
    "half a source": (
        [("max_sources = 2", "max_sources = 1.5")],
        DOC,
        21,
        "search.max_sources",
        "whole",
    ),
    "rate without spread": (
        [("max_sources = 2", "max_sources = 2\nemission_rate_kg_s = {median = 1}")],
        DOC,
        None,
        "search.emission_rate_kg_s.gsd",
        "missing",
    ),
    "rate is a number": (
        [("max_sources = 2", "max_sources = 2\nemission_rate_kg_s = 0.1")],
        DOC,
        22,
        "search.emission_rate_kg_s",
        "no table",
    ),
    "rate spread below one": (
        [("max_sources = 2", "max_sources = 2\nemission_rate_kg_s = {median = 1, gsd = 0.5}")],
        DOC,
        None,
        "search.emission_rate_kg_s.gsd",
        "above 1",
    ),
    # where the files are
    "no such file": (
        [('"observations.csv"', '"obs.csv"')],
        DOC,
        None,
        "observations.file",
        "not in the",
    ),
    "file outside": (
        [('"observations.csv"', '"../observations.csv"')],
        DOC,
        None,
        "observations.file",
        "outside",
    ),
    "file outside, backslash": (
        [('"observations.csv"', "'..\\observations.csv'")],
        DOC,
        None,
        "observations.file",
        "outside",
    ),
    "file absolute": (
        [('"observations.csv"', '"/etc/passwd"')],
        DOC,
        None,
        "observations.file",
        "outside",
    ),
    "file on a drive": (
        [('"observations.csv"', "'C:\\gas.csv'")],
        DOC,
        None,
        "observations.file",
        "outside",
    ),
    "file is the folder": (
        [('"observations.csv"', '"."')],
        DOC,
        None,
        "observations.file",
        "no ordinary",
    ),
    # cells of the readings
    "no time column": ([("time,sensor", "when,sensor")], OBS, 1, "time", "missing"),
    "no z column": ([("x,y,z,", "x,y,height,")], OBS, 1, "z", "missing"),
    "column misspelt": (
        [("z,concentration", "z,concentratoin")],
        OBS,
        1,
        "concentration",
        "Rename 'concentratoin'",
    ),
    "column twice": ([("x,y,z,c", "x,x,z,c")], OBS, 1, "x", "2 times"),
    "naive time": (
        [(FIRST, FIRST.replace("Z", ""))],
        OBS,
        2,
        "time",
        "without a zone.*Z at the end",
    ),
    "day and month": (
        [(FIRST, FIRST.replace("2026-05-04T10:01:00Z", "04/05/2026 10:01"))],
        OBS,
        2,
        "time",
        "ISO 8601",
    ),
    "seconds since 1970": (
        [(FIRST, FIRST.replace("2026-05-04T10:01:00Z", "1777888860"))],
        OBS,
        2,
        "time",
        "ISO 8601",
    ),
    "the thirtieth of February": (
        [(FIRST, FIRST.replace("05-04", "02-30"))],
        OBS,
        2,
        "time",
        "ISO 8601",
    ),
    "no time": ([(FIRST, FIRST.replace("2026-05-04T10:01:00Z", ""))], OBS, 2, "time", "no time"),
    "no place": ([(FIRST, FIRST.replace(",10,20", ",,20"))], OBS, 2, "x", "no x"),
    "nan": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,NaN"))],
        OBS,
        2,
        "concentration",
        "not a finite",
    ),
    "infinite": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,-inf"))],
        OBS,
        2,
        "concentration",
        "not a finite",
    ),
    "too large for a float": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,1e999"))],
        OBS,
        2,
        "concentration",
        "too large",
    ),
    "a word": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,high"))],
        OBS,
        2,
        "concentration",
        "not a number",
    ),
    "underscored": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,1_000"))],
        OBS,
        2,
        "concentration",
        "not a n",
    ),
    "mixed units": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,3 ppm"))],
        OBS,
        2,
        "concentration",
        "'3 ppm' holds a unit",
    ),
    "mixed units, micro": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,3µg/m3"))],
        OBS,
        2,
        "concentration",
        "holds a unit",
    ),
    "below a limit": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,<0.02"))],
        OBS,
        2,
        "concentration",
        '"nd" in the column flag',
    ),
    "place holder": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,N/A"))],
        OBS,
        2,
        "concentration",
        "empty",
    ),
    "decimal comma in quotes": (
        [(FIRST, FIRST.replace("1.5,1.5", '1.5,"1,5"'))],
        OBS,
        2,
        "concentration",
        "decimal point",
    ),
    "decimal comma": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,1,5"))],
        OBS,
        2,
        None,
        "6 cells.*semicolon",
    ),
    "a cell too few": ([(FIRST, FIRST.replace("1.5,1.5", "1.5"))], OBS, 2, None, "6 cells"),
    "deep below ground": (
        [(FIRST, FIRST.replace("20,1.5", "20,-40"))],
        OBS,
        2,
        "z",
        "height above ground",
    ),
    "more than pure gas": (
        [(FIRST, FIRST.replace("1.5,1.5", "1.5,2e6"))],
        OBS,
        2,
        "concentration",
        "more than pure methane",
    ),
    "off the map": ([(FIRST, FIRST.replace(",10,20", ",1e9,20"))], OBS, 2, "x", "point nearby"),
    "contradiction": (
        [(FIRST, FIRST + "\n" + FIRST[:-3] + "1.75")],
        OBS,
        3,
        "concentration",
        "1.5 in row 2",
    ),
    "outside the wind record": (
        [(FIRST, FIRST.replace("T10:01", "T12:01"))],
        OBS,
        2,
        "time",
        "2026-05-04T10:03:00Z.*2.0 hours off",
    ),
    # cells of the wind record
    "no wind speed": ([("wind_speed,", "speed,")], MET, 1, "wind_speed", "missing"),
    "naive wind time": ([(WIND, WIND.replace("Z", ""))], MET, 3, "time", "without a zone"),
    "negative speed": (
        [(WIND, WIND.replace("3.5,", "-3.5,"))],
        MET,
        3,
        "wind_speed",
        "-3.5 is outside",
    ),
    "hurricane": ([(WIND, WIND.replace("3.5,", "350,"))], MET, 3, "wind_speed", "350 is outside"),
    "filler direction": (
        [(WIND, WIND.replace("210", "999"))],
        MET,
        3,
        "wind_from_direction",
        "no direction",
    ),
    "celsius": ([(WIND, WIND.replace("290", "17"))], MET, 3, "temperature", "add 273.15"),
    "hectopascal": (
        [(WIND, WIND.replace("101000", "1010"))],
        MET,
        3,
        "pressure",
        "multiply by 100",
    ),
    "nan wind": ([(WIND, WIND.replace("3.5,", "nan,"))], MET, 3, "wind_speed", "not a finite"),
    "two winds at once": (
        [(WIND, WIND + "\n" + WIND.replace("3.5", "4.5"))],
        MET,
        4,
        "time",
        "this time and different values",
    ),
    "wind row without a time": (
        [(WIND, WIND.replace("2026-05-04T10:02:00Z", ""))],
        MET,
        3,
        "time",
        "no time",
    ),
    # what a conversion lacks
    "ppm without air": (
        [("mg m-3", "ppm"), ("temperature,pressure", "t_outside,p_outside")],
        MET,
        None,
        "temperature",
        "no temperature and no pressure.*no standard atmosphere",
    ),
    "ppm without pressure": (
        [("mg m-3", "ppm"), ("temperature,pressure", "temperature,p_outside")],
        MET,
        None,
        "pressure",
        "no pressure",
    ),
    "ppm m at a point": ([("mg m-3", "ppm m")], OBS, 2, "x2", "integral along a path"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_fault(survey, name):
    edits, file, row, column, words = BROKEN[name]
    with pytest.raises(SurveyError) as caught:
        read_survey(survey(*edits))
    faults = caught.value.faults
    fitting = [f for f in faults if re.search(words, str(f), flags=re.DOTALL)]
    assert fitting, [str(f) for f in faults]
    fault = fitting[0]
    assert (fault.file, fault.column) == (file, column)
    assert row is None or fault.row == row
    assert fault.severity == "error"
    assert str(fault).endswith((".", ")."))
    # One slip makes one fault, save where others follow from it.
    assert len(faults) <= 6


FLAGGED = """\
time,sensor,x,y,z,x2,y2,z2,concentration,flag
2026-05-04T10:01:00Z,a,10,20,1.5,,,,1.5,
2026-05-04T10:02:00Z,a,10,20,1.5,30,20,1.5,1.5,
"""
FLAGGED_FAULTS = {
    "unknown flag": ("1.5,\n", "1.5,odd\n", 2, "flag", "'odd' is no known flag"),
    "nd without a limit": ("1.5,,,,1.5,", "1.5,,,,,nd", 2, "concentration", "no limit"),
    "nd with a zero limit": ("1.5,,,,1.5,", "1.5,,,,0,nd", 2, "concentration", "no limit"),
    "half a path": ("30,20,1.5", "30,,1.5", 3, "y2", "no y2"),
    "path without height": ("30,20,1.5", "30,20,", 3, "z2", "no z2"),
    "path of no length": ("30,20,1.5", "10,20,1.5", 3, "x2", "same place"),
}


@pytest.mark.parametrize("name", FLAGGED_FAULTS)
def test_faults_of_paths_and_flags(survey, name):
    old, new, row, column, words = FLAGGED_FAULTS[name]
    with pytest.raises(SurveyError, match=words) as caught:
        read_survey(survey(observations=FLAGGED.replace(old, new)))
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (row, column)


def test_paths_of_different_length_have_no_common_background(survey):
    text = """\
time,x,y,z,x2,y2,z2,concentration
2026-05-04T10:01:00Z,0,0,2,30,40,2,100
2026-05-04T10:02:00Z,0,0,2,60,80,2,200
"""
    with pytest.raises(SurveyError, match="differ in length"):
        read_survey(survey(("mg m-3", "ppm m"), ('"unknown"', "95"), observations=text))


def test_all_faults_come_at_once(survey):
    folder = survey(
        ("averaging_time_s = 60", "averaging_time_s = -1"),
        ('species = "methane"\n', ""),
        (FIRST, FIRST.replace("Z", "")),
        ("-10,20,1.5,1.25", "-10,20,1.5,oops"),
        (WIND, WIND.replace("290", "17")),
        ("max_sources = 2\n", ""),
    )
    with pytest.raises(SurveyError) as caught:
        read_survey(folder)
    places = {(f.file, f.row, f.column) for f in caught.value.faults}
    assert places == {
        (DOC, 8, "observations.averaging_time_s"),
        (DOC, None, "species"),
        (DOC, None, "search.max_sources"),
        (OBS, 2, "time"),
        (OBS, 5, "concentration"),
        (MET, 3, "temperature"),
    }
    assert set(check_survey(folder)) >= set(caught.value.faults)


def test_many_rows_with_one_fault_are_five_and_a_count(survey):
    rows = [f"2026-05-04T10:01:00,a,10,20,1.5,{i}" for i in range(3000)]
    text = "\n".join(["time,sensor,x,y,z,concentration", *rows])
    with pytest.raises(SurveyError) as caught:
        read_survey(survey(observations=text))
    faults = caught.value.faults
    assert [f.row for f in faults] == [2, 3, 4, 5, 6, None]
    assert "2,995 more rows" in faults[-1].what


def test_different_faults_of_a_column_are_told_apart(survey):
    rows = [f"2026-05-04T10:01:00,a,10,20,1.5,{'3 ppm' if i % 2 else 'high'}" for i in range(100)]
    text = "\n".join(["time,sensor,x,y,z,concentration", *rows]).replace("00,a", "00Z,a")
    with pytest.raises(SurveyError) as caught:
        read_survey(survey(observations=text))
    said = [f.what for f in caught.value.faults]
    assert sum("holds a unit" in s for s in said) == 5
    assert sum("'high' is not a number" in s for s in said) == 5
    assert sum("45 more rows" in s for s in said) == 2


# the folder itself


def test_no_folder(tmp_path):
    with pytest.raises(SurveyError, match="no folder"):
        read_survey(tmp_path / "nowhere")
    assert "no folder" in str(check_survey(tmp_path / "nowhere")[0])


def test_a_file_for_a_folder(tmp_path):
    (tmp_path / "gas.csv").write_text("time\n")
    with pytest.raises(SurveyError, match="from-csv"):
        read_survey(tmp_path / "gas.csv")


def test_a_folder_without_a_survey(tmp_path):
    with pytest.raises(SurveyError, match="survey new"):
        read_survey(tmp_path)


def test_a_path_with_a_zero_byte():
    with pytest.raises(SurveyError, match="path"):
        read_survey("a\0b")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_without_rights(survey):
    folder = survey()
    (folder / OBS).chmod(0)
    with pytest.raises(SurveyError, match="may not be read"):
        read_survey(folder)
    folder.chmod(0)
    try:
        with pytest.raises(SurveyError, match="may not be read"):
            read_survey(folder)
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("where", ["iterdir", "exists"])
def test_without_rights_as_any_user(survey, monkeypatch, where):
    folder = survey()

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, where, refuse)
    with pytest.raises(SurveyError, match="may not be read"):
        read_survey(folder)


def test_a_file_without_rights_as_any_user(survey, monkeypatch):
    folder = survey()
    usual = Path.open

    def refuse(self, *args, **kwargs):
        if self.name == OBS:
            raise PermissionError(13, "Permission denied")
        return usual(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SurveyError, match=r"observations.csv: The file may not be read"):
        read_survey(folder)


def test_a_link_out_of_the_folder(survey, tmp_path):
    folder = survey()
    (tmp_path / "secret.csv").write_text("time\n")
    (folder / OBS).unlink()
    (folder / OBS).symlink_to(tmp_path / "secret.csv")
    with pytest.raises(SurveyError, match="link out of"):
        read_survey(folder)


def test_a_link_within_the_folder_is_fine(survey):
    folder = survey()
    (folder / OBS).rename(folder / "real.csv")
    (folder / OBS).symlink_to("real.csv")
    assert len(read_survey(folder).observations) == 6


def test_a_link_to_itself(survey):
    folder = survey()
    (folder / OBS).unlink()
    (folder / OBS).symlink_to(OBS)
    with pytest.raises(SurveyError, match=r"observations\.csv"):
        read_survey(folder)


def test_a_pipe_is_not_waited_for(survey):
    folder = survey()
    (folder / OBS).unlink()
    os.mkfifo(folder / OBS)
    with pytest.raises(SurveyError, match="no ordinary file"):
        read_survey(folder)


def test_a_document_that_is_a_link_out(survey, tmp_path):
    folder = survey()
    (tmp_path / "other.toml").write_text("schema = 1\n")
    (folder / DOC).unlink()
    (folder / DOC).symlink_to(tmp_path / "other.toml")
    with pytest.raises(SurveyError, match="link out of"):
        read_survey(folder)


def test_a_huge_document(survey):
    with pytest.raises(SurveyError, match="larger than a megabyte"):
        read_survey(survey(toml="# " + "x" * 2_000_000))


def test_a_document_in_an_old_encoding(survey):
    folder = survey(toml=survey.toml.replace("A small", "Una pequeña").encode("latin-1"))
    read = read_survey(folder)
    assert read.title == "Una pequeña survey"
    assert "UTF-8" in read.warnings[0].what


def test_a_document_in_utf16(survey):
    with pytest.raises(SurveyError, match="Save it as UTF-8"):
        read_survey(survey(toml=survey.toml.encode("utf-16")))


# the files as wholes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no header"),
        (b"\n\n# nothing\n", "no header"),
        (b"time,sensor,x,y,z,concentration\n", "no reading"),
        (b"PK\x03\x04 zip", "Save it as CSV"),
        (b"\x1f\x8b\x08 gz", "Unpack it"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"\x00\x01\x02\x03\xff\xfe", "zero bytes"),
        (b"PAR1 is what Parquet begins with", "Parquet file can't be read"),
        (b"x" * 10_000_000, "longer than"),
        (b"time,sensor,x,y,z,concentration\n" + b"x" * 10_000_000, "longer than"),
        (b'time,sensor,x,y,z,concentration\n"never closed,1,2\n3,4\n', "quotes|cells"),
    ],
)
def test_files_that_are_no_table(survey, content, words):
    with pytest.raises(SurveyError, match=words) as caught:
        read_survey(survey(observations=content))
    assert caught.value.faults[0].file == OBS


def test_a_file_that_is_too_large(survey, monkeypatch):
    from barlovento.fly import table

    monkeypatch.setattr(table, "LARGEST_FILE", 100)
    with pytest.raises(SurveyError, match="Split the survey"):
        read_survey(survey())


def test_a_sparse_file_of_three_gigabytes_is_refused_at_once(survey):
    folder = survey()
    with (folder / OBS).open("ab") as file:
        file.truncate(3 * 1024**3)
    with pytest.raises(SurveyError, match=r"3.0 GB; at most 2 GB"):
        read_survey(folder)


def test_a_file_with_too_many_rows(survey, monkeypatch):
    from barlovento.fly import table

    monkeypatch.setattr(table, "MOST_ROWS", 5)
    with pytest.raises(SurveyError, match="more than 5 rows"):
        read_survey(survey())


def test_nothing_left(survey):
    text = survey.observations.replace("concentration", "concentration,flag", 1)
    head, *rows = text.splitlines()
    with pytest.raises(SurveyError, match="6 rows are flagged bad"):
        read_survey(survey(observations="\n".join([head, *(r + ",bad" for r in rows)])))


def test_mixed_decimals(survey):
    text = survey.observations.replace(",", ";").replace("1.625", "1,625")
    with pytest.raises(SurveyError, match="decimal comma and some a decimal point"):
        read_survey(survey(observations=text))


def test_latitude_off_the_earth(survey):
    text = "time,longitude,latitude,z,concentration\n2026-05-04T10:01:00Z,40.4,-93.7,2,1\n"
    edits = ('"local"', '"geographic"'), ("x_m", "longitude"), ("y_m", "latitude")
    with pytest.raises(SurveyError, match="swapped"):
        read_survey(survey(*edits, ("[-100, 100]", "[40, 40.1]"), observations=text))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_a_survey_error(survey, content):
    with pytest.raises(SurveyError):
        read_survey(survey(observations=content))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(st.data())
def test_one_changed_character_never_ends_in_a_crash(survey, data):
    file = data.draw(st.sampled_from(["toml", "observations", "meteorology"]))
    text = getattr(survey, file)
    place = data.draw(st.integers(0, len(text) - 1))
    mark = data.draw(st.sampled_from([*',;"\n\t#-.:Z9eé[]{}=', "", "nan", "1e999", "\x00"]))
    folder = survey(**{file: text[:place] + mark + text[place + 1 :]})
    errors = [f for f in check_survey(folder) if f.severity == "error"]
    if errors:
        with pytest.raises(SurveyError):
            read_survey(folder)
    else:
        read_survey(folder)
