"""Look-alikes and clean air as the simulator draws them, from the tables beside this module."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from barlovento.domain.species import find_species
from barlovento.exercise.sites import Level

NEVER = ((-2.0, -1.0),)
"""Hours of a place that is shut all day [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """One class of places; the file says what each key means.

    Parameters
    ----------
    name, title, source : str
        Short name, what people read, and where the figures come from.
    rate : tuple of float
        Range [kg s-1].
    of : str or None
        Species that the rate is of, None for the sum of all.
    ratios : mapping of str to float
        Mass over that [1].
    ratio_gsd : float
        Geometric standard deviation of each ratio [1].
    cover : tuple of float
        Length and width [m].
    pieces : int
        Openings that it is drawn as.
    height : tuple of float
        Range [m].
    size : float
        Initial radius [m].
    hours : tuple of float or None
        Local hours from and until [h].
    weekdays : bool
        Whether it is shut on Saturdays and Sundays.
    """

    name: str
    title: str
    source: str
    rate: tuple[float, float]
    of: str | None
    ratios: Mapping[str, float]
    ratio_gsd: float
    cover: tuple[float, float]
    pieces: int
    height: tuple[float, float]
    size: float
    hours: tuple[float, float] | None
    weekdays: bool

    def rates(self, rng: np.random.Generator) -> dict[str, float]:
        """Return rates of one such place [kg s-1]."""
        low, high = (math.log(value) for value in self.rate)
        whole = math.exp(rng.uniform(low, high))
        scatter = math.log(self.ratio_gsd)
        drawn = {
            name: ratio * math.exp(scatter * rng.standard_normal())
            for name, ratio in self.ratios.items()
        }
        unit = sum(drawn.values()) if self.of is None else drawn[self.of]
        return {name: whole * ratio / unit for name, ratio in drawn.items()}

    def windows(
        self, start: datetime, duration: int, local_offset: float
    ) -> tuple[tuple[float, float], ...]:
        """Return when such a place is open, after the start of the flight [s].

        Parameters
        ----------
        start : datetime
            Of the flight.
        duration : int
            Of the flight [s].
        local_offset : float
            Local time less UTC [h].
        """
        if self.hours is None:
            return ()
        local = start + timedelta(hours=local_offset)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        found = []
        for day in range(-1, 2 + duration // 86400):
            date = midnight + timedelta(days=day)
            if self.weekdays and date.weekday() >= 5:
                continue
            ends = [(date + timedelta(hours=h) - local).total_seconds() for h in self.hours]
            found.append((ends[0], ends[1]))
        return tuple(found) or NEVER


@cache
def lookalikes() -> Mapping[str, Lookalike]:
    """Return all classes by name."""
    return {name: _lookalike(name, table) for name, table in _document("lookalikes").items()}


def backgrounds(species: tuple[str, ...], land_use: str) -> dict[str, Level]:
    """Return the clean air of some species; nothing of those that the table doesn't hold.

    Parameters
    ----------
    species : tuple of str
        Names.
    land_use : str
        "rural" or "urban".
    """
    table = _document("backgrounds")
    column = 0 if land_use == "rural" else 1
    return {
        name: Level(
            mean=float(table["levels"][name][column]) if name in table["levels"] else 0.0,
            deviation=float(table["slow"].get(name, table["deviation"])),
            time=float(table["time_s"]),
        )
        for name in species
    }


def _document(name: str) -> dict[str, Any]:
    text = (files("barlovento.exercise") / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _lookalike(name: str, table: Mapping[str, Any]) -> Lookalike:
    low, high = table["rate_g_s"]
    hours = table.get("open_hours")
    return Lookalike(
        name=name,
        title=table["title"],
        source=table["source"],
        rate=(1e-3 * low, 1e-3 * high),
        of=None if table["of"] == "sum" else find_species(table["of"]).name,
        ratios={find_species(s).name: float(v) for s, v in table["ratios"].items()},
        ratio_gsd=float(table["ratio_gsd"]),
        cover=(float(table["cover_m"][0]), float(table["cover_m"][1])),
        pieces=int(table.get("pieces", 1)),
        height=(float(table["height_m"][0]), float(table["height_m"][1])),
        size=float(table["size_m"]),
        hours=None if hours is None else (float(hours[0]), float(hours[1])),
        weekdays=bool(table.get("weekdays", False)),
    )
