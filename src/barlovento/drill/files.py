"""The files that a sortie leaves behind, as bytes by their names."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from barlovento import __version__
from barlovento.drill.animation import animation_gif
from barlovento.drill.debrief import debrief_html
from barlovento.drill.documents import track_geojson, true_sites
from barlovento.drill.frames import SCHEMA, Log
from barlovento.drill.records import Sortie

if TYPE_CHECKING:
    from barlovento.exercise.sites import Exercise

Progress = Callable[[float, str], None]

TRACK, REPLAY, ANIMATION, DEBRIEF, SCORE, SCENARIO = FILES = (
    "track.geojson",
    "replay.jsonl",
    "belief.gif",
    "debrief.html",
    "score.json",
    "scenario.toml",
)
READINGS = "readings"


def folder_files(
    exercise: Exercise,
    scenario: str,
    sortie: Sortie,
    log: Log,
    world: Any,
    *,
    command: str,
    progress: Progress,
) -> dict[str, bytes]:
    """Return the content of every file of a sortie by its name.

    Parameters
    ----------
    exercise : Exercise
        The scenario.
    scenario : str
        Its text.
    sortie : Sortie
        As flown.
    log : Log
        With its end.
    world : World
        For the truth.
    command : str
        For the provenance.
    progress : callable
        Called with the share done and the name of the stage.
    """
    sites = true_sites(world.truth(), exercise.species[0])
    places = [(site.x, site.y, site.kind) for site in sites]
    documents = site_documents(sites)
    who = "You" if log.header.by == "person" else "The program"
    return {
        TRACK: track_geojson(sortie, log.header, exercise.origin),
        REPLAY: log.to_lines().encode(),
        ANIMATION: animation_gif(log, places, progress),
        DEBRIEF: debrief_html([(who, log)], documents, version=__version__, command=command),
        SCORE: score_json(log, documents, command),
        SCENARIO: scenario.encode(),
        **readings_files(exercise, sortie),
    }


def site_documents(sites: Sequence[Any]) -> list[dict[str, Any]]:
    """Return true sites as JSON types."""
    return [asdict(site) for site in sites]


def score_json(log: Log, truth: Sequence[Mapping[str, Any]], command: str, **more: Any) -> bytes:
    """Return ``score.json``."""
    document = {
        "schema": SCHEMA,
        "exercise": log.header.exercise,
        "title": log.header.title,
        "seed": log.header.seed,
        "aircraft": list(log.header.aircraft),
        **log.end,
        "truth": list(truth),
        **more,
        "provenance": {"version": __version__, "command": command},
    }
    return (json.dumps(document, indent=1, allow_nan=False) + "\n").encode()


def readings_files(exercise: Exercise, sortie: Sortie) -> dict[str, bytes]:
    """Return survey folders, one for each species of which something was read."""
    from barlovento.exercise.flights import folder_name, survey_files, to_survey

    files: dict[str, bytes] = {}
    for k, name in enumerate(exercise.species):
        if not ((sortie.rows.species == k) & ~sortie.rows.bad).any():
            continue
        survey = to_survey(exercise, sortie.rows, sortie.meteorology, name)
        place = READINGS if len(exercise.species) == 1 else f"{READINGS}/{folder_name(name)}"
        for file, text in survey_files(survey).items():
            files[f"{place}/{file}"] = text.encode()
    return files


def owned_files(exercise: Exercise, part: str = "") -> list[str]:
    """Return the names of all files that a sortie may write."""
    from barlovento.exercise.flights import folder_name

    names = [part + name for name in FILES]
    many = len(exercise.species) > 1
    for species in exercise.species:
        place = f"{READINGS}/{folder_name(species)}" if many else READINGS
        names += [
            f"{part}{place}/{file}"
            for file in ("survey.toml", "observations.csv", "meteorology.csv")
        ]
    return names
