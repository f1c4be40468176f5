"""The whole command on a small survey, as a person runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = str(Path(sys.executable).with_name("barlovento"))
DATA = Path(os.environ.get("BARLOVENTO_DATA", ROOT.parent / "shared" / "data"))
FILES = {"result.json", "posterior.nc", "searched.nc", "map.png", "report.html"}

pytestmark = pytest.mark.slow


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *map(str, words)], capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("e2e") / "survey"
    made = run("survey", "new", folder)
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def located(survey: Path) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = survey.parent / "out"
    return out, run("locate", survey, "--out", out, "--seed", "3", "--json")


def test_every_file_is_there_and_opens(
    located: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    out, done = located
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == FILES
    schema = json.loads(
        (ROOT / "docs" / "schemas" / "result.schema.json").read_text(encoding="utf-8")
    )
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    jsonschema.validate(result, schema)
    assert result["provenance"]["seed"] == 3
    assert sum(result["number_of_sources"].values()) == pytest.approx(1.0)
    printed = json.loads(done.stdout)
    assert set(printed.pop("files")) == FILES
    assert printed == result

    arviz = pytest.importorskip("arviz")
    draws = arviz.from_netcdf(out / "posterior.nc").posterior
    assert draws["x"].dims == ("chain", "draw", "source")
    assert draws.sizes["chain"] * draws.sizes["draw"] == result["diagnostics"]["draws"]
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(out / "searched.nc") as searched:
        assert searched["searched"].dims == ("y", "x", "emission_rate")
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")


def test_same_seed_same_answer(
    survey: Path, located: tuple[Path, subprocess.CompletedProcess[str]]
) -> None:
    def answer(text: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(text)
        for name in ("elapsed_s", "files", "provenance"):
            document.pop(name)
        return document

    again = run("locate", survey, "--out", survey.parent / "again", "--seed", "3", "--json")
    assert answer(again.stdout) == answer(located[1].stdout)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.data
@pytest.mark.skipif(not (DATA / "surveys").is_dir(), reason="needs $BARLOVENTO_DATA")
def test_ctrl_c_in_the_middle_of_real_work(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [COMMAND, "locate", str(DATA / "surveys" / "ch05"), "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "sampling" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Interrupted: nothing was left half-written." in stderr
    assert "Traceback" not in stderr
    assert list(tmp_path.iterdir()) == []


def test_demonstration_compares_with_the_truth(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    done = run("demo", "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))["sources"]
    told = [match["true"] for match in document["comparison"]["matches"]]
    assert [(t["x"], t["y"]) for t in told] == [(t["x"], t["y"]) for t in truth]
    assert {path.name for path in (out / "survey").iterdir()} == {
        "survey.toml",
        "observations.csv",
        "meteorology.csv",
    }
    assert {path.name for path in out.iterdir()} == {*FILES, "survey", "truth.json"}
    assert "Found against true" in done.stderr
    checked = run("survey", "check", out / "survey")
    assert checked.returncode == 0, checked.stdout
