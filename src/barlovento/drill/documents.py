"""What a sortie leaves behind, as JSON types and bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from barlovento.drill.found import Found, Score, TrueSite, score
from barlovento.drill.frames import Header
from barlovento.drill.records import Sortie


def header_of(
    exercise: Any, names: Sequence[str], source: str, seed: int | None, by: str = "program"
) -> Header:
    """Return what stays the same during a sortie.

    Parameters
    ----------
    exercise : Exercise
        The scenario; its sites are not looked at.
    names : sequence of str
        Aircraft, one for each drone.
    source : str
        Name or file name of the scenario.
    seed : int or None
        None while the truth is sealed.
    by : str
        Who chooses the legs.
    """
    return Header(
        title=exercise.title,
        exercise=source,
        start=exercise.start.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        duration=float(exercise.duration),
        area_x=tuple(exercise.area.x),
        area_y=tuple(exercise.area.y),
        permitted=tuple((float(x), float(y)) for x, y in exercise.permitted),
        floor=float(exercise.floor),
        ceiling=float(exercise.ceiling),
        home=(float(exercise.home[0]), float(exercise.home[1])),
        aircraft=tuple(names),
        species=tuple(exercise.species),
        seed=seed,
        by=by,
    )


def true_sites(truth: Any, species: str) -> list[TrueSite]:
    """Return the sites of a world as they are scored.

    Parameters
    ----------
    truth : Truth
        Of the world.
    species : str
        That is searched for.
    """
    return [
        TrueSite(
            name=site.name,
            kind=site.kind,
            x=float(site.x),
            y=float(site.y),
            emission_rate=float(site.mean_rates.get(species, 0.0)),
        )
        for site in truth.sites
    ]


def register_of(truth: Any) -> list[tuple[str, str, float, float]]:
    """Return what stands in the public register of emitters: name, kind, place [m]."""
    return [
        (site.name, site.kind, float(site.x), float(site.y))
        for site in truth.sites
        if site.registered
    ]


def truth_document(truth: Any, exercise: Any, source: str) -> dict[str, Any]:
    """Return the whole truth as JSON types: what is sealed, and shown in the debrief.

    Parameters
    ----------
    truth : Truth
        Of the world before the first leg.
    exercise : Exercise
        The scenario.
    source : str
        Its name.
    """
    return {
        "exercise": source,
        "seed": truth.seed,
        "species": list(exercise.species),
        "sites": [
            {
                "name": site.name,
                "kind": site.kind,
                "x": site.x,
                "y": site.y,
                "rates_kg_s": dict(site.rates),
                "vents": [
                    {"x": v.x, "y": v.y, "z": v.z, "windows_s": [list(w) for w in v.windows]}
                    for v in site.vents
                ],
            }
            for site in truth.sites
        ],
    }


def end_document(
    sortie: Sortie, answer: Sequence[Found], sites: Sequence[TrueSite], answered_by: str
) -> dict[str, Any]:
    """Return the last line of a log: answer, score and what was flown.

    Parameters
    ----------
    sortie : Sortie
        As flown.
    answer : sequence of Found
        The reports.
    sites : sequence of TrueSite
        The truth.
    answered_by : str
        "locate", "belief" or "person".
    """
    made: Score = score(answer, sites)
    return {
        "answered_by": answered_by,
        "answer": [report.to_json() for report in answer],
        "score": made.to_json(),
        "flight_time_s": sortie.flight_time,
        "came_home": list(sortie.came_home),
        "battery_left": [round(float(e[-1]), 4) if e.size else 1.0 for e in sortie.energies],
        "readings": len(sortie.rows.time),
        "decisions": [
            {"time": d.time, "phase": d.phase, "why": d.why, "information": d.information}
            for d in sortie.decisions
        ],
    }


def track_geojson(sortie: Sortie, header: Header, origin: tuple[float, float] | None) -> bytes:
    """Return the tracks as GeoJSON: geographic where the exercise has an origin, else local.

    Parameters
    ----------
    sortie : Sortie
        As flown.
    header : Header
        For names and start.
    origin : tuple of float or None
        Longitude and latitude of x = y = 0 [degree].
    """
    start = datetime.fromisoformat(header.start)
    features = []
    for name, track, energy in zip(header.aircraft, sortie.tracks, sortie.energies, strict=True):
        x, y = track[:, 1], track[:, 2]
        if origin is not None and len(track):
            x, y = _geographic(x, y, origin)
        digits = 7 if origin is not None else 2
        places = np.column_stack([np.round(x, digits), np.round(y, digits)]).tolist()
        heights = np.round(track[:, 3], 2).tolist()
        features.append(
            {
                "type": "Feature",
                "properties": {
                    "aircraft": name,
                    "times": [_stamp(start, float(t)) for t in track[:, 0]],
                    "height_reference": "AGL",
                    "battery": np.round(energy, 4).tolist(),
                },
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[*p, h] for p, h in zip(places, heights, strict=True)],
                },
            }
        )
    document = {
        "type": "FeatureCollection",
        "frame": "WGS 84" if origin is not None else "local metres, x east, y north",
        "features": features,
    }
    return (json.dumps(document) + "\n").encode()


def _stamp(start: datetime, seconds: float) -> str:
    return (start + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def _geographic(x: Any, y: Any, origin: tuple[float, float]) -> tuple[Any, Any]:
    """Return longitude and latitude on an azimuthal equidistant plane [degree]."""
    from pyproj import Proj

    plane = Proj(proj="aeqd", lon_0=origin[0], lat_0=origin[1], datum="WGS84")
    longitude, latitude = plane(x, y, inverse=True)
    return longitude, latitude
