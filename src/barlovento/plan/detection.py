r"""How surely a sweep of parallel legs across the wind sees a source, or why it sees nothing.

A leg that crosses the plume a distance x downwind meets, at one moment, a narrow plume whose axis
lies at a height that wanders (Gifford 1959, Adv. Geophys. 6, 117). With the ten-minute spreads
s_y, s_z and a share m of their variance in the wandering, the excess on a leg at height z is

    c = G q V(z; z_c, r s_z) / (2 pi r s_y r s_z U) f,   r = sqrt(1 - m),                     (1)

z_c from a normal deviation sqrt(m) s_z about the release height, folded at the ground, G gamma of
mean one (Yee and Wilson 2000, Boundary-Layer Meteorol. 95, 391), V both images as in
:mod:`barlovento.dispersion.plume`, and f what an instrument with a lag that averages over its path
keeps of the peak. Over z_c the mean of (1) is the mean plume. What a whole sortie has wrong (wind,
stability) is one factor on c for all its legs. Legs see independently given that factor; a source
that is on and off keeps its state from leg to leg as a Markov chain does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.fleet import Sensor, Vehicle
from barlovento.domain.region import RatePrior, Weather
from barlovento.domain.species import find_species
from barlovento.errors import BadInput
from barlovento.plan.crossing import Excess, normal_nodes

Floats = NDArray[np.float64]

WITHIN = 0.8
"""Deviation of G over its mean within the narrow plume (assumed; about what Yee and Wilson 2000
find well downwind) [1]."""
SHARED = 0.4
"""Deviation of the logarithm of the factor that a sortie shares (assumed: a third to a half is the
usual scatter of plume models) [1]."""
FARTHEST, NEAREST = 6000.0, 5.0
"""Distances downwind at which legs are counted [m]."""
NODES = 48
"""Distances at which (1) is worked out [1]."""
SPACINGS = np.array([30, 50, 75, 100, 150, 200, 300, 400, 600, 800, 1200], dtype=float)
"""Spacings among which the best is looked for; a swath is added to them [m]."""
SEES_NOTHING = 0.02
"""A sweep that sees no more than this of the strongest twentieth sees nothing [1]."""
LEVELS = np.arange(0.025, 1.0, 0.05)
"""Quantiles of the prior at which rates are looked at [1]."""
PIXEL = 30.0
"""Distance at which an image looks at the young plume (assumed) [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What a sweep sees.

    Parameters
    ----------
    sees : bool
        False where it sees nothing; then ``why`` says the reason.
    why : str
        A sentence for people.
    probability : float
        That a source in the strip is seen, over the prior of its rate [1].
    rates, by_rate : ndarray, shape (r,)
        Rates [kg s-1], equally probable by the prior, and the probability for each [1].
    spacing : float
        Of the legs [m].
    height : float
        [m above ground].
    speed : float
        Over ground on a leg [m s-1].
    strongest, strongest_at : float
        The greatest mean excess of a source of median rate at this height, as the sensor's limit
        counts, and its distance downwind [m].
    """

    sees: bool
    why: str
    probability: float
    rates: Floats
    by_rate: Floats
    spacing: float
    height: float
    speed: float
    strongest: float = 0.0
    strongest_at: float = 0.0

    @property
    def per_second(self) -> float:
        """Area searched each second times the probability [m2 s-1]."""
        return self.probability * self.spacing * self.speed


def sweep_detection(
    vehicle: Vehicle,
    sensor: Sensor | None,
    *,
    height: float,
    spacing: float | None,
    weather: Weather,
    rate_prior: RatePrior,
    release_height: float,
    species: str,
    leg_seconds: float = 120.0,
    extent: float = FARTHEST,
) -> Detection:
    """Return what a sweep by one aircraft in one wind sees.

    Parameters
    ----------
    vehicle, sensor : Vehicle, Sensor or None
        What flies and what it carries; None for nothing.
    height : float
        [m above ground].
    spacing : float or None
        Of the legs; None for the one that finds most in a flight second [m].
    weather : Weather
        Wind and stability.
    rate_prior : RatePrior
        How strong a source may be, and when it is on.
    release_height : float
        [m above ground].
    species : str
        What is looked for.

    Other Parameters
    ----------------
    leg_seconds : float
        From one leg to the next [s].
    extent : float
        Legs farther downwind of the source than this are not part of the sweep [m].

    Returns
    -------
    Detection
        With probability zero and the reason where it sees nothing.

    Raises
    ------
    BadInput
        A height, spacing or extent that is no length.
    """
    lengths = (height, spacing or 1.0, extent, release_height, leg_seconds)
    if not all(math.isfinite(length) and length > 0 for length in lengths):
        raise BadInput(
            f"A sweep at {height} m with legs {spacing} m apart over {extent} m is none. "
            "Give lengths above zero."
        )
    rates = prior_rates(rate_prior)
    speed = vehicle.speed_across(weather.wind_speed)
    reason = _unable(vehicle, sensor, height, weather, species)
    if reason is not None or sensor is None:
        return _nothing(reason or "", rates, spacing, height, speed)
    x = np.geomspace(NEAREST, max(extent, 2 * NEAREST), NODES)
    excess = Excess(sensor, x, height, release_height, weather, species, speed)
    seen, factors = _seen_on_a_leg(sensor, excess, rates)
    options = np.array([spacing]) if spacing else SPACINGS[extent >= SPACINGS]
    if sensor.sees == "image" and not spacing:
        options = np.array([sensor.swath * height])
    every = np.array(
        [
            _sweep(sensor, height, x, seen, factors, s, rate_prior, leg_seconds, weather, extent)
            for s in options
        ]
    )
    best = int(np.argmax(every.mean(axis=1) * options))
    by_rate = every[best]
    k = int(np.argmax(excess.mean))
    peak, peak_at = rate_prior.median * float(excess.mean[k]), float(x[k])
    if by_rate[-1] <= SEES_NOTHING:
        why = (
            f"{vehicle.name} with {sensor.title} sees nothing at {height:g} m: it needs "
            f"{_shown(sensor.detection_limit, sensor)}, and a source of "
            f"{1000 * rate_prior.median:.3g} g/s gives {_shown(peak, sensor)} there at most, "
            f"{peak_at:,.0f} m downwind in class {weather.stability} with "
            f"{weather.wind_speed:g} m/s. Fly lower, or carry a finer sensor."
        )
        return _nothing(why, rates, float(options[best]), height, speed, peak, peak_at)
    return Detection(
        sees=True,
        why=f"Legs {options[best]:g} m apart at {height:g} m see {by_rate.mean():.0%} of sources.",
        probability=float(by_rate.mean()),
        rates=rates,
        by_rate=by_rate,
        spacing=float(options[best]),
        height=height,
        speed=speed,
        strongest=peak,
        strongest_at=peak_at,
    )


def prior_rates(prior: RatePrior) -> Floats:
    """Return rates that are equally probable by a prior, shape (20,) [kg s-1]."""
    from scipy.special import ndtri

    return np.asarray(prior.median * prior.gsd ** ndtri(LEVELS))


def _unable(
    vehicle: Vehicle, sensor: Sensor | None, height: float, weather: Weather, species: str
) -> str | None:
    """Return why nothing can be seen at all, or None."""
    name, low, high = vehicle.name, *vehicle.height_range
    if sensor is None:
        return f"{name} carries no gas sensor: it sees nothing here."
    if not sensor.responds_to(find_species(species).name):
        return f"{sensor.title} does not respond to {species}: {name} sees nothing with it."
    if not low <= height <= high:
        return f"{name} works from {low:g} to {high:g} m above ground, not at {height:g} m."
    if height < sensor.wash_height:
        return f"At {height:g} m the rotors of {name} dilute what {sensor.title} draws in."
    if weather.wind_speed > vehicle.wind_limit:
        return (
            f"The wind of {weather.wind_speed:g} m/s is above the limit of {name}, "
            f"{vehicle.wind_limit:g} m/s."
        )
    if weather.night and not vehicle.night:
        return f"{name} does not fly by night."
    return None


def _seen_on_a_leg(sensor: Sensor, excess: Excess, rates: Floats) -> tuple[Floats, Floats]:
    """Return the probability of a crossing, shape (x, rates, factors), and factors' weights."""
    from scipy.special import gammaincc

    nodes, weights = normal_nodes(7)
    factor = np.exp(SHARED * nodes - 0.5 * SHARED**2)
    shape = 1.0 / WITHIN**2
    mean = excess.peaks[:, :, None, None] * rates[:, None] * factor
    above = gammaincc(shape, shape * sensor.detection_limit / np.maximum(mean, 1e-30))
    return np.einsum("xcrf,c->xrf", above, excess.weights), weights


def _sweep(
    sensor: Sensor,
    height: float,
    x: Floats,
    seen: Floats,
    factors: Floats,
    spacing: float,
    prior: RatePrior,
    leg_seconds: float,
    weather: Weather,
    extent: float,
) -> Floats:
    """Return the probability of a sweep by rate, over places between two legs, shape (rates,)."""
    if sensor.sees == "image":
        # A frame sees the young plume wherever the swath passes.
        at = int(np.searchsorted(x, PIXEL))
        covered = min(1.0, sensor.swath * height / spacing)
        return np.asarray(prior.share_on * covered * seen[min(at, len(x) - 1)] @ factors)
    count = max(1, math.ceil(extent / spacing))
    offsets = (np.arange(12) + 0.5) / 12.0 * spacing
    if sensor.sees == "column" and spacing < PIXEL:
        offsets = np.maximum(offsets, NEAREST)
    total = np.zeros(seen.shape[1])
    on, off = prior.share_on, 1.0 - prior.share_on
    # Both spells shorten the memory of the state (Markov chain in continuous time).
    since = abs(leg_seconds - spacing / weather.wind_speed)
    memory = math.exp(-since / (prior.spell * off)) if off > 0 else 1.0
    for offset in offsets:
        legs = offset + spacing * np.arange(count)
        legs = legs[(legs <= extent) & (legs >= NEAREST)]
        chance = _between(x, seen, legs)
        lit, dark = np.full(seen.shape[1:], on), np.full(seen.shape[1:], off)
        for at_leg in chance:
            lit = lit * (1.0 - at_leg)
            if off > 0:
                turned = (1.0 - memory) * (on * dark - off * lit)
                lit, dark = lit + turned, dark - turned
        total += (1.0 - lit - dark) @ factors / len(offsets)
    return np.clip(total, 0.0, 1.0)


def _between(x: Floats, seen: Floats, legs: Floats) -> Floats:
    """Return the probability at the distances of legs, linear in the logarithm of distance."""
    place = np.interp(np.log(legs), np.log(x), np.arange(len(x)))
    low = np.minimum(place.astype(np.int64), len(x) - 2)
    rest = (place - low)[:, None, None]
    return np.asarray(seen[low] * (1.0 - rest) + seen[low + 1] * rest)


def _shown(amount: float, sensor: Sensor) -> str:
    if sensor.sees == "point":
        return f"{1e9 * amount:.2g} ppb"
    return f"{1e6 * amount:.2g} ppm m"


def _nothing(
    why: str,
    rates: Floats,
    spacing: float | None,
    height: float,
    speed: float,
    strongest: float = 0.0,
    strongest_at: float = 0.0,
) -> Detection:
    return Detection(
        sees=False,
        why=why,
        probability=0.0,
        rates=rates,
        by_rate=np.zeros_like(rates),
        spacing=spacing or 0.0,
        height=height,
        speed=speed,
        strongest=strongest,
        strongest_at=strongest_at,
    )
