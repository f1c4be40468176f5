"""The report of a period: what was asked, answered, cleared, refused, flown and observed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from barlovento.guard.ledger import Entry

SECTIONS = (
    ("requests", ("request",), "Requests for consent"),
    ("answers", ("answer", "refusal-of-consent", "silence"), "Answers, refusals and silence"),
    ("consents", ("consent", "revocation"), "Consents signed and withdrawn"),
    ("keys", ("workspace", "pin", "key-rotation"), "Keys and people"),
    ("clearances", ("clearance",), "Plans cleared"),
    ("refusals", ("refusal",), "Plans refused"),
    ("checks", ("check",), "Plans checked on consents that are not in the log"),
    ("flights", ("flight",), "Flights"),
    ("observed", ("observed-track",), "Tracks audited"),
)
SHOWN = ("id", "plan", "request", "authority", "state", "decision", "verdict", "reason", "purpose")
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1d2a33}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
p.sub{color:#5a6b76;margin-top:0}table{border-collapse:collapse;width:100%;font-size:.9rem}
td,th{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #dde4e8;
vertical-align:top}th{color:#5a6b76;font-weight:600}.none{color:#7b8a94}
.warn{background:#fbeeea;border-left:4px solid #b5482a;padding:.5rem .8rem}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What happened in a span of time.

    Parameters
    ----------
    origin : str
        Name of the log.
    since, until : datetime or None
        The span; None is without bound.
    sections : dict of str to list of Entry
        Entries by section.
    uncleared : tuple of Entry
        Flights without a clearance of their plan or outside of it, and observed tracks inside
        without consent.
    """

    origin: str
    since: datetime | None
    until: datetime | None
    sections: dict[str, list[Entry]]
    uncleared: tuple[Entry, ...]


def period(
    entries: Iterable[Entry],
    cleared: Iterable[Entry],
    *,
    origin: str,
    since: datetime | None,
    until: datetime | None,
) -> Period:
    """Sort the entries of a span into sections.

    Parameters
    ----------
    entries : iterable of Entry
        Of the span.
    cleared : iterable of Entry
        Every clearance of the log: a flight may have been cleared before the span began.
    origin : str
        Name of the log.
    since, until : datetime or None
        The span.
    """
    kinds = {kind: name for name, group, _ in SECTIONS for kind in group}
    sections: dict[str, list[Entry]] = {name: [] for name, _, _ in SECTIONS}
    for entry in entries:
        if entry.kind in kinds:
            sections[kinds[entry.kind]].append(entry)
    first: dict[str, int] = {}
    for entry in cleared:
        first.setdefault(str(entry.payload.get("plan_digest")), entry.index)
    uncleared = [
        entry
        for entry in sections["flights"]
        if first.get(str(entry.payload.get("plan_digest")), entry.index) >= entry.index
        or entry.payload.get("clearance", "") is None
        or entry.payload.get("fixes_outside", 0)
    ]
    uncleared += [e for e in sections["observed"] if e.payload.get("verdict") == "inside"]
    return Period(
        origin=origin, since=since, until=until, sections=sections, uncleared=tuple(uncleared)
    )


def to_json(found: Period) -> dict[str, Any]:
    """Return a period as JSON types."""
    return {
        "schema": "barlovento/period/1",
        "origin": found.origin,
        "from": found.since.isoformat() if found.since else None,
        "to": found.until.isoformat() if found.until else None,
        "counts": {name: len(entries) for name, entries in found.sections.items()},
        "without_clearance": [_document(entry) for entry in found.uncleared],
        **{name: [_document(e) for e in entries] for name, entries in found.sections.items()},
    }


def to_text(found: Period) -> str:
    """Return a period as lines for a terminal."""
    lines = [f"{found.origin}: {_span(found)}"]
    for name, _, title in SECTIONS:
        lines += ["", f"{title}: {len(found.sections[name])}"]
        lines += [f"  {entry.time}  {_summary(entry)}" for entry in found.sections[name]]
    lines += ["", f"Without clearance or consent: {len(found.uncleared)}"]
    lines += [f"  {entry.time}  {_summary(entry)}" for entry in found.uncleared]
    return "\n".join(lines)


def to_html(found: Period) -> str:
    """Return a period as one self-contained page."""
    warn = "warn" if found.uncleared else "sub"
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>{escape(found.origin)}</title><style>{STYLE}</style>",
        f"<h1>{escape(found.origin)}</h1><p class='sub'>{escape(_span(found))}</p>",
        f"<p class='{warn}'>Without clearance or consent: {len(found.uncleared)}</p>",
    ]
    groups = [(title, found.sections[name]) for name, _, title in SECTIONS]
    groups.insert(0, ("Without clearance or consent", list(found.uncleared)))
    for title, entries in groups:
        parts.append(f"<h2>{escape(title)}: {len(entries)}</h2>")
        if not entries:
            parts.append("<p class='none'>None.</p>")
            continue
        parts.append("<table><tr><th>entry</th><th>time</th><th>what</th></tr>")
        parts += [
            f"<tr><td>{entry.index}</td><td>{escape(entry.time)}</td>"
            f"<td>{escape(_summary(entry))}</td></tr>"
            for entry in entries
        ]
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def _span(found: Period) -> str:
    since = found.since.isoformat() if found.since else "the beginning"
    until = found.until.isoformat() if found.until else "now"
    return f"from {since} to {until}"


def _summary(entry: Entry) -> str:
    words = [entry.kind]
    for name in SHOWN:
        value = entry.payload.get(name)
        if value not in (None, ""):
            words.append(str(value) if name == "id" else f"{name} {value}")
    return ", ".join(words)


def _document(entry: Entry) -> dict[str, Any]:
    return {
        "index": entry.index,
        "kind": entry.kind,
        "time": entry.time,
        **dict(entry.payload),
    }
