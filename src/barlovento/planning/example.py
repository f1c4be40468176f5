"""An example to plan at once: region, fleet, zones, and a workspace with a consent."""

from __future__ import annotations

import json
import secrets
import tempfile
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from barlovento import clearing, consenting, keyring, permission_workspace
from barlovento.domain.permission import Decision
from barlovento.errors import BadInput

HOLDER = "Example Watch"
STATE = "MX"
AREA = [[-107.62, 24.70], [-107.38, 24.70], [-107.38, 24.88], [-107.62, 24.88], [-107.62, 24.70]]
"""Consent is given here; a strip of the region lies beyond, to show what is then missing."""
AIRCRAFT = ("valley-team-1", "valley-team-2", "wing-team-1")
SENSORS = ("gas-analyser",)
FILES = ("region.toml", "fleet.toml", "zones.json")
WORKSPACE = "workspace"
LOCAL_START, LOCAL_END = 15, 19
"""Hours of the flying weather, UTC: 8 to 12 in Sinaloa."""


def example(folder: Path) -> Path:
    """Write the example; its weather is tomorrow's, its state's key is made and thrown away here.

    Parameters
    ----------
    folder : Path
        It must not exist.

    Returns
    -------
    Path
        The same.

    Raises
    ------
    BadInput
        The folder exists, or can't be written.
    """
    if folder.exists():
        raise BadInput(f"{folder} exists already. Choose another folder.")
    moment = permission_workspace.now()
    begin = (moment + timedelta(days=1)).replace(
        hour=LOCAL_START, minute=0, second=0, microsecond=0
    )
    until = begin.replace(hour=LOCAL_END)
    shipped = files("barlovento.planning") / "files"
    try:
        folder.mkdir(parents=True)
        for name in FILES:
            text = (shipped / name).read_text(encoding="utf-8")
            text = text.replace("@FROM@", _iso(begin)).replace("@UNTIL@", _iso(until))
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"Can't write {folder}: {error.strerror or error}.") from error
    _workspace(folder / WORKSPACE, begin, until)
    clearing.import_zones(folder / WORKSPACE, folder / "zones.json", country=STATE)
    return folder


def _workspace(home: Path, begin: datetime, until: datetime) -> None:
    """Make a workspace in which two people of practice pin a state's key of practice."""
    word = secrets.token_urlsafe(18)

    def passphrase(_: Path) -> str:
        return word

    with tempfile.TemporaryDirectory() as name:
        keys = Path(name)
        for who in ("practice-a", "practice-b", "practice-state"):
            keyring.make_key(who, keys, word)
        people = [keys / "practice-a.pub", keys / "practice-b.pub"]
        permission_workspace.init(
            home, origin="example.org/practice", holder=HOLDER, people=people, passphrase=word
        )
        for person in people:
            keyring.pin(
                home,
                keys / "practice-state.pub",
                role="authority",
                state=STATE,
                by=person.with_suffix(".key"),
                passphrase=passphrase,
            )
        asked = keys / "request.geojson"
        asked.write_text(json.dumps(_request(begin, until)), encoding="utf-8")
        put = consenting.request(home, asked)
        draft = keys / "draft.json"
        consenting.answer(home, put.request.id, Decision.GRANTED, out=draft)
        consenting.sign(home, str(draft), by=keys / "practice-state.key", passphrase=passphrase)


def _request(begin: datetime, until: datetime) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [AREA]},
        "properties": {
            "id": "R-practice",
            "authority": STATE,
            "holder": HOLDER,
            "purpose": "environmental survey",
            "valid_from": _iso(begin - timedelta(hours=6)),
            "valid_until": _iso(until + timedelta(days=6)),
            "lower": None,
            "upper": {"value": 120, "unit": "m", "reference": "AGL"},
            "aircraft": list(AIRCRAFT),
            "sensors": list(SENSORS),
        },
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
