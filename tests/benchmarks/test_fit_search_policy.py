"""The tool that makes the tables of the search policy: its gradients and its estimates."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from barlovento.search.cases import case

TOOL = Path(__file__).resolve().parents[2] / "tools" / "fit_search_policy.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fit_search_policy", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_gradient_is_that_of_differences(tool: ModuleType) -> None:
    """One step of Adam from rest moves each weight by the rate, against its derivative."""
    rng = np.random.default_rng(1)
    network = tool.Network(rng)
    network.parts[4] = rng.standard_normal(12).astype(np.float32)
    x = rng.standard_normal((5, tool.INPUTS)).astype(np.float32)
    before = [part.astype(float) for part in network.parts]
    out, cache = network.forward(x)
    pull = rng.standard_normal(5).astype(np.float32)
    network.step(pull, cache, 1e-3)
    moved = [part - old for part, old in zip(network.parts, before, strict=True)]
    network.parts = [part.copy() for part in before]
    for which, index in ((0, (3, 7)), (1, (2,)), (2, (5, 4)), (3, (1,)), (4, (6,)), (5, (0,))):
        network.parts[which][index] += 1e-6
        derivative = pull @ (network.forward(x)[0] - out) / 1e-6
        network.parts[which][index] -= 1e-6
        assert np.sign(moved[which][index]) == -np.sign(derivative)


def test_rounds_keep_what_happened_and_the_estimate_agrees(tool: ModuleType) -> None:
    fitting = tool.Fitting(case("isotropic-19"), np.random.default_rng(2), 400.0, 1000)
    fitting.search(60)
    fitting.fit_critic(300)
    record = fitting.past[0].record
    assert record.shares.sum(2).max() <= 1.0 + 1e-9
    assert np.all(record.log <= 0.0)
    fitting.done = 1
    told = fitting.search(60)
    mean, stderr = (float(word.rstrip(",")) for word in (told.split()[2], told.split()[4]))
    # With sharp choices the policy is nearly space-aware infotaxis: 13.55 +- 0.15, published.
    assert abs(mean - 13.55) < 4.0 * np.hypot(stderr, 0.15) + 0.5
    assert stderr < 2.0


def test_moves_that_turned_out_well_get_likelier(tool: ModuleType) -> None:
    fitting = tool.Fitting(case("isotropic-19"), np.random.default_rng(3), 100.0, 1000)
    fitting.search(60)
    record = fitting.past[0].record
    # Say that going straight on has always cost time, and all else saved it.
    turned = record.turns[np.arange(len(record.move)), record.move]
    gain = np.where(turned == 0, 5.0, -5.0)
    fitting.past = [fitting.past[0]._replace(record=record._replace(gain=gain))]
    tool.BATCH = 64
    fitting.improve(2, 1e-2)
    straight, aside, _, _ = fitting.actor.parts[-1]
    # A score is a cost.
    assert straight > aside
