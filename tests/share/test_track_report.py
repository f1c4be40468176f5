"""The page of a track audit: both languages say the same, and nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from barlovento.auditing import audit_tracks
from barlovento.errors import BadInput
from barlovento.share.track_report import words_of

FIELDS = re.compile(r"\{\w+\}")


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    english, spanish = words_of("en"), words_of("es")
    assert english.keys() == spanish.keys()
    for key, text in english.items():
        assert sorted(FIELDS.findall(text)) == sorted(FIELDS.findall(spanish[key])), key


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    lon = np.linspace(1.38, 1.56, 60)
    rows = [
        f"2026-05-04T10:{i // 6:02d}:{i % 6 * 10:02d}Z,407918,T<b>,"
        f"{51.03 - (x - 1.38) / 2},{x},300,97"
        for i, x in enumerate(lon)
    ]
    head = "timestamp,icao24,callsign,latitude,longitude,altitude,groundspeed"
    path = tmp_path / "flight.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_page_stands_alone_and_escapes_what_it_read(flight: Path, tmp_path: Path) -> None:
    pytest.importorskip("typst")
    out = tmp_path / "out"
    done = audit_tracks([flight], "FR", out=out, language="both")
    assert sorted(path.name for path in out.iterdir()) == ["audit.html", "audit.json", "audit.pdf"]
    page = (out / "audit.html").read_text(encoding="utf-8")
    assert "T<b>" not in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"https?:", page)
    assert (out / "audit.pdf").read_bytes().startswith(b"%PDF")
    track = done.document["tracks"][0]
    assert track["verdict"] == "inside"
    assert track["fixes_inside"] < track["fixes_within_12_nm_at_sea"]


def test_recording_needs_a_workspace(flight: Path) -> None:
    with pytest.raises(BadInput, match="--workspace"):
        audit_tracks([flight], "FR", record=True)
