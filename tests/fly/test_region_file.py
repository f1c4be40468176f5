from __future__ import annotations

from pathlib import Path

import pytest

from barlovento.errors import BadInput
from barlovento.fly.region_file import TEMPLATE, parse_region, read_region, read_shapes


def test_the_template_is_a_region() -> None:
    region, warnings = parse_region(TEMPLATE, name="region.toml")
    assert warnings == ()
    assert region.species == "acetone"
    assert region.rate.median == 5e-5
    assert region.origin == pytest.approx((-74.06, 4.61))
    assert region.weather[0].seconds == 4 * 3600
    east, north = region.weather[0].towards
    # The wind comes from a little north of east, so it blows west and a little south.
    assert east < 0
    assert -1 < north < 0


def test_all_that_is_left_out_is_taken_in_too() -> None:
    text = TEMPLATE.replace("# [[", "[[")
    for key in ("holes", "share_on", "spell_s", "name", "place", "radius_m", "grade", "found"):
        text = text.replace(f"# {key} =", f"{key} =")
    region, _ = parse_region(text, name="region.toml")
    assert len(region.area) == 2
    assert region.rate.share_on == 0.5
    assert region.tip_offs[0].grade == "C"
    assert region.outcomes[0].found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("expected_sites = 3.0", "", "how many sites"),
        ("emission_rate_kg_s = { median = 5e-5, gsd = 4.0 }", "", "emission_rate_kg_s"),
        ("gsd = 4.0", "gsd = 0.5", "gsd above 1"),
        ('species = "acetone"', 'species = "unobtainium"', "unobtainium"),
        ("America/Bogota", "America/Atlantis", "no time zone"),
        ("[[weather]]", "[weather]", "two brackets"),
        ("wind_speed = 3.0", "wind_speed = 0.0", "can't be planned"),
        ('stability = "C"', 'stability = "Z"', "stability class"),
        ('from = "2026-12-01T07:00:00-05:00"', "", "lacks from"),
        ("2026-12-01T07:00:00-05:00", "2026-12-01T07:00:00", "time zone"),
        ("2026-12-01T07:00:00-05:00", "2026-12-01T17:00:00-05:00", "no time at all"),
        ("lowest_m = 20", "lowest_m = 220", "highest"),
        ("[-74.10, 4.58], [-74.02, 4.58]", "[-74.02, 4.58], [-74.10, 4.58]", "not whole"),
        ("cell_resolution = 9 ", "cell_resolution = 14 ", "resolution"),
        ("outline = [", "outline = 3 #[", "no list of places"),
        ("[-74.10, 4.64]]", "[-74.10, 94.64]]", "no list of places"),
    ],
)
def test_faults_say_what_is_wrong(old: str, new: str, told: str) -> None:
    assert old in TEMPLATE
    with pytest.raises(BadInput, match=told):
        parse_region(TEMPLATE.replace(old, new), name="region.toml")


def test_unknown_keys_are_told_and_kept() -> None:
    region, warnings = parse_region(
        TEMPLATE.replace("[flight]", "[flight]\nlowest = 3"), name="region.toml"
    )
    assert region.unknown == ("flight.lowest",)
    assert "lowest_m" in str(warnings[0])


def test_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "region.toml").write_text(TEMPLATE, encoding="utf-8")
    assert read_region(tmp_path / "region.toml")[0].title == "Upper valley"
    with pytest.raises(BadInput, match="Can't read"):
        read_region(tmp_path / "nowhere.toml")
    roads = tmp_path / "roads.geojson"
    roads.write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": 1},'
        ' "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}}]}',
        encoding="utf-8",
    )
    shape, properties = read_shapes(roads)[0]
    assert shape.length == pytest.approx(2**0.5)
    assert properties == {"a": 1}
    for wrong in ("[]", "{", '{"type": "Point", "coordinates": [500000, 4000000]}', "{}"):
        roads.write_text(wrong, encoding="utf-8")
        with pytest.raises(BadInput):
            read_shapes(roads)
