"""METAR and GRIB as weather services send them, and broken ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from barlovento.adapters.weather import read_grib, read_metar
from barlovento.errors import BadInput

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
MADRID = (-3.6, 40.45, -3.5, 40.5)


def one(text: str):
    (found,) = read_metar(text, box=MADRID, now=NOW)
    return found


def test_a_metar_is_read_in_our_units() -> None:
    found = one("METAR LEMD 201200Z 25012G22KT 9999 BKN020 18/05 Q1020 NOSIG=")
    # A knot is 1852 m in 3600 s.
    assert found.wind_speed == pytest.approx(12 * 1852 / 3600, abs=0.01)
    assert found.gust == pytest.approx(22 * 1852 / 3600, abs=0.01)
    assert (found.wind_from_direction, found.visibility) == (250.0, 10_000.0)
    assert found.cloud_base == pytest.approx(2000 * 0.3048, abs=0.5)
    assert found.valid_until - found.valid_from == timedelta(hours=1)
    assert found.issued_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert 0 <= found.distance < 10_000


def test_what_a_metar_does_not_tell_stays_untold() -> None:
    found = one("LEMD 201200Z /////KT 9999 18/05 Q1020")
    assert found.wind_speed is None
    assert one("XXXX 201200Z 25005KT 9999").distance is None
    assert one("LEMD 201200Z VRB02KT 0500 FG VV/// 02/02 Q1020").cloud_base == 0.0
    assert one("LEMD 201200Z 25005KT 9999 TSRA FEW040CB 18/05 Q1020").dangers == ("thunderstorm",)
    # The 30th of a month is never ahead: it was last month's.
    assert one("LEMD 301200Z 25005KT 9999").issued_at.month == 10


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "METAR LEMD 25012KT 9999",
        "LEMD 201200Z 25012KT 9999 GARBAGE",
        "LEMD 329900Z",
    ],
)
def test_a_broken_metar_is_an_error(text: str) -> None:
    with pytest.raises(BadInput):
        read_metar(text, box=MADRID, now=NOW)


# ---------------------------------------------------------------- GRIB


def grib(path: Path, *, steps=(0, 3), fields=("10u", "10v"), hole=False, speed=6.0) -> Path:
    """Write a forecast of 0.25 degrees around Madrid; wind from the west, stronger later."""
    eccodes = pytest.importorskip("eccodes")
    with path.open("wb") as file:
        for step in steps:
            for name in fields:
                handle = eccodes.codes_grib_new_from_samples("regular_ll_sfc_grib2")
                for key, value in {
                    "dataDate": 20261120,
                    "dataTime": 1200,
                    "stepUnits": 1,
                    "forecastTime": step,
                    "Ni": 5,
                    "Nj": 5,
                    "latitudeOfFirstGridPointInDegrees": 41.0,
                    "longitudeOfFirstGridPointInDegrees": 356.0,
                    "latitudeOfLastGridPointInDegrees": 40.0,
                    "longitudeOfLastGridPointInDegrees": 357.0,
                    "iDirectionIncrementInDegrees": 0.25,
                    "jDirectionIncrementInDegrees": 0.25,
                    "shortName": name,
                }.items():
                    eccodes.codes_set(handle, key, value)
                values = np.full(25, speed + step if name.endswith("u") else 0.0)
                # Far from the route it blows harder.
                values[0] *= 5
                if hole:
                    eccodes.codes_set(handle, "bitmapPresent", 1)
                    values[12] = eccodes.codes_get(handle, "missingValue")
                eccodes.codes_set_values(handle, values)
                eccodes.codes_write(handle, file)
                eccodes.codes_release(handle)
    return path


def test_a_grib_gives_the_wind_around_the_route_between_its_steps(tmp_path: Path) -> None:
    first, second = read_grib(grib(tmp_path / "w.grib2", steps=(0, 3, 6)), box=MADRID)
    assert first.valid_from == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert first.valid_until == second.valid_from == datetime(2026, 11, 20, 15, tzinfo=UTC)
    # Between two steps the stronger counts: 6 m/s now, 9 in three hours, 12 in six.
    assert (first.wind_speed, second.wind_speed) == pytest.approx((9.0, 12.0), abs=0.01)
    assert first.wind_from_direction == pytest.approx(270.0)
    assert first.wind_height == 10.0


@pytest.mark.parametrize(
    ("more", "box", "told"),
    [
        ({"fields": ("2t",)}, MADRID, "no wind"),
        ({"fields": ("10u",)}, MADRID, "no wind"),
        ({"steps": (0,)}, MADRID, "one step only"),
        ({"hole": True}, MADRID, "missing around the route"),
        ({}, (2.0, 41.0, 2.1, 41.1), "does not reach"),
    ],
)
def test_a_grib_without_what_is_needed_is_an_error(tmp_path: Path, more, box, told: str) -> None:
    path = grib(tmp_path / "w.grib2", **more)
    with pytest.raises(BadInput, match=told):
        read_grib(path, box=box)


def test_a_grib_that_is_cut_short_or_none_is_an_error(tmp_path: Path) -> None:
    whole = grib(tmp_path / "w.grib2").read_bytes()
    cut = tmp_path / "cut.grib2"
    cut.write_bytes(whole[:-40])
    with pytest.raises(BadInput):
        read_grib(cut, box=MADRID)
    cut.write_bytes(b"no weather")
    with pytest.raises(BadInput, match="no wind"):
        read_grib(cut, box=MADRID)
    with pytest.raises(BadInput, match="Can't read"):
        read_grib(tmp_path / "none", box=MADRID)
