"""Reads the catalogue of sensors and vehicles, and a fleet's own file: units, bases, crews.

>>> sorted(catalogue().vehicles)[:2]
['high-altitude', 'long-endurance']
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from barlovento.domain.fleet import ANY_SPECIES, Fleet, ReadyWindow, Sensor, Unit, Vehicle
from barlovento.domain.species import find_species
from barlovento.errors import BadInput, Fault
from barlovento.fly.aircraft_file import figure

LARGEST_FILE = 1_000_000
"""[bytes]"""

TEMPLATE = """\
# A fleet: who can fly what, from where. Vehicles are named in the shipped catalogue
# (small-multirotor, vtol-wing, long-endurance, maritime-patrol, high-altitude, signals-aircraft)
# or below under [vehicle.my-drone], each figure with value, unit and source.

[[unit]]
name = "valley team"
vehicle = "small-multirotor"
count = 2
crews = 1
base = [-74.08, 4.61]              # longitude, latitude
# ready = [["2026-12-01T06:00:00-05:00", "2026-12-01T18:00:00-05:00"]]
"""

_OF_SENSOR: Mapping[str, tuple[str, float, float]] = {
    "response_time": ("s", 0.0, 3600.0),
    "interval": ("s", 0.001, 3600.0),
}
_MORE_OF_SENSOR: Mapping[str, tuple[str, float, float]] = {
    "swath": ("1", 0.0, 10.0),
    "wash_height": ("m", 0.0, 100.0),
}
_OF_VEHICLE: Mapping[str, tuple[str, float, float]] = {
    "cruise": ("m s-1", 1.0, 350.0),
    "endurance": ("s", 60.0, 30 * 86400.0),
    "reserve": ("1", 0.0, 0.9),
    "wind_loss": ("s m-1", 0.0, 0.2),
    "wind_limit": ("m s-1", 0.1, 60.0),
    "ceiling": ("m", 1.0, 30_000.0),
    "climb_rate": ("m s-1", 0.1, 100.0),
    "descent_rate": ("m s-1", 0.1, 100.0),
    "lowest": ("m", 0.5, 30_000.0),
    "highest": ("m", 0.5, 30_000.0),
    "turnaround": ("s", 0.0, 7 * 86400.0),
}
_MORE_OF_VEHICLE: Mapping[str, tuple[str, float, float]] = {
    "turn_radius": ("m", 0.0, 20_000.0),
    "margin": ("m", 0.0, 1e6),
}

Wrong = Callable[[str, str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Sensors and vehicles by name.

    Parameters
    ----------
    sensors, vehicles : mapping
        In the order of the files.
    """

    sensors: Mapping[str, Sensor]
    vehicles: Mapping[str, Vehicle]


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the shipped catalogue."""
    text = files("barlovento.fly").joinpath("fleet.toml").read_text(encoding="utf-8")
    reader = _Reader(text, "fleet.toml", Catalogue(sensors={}, vehicles={}))
    reader.finish()
    return reader.catalogue


def read_fleet(path: Path) -> Fleet:
    """Return the fleet of a file.

    Parameters
    ----------
    path : Path
        TOML with ``[[unit]]`` and, where wanted, ``[sensor.x]`` and ``[vehicle.x]`` of its own.

    Returns
    -------
    Fleet
        Its units.

    Raises
    ------
    BadInput
        The file can't be read, or something in it is missing or impossible; holds all faults.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(f"{path} is larger than 1 MB. Name a file that describes a fleet.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"Can't read {path}: {error}. Name a TOML file of a fleet.") from error
    return parse_fleet(text, name=str(path))


def parse_fleet(text: str, *, name: str) -> Fleet:
    """Return the fleet that a text describes; see :func:`read_fleet`."""
    reader = _Reader(text, name, catalogue())
    units = reader.units()
    reader.finish()
    return Fleet(units=tuple(units))


class _Reader:
    """One document, its faults collected."""

    def __init__(self, text: str, name: str, known: Catalogue) -> None:
        self.name = name
        self.faults: list[Fault] = []
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"{name} is not TOML: {error}. Mend that line.") from error
        for key in self.values.keys() - {"sensor", "vehicle", "unit"}:
            self._wrong(key, "The key is not known.", "Use [sensor.x], [vehicle.x] and [[unit]].")
        sensors = {**known.sensors, **self._each("sensor", self._sensor)}
        self._sensors = sensors
        vehicles = {**known.vehicles, **self._each("vehicle", self._vehicle)}
        self.catalogue = Catalogue(
            sensors=MappingProxyType(sensors), vehicles=MappingProxyType(vehicles)
        )

    def finish(self) -> None:
        """Raise what was found wrong."""
        if self.faults:
            raise BadInput("\n".join(str(fault) for fault in self.faults))

    def units(self) -> list[Unit]:
        """Return the units."""
        given = self.values.get("unit", [])
        if not isinstance(given, list) or not given:
            self._wrong("unit", "The fleet has no unit.", "Add [[unit]] with vehicle and base.")
            return []
        found = []
        for number, table in enumerate(given, start=1):
            where = f"unit {number}"
            try:
                found.append(self._unit(table, where))
            except BadInput as error:
                what, _, mend = str(error).rpartition(". ")
                self._wrong(where, f"{what}." if what else mend, mend)
        return found

    def _wrong(self, column: str, what: str, mend: str) -> None:
        self.faults.append(Fault(what=what, mend=mend, file=self.name, column=column))

    def _each(self, kind: str, make: Callable[[str, Mapping[str, Any]], Any]) -> dict[str, Any]:
        tables = self.values.get(kind, {})
        if not isinstance(tables, dict):
            self._wrong(kind, f"{kind} is no table.", f"Write [{kind}.my-{kind}].")
            return {}
        found = {}
        for key, table in tables.items():
            before = len(self.faults)
            if not isinstance(table, dict):
                self._wrong(f"{kind}.{key}", "It is no table.", f"Write [{kind}.{key}].")
                continue
            try:
                made = make(key, table)
            except BadInput as error:
                what, _, mend = str(error).rpartition(". ")
                self._wrong(f"{kind}.{key}", f"{what}." if what else mend, mend)
                continue
            if len(self.faults) == before:
                found[key] = made
        return found

    def _figures(
        self,
        key: str,
        table: Mapping[str, Any],
        needed: Mapping[str, tuple[str, float, float]],
        optional: Mapping[str, tuple[str, float, float]],
        words: set[str],
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Return figures in SI and their sources; faults are listed."""

        def wrong(column: str, what: str, mend: str) -> None:
            self._wrong(f"{key}.{column}", what, mend)

        known = {*needed, *optional, *words}
        for unknown in table.keys() - known:
            near = difflib.get_close_matches(unknown, sorted(known), 1)
            wrong(
                unknown, "The key is not known.", f"Write {near[0]!r}." if near else "Take it out."
            )
        numbers: dict[str, float] = {}
        sources: dict[str, str] = {}
        for column, (unit, low, high) in {**needed, **optional}.items():
            if column not in table:
                if column in needed:
                    wrong(column, "The figure is missing.", "Give value, unit and source.")
                continue
            value = figure(table[column], column, unit, low, high, wrong)
            if value is not None:
                numbers[column] = value
                sources[column] = str(table[column]["source"])
        return numbers, sources

    def _sensor(self, key: str, table: Mapping[str, Any]) -> Sensor | None:
        unit = "mol mol-1" if table.get("sees") == "point" else "mol mol-1 m"
        needed = {"detection_limit": (unit, 1e-15, 1e6), **_OF_SENSOR}
        words = {"title", "sees", "species"}
        before = len(self.faults)
        numbers, sources = self._figures(f"sensor.{key}", table, needed, _MORE_OF_SENSOR, words)
        species = table.get("species")
        if not isinstance(species, list) or not species:
            self._wrong(f"sensor.{key}.species", "It lists no gas.", 'Name them, or write ["any"].')
        if len(self.faults) > before:
            return None
        assert isinstance(species, list)
        names = tuple(
            ANY_SPECIES if name == ANY_SPECIES else find_species(str(name)).name for name in species
        )
        return Sensor(
            name=key,
            title=str(table.get("title", key)),
            sees=str(table.get("sees")),
            species=names,
            sources=MappingProxyType(sources),
            **numbers,
        )

    def _vehicle(self, key: str, table: Mapping[str, Any]) -> Vehicle | None:
        words = {"title", "kind", "flies_as", "sensors", "stand_off", "night"}
        before = len(self.faults)
        where = f"vehicle.{key}"
        numbers, sources = self._figures(where, table, _OF_VEHICLE, _MORE_OF_VEHICLE, words)
        for flag in ("stand_off", "night"):
            if not isinstance(table.get(flag, False), bool):
                self._wrong(f"{where}.{flag}", "It is neither true nor false.", "Write one.")
        names = table.get("sensors", [])
        for name in names if isinstance(names, list) else [names]:
            if name not in self._sensors:
                self._wrong(
                    f"{where}.sensors",
                    f"No sensor is called {name!r}.",
                    f"There are {', '.join(self._sensors)}.",
                )
        if table.get("stand_off") is True and "margin" not in table:
            self._wrong(
                f"{where}.margin",
                "It stands off, and nobody says how far.",
                "Give the least distance from the border.",
            )
        if len(self.faults) > before:
            return None
        low, high = numbers.pop("lowest"), numbers.pop("highest")
        flies_as = table.get("flies_as")
        figures: dict[str, Any] = {"turn_radius": 0.0, **numbers}
        return Vehicle(
            name=key,
            title=str(table.get("title", key)),
            kind=str(table.get("kind")),
            height_range=(low, high),
            sensors=tuple(self._sensors[name] for name in names),
            stand_off=bool(table.get("stand_off", False)),
            night=bool(table.get("night", False)),
            flies_as=None if flies_as is None else str(flies_as),
            sources=MappingProxyType(sources),
            **figures,
        )

    def _unit(self, table: object, where: str) -> Unit:
        if not isinstance(table, dict):
            raise BadInput(f"{table!r} is no table. Write [[unit]].")
        for unknown in table.keys() - {"name", "vehicle", "count", "crews", "base", "ready"}:
            self._wrong(f"{where}.{unknown}", "The key is not known.", "Take it out.")
        vehicle = self.catalogue.vehicles.get(str(table.get("vehicle")))
        if vehicle is None:
            raise BadInput(
                f"No vehicle is called {table.get('vehicle')!r}. "
                f"Name one of {', '.join(self.catalogue.vehicles)}."
            )
        base = table.get("base")
        if not (
            isinstance(base, list)
            and len(base) == 2
            and all(isinstance(b, int | float) and not isinstance(b, bool) for b in base)
        ):
            raise BadInput("The base is missing or no place. Write base = [longitude, latitude].")
        ready = table.get("ready", [])
        if not isinstance(ready, list):
            raise BadInput("ready is no list of times. Write ready = [[from, until], ...].")
        return Unit(
            name=str(table.get("name", where)),
            vehicle=vehicle,
            count=_whole(table, "count"),
            crews=_whole(table, "crews"),
            base=(float(base[0]), float(base[1])),
            ready=tuple(_window(pair) for pair in ready),
        )


def _whole(table: Mapping[str, Any], key: str) -> int:
    value = table.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadInput(f"{key} is {value!r}. Write a whole number.")
    return value


def _window(pair: object) -> ReadyWindow:
    if not isinstance(pair, list) or len(pair) != 2:
        raise BadInput(f"{pair!r} is no time. Write [from, until].")
    return ReadyWindow(start=moment(pair[0]), until=moment(pair[1]))


def moment(value: object) -> datetime:
    """Return a time from TOML's own form or from text.

    Raises
    ------
    BadInput
        It is no time.
    """
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise BadInput(f"{value!r} is no time. Write it as 2026-12-01T06:00:00-05:00.") from error
