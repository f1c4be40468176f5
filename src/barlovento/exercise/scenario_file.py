"""Scenario files: TOML in, one checked exercise out, or everything that is wrong at once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from barlovento.domain.observation import RatePrior, SearchArea
from barlovento.domain.species import find_species
from barlovento.errors import BadInput, SurveyError
from barlovento.exercise import shelf
from barlovento.exercise.lookalikes import backgrounds
from barlovento.exercise.records import Atmosphere, Mast
from barlovento.exercise.scenario_air import RANDOM, read_air, read_mast, read_record
from barlovento.exercise.scenario_checks import check_exercise
from barlovento.exercise.scenario_keys import ScenarioKeys
from barlovento.exercise.scenario_sites import (
    read_buildings,
    read_faults,
    read_random,
    read_sites,
)
from barlovento.exercise.sites import Exercise, Level
from barlovento.fly.faults import FaultList

LONGEST = 6 * 3600
"""Longest exercise [s]: all random series are drawn before it."""

RURAL, URBAN = "rural", "urban"

PLAIN_START = datetime(2031, 5, 6, 13, tzinfo=UTC)
PLAIN_AIR = Atmosphere(
    wind_speed=4.0,
    wind_height=10.0,
    wind_from_direction=0.0,
    roughness_length=0.1,
    obukhov_length=math.inf,
    mixing_height=4000.0,
    temperature=288.15,
    pressure=101325.0,
)
"""These stand in for faulty ones while the rest is checked, never longer."""


def read_exercise(path_or_name: str | Path) -> Exercise:
    """Read a scenario from a file, or a shipped one by its name.

    Parameters
    ----------
    path_or_name : str or Path
        A file that ends in ``.toml``, or a name as ``barlovento exercise list`` shows it.

    Raises
    ------
    SurveyError
        Something is wrong with the file; the error holds every fault that was found.
    BadInput
        There is no such file or name.
    """
    text = str(path_or_name)
    if isinstance(path_or_name, str) and not text.endswith(".toml") and "/" not in text:
        return parse(shelf.template(text), name=text, file=f"{text}{shelf.ENDING}")
    path = Path(path_or_name)
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(
            f"The scenario {text!r} can't be read: {problem}. Give a TOML file, or one of: "
            f"{', '.join(shelf.names())}."
        ) from None
    return parse(content, name=path.stem, file=path.name)


def parse(text: str, *, name: str, file: str = "scenario.toml") -> Exercise:
    """Return the exercise that a TOML text describes.

    Parameters
    ----------
    text : str
        Content of the file.
    name : str
        Short name of the exercise.
    file : str
        Name of the file, for messages.

    Raises
    ------
    SurveyError
        Something is wrong; the error holds every fault that was found.
    """
    faults = FaultList()
    keys = ScenarioKeys(text, file=file, faults=faults)
    exercise = None if faults.errors else _exercise(keys, name)
    if exercise is not None:
        check_exercise(exercise, keys)
    if faults.errors or exercise is None:
        raise SurveyError(faults.errors)
    return exercise


def _exercise(keys: ScenarioKeys, name: str) -> Exercise | None:
    """Read every key, and return the exercise, or None where its parts can't be compared.

    What is wrong by itself is noted, and stood in for by something plain, so that faults between
    the other parts are found in the same go.
    """
    keys.schema()
    title = keys.text("title", "Name the exercise for people.")
    summary = keys.text("summary", None) or ""
    start = _start(keys)
    duration = keys.whole(
        "duration_s", "Give the longest flight time in seconds.", least=60, most=LONGEST
    )
    species = _species(keys)
    land = keys.choice("land_use", (RURAL, URBAN))
    record = read_record(keys, duration)
    air = read_air(keys, record)
    mast = read_mast(keys)
    area = _area(keys)
    ring = keys.points("permitted.ring_m", "Give three corners or more, as in [[0, 0], ...].")
    heights = keys.span(
        "permitted.height_m",
        "Give the lowest and highest flight, as in [5, 120].",
        least=0.0,
        most=5000.0,
    )
    home = keys.point("permitted.home_m", "Give where aircraft start and land, as in [0, 0].")
    origin = keys.point("permitted.origin", None)
    aircraft = keys.words("drones.aircraft", "Name an aircraft for each drone.")
    sensors = keys.words("drones.sensors", "Name the sensors that every drone carries.")
    sites, vague = read_sites(keys)
    random = read_random(keys)
    faults = read_faults(keys)
    buildings = read_buildings(keys)
    levels = _levels(keys, species, land)
    offset = keys.number("local_offset_h", None, least=-14.0, most=14.0) or 0.0
    keys.finish()
    if area is None or home is None or vague or not ring or random is None:
        return None
    heights = heights or (1.0, 2.0)
    return Exercise(
        name=name,
        title=title or name,
        summary=summary,
        start=start or PLAIN_START,
        duration=duration or LONGEST,
        atmosphere=air or PLAIN_AIR,
        mast=mast or Mast(height=10.0),
        any_direction=keys.get("wind.from_direction_deg", None) == RANDOM,
        wind_record=record,
        sites=sites,
        random=random,
        area=area,
        permitted=ring,
        floor=heights[0],
        ceiling=heights[1],
        home=home,
        aircraft=aircraft,
        sensors=sensors,
        species=species,
        backgrounds=levels,
        faults=faults,
        buildings=buildings,
        origin=origin,
        local_offset=offset,
    )


def _start(keys: ScenarioKeys) -> datetime | None:
    mend = "Write it as 2031-05-06T13:00:00Z, without quotes and with the Z."
    value = keys.get("start", mend)
    if value is None:
        return None
    if not isinstance(value, datetime):
        keys.complain("start", f"{value!r} is no time.", mend)
    elif value.tzinfo is None:
        keys.complain("start", "The time has no zone.", mend)
    else:
        return value
    return None


def _species(keys: ScenarioKeys) -> tuple[str, ...]:
    """Return the names of the measured species as the program knows them."""
    found: list[str] = []
    wrong = False
    words = keys.words("species", "List the gases that are measured, the searched one first.")
    for word in words:
        try:
            known = find_species(word).name
        except BadInput as problem:
            keys.problem("species", problem)
            wrong = True
            continue
        if known in found:
            keys.complain("species", f"{word!r} stands there twice.", "Name each gas once.")
        found.append(known)
    return () if wrong else tuple(found)


def _area(keys: ScenarioKeys) -> SearchArea | None:
    """Return the box that the solver is told."""
    mend = "Give the range in metres in which sources may be, as in [-400, 400]."
    x = keys.span("area.x_m", mend, least=-1e5, most=1e5)
    y = keys.span("area.y_m", mend, least=-1e5, most=1e5)
    height = keys.span(
        "area.release_height_m",
        "Give the range of heights of openings, as in [0, 6].",
        least=0.0,
        most=500.0,
    )
    most = keys.whole("area.max_sources", "Give a whole number such as 3.", least=1, most=20)
    median = keys.number("area.rate_median_g_s", None, above=0.0, most=1e6)
    gsd = keys.number("area.rate_gsd", None, above=1.0, most=1e6)
    if x is None or y is None or height is None or most is None:
        return None
    rate = None
    if median is not None and gsd is not None:
        rate = RatePrior(median=1e-3 * median, gsd=gsd)
    elif median is not None or gsd is not None:
        keys.complain(
            "area.rate_median_g_s",
            "The prior of the rate is half given.",
            "Give both rate_median_g_s and rate_gsd, or neither for a broad prior.",
        )
    return SearchArea(x=x, y=y, release_height=height, max_sources=most, rate=rate)


def _levels(keys: ScenarioKeys, species: tuple[str, ...], land: str | None) -> Mapping[str, Level]:
    """Return clean air: of the table, or as the file has it."""
    found: dict[str, Level] = backgrounds(species, land or RURAL)
    own: Any = keys.get("background_ppb", None) or {}
    if not isinstance(own, Mapping):
        keys.complain("background_ppb", "This is no section.", "Write [background_ppb].")
        return found
    for word in own:
        level = keys.number(f"background_ppb.{word}", None, least=0.0, most=1e9)
        try:
            known = find_species(str(word)).name
        except BadInput as problem:
            keys.problem(f"background_ppb.{word}", problem)
            continue
        if level is not None and math.isfinite(level):
            found[known] = Level(mean=level)
    return found
