"""A measured survey, sampled briefly: methane at Ginninderra (Geoscience Australia)."""

import os
from pathlib import Path

import numpy as np
import pytest

from barlovento.fly.survey import read_survey
from barlovento.locate.chains import Effort
from barlovento.locate.infer import infer


def folder(name: str) -> Path:
    beside = Path(__file__).parents[3] / "shared" / "data"
    found = Path(os.environ.get("BARLOVENTO_DATA", beside)) / "surveys" / name
    if not found.is_dir():
        pytest.skip(f"no measured survey at {found} (set BARLOVENTO_DATA)")
    return found


@pytest.mark.data
def test_a_day_without_release_gives_a_sound_answer() -> None:
    answer = infer(
        read_survey(folder("gna0525n")), seed=1, effort=Effort(chains=2, warm_up=20, sweeps=200)
    )
    assert sum(answer.number_of_sources) == pytest.approx(1.0)
    assert np.all(np.isfinite(answer.searched))
    assert np.isfinite(answer.log_evidence)
