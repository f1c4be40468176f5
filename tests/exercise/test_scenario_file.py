"""Scenario files: the shipped ones fly, and what can't be is told, all of it at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from barlovento.errors import BadInput, SurveyError
from barlovento.exercise import library
from barlovento.exercise.live import World
from barlovento.exercise.lookalikes import backgrounds, lookalikes
from barlovento.exercise.placing import covers, depth_inside, placed
from barlovento.exercise.scenario_file import parse, read_exercise
from barlovento.exercise.sites import HIDDEN, Exercise

ASKED = {
    *("flat", "valley", "town-edge", "dense-town", "stable-night"),
    *("light-turning", "look-alikes", "nothing", "study"),
}


def faults_of(text: str) -> dict[str, str]:
    """Key and text of every fault."""
    with pytest.raises(SurveyError) as caught:
        parse(text, name="test")
    assert all(fault.mend for fault in caught.value.faults)
    return {str(fault.column): f"{fault.what} {fault.mend}" for fault in caught.value.faults}


def flat(*changes: tuple[str, str]) -> str:
    text = library.template("flat")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def test_all_scenarios_are_there() -> None:
    assert set(library.names()) >= ASKED


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_shipped_scenario_can_be_flown(name: str) -> None:
    exercise = library.read(name)
    assert exercise.title
    assert exercise.summary
    world = World(exercise, 1)
    place = (*exercise.home, exercise.floor)
    rows = world.advance(np.full((len(exercise.aircraft), 20, 3), place))
    assert set(rows.species.tolist()) == set(range(len(exercise.species)))
    assert np.isfinite(rows.mole_fraction[~rows.bad]).all()


@pytest.mark.parametrize("name", sorted(ASKED))
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_drawn_sites_lie_where_they_can_be_found(name: str, seed: int) -> None:
    exercise = placed(library.read(name), seed)
    for site in exercise.sites:
        if site.kind == HIDDEN:
            assert depth_inside(site.x, site.y, exercise.permitted) > 0.0
            assert exercise.area.x[0] <= site.x <= exercise.area.x[1]
            assert exercise.area.y[0] <= site.y <= exercise.area.y[1]
            assert site.rates[exercise.species[0]] > 0.0
            assert not any(covers(b, v.x, v.y) for b in exercise.buildings for v in site.vents)
    hidden = [site for site in exercise.sites if site.kind == HIDDEN]
    assert (name == "nothing") == (not exercise.sites)
    assert len(hidden) <= exercise.area.max_sources


def test_the_study_is_what_it_is_called() -> None:
    study = library.read("study")
    assert study.permitted_area == 64e4
    assert study.duration == 720
    assert study.sensors == ("study-0p3",)
    world = World(study.with_rate(2e-4), 5)
    (site,) = world.truth().hidden
    assert site.rates == {"acetone": pytest.approx(2e-4)}


def test_look_alikes_are_of_the_kinds_asked_for_and_keep_their_table() -> None:
    rates: dict[str, list[float]] = {}
    for seed in range(40):
        for site in placed(library.read("look-alikes"), seed).sites:
            if site.kind != HIDDEN:
                table = lookalikes()[site.kind]
                assert set(site.rates) == set(table.ratios)
                told = sum(site.rates.values()) if table.of is None else site.rates[table.of]
                assert table.rate[0] <= told * (1 + 1e-9)
                assert told <= table.rate[1] * (1 + 1e-9)
                rates.setdefault(site.kind, []).append(told)
    assert set(rates) == set(lookalikes())


def test_traffic_keeps_toluene_over_benzene_between_two_and_three() -> None:
    # The table "What looks alike" of physics.md.
    rng = np.random.default_rng(1)
    ratios = []
    for _ in range(200):
        rates = lookalikes()["traffic"].rates(rng)
        ratios.append(rates["toluene"] / rates["benzene"])
    assert 2.0 < np.median(ratios) < 3.0


def test_shops_are_shut_at_night_and_on_weekends() -> None:
    shop, day = lookalikes()["paint_shop"], np.array([0.0])
    source = placed(parse(SHOP, name="shop"), 1).sites[0].vents[0]
    assert source.rate_at(day)[0] > 0.0
    for start in ("2031-05-07T22:00:00Z", "2031-05-10T10:00:00Z"):
        shut = placed(parse(SHOP.replace("2031-05-07T10:00:00Z", start), name="shop"), 1)
        assert shut.sites[0].vents[0].rate_at(day)[0] == 0.0
    assert shop.hours == (7.0, 18.0)


def test_town_air_holds_more_than_country_air() -> None:
    # The table "Background" of physics.md.
    names = ("acetone", "toluene", "ammonia")
    rural, urban = backgrounds(names, "rural"), backgrounds(names, "urban")
    assert [rural[n].mean for n in names] == [1.0, 0.1, 2.0]
    assert [urban[n].mean for n in names] == [3.0, 1.0, 10.0]


SHOP = flat(
    ("2031-05-06T13:00:00Z", "2031-05-07T10:00:00Z"),
    ("hidden = [1, 2]", "hidden = 0"),
    ("[faults] ", '[site.shop]\nkind = "paint_shop"\nat_m = [10, 10]\n\n[faults] '),
)


def test_impossible_physics_is_told_all_at_once() -> None:
    found = faults_of(
        flat(
            ("roughness_length_m = 0.05 ", "roughness_length_m = -0.05 "),
            ("obukhov_length_m = -100.0 ", "obukhov_length_m = 0 "),
            ("mixing_height_m = 800", "mixing_height_m = -3"),
            ("temperature_k = 290.0", "temperature_k = 17"),
            ("height_m = [5, 60]", "height_m = [60, 5]"),
            ("start = 2031-05-06T13:00:00Z", "start = 2031-05-06T13:00:00"),
            ('land_use = "rural" ', 'land_use = "moon" '),
            ('species = ["acetone"]', 'species = ["acetonne"]'),
            ('sensors = ["study-0p3"]', 'sensors = ["nose"]'),
            ("home_m = [-380, -380]", "home_m = [-500, 0]"),
            ("# record = [[0, 4.0, 250], [1800,", "record = [[0, 4.0, 250], [900,"),
            ('from_direction_deg = "random"', "from_direction_deg = 10"),
            (
                "[faults] ",
                (
                    '[site.a]\nkind = "hidden"\nat_m = [900, 0]\nrates_g_s = { acetone = 1 }\n'
                    "[faults] "
                ),
            ),
        )
    )
    assert set(found) == {
        *("wind.roughness_length_m", "wind.obukhov_length_m", "wind.mixing_height_m"),
        *("wind.temperature_k", "permitted.height_m", "start", "land_use"),
        *("species", "drones.sensors", "permitted.home_m", "wind.record", "site.a.at_m"),
    }
    assert "at least 1e-05" in found["wind.roughness_length_m"]
    assert "can't be" in found["wind.obukhov_length_m"]
    assert "Did you mean acetone" in found["species"]


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        (
            '# record = [[0, 4.0, 250], [1800, 3.0, 280]]',
            "record = [[0, 4.0, 250], [900, 3.0, 280]]\n#",
            "wind.record",
            "runs from 0 to 900 s, the flight from 0 to 1800 s",
        ),
        ("[faults] ", ('[site.a]\nkind = "hidden"\nat_m = [900, 0]\nrates_g_s = { acetone = 1 }\n'
         "[faults] "), "site.a.at_m", "outside of the search area"),
        ('sensors = ["study-0p3"]', 'sensors = ["nose"]', "drones.sensors", "no sensor preset"),
        ('sensors = ["study-0p3"]', 'sensors = ["qcl-ch4"]', "drones.sensors", "acetone"),
        ("home_m = [-380, -380]", "home_m = [-500, 0]", "permitted.home_m", "outside"),
        ("meander_deg = 7.0", "meandr_deg = 7.0", "wind.meandr_deg", "Write wind.meander_deg"),
        ("# kinds = [", "kinds = [", "random.lookalikes", ""),
        ("hidden = [1, 2] ", "hidden = [2, 9] ", "area.max_sources", "at most 3"),
        (
            "ring_m = [[-400, -400], [400, -400], [400, 400], [-400, 400]]",
            "ring_m = [[-400, -400], [400, 400], [400, -400], [-400, 400]]",
            "permitted.ring_m",
            "cross each other",
        ),
        ("height_m = [5, 60]", "height_m = [5, 900]", "permitted.height_m", "mixing height"),
        ("schema = 1", "schema = 2", "schema", "can't be read"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(old: str, new: str, key: str, words: str) -> None:
    text = flat((old, new))
    if key == "random.lookalikes":
        # Kinds without a number are no fault: nothing is drawn of them.
        assert parse(text, name="test").random.kinds == ()
        return
    assert words in faults_of(text)[key]


def test_a_record_and_a_random_direction_do_not_go_together() -> None:
    found = faults_of(flat(("# record = [[0, 4.0, 250]", "record = [[0, 4.0, 250]")))
    assert "can't be turned" in found["wind.from_direction_deg"]


def test_an_opening_inside_of_a_building_is_told() -> None:
    text = flat(
        (
            "[faults] ",
            (
                '[site.a]\nkind = "hidden"\nat_m = [60, 20]\nz_m = 2\nrates_g_s = { acetone = 1 }\n'
                "[building.barn]\nat_m = [60, 20]\nsize_m = [30, 12, 8]\n[faults] "
            ),
        )
    )
    assert "inside of building barn" in faults_of(text)["site.a.at_m"]


def test_an_aircraft_that_is_not_in_the_catalogue_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from barlovento.exercise import scenario_checks

    (tmp_path / "aircraft.toml").write_text("[gas-multirotor]\ncruise = 8\n")
    monkeypatch.setattr(scenario_checks, "files", lambda package: tmp_path)
    found = faults_of(flat(('"gas-multirotor"', '"gas-multirotr"')))
    assert "Did you mean gas-multirotor" in found["drones.aircraft"]


def test_text_that_is_no_toml_is_told_with_its_line() -> None:
    with pytest.raises(SurveyError) as caught:
        parse("schema = 1\ntitle = oops\n", name="test")
    assert caught.value.faults[0].row == 2


def test_faults_name_their_line() -> None:
    text = flat(("speed_m_s = 4.0 ", "speed_m_s = -4.0 "))
    with pytest.raises(SurveyError) as caught:
        parse(text, name="test")
    (fault,) = caught.value.faults
    assert text.splitlines()[(fault.row or 0) - 1].startswith("speed_m_s")


def test_too_many_sites_for_the_room_are_refused() -> None:
    crowded = parse(flat(("hidden = [1, 2] ", "hidden = 3 "), ("apart_m = 120", "apart_m = 5000")),
                    name="test")  # fmt: skip
    with pytest.raises(BadInput, match="no room"):
        placed(crowded, 1)


def test_a_template_is_written_once(tmp_path: Path) -> None:
    made = library.write_template("valley", tmp_path / "mine.toml")
    assert isinstance(read_exercise(made), Exercise)
    assert read_exercise(made).name == "mine"
    with pytest.raises(BadInput, match="already"):
        library.write_template("flat", made)
    with pytest.raises(BadInput, match="TOML file"):
        library.write_template("flat", tmp_path / "mine")
    with pytest.raises(BadInput, match="Did you mean valley"):
        library.write_template("vally", tmp_path / "other.toml")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine.toml"]


def test_a_name_or_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Did you mean flat"):
        read_exercise("flatt")
    with pytest.raises(BadInput, match="can't be read"):
        read_exercise(tmp_path / "none.toml")
