"""The whole path of permission on the command line: keys, pins, consent, log, proof, report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from permission_path import Run

from barlovento import logbook, permission_workspace
from barlovento.adapters.sqlite_file import connect
from barlovento.adapters.store import FILE
from barlovento.errors import IntegrityError, Refused
from barlovento.guard.exported import verify_file
from barlovento.guard.verifier import VerifyError

ROOT = Path(__file__).resolve().parent.parent
VERIFIER = ROOT / "verifier" / "barlovento_verify.py"
pytestmark = pytest.mark.usefixtures("surroundings")


@pytest.fixture
def watch(pinned: Run) -> Run:
    return pinned


def test_keys_are_pinned_by_two_people_on_the_command_line(watch: Run) -> None:
    assert watch("keys", "new", "fr", "--out", "keys")[0] == 0
    words = ("keys", "pin", "keys/fr.pub", "--state", "FR/PARIS", "--by")
    code, told = watch(*words, "keys/ana.key")
    assert (code, told["pinned"], told["people"]) == (0, False, ["ana"])
    assert watch("keys", "list")[1]["proposed"][0]["state"] == "FR/PARIS"
    assert watch(*words, "keys/ana.key")[0] == 3
    assert watch(*words, "keys/mx.key")[0] == 3
    code, told = watch(*words, "keys/ben.key")
    assert (code, told["pinned"], told["people"]) == (0, True, ["ana", "ben"])
    states = [key["state"] for key in watch("keys", "list")[1]["keys"]]
    assert states == ["", "", "", "MX", "US", "FR/PARIS"]


def test_a_third_person_is_enrolled_by_two_and_may_then_sign(watch: Run) -> None:
    watch("keys", "new", "cleo", "--out", "keys")
    watch("keys", "new", "fr", "--out", "keys")
    cleo = ("keys", "pin", "keys/fr.pub", "--state", "FR", "--by", "keys/cleo.key")
    assert watch(*cleo)[0] == 3
    for person in ("ana", "ben"):
        words = ("--person", "--by", f"keys/{person}.key")
        assert watch("keys", "pin", "keys/cleo.pub", *words)[0] == 0
    assert watch(*cleo)[1]["pinned"] is False
    assert watch(*cleo[:-1], "keys/ben.key")[1]["pinned"] is True


def request(**properties: Any) -> Path:
    begin = datetime.now(UTC) - timedelta(days=1)
    feature = {
        "type": "Feature",
        "geometry": {
            "type": "Polygon",
            "coordinates": [
                [[-107.5, 24.7], [-107.3, 24.7], [-107.3, 24.9], [-107.5, 24.9], [-107.5, 24.7]]
            ],
        },
        "properties": {
            "id": "R-1",
            "authority": "MX",
            "holder": "Example Watch",
            "purpose": "air sampling",
            "valid_from": begin.isoformat(),
            "valid_until": (begin + timedelta(days=30)).isoformat(),
            "lower": None,
            "upper": {"value": 400, "unit": "ft", "reference": "AGL"},
            "aircraft": ["XB-ABC"],
            "sensors": ["methane analyser"],
            **properties,
        },
    }
    path = Path(f"{feature['properties']['id']}.geojson")
    path.write_text(json.dumps(feature))
    return path


def granted(run: Run) -> str:
    """Ask, note the grant and sign it; return the consent's name."""
    assert run("consent", "request", request())[0] == 0
    assert run("consent", "answer", "R-1", "granted", "--out", "draft.json")[0] == 0
    words = ("--by", "keys/mx.key", "--out", "c.dsse.json")
    code, told = run("consent", "sign", "R-1", *words)
    assert code == 0
    return str(told["id"])


def test_asked_answered_signed_and_living(watch: Run) -> None:
    name = granted(watch)
    _, told = watch("consent", "list")
    assert [c["id"] for c in told["living"]] == [name]
    assert told["requests"][0]["status"] == "signed"
    (living,) = permission_workspace.standing(None).living
    assert living.volume.upper is not None
    assert living.volume.upper.value == pytest.approx(121.92)
    assert living.authority == "MX"


def test_refusal_and_silence_stand_in_the_log_and_give_no_consent(watch: Run) -> None:
    watch("consent", "request", request(id="R-2"))
    watch("consent", "request", request(id="R-3"))
    assert watch("consent", "answer", "R-2", "refused", "--reason", "no")[0] == 0
    assert watch("consent", "answer", "R-3", "silent")[0] == 0
    assert watch("consent", "sign", "R-2", "--by", "keys/mx.key")[0] == 1
    assert watch("consent", "answer", "R-2", "granted")[0] == 3
    _, told = watch("audit", "log")
    assert told["kinds"]["refusal-of-consent"] == told["kinds"]["silence"] == 1
    assert watch("consent", "list")[1]["living"] == []


def test_changes_are_laid_over_the_request(watch: Run) -> None:
    watch("consent", "request", request())
    upper = {"value": 60, "unit": "m", "reference": "AGL"}
    Path("changes.json").write_text(json.dumps({"properties": {"upper": upper}}))
    words = ("changed", "--changes", "changes.json", "--conditions", "by day only")
    assert watch("consent", "answer", "R-1", *words)[0] == 0
    assert watch("consent", "sign", "R-1", "--by", "keys/mx.key")[0] == 0
    (living,) = permission_workspace.standing(None).living
    assert living.volume.upper is not None
    assert (living.volume.upper.value, living.conditions) == (60, "by day only")


def test_an_authority_signs_without_a_workspace(
    watch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch("consent", "request", request())
    watch("consent", "answer", "R-1", "granted", "--out", "draft.json")
    with monkeypatch.context() as elsewhere:
        elsewhere.delenv("BARLOVENTO_WORKSPACE")
        words = ("--by", "keys/mx.key", "--out", "c.dsse.json")
        assert watch("consent", "sign", "draft.json", *words)[1]["entry"] is None
    assert watch("consent", "list")[1]["living"] == []
    assert watch("consent", "sign", "c.dsse.json")[0] == 0
    assert len(watch("consent", "list")[1]["living"]) == 1


def test_what_must_not_be_signed_is_refused(watch: Run) -> None:
    watch("consent", "request", request())
    watch("consent", "answer", "R-1", "granted")
    before = watch("audit", "log")[1]["size"]
    code, told = watch("consent", "sign", "R-1", "--by", "keys/us.key")
    assert code == 3
    assert "MX" in told["error"]
    assert "US" in told["error"]
    assert watch("consent", "sign", "R-1", "--by", "keys/mx2.key")[0] == 3
    assert watch("consent", "sign", "R-1", "--by", "keys/ana.key")[0] == 3
    assert watch("consent", "sign", "R-1")[0] == 1
    assert watch("audit", "log")[1]["size"] == before


def test_an_envelope_with_a_changed_byte_is_broken(watch: Run) -> None:
    granted(watch)
    watch("consent", "request", request(id="R-2"))
    envelope = json.loads(Path("c.dsse.json").read_text())
    envelope["signatures"][0]["sig"] = "A" * 86 + "=="
    Path("bad.json").write_text(json.dumps(envelope))
    assert watch("consent", "sign", "bad.json")[0] == 4
    assert watch("consent", "sign", "c.dsse.json")[0] == 3


def test_withdrawn_by_its_own_state_only_and_once(watch: Run) -> None:
    name = granted(watch)
    assert watch("consent", "revoke", name, "--by", "keys/us.key")[0] == 3
    assert watch("consent", "revoke", name, "--by", "keys/mx.key", "--reason", "over")[0] == 0
    code, told = watch("consent", "revoke", name, "--by", "keys/mx.key")
    assert code == 3
    assert "replay" in told["error"]
    assert watch("consent", "sign", "c.dsse.json")[0] == 3
    _, told = watch("consent", "list")
    assert told["living"] == []
    assert "over" in told["not_living"][0]["reason"]
    assert (told["requests"][0]["status"], told["requests"][0]["reason"]) == ("withdrawn", "over")


def test_consents_die_with_a_stolen_key_and_outlive_a_rotated_one(watch: Run) -> None:
    granted(watch)
    assert watch("keys", "rotate", "keys/mx.key", "keys/mx2.key")[0] == 0
    assert len(watch("consent", "list")[1]["living"]) == 1
    theft = ("--reason", "stolen", "--by", "keys/ana.key")
    assert watch("keys", "revoke", "keys/mx.pub", *theft)[0] == 3
    assert watch("keys", "revoke", "keys/mx.pub", *theft, "--by", "keys/ben.key")[0] == 0
    assert watch("consent", "list")[1]["living"] == []


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ({"valid_until": "2020-01-01T00:00:00Z"}, "ends"),
        ({"valid_from": "2026-11-23T00:00:00"}, "no time zone"),
        ({"upper": {"value": 120, "unit": "m"}}, "reference"),
        ({"upper": {"value": 120, "unit": "m", "reference": "FL"}}, "flight level"),
        ({"upper": None}, "upper"),
        ({"authority": "Mexico"}, "country code"),
        ({"aircraft": []}, "aircraft"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"windows": [{"start": "9", "end": "10:00"}]}, "windows"),
    ],
)
def test_a_faulty_request_is_told_and_not_logged(watch: Run, fault: Any, word: str) -> None:
    before = watch("audit", "log")[1]["size"]
    code, told = watch("consent", "request", request(**fault))
    assert code == 1
    assert word in told["error"]
    assert watch("audit", "log")[1]["size"] == before


@pytest.mark.parametrize(
    ("ring", "word"),
    [
        ([[24.7, -107.5], [24.7, -107.3], [24.9, -107.3], [24.7, -107.5]], "swapped"),
        ([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]], "crosses"),
        ([[0, 0], [1, 0], [2, 0], [0, 0]], "area"),
        ([[0, 0], [1, 0], [1, 1]], "ring"),
    ],
)
def test_a_faulty_area_is_told(watch: Run, ring: Any, word: str) -> None:
    path = request()
    feature = json.loads(path.read_text())
    feature["geometry"]["coordinates"] = [ring]
    path.write_text(json.dumps(feature))
    code, told = watch("consent", "request", path)
    assert code == 1
    assert word in told["error"]


def test_an_area_in_another_state_is_suspected(watch: Run) -> None:
    path = request()
    feature = json.loads(path.read_text())
    # Baja California Sur would need a latitude beyond 90; Cancun's is one that can be.
    ring = [[21.0, -87.3], [21.1, -87.3], [21.1, -87.2], [21.0, -87.3]]
    feature["geometry"]["coordinates"] = [ring]
    path.write_text(json.dumps(feature))
    assert "swap them" in watch("consent", "request", path)[1]["error"]
    east = [[10.0, 50.0], [10.1, 50.0], [10.1, 50.1], [10.0, 50.0]]
    feature["geometry"]["coordinates"] = [east]
    path.write_text(json.dumps(feature))
    code, told = watch("consent", "request", path)
    assert code == 1
    assert "DE" in told["error"]


def test_the_other_side_of_a_border_is_to_be_asked_too(watch: Run) -> None:
    path = request()
    feature = json.loads(path.read_text())
    # Across the river between El Paso and Ciudad Juarez.
    ring = [[-106.6, 31.6], [-106.3, 31.6], [-106.3, 31.9], [-106.6, 31.9], [-106.6, 31.6]]
    feature["geometry"]["coordinates"] = [ring]
    path.write_text(json.dumps(feature))
    code, told = watch("consent", "request", path)
    assert (code, told["also"]) == (0, ["US"])


def test_no_byte_of_a_proof_is_without_meaning(watch: Run) -> None:
    granted(watch)
    digest = permission_workspace.standing(None).living[0].digest
    cleared = {"plan": "P-1", "plan_digest": "ab" * 32, "consents": [digest]}
    permission_workspace.record(None, "clearance", cleared)
    assert watch("audit", "flight", "P-1", "--proof", "p.json")[0] == 0
    data = Path("p.json").read_bytes()
    assert verify_file(data).flight == "P-1"
    for place in range(0, len(data), 41):
        for bit in (1, 32):
            changed = data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :]
            with pytest.raises(VerifyError):
                verify_file(changed)


def test_all_faults_of_a_request_are_told_at_once(watch: Run) -> None:
    path = request(authority="x", aircraft=[], upper=None, valid_from="now")
    _, told = watch("consent", "request", path)
    assert [
        word for word in ("authority", "aircraft", "upper", "valid_from") if word in told["error"]
    ] == ["authority", "aircraft", "upper", "valid_from"]


def test_a_workspace_needs_two_different_people(run: Run) -> None:
    run("keys", "new", "ana", "--out", "keys")
    person = ("--person", "keys/ana.pub")
    words = ("init", "watch", "--origin", "example.org/w", "--holder", "W")
    assert run(*words, *person, *person)[0] == 3
    assert run(*words, *person)[0] == 3
    assert not Path("watch").exists()
    assert [path.name for path in Path().iterdir()] == ["keys"]


def test_a_flight_is_proved_to_an_outsider_who_has_one_file(watch: Run) -> None:
    granted(watch)
    digest = permission_workspace.standing(None).living[0].digest
    plan = {"plan": "P-1", "plan_digest": "ab" * 32}
    permission_workspace.record(None, "clearance", {**plan, "consents": [digest]})
    flown = {"id": "F-1", "plan_digest": "ab" * 32}
    permission_workspace.record(None, "flight", flown, seal={"crew base": "north field"})
    assert watch("audit", "flight", "F-1", "--proof", "p.json")[0] == 0
    assert b"north field" not in Path("p.json").read_bytes()
    key = Path("watch/log.pub").read_text().strip()
    alone = [sys.executable, "-I", str(VERIFIER), "p.json", "--key", key]
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "F-1" in done.stdout
    Path("p.json").write_text(
        Path("p.json").read_text().replace("XB-ABC", "XB-ABD").replace('"F-1"', '"F-2"', 1)
    )
    assert subprocess.run(alone, capture_output=True, check=False).returncode == 4
    assert watch("audit", "log", "verify", "p.json")[0] == 4


def test_a_flight_without_clearance_has_no_proof_and_is_in_the_report(watch: Run) -> None:
    permission_workspace.record(None, "flight", {"id": "F-9", "plan_digest": "cd" * 32})
    track = {"id": "T-1", "state": "MX", "verdict": "inside"}
    permission_workspace.record(None, "observed-track", track)
    assert watch("audit", "flight", "F-9", "--proof", "p.json")[0] == 3
    assert not Path("p.json").exists()
    _, told = watch("audit", "report", "--out", "r.html")
    assert [entry["id"] for entry in told["without_clearance"]] == ["F-9", "T-1"]
    assert "F-9" in Path("r.html").read_text()
    _, told = watch("audit", "report", "--to", "2020-01-01")
    assert sum(told["counts"].values()) == 0


def test_a_clearance_whose_consent_is_gone_does_not_enter_the_log(watch: Run) -> None:
    name = granted(watch)
    digest = permission_workspace.standing(None).living[0].digest
    watch("consent", "revoke", name, "--by", "keys/mx.key")
    with pytest.raises(Refused, match="withdrawn"):
        permission_workspace.record(
            None, "clearance", {"plan": "P", "plan_digest": "0", "consents": [digest]}
        )
    with pytest.raises(Refused, match="own commands"):
        permission_workspace.record(None, "consent", {})


def test_a_log_is_handed_out_and_checked_with_what_was_kept(watch: Run) -> None:
    granted(watch)
    key = Path("watch/log.pub").read_text().strip()
    assert watch("audit", "log", "--out", "1.json", "--tiles", "tiles")[0] == 0
    watch("keys", "new", "eye", "--out", "keys", "--witness")
    eye = ("--by", "keys/eye.key", "--key", key)
    assert watch("audit", "log", "cosign", "1.json", *eye, "--out", "seen.txt")[0] == 0
    watch("consent", "request", request(id="R-2"))
    assert watch("audit", "log", "--out", "2.json")[0] == 0
    _, told = watch("audit", "log", "verify", "2.json", "--key", key, "--older", "seen.txt")
    assert (told["ok"], told["whole"], told["key_known"]) == (True, True, True)
    again = ("--seen", "seen.txt", "--out", "seen2.txt")
    assert watch("audit", "log", "cosign", "2.json", *eye, *again)[0] == 0
    code, told = watch("audit", "log", "verify", "1.json", "--older", "seen2.txt")
    assert code == 4
    assert "rolled back" in told["error"]
    found = (Path("tiles/checkpoint").read_text().splitlines())[0]
    assert found == "example.org/watch"


def test_a_row_changed_beside_the_program_is_noticed(watch: Run) -> None:
    granted(watch)
    connection = connect(Path("watch") / FILE)
    connection.execute("DROP TRIGGER entries_stay")
    connection.execute("UPDATE entries SET body = CAST(replace(body, 'air', 'sea') AS BLOB)")
    connection.close()
    assert watch("audit", "log")[0] == 4
    with pytest.raises(IntegrityError):
        logbook.state(None)


def test_the_verifier_is_what_the_modules_give() -> None:
    tool = [sys.executable, str(ROOT / "tools" / "build_verifier.py"), "--check"]
    assert subprocess.run(tool, check=False).returncode == 0
    outside = [line for line in VERIFIER.read_text().splitlines() if "import barlovento" in line]
    assert outside == []


def test_without_a_terminal_a_missing_passphrase_is_said(
    watch: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BARLOVENTO_PASSPHRASE")
    code, told = watch("keys", "new", "dan", "--out", "keys")
    assert code == 1
    assert "--passphrase-file" in told["error"]
    assert re.search(r"BARLOVENTO_PASSPHRASE\b", told["error"])
