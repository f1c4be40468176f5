"""Whose a place is, from the margins of the states near it and the errors of their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from barlovento.guard.limit_errors import UNMEASURED
from barlovento.guard.limits import SEA, TERRITORIAL_SEA, Margins
from barlovento.guard.nearest import FloatArray
from barlovento.guard.sovereignty import Kind, Sovereignty


class Near(NamedTuple):
    """Margins of one state at n places, and the errors of its limit there [m]."""

    margins: Margins
    outward: FloatArray
    inward: FloatArray


FAR = Sovereignty(
    state=None,
    certain=True,
    distance=TERRITORIAL_SEA,
    error=UNMEASURED,
    kind="high seas",
    perhaps_free=True,
)
"""A place with no state anywhere near."""


def judge(
    i: int,
    found: Mapping[int, Near],
    states: Sequence[str],
    *,
    widened: float,
    land: bool,
    disputed: bool,
) -> Sovereignty:
    """Return the verdict about one place.

    Parameters
    ----------
    i : int
        Which of the places.
    found : mapping of int to Near
        The states near it, by their numbers.
    states : sequence of str
        Their names.
    widened : float
        Candidates are told for every place within this distance [m].
    land, disputed : bool
        What lies below.

    Returns
    -------
    Sovereignty
        With the distance to the nearest limit.
    """
    margin = {number: float(one.margins.margin[i]) for number, one in found.items()}
    best = max(margin, key=lambda number: margin[number])
    owner = best if margin[best] >= 0.0 else SEA
    may = {n for n, m in margin.items() if m >= -float(found[n].outward[i]) - widened}
    if owner in margin:
        may.add(owner)
        error = float(found[owner].inward[i])
        sure = margin[owner] > error and may == {owner} and not disputed
        distance = margin[owner]
    else:
        error = float(found[best].outward[i])
        sure, distance = not may and not land, -margin[best]
    # A place at sea is free unless it is deep enough inside of somebody's sea.
    somebodys = any(margin[n] > float(found[n].inward[i]) + widened for n in may)
    coast = min(float(one.margins.own[i]) for one in found.values())
    within = coast < TERRITORIAL_SEA - error - widened
    kind: Kind = "land" if land else ("territorial" if owner != SEA else "high seas")
    return Sovereignty(
        state=(states[owner] if owner != SEA else "") or None,
        certain=sure and (owner == SEA or bool(states[owner])),
        distance=distance,
        error=error,
        kind=kind,
        candidates=tuple(sorted(states[n] for n in may if states[n])),
        perhaps_free=kind != "land" and not (somebodys or within),
    )
