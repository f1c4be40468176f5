"""A plan for other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from barlovento.adapters.output_folder import OutputFolder
from barlovento.errors import BadInput
from barlovento.fly.plans import read_plan
from barlovento.permission_workspace import now
from barlovento.planning.folder import CELLS, PLAN
from barlovento.share.geopackage import geopackage
from barlovento.share.ground_station import kml, qgroundcontrol_plan
from barlovento.share.plan_map import UNSEEN

KML, GEOPACKAGE = "plan.kml", "plan.gpkg"
WING = 20.0
"""What needs so much room to turn has wings [m]."""


def export_plan(plan: Path, out: Path, *, form: str) -> list[str]:
    """Write a plan's routes, and the ground that stays unsearched, in other forms.

    Parameters
    ----------
    plan : Path
        Folder of a plan, or one sortie's file.
    out : Path
        Folder for the files.
    form : str
        ``"qgroundcontrol"``, ``"kml"``, ``"geopackage"`` or ``"all"``.

    Returns
    -------
    list of str
        Names of what was written.

    Raises
    ------
    BadInput
        There is no plan, or it has no sortie.
    """
    files = sorted(plan.glob("sortie-*.geojson"), key=_number) if plan.is_dir() else [plan]
    if not files:
        raise BadInput(f"{plan} holds no sortie. Name the folder that `plan new` wrote.")
    routes = {file.stem: read_plan(file).route for file in files}
    areas = _unsearched(plan if plan.is_dir() else plan.parent)
    made: dict[str, bytes] = {}
    if form in ("all", "qgroundcontrol"):
        for name, route in routes.items():
            made[f"{name}.plan"] = qgroundcontrol_plan(route, wing=route.buffer.turn_radius >= WING)
    if form in ("all", "kml"):
        made[KML] = kml(list(routes.values()), areas)
    if form in ("all", "geopackage"):
        made[GEOPACKAGE] = geopackage(list(routes.values()), areas, written=now())
    with OutputFolder(out, made) as folder:
        folder.publish(made, last=next(reversed(made)))
    return list(made)


def _number(path: Path) -> tuple[int, str]:
    digits = "".join(c for c in path.stem if c.isdigit())
    return int(digits or 0), path.stem


def _unsearched(folder: Path) -> list[tuple[str, Any]]:
    """Return the ground that a plan leaves unsearched."""
    import shapely

    if not (folder / CELLS).is_file() or not (folder / PLAN).is_file():
        return []
    try:
        cells = json.loads((folder / CELLS).read_text(encoding="utf-8"))["features"]
        shapes = [
            shapely.geometry.shape(cell["geometry"])
            for cell in cells
            if cell["properties"]["detected"] < UNSEEN
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{folder / CELLS} can't be read ({error}). Plan again.") from error
    # Corners are rounded, so neighbours are joined with a hair between them.
    whole = shapely.union_all([shape.buffer(1e-6) for shape in shapes])
    return [("unsearched", whole)] if shapes else []
