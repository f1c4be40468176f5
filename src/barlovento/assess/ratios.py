"""Ratios between gases: what was found beside what each class lets expect."""

from __future__ import annotations

import math
from collections.abc import Mapping

from barlovento.assess.classes import Assumptions, ClassTable, EmitterClass
from barlovento.assess.rates import quantiles
from barlovento.domain.emitter import RateEstimate, RatioBand

FIVE_TO_95 = 1.6448536269514722
"""Standard normal quantile of 95 % [1]."""


def bands(table: ClassTable, estimates: Mapping[str, RateEstimate]) -> tuple[RatioBand, ...]:
    """Return the ratio of every gas to the gas found strongest, beside each class's own.

    Parameters
    ----------
    table : ClassTable
        The classes.
    estimates : mapping of str to RateEstimate
        By the table's names.

    Returns
    -------
    tuple of RatioBand
        Empty where nothing was found.
    """
    found = {gas: quantiles(one) for gas, one in estimates.items() if one.detected}
    if not found:
        return ()
    reference = max(found, key=lambda gas: found[gas][1])
    below = found[reference]
    ratios = []
    for gas, estimate in estimates.items():
        if gas == reference:
            continue
        if gas in found:
            ratio = _ratio(found[gas], below)
        elif estimate.limit is not None:
            ratio = (0.0, 0.0, estimate.limit / below[1])
        else:
            continue
        expected = {
            one.name: _expected(one, gas, reference, table.assume)
            for one in table.classes
            if _gives(one, reference)
        }
        ratios.append(
            RatioBand(
                species=gas,
                reference=reference,
                found=ratio,
                censored=gas not in found,
                expected=expected,
            )
        )
    return tuple(ratios)


def _ratio(
    above: tuple[float, float, float], below: tuple[float, float, float]
) -> tuple[float, float, float]:
    """Return quantiles of a ratio of two rates whose errors are independent."""
    middle = above[1] / below[1]
    down = math.hypot(math.log(above[1] / above[0]), math.log(below[2] / below[1]))
    up = math.hypot(math.log(above[2] / above[1]), math.log(below[1] / below[0]))
    return middle * math.exp(-down), middle, middle * math.exp(up)


def _gives(one: EmitterClass, gas: str) -> bool:
    return any(gas in sign.offsets for sign in one.signs)


def _expected(
    one: EmitterClass, gas: str, reference: str, assume: Assumptions
) -> tuple[float, float]:
    """Return 5 % and 95 % of the class's ratio, its heavy tails and missing gases left out."""
    own = next(sign for sign in one.signs if reference in sign.offsets)
    if gas in own.offsets:
        middle = own.offsets[gas] - own.offsets[reference]
        width = math.log(own.within_gsd) * math.sqrt(2)
    else:
        share, spread = _share(one, gas, assume)
        own_share, own_spread = _share(one, reference, assume)
        middle, width = share - own_share, math.hypot(spread, own_spread)
    return math.exp(middle - FIVE_TO_95 * width), math.exp(middle + FIVE_TO_95 * width)


def _share(one: EmitterClass, gas: str, assume: Assumptions) -> tuple[float, float]:
    """Return the logarithm of a gas's share of the whole rate, and its standard deviation."""
    for sign in one.signs:
        if gas in sign.offsets:
            width = math.hypot(math.log(sign.share_gsd), math.log(sign.within_gsd))
            return math.log(sign.share) + sign.offsets[gas], width
    return math.log(one.rest_share), math.log(assume.rest_gsd)
