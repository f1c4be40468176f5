import re
import tomllib
from pathlib import Path

import pytest

from barlovento.errors import BadInput
from barlovento.fly import fresh
from barlovento.fly.check import check_survey
from barlovento.fly.survey import read_survey
from barlovento.fly.template import new_survey


def test_the_template_passes_its_own_check(tmp_path):
    folder = new_survey(tmp_path / "mine")
    assert check_survey(folder) == []
    read = read_survey(folder)
    assert len(read.observations.sensor_names) == 8
    assert read.observations.n_flagged == 2
    assert (~(read.observations.x2 != read.observations.x2)).sum() == 40


def test_its_commented_keys_are_keys_too(tmp_path):
    folder = new_survey(tmp_path / "mine")
    text = (folder / "survey.toml").read_text()
    opened = re.sub(r"(?m)^# (\w+ = .*)$", r"\1", text)
    assert (
        len(tomllib.loads(opened)["observations"]) == len(tomllib.loads(text)["observations"]) + 4
    )
    (folder / "survey.toml").write_text(opened)
    read = read_survey(folder)
    assert read.extra == {}
    assert read.response_time == 4
    assert read.search.rate is not None


def test_every_column_is_explained(tmp_path):
    from barlovento.fly import readings, weather

    text = (new_survey(tmp_path / "mine") / "survey.toml").read_text()
    for name in (*readings.KINDS, *weather.KINDS):
        assert re.search(rf"\b{name}\b", text), name


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_nothing_is_overwritten(tmp_path, there):
    target = tmp_path / "mine"
    if there == "file":
        target.write_text("mine")
    elif there == "folder":
        target.mkdir()
        (target / "survey.toml").write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match="nothing is overwritten"):
        new_survey(target)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "mine").mkdir()
    assert check_survey(new_survey(tmp_path / "mine")) == []


def test_folders_above_are_made(tmp_path):
    assert check_survey(new_survey(tmp_path / "a" / "b" / "mine")) == []


def test_where_nothing_may_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="Choose another place"):
        new_survey(tmp_path / "file" / "mine")


def broken_off(target, trouble):
    with fresh.fresh_folder(target) as folder:
        (folder / "half").write_text("half")
        raise trouble


@pytest.mark.parametrize(
    ("trouble", "told"),
    [(OSError(28, "No space left"), BadInput), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_an_interruption_leaves_nothing(tmp_path, trouble, told):
    with pytest.raises(told):
        broken_off(tmp_path / "mine", trouble)
    assert list(tmp_path.iterdir()) == []


def overtaken(target):
    with fresh.fresh_folder(target) as folder:
        (folder / "ours").write_text("ours")
        target.mkdir()
        (target / "theirs").write_text("theirs")


def test_someone_who_was_quicker_loses_nothing(tmp_path):
    target = tmp_path / "mine"
    with pytest.raises(BadInput, match="is there already"):
        overtaken(target)
    assert [p.name for p in target.iterdir()] == ["theirs"]
    assert list(tmp_path.iterdir()) == [target]


def test_others_may_read_what_the_umask_allows(tmp_path):
    folder = new_survey(tmp_path / "mine")
    plain = tmp_path / "plain"
    plain.mkdir()
    assert folder.stat().st_mode == plain.stat().st_mode
    assert isinstance(folder, Path)
