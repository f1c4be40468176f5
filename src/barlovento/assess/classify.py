"""Which kind of emitter a source is, from several gases, its shape, the time and a register."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from barlovento.assess.classes import Assumptions, ClassTable, EmitterClass, shipped_table
from barlovento.assess.mixing import Evidence
from barlovento.assess.rates import likelihood
from barlovento.assess.ratios import bands
from barlovento.assess.told import assumptions_told
from barlovento.domain.emitter import (
    BACKGROUND,
    OTHER_REGISTERED,
    SHAPES,
    UNDECIDED,
    UNEXPLAINED,
    Classification,
    Geometry,
    RateEstimate,
    Registered,
)
from barlovento.errors import BadInput

__all__ = ["Geometry", "RateEstimate", "Registered", "classify", "explain", "verdict"]

SQUARE_KILOMETRE = 1e6
"""[m2]."""


def classify(
    rates: Mapping[str, RateEstimate],
    geometry: Geometry | None = None,
    local_hour: float | None = None,
    weekday: int | None = None,
    distance_to_registered: Sequence[Registered] = (),
    *,
    table: ClassTable | None = None,
    prior: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return the probability of each kind of emitter for one source.

    Parameters
    ----------
    rates : mapping of str to RateEstimate
        For each gas that was measured there, found or not.
    geometry : Geometry, optional
        How the source looks.
    local_hour : float, optional
        Hour of the day while it emitted, local time, 0 to 24 [h].
    weekday : int, optional
        0 is Monday.
    distance_to_registered : sequence of Registered
        Known emitters around; a kind that a register holds should be there once at least, however
        far away, for its absence nearby to count.
    table : ClassTable, optional
        The shipped one unless given.
    prior : mapping of str to float, optional
        Probabilities before the readings, in place of some of the table's [1].

    Returns
    -------
    dict of str to float
        The table's classes, ``unexplained``, ``background`` (there is no source), and
        ``other_registered`` where a register holds other kinds; they sum to one [1].

    Raises
    ------
    BadInput
        A prior or time is impossible, or one gas stands twice under two of its names.
    """
    told = explain(
        rates,
        geometry,
        local_hour,
        weekday,
        distance_to_registered,
        table=table,
        prior=prior,
        reasons=False,
    )
    return dict(told.probabilities)


def explain(
    rates: Mapping[str, RateEstimate],
    geometry: Geometry | None = None,
    local_hour: float | None = None,
    weekday: int | None = None,
    distance_to_registered: Sequence[Registered] = (),
    *,
    table: ClassTable | None = None,
    prior: Mapping[str, float] | None = None,
    reasons: bool = True,
) -> Classification:
    """Return the probability of each kind of emitter, and which observation spoke for which.

    Parameters
    ----------
    rates, geometry, weekday, distance_to_registered, table
        As in :func:`classify`.
    local_hour : float, optional
        As in :func:`classify` [h].
    prior : mapping of str to float, optional
        As in :func:`classify` [1].
    reasons : bool
        Whether evidence and ratios are worked out too.

    Returns
    -------
    Classification
        With verdict and assumptions.
    """
    table = table or shipped_table()
    estimates = _by_one_name(rates, table)
    # That there is a source means that the surest gas is there; the others may still be chance.
    surest = _surest(estimates)
    likelihoods = {
        gas: likelihood(one, table.assume, certain=gas == surest) for gas, one in estimates.items()
    }
    before = _prior(table, prior)
    around = _register_factors(table, before, distance_to_registered)
    factors = {
        "shape": _shape_factors(table, geometry or Geometry()),
        "time": _time_factors(table, local_hour, weekday),
    }
    names = [name for name in around if name != BACKGROUND]
    readings = Evidence(table, likelihoods)
    from_gases = _all(readings.of(), names)
    weights = {}
    for name in names:
        weights[name] = around[name] * from_gases[name]
        for factor in factors.values():
            weights[name] *= factor.get(name, 1.0)
    total = sum(weights.values())
    # Where nothing was found, what is left after the limits; else as `locate` told it. Chance that
    # makes up one gas (a gust, a drift) may make up the others, so only the surest counts.
    nothing = (
        before[BACKGROUND] / (before[BACKGROUND] + total)
        if surest is None
        else 1.0 - estimates[surest].probability
    )
    probabilities = {name: (1 - nothing) * weight / total for name, weight in weights.items()}
    probabilities[BACKGROUND] = nothing
    # What only the register holds has no place in the prior; one in a thousand stands for it.
    share = {name: around[name] / max(before.get(name, 0.0), 1e-3) for name in names}
    observed = {**factors, "register": share if distance_to_registered else {}}
    return Classification(
        probabilities=probabilities,
        prior=before,
        verdict=verdict(probabilities, table=table),
        evidence=_reasons(readings, tuple(estimates), observed, names) if reasons else {},
        ratios=bands(table, estimates) if reasons else (),
        assumptions=assumptions_told(table, before),
    )


def verdict(probabilities: Mapping[str, float], *, table: ClassTable | None = None) -> str:
    """Return what may be reported: the rule that keeps false *unexplained* reports rare.

    Parameters
    ----------
    probabilities : mapping of str to float
        Of each class [1].
    table : ClassTable, optional
        Holds the two thresholds; the shipped one unless given.

    Returns
    -------
    str
        ``unexplained`` only above its threshold; a class, or ``background``, above the other;
        else ``undecided``.
    """
    assume = (table or shipped_table()).assume
    if probabilities[UNEXPLAINED] > assume.report_unexplained_above:
        return UNEXPLAINED
    others = {name: p for name, p in probabilities.items() if name != UNEXPLAINED}
    best = max(others, key=others.__getitem__)
    return best if others[best] > assume.report_class_above else UNDECIDED


def _by_one_name(rates: Mapping[str, RateEstimate], table: ClassTable) -> dict[str, RateEstimate]:
    found: dict[str, RateEstimate] = {}
    for name, estimate in rates.items():
        gas = table.gas(name)
        if gas in found:
            raise BadInput(f"{gas} is given twice. Give each gas once.")
        found[gas] = estimate
    return found


def _surest(estimates: Mapping[str, RateEstimate]) -> str | None:
    found = [gas for gas, one in estimates.items() if one.detected]
    return max(found, key=lambda gas: estimates[gas].probability) if found else None


def _all(found: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Return the same for each name; what a register holds besides is as open as unexplained."""
    return {name: found.get(name, found[UNEXPLAINED]) for name in names}


def _prior(table: ClassTable, given: Mapping[str, float] | None) -> dict[str, float]:
    """Return probabilities before the readings; what is not given shares the rest as before."""
    usual = table.prior()
    if not given:
        return usual
    unknown = sorted(set(given) - set(usual))
    if unknown:
        raise BadInput(f"{unknown[0]!r} is no class. Choose from {', '.join(usual)}.")
    total = sum(given.values())
    if any(not 0 <= p <= 1 for p in given.values()) or total > 1 + 1e-9:
        raise BadInput("Prior probabilities lie between 0 and 1 and sum to at most 1.")
    open_before = sum(p for name, p in usual.items() if name not in given)
    left = max(0.0, 1.0 - total)
    if not open_before and left > 1e-9:
        raise BadInput("Prior probabilities of all classes must sum to 1.")
    if given.get(BACKGROUND, 0.0) > 1 - 1e-9:
        raise BadInput("A prior of 1 for background leaves nothing to tell. Give a smaller one.")
    return {
        name: given[name] if name in given else p / open_before * left for name, p in usual.items()
    }


def _shape_factors(table: ClassTable, geometry: Geometry) -> dict[str, float]:
    """Return how well each class expects the shape and extent that were seen."""
    assume = table.assume
    if geometry.kind is None and geometry.extent is None:
        return {}
    shapes = {one.name: _shapes(one, assume) for one in table.classes}
    shapes[UNEXPLAINED] = shapes[OTHER_REGISTERED] = list(assume.shape_open)
    return {
        name: sum(
            p * _fits(shape, geometry, assume) for shape, p in zip(SHAPES, chances, strict=True)
        )
        for name, chances in shapes.items()
    }


def _shapes(one: EmitterClass, assume: Assumptions) -> list[float]:
    if one.shape is None:
        return list(assume.shape_open)
    other = (1.0 - assume.shape_named) / 2.0
    return [assume.shape_named if shape == one.shape else other for shape in SHAPES]


def _fits(shape: str, geometry: Geometry, assume: Assumptions) -> float:
    """Return the density of what was seen, had the source this shape."""
    if geometry.kind not in {None, shape}:
        return 0.0
    if geometry.extent is None:
        return 1.0
    apart = math.log(geometry.extent / assume.extent_m[shape]) / math.log(assume.extent_gsd)
    # A floor: no extent rules a shape out.
    return math.exp(-0.5 * apart * apart) + 0.02


def _time_factors(
    table: ClassTable, local_hour: float | None, weekday: int | None
) -> dict[str, float]:
    """Return how probable it is that each class emits at that time, where the table tells."""
    if local_hour is not None and not 0 <= local_hour <= 24:
        raise BadInput(f"{local_hour!r} is no hour of the day. Give 0 to 24.")
    if weekday is not None and weekday not in range(7):
        raise BadInput(f"{weekday!r} is no weekday. Give 0 for Monday up to 6 for Sunday.")
    assume = table.assume
    first, last = assume.working_hours
    monday, saturday = assume.working_days
    off_hour = local_hour is not None and not first <= local_hour <= last
    off_day = weekday is not None and not monday <= weekday <= saturday
    if not (off_hour or off_day):
        return {}
    return {one.name: assume.outside_hours for one in table.classes if one.working_hours}


def _register_factors(
    table: ClassTable, before: Mapping[str, float], known: Sequence[Registered]
) -> dict[str, float]:
    """Return the weight of each class beforehand, with what a register holds around the place.

    Emitters outside of the register lie anywhere, so many per area; a registered one lies where it
    is registered, within the error. Both are densities at the source's place, and add.
    """
    weights = dict(before)
    kinds = {table.word(one.kind) for one in known}
    emitting = [name for name in before if name != BACKGROUND]
    average = sum(before[name] for name in emitting) / len(emitting)
    assume = table.assume
    for kind in kinds & set(table.names):
        weights[kind] *= 1.0 - assume.register_holds
    if not average:
        return weights
    # In units in which an average class has its prior probability.
    scale = average / (assume.unregistered_per_km2 / SQUARE_KILOMETRE)
    for one in known:
        word = table.word(one.kind)
        name = word if word in table.names else OTHER_REGISTERED
        density = assume.registered_emits * _place_density(one, assume)
        weights[name] = weights.get(name, 0.0) + scale * density
    return weights


def _place_density(one: Registered, assume: Assumptions) -> float:
    """Return the density of the source's place, were it this emitter [m-2]."""

    def normal(sigma: float) -> float:
        return math.exp(-0.5 * (one.distance / sigma) ** 2) / (2 * math.pi * sigma * sigma)

    wide = assume.register_tail
    return (1 - wide) * normal(one.sigma) + wide * normal(3 * one.sigma)


def _reasons(
    readings: Evidence,
    gases: Sequence[str],
    observed: Mapping[str, Mapping[str, float]],
    names: Sequence[str],
) -> dict[str, dict[str, float]]:
    """Return for each class and observation how much better than on average it was expected."""
    whole = _all(readings.of(), names)
    parts: dict[str, Mapping[str, float]] = {}
    for gas in gases:
        without = _all(readings.of([gas]), names)
        parts[gas] = {name: whole[name] / without[name] for name in names}
    for what, factor in observed.items():
        if factor:
            parts[what] = {name: factor.get(name, 1.0) for name in names}
    reasons: dict[str, dict[str, float]] = {name: {} for name in names}
    for what, part in parts.items():
        average = sum(part.values()) / len(part)
        for name in names:
            reasons[name][what] = math.log(max(part[name], 1e-30) / average)
    return reasons
