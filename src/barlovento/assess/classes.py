"""The classes of known emitters: the table as records, and the one name of each gas in it."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import Any

from barlovento.domain.emitter import BACKGROUND, UNEXPLAINED, Shape

KILOGRAMS = 1e-3
"""Of a gram [kg]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Every width and choice that the table of look-alikes leaves open; ``classes.toml`` says each.

    Shares are of a class's whole rate [1], ``..._gsd`` geometric standard deviations [1],
    ``..._g_s`` rates [g s-1], ``..._m`` lengths [m].
    """

    range_holds: float
    about_gsd: float
    open_rate_g_s: tuple[float, float]
    large_rate_g_s: tuple[float, float]
    main_gsd: float
    with_gsd: float
    marker_share: float
    marker_gsd: float
    mixture_gsd: float
    rest_share: float
    far_rest_share: float
    rest_gsd: float
    sign_missing: float
    any_of_missing: float
    mixed: float
    foreign: tuple[float, float]
    tail: float
    shared_rate_gsd: float
    least_rate_gsd: float
    limit_gsd: float
    missed_anyway: float
    unexplained_rate_g_s: float
    unexplained_rate_gsd: float
    number_of_gases: str
    any_share: float
    any_share_gsd: float
    shape_named: float
    shape_open: tuple[float, float, float]
    extent_m: Mapping[str, float]
    extent_gsd: float
    working_hours: tuple[float, float]
    working_days: tuple[int, int]
    outside_hours: float
    background_prior: float
    classes_prior: str
    unregistered_per_km2: float
    register_holds: float
    registered_emits: float
    register_tail: float
    source_place_least_m: float
    register_place_m: float
    join_within_m: float
    report_unexplained_above: float
    report_class_above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Gases that a class gives off together.

    Parameters
    ----------
    offsets : mapping of str to float
        Logarithm of each gas's expected part of this sign [ln 1].
    within_gsd : float
        Geometric spread of each gas about it [1].
    share : float
        Expected part of the sign in the class's rate [1].
    share_gsd : float
        Geometric spread of that [1].
    missing : float
        Probability that a gas of the sign is not there [1].
    """

    offsets: Mapping[str, float]
    within_gsd: float
    share: float
    share_gsd: float
    missing: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EmitterClass:
    """One kind of emitter.

    Parameters
    ----------
    name, says : str
        Its word, and what tells it apart.
    rate : float
        Median of its emission rate [kg s-1].
    rate_gsd : float
        Geometric standard deviation [1].
    signs : tuple of Sign
        What it gives off.
    rest_share : float
        Expected share of any other gas [1].
    shape : str or None
        As the table names it.
    working_hours : bool
        Whether it emits in working hours.
    """

    name: str
    says: str
    rate: float
    rate_gsd: float
    signs: tuple[Sign, ...]
    rest_share: float
    shape: Shape | None
    working_hours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassTable:
    """All classes with what is assumed, and the names of gases.

    Parameters
    ----------
    assume : Assumptions
        Widths and choices.
    classes : tuple of EmitterClass
        The known look-alikes.
    synonyms : mapping of str to str
        Other names of gases.
    """

    assume: Assumptions
    classes: tuple[EmitterClass, ...]
    synonyms: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Words of the classes, in the table's order."""
        return tuple(one.name for one in self.classes)

    def gas(self, name: str) -> str:
        """Return the one name under which the table knows a gas; any other name as it is.

        Parameters
        ----------
        name : str
            In any case.
        """
        plain = " ".join(name.replace("_", " ").split()).lower()
        return self.synonyms.get(plain, plain)

    def word(self, kind: str) -> str:
        """Return the table's word for a kind of emitter; one that is not in it as it is.

        Parameters
        ----------
        kind : str
            As people write it, "Fuel station".
        """
        plain = "_".join(kind.lower().replace("-", " ").replace("_", " ").split())
        return plain if plain in self.names else kind

    def prior(self) -> dict[str, float]:
        """Return the probabilities before the readings, with ``unexplained`` and ``background``."""
        nothing = self.assume.background_prior
        each = (1.0 - nothing) / (len(self.classes) + 1)
        return {**dict.fromkeys((*self.names, UNEXPLAINED), each), BACKGROUND: nothing}


def read_table(text: str) -> ClassTable:
    """Return the table of a TOML text such as the shipped ``classes.toml``.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    ClassTable
        Rates in SI.
    """
    document = tomllib.loads(text)
    raw = document["assumptions"]
    values: dict[str, Any] = {field.name: _tuple(raw[field.name]) for field in fields(Assumptions)}
    assume = Assumptions(**values)
    classes = tuple(_class(entry, document["groups"], assume) for entry in document["class"])
    return ClassTable(assume=assume, classes=classes, synonyms=document["synonyms"])


@cache
def shipped_table() -> ClassTable:
    """Return the table that comes with the program."""
    file = resources.files("barlovento.assess").joinpath("classes.toml")
    return read_table(file.read_text(encoding="utf-8"))


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _class(
    entry: Mapping[str, Any], groups: Mapping[str, list[str]], assume: Assumptions
) -> EmitterClass:
    rate, gsd = _rate(entry["rate_g_s"], assume)
    mains = sum(sign["role"] == "main" for sign in entry["signs"])
    far = entry.get("rest") == "far"
    return EmitterClass(
        name=entry["name"],
        says=entry["says"],
        rate=rate,
        rate_gsd=gsd,
        signs=tuple(_sign(sign, groups, assume, mains) for sign in entry["signs"]),
        rest_share=assume.far_rest_share if far else assume.rest_share,
        shape=entry.get("shape"),
        working_hours=entry.get("working_hours", False),
    )


def _rate(told: Any, assume: Assumptions) -> tuple[float, float]:
    """Return median [kg s-1] and geometric standard deviation [1] of what the table tells."""
    if isinstance(told, (int, float)):
        return told * KILOGRAMS, assume.about_gsd
    open_ranges = {"open": assume.open_rate_g_s, "large": assume.large_rate_g_s}
    low, high = open_ranges[told] if isinstance(told, str) else told
    return math.sqrt(low * high) * KILOGRAMS, math.exp(
        math.log(high / low) / 2.0 / _quantile(assume.range_holds)
    )


def _quantile(held: float) -> float:
    """Return how many standard deviations about the middle hold that share [1]."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + held / 2.0)


def _sign(
    sign: Mapping[str, Any], groups: Mapping[str, list[str]], assume: Assumptions, mains: int
) -> Sign:
    share, share_gsd = {
        # The rate that the table states is then this sign's own.
        "main": (1.0 / mains, assume.main_gsd if mains > 1 else 1.0),
        "with": (1.0, assume.with_gsd),
        "marker": (assume.marker_share, assume.marker_gsd),
    }[sign["role"]]
    if "any_of" in sign:
        return Sign(
            offsets=dict.fromkeys(groups[sign["any_of"]], 0.0),
            within_gsd=assume.mixture_gsd,
            share=share,
            share_gsd=share_gsd,
            missing=assume.any_of_missing,
        )
    parts = sign["mixture"]
    # Without its one main gas there is nothing left of a class.
    defining = sign["role"] == "main" and mains == 1 and len(parts) == 1
    offsets, within = [-math.log(len(parts))] * len(parts), assume.mixture_gsd
    if "ratio" in sign:
        low, high = sign["ratio"]
        middle = math.log(low * high) / 2.0
        offsets = [middle / 2.0, -middle / 2.0]
        # The ratio's own spread, parted between its two gases.
        within = math.exp(math.log(high / low) / 2.0 / _quantile(assume.range_holds) / 2**0.5)
    return Sign(
        offsets={
            gas: offset
            for part, offset in zip(parts, offsets, strict=True)
            for gas in groups.get(part, [part])
        },
        within_gsd=within if len(parts) > 1 else 1.0,
        share=share,
        share_gsd=share_gsd,
        missing=0.0 if defining else assume.sign_missing,
    )
