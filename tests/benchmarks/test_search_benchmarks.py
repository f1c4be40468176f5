"""The search benchmarks' own numbers, where they are known without them."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from barlovento.search.cases import isotropic
from barlovento.search.grid import opening

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a benchmark by its own name, under which its compiled code is cached."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module(name)


def test_ratio_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = load("search_reference", monkeypatch)
    theirs = np.random.default_rng(1).exponential(30.0, 400)
    # Pairs that always stand in one ratio leave the interval no width.
    assert reference.ratio_interval(0.9 * theirs, theirs) == pytest.approx((0.9, 0.9, 0.9))
    unlike = np.random.default_rng(2).exponential(30.0, 400)
    ratio, low, high = reference.ratio_interval(unlike, theirs)
    assert low < ratio < high


def test_bounds_meet_where_the_best_path_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the middle of 3 x 3 cells with nothing to smell, a walk around takes 1 to 8 steps."""
    bounds = load("search_bounds", monkeypatch)
    which = isotropic(name="tiny", size=3, length=1.0, radius=1e-9, episodes=1)
    p = opening(which.hits, which.shape, which.start, 0).chance
    solver = bounds.Solver(which)
    widths = []
    for _ in range(40):
        solver.trial(p, 1, 1)
        low, high = solver.lower(p, 1, 1)[1], solver.upper(p, 1, 1)
        widths.append(high - low)
    best = np.mean(0.98 ** np.arange(1, 9))
    assert low <= best + 1e-6
    assert high >= best - 1e-6
    assert low == pytest.approx(best, rel=1e-3)
    assert np.all(np.diff(widths) <= 1e-9)
