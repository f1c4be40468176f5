"""The command line: exit codes, what stands on stdout and stderr, and that nothing is half-done.

The solver is replaced by one that answers at once; the real one runs in ``tests/e2e``.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from barlovento import __version__
from barlovento.cli import main
from barlovento.errors import BadInput, Fault, IntegrityError, Refused, SurveyError, UsageError

ROOT = Path(__file__).resolve().parent.parent
FILES = {"result.json", "posterior.nc", "searched.nc", "map.png", "report.html"}


def load_imagined() -> Any:
    path = Path(__file__).with_name("share") / "imagined.py"
    spec = importlib.util.spec_from_file_location("imagined", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.imagined


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let ``locate`` answer with an imagined case."""
    imagined = load_imagined()

    def use(case: str, **options: Any) -> None:
        surveys, posterior = imagined(case, **options)

        def infer(*_: Any, seed: int, progress: Any) -> Any:
            progress(0.5, "sampling")
            return posterior

        monkeypatch.setattr("barlovento.workspace._read", lambda paths: surveys)
        monkeypatch.setattr("barlovento.locate.infer.infer", infer)

    return use


def run(*words: str) -> int:
    return main([str(word) for word in words])


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# ---------------------------------------------------------------- locate


def test_locate_writes_the_set_and_says_so(
    answering: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering("two")
    assert run("locate", "a", "--out", tmp_path / "out") == 0
    assert names(tmp_path / "out") == FILES
    assert names(tmp_path) == {"out"}
    said = capsys.readouterr()
    for words in ("Two sources, likely (76 %)", "1 · 98 %", "kg/h", "g/s", "kg s-1", "Warning:"):
        assert words in said.out
    assert "report.html" in said.out
    assert "sampling" in said.err


def test_locate_prints_one_json_object(
    answering: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering("two")
    assert run("locate", "a", "--out", tmp_path / "out", "--json") == 0
    said = capsys.readouterr()
    document = json.loads(said.out)
    files = document.pop("files")
    assert set(files) == FILES
    assert document == json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))
    assert "Two sources" in said.err


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("none", "No source found: very likely that there is none (94 %)."),
        ("poor", "The readings can't answer."),
        ("geographic", "° N, "),
    ],
)
def test_locate_says_other_answers(
    answering: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str, words: str
) -> None:
    answering(case)
    assert run("locate", "a", "--out", tmp_path / "out") == 0
    assert words in capsys.readouterr().out


def test_a_title_does_not_steer_the_terminal(
    answering: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering("two", title="\x1b[2J\x1b]0;owned\x07[red]bracket[/nothing]\u202e")
    assert run("locate", "a", "--out", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(said)
    assert "[red]bracket[/nothing]" in said


def test_an_existing_folder_keeps_what_is_not_ours(
    answering: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answering("two")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "result.json").write_text("old")
    assert run("locate", "a", "--out", tmp_path) == 0
    assert names(tmp_path) == {*FILES, "notes.txt"}
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["schema"] == 1
    assert "result.json were replaced" in capsys.readouterr().out


def test_an_unwritable_place_is_told_before_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("barlovento.workspace._read", lambda paths: pytest.fail("was read"))
    (tmp_path / "file").write_text("")
    assert run("locate", "a", "--out", tmp_path / "file" / "out", "--json") == 1
    said = capsys.readouterr()
    assert "--out" in said.err
    assert "--out" in json.loads(said.out)["error"]


def test_a_failed_drawing_leaves_nothing(
    answering: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering("two")

    def fail(*_: Any, **__: Any) -> bytes:
        raise BadInput("no ink")

    monkeypatch.setattr("barlovento.share.map.map_png", fail)
    assert run("locate", "a", "--out", tmp_path / "out") == 1
    assert list(tmp_path.iterdir()) == []


def test_all_faults_of_all_surveys_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "survey.toml").write_text("schema = 1\n", encoding="utf-8")
    code = run("locate", tmp_path / "one", tmp_path / "two", "--out", tmp_path / "out", "--json")
    assert code == 1
    said = capsys.readouterr()
    document = json.loads(said.out)
    files = {fault["file"] for fault in document["faults"]}
    assert {"one/survey.toml", "two/survey.toml"} <= files
    assert len(document["faults"]) > 4
    for fault in document["faults"]:
        assert fault["what"] in said.err.replace("\n", " ")
    assert not (tmp_path / "out").exists()


# ---------------------------------------------------------------- exit codes


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("wrong"), 2),
        (Refused("no"), 3),
        (IntegrityError("changed"), 4),
        (BadInput("odd"), 1),
        (SurveyError([Fault(what="Odd.", mend="Mend it.", file="f.csv", row=3)]), 1),
        (KeyboardInterrupt(), 130),
        (MemoryError(), 1),
        (RuntimeError("bug"), 1),
    ],
)
def test_exit_codes(
    error: BaseException,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(paths: Any) -> Any:
        raise error

    monkeypatch.setattr("barlovento.workspace._read", fail)
    assert run("locate", "a", "--out", tmp_path / "out", "--json") == code
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["exit_code"] == code
    assert document["error"]
    assert said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["nosuch"],
        ["locate"],
        ["locate", "a"],
        ["locate", "--out", "b"],
        ["locate", "a", "--out", "b", "--seed", "many"],
        ["locate", "a", "--out", "b", "--force"],
        ["survey", "check"],
        ["survey", "nosuch"],
    ],
)
def test_wrong_use_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words, "--json") == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["exit_code"] == 2
    assert "barlovento --help" in said.err


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out.strip() == __version__
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert "barlovento locate my-survey --out out" in out
    assert "Exit codes" in out
    for words in (["locate"], ["demo"], ["survey", "check"], ["survey", "new"]):
        assert run(*words, "--help") == 0
        assert "--json" in capsys.readouterr().out


# ---------------------------------------------------------------- survey


def test_a_new_survey_passes_its_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine"
    assert run("survey", "new", folder, "--json") == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert {"survey.toml", "observations.csv", "meteorology.csv"} <= set(files)
    assert run("survey", "check", folder, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert "error" not in document
    assert run("survey", "new", folder) == 1


def test_check_tells_every_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine"
    assert run("survey", "new", folder) == 0
    text = (folder / "survey.toml").read_text(encoding="utf-8")
    (folder / "survey.toml").write_text(text.replace("schema = 1", "schema = 99"), encoding="utf-8")
    rows = (folder / "observations.csv").read_text(encoding="utf-8").splitlines()
    rows[3] = rows[3].replace("Z", "", 1)
    (folder / "observations.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert run("survey", "check", folder, "--json") == 1
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["ok"] is False
    assert any(fault["row"] == 4 for fault in document["faults"])
    assert any("schema" in fault["what"] + str(fault["column"]) for fault in document["faults"])
    assert all(fault["mend"] for fault in document["faults"])
    assert "row 4" in said.err


def test_check_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("survey", "check", tmp_path / "nowhere", "--json") == 1
    assert json.loads(capsys.readouterr().out)["faults"]


LOGGER = """date;lat;lon;CH4;wind;dir
2026-05-01 10:00:01;40.41680;-3.70420;2.10;6.0;270
2026-05-01 10:00:02;40.41681;-3.70410;2.90;6.2;268
2026-05-01 10:00:03;40.41682;-3.70400;2.00;5.9;272
"""


def from_csv(tmp_path: Path, *more: str) -> int:
    (tmp_path / "logger.csv").write_text(LOGGER, encoding="utf-8")
    return run(
        *("survey", "from-csv", tmp_path / "logger.csv", "--out", tmp_path / "made", "--json"),
        *("--species", "methane", "--averaging-time", "1", "--background", "unknown"),
        *("--measurement-height", "3", "--roughness-length", "0.03"),
        *("--search-x", "-3.705", "-3.703", "--search-y", "40.416", "40.418"),
        *("--release-height", "0", "2", "--max-sources", "2"),
        *more,
    )


def test_a_loggers_file_becomes_a_survey(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = from_csv(
        tmp_path,
        *("--column", "time=date", "--column", "latitude=lat", "--column", "longitude=lon"),
        *("--column", "concentration=CH4", "--wind-column", "wind_speed=wind"),
        *("--wind-column", "wind_from_direction=dir", "--unit", "concentration=ppm"),
        *("--unit", "wind_speed=knots", "--constant", "z=2.5", "--time-zone", "UTC"),
        *("--constant", "temperature=290", "--constant", "pressure=95000"),
    )
    said = capsys.readouterr()
    assert code == 0, said.err
    assert json.loads(said.out)["survey"].endswith("made")
    with (tmp_path / "made" / "meteorology.csv").open(encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    # A knot is 1852 m an hour: 6 kn are 3.0867 m/s.
    assert float(row["wind_speed"]) == pytest.approx(3.0867, abs=1e-3)
    assert run("survey", "check", tmp_path / "made") == 0


def test_what_a_logger_does_not_say_is_asked_for_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert from_csv(tmp_path) == 1
    document = json.loads(capsys.readouterr().out)
    assert len(document["faults"]) >= 2
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("words", [["--column", "time"], ["--constant", "z=high"]])
def test_a_pair_that_is_none_is_wrong_use(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert from_csv(tmp_path, *words) == 2
    assert words[0] in json.loads(capsys.readouterr().out)["error"]


# ---------------------------------------------------------------- processes

SLOW = """
import sys, time, threading
import barlovento.workspace as workspace
from concurrent.futures import ThreadPoolExecutor
import barlovento.locate
fake = type(sys)("barlovento.locate.infer")

def infer(*surveys, seed, progress):
    # As the solver does it: threads compute, the main thread waits for them.
    def chain(number):
        for step in range(600):
            time.sleep(0.05)
            progress(step / 600, "sampling")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(chain, range(2)))

fake.infer = infer
sys.modules["barlovento.locate.infer"] = fake
workspace._read = lambda paths: ("survey",)
from barlovento.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("kind", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("exists", [False, True])
def test_stopping_leaves_nothing_half_written(
    tmp_path: Path, kind: signal.Signals, code: int, exists: bool
) -> None:
    out = tmp_path / "out"
    if exists:
        out.mkdir()
        (out / "result.json").write_text("old")
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "locate", "a", "--out", str(out), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stderr is not None
    # It computes from the moment it says so, not from a number of seconds.
    while "sampling" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(kind)
    began = time.monotonic()
    stdout, stderr = process.communicate(timeout=20)
    assert process.returncode == code
    assert time.monotonic() - began < 10
    assert json.loads(stdout)["exit_code"] == code
    assert "nothing was left half-written" in stderr
    assert "Traceback" not in stderr
    if exists:
        assert names(out) == {"result.json"}
        assert (out / "result.json").read_text() == "old"
    else:
        assert list(tmp_path.iterdir()) == []


def test_a_terminal_without_our_signs_gets_an_answer(tmp_path: Path) -> None:
    code = "import sys\nfrom barlovento.cli import main\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "survey", "check", str(tmp_path / "na\u00efve \u2212")],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_a_reader_that_has_enough_is_no_fault(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom barlovento.cli import app, main\n"
        "@app.command\ndef pour():\n"
        "    while True:\n        sys.stdout.write('x' * 9999 + '\\n')\n"
        "sys.exit(main(['pour']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    stderr = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=20) == 1
    assert b"Traceback" not in stderr


def test_the_installed_command_answers() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("barlovento")), "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stdout.strip() == __version__


def test_public_names_load_lazily() -> None:
    import barlovento

    assert set(barlovento.__all__) <= set(dir(barlovento))
    for name in barlovento.__all__:
        assert getattr(barlovento, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = barlovento.no_such_name
    assert importlib.import_module("barlovento.locate.infer").infer is barlovento.infer
