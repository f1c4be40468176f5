"""Folders of signed consents: only keys that a log pins count, whatever the folder holds."""

from __future__ import annotations

import json
import shutil
from base64 import b64decode, b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from permission_path import PASSPHRASE, PLAN, START, Run, asked

from barlovento.loose import gather

SIGNED = Path("signed/c.dsse.json")


@pytest.fixture
def folder(pinned: Run) -> Run:
    """A folder with a consent that MX signed, which is in no log; the plan; no zones."""
    asked(pinned)
    Path("signed").mkdir()
    sign("mx")
    Path("plan.geojson").write_text(json.dumps(PLAN))
    return pinned


def sign(name: str) -> None:
    """Sign the draft with a key as its holder would, away from the workspace."""
    from barlovento.adapters.keys import read_key
    from barlovento.guard import trust
    from barlovento.guard.ledger import CONSENT
    from barlovento.guard.verifier import canonical

    key = read_key(Path(f"keys/{name}.key"), PASSPHRASE)
    payload = canonical(json.loads(Path("draft.json").read_text()))
    SIGNED.write_bytes(trust.seal_envelope(CONSENT, payload, {key.key.id: key.sign}))


def clear(run: Run, *words: str) -> tuple[int, dict[str, Any]]:
    return run("clear", "plan.geojson", "--consents", "signed", *words)


def test_a_folder_counts_by_the_workspace_s_pins(folder: Run) -> None:
    assert folder("clear", "plan.geojson")[0] == 3
    code, told = clear(folder)
    assert (code, told["cleared"]) == (0, True)
    assert told["consents_not_in_log"] == told["consents"] != []
    # On a consent that is not in the log it is a check, which proves nothing.
    assert folder("audit", "flight", "sortie-1", "--proof", "p.json")[0] == 1
    assert folder("audit", "report")[1]["counts"]["checks"] == 1
    # Taken in, the same folder gives a clearance.
    assert folder("consent", "sign", SIGNED)[0] == 0
    code, told = clear(folder)
    assert (code, told["consents_not_in_log"]) == (0, [])
    assert folder("audit", "flight", "sortie-1", "--proof", "p.json")[0] == 0


def test_only_the_folder_s_consents_count(folder: Run) -> None:
    assert folder("consent", "sign", SIGNED)[0] == 0
    assert folder("clear", "plan.geojson")[0] == 0
    asked(folder, "R-2")
    draft = json.loads(Path("draft.json").read_text())
    draft["properties"]["aircraft"] = ["XB-OTHER"]
    Path("draft.json").write_text(json.dumps(draft))
    sign("mx")
    code, told = clear(folder)
    assert code == 3
    assert "XB-OTHER" in told["shortfalls"][0]["detail"]


@pytest.mark.parametrize("name", ["us", "mx2", "ana"])
def test_another_key_s_signature_counts_for_nothing(folder: Run, name: str) -> None:
    sign(name)
    code, told = clear(folder)
    assert code == 3
    assert told["shortfalls"][0]["lacks"] == "consent of MX"
    assert "c.dsse.json" in told["consents_set_aside"][0]


def test_a_rotated_and_a_revoked_key_sign_nothing_any_more(folder: Run) -> None:
    assert folder("keys", "rotate", "keys/mx.key", "keys/mx2.key")[0] == 0
    code, told = clear(folder)
    assert code == 3
    assert "rotated" in told["consents_set_aside"][0]
    sign("mx2")
    assert clear(folder)[0] == 0
    gone = ("--by", "keys/mx2.key", "--reason", "stolen")
    assert folder("keys", "revoke", "keys/mx2.pub", *gone)[0] == 0
    code, told = clear(folder)
    assert code == 3
    assert "revoked" in told["consents_set_aside"][0]


def test_a_withdrawal_in_the_folder_counts(folder: Run) -> None:
    from barlovento.adapters.keys import read_key
    from barlovento.guard import trust
    from barlovento.guard.ledger import REVOCATION, digest_of
    from barlovento.guard.verifier import canonical

    payload = trust.envelope_parts(SIGNED.read_bytes())[1]
    said = {"schema": "barlovento/revocation/1", "consent": digest_of(payload), "reason": "storm"}
    said["at"] = START.isoformat()
    key = read_key(Path("keys/mx.key"), PASSPHRASE)
    sealed = trust.seal_envelope(REVOCATION, canonical(said), {key.key.id: key.sign})
    Path("signed/0-withdrawn.json").write_bytes(sealed)
    code, told = clear(folder)
    assert code == 3
    assert "storm" in told["consents_set_aside"][0]


def test_a_file_that_can_t_be_read_stops_it(folder: Run) -> None:
    Path("signed/other.json").write_text('{"payloadType":')
    code, told = clear(folder)
    assert code == 1
    assert "other.json" in told["error"]


def test_an_exported_log_gives_the_pins_where_there_is_no_workspace(
    folder: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = Path("watch/log.pub").read_text().strip()
    other = Path("keys/ana.pub").read_text().strip()
    assert folder("audit", "log", "--out", "log.json")[0] == 0
    shutil.move("watch", "gone")
    code, told = clear(folder)
    assert code == 1
    assert "--pins" in told["error"]
    zones = Path("zones.json")
    zones.write_text(json.dumps({"features": []}))
    pins = ("--pins", "log.json")
    assert clear(folder, *pins)[0] == 1
    assert clear(folder, *pins, "--key", other)[0] == 4
    code, told = clear(folder, *pins, "--key", key)
    assert code == 1
    assert "--zones" in told["error"]
    Path("park.openair").write_text(
        "AC P\nAN PARK\nAL GND\nAH UNL\nV X=25:48:05 N 107:23:53 W\nDC 0.05\n"
    )
    zones_words = ("--zones", "park.openair", "--country", "MX")
    code, told = clear(folder, *pins, "--key", key, *zones_words)
    assert (code, told["cleared"], told["entry"]) == (0, True, None)
    # A pin that was swapped in the file breaks the log's signature.
    swapped = Path("log.json").read_text().replace('\\"state\\":\\"US\\"', '\\"state\\":\\"MX\\"')
    swapped = swapped.replace("example.org/watch", "example.org/watch", 1)
    changed = json.loads(swapped)
    changed["entries"][1] = changed["entries"][1].replace("mx+", "us+")
    Path("log.json").write_text(json.dumps(changed))
    assert clear(folder, *pins, "--key", key, *zones_words)[0] == 4


def test_tracks_are_audited_against_a_folder_and_recorded(folder: Run) -> None:
    rows = [
        f"{(START + timedelta(seconds=10 * k)).isoformat()},XB-ABC,{24.8 + 1e-4 * k},-107.4,80"
        for k in range(12)
    ]
    head = "time,aircraft,latitude,longitude,height_agl_m\n"
    Path("track.csv").write_text(head + "\n".join(rows) + "\n")
    audit = ("audit", "track", "track.csv", "--state", "MX")
    assert folder(*audit)[1]["tracks"][0]["verdict"] == "inside"
    code, told = folder(*audit, "--consents", "signed", "--workspace", "watch", "--record")
    assert code == 0
    assert told["consents"] == 1
    assert told["tracks"][0]["verdict"] == "inside with consent"
    (seen,) = folder("audit", "report")[1]["observed"]
    assert (seen["verdict"], seen["state"]) == ("inside with consent", "MX")
    assert seen["id"] == told["tracks"][0]["digest"]
    # Signed by another state it covers nothing, and the track is told as uncovered.
    sign("us")
    code, told = folder(*audit, "--consents", "signed", "--workspace", "watch", "--record")
    assert told["tracks"][0]["verdict"] == "inside"
    assert told["consents"] == 0
    assert len(told["consents_set_aside"]) == 1
    assert len(folder("audit", "report")[1]["without_clearance"]) == 1


def test_tracks_are_audited_against_the_consents_of_a_workspace(folder: Run) -> None:
    head = "time,aircraft,latitude,longitude,height_agl_m\n"
    rows = [
        f"{(START + timedelta(seconds=10 * k)).isoformat()},XB-ABC,{24.8 + 1e-4 * k},-107.4,80"
        for k in range(12)
    ]
    Path("track.csv").write_text(head + "\n".join(rows) + "\n")
    audit = ("audit", "track", "track.csv", "--state", "MX", "--consents", "watch")
    assert folder(*audit)[1]["tracks"][0]["verdict"] == "inside"
    assert folder("consent", "sign", SIGNED)[0] == 0
    code, told = folder(*audit, "--record")
    assert (code, told["tracks"][0]["verdict"]) == (0, "inside with consent")
    assert folder("audit", "report")[1]["counts"]["observed"] == 1


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_change_to_an_envelope_gives_a_consent_that_was_not_signed(
    folder: Run, data: st.DataObject
) -> None:
    """One signature, cut, swapped or turned; the payload changed; the key's name exchanged."""
    if not Path("whole.json").exists():
        shutil.copy(SIGNED, "whole.json")
    envelope = json.loads(Path("whole.json").read_text())
    (signature,) = envelope["signatures"]
    kind = data.draw(st.sampled_from(["cut", "bit", "payload", "key", "kind", "none"]))
    raw = bytearray(b64decode(signature["sig"]))
    if kind == "cut":
        signature["sig"] = b64encode(raw[: data.draw(st.integers(0, 63))]).decode()
    elif kind == "bit":
        raw[data.draw(st.integers(0, 63))] ^= 1 << data.draw(st.integers(0, 7))
        signature["sig"] = b64encode(raw).decode()
    elif kind == "payload":
        body = bytearray(b64decode(envelope["payload"]))
        body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        envelope["payload"] = b64encode(body).decode()
    elif kind == "key":
        name = data.draw(st.sampled_from(["us", "mx2", "ana", "ben"]))
        from barlovento.adapters.keys import public_key

        signature["keyid"] = public_key(Path(f"keys/{name}.pub")).id
    elif kind == "kind":
        envelope["payloadType"] = envelope["payloadType"].replace("consent", "pin")
    else:
        envelope["signatures"] = []
    SIGNED.write_text(json.dumps(envelope))
    from barlovento.errors import BadInput

    try:
        found = gather(Path("signed"), workspace=Path("watch"))
    except BadInput:
        return
    assert found.standing(START).living == ()
