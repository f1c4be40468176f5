"""Emitters, air and instruments to judge the classifier by; shares no value with its table.

Every number here was written down apart from ``classes.toml``: compositions are orders of magnitude
from general knowledge, each gas then scatters by a factor of two (geometric standard deviation)
about them. Hidden sites give off one to four common solvents, drawn alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from barlovento.domain.emitter import Geometry, RateEstimate, Registered

SHARES: dict[str, dict[str, float]] = {
    "fuel_station": {
        "butane": 0.35, "pentane": 0.35, "hexane": 0.10, "toluene": 0.05, "o-xylene": 0.03,
        "benzene": 0.015,
    },
    "paint_shop": {
        "o-xylene": 0.30, "butyl acetate": 0.25, "ethyl acetate": 0.15, "toluene": 0.15,
        "2-butanone": 0.05, "acetone": 0.05,
    },
    "dry_cleaner": {"tetrachloroethylene": 1.0},
    "livestock": {"ammonia": 1.0, "methane": 5.0, "methanol": 0.02, "acetone": 0.01},
    "landfill": {"methane": 1.0, "ammonia": 3e-4, "toluene": 2e-4, "o-xylene": 1e-4},
    "burning": {
        "carbon monoxide": 1.0, "methane": 0.08, "methanol": 0.02, "nitrogen dioxide": 0.02,
        "benzene": 0.006, "acetonitrile": 0.004, "toluene": 0.003, "acetone": 0.008,
    },
    "traffic": {
        "carbon monoxide": 1.0, "nitrogen dioxide": 0.15, "toluene": 0.020, "benzene": 0.008,
        "o-xylene": 0.006, "pentane": 0.02,
    },
}  # fmt: skip
"""Mass shares of the rate below [1]."""

RATES: dict[str, tuple[float, float]] = {
    "fuel_station": (0.05, 2.0),
    "paint_shop": (0.2, 2.2),
    "dry_cleaner": (0.02, 1.6),
    "livestock": (0.18, 1.5),
    "landfill": (20.0, 3.0),
    "burning": (0.25, 2.5),
    "traffic": (1.0, 3.0),
}
"""Median [g s-1] and geometric standard deviation [1] of the rate that shares refer to."""

SOLVENTS = (
    "acetone", "ethanol", "methanol", "toluene", "o-xylene", "dichloromethane", "2-butanone",
    "ethyl acetate", "acetonitrile", "hexane",
)  # fmt: skip
HIDDEN_RATE = (0.05, 4.0)

SHAPES = {"traffic": "line", "livestock": "area", "landfill": "area"}
WIDE = tuple(sorted({gas for shares in SHARES.values() for gas in shares} | set(SOLVENTS)))
NARROW = ("acetone", "benzene", "carbon monoxide", "methane", "o-xylene", "toluene")
PANELS = {"wide": WIDE, "narrow": NARROW}
"""What is measured: all gases above, or six of them."""

SCATTER = 2.0
LIMIT, LIMIT_SCATTER, LIMIT_ERROR = 0.004, 2.0, 1.5
"""Rate seen half the time [g s-1], its spread between surveys and gases, and its own error."""
SHARED_ERROR, OWN_ERROR, STATED = 1.35, 1.35, 0.85
"""Of rates; what is stated is that share of the true logarithmic error, as real surveys show."""
MISSED, FALSE = 0.03, 0.01
"""Strong gases that are missed; gases that seem to be there and are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One flight over one emitter, or over none.

    Parameters
    ----------
    truth : str
        A class, ``unexplained`` for a hidden site, or ``background``.
    rates : mapping of str to RateEstimate
        What the flight gives.
    geometry : Geometry
        How the source looked.
    hour, weekday : float and int
        Local time.
    registered : tuple of Registered
        Known emitters around.
    """

    truth: str
    rates: Mapping[str, RateEstimate]
    geometry: Geometry
    hour: float
    weekday: int
    registered: tuple[Registered, ...]

    @property
    def found(self) -> int:
        """How many gases were found."""
        return sum(rate.detected for rate in self.rates.values())


def draw(truth: str, panel: str, rng: np.random.Generator) -> World:
    """Return one flight over an emitter of that kind.

    Parameters
    ----------
    truth : str
        Class, ``unexplained`` or ``background``.
    panel : str
        Name of what is measured.
    rng : Generator
        Of every random number.
    """
    emitted = _emitted(truth, rng)
    survey = rng.normal(0, math.log(LIMIT_SCATTER))
    shared = rng.normal(0, math.log(SHARED_ERROR))
    rates = {}
    for gas in PANELS[panel]:
        limit = math.log(LIMIT) + survey + rng.normal(0, math.log(LIMIT_SCATTER) / 2)
        rates[gas] = _estimate(emitted.get(gas, 0.0), limit, shared, rng)
    weekday = int(rng.integers(7))
    hour = float(rng.uniform(6, 22))
    if truth == "paint_shop":
        # Flown while it emits; one in twenty works late.
        hour = float(rng.uniform(8, 17)) if rng.random() < 0.95 else hour
        weekday = int(rng.integers(5))
    return World(
        truth=truth,
        rates=rates,
        geometry=_geometry(truth, rng),
        hour=hour,
        weekday=weekday,
        registered=_register(truth, rng),
    )


def _emitted(truth: str, rng: np.random.Generator) -> dict[str, float]:
    """Return each gas's true rate [g s-1]."""
    if truth == "background":
        return {}
    if truth == "unexplained":
        gases = rng.choice(SOLVENTS, size=int(rng.integers(1, 5)), replace=False)
        total = HIDDEN_RATE[0] * math.exp(rng.normal(0, math.log(HIDDEN_RATE[1])))
        parts = rng.dirichlet(np.ones(len(gases)))
        return {str(gas): total * float(part) for gas, part in zip(gases, parts, strict=True)}
    median, gsd = RATES[truth]
    total = median * math.exp(rng.normal(0, math.log(gsd)))
    return {
        gas: total * share * math.exp(rng.normal(0, math.log(SCATTER)))
        for gas, share in SHARES[truth].items()
    }


def _estimate(rate: float, limit: float, shared: float, rng: np.random.Generator) -> RateEstimate:
    """Return what locate might tell of a gas, given its true rate and half-seen limit [g s-1]."""
    told_limit = math.exp(limit + 1.2816 * math.log(1.6) + rng.normal(0, math.log(LIMIT_ERROR)))
    strength = math.log(rate) - limit if rate > 0 else -math.inf
    seen = rng.normal() < strength / math.log(1.6) and rng.random() > MISSED
    if not seen and rng.random() < FALSE:
        rate, seen, probability = math.exp(limit), True, rng.uniform(0.5, 0.9)
    else:
        # A weak source is found with less certainty.
        probability = 1 - 0.4 * math.exp(-max(strength, 0.0) * 2) if seen else 0.0
    if not seen:
        return RateEstimate(detected=False, limit=told_limit * 1e-3)
    error = math.log(OWN_ERROR)
    middle = rate * 1e-3 * math.exp(shared + rng.normal(0, error))
    width = STATED * math.hypot(error, math.log(SHARED_ERROR))
    return RateEstimate(
        detected=True,
        median=middle,
        q05=middle * math.exp(-1.645 * width),
        q95=middle * math.exp(1.645 * width),
        limit=told_limit * 1e-3,
        probability=float(probability),
    )


def _geometry(truth: str, rng: np.random.Generator) -> Geometry:
    """Half of the sources were looked at; of those one in ten was taken for something else."""
    if rng.random() < 0.5 or truth == "background":
        return Geometry()
    kind = SHAPES.get(truth, "point")
    if rng.random() < 0.1:
        kind = str(rng.choice(["point", "area", "line"]))
    middle = {"point": 8.0, "area": 90.0, "line": 300.0}[SHAPES.get(truth, "point")]
    extent = middle * math.exp(rng.normal(0, math.log(2.0)))
    return Geometry(kind=kind, extent=extent)  # type: ignore[arg-type]


def _register(truth: str, rng: np.random.Generator) -> tuple[Registered, ...]:
    """Six in ten look-alikes are registered, and others lie around by chance (2 km each way)."""
    sigma = math.hypot(float(rng.uniform(8, 40)), 20.0)
    known = []
    if truth in SHARES and rng.random() < 0.6:
        apart = float(np.hypot(*rng.normal(0, sigma, 2)))
        known.append(Registered(kind=truth, distance=apart, sigma=sigma))
    for kind in SHARES:
        for _ in range(int(rng.poisson(0.15 * 16))):
            apart = float(np.hypot(*rng.uniform(-2000, 2000, 2)))
            known.append(Registered(kind=kind, distance=apart, sigma=sigma))
    return tuple(known)
