"""``barlovento classify`` from files that the writers of ``locate`` made."""

from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from barlovento.cli import main
from barlovento.domain.species import find_species
from barlovento.share.netcdf import searched_bytes
from barlovento.share.result import result_document, to_bytes


def load_imagined() -> Any:
    path = Path(__file__).with_name("share") / "imagined.py"
    spec = importlib.util.spec_from_file_location("imagined", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.imagined


def write(folder: Path, gas: str, *, found: bool, case: str = "geographic") -> Path:
    """Write what locate would have written, had it found 0.02 g/s of that gas there, or not."""
    surveys, posterior = load_imagined()(case)
    rate = (1e-5, 2e-5, 4e-5)
    sources = tuple(replace(one, emission_rate=rate) for one in posterior.sources)
    posterior = replace(posterior, sources=sources)
    surveys = tuple(replace(survey, species=find_species(gas)) for survey in surveys)
    if not found:
        posterior = replace(posterior, sources=())
    document = result_document(surveys, posterior, version="0", command="", elapsed=1.0)
    where = folder / gas.replace(" ", "-")
    where.mkdir(parents=True)
    (where / "result.json").write_bytes(to_bytes(document))
    (where / "searched.nc").write_bytes(searched_bytes(posterior, surveys[0].frame, {}))
    return where


def run(*words: object) -> int:
    return main([str(word) for word in words])


GASES = ("tetrachloroethylene", "toluene", "acetone", "methane")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    for gas in GASES:
        write(folder, gas, found=gas == GASES[0])
    return folder


@pytest.fixture
def results(written: Path, tmp_path: Path) -> list[Path]:
    shutil.copytree(written, tmp_path / "results")
    return [tmp_path / "results" / gas for gas in GASES]


def test_classify_tells_writes_and_explains(
    results: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code = run("classify", *results, "--timezone", "Europe/Madrid", "--out", out, "--json")
    printed = capsys.readouterr()
    assert code == 0
    document = json.loads(printed.out)
    (source,) = document["sources"]
    assert source["verdict"] == "dry_cleaner"
    assert sum(source["probabilities"].values()) == pytest.approx(1)
    assert set(source["found"]) == {"tetrachloroethene"}
    assert set(source["not_found_above_kg_s"]) == {"toluene", "acetone", "methane"}
    result = json.loads((results[0] / "result.json").read_text("utf-8"))["sources"][0]
    assert source["longitude"] == pytest.approx(result["longitude"], abs=1e-6)
    assert source["latitude"] == pytest.approx(result["latitude"], abs=1e-6)
    assert source["region90"]["type"] in {"Polygon", "MultiPolygon"}
    assert "dry cleaner" in printed.err
    assert json.loads((out / "classes.json").read_text("utf-8"))["sources"] == document["sources"]
    with Image.open(out / "classes.png") as image:
        assert image.size[0] > 800
    assert {path.name for path in out.iterdir()} == {"classes.json", "classes.png"}


def test_a_result_alone_is_not_enough_to_tell(
    results: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("classify", results[0] / "result.json") == 0
    printed = capsys.readouterr().out
    assert "Only tetrachloroethene was measured" in printed
    assert "--timezone" in printed


def test_a_register_explains(results: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    result = json.loads((results[0] / "result.json").read_text("utf-8"))
    source = result["sources"][0]
    register = results[0].with_name("known.csv")
    register.write_text(
        f"kind,name,longitude,latitude\nworks,Mill,{source['longitude']},{source['latitude']}\n",
        encoding="utf-8",
    )
    assert run("classify", *results[1:], results[0], "--register", register, "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)["sources"]
    assert told["registered"][0]["name"] == "Mill"
    assert told["registered"][0]["distance"] < 30
    assert told["probabilities"]["other_registered"] > 0.05


def test_nothing_found_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path, "toluene", found=False)
    assert run("classify", folder, "--out", tmp_path / "out") == 0
    assert "nothing to classify" in capsys.readouterr().out


def test_a_missing_searched_map_is_said(
    results: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (results[1] / "searched.nc").unlink()
    assert run("classify", *results) == 0
    assert "No searched.nc stands beside the result of toluene" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--shape", "area", "--source", "3"], 1, "Count them from 1"),
        (["--timezone", "Mars/Base"], 1, "not known"),
        (["--register", "absent.csv"], 1, "absent.csv"),
        (["--prior", "unexplained"], 2, "unexplained=0.01"),
        (["--prior", "bakery=0.1"], 1, "no class"),
        (["--extent", "-5"], 1, "metres above 0"),
        (["--shape", "round"], 2, "shape"),
    ],
)
def test_bad_options_are_told(
    results: list[Path],
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    words: str,
) -> None:
    assert run("classify", *results, *options, "--json") == code
    assert words in json.loads(capsys.readouterr().out)["error"]


def test_broken_files_are_all_told(
    results: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results[1] / "result.json").write_text("{", encoding="utf-8")
    (results[2] / "searched.nc").write_bytes(b"no netcdf")
    (results[3] / "result.json").write_text('{"sources": []}', encoding="utf-8")
    assert run("classify", *results, "--out", tmp_path / "out", "--json") == 1
    told = json.loads(capsys.readouterr().out)["error"]
    for folder, file in ((1, "result.json"), (2, "searched.nc"), (3, "result.json")):
        assert str(results[folder] / file) in told
    assert not (tmp_path / "out").exists()
