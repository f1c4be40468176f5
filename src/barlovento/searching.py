"""Workspace of a search: from what was read so far, and where drones may go, to the next legs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.airspace import Consent
from barlovento.domain.observation import Meteorology, Observations, Survey
from barlovento.errors import BadInput
from barlovento.search.belief import Belief, Setting, setting_of, start
from barlovento.search.legs import Choice, Drone, next_leg
from barlovento.search.permitted import Permitted
from barlovento.search_setup import (
    Fleet,
    Where,
    check_consent,
    check_wind,
    consent_document,
    drones_of,
    permitted_from,
)

Progress = Callable[[float, str], None]

BATCH, MOST_BATCHES = 120.0, 10
"""Readings of a survey are taken in by so many seconds or more, in no more pieces [s], [1]."""

LEG_FILE, MAP_FILE = "next-leg.geojson", "belief.png"
FILES = (LEG_FILE, MAP_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a search knows and does next.

    Parameters
    ----------
    belief : Belief
        After all readings so far.
    choice : Choice
        The next legs.
    drones : tuple of Drone
        Where they were taken to be.
    permitted : Permitted
        Where they may be.
    origin : tuple of float or None
        Longitude and latitude of the axes [degree].
    consent : Consent or None
        That the volume is of.
    signed : bool
        Whether that bears a signature; it was not checked.
    """

    belief: Belief
    choice: Choice
    drones: tuple[Drone, ...]
    permitted: Permitted
    origin: tuple[float, float] | None
    consent: Consent | None = None
    signed: bool = False


def search_survey(
    folder: Path,
    permitted_file: Path,
    *,
    home: tuple[float, float] | None,
    fleet: Fleet,
    seed: int,
    progress: Progress,
) -> Step:
    """Return the next legs after all readings of a survey folder.

    Parameters
    ----------
    folder, permitted_file : Path
        The survey, and where drones may be.
    home : tuple of float or None
        In the survey's metres [m].
    fleet : Fleet
        The drones; each is where its readings end.
    seed : int
        Same seed, same answer.
    progress : callable
        Told the share that is done.
    """
    from barlovento.fly.survey import read_survey

    survey = read_survey(folder)
    origin = _origin(survey)
    where = permitted_from(permitted_file, home, origin, fleet.margin)
    belief = start(setting_of(survey), seed)
    parts = list(_parts(survey))
    for k, (obs, met) in enumerate(parts):
        progress(k / (len(parts) + 1), "taking readings in")
        belief = belief.updated(obs, met)
    progress(len(parts) / (len(parts) + 1), "choosing legs")
    return _step(belief, where, fleet, origin)


def search_stream(
    lines: Iterable[str],
    folder: Path,
    permitted_file: Path,
    *,
    name: str,
    every: float,
    home: tuple[float, float] | None,
    fleet: Fleet,
    seed: int,
) -> Iterator[Step]:
    """Yield the next legs after each batch of a stream.

    Parameters
    ----------
    lines : iterable of str
        The stream, see :mod:`barlovento.fly.stream`.
    folder : Path
        Whose ``survey.toml`` says what is measured and where sources may be.
    permitted_file : Path
        Where drones may be.
    home : tuple of float or None
        In the survey's metres [m].
    fleet : Fleet
        The drones.
    seed : int
        Same seed, same answer.
    name : str
        Of the stream, for errors.
    every : float
        Length of a batch by the stream's own time [s].
    """
    from barlovento.fly.stream import batches, stream_setting

    told = stream_setting(folder)
    where = permitted_from(permitted_file, home, None, fleet.margin)
    setting = Setting(
        species=told.species,
        area=told.area,
        background=told.mass(told.background),
        detection_limit=told.mass(told.detection_limit),
        response_time=told.response_time,
    )
    belief, first, none = start(setting, seed), None, True
    for obs, met in batches(lines, told, every, name=name):
        none = False
        first = float(obs.time[0]) if first is None else first
        belief = belief.updated(obs, met)
        flown = float(obs.time[-1]) - first
        yield _step(belief, where, replace(fleet, endurance=fleet.endurance - flown), None)
    if none:
        raise BadInput(f"{name} holds no reading. Send lines with time, x, y, z, concentration.")


def _parts(survey: Survey) -> Iterator[tuple[Observations, Meteorology]]:
    """Yield readings and wind as they would have come in."""
    obs, met = survey.observations, survey.meteorology
    edges = np.arange(
        obs.time[0], obs.time[-1] + BATCH, max(BATCH, np.ptp(obs.time) / MOST_BATCHES)
    )
    for a, b in itertools.pairwise(edges):
        rows = (obs.time > a) & (obs.time <= b) if a > edges[0] else obs.time <= b
        if rows.any():
            known = met.time <= b
            known[0] = True
            yield (
                _some(obs, rows, ("sensor_names", "averaging_time")),
                _some(met, known, ("measurement_height",)),
            )


def _some(record: Any, rows: Any, whole: tuple[str, ...]) -> Any:
    """Return some rows of a record of arrays."""
    return replace(
        record,
        **{
            f.name: getattr(record, f.name)[rows]
            for f in fields(record)
            if f.name not in whole and isinstance(getattr(record, f.name), np.ndarray)
        },
    )


def _origin(survey: Survey) -> tuple[float, float] | None:
    frame = survey.frame
    if frame.longitude is None or frame.latitude is None:
        return None
    return (frame.longitude, frame.latitude)


def _step(
    belief: Belief,
    where: Where,
    fleet: Fleet,
    origin: tuple[float, float] | None,
) -> Step:
    check_consent(where.consent, float(belief.record.end[-1]))
    check_wind(fleet, belief.meteorology)
    drones = tuple(drones_of(belief, where, fleet))
    choice = next_leg(belief, drones, where.permitted, max(fleet.endurance, 0.0))
    return Step(
        belief=belief,
        choice=choice,
        drones=drones,
        permitted=where.permitted,
        origin=origin,
        consent=where.consent,
        signed=where.signed,
    )


def step_document(step: Step) -> dict[str, Any]:
    """Return a step as JSON types.

    Parameters
    ----------
    step : Step
        What was chosen.
    """
    return {
        "phase": step.choice.phase,
        "why": step.choice.why,
        "probability": step.belief.probability,
        "readings": step.belief.readings,
        "consent": consent_document(step.consent, signed=step.signed),
        "legs": [
            {
                "drone": leg.drone,
                "waypoints": [[round(float(v), 2) for v in place] for place in leg.waypoints],
                "expected_information_nat": leg.expected_information,
                "seconds": leg.seconds,
                "why": leg.why,
            }
            for leg in step.choice.legs
        ],
        "sources": [
            {
                "x": found.x,
                "y": found.y,
                "probability": found.probability,
                "emission_rate": list(found.emission_rate),
                "region90": found.region90,
                "region90_area": found.region90_area,
            }
            for found in step.belief.answer()
        ],
    }


def leg_geojson(step: Step) -> bytes:
    """Return the next legs as GeoJSON, geographic where the survey is.

    Parameters
    ----------
    step : Step
        What was chosen.
    """
    from barlovento.domain.geodesy import to_geographic

    features = []
    for leg, drone in zip(step.choice.legs, step.drones, strict=True):
        way = np.vstack([[drone.x, drone.y, drone.z], leg.waypoints])
        x, y = way[:, 0], way[:, 1]
        if step.origin is not None:
            x, y = to_geographic(x, y, origin=step.origin)
        places = np.column_stack([x, y, way[:, 2]])
        features.append(
            {
                "type": "Feature",
                "geometry": {
                    "type": "LineString",
                    "coordinates": [[round(float(v), 8) for v in place] for place in places],
                },
                "properties": {
                    "drone": leg.drone,
                    "phase": step.choice.phase,
                    "axes": "local" if step.origin is None else "geographic",
                    "heights": "above ground",
                    "expected_information_nat": leg.expected_information,
                    "seconds": leg.seconds,
                    "why": leg.why,
                },
            }
        )
    document = {"type": "FeatureCollection", "features": features}
    return (json.dumps(document, indent=1) + "\n").encode()


def write_step(step: Step, out: Path) -> None:
    """Write the next legs and the map of the belief into a folder; both appear together.

    Parameters
    ----------
    step : Step
        What was chosen.
    out : Path
        The folder.
    """
    from barlovento.adapters.output_folder import OutputFolder

    with OutputFolder(out, FILES) as folder:
        files = {LEG_FILE: leg_geojson(step), MAP_FILE: _picture(step)}
        folder.publish(files, last=LEG_FILE)


def _picture(step: Step) -> bytes:
    from barlovento.search import belief_likelihood as columns
    from barlovento.share.belief_map import BeliefPicture, belief_png

    belief, permitted = step.belief, step.permitted
    rows = np.concatenate([belief.closed.rows, belief.waiting.rows])
    excess = rows[:, columns.EXCESS] / np.sqrt(rows[:, columns.VARIANCE])
    there = belief.map
    towards = rows[-60:, columns.TOWARDS]
    return belief_png(
        BeliefPicture(
            title=f"Next: {step.choice.phase}",
            subtitle=step.choice.why,
            x=there.x,
            y=there.y,
            density=there.density,
            rings=(permitted.ring, *permitted.holes),
            track=np.column_stack([rows[:, columns.POINT_X], rows[:, columns.POINT_Y], excess]),
            legs=[
                np.vstack([[drone.x, drone.y, drone.z], leg.waypoints])
                for leg, drone in zip(step.choice.legs, step.drones, strict=True)
            ],
            sources=[
                (found.x, found.y, f"{100 * found.probability:.0f} %") for found in belief.answer()
            ],
            towards=float(np.arctan2(np.sin(towards).mean(), np.cos(towards).mean())),
        )
    )
