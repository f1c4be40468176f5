"""Priors that the readings suggest: clean air that sensors agree on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from barlovento.locate.priors import background_prior, hyper_prior
from barlovento.locate.unknowns import COMMON


class Unknown:
    """A survey whose background nobody measured."""

    background = None


def prior(readings: list[Any], noise: float = 1.0) -> Any:
    y = np.concatenate(readings)
    sensor = np.repeat(np.arange(len(readings)), [len(r) for r in readings])
    survey = np.zeros(len(y))
    return background_prior([Unknown()], y, survey, sensor, np.full(len(readings), noise))  # type: ignore[list-item]


def plateaus(offsets: list[float]) -> list[Any]:
    """Return sensors in clean air of 1300 for a tenth of the time, and in gas for the rest."""
    return [
        1300.0 + extra + np.concatenate([np.zeros(10), np.full(90, 300.0 * (k + 1))])
        for k, extra in enumerate(offsets)
    ]


def test_sensors_that_agree_on_their_lowest_readings_share_clean_air() -> None:
    mean, sd = prior(plateaus([0.0, 3.0, -2.0, 1.0, 2.0]))
    assert mean == pytest.approx(1300.0, abs=5.0)
    assert np.all(sd < 100.0)


def test_sensors_that_disagree_are_taken_each_by_itself() -> None:
    offsets = [0.0, 400.0, -300.0, 900.0, -700.0]
    mean, _ = prior(plateaus(offsets))
    alone = [prior([one])[0][0] for one in plateaus(offsets)]
    assert mean == pytest.approx(alone)
    assert mean[1] > 1900.0


def test_few_sensors_can_not_tell() -> None:
    mean, _ = prior(plateaus([0.0, 3.0, -2.0]))
    assert mean[1] > 1500.0


def test_ambient_air_changes_by_a_share_of_its_level() -> None:
    low, _ = hyper_prior(600.0, 1e-3, 1300.0)
    high, _ = hyper_prior(600.0, 1e-3, 2600.0)
    assert np.exp(high[COMMON] - low[COMMON]) == pytest.approx(2.0, rel=1e-3)
