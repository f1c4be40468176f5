"""What plans are checked against: consents, zones and borders as they stand at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from barlovento.adapters.store import Store
from barlovento.auditing import borders_of
from barlovento.domain.airspace import Clearance, Route, Shortfall, Zone
from barlovento.domain.permission import Standing
from barlovento.errors import BadInput, PlanRefused
from barlovento.fly.zones import parse_zones, read_zones
from barlovento.loose import gather
from barlovento.permission_workspace import find, now

if TYPE_CHECKING:
    from barlovento.guard.borders import Borders

SUFFIXES = {".json", ".geojson", ".txt", ".openair", ".air"}
"""Of files of zones in a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What plans are checked against.

    Parameters
    ----------
    home : Path or None
        Workspace whose log is written.
    logged : frozenset of str
        Digests of consents that are in its log.
    where : Standing
        Where the consents stand.
    aside : tuple of str
        Those that don't count, with the reason.
    zones : tuple of Zone
        All that are known.
    borders : Borders
        Whose airspace is where.
    moment : datetime
        When this was looked at.
    """

    home: Path | None
    logged: frozenset[str]
    where: Standing
    aside: tuple[str, ...]
    zones: tuple[Zone, ...]
    borders: Borders
    moment: datetime


def ground_of(
    *,
    workspace: Path | None = None,
    consents: Path | None = None,
    pins: Path | None = None,
    key: str | None = None,
    zones: Path | None = None,
    country: str = "",
) -> Ground:
    """Return what plans are checked against; the parameters are those of :func:`clear_plan`."""
    gathered = gather(consents, workspace=workspace, pins=pins, key=key)
    home, moment = gathered.home, now()
    where = gathered.standing(moment)
    known = _zones(zones, home, country)
    return Ground(
        home=home,
        logged=gathered.logged,
        where=where,
        aside=(
            *gathered.aside,
            *(f"Consent {r.id} of {r.authority}: {r.reason}" for r in where.rejected),
        ),
        zones=tuple(zone for group in known.values() for zone in group),
        borders=borders_of(home),
        moment=moment,
    )


def judge(
    ground: Ground,
    route: Route,
    *,
    terrain: tuple[float, float] | None = None,
    geoid: tuple[float, float] | None = None,
) -> tuple[Clearance | None, tuple[Shortfall, ...]]:
    """Return the proof that a route stays inside of what was agreed, or what it lacks.

    Parameters
    ----------
    ground : Ground
        What it is checked against.
    route : Route
        The plan.
    terrain, geoid : tuple of float, optional
        Lowest and highest ground above mean sea level, and mean sea level above the ellipsoid [m].
    """
    from barlovento.guard.airspace import clear

    try:
        clearance = clear(
            route,
            consents=ground.where.living,
            zones=ground.zones,
            borders=ground.borders,
            now=ground.moment,
            revoked=ground.where.revoked,
            terrain=terrain,
            geoid=geoid,
        )
    except PlanRefused as refusal:
        return None, tuple(s for s in refusal.shortfalls if isinstance(s, Shortfall))
    return clearance, ()


def zones_of(folder: Path | None) -> dict[str, tuple[Zone, ...]]:
    """Return the zones of a workspace by the name of their file, the newest of each name."""
    with Store.open(find(folder)) as store:
        newest = {str(e.payload["name"]): e.payload for e in store.entries("zones")}
        return {
            name: parse_zones(
                store.document(str(payload["document"])), name, country=str(payload["country"])
            )
            for name, payload in newest.items()
        }


def zones_in(place: Path, *, country: str = "") -> dict[str, tuple[Zone, ...]]:
    """Return the zones of a file, or of every file of zones in a folder.

    Raises
    ------
    BadInput
        There is none, or one is broken: a zone that can't be read may be in the way.
    """
    if place.is_file():
        return {place.name: read_zones(place, country=country)}
    files = sorted(p for p in place.glob("*") if p.suffix.lower() in SUFFIXES)
    if not files:
        raise BadInput(f"{place} holds no file of zones. Name a folder with some, or a file.")
    return {file.name: read_zones(file, country=country) for file in files}


def _zones(zones: Path | None, home: Path | None, country: str) -> dict[str, tuple[Zone, ...]]:
    if zones is not None:
        return zones_in(zones, country=country)
    if home is None:
        raise BadInput(
            "Without a workspace nobody knows where flights are prohibited. Name a file or folder "
            "of zones with --zones."
        )
    return zones_of(home)
