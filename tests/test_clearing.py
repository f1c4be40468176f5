"""`zones` and `clear` on the command line: the log, the files, the exit codes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from barlovento import clearing, keyring, permission_workspace
from barlovento.adapters import keys as key_files
from barlovento.cli import main
from barlovento.domain.airspace import Applicability, Circle, Consent, Volume
from barlovento.errors import BadInput
from barlovento.fly.plans import read_plan

PASSPHRASE = "correct horse battery"
CHEAP = 16
Run = Callable[..., tuple[int, dict[str, Any]]]

START = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0)
AREA = [[-107.5, 24.7], [-107.3, 24.7], [-107.3, 24.9], [-107.5, 24.9], [-107.5, 24.7]]
REQUEST = {
    "type": "Feature",
    "geometry": {"type": "Polygon", "coordinates": [AREA]},
    "properties": {
        "authority": "MX",
        "holder": "Example Watch",
        "purpose": "air sampling",
        "valid_from": (START - timedelta(days=1)).isoformat(),
        "valid_until": (START + timedelta(days=1)).isoformat(),
        "lower": None,
        "upper": {"value": 120, "unit": "m", "reference": "AGL"},
        "aircraft": ["XB-ABC"],
        "sensors": ["methane analyser"],
    },
}
PLAN: dict[str, Any] = {
    "type": "Feature",
    "geometry": {
        "type": "LineString",
        "coordinates": [[-107.4, 24.8, 80], [-107.398, 24.8, 90], [-107.398, 24.803, 95]],
    },
    "properties": {
        "schema": 1,
        "id": "sortie-1",
        "aircraft": "XB-ABC",
        "purpose": "air sampling",
        "holder": "Example Watch",
        "sensors": ["methane analyser"],
        "height_reference": "AGL",
        "start": START.isoformat(),
        "speed_m_s": 12,
        "home": [-107.4, 24.8, 80],
        "return_speed_m_s": 12,
        "buffer": {
            "navigation_error_m": 5,
            "gust_drift_m": 5,
            "turn_radius_m": 15,
            "height_error_m": 8,
            "time_error_s": 3,
        },
    },
}
PARK = """AC P
AN PARK
AL GND
AH UNL
V X=24:48:05 N 107:23:53 W
DC 0.05
"""


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BARLOVENTO_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("BARLOVENTO_WORKSPACE", "watch")
    monkeypatch.setitem(key_files.write_key.__kwdefaults__, "cost", CHEAP)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def go(*words: str | Path) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = main([*map(str, words), "--json"])
        return code, json.loads(capsys.readouterr().out)

    return go


@pytest.fixture
def watch(run: Run, tmp_path: Path) -> Path:
    """A workspace with a living consent of MX."""
    keys = tmp_path / "keys"
    for name in ("ana", "ben", "mx"):
        keyring.make_key(name, keys, PASSPHRASE)
    people = [keys / "ana.pub", keys / "ben.pub"]
    permission_workspace.init(
        tmp_path / "watch",
        origin="example.org/watch",
        holder="Example Watch",
        people=people,
        passphrase=PASSPHRASE,
    )
    for person in ("ana", "ben"):
        keyring.pin(
            tmp_path / "watch",
            keys / "mx.pub",
            role="authority",
            state="MX",
            by=keys / f"{person}.key",
            passphrase=lambda _: PASSPHRASE,
        )
    Path("request.json").write_text(json.dumps(REQUEST))
    _, asked = run("consent", "request", "request.json")
    run("consent", "answer", asked["id"], "granted")
    code, _ = run("consent", "sign", asked["id"], "--by", keys / "mx.key")
    assert code == 0
    return tmp_path / "watch"


def plan(**change: Any) -> Path:
    document = copy.deepcopy(PLAN)
    places = change.pop("coordinates", None)
    if places:
        document["geometry"]["coordinates"] = places
    document["properties"].update(change)
    path = Path("plan.geojson")
    path.write_text(json.dumps(document))
    return path


def test_a_plan_is_cleared_logged_and_proved(run: Run, watch: Path) -> None:
    code, done = run("clear", plan(), "--out", "out")
    assert (code, done["cleared"]) == (0, True)
    proof = json.loads(Path("out/clearance.json").read_text())
    assert proof["plan_digest"] == done["plan_digest"]
    assert proof["swept"]["states"] == ["MX"]
    assert Path("out/map.png").read_bytes().startswith(b"\x89PNG")
    code, _ = run("audit", "flight", "sortie-1", "--proof", "proof.json")
    assert code == 0


def test_a_refusal_names_the_place_and_takes_an_old_proof_away(run: Run, watch: Path) -> None:
    run("clear", plan(), "--out", "out")
    code, done = run("clear", plan(aircraft="XB-XYZ"), "--out", "out")
    assert (code, done["cleared"], done["exit_code"]) == (3, False, 3)
    (lack,) = done["shortfalls"]
    assert (lack["leg"], lack["lacks"]) == ("leg 1", "consent of MX")
    assert "XB-XYZ" in lack["detail"]
    assert not Path("out/clearance.json").exists()
    assert Path("out/refusal.json").exists()


def test_zones_are_imported_listed_and_obeyed(run: Run, watch: Path) -> None:
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


def test_a_broken_file_of_zones_leaves_no_trace(run: Run, watch: Path) -> None:
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
