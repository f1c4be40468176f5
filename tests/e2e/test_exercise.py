"""`barlovento exercise` as a person runs it: fly, watch again, fly again, and train."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from small_exercise import SCENARIO

from barlovento.cli import main

FILES = {
    *("track.geojson", "replay.jsonl", "belief.gif", "debrief.html", "score.json"),
    *("scenario.toml", "readings"),
}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "small.toml"
    path.write_text(SCENARIO, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ran(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ran") / "out"
    words = ["exercise", "run", str(scenario), "--out", str(out), "--seed", "4"]
    assert main([*words, "--answer", "belief"]) == 0
    return out


def test_a_run_leaves_the_whole_folder(ran: Path) -> None:
    assert {path.name for path in ran.iterdir()} == FILES
    score = json.loads((ran / "score.json").read_text(encoding="utf-8"))
    assert score["score"]["found"] + score["score"]["missed"] == 1
    assert score["seed"] == 4
    assert len(score["truth"]) == 1
    assert (ran / "belief.gif").read_bytes()[:6] == b"GIF89a"
    page = (ran / "debrief.html").read_text(encoding="utf-8")
    assert "<svg" in page
    # Self-contained: nothing is fetched from elsewhere.
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    track = json.loads((ran / "track.geojson").read_text(encoding="utf-8"))
    line = track["features"][0]
    assert len(line["properties"]["times"]) == len(line["geometry"]["coordinates"])


def test_the_readings_are_a_survey(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["survey", "check", str(ran / "readings"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"]


def test_a_replay_simulates_nothing_and_reproduces(
    ran: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            "barlovento.exercise.live.World.__init__", lambda *_: pytest.fail("simulated")
        )
        assert main(["exercise", "replay", str(ran), "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
    assert shown["score"] == json.loads((ran / "score.json").read_text(encoding="utf-8"))["score"]
    assert main(["exercise", "replay", str(ran), "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["differing_frames"] == []


def test_a_changed_log_is_noticed(ran: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(ran, copy)
    log = copy / "replay.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines()
    frame = json.loads(lines[3])
    frame["drones"][0]["path"][0][0] += 5.0
    lines[3] = json.dumps(frame)
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert main(["exercise", "replay", str(copy), "--check"]) == 4


def test_the_truth_stays_sealed_until_the_answer(
    scenario: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from barlovento import training
    from barlovento.cli import exercise_train

    legs = tmp_path / "legs.json"
    legs.write_text(
        json.dumps(
            {
                "legs": [[[-60, 100], [100, 100]], [[100, -60]]],
                "answer": [{"x": 0, "y": 0, "radius": 40}],
            }
        ),
        encoding="utf-8",
    )
    out = tmp_path / "training"
    before: list[dict[str, bytes]] = []
    drawn: dict[str, Any] = {}
    scripted = exercise_train._scripted

    def snapshot() -> None:
        before.append({p.name: p.read_bytes() for p in out.rglob("*") if p.is_file()})

    def watched(path: Path, header: Any) -> Any:
        choose, give = scripted(path, header)

        def look(view: Any) -> Any:
            snapshot()
            assert view.header.seed is None
            assert all(frame.belief is None for frame in view.frames)
            return choose(view)

        def answer(view: Any) -> Any:
            snapshot()
            return give(view)

        return look, answer

    def remember(bits: int) -> int:
        drawn["seed"] = 20310102030405 % 2**bits
        return int(drawn["seed"])

    monkeypatch.setattr(exercise_train, "_scripted", watched)
    monkeypatch.setattr(training.secrets, "randbits", remember)
    words = ["exercise", "train", str(scenario), "--out", str(out), "--legs", str(legs)]
    assert main([*words, "--answer", "belief", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    opened = json.loads((out / "truth.json").read_text(encoding="utf-8"))
    assert opened["truth"]["seed"] == drawn["seed"]
    site = opened["truth"]["sites"][0]
    secret = [
        str(drawn["seed"]),
        opened["salt"],
        *(f"{site[axis]:.{digits}f}" for axis in ("x", "y") for digits in (1, 2)),
        str(site["x"]),
        str(site["rates_kg_s"]["acetone"]),
    ]
    assert len(before) >= 3
    for files in before:
        assert set(files) <= {"seal.json", "map.png"}
        for content in files.values():
            assert not [s for s in secret if s.encode() in content]
    # The seal that was written first is the one that was opened.
    assert json.loads(before[0]["seal.json"])["commitment"] == told["commitment"]
    assert told["commitment"] == opened["commitment"]
    for part in ("person", "program"):
        assert {path.name for path in (out / part).iterdir()} == FILES
    page = (out / "debrief.html").read_text(encoding="utf-8")
    assert "is the one that was sealed" in page
    assert told["person"]["answer"][0]["x"] == 0.0


def test_training_wants_a_new_folder_and_somebody_to_ask(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "notes.txt").write_text("mine", encoding="utf-8")
    assert main(["exercise", "train", str(scenario), "--out", str(tmp_path / "old")]) == 1
    assert "new folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("roughness_length_m = -0.05", "roughness"),
        ("obukhov_length_m = 0", "obukhov"),
        ("home_m = [900, 0]", "Home"),
        ('aircraft = ["kite"]', "kite"),
        ("speed_m_s = 30", "wind"),
    ],
)
def test_a_scenario_that_cant_be_flown_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: str, words: str
) -> None:
    key = changed.partition(" = ")[0]
    text = re.sub(rf"^{key} = .*$", changed, SCENARIO, flags=re.MULTILINE)
    assert text != SCENARIO
    path = tmp_path / "wrong.toml"
    path.write_text(text, encoding="utf-8")
    assert main(["exercise", "run", str(path), "--out", str(tmp_path / "out")]) == 1
    assert words.lower() in capsys.readouterr().err.lower()
    assert not (tmp_path / "out").exists()


def test_no_air_downwind_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SCENARIO.replace("x_m = [-150, 150]", "x_m = [1000, 1200]")
    text = text.replace('[random]', '[site.far]\nkind = "hidden"\nat_m = [1100, 0]\n'
                        'rates_g_s = { acetone = 0.2 }\n\n[random]')  # fmt: skip
    text = text.replace("hidden = 1", "hidden = 0")
    path = tmp_path / "upwind.toml"
    path.write_text(text, encoding="utf-8")
    code = main(["exercise", "run", str(path), "--out", str(tmp_path / "out"), "--seed", "1"])
    said = capsys.readouterr().err
    assert code == 1, said
    assert "no air of the search area reaches" in said
