"""Finer limits on the command line: straight baselines are taken in, and verdicts use them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from permission_path import PLAN, START, Run, asked

FAR_OFF = (-109.0, 23.6)
"""More than 24 nautical miles off both coasts at the mouth of the Gulf of California."""


def limits(*, error: float = 100.0) -> Path:
    """One limit of MX that closes the mouth of the Gulf, as straight baselines would."""
    ring = [[-111.0, 22.5], [-107.0, 22.5], [-107.0, 25.5], [-111.0, 25.5], [-111.0, 22.5]]
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"state": "MX", "source": "a gazette", "error_m": error},
    }
    path = Path("limits.geojson")
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return path


def track() -> Path:
    rows = [
        f"{(START + timedelta(seconds=10 * k)).isoformat()},XB-ABC,{FAR_OFF[1] + 1e-4 * k},"
        f"{FAR_OFF[0]},80"
        for k in range(12)
    ]
    path = Path("track.csv")
    path.write_text("time,aircraft,latitude,longitude,height_agl_m\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def watch(pinned: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    from barlovento.cli import main

    def go(*words: str | Path) -> tuple[int, dict[str, Any]]:
        if "--json" not in words:
            return pinned(*words)
        capsys.readouterr()
        code = main([*map(str, words)])
        return code, json.loads(capsys.readouterr().out)

    return go


def test_imported_baselines_decide_about_places_and_tracks(watch: Run) -> None:
    audit = ("audit", "track", track(), "--state", "MX", "--consents", "watch")
    assert watch(*audit)[1]["tracks"][0]["verdict"] == "outside"
    code, told = watch("borders", "import", limits())
    assert (code, told["states"][0]["state"], told["states"][0]["error_m"]) == (0, "MX", 100.0)
    (seen,) = watch(*audit)[1]["tracks"]
    assert seen["verdict"] == "inside"
    assert seen["nearest_limit"]["error_m"] == pytest.approx(100.0 + 185.2, abs=0.2)
    words = ("borders", "at", "--workspace", "watch", "--json", "--", *map(str, FAR_OFF))
    _, told = watch(*words)
    assert (told["state"], told["certain"], told["error_m"]) == ("MX", True, 100.0)
    # The nearest side of the limit is 1.1 degrees of latitude away: 121.8 km on WGS 84.
    assert told["distance_m"] == pytest.approx(121_830, rel=2e-3)


def test_a_file_beside_the_workspace_counts_before_it(watch: Run) -> None:
    assert watch("borders", "import", limits(error=50_000.0))[0] == 0
    audit = ("audit", "track", track(), "--state", "MX", "--consents", "watch")
    assert watch(*audit)[1]["tracks"][0]["nearest_limit"]["error_m"] > 50_000.0
    (seen,) = watch(*audit, "--borders", limits(error=10.0))[1]["tracks"]
    assert seen["nearest_limit"]["error_m"] == pytest.approx(195.2, abs=0.2)


def test_a_plan_inside_imported_baselines_needs_that_state_s_consent(watch: Run) -> None:
    asked(watch)
    plan = json.loads(json.dumps(PLAN))
    lon, lat = FAR_OFF
    plan["geometry"]["coordinates"] = [[lon, lat, 80], [lon + 0.002, lat, 90]]
    plan["properties"]["home"] = [lon, lat, 80]
    Path("plan.geojson").write_text(json.dumps(plan))
    code, told = watch("clear", "plan.geojson")
    assert (code, told["cleared"]) == (0, True)
    watch("borders", "import", limits())
    code, told = watch("clear", "plan.geojson")
    assert code == 3
    assert told["shortfalls"][0]["lacks"] == "consent of MX"
