"""A plain steady world that tests change where they need to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from barlovento.domain.observation import SearchArea
from barlovento.domain.species import find_species
from barlovento.exercise import presets
from barlovento.exercise.instruments import Instrument, SensorModel, fixed_point
from barlovento.exercise.presets import Preset
from barlovento.exercise.records import Atmosphere, HiddenSource, Mast, Scenario
from barlovento.exercise.sites import Exercise, Faults, Level, RandomSites, Site

SEARCH = SearchArea(x=(-100.0, 100.0), y=(-100.0, 100.0), release_height=(0.0, 5.0), max_sources=3)

STEADY: dict[str, Any] = {
    "wind_speed": 5.0,
    "wind_height": 10.0,
    "wind_from_direction": 270.0,
    "roughness_length": 0.03,
    "obukhov_length": math.inf,
    "mixing_height": 600.0,
    "temperature": 293.15,
    "pressure": 101325.0,
}


@pytest.fixture
def world() -> Callable[..., Scenario]:
    """Return a maker of scenarios: westerly neutral wind, one source at the origin."""

    def make(
        points: Sequence[tuple[float, float, float]] = (),
        *,
        instruments: Sequence[Instrument] | None = None,
        sources: Sequence[HiddenSource] | None = None,
        sensor: SensorModel | None = None,
        duration: int = 60,
        averaging_time: int = 1,
        mast: Mast | None = None,
        scenario: dict[str, Any] | None = None,
        **air: Any,
    ) -> Scenario:
        if instruments is None:
            instruments = [
                fixed_point(sensor or SensorModel(name=f"s{k}"), *p, duration)
                for k, p in enumerate(points)
            ]
        return Scenario(
            title="A test",
            species=find_species("acetone"),
            atmosphere=Atmosphere(**(STEADY | air)),
            mast=mast or Mast(height=10.0),
            sources=(HiddenSource(x=0.0, y=0.0, z=2.0, emission_rate=1e-3),)
            if sources is None
            else sources,
            instruments=instruments,
            duration=duration,
            averaging_time=averaging_time,
            start=datetime(2031, 1, 2, 3, 0, tzinfo=UTC),
            search=SEARCH,
            **(scenario or {}),
        )

    return make


@pytest.fixture
def exercise(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Exercise]:
    """Return a maker of exercises: westerly neutral wind, one site at the origin.

    The sensor ``plain`` shows what is there, without lag, noise or drift.
    """
    plain = Preset(name="plain", title="plain", source="a test", measures=("all",))
    known = {**presets.presets(), "plain": plain}
    monkeypatch.setattr(presets, "presets", lambda: known)

    def make(
        *,
        faults: dict[str, Any] | None = None,
        random: dict[str, Any] | None = None,
        interval: float = 10.0,
        **changed: Any,
    ) -> Exercise:
        air = {name: changed.pop(name) for name in list(changed) if name in Atmosphere.__slots__}
        vent = HiddenSource(x=0.0, y=0.0, z=2.0, emission_rate=1.0)
        given: dict[str, Any] = {
            "name": "test",
            "title": "A test",
            "summary": "",
            "start": datetime(2031, 1, 2, 3, 0, tzinfo=UTC),
            "duration": 240,
            "mast": Mast(height=10.0, interval=interval),
            "sites": (Site(name="s", kind="hidden", vents=(vent,), rates={"acetone": 1e-3}),),
            "area": SEARCH,
            "permitted": ((-100.0, -100.0), (100.0, -100.0), (100.0, 100.0), (-100.0, 100.0)),
            "floor": 2.0,
            "ceiling": 60.0,
            "home": (-90.0, -90.0),
            "aircraft": ("a",),
            "sensors": ("study-0p3",),
            "species": ("acetone",),
            "backgrounds": {"acetone": Level(mean=1.0)},
        }
        return Exercise(
            **(given | changed),
            atmosphere=Atmosphere(**(STEADY | air)),
            faults=Faults(**(faults or {})),
            random=RandomSites(**(random or {})),
        )

    return make
