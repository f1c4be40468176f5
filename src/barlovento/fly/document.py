"""What ``survey.toml`` says, checked; the data files are read elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from barlovento.domain.observation import RatePrior
from barlovento.domain.species import Species, find_species
from barlovento.domain.units import Unit, parse_unit
from barlovento.errors import BadInput
from barlovento.fly.faults import FaultList
from barlovento.fly.keys import Keys, Range

DOCUMENT = "survey.toml"
LOCAL, GEOGRAPHIC = "local", "geographic"
#: More than this and the count itself can't be told from readings.
MOST_SOURCES = 20
#: Wider than this the plane is bent and one wind record says nothing.
WIDEST_SEARCH = 200_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyDocument:
    """The content of ``survey.toml``; None where it is absent or faulty.

    Parameters
    ----------
    title : str
        For people.
    species : Species or None
        What was measured.
    observations_file, meteorology_file : str or None
        Names of the data files.
    position : str or None
        ``"local"`` or ``"geographic"``.
    frame : str
        Name of the local axes, empty where not given.
    unit : Unit or None
        Of the readings.
    averaging_time : float or None
        [s].
    detection_limit : float or None
        In the file's units.
    background : float or None
        In the file's units; None where unknown.
    clock_offset_max : float
        [s].
    response_time : float or None
        [s].
    measurement_height : float or None
        [m].
    roughness_length : float or None
        [m].
    search : tuple of tuple of float, or None
        Ranges of x and y [m] or of longitude and latitude [degree].
    release_height : tuple of float or None
        [m].
    max_sources : int or None
        Largest number of sources considered.
    rate : RatePrior or None
        None for the broad default.
    extra : dict
        Keys that are not known.
    """

    title: str
    species: Species | None
    observations_file: str | None
    meteorology_file: str | None
    position: str | None
    frame: str
    unit: Unit | None
    averaging_time: float | None
    detection_limit: float | None
    background: float | None
    clock_offset_max: float
    response_time: float | None
    measurement_height: float | None
    roughness_length: float | None
    search: tuple[Range, Range] | None
    release_height: Range | None
    max_sources: int | None
    rate: RatePrior | None
    extra: dict[str, Any] = field(default_factory=dict)


def read_document(text: str, faults: FaultList) -> SurveyDocument | None:
    """Read and check the text of ``survey.toml``.

    Parameters
    ----------
    text : str
        The file's content.
    faults : FaultList
        Takes everything that is wrong.

    Returns
    -------
    SurveyDocument or None
        None where the text is no TOML at all.
    """
    keys = Keys(text, file=DOCUMENT, faults=faults)
    if faults.errors and not keys.values:
        return None
    for section in ("observations", "meteorology", "search"):
        keys.table(section, f"Write [{section}] on a line of its own, then its keys.")
    _schema(keys)
    position = keys.choice("observations.position", (LOCAL, GEOGRAPHIC))
    document = SurveyDocument(
        title=keys.text("title", 'Add title = "..." to name the survey for people.') or "",
        species=_species(keys),
        observations_file=keys.text(
            "observations.file", "Name the CSV or Parquet file with the readings."
        ),
        meteorology_file=keys.text(
            "meteorology.file", "Name the CSV or Parquet file with the wind record."
        ),
        position=position,
        frame=keys.text("observations.frame", None) or "",
        unit=_unit(keys),
        averaging_time=keys.number(
            "observations.averaging_time_s",
            "Give the seconds that each reading averages.",
            above=0,
            most=7 * 86400,
        ),
        detection_limit=keys.number("observations.detection_limit", None, above=0),
        background=_background(keys),
        clock_offset_max=keys.number("observations.clock_offset_max_s", None, least=0, most=3600)
        or 0.0,
        response_time=keys.number("observations.response_time_s", None, above=0, most=3600),
        measurement_height=keys.number(
            "meteorology.measurement_height_m",
            "Give the height of the anemometer above ground in metres.",
            above=0,
            most=1000,
        ),
        roughness_length=keys.number("meteorology.roughness_length_m", None, above=0, most=10),
        search=_search(keys, position),
        release_height=keys.span(
            "search.release_height_m",
            "Give the lowest and highest place of the outlet above ground, as in [0, 5].",
            least=0,
            most=5000,
        ),
        max_sources=keys.whole(
            "search.max_sources",
            "Give the largest number of sources to consider, for example 3.",
            least=1,
            most=MOST_SOURCES,
        ),
        rate=_rate(keys),
        extra={},
    )
    document.extra.update(keys.unknown())
    return document


def _schema(keys: Keys) -> None:
    value = keys.get("schema", "Write schema = 1.")
    if value is not None and (isinstance(value, bool) or value != 1):
        keys.complain(
            "schema", f"{value!r} is no schema that this version reads.", "Write schema = 1."
        )


def _species(keys: Keys) -> Species | None:
    name = keys.text("species", "Name the gas that was measured, or give its CAS number.")
    if name is None:
        return None
    try:
        return find_species(name)
    except BadInput as problem:
        keys.problem("species", problem)
        return None


def _unit(keys: Keys) -> Unit | None:
    key = "observations.concentration_units"
    text = keys.text(key, 'Give the units of the readings, as in "ppm" or "mg m-3".')
    if text is None:
        return None
    try:
        return parse_unit(text)
    except BadInput as problem:
        keys.problem(key, problem)
        return None


def _background(keys: Keys) -> float | None:
    key = "observations.background"
    mend = (
        "Give the background in the units of the readings, 0 where the gas has none, "
        'or "unknown" to have it inferred.'
    )
    value = keys.get(key, mend)
    if value is None or value == "unknown":
        return None
    if isinstance(value, str):
        keys.complain(key, f'{value!r} is neither a number nor "unknown".', mend)
        return None
    return keys.number(key, mend, least=0)


def _search(keys: Keys, position: str | None) -> tuple[Range, Range] | None:
    names = {
        LOCAL: ("x_m", "y_m", "metres east", "metres north"),
        GEOGRAPHIC: ("longitude", "latitude", "degrees east", "degrees north"),
    }
    if position is None:
        for name in ("x_m", "y_m", "longitude", "latitude"):
            keys.get(f"search.{name}", None)
        return None
    other = names[GEOGRAPHIC if position == LOCAL else LOCAL]
    first, second, along_first, along_second = names[position]
    for name in other[:2]:
        if keys.get(f"search.{name}", None) is not None:
            keys.complain(
                f"search.{name}",
                f'The positions are "{position}", so the search box can\'t be given by {name}.',
                f"Give {first} and {second}.",
            )
    limits = (-180.0, 540.0, -90.0, 90.0) if position == GEOGRAPHIC else (-1e7, 1e7, -1e7, 1e7)
    mend = "Give the range in {} where sources may be, as in [low, high]."
    a = keys.span(f"search.{first}", mend.format(along_first), least=limits[0], most=limits[1])
    b = keys.span(f"search.{second}", mend.format(along_second), least=limits[2], most=limits[3])
    if a is None or b is None:
        return None
    if position == LOCAL:
        _not_too_wide(keys, "search.x_m", a[1] - a[0])
        _not_too_wide(keys, "search.y_m", b[1] - b[0])
    else:
        _not_too_wide(keys, "search.latitude", (b[1] - b[0]) * 111_000)
    return a, b


def _not_too_wide(keys: Keys, key: str, width: float) -> None:
    if width > WIDEST_SEARCH:
        keys.complain(
            key,
            f"The search box is {width / 1000:,.0f} km wide; "
            f"at most {WIDEST_SEARCH / 1000:,.0f} km can be searched with one wind record.",
            "Give a smaller box.",
        )


def _rate(keys: Keys) -> RatePrior | None:
    key = "search.emission_rate_kg_s"
    value = keys.get(key, None)
    if value is None:
        return None
    mend = "Write { median = 0.001, gsd = 3 }, or leave the key out for a broad prior."
    if not isinstance(value, dict):
        keys.complain(key, "The prior of the emission rate is no table.", mend)
        return None
    for name in value:
        if name not in ("median", "gsd"):
            keys.complain(key, f"{name!r} has no meaning in the prior of the rate.", mend)
    median = keys.number(f"{key}.median", mend, above=0, most=1e6)
    gsd = keys.number(f"{key}.gsd", mend, above=1, most=1e6)
    return None if median is None or gsd is None else RatePrior(median=median, gsd=gsd)
