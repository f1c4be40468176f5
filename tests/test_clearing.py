"""`zones` and `clear` on the command line: the log, the files, the exit codes."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from permission_path import PLAN, START, Run, asked

from barlovento import clearing
from barlovento.domain.airspace import Applicability, Circle, Consent, Volume
from barlovento.errors import BadInput
from barlovento.fly.plans import read_plan

PARK = """AC P
AN PARK
AL GND
AH UNL
V X=24:48:05 N 107:23:53 W
DC 0.05
"""


pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def watch(pinned: Run) -> None:
    """A workspace with a living consent of MX."""
    asked(pinned)
    assert pinned("consent", "sign", "R-1", "--by", "keys/mx.key")[0] == 0


def plan(**change: Any) -> Path:
    document = copy.deepcopy(PLAN)
    places = change.pop("coordinates", None)
    if places:
        document["geometry"]["coordinates"] = places
    document["properties"].update(change)
    path = Path("plan.geojson")
    path.write_text(json.dumps(document))
    return path


def test_a_plan_is_cleared_logged_and_proved(run: Run, watch: None) -> None:
    code, done = run("clear", plan(), "--out", "out")
    assert (code, done["cleared"]) == (0, True)
    proof = json.loads(Path("out/clearance.json").read_text())
    assert proof["plan_digest"] == done["plan_digest"]
    assert proof["swept"]["states"] == ["MX"]
    assert Path("out/map.png").read_bytes().startswith(b"\x89PNG")
    code, _ = run("audit", "flight", "sortie-1", "--proof", "proof.json")
    assert code == 0


def test_a_refusal_names_the_place_and_takes_an_old_proof_away(run: Run, watch: None) -> None:
    run("clear", plan(), "--out", "out")
    code, done = run("clear", plan(aircraft="XB-XYZ"), "--out", "out")
    assert (code, done["cleared"], done["exit_code"]) == (3, False, 3)
    (lack,) = done["shortfalls"]
    assert (lack["leg"], lack["lacks"]) == ("leg 1", "consent of MX")
    assert "XB-XYZ" in lack["detail"]
    assert not Path("out/clearance.json").exists()
    assert Path("out/refusal.json").exists()


def test_zones_are_imported_listed_and_obeyed(run: Run, watch: None) -> None:
    Path("park.openair").write_text(PARK)
    code, done = run("zones", "import", "park.openair", "--country", "MX")
    assert (code, done["zones"]) == (0, 1)
    _, listed = run("zones", "list")
    assert [zone["id"] for zone in listed["zones"]] == ["PARK"]
    code, done = run("clear", plan())
    assert code == 3
    assert "PARK" in done["shortfalls"][0]["lacks"]
    # A newer file of the same name takes the place of the older.
    Path("park.openair").write_text(PARK.replace("24:48:05", "24:58:05"))
    run("zones", "import", "park.openair", "--country", "MX")
    assert run("clear", plan())[0] == 0
    # Zones named on the command line stand in place of those.
    Path("park.openair").write_text(PARK)
    assert run("clear", plan(), "--zones", "park.openair", "--country", "MX")[0] == 3


def test_a_broken_file_of_zones_leaves_no_trace(run: Run, watch: None) -> None:
    Path("park.openair").write_text(PARK + "\nAC R\nAN BAD\nAL 500\nAH FL95\nDC 1\n")
    code, done = run("zones", "import", "park.openair")
    assert code == 1
    assert "BAD" in done["error"]
    assert run("zones", "list")[1]["zones"] == []


@pytest.mark.parametrize(("lon", "lat", "suspected"), [(24.8, -80.0, True), (24.8, -60.0, False)])
def test_a_swapped_plan_is_suspected(lon: float, lat: float, suspected: bool) -> None:
    window = Applicability(valid_from=START, valid_until=START + timedelta(days=1))
    given = Consent(
        id="C-1",
        request_id="R-1",
        authority="BS",
        holder="Example Watch",
        purpose="air sampling",
        volume=Volume(
            area=(Circle(lon=-80.0, lat=24.8, radius=5000.0),), lower=None, upper=None, when=window
        ),
        aircraft=("XB-ABC",),
        sensors=(),
        digest="d",
        key_id="k",
    )
    spots = [[lon, lat, 80], [lon + 0.01, lat, 80]]
    read = read_plan(plan(coordinates=spots, home=[lon, lat, 80]))
    told = ""
    try:
        clearing._suspect_swapped(read, [given], "plan.geojson")
    except BadInput as error:
        told = str(error)
    assert ("swapped" in told) == suspected


def test_without_a_workspace_it_is_said_what_to_do(run: Run) -> None:
    code, done = run("clear", plan())
    assert code == 1
    assert "barlovento init" in done["error"]
