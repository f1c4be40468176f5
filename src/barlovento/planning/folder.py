"""The folder of a plan: sorties with their clearances, map, pages, drafts of requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from barlovento.adapters.output_folder import OutputFolder
from barlovento.clearing import outcome_document, record_outcome
from barlovento.domain.sortie import Plan
from barlovento.errors import BadInput
from barlovento.fly.plans import PlanFile
from barlovento.planning.asking import Asked
from barlovento.planning.flights import Judged
from barlovento.share.brief import brief_html, brief_of, brief_pdf, plan_words
from barlovento.share.plan_map import plan_map
from barlovento.share.plan_page import plan_html

SCHEMA = "barlovento/plan/1"
PLAN, MAP, PAGE, CELLS = "plan.json", "map.png", "plan.html", "cells.geojson"
INPUTS = "inputs"
"""Folder with the region, the fleet and what was searched, so that `plan again` finds them."""


def check_free(out: Path) -> None:
    """Refuse a folder that holds something: an older sortie beside a new plan would be flown.

    Raises
    ------
    BadInput
        It is a file, or not empty.
    """
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise BadInput(
            f"{out} holds something already. An older sortie beside a new plan could be flown by "
            "mistake: name a new folder with --out."
        )


def write_plan(
    out: Path,
    asked: Asked,
    plan: Plan,
    flights: Sequence[Judged],
    refused: Sequence[Judged],
    *,
    requests: Sequence[Any],
    inputs: Mapping[str, bytes],
    language: str,
    told: Mapping[str, Any],
) -> dict[str, Any]:
    """Write all files, put every outcome into the log, and return the plan as JSON types.

    Parameters
    ----------
    out : Path
        A new folder, or an empty one.
    asked : Asked
        With the workspace.
    plan : Plan
        What shall be flown.
    flights, refused : sequence of Judged
        Those in the plan, in its order, and those that could not be cleared.
    requests : sequence
        GeoJSON features that ask for consent.
    inputs : mapping of str to bytes
        Files to keep.
    language : str
        ``"en"`` or ``"es"``.
    told : mapping
        What the document says besides.
    """
    check_free(out)
    words = plan_words(language)
    files: dict[str, bytes] = {f"{INPUTS}/{name}": content for name, content in inputs.items()}
    for one in flights:
        name = one.timed.slot.name
        files[f"{name}.geojson"] = _json(one.feature)
        files[f"{name}.clearance.json"] = _json(_outcome(one))
    picture = plan_map(plan, caption=words["map-cells"], origin=asked.origin)
    files[MAP] = picture
    area = _cell_area(plan, asked)
    files[PAGE] = plan_html(plan, picture, language=language, cell_area=area).encode()
    files[CELLS] = _json(_cells(plan))
    for aircraft in sorted({sortie.route.aircraft for sortie in plan.sorties}):
        own = [s for s in plan.sorties if s.route.aircraft == aircraft]
        unit = next(u for u in asked.fleet.units if u.name == own[0].unit)
        brief = brief_of(plan, own, language=language, wind_limit=unit.vehicle.wind_limit)
        near = plan_map(plan, caption=words["map-cells"], only=own, origin=asked.origin)
        files[f"brief-{aircraft}.pdf"] = brief_pdf(brief, near)
        files[f"brief-{aircraft}.html"] = brief_html(brief, near).encode()
    for feature in requests:
        authority = str(feature["properties"]["authority"]).replace("/", "-")
        files[f"requests/{authority}.geojson"] = _json(feature)
    document = {
        "schema": SCHEMA,
        "title": plan.title,
        "made_at": asked.ground.moment.isoformat(timespec="seconds"),
        **told,
        "expected_finds": plan.expected_finds,
        "bound": plan.bound,
        "terrain": plan.terrain,
        "sorties": [_sortie(s) for s in plan.sorties],
        "left_out": [{"name": x.name, "aircraft": x.aircraft, "why": x.why} for x in plan.left_out],
        "notes": list(plan.notes),
        "requests": sorted(name for name in files if name.startswith("requests/")),
        "files": sorted([*files, PLAN]),
    }
    files[PLAN] = _json(document)
    with OutputFolder(out, files) as folder:
        entries = _record(asked, [*flights, *refused])
        folder.publish(files, last=PLAN)
    return {**document, "log_entries": entries}


def _outcome(one: Judged) -> dict[str, Any]:
    read = PlanFile(route=one.route, unknown=())
    return outcome_document(read, one.clearance, one.shortfalls)


def _record(asked: Asked, judged: Sequence[Judged]) -> list[int]:
    """Put every outcome into the log, where there is one."""
    home = asked.ground.home
    if home is None:
        return []
    return [
        record_outcome(home, asked.ground.logged, one.clearance, _outcome(one)) for one in judged
    ]


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _sortie(sortie: Any) -> dict[str, Any]:
    route = sortie.route
    return {
        "name": sortie.name,
        "file": f"{sortie.name}.geojson",
        "clearance": f"{sortie.name}.clearance.json",
        "plan_digest": route.digest,
        "unit": sortie.unit,
        "aircraft": route.aircraft,
        "vehicle": sortie.vehicle,
        "sensor": list(route.sensors),
        "takeoff": route.waypoints[0].time.isoformat(timespec="seconds"),
        "back": route.waypoints[-1].time.isoformat(timespec="seconds"),
        "duration_s": round(sortie.duration, 1),
        "endurance_s": round(sortie.endurance, 1),
        "height_m_agl": sortie.height,
        "airspeed_m_s": sortie.airspeed,
        "wind_speed_m_s": round(sortie.wind_speed, 2),
        "wind_from_direction": sortie.wind_from_direction,
        "leg_spacing_m": round(sortie.spacing, 1),
        "length_m": round(sortie.length, 1),
        "leg_length_m": round(sortie.leg_length, 1),
        "looked_over_m2": round(sortie.looked_over),
        "detection_probability": sortie.detection,
        "expected_finds": sortie.expected_finds,
        "sensing": list(sortie.sensing),
        "valid_until": sortie.valid_until,
    }


def _cells(plan: Plan) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [[*cell.ring, cell.ring[0]]]},
                "properties": {
                    "prior": cell.prior,
                    "detected": cell.detected,
                    "why_not": cell.why_not,
                },
            }
            for cell in plan.cells
        ],
    }


def _cell_area(plan: Plan, asked: Asked) -> float:
    """Return the mean area of a cell [m2]."""
    from barlovento.plan.room import flat_rings

    if not plan.cells:
        return 0.0
    some = plan.cells[:: max(1, len(plan.cells) // 50)]
    return float(sum(flat_rings((c.ring,), asked.origin).area for c in some)) / len(some)
