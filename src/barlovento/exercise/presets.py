"""Sensor presets: what the drones of an exercise can carry, from ``presets.toml``."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from barlovento.domain.species import find_species
from barlovento.errors import BadInput

ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of sensor; the file says what each key means.

    Parameters
    ----------
    name, title, source : str
        Short name, what people read, and where the figures come from.
    measures : tuple of str
        Species that it tells apart; ``("all",)`` for every species of the exercise, empty where
        it gives a sum.
    sum : mapping of str to float
        Relative responses of an unselective sensor [1].
    cross : mapping of str to mapping
        For a channel, the share of other species that shows up in it [1].
    rise, fall : float
        Time to 90 % of a step up and down [s].
    lag : float
        The gas is told this much late [s].
    power, bend : float
        Exponent of the response, and the mole fraction from which it bends [1], [ppb].
    noise, noise_share : float
        Of a one-second reading: white [ppb, or ppb m], and over the reading [1].
    drift, drift_time : float
        Slow wandering of the zero [ppb, or ppb m], [s].
    zero, gain : float
        Standard deviations of an instrument's own zero [ppb, or ppb m] and of the logarithm of
        its sensitivity [1].
    detection_limit, saturation : float or None
        Between these it tells a number [ppb, or ppb m].
    interval : int
        Seconds that a reading averages [s].
    column : bool
        Whether it reads the mean along the path straight down.
    """

    name: str
    title: str
    source: str
    measures: tuple[str, ...] = ()
    sum: Mapping[str, float] = field(default_factory=dict)
    cross: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    rise: float = 0.0
    fall: float = 0.0
    lag: float = 0.0
    power: float = 1.0
    bend: float = 1.0
    noise: float = 0.0
    noise_share: float = 0.0
    drift: float = 0.0
    drift_time: float = 600.0
    zero: float = 0.0
    gain: float = 0.0
    detection_limit: float | None = None
    saturation: float | None = None
    interval: int = 1
    column: bool = False

    def channels(self, species: tuple[str, ...]) -> tuple[Channel, ...]:
        """Return the numbers that it shows in an exercise.

        Parameters
        ----------
        species : tuple of str
            Those of the exercise, the one that is searched for first.

        Returns
        -------
        tuple of Channel
            None where it responds to nothing in the list.
        """
        if self.sum:
            seen = [k for k, name in enumerate(species) if self.sum.get(name, 0.0) > 0.0]
            if not seen:
                return ()
            unit = self.sum[species[seen[0]]]
            weights = tuple(self.sum.get(name, 0.0) / unit for name in species)
            return (Channel(seen[0], weights),)
        told = [
            k for k, name in enumerate(species) if ALL in self.measures or name in self.measures
        ]
        return tuple(
            Channel(
                k,
                tuple(
                    1.0 if j == k else self.cross.get(species[k], {}).get(name, 0.0)
                    for j, name in enumerate(species)
                ),
            )
            for k in told
        )


@dataclass(frozen=True, slots=True)
class Channel:
    """One number that a sensor shows.

    Parameters
    ----------
    species : int
        Under which species of the exercise it is told.
    weights : tuple of float
        Response to each species of the exercise [1].
    """

    species: int
    weights: tuple[float, ...]


_FIELDS = {
    "rise": "rise_s",
    "fall": "fall_s",
    "lag": "lag_s",
    "power": "power",
    "bend": "bend_ppb",
    "noise": "noise_ppb",
    "noise_share": "noise_share",
    "drift": "drift_ppb",
    "drift_time": "drift_time_s",
    "zero": "zero_ppb",
    "gain": "gain_share",
    "detection_limit": "detection_limit_ppb",
    "saturation": "saturation_ppb",
}


@cache
def presets() -> Mapping[str, Preset]:
    """Return all presets by name."""
    text = (files("barlovento.exercise") / "presets.toml").read_text(encoding="utf-8")
    return {name: _preset(name, table) for name, table in tomllib.loads(text).items()}


def preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises
    ------
    BadInput
        There is none; names like it are suggested.
    """
    known = presets()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise BadInput(f"There is no sensor preset {name!r}. {hint}There are: {', '.join(known)}.")
    return known[name]


def _preset(name: str, table: Mapping[str, Any]) -> Preset:
    measures = table.get("measures", ())
    numbers = {key: float(table[told]) for key, told in _FIELDS.items() if told in table}
    unit: dict[str, Any] = dict(numbers)
    return Preset(
        name=name,
        title=table["title"],
        source=table["source"],
        measures=(ALL,) if measures == ALL else tuple(find_species(s).name for s in measures),
        sum={find_species(s).name: float(v) for s, v in table.get("sum", {}).items()},
        cross={
            find_species(s).name: {find_species(o).name: float(v) for o, v in others.items()}
            for s, others in table.get("cross", {}).items()
        },
        interval=int(table.get("interval_s", 1)),
        column=bool(table.get("column", False)),
        **unit,
    )
