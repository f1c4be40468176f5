"""Fields with laser beams and methane sources that leak at once."""

from __future__ import annotations

import itertools
import math
from datetime import UTC, datetime
from typing import Literal

import numpy as np

from barlovento.domain.observation import Frame, SearchArea
from barlovento.domain.species import find_species
from barlovento.errors import BadInput
from barlovento.exercise import instruments
from barlovento.exercise.instruments import SensorModel
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast, Scenario

Layout = Literal["fan", "ring"]

HALF = 75.0
"""Half the side of the field [m]."""

APART = 30.0
"""Least distance of two sources [m]."""


def beam_case(seed: int, n_sources: int = 2, *, layout: Layout = "fan") -> Scenario:
    """Return seven laser beams at a 150 m field with methane sources that leak all at once.

    Two to three hours of one-minute means, while a light daytime wind wanders over a wide
    sector.

    Parameters
    ----------
    seed : int
        Draws the field, the sources and the wind; give
        :func:`barlovento.exercise.world.simulate` a seed of its own.
    n_sources : int
        How many sources there are.
    layout : {"fan", "ring"}
        All beams from one transceiver across the field, as open-path releases are commonly
        measured, or one after another round its edge.
    """
    rng = np.random.default_rng([seed, 3])
    duration = 60 * int(rng.integers(120, 181))
    field = Field(rng)
    beams = tuple(
        instruments.beam(_sensor(rng, k), field.at(one, 1.6), field.at(other, 1.6), duration)
        for k, (one, other) in enumerate(_beam_ends(rng, layout))
    )
    sources = _sources(rng, field, n_sources)
    x, y, _ = field.at(tuple(rng.uniform(-15.0, 15.0, 2)), 0.0)
    return Scenario(
        title=f"Simulated beams {seed}",
        species=find_species("methane"),
        atmosphere=_air(rng),
        mast=Mast(
            height=3.0,
            interval=60.0,
            direction_bias=float(rng.normal(0.0, 3.0)),
            speed_factor=float(np.exp(rng.normal(0.0, 0.04))),
            direction_noise=1.0,
            speed_noise=0.05,
            report_spread=bool(rng.random() < 0.5),
        ),
        sources=sources,
        instruments=beams,
        duration=duration,
        averaging_time=60,
        start=datetime(2031, 6, 7, 9, 0, tzinfo=UTC),
        search=SearchArea(
            x=(x - 1.3 * HALF, x + 1.3 * HALF),
            y=(y - 1.3 * HALF, y + 1.3 * HALF),
            release_height=(0.0, 2.0),
            max_sources=3,
        ),
        units="ppm",
        frame=Frame(name=f"beams-{seed}"),
        particles_per_second=8,
    )


class Field:
    """A field somewhere, turned somehow.

    Parameters
    ----------
    rng : Generator
        Draws place and turn.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        turned = float(rng.uniform(0.0, 2.0 * math.pi))
        self._east = (math.cos(turned), math.sin(turned))
        self._centre = rng.uniform(-200.0, 200.0, 2)

    def at(self, place: tuple[float, ...], height: float) -> tuple[float, float, float]:
        """Return a place given in the field's own axes: east, north, above ground [m].

        Parameters
        ----------
        place : tuple of float
            Along the two axes, from the centre [m].
        height : float
            Above ground [m].

        Returns
        -------
        tuple of float
            [m].
        """
        (c, s), (a, b) = self._east, place
        x, y = self._centre
        return float(x + a * c - b * s), float(y + a * s + b * c), height


def _sensor(rng: np.random.Generator, number: int) -> SensorModel:
    """Return one beam's receiver: some ppb of noise in a minute, an offset of its own."""
    return SensorModel(
        name=f"beam{number + 1}",
        t90=2.0,
        noise=40.0,
        background=1950.0 + float(rng.normal(0.0, 15.0)),
        drift=8.0,
        drift_time=3000.0,
    )


def _air(rng: np.random.Generator) -> Atmosphere:
    """Return light daytime air whose wind wanders over a wide sector."""
    return Atmosphere(
        wind_speed=float(rng.uniform(1.8, 3.2)),
        wind_height=3.0,
        wind_from_direction=float(rng.uniform(0.0, 360.0)),
        roughness_length=0.03,
        obukhov_length=-float(rng.uniform(10.0, 60.0)),
        mixing_height=800.0,
        direction_trend=float(rng.choice([-1.0, 1.0])) * float(rng.uniform(10.0, 30.0)),
        meander_direction_sd=35.0,
        meander_speed_sd=0.25,
        meander_time=600.0,
        fluctuation_intensity=0.5,
        fluctuation_length=3.0,
        temperature=287.0,
        pressure=100000.0,
    )


def _sources(rng: np.random.Generator, field: Field, n_sources: int) -> tuple[HiddenSource, ...]:
    """Return sources in the inner part of the field, well apart."""
    sources: list[HiddenSource] = []
    while len(sources) < n_sources:
        x, y, z = field.at(tuple(0.65 * HALF * rng.uniform(-1.0, 1.0, 2)), 0.3)
        if all(math.hypot(x - s.x, y - s.y) > APART for s in sources):
            rate = float(np.exp(rng.uniform(math.log(2e-4), math.log(1e-3))))
            sources.append(HiddenSource(x=x, y=y, z=z, emission_rate=rate, size=0.3))
    return tuple(sources)


def _beam_ends(
    rng: np.random.Generator, layout: str
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return the ends of seven beams in the field's own axes [m]."""
    if layout == "ring":
        corners = [
            (HALF * math.cos(2.0 * math.pi * k / 7.0), HALF * math.sin(2.0 * math.pi * k / 7.0))
            for k in range(8)
        ]
        return list(itertools.pairwise(corners))
    if layout != "fan":
        raise BadInput(f"layout is {layout!r}; give fan or ring.")
    post = (-HALF, -HALF)
    angles = np.deg2rad(np.linspace(8.0, 82.0, 7) + rng.uniform(-4.0, 4.0, 7))
    lengths = HALF * rng.uniform(0.9, 2.0, 7)
    return [
        (post, (post[0] + r * math.cos(a), post[1] + r * math.sin(a)))
        for r, a in zip(lengths, angles, strict=True)
    ]
