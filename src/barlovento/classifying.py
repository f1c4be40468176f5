"""The shell of classifying: results of several gases and a register in, what each source is out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barlovento import __version__
from barlovento.adapters.files import read_bytes, read_json
from barlovento.adapters.output_folder import OutputFolder
from barlovento.domain.emitter import Classification, Geometry, Registered
from barlovento.errors import BadInput

if TYPE_CHECKING:
    from barlovento.assess.classes import ClassTable
    from barlovento.assess.findings import Finding, JoinedSource, Searched
    from barlovento.domain.observation import Frame

DOCUMENT, PICTURE = OUTPUTS = ("classes.json", "classes.png")

RESULT, SEARCHED = "result.json", "searched.nc"

LONGEST_WINDOW = timedelta(hours=12)
"""A source seen for longer than this tells no time of day."""

NEARBY = 3
"""So many registered emitters are told of each source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """One source with what it may be.

    Parameters
    ----------
    source : JoinedSource
        Across gases.
    told : Classification
        Probabilities and reasons.
    registered : tuple of Registered
        Known emitters, the nearest first.
    local_time : datetime or None
        Middle of the time while it was seen.
    """

    source: JoinedSource
    told: Classification
    registered: tuple[Registered, ...]
    local_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedArea:
    """What came of one run.

    Parameters
    ----------
    sources : tuple of Classified
        Those with most gases first.
    notes : tuple of str
        What was left out, and why.
    document : dict
        The whole as JSON types.
    """

    sources: tuple[Classified, ...]
    notes: tuple[str, ...]
    document: dict[str, Any]


def classify_area(
    results: Sequence[Path],
    *,
    register: Path | None = None,
    timezone: str | None = None,
    geometry: Geometry | None = None,
    source: int | None = None,
    prior: Mapping[str, float] | None = None,
    out: Path | None = None,
) -> ClassifiedArea:
    """Join the results of several gases source by source, and tell what each source may be.

    Parameters
    ----------
    results : sequence of Path
        ``result.json`` of each gas, or the folder with it.
    register : Path, optional
        GeoJSON or CSV of known emitters.
    timezone : str, optional
        Of the area, as Europe/Madrid; without it the time of day is not used.
    geometry : Geometry, optional
        How one source looks.
    source : int, optional
        Which one, counted from 1.
    prior : mapping of str to float, optional
        Probabilities in place of the table's [1].
    out : Path, optional
        Folder for ``classes.json`` and ``classes.png``; they appear together or not at all.

    Returns
    -------
    ClassifiedArea
        Sources, notes and the document.

    Raises
    ------
    BadInput
        A file can't be used; results don't fit together.
    """
    from barlovento.assess.classes import shipped_table
    from barlovento.assess.findings import join

    table = shipped_table()
    findings, inputs = _findings(results, table)
    zone = _zone(timezone)
    axes = findings[0].frame
    joined = join(findings, table)
    looks = _looks(geometry, source, len(joined))
    known, digest = _register(register, joined, axes, table)
    sources = tuple(
        _classified(one, near, look, zone, prior, table)
        for one, near, look in zip(joined, known, looks, strict=True)
    )
    notes = _notes(findings, timezone, sources)
    document = _document(sources, notes, inputs + digest, axes)
    if out is not None:
        _write(out, sources, document)
    return ClassifiedArea(sources=sources, notes=notes, document=document)


def _findings(
    results: Sequence[Path], table: ClassTable
) -> tuple[list[Finding], list[dict[str, str]]]:
    from barlovento.assess.findings import read_finding

    findings: list[Finding] = []
    inputs = []
    faults = []
    for path in results:
        file = path / RESULT if path.is_dir() else path
        try:
            finding = read_finding(
                read_json(file),
                file=str(file),
                table=table,
                searched=_searched(file.with_name(SEARCHED)),
                axes=findings[0].frame if findings else None,
            )
        except BadInput as error:
            faults.append(str(error))
            continue
        findings.append(finding)
        inputs.append({"file": str(file), "gas": finding.gas, "sha256": _digest(file)})
    if faults:
        raise BadInput("\n".join(faults))
    return findings, inputs


def _searched(file: Path) -> Searched | None:
    """Read ``searched.nc`` where it stands beside a result."""
    if not file.exists():
        return None
    import h5netcdf
    import numpy as np

    from barlovento.assess.findings import Searched

    try:
        with h5netcdf.File(file) as content:
            x, y, rate, probability = (
                np.asarray(content[name][...], dtype=np.float64)
                for name in ("x", "y", "emission_rate", "searched")
            )
    except (OSError, KeyError) as error:
        raise BadInput(f"{file}: it is no searched.nc ({error}). Locate that gas again.") from error
    return Searched(x=x, y=y, rate=rate, probability=probability)


def _zone(timezone: str | None) -> ZoneInfo | None:
    if timezone is None:
        return None
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadInput(
            f"--timezone {timezone!r} is not known. Give a name such as Europe/Madrid or UTC."
        ) from error


def _looks(geometry: Geometry | None, source: int | None, number: int) -> list[Geometry | None]:
    looks: list[Geometry | None] = [None] * number
    if source is not None and not 1 <= source <= number:
        raise BadInput(f"--source {source}: there are {number} sources. Count them from 1.")
    if geometry is None:
        return looks
    if number > 1 and source is None:
        raise BadInput(
            f"--shape and --extent tell of one source, and there are {number}. Say which with "
            "--source, counted as in the table."
        )
    if number:
        looks[(source or 1) - 1] = geometry
    return looks


def _register(
    file: Path | None, joined: Sequence[JoinedSource], axes: Frame, table: ClassTable
) -> tuple[list[tuple[Registered, ...]], list[dict[str, str]]]:
    if file is None:
        return [()] * len(joined), []
    from barlovento.assess.register import around, parse_register

    try:
        text = read_bytes(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: it is no UTF-8 text (byte {error.start}). Save it so.") from error
    entries = parse_register(text, file=str(file), table=table)
    near = [
        around(entries, x=one.x, y=one.y, sigma=one.sigma, frame=axes, table=table)
        for one in joined
    ]
    return near, [{"file": str(file), "sha256": _digest(file)}]


def _classified(
    one: JoinedSource,
    near: tuple[Registered, ...],
    look: Geometry | None,
    zone: ZoneInfo | None,
    prior: Mapping[str, float] | None,
    table: ClassTable,
) -> Classified:
    from barlovento.assess.classify import explain

    begin, end = one.window
    middle = None
    if zone is not None and end - begin <= LONGEST_WINDOW:
        middle = (begin + (end - begin) / 2).astimezone(zone)
    told = explain(
        one.rates,
        look,
        None if middle is None else middle.hour + middle.minute / 60.0,
        None if middle is None else middle.weekday(),
        near,
        table=table,
        prior=prior,
    )
    return Classified(source=one, told=told, registered=near, local_time=middle)


def _notes(
    findings: Sequence[Finding], timezone: str | None, sources: Sequence[Classified]
) -> tuple[str, ...]:
    notes = []
    if not sources:
        notes.append("No result holds a source, so there is nothing to classify.")
    blind = [one.gas for one in findings if one.searched is None]
    if blind:
        notes.append(
            f"No searched.nc stands beside the result of {', '.join(blind)}: where that gas was "
            "not found, it says nothing."
        )
    if len(findings) == 1 and sources:
        notes.append(
            f"Only {findings[0].gas} was measured: one gas seldom tells classes apart. Locate "
            "others, and name their results too."
        )
    asked = _unmeasured(findings, sources)
    if asked:
        notes.append(f"What was not measured leaves classes open: {asked}.")
    if timezone is None:
        notes.append("The time of day is not used: give --timezone.")
    elif any(one.local_time is None for one in sources):
        notes.append("A source was seen for longer than 12 hours: its time of day is not used.")
    return tuple(notes)


def _unmeasured(findings: Sequence[Finding], sources: Sequence[Classified]) -> str:
    """Return the gases that would tell more, each with the class that they would tell of."""
    from barlovento.assess.classes import shipped_table
    from barlovento.assess.told import unmeasured

    measured = {finding.gas for finding in findings}
    missing: dict[str, str] = {}
    for one in sources:
        missing |= unmeasured(shipped_table(), one.told.probabilities, measured)
    return ", ".join(f"{gas} ({name.replace('_', ' ')})" for name, gas in missing.items())


def _document(
    sources: Sequence[Classified],
    notes: Sequence[str],
    inputs: Sequence[Mapping[str, str]],
    axes: Frame,
) -> dict[str, Any]:
    assumptions = sources[0].told.assumptions if sources else ()
    return {
        "schema": 1,
        "sources": [_source(one, axes) for one in sources],
        "assumptions": list(assumptions),
        "notes": list(notes),
        "provenance": {"version": __version__, "inputs": [dict(one) for one in inputs]},
    }


def _source(one: Classified, axes: Frame) -> dict[str, Any]:
    from barlovento.assess.findings import region_document
    from barlovento.domain.geodesy import to_geographic

    place, told = one.source, one.told
    longitude = latitude = None
    if axes.longitude is not None and axes.latitude is not None:
        origin = (axes.longitude, axes.latitude)
        longitude, latitude = map(float, to_geographic(place.x, place.y, origin=origin))
    found = {
        gas: {
            "probability": rate.probability,
            "emission_rate_kg_s": {"q05": rate.q05, "median": rate.median, "q95": rate.q95},
        }
        for gas, rate in place.rates.items()
        if rate.detected
    }
    return {
        "x": place.x,
        "y": place.y,
        "longitude": longitude,
        "latitude": latitude,
        "region90": region_document(place.region, axes),
        "verdict": told.verdict,
        "probabilities": dict(told.probabilities),
        "prior": dict(told.prior),
        "found": found,
        "not_found_above_kg_s": {
            gas: rate.limit for gas, rate in place.rates.items() if not rate.detected
        },
        "evidence": {name: dict(parts) for name, parts in told.evidence.items()},
        "ratios": [asdict(ratio) for ratio in told.ratios],
        "local_time": None if one.local_time is None else one.local_time.isoformat(),
        "registered": [asdict(near) for near in one.registered[:NEARBY]],
    }


def _write(out: Path, sources: Sequence[Classified], document: Mapping[str, Any]) -> None:
    from barlovento.share.class_picture import class_png

    with OutputFolder(out, OUTPUTS) as folder:
        files = {
            DOCUMENT: (json.dumps(document, indent=2, allow_nan=False) + "\n").encode(),
            PICTURE: class_png([one.told for one in sources]),
        }
        folder.publish(files, last=DOCUMENT)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
