"""Synthetic drone surveys for the benchmarks of speed: crosswind transects over one square km.

The truth is made with the solver's own plume on purpose: these benchmarks time a solver on a
job whose answer is known, they don't judge its model. The independent simulator does that.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barlovento.dispersion.plume import N_VIEW
from barlovento.domain.observation import Frame, Meteorology, Observations, SearchArea, Survey
from barlovento.domain.species import Species
from barlovento.locate.packed import pack
from barlovento.locate.plumes import look, one_reading
from barlovento.locate.priors import MICRO
from barlovento.locate.problem import prepare
from barlovento.locate.unknowns import LASTING, SIZE

Floats = NDArray[np.float64]

SIDE = 1000.0
"""Side of the square [m]."""

HEIGHT = 10.0
"""Flight above ground [m]."""

START = 1_777_712_400.0
"""First second of every flight [s since 1970 UTC]."""

TEMPERATURE, PRESSURE = 288.15, 101_325.0
"""Of the air, as written into the survey [K], [Pa]."""

METHANE = Species(name="methane", cas="74-82-8", molar_mass=0.0160425)
PPM = METHANE.molar_mass * PRESSURE / (8.314462618 * TEMPERATURE) * 1e-6
"""Mass concentration of one ppm of methane [kg m-3]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """Places, times and wind of one flight, and its true sources.

    Parameters
    ----------
    time : ndarray, shape (n,)
        [s since 1970 UTC].
    x, y, z : ndarray, shape (n,)
        Of the drone [m].
    wind_speed, wind_from_direction : ndarray, shape (n,)
        At each reading [m s-1], [degree].
    direction_sd : float
        Spread of the direction that shapes the plume [degree].
    sources : ndarray, shape (k, 4)
        East, north, height [m] and emission rate [kg s-1].
    """

    time: Floats
    x: Floats
    y: Floats
    z: Floats
    wind_speed: Floats
    wind_from_direction: Floats
    direction_sd: float
    sources: Floats


def fly(*, readings: int, sources: int, seed: int) -> Flight:
    """Lay transects across a wind from the west and hide sources upwind of them.

    Parameters
    ----------
    readings : int
        One each second.
    sources : int
        Hidden in the western two thirds, at least 150 m apart.
    seed : int
        Of places, rates and wind.

    Returns
    -------
    Flight
        Rates lie between .5 and 2 g/s.
    """
    rng = np.random.default_rng(seed)
    lines = max(int(np.sqrt(readings / 5.0)), 2)
    at = np.linspace(0.0, lines, readings, endpoint=False)
    line, along = at.astype(int), at % 1.0
    x = SIDE * (0.05 + 0.9 * line / (lines - 1))
    y = SIDE * np.where(line % 2 == 0, along, 1.0 - along)
    time = START + np.arange(1.0, readings + 1.0)
    # The wind swings slowly, so that the transects see each plume from several sides.
    phase = rng.uniform(0.0, 2.0 * np.pi, 2)
    swing = np.sin(2.0 * np.pi * np.arange(readings) / 700.0 + phase[0])
    direction = (270.0 + 15.0 * swing) % 360.0
    speed = 4.0 + 0.5 * np.sin(2.0 * np.pi * np.arange(readings) / 430.0 + phase[1])
    places: list[Floats] = []
    while len(places) < sources:
        new = rng.uniform([0.1 * SIDE, 0.2 * SIDE], [0.65 * SIDE, 0.8 * SIDE])
        if all(np.hypot(*(new - old)) >= 150.0 for old in places):
            places.append(new)
    rates = np.exp(rng.uniform(np.log(5e-4), np.log(2e-3), sources))
    heights = rng.uniform(1.0, 4.0, sources)
    return Flight(
        time=time,
        x=x,
        y=y,
        z=np.full(readings, HEIGHT),
        wind_speed=speed,
        wind_from_direction=direction,
        direction_sd=8.0,
        sources=np.column_stack([np.array(places).reshape(-1, 2), heights, rates]),
    )


def to_survey(
    flight: Flight, *, noise_ppm: float, background_ppm: float, seed: int, exact: bool = True
) -> Survey:
    """Return a survey whose readings are Barlovento's own plume plus background and noise.

    Parameters
    ----------
    flight : Flight
        Places, wind and sources.
    noise_ppm, background_ppm : float
        Of methane [ppm].
    seed : int
        Of the noise.
    exact : bool
        Whether each reading needs a plume of its own; see :func:`own_plume`.

    Returns
    -------
    Survey
        Background unknown, up to five sources, no prior of the rate.
    """
    n = len(flight.time)
    blank = _survey(flight, np.full(n, background_ppm * PPM))
    clean = background_ppm * PPM + own_plume(blank, flight.sources, exact=exact)
    noise = np.random.default_rng(seed).normal(0.0, noise_ppm * PPM, n)
    return _survey(flight, clean + noise)


def _survey(flight: Flight, concentration: Floats) -> Survey:
    n = len(flight.time)
    absent = np.full(n, np.nan)
    return Survey(
        title="Benchmark flight",
        species=METHANE,
        observations=Observations(
            time=flight.time,
            sensor=np.zeros(n, dtype=np.int64),
            sensor_names=("drone",),
            x=flight.x,
            y=flight.y,
            z=flight.z,
            x2=absent,
            y2=absent,
            z2=absent,
            concentration=concentration,
            censored=np.zeros(n, dtype=bool),
            averaging_time=1.0,
        ),
        meteorology=Meteorology(
            time=flight.time,
            wind_speed=flight.wind_speed,
            wind_from_direction=flight.wind_from_direction,
            wind_from_direction_sd=np.full(n, flight.direction_sd),
            friction_velocity=absent,
            obukhov_length=absent,
            mixing_height=absent,
            temperature=np.full(n, TEMPERATURE),
            pressure=np.full(n, PRESSURE),
            roughness_length=np.full(n, 0.03),
            measurement_height=HEIGHT,
        ),
        search=SearchArea(x=(0.0, SIDE), y=(0.0, SIDE), release_height=(0.0, 5.0), max_sources=5),
        frame=Frame(name="benchmark"),
        background=None,
        clock_offset_max=0.0,
        digest="0" * 64,
        units="ppm",
        to_file_units=1.0 / PPM,
    )


def write_folder(survey: Survey, folder: Path) -> Path:
    """Write a survey of this module as the folder that the command line reads."""
    folder.mkdir(parents=True)
    area = survey.search
    (folder / "survey.toml").write_text(
        f"""schema = 1
title = "{survey.title}"
species = "methane"

[observations]
file = "observations.csv"
position = "local"
concentration_units = "ppm"
averaging_time_s = {survey.observations.averaging_time:g}
background = "unknown"

[meteorology]
file = "meteorology.csv"
measurement_height_m = {survey.meteorology.measurement_height:g}
roughness_length_m = 0.03

[search]
x_m = [{area.x[0]}, {area.x[1]}]
y_m = [{area.y[0]}, {area.y[1]}]
release_height_m = [{area.release_height[0]}, {area.release_height[1]}]
max_sources = {area.max_sources}
""",
        encoding="utf-8",
    )
    obs, met = survey.observations, survey.meteorology
    times = [f"{datetime.fromtimestamp(t, tz=UTC):%Y-%m-%dT%H:%M:%SZ}" for t in obs.time]
    _write_csv(
        folder / "observations.csv",
        {
            "time": times,
            "sensor": ["drone"] * len(times),
            "x": obs.x.round(3),
            "y": obs.y.round(3),
            "z": obs.z.round(3),
            "concentration": (obs.concentration / PPM).round(6),
        },
    )
    _write_csv(
        folder / "meteorology.csv",
        {
            "time": times,
            "wind_speed": met.wind_speed.round(4),
            "wind_from_direction": met.wind_from_direction.round(4),
            "wind_from_direction_sd": met.wind_from_direction_sd,
            "temperature": met.temperature,
            "pressure": met.pressure,
        },
    )
    return folder


def _write_csv(path: Path, columns: Mapping[str, Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def own_plume(survey: Survey, sources: Floats, *, exact: bool = True) -> Floats:
    """Return what known sources add to each reading by Barlovento's own dispersion model.

    Parameters
    ----------
    survey : Survey
        Places, times and wind; its concentrations don't matter.
    sources : ndarray, shape (k, 4)
        East, north, height [m] and emission rate [kg s-1].
    exact : bool
        Refuse readings so dense that the solver averages them together; otherwise each gets
        the plume of its average.

    Returns
    -------
    ndarray, shape (n,)
        In the order of the observations [kg m-3].
    """
    prepared = prepare([survey])
    p, reduced = prepared.problem, prepared.reduced[0]
    if exact and len(p.y) != len(survey.observations):
        raise ValueError("readings were averaged together, so they have no plume each")
    # No error of wind or spread; the initial size is the prior's.
    phi = np.zeros(len(p.global_sd))
    phi[SIZE - LASTING] = p.size_mu
    total = np.zeros(len(p.y))
    seen = np.empty((p.site.shape[1], N_VIEW))
    packed = pack(p)
    for x, y, z, rate in sources:
        look(packed, 0, phi, np.array([x, y, z]), seen)
        for i in range(len(p.y)):
            towards = p.angle[0, i]
            value, _ = one_reading(packed, 0, i, z, towards, np.exp(p.size_mu), seen)
            total[i] += rate * value / MICRO
    return total[reduced.group]
