"""The worlds that judge the classifier: apart from its table, and scored as they say."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from barlovento.assess.classes import shipped_table

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module


def test_worlds_know_nothing_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (BENCHMARKS / "class_worlds.py").read_text("utf-8")
    assert "import" in text
    assert "assess" not in text
    worlds = load("class_worlds", monkeypatch)
    assert set(worlds.SHARES) == set(shipped_table().names)


def test_worlds_scatter_as_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = load("class_worlds", monkeypatch)
    rng = np.random.default_rng(4)
    pairs = [worlds._emitted("livestock", rng) for _ in range(4000)]
    logs = np.log([one["methane"] / one["ammonia"] for one in pairs])
    # Two gases, each within a factor of two about its share.
    assert np.exp(logs.mean()) == pytest.approx(5.0, rel=0.1)
    assert logs.std() == pytest.approx(math.sqrt(2) * math.log(2), rel=0.05)


def test_nothing_there_gives_false_gases_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = load("class_worlds", monkeypatch)
    rng = np.random.default_rng(5)
    found = sum(worlds.draw("background", "wide", rng).found for _ in range(600))
    expected = 600 * len(worlds.WIDE) * worlds.FALSE
    assert abs(found - expected) < 4 * math.sqrt(expected)


def test_scores_of_answers_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    load("class_worlds", monkeypatch)
    benchmark = load("class_calibration", monkeypatch)
    rng = np.random.default_rng(6)
    alike = [benchmark.draw("landfill", "wide", rng) for _ in range(4)]
    kinds = dict.fromkeys(benchmark.KINDS, 0.0)
    right = {**kinds, "landfill": 1.0}
    wrong = {**kinds, "unexplained": 1.0}
    scores = benchmark.summary([(world, right) for world in alike[:3]] + [(alike[3], wrong)])
    assert scores["right"] == [3, 4]
    assert scores["false"] == [1, 4]
    told = {(row["told"], row["came_true"]) for row in scores["reliability"] if row["low"] > 0.9}
    assert told == {(1.0, 0.75)}
