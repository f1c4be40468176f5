"""A small sound survey that tests break in one place each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TOML = """\
schema = 1
title = "A small survey"
species = "methane"

[observations]
file = "observations.csv"
position = "local"
concentration_units = "mg m-3"
averaging_time_s = 60
background = "unknown"

[meteorology]
file = "meteorology.csv"
measurement_height_m = 2.0
roughness_length_m = 0.03

[search]
x_m = [-100, 100]
y_m = [-100, 100]
release_height_m = [0, 2]
max_sources = 2
"""

OBSERVATIONS = """\
time,sensor,x,y,z,concentration
2026-05-04T10:01:00Z,a,10,20,1.5,1.5
2026-05-04T10:02:00Z,a,10,20,1.5,2.5
2026-05-04T10:03:00Z,a,10,20,1.5,1.75
2026-05-04T10:01:00Z,b,-10,20,1.5,1.25
2026-05-04T10:02:00Z,b,-10,20,1.5,1.5
2026-05-04T10:03:00Z,b,-10,20,1.5,1.625
"""

METEOROLOGY = """\
time,wind_speed,wind_from_direction,temperature,pressure
2026-05-04T10:01:00Z,3.0,200,290,101000
2026-05-04T10:02:00Z,3.5,210,290,101000
2026-05-04T10:03:00Z,2.5,190,290,101000
"""


class SurveyWriter:
    """Writes survey folders; every text can be replaced or edited."""

    toml = TOML
    observations = OBSERVATIONS
    meteorology = METEOROLOGY

    def __init__(self, parent: Path) -> None:
        self.parent = parent
        self.count = 0

    def __call__(self, *edits: tuple[str, str], **replaced: str | bytes) -> Path:
        """Write a survey with the texts given, edited as (old, new), and return its folder."""
        texts = {
            "survey.toml": replaced.get("toml", TOML),
            "observations.csv": replaced.get("observations", OBSERVATIONS),
            "meteorology.csv": replaced.get("meteorology", METEOROLOGY),
        }
        for old, new in edits:
            hits = {f: t for f, t in texts.items() if isinstance(t, str) and old in t}
            assert hits, f"no file holds {old!r}"
            texts |= {f: t.replace(old, new) for f, t in hits.items()}
        self.count += 1
        folder = self.parent / f"survey{self.count}"
        folder.mkdir()
        for file, text in texts.items():
            (folder / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder


@pytest.fixture
def survey(tmp_path: Path) -> SurveyWriter:
    """Return what writes survey folders into a place of this test's own."""
    return SurveyWriter(tmp_path)


@pytest.fixture(scope="session")
def real_surveys() -> list[Path]:
    """Return the folders of measured surveys, or skip where they are absent."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    data = Path(os.environ.get("BARLOVENTO_DATA", beside)) / "surveys"
    folders = sorted(data.iterdir()) if data.is_dir() else []
    if not folders:
        pytest.skip(f"no measured surveys under {data} (set BARLOVENTO_DATA)")
    return folders
