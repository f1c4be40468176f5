"""Reads a catalogue of aircraft: TOML in which each figure has a value, a unit and a source."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from barlovento.errors import BadInput, Fault
from barlovento.fly.airframe import (
    GRAVITY,
    SEA_LEVEL_DENSITY,
    Aircraft,
    Rotors,
    Wing,
)

KINDS = ("multirotor", "fixed_wing")

UNITS: Mapping[str, Mapping[str, float]] = {
    "m s-1": {"m s-1": 1.0, "km h-1": 1 / 3.6, "kn": 1852 / 3600},
    "m": {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254, "ft": 0.3048},
    "m2": {"m2": 1.0, "cm2": 1e-4},
    "kg": {"kg": 1.0, "g": 0.001},
    "J": {"J": 1.0, "kJ": 1e3, "Wh": 3600.0, "kWh": 3.6e6},
    "W": {"W": 1.0, "kW": 1e3},
    "s": {"s": 1.0, "min": 60.0, "h": 3600.0},
    "s m-1": {"s m-1": 1.0},
    "mol mol-1": {"mol mol-1": 1.0, "ppm": 1e-6, "ppb": 1e-9, "ppt": 1e-12},
    "mol mol-1 m": {"mol mol-1 m": 1.0, "ppm m": 1e-6, "ppb m": 1e-9},
    "1": {"1": 1.0},
}

_BOTH: Mapping[str, tuple[str, float, float]] = {
    "cruise": ("m s-1", 1.0, 350.0),
    "top_speed": ("m s-1", 1.0, 350.0),
    "climb_rate": ("m s-1", 0.1, 100.0),
    "descent_rate": ("m s-1", 0.1, 100.0),
    "wind_limit": ("m s-1", 0.1, 60.0),
    "ceiling": ("m", 1.0, 30_000.0),
    "mass": ("kg", 0.01, 200_000.0),
    "payload": ("kg", 0.0, 50_000.0),
    "battery": ("J", 1.0, 1e13),
    "usable": ("1", 0.01, 1.0),
}
"""Key: unit inside, smallest and greatest value that is believed."""

_OF_KIND: Mapping[str, Mapping[str, tuple[str, float, float]]] = {
    "multirotor": {
        "rotors": ("1", 1.0, 64.0),
        "rotor_diameter": ("m", 0.01, 20.0),
        "drag_area": ("m2", 0.0, 100.0),
        "hover_endurance": ("s", 1.0, 1e6),
    },
    "fixed_wing": {
        "turn_radius": ("m", 0.1, 20_000.0),
        "cruise_power": ("W", 0.1, 1e8),
        "hover_power": ("W", 0.0, 1e8),
        "climb_efficiency": ("1", 0.01, 1.0),
    },
}


def read_catalogue(text: str, *, name: str) -> Mapping[str, Aircraft]:
    """Return the aircraft of a catalogue.

    Parameters
    ----------
    text : str
        TOML.
    name : str
        Of the file, for messages.

    Returns
    -------
    mapping of str to Aircraft
        By name, in the order of the file.

    Raises
    ------
    BadInput
        It is no TOML, or an aircraft is incomplete or impossible; holds all faults.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not TOML: {error}. Mend that line.") from error
    faults: list[Fault] = []
    found = {}
    for key, table in tables.items():
        if not isinstance(table, dict):
            faults.append(
                Fault(
                    what=f"'{key}' stands outside of any aircraft.",
                    mend="Put it under a table such as [my-drone].",
                    file=name,
                )
            )
            continue
        aircraft = _aircraft(key, table, name, faults)
        if aircraft is not None:
            found[key] = aircraft
    if not tables:
        faults.append(
            Fault(what="No aircraft in it.", mend="Write a table such as [my-drone].", file=name)
        )
    if faults:
        raise BadInput("\n".join(str(fault) for fault in faults))
    return MappingProxyType(found)


def _aircraft(key: str, table: dict[str, Any], file: str, faults: list[Fault]) -> Aircraft | None:
    """Return one aircraft, or None after its faults are listed."""
    before = len(faults)

    def wrong(column: str, what: str, mend: str) -> None:
        faults.append(Fault(what=what, mend=mend, file=file, column=f"{key}.{column}"))

    kind = table.get("kind")
    if kind not in KINDS:
        wrong("kind", f"{kind!r} is no kind of aircraft.", f"Write one of {', '.join(KINDS)}.")
        return None
    wanted = {**_BOTH, **_OF_KIND[kind]}
    for unknown in table.keys() - wanted.keys() - {"kind", "title"}:
        near = difflib.get_close_matches(unknown, wanted, 1)
        wrong(
            unknown,
            f"A {kind} has no such figure.",
            f"Write {near[0]!r} if that was meant." if near else "Take it out.",
        )
    figures: dict[str, float] = {}
    sources: dict[str, str] = {}
    for column, (unit, low, high) in wanted.items():
        if column not in table:
            wrong(column, "The figure is missing.", "Give value, unit and source.")
            continue
        value = figure(table[column], column, unit, low, high, wrong)
        if value is not None:
            figures[column] = value
            sources[column] = str(table[column]["source"])
    if len(faults) == before:
        _check_together(figures, kind, wrong)
    if len(faults) > before:
        return None
    return _assembled(key, str(table.get("title", key)), kind, figures, sources)


def figure(
    given: object, column: str, unit: str, low: float, high: float, wrong: Any
) -> float | None:
    """Return a figure in our unit, or None after its fault is listed.

    Parameters
    ----------
    given : object
        Table of the file.
    column, unit : str
        Its name, and our unit.
    low, high : float
        What it lies between [our unit].
    wrong : callable
        Takes column, fault and mend.
    """
    units = UNITS[unit]
    if not isinstance(given, dict) or not {"value", "unit", "source"} <= given.keys():
        wrong(
            column,
            f"{given!r} is not a figure with value, unit and source.",
            f'Write {column} = {{ value = ..., unit = "{unit}", source = "..." }}.',
        )
        return None
    value, source = given["value"], given["source"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        wrong(column, f"{value!r} is no number.", f"Give a number in {unit}.")
        return None
    if given["unit"] not in units:
        wrong(column, f"The unit {given['unit']!r} does not fit.", f"Use {', '.join(units)}.")
        return None
    if not isinstance(source, str) or not source.strip():
        wrong(column, "The source is empty.", "Say where the figure is from, or 'assumed'.")
        return None
    inside = float(value) * units[given["unit"]]
    if not low <= inside <= high:
        wrong(
            column,
            f"{inside:g} {unit} is not between {low:g} and {high:g} {unit}.",
            "Mend the value or its unit.",
        )
        return None
    return inside


def _check_together(figures: Mapping[str, float], kind: str, wrong: Any) -> None:
    """List what is impossible only beside another figure."""
    if figures["top_speed"] < figures["cruise"]:
        wrong("top_speed", "It is below cruise.", "Give at least the speed of cruise.")
    if figures["wind_limit"] >= figures["top_speed"]:
        wrong(
            "wind_limit",
            "The wind may be as fast as the aircraft.",
            "Give less than top_speed: no way leads home otherwise.",
        )
    if kind == "multirotor":
        efficiency = _ideal_hover(figures) / _spent_hover(figures)
        if efficiency >= 1:
            wrong(
                "hover_endurance",
                f"Hover takes less than an ideal rotor needs ({efficiency:.2f} times).",
                "Mend endurance, battery, mass or rotors.",
            )


def _ideal_hover(figures: Mapping[str, float]) -> float:
    """Return an ideal rotor's power without payload [W] (Leishman 2006, chapter 2)."""
    weight = figures["mass"] * GRAVITY
    return weight * math.sqrt(weight / (2.0 * SEA_LEVEL_DENSITY * _disc_area(figures)))


def _spent_hover(figures: Mapping[str, float]) -> float:
    return figures["battery"] / figures["hover_endurance"]


def _disc_area(figures: Mapping[str, float]) -> float:
    return figures["rotors"] * math.pi * (figures["rotor_diameter"] / 2) ** 2


def _assembled(
    key: str, title: str, kind: str, figures: Mapping[str, float], sources: Mapping[str, str]
) -> Aircraft:
    rotors = wing = None
    if kind == "multirotor":
        rotors = Rotors(
            disc_area=_disc_area(figures),
            drag_area=figures["drag_area"],
            efficiency=_ideal_hover(figures) / _spent_hover(figures),
        )
    else:
        wing = Wing(
            cruise_power=figures["cruise_power"],
            hover_power=figures["hover_power"],
            climb_efficiency=figures["climb_efficiency"],
        )
    return Aircraft(
        name=key,
        title=title,
        kind=kind,
        cruise=figures["cruise"],
        top_speed=figures["top_speed"],
        climb_rate=figures["climb_rate"],
        descent_rate=figures["descent_rate"],
        turn_radius=figures.get("turn_radius", 0.0),
        battery=figures["battery"] * figures["usable"],
        mass=figures["mass"] + figures["payload"],
        ceiling=figures["ceiling"],
        wind_limit=figures["wind_limit"],
        rotors=rotors,
        wing=wing,
        sources=MappingProxyType(dict(sources)),
    )
