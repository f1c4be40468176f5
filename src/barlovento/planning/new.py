"""``plan new`` and ``plan again``: the steps in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.geodesy import to_local
from barlovento.domain.region import Region
from barlovento.errors import BadInput
from barlovento.fly.fleet_file import read_fleet
from barlovento.fly.region_file import read_region
from barlovento.planning.answer import plan_of, requests_of
from barlovento.planning.asking import Cells, Progress, ask
from barlovento.planning.flights import judge_flights, plan_flights
from barlovento.planning.folder import INPUTS, PLAN, check_free, write_plan
from barlovento.planning.rooms import rooms_of
from barlovento.planning.sights import notes_of, sights_of

REGION = "region.toml"


def plan_new(
    region_file: Path,
    out: Path,
    *,
    workspace: Path | None = None,
    consents: Path | None = None,
    pins: Path | None = None,
    key: str | None = None,
    zones: Path | None = None,
    country: str = "",
    holder: str | None = None,
    searched: Sequence[Path] = (),
    language: str = "en",
    seconds: float = 10.0,
    seed: int = 1,
    progress: Progress = lambda _share, _step: None,
) -> dict[str, Any]:
    """Plan flights over a region, clear them, and write the plan.

    Parameters
    ----------
    region_file : Path
        TOML of the region; the fleet and other files lie beside it.
    out : Path
        A new folder.
    workspace, consents, pins, key, zones, country
        As for :func:`barlovento.clearing.clear_plan`.
    holder : str, optional
        Who flies, where no workspace says so.
    searched : sequence of Path
        Folders that ``locate`` wrote, or their ``searched.nc``.
    language : str
        ``"en"`` or ``"es"``.
    seconds : float
        For the allocation [s].
    seed : int
        Of the allocation.
    progress : callable
        Told of shares and steps.

    Returns
    -------
    dict
        The plan as JSON types.

    Raises
    ------
    BadInput
        A file can't be used, or the folder is taken.
    """
    check_free(out)
    region, warnings = read_region(region_file)
    fleet = read_fleet(region_file.parent / region.fleet)
    progress(0.02, "reading consents, zones and borders")
    asked = ask(
        region,
        fleet,
        holder=holder,
        workspace=workspace,
        consents=consents,
        pins=pins,
        key=key,
        zones=zones,
        country=country,
    )
    progress(0.1, "where sites may be")
    cells, found_files = _cells(region, searched, region_file.parent)
    progress(0.15, "what each aircraft sees")
    sights = sights_of(region, fleet)
    notes = [*(str(fault) for fault in warnings), *notes_of(region, fleet, sights)]
    progress(0.2, "where each aircraft may be")
    rooms = rooms_of(asked, sights)
    notes += [f"{name}: {why}" for (name, _), why in rooms.why.items() if why]
    flown, left, bound, more = plan_flights(
        asked, cells, sights, rooms, seconds=seconds, seed=seed, progress=progress
    )
    judged = judge_flights(asked, flown, progress)
    plan, cleared = plan_of(
        asked,
        cells,
        judged,
        left,
        sights,
        rooms,
        bound=bound,
        terrain=_terrain(region),
        notes=[*notes, *more, *asked.ground.aside],
    )
    progress(0.92, "writing map and pages")
    inputs = {REGION: region_file.read_bytes(), **_beside(region, region_file.parent)}
    return write_plan(
        out,
        asked,
        plan,
        cleared,
        [one for one in judged if one.clearance is None],
        requests=requests_of(asked, rooms, sights),
        inputs={**inputs, **found_files},
        language=language,
        told={"seed": seed, "searched": sorted(found_files)},
    )


def plan_again(
    plan: Path, out: Path, *, region: Path | None, searched: Sequence[Path], **options: Any
) -> dict[str, Any]:
    """Plan anew after flights; options are those of :func:`plan_new`.

    Parameters
    ----------
    plan : Path
        Folder of the earlier plan.
    out : Path
        A new folder.
    region : Path or None
        The region with new weather; the earlier one otherwise.
    searched : sequence of Path
        What was searched since.

    Raises
    ------
    BadInput
        There is no plan in the folder.
    """
    if not (plan / PLAN).is_file():
        raise BadInput(f"{plan} holds no {PLAN}. Name the folder that `plan new` wrote.")
    kept = plan / INPUTS
    before = sorted(kept.glob("searched-*.nc"))
    if not searched and region is None:
        raise BadInput(
            "Nothing is new since that plan. Give what was searched with --searched, or a region "
            "with new weather with --region."
        )
    return plan_new(region or kept / REGION, out, searched=[*before, *searched], **options)


def _cells(
    region: Region, searched: Sequence[Path], folder: Path
) -> tuple[Cells, dict[str, bytes]]:
    """Return the region's cells with their prior, and the files of what was searched."""
    from barlovento.planning.prior import prior_of

    files: dict[str, bytes] = {}
    for number, place in enumerate(searched, start=1):
        file = place / "searched.nc" if place.is_dir() else place
        try:
            files[f"searched-{number}.nc"] = file.read_bytes()
        except OSError as error:
            raise BadInput(
                f"Can't read {file}: {error.strerror or error}. Name a folder that `locate` wrote."
            ) from error
    rings, prior = prior_of(region, searched, folder)
    return cells_of(rings, prior, region.origin), files


def cells_of(
    rings: Sequence[Sequence[tuple[float, float]]], prior: Any, origin: tuple[float, float]
) -> Cells:
    """Return cells in the flat frame.

    Parameters
    ----------
    rings : sequence
        Corners of each, longitude and latitude [degree].
    prior : ndarray
        That a site is there, shape (cells,) [1].
    origin : tuple of float
        Of the frame [degree].
    """
    import shapely

    sizes = [len(ring) for ring in rings]
    lon, lat = np.array([place for ring in rings for place in ring], dtype=float).T
    corners = np.column_stack(to_local(lon, lat, origin=origin))
    shapes = tuple(shapely.Polygon(part) for part in np.split(corners, np.cumsum(sizes)[:-1]))
    return Cells(
        rings=tuple(tuple((float(a), float(b)) for a, b in ring) for ring in rings),
        shapes=shapes,
        centres=np.array([shape.centroid.coords[0] for shape in shapes]),
        prior=np.asarray(prior, dtype=np.float64),
    )


def _terrain(region: Region) -> str:
    """Return what is said of the ground's heights."""
    if region.terrain_source == "flat":
        return (
            "none: the ground is taken to be flat, and heights are above the ground that the "
            "autopilot knows"
        )
    return region.terrain_source


def _beside(region: Region, folder: Path) -> Mapping[str, bytes]:
    """Return the files that the region names."""
    names = (region.fleet, region.roads, region.settlements, region.slope, region.border)
    return {name: (folder / name).read_bytes() for name in names if name}
