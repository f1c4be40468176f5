"""The shell of clearing: zones into the workspace, plans against it, proof or refusal out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from barlovento.adapters.output_folder import OutputFolder
from barlovento.auditing import borders_of
from barlovento.domain.airspace import Clearance, Consent, Shortfall, Zone
from barlovento.errors import BadInput
from barlovento.fly.plans import PlanFile, read_plan
from barlovento.fly.zones import Lies, read_zones
from barlovento.permission_workspace import find, record
from barlovento.permitting import Ground, ground_of, judge

CLEARANCE, REFUSAL, MAP = "clearance.json", "refusal.json", "map.png"
TOLD = 50
"""So many shortfalls go into the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonesImported:
    """What one import brought.

    Parameters
    ----------
    name : str
        Of the file.
    zones : tuple of Zone
        All of it.
    index : int
        Entry in the log.
    """

    name: str
    zones: tuple[Zone, ...]
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What came of checking one plan.

    Parameters
    ----------
    plan : PlanFile
        As it was read.
    clearance : Clearance or None
        The proof.
    shortfalls : tuple of Shortfall
        What is missing; empty with a proof.
    set_aside : tuple of str
        Consents that don't live, with the reason.
    index : int or None
        Entry in the log; None where none is written.
    files : tuple of str
        Names of what was written.
    not_in_log : tuple of str
        Digests of consents behind a clearance that are not in the log.
    """

    plan: PlanFile
    clearance: Clearance | None
    shortfalls: tuple[Shortfall, ...]
    set_aside: tuple[str, ...]
    index: int | None
    files: tuple[str, ...]
    not_in_log: tuple[str, ...] = ()


def import_zones(folder: Path | None, file: Path, *, country: str = "") -> ZonesImported:
    """Take a file of zones into the workspace; one of the same name takes the older's place.

    Parameters
    ----------
    folder : Path or None
        The workspace, or the usual one.
    file : Path
        ED-269, ED-318 or OpenAir.
    country : str
        ISO 3166 code for zones that name none.

    Raises
    ------
    BadInput
        A feature is broken; nothing was taken.
    """
    workspace = find(folder)
    zones = read_zones(file, country=country, lies=_lies(workspace))
    index = record(
        workspace,
        "zones",
        {"name": file.name, "country": country, "zones": len(zones)},
        document=file.read_bytes(),
    )
    return ZonesImported(name=file.name, zones=zones, index=index)


def clear_plan(
    plan: Path,
    *,
    flight: Path | None = None,
    workspace: Path | None = None,
    consents: Path | None = None,
    pins: Path | None = None,
    key: str | None = None,
    zones: Path | None = None,
    country: str = "",
    terrain: tuple[float, float] | None = None,
    geoid: tuple[float, float] | None = None,
    out: Path | None = None,
) -> Cleared:
    """Check a plan, put the outcome into the log, and write proof or refusal with a map.

    Parameters
    ----------
    plan, flight : Path
        The plan, and for a .plan what it does not hold.
    workspace : Path, optional
        Whose living consents count, and whose log is written.
    consents : Path, optional
        Another workspace, or a folder of signed consents that the workspace's pins judge.
    pins, key : Path and str, optional
        An exported log whose pins judge that folder, and its known key; then nothing is logged.
    zones : Path, optional
        Zones in place of the workspace's.
    country : str
        For zones that name none.
    terrain, geoid : tuple of float, optional
        Lowest and highest ground above mean sea level, and mean sea level above the ellipsoid,
        wherever the plan leads [m].
    out : Path, optional
        Folder for the files.

    Returns
    -------
    Cleared
        With the clearance, or with what is missing.
    """
    read = read_plan(plan, flight=flight)
    ground = ground_of(
        workspace=workspace, consents=consents, pins=pins, key=key, zones=zones, country=country
    )
    home, where = ground.home, ground.where
    _suspect_swapped(read, where.living, plan.name)
    clearance, shortfalls = judge(ground, read.route, terrain=terrain, geoid=geoid)
    document = outcome_document(read, clearance, shortfalls)
    files: tuple[str, ...] = ()
    if out is not None:
        files = _write(out, read, ground, shortfalls, document)
    index = None if home is None else record_outcome(home, ground.logged, clearance, document)
    outside = frozenset(clearance.consents) - ground.logged if clearance else frozenset()
    return Cleared(
        plan=read,
        clearance=clearance,
        shortfalls=shortfalls,
        set_aside=ground.aside,
        index=index,
        files=files,
        not_in_log=tuple(sorted(outside)),
    )


def record_outcome(
    home: Path, logged: frozenset[str], clearance: Clearance | None, document: dict[str, Any]
) -> int:
    """Put an outcome into the log; one on consents that are not in it is no clearance there."""
    if clearance is None:
        return record(home, "refusal", _short(document))
    if logged.issuperset(clearance.consents):
        return record(home, "clearance", document)
    return record(home, "check", {**document, "verdict": "cleared"})


def _suspect_swapped(read: PlanFile, consents: Sequence[Consent], name: str) -> None:
    """Refuse a plan that starts near no consent, but near one with its coordinates swapped."""
    from barlovento.guard.geometry import places, shapes_of

    first = read.route.waypoints[0]
    if abs(first.lon) > 90:
        return
    areas = [consent.volume.area for consent in consents]
    caps = [shape for area in areas for shape in shapes_of(area, outward=False)]
    here, there = (
        vector / float((vector**2).sum()) ** 0.5
        for vector in places([first.lon, first.lat], [first.lat, first.lon])
    )

    def near(place: Any) -> bool:
        return any(((place - cap.centre) ** 2).sum() ** 0.5 <= cap.reach + 0.01 for cap in caps)

    if not near(here) and near(there):
        raise BadInput(
            f"{name}: it starts at longitude {first.lon:g}, latitude {first.lat:g}, far from every "
            "consent, but the other way round it would be near one: longitude and latitude seem "
            "to be swapped. Put longitude first."
        )


def _write(
    out: Path,
    read: PlanFile,
    ground: Ground,
    shortfalls: tuple[Shortfall, ...],
    document: dict[str, Any],
) -> tuple[str, ...]:
    from barlovento.share.clear_map import clear_map

    name = REFUSAL if shortfalls else CLEARANCE
    with OutputFolder(out, (CLEARANCE, REFUSAL, MAP)) as folder:
        # An older proof beside a new refusal would be believed.
        (out / (CLEARANCE if shortfalls else REFUSAL)).unlink(missing_ok=True)
        content = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
        drawing = clear_map(
            read.route,
            ground.where.living,
            ground.zones,
            shortfalls,
            outline=ground.borders.outline,
        )
        folder.publish({name: content.encode(), MAP: drawing}, last=name)
    return (name, MAP)


def outcome_document(
    read: PlanFile, clearance: Clearance | None, shortfalls: Sequence[Shortfall]
) -> dict[str, Any]:
    """Return the outcome as JSON types."""
    route = read.route
    if clearance is None:
        return {
            "schema": "barlovento/refusal/1",
            "plan": route.id,
            "plan_digest": route.digest,
            "aircraft": route.aircraft,
            "shortfalls": [shortfall_document(shortfall) for shortfall in shortfalls],
        }
    return {
        "schema": "barlovento/clearance/1",
        "plan": route.id,
        "plan_digest": clearance.plan_digest,
        "aircraft": route.aircraft,
        "consents": list(clearance.consents),
        "zones_digest": clearance.zones_digest,
        "borders_digest": clearance.borders_digest,
        "issued_at": clearance.issued_at.isoformat(),
        "valid_until": clearance.valid_until.isoformat(),
        "swept": {key: _plain(value) for key, value in clearance.swept.items()},
        "policy": clearance.policy,
    }


def shortfall_document(shortfall: Shortfall) -> dict[str, Any]:
    """Return one shortfall as JSON types."""
    document = asdict(shortfall)
    document["time"] = shortfall.time.isoformat() if shortfall.time else None
    document["height"] = (
        {"value": shortfall.height.value, "reference": str(shortfall.height.reference)}
        if shortfall.height
        else None
    )
    return {key: round(v, 7) if isinstance(v, float) else v for key, v in document.items()}


def _short(document: dict[str, Any]) -> dict[str, Any]:
    """Return what the log keeps of a refusal: no places, they are the operator's own."""
    kept = [
        {key: shortfall[key] for key in ("leg", "lacks", "ask")}
        for shortfall in document["shortfalls"][:TOLD]
    ]
    return {**document, "shortfalls": kept}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _lies(workspace: Path) -> Lies:
    borders = borders_of(workspace)

    def lies(lon: float, lat: float) -> frozenset[str]:
        return frozenset(borders.sovereign_at(lon, lat).candidates)

    return lies
