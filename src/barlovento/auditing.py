"""The shell of `audit track`: reads tracks and consents, judges, and writes the page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from barlovento import __version__
from barlovento.domain.airspace import Consent
from barlovento.errors import BadInput, Fault, SurveyError
from barlovento.loose import gather

if TYPE_CHECKING:
    from barlovento.domain.track import Track
    from barlovento.guard.audit import TrackAudit
    from barlovento.guard.borders import Borders

OUTPUTS = ("audit.json", "audit.html", "audit.pdf")
ASSUMED_ERROR = 185.2
"""Position error where the track doesn't tell it: a tenth of a nautical mile, the worst that
counts as good enough to be shown to controllers (navigation accuracy category 7) [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What one audit of tracks found.

    Parameters
    ----------
    audits : tuple of TrackAudit
        In order of the files.
    notes : tuple of Fault
        Warnings of the readers.
    document : dict
        The JSON answer.
    replaced : tuple of str
        Files that were there before.
    """

    audits: tuple[TrackAudit, ...]
    notes: tuple[Fault, ...]
    document: dict[str, Any]
    replaced: tuple[str, ...] = ()


def audit_tracks(
    files: Sequence[Path],
    state: str,
    *,
    timezone: str | None = None,
    position_error: float = ASSUMED_ERROR,
    top_speed: float | None = None,
    consents: Path | None = None,
    workspace: Path | None = None,
    pins: Path | None = None,
    key: str | None = None,
    borders: Path | None = None,
    record: bool = False,
    out: Path | None = None,
    language: Literal["en", "es", "both"] = "both",
) -> Audited:
    """Audit every track of some files against one state's airspace.

    Parameters
    ----------
    files : sequence of Path
        CSV, readsb JSON or raw frames.
    state : str
        ISO 3166 alpha-2.
    timezone : str, optional
        Zone of times that don't tell theirs.
    position_error : float
        Where a track doesn't tell its own [m].
    top_speed : float, optional
        Fastest between fixes [m s-1].
    consents : Path, optional
        A workspace whose consents count, or a folder of signed ones.
    workspace : Path, optional
        Whose pins judge that folder.
    pins, key : Path and str, optional
        An exported log whose pins do, and its known key.
    borders : Path, optional
        Finer borders, as GeoJSON.
    record : bool
        Put each verdict into the workspace's log.
    out : Path, optional
        Folder for the answer, the page and the PDF.
    language : str
        Of the page.

    Returns
    -------
    Audited
        Verdicts and the JSON answer.

    Raises
    ------
    SurveyError
        Files have faults; all of them are told.
    BadInput
        The state is not known, or a folder can't be used.
    """
    from barlovento.guard.audit import audit_track

    gathered = None
    if consents is not None or workspace is not None:
        gathered = gather(consents, workspace=workspace, pins=pins, key=key)
    elif pins is not None:
        raise BadInput("--pins judges a folder of signed consents. Name that with --consents DIR.")
    home = gathered.home if gathered is not None else None
    if record and home is None:
        raise BadInput("There is no log to record in. Name the workspace with --workspace DIR.")
    tracks, notes = _read(files, timezone, position_error)
    lines = borders_of(home, borders)
    lines.around(state)
    known = None if gathered is None else gathered.in_their_time()
    audits = tuple(
        audit_track(track, lines, state, consents=known or (), top_speed=top_speed)
        for track in tracks
    )
    document = _document(audits, state, lines, known, notes)
    if gathered is not None and gathered.aside:
        document["consents_set_aside"] = list(gathered.aside)
    replaced: tuple[str, ...] = ()
    if out is not None:
        replaced = _write(out, audits, lines, document, known, language)
    if record and home is not None:
        _record(home, document)
    return Audited(audits=audits, notes=tuple(notes), document=document, replaced=replaced)


def _read(
    files: Sequence[Path], timezone: str | None, position_error: float
) -> tuple[list[Track], list[Fault]]:
    from barlovento.fly.tracks import read_tracks

    tracks: list[Track] = []
    notes: list[Fault] = []
    faults: list[Fault] = []
    for file in files:
        try:
            found = read_tracks(file, timezone=timezone, assumed_error=position_error)
        except SurveyError as error:
            faults += error.faults
            continue
        tracks += found.tracks
        notes += found.notes
    if faults:
        raise SurveyError(faults)
    return tracks, notes


def borders_of(workspace: Path | None, file: Path | None = None) -> Borders:
    """Return the shipped borders, refined by those of a workspace and of a file.

    Parameters
    ----------
    workspace : Path or None
        Whose imported borders count, the latest of each state.
    file : Path, optional
        GeoJSON that counts before those.

    Returns
    -------
    Borders
        Ready to be asked.

    Raises
    ------
    BadInput, SurveyError
        A file can't be read.
    """
    from barlovento.fly.borders_file import read_borders
    from barlovento.guard.borders import Borders

    finer: dict[str, Any] = {}
    if workspace is not None:
        from barlovento.adapters.store import Store
        from barlovento.permission_workspace import find

        with Store.open(find(workspace)) as store:
            for entry in store.entries("borders"):
                content = store.document(str(entry.payload["document"]))
                finer |= {one.state: one for one in read_borders(content, "workspace")}
    if file is not None:
        finer |= {one.state: one for one in read_borders(_content(file), file.name)}
    return Borders.shipped().refined(tuple(finer.values())) if finer else Borders.shipped()


def import_borders(file: Path, workspace: Path | None) -> dict[str, Any]:
    """Check finer borders and put them into a workspace's log.

    Parameters
    ----------
    file : Path
        GeoJSON, see :func:`barlovento.fly.borders_file.read_borders`.
    workspace : Path or None
        The workspace, or the usual one.

    Returns
    -------
    dict
        States, their sources and errors, the digest, and the entry's index.

    Raises
    ------
    BadInput, SurveyError
        The file can't be read; all of it is told.
    """
    from barlovento.fly.borders_file import read_borders
    from barlovento.guard.borders import Borders
    from barlovento.permission_workspace import record

    content = _content(file)
    finer = read_borders(content, file.name)
    Borders.shipped().refined(finer)
    states = [{"state": f.state, "source": f.source, "error_m": f.error} for f in finer]
    payload = {"id": file.name, "states": [one["state"] for one in states]}
    index = record(workspace, "borders", payload, document=content)
    return {"states": states, "digest": finer[0].digest, "index": index}


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{file}: it can't be read ({error.strerror}). Check the name and the rights."
        ) from error


def _document(
    audits: Sequence[TrackAudit],
    state: str,
    borders: Borders,
    consents: Sequence[Consent] | None,
    notes: Sequence[Fault],
) -> dict[str, Any]:
    return {
        "schema": 1,
        "state": state,
        "tracks": [_track_document(audit, borders) for audit in audits],
        "consents": None if consents is None else len(consents),
        "warnings": [note.what for note in notes],
        "provenance": {
            "version": __version__,
            "borders": borders.outline.source,
            "borders_digest": borders.outline.digest,
        },
    }


def _track_document(audit: TrackAudit, borders: Borders) -> dict[str, Any]:
    from barlovento.guard.audit import in_circle
    from barlovento.guard.margin_track import nearest_limit
    from barlovento.share.track_report import kind_of

    track, at = audit.track, audit.closest
    away, lon, lat = nearest_limit(
        borders.around(audit.state), float(track.lon[at]), float(track.lat[at])
    )
    return {
        "aircraft": track.aircraft,
        "callsign": track.callsign,
        "file": track.source,
        "digest": track.digest,
        "verdict": kind_of(audit).replace("-", " "),
        "from": _iso(float(track.time[0])),
        "until": _iso(float(track.time[-1])),
        "observed_s": audit.observed,
        "unobserved_s": audit.unobserved,
        "fixes": len(track),
        "fixes_inside": int((audit.status == 1).sum()),
        "fixes_within_12_nm_at_sea": in_circle(audit, borders),
        "fixes_not_used": int((audit.status == 3).sum()),
        "position_error_m": float(track.position_error.max()),
        "position_error_assumed": not track.error_stated,
        "top_speed_m_s": round(audit.top_speed, 1),
        "nearest_limit": {
            "time": _iso(float(track.time[at])),
            "longitude": float(track.lon[at]),
            "latitude": float(track.lat[at]),
            "inside": audit.closest_margin >= 0.0,
            "distance_m": round(away, 1),
            "error_m": round(audit.error, 1),
            "limit_longitude": round(lon, 6),
            "limit_latitude": round(lat, 6),
        },
        "passes": [
            {
                "verdict": str(one.verdict),
                "from": _iso(one.begin),
                "until": _iso(one.end),
                "inside_from": None if one.inside_from is None else _iso(one.inside_from),
                "inside_until": None if one.inside_until is None else _iso(one.inside_until),
                "depth_at_least_m": round(one.depth, 1),
                "longitude": one.lon,
                "latitude": one.lat,
                "time": _iso(one.time),
                "error_m": round(one.error, 1),
                "consent": str(one.consent),
                "consents": list(one.consents),
            }
            for one in audit.passes
        ],
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _write(
    out: Path,
    audits: Sequence[TrackAudit],
    borders: Borders,
    document: dict[str, Any],
    consents: Sequence[Consent] | None,
    language: str,
) -> tuple[str, ...]:
    """Write the answer, the page and the PDF; they appear together or not at all."""
    from barlovento.adapters.output_folder import OutputFolder
    from barlovento.share import track_report as report
    from barlovento.share.track_map import map_svg
    from barlovento.share.track_page import html_of, pdf_of

    shown = min(
        range(len(audits)),
        key=lambda i: (report.RANK[report.kind_of(audits[i])], -audits[i].closest_margin),
    )
    languages = report.LANGUAGES[language]
    position = float(audits[shown].track.position_error[audits[shown].closest])
    pages = [
        report.page_of(
            audits,
            one,
            shown=shown,
            source=borders.outline.source,
            consents=None if consents is None else len(consents),
            errors=(audits[shown].error - position, position),
            distance=document["tracks"][shown]["nearest_limit"]["distance_m"],
            circle=document["tracks"][shown]["fixes_within_12_nm_at_sea"],
        )
        for one in languages
    ]
    words = dict(report.words_of(languages[0]))
    if len(languages) > 1:
        other = report.words_of(languages[1])
        same = {key: text for key, text in words.items() if text == other[key]}
        words = {k: f"{t} / {other[k]}" for k, t in words.items()} | same
    sources = sorted({(one.track.source, one.track.digest) for one in audits})
    with OutputFolder(out, OUTPUTS) as folder:
        svg = map_svg(audits, borders, words, shown)
        content = {
            "audit.json": (json.dumps(document, indent=1) + "\n").encode(),
            "audit.html": html_of(pages, svg, sources).encode(),
            "audit.pdf": pdf_of(pages, svg, sources),
        }
        return folder.publish(content, last="audit.json")


def _record(workspace: Path, document: dict[str, Any]) -> None:
    from barlovento.permission_workspace import record

    for track in document["tracks"]:
        record(
            workspace,
            "observed-track",
            {
                "id": track["digest"],
                "aircraft": track["aircraft"],
                "state": document["state"],
                "verdict": track["verdict"],
                "from": track["from"],
                "until": track["until"],
                "consents": sorted({name for one in track["passes"] for name in one["consents"]}),
            },
        )
