"""Surveys made in a test from a textbook's plume, apart from the code under test."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from barlovento.domain.observation import Frame, Meteorology, Observations, SearchArea, Survey
from barlovento.domain.species import find_species
from barlovento.locate.chains import Effort

START = 1.7e9


def weather(
    time: Any,
    speed: Any = 4.0,
    direction: Any = 270.0,
    *,
    direction_sd: float = np.nan,
    height: float = 10.0,
) -> Meteorology:
    n = len(time)

    def row(value: Any) -> Any:
        return np.broadcast_to(np.asarray(value, dtype=float), (n,)).copy()

    return Meteorology(
        time=np.asarray(time, dtype=float),
        wind_speed=row(speed),
        wind_from_direction=row(direction),
        wind_from_direction_sd=row(direction_sd),
        friction_velocity=row(np.nan),
        obukhov_length=row(np.nan),
        mixing_height=row(np.nan),
        temperature=row(288.0),
        pressure=row(101325.0),
        roughness_length=row(0.05),
        measurement_height=height,
    )


def readings(
    time: Any,
    x: Any,
    y: Any,
    concentration: Any,
    *,
    sensor: Any = 0,
    z: float = 1.5,
    censored: Any = False,
    averaging_time: float = 600.0,
) -> Observations:
    n = len(time)
    which = np.broadcast_to(np.asarray(sensor, dtype=np.int64), (n,)).copy()

    def row(value: Any) -> Any:
        return np.broadcast_to(np.asarray(value, dtype=float), (n,)).copy()

    return Observations(
        time=np.asarray(time, dtype=float),
        sensor=which,
        sensor_names=tuple(f"s{k}" for k in range(int(which.max()) + 1)),
        x=row(x),
        y=row(y),
        z=row(z),
        x2=row(np.nan),
        y2=row(np.nan),
        z2=row(np.nan),
        concentration=row(concentration),
        censored=np.broadcast_to(np.asarray(censored, dtype=bool), (n,)).copy(),
        averaging_time=averaging_time,
    )


def survey_of(
    observations: Observations,
    meteorology: Meteorology,
    *,
    max_sources: int = 2,
    background: float | None = None,
    box: float = 200.0,
    x: tuple[float, float] | None = None,
    y: tuple[float, float] | None = None,
    clock_offset_max: float = 0.0,
) -> Survey:
    return Survey(
        title="made in a test",
        species=find_species("methane"),
        observations=observations,
        meteorology=meteorology,
        search=SearchArea(
            x=x or (-box, box),
            y=y or (-box, box),
            release_height=(0.0, 2.0),
            max_sources=max_sources,
        ),
        frame=Frame(name="test"),
        background=background,
        clock_offset_max=clock_offset_max,
        digest="0" * 64,
        units="kg m-3",
        to_file_units=1.0,
    )


def textbook(east: Any, north: Any, speed: float, direction: float) -> Any:
    """Return ground-level gas of one unit at the ground by Turner's workbook, rural D.

    c = Q / (pi s_y s_z u) exp(-y^2 / 2 s_y^2), with Briggs' open-country curves.
    """
    towards = np.deg2rad(direction + 180.0)
    x = np.maximum(east * np.sin(towards) + north * np.cos(towards), 1e-3)
    y = east * np.cos(towards) - north * np.sin(towards)
    ahead = east * np.sin(towards) + north * np.cos(towards) > 0
    s_y = 0.08 * x / np.sqrt(1 + 0.0001 * x)
    s_z = 0.06 * x / np.sqrt(1 + 0.0015 * x)
    return ahead / (np.pi * s_y * s_z * speed) * np.exp(-0.5 * (y / s_y) ** 2)


class Scene:
    """Twelve samplers on two arcs round the middle, ten-minute means, a wind that veers."""

    def __init__(self) -> None:
        angle = np.deg2rad(np.arange(0, 360, 24))
        self.x = np.concatenate([60 * np.cos(angle), 130 * np.cos(angle + 0.2)])
        self.y = np.concatenate([60 * np.sin(angle), 130 * np.sin(angle + 0.2)])
        self.directions = np.array([210.0, 235.0, 255.0, 270.0, 285.0, 300.0, 330.0, 350.0])
        self.time = START + 600.0 * np.arange(1, 9)
        self.speed = 4.0
        # The textbook's wind is that of the plume; the mast stands where it blows alike.
        self.meteorology = weather(self.time, self.speed, self.directions, height=3.0)

    textbook = staticmethod(textbook)

    def survey(
        self,
        *sources: tuple[float, float, float],
        background: float = 1.2e-6,
        noise: float = 3e-9,
        seed: int = 0,
        **rest: Any,
    ) -> Survey:
        """Return readings of sources (x, y, rate)."""
        rng = np.random.default_rng(seed)
        n = len(self.x)
        c = np.full((len(self.time), n), background)
        for x, y, rate in sources:
            for k, direction in enumerate(self.directions):
                c[k] += rate * textbook(self.x - x, self.y - y, self.speed, direction)
        c += noise * rng.standard_normal(c.shape)
        return survey_of(
            readings(
                np.repeat(self.time, n),
                np.tile(self.x, len(self.time)),
                np.tile(self.y, len(self.time)),
                c.ravel(),
                sensor=np.tile(np.arange(n), len(self.time)),
            ),
            self.meteorology,
            **rest,
        )


class Make:
    """What tests build surveys from."""

    start = START
    weather = staticmethod(weather)
    readings = staticmethod(readings)
    survey = staticmethod(survey_of)
    replace = staticmethod(dataclasses.replace)


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make


@pytest.fixture(scope="session")
def scene() -> Scene:
    return Scene()


@pytest.fixture(scope="session")
def brief() -> Effort:
    return Effort(chains=2, warm_up=20, sweeps=200)
