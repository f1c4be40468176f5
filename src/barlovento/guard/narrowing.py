"""The first place at which a requirement is not met, narrowed down to a metre and a second."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from barlovento.guard.cover import Sheet
from barlovento.guard.drawing import BoolArray
from barlovento.guard.path import LEG, LOST, LOST_FIXED, RETURN, Path, Pieces
from barlovento.guard.refine import grid, size, stretches
from barlovento.guard.requirement import Requirement

SMALLEST = 0.3
"""A piece this small that still lacks something is the place that is told [m or s]."""

COARSE = 50.0
"""Of a leg, for what is told after others [m]."""

WAY = 5.0
"""Of a way home, where its times and heights don't matter [m]."""

FINE = 32
"""A stretch of a leg that lacks something is parted into so many."""

GRID = 64
"""A patch of ways home that lacks something is parted into so many."""

MOST_BATCHES = 400
"""After so many, a doubt is a refusal."""


class Narrowing:
    """Looks for first places on a route.

    Parameters
    ----------
    path : Path
        Of the route.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def first(
        self,
        requirement: Requirement,
        groups: Sequence[tuple[Sheet, Pieces, BoolArray]],
        *,
        exact: bool,
    ) -> tuple[Pieces, set[int]] | None:
        """Return where a requirement is first not met, on the legs or else on the ways home.

        Parameters
        ----------
        requirement : Requirement
            What is asked for.
        groups : sequence of tuple
            Pieces, where they are drawn, and which of them may lack it.
        exact : bool
            Whether to tell it to the metre.

        Returns
        -------
        tuple or None
            A piece that is small enough, and other legs that may lack it too; None if it is met.
        """
        for ways in ((LEG,), (RETURN,), (LOST, LOST_FIXED)):
            others: set[int] = set()
            first: Pieces | None = None
            for sheet, pieces, lacks in groups:
                rows = np.flatnonzero(lacks & (pieces.kind >= ways[0]) & (pieces.kind <= ways[-1]))
                if first is None and len(rows):
                    small = (SMALLEST if exact else COARSE) if LEG in ways else WAY
                    some = pieces.at(rows)
                    first = self._on_line(requirement, sheet, some) or self._first(
                        requirement, sheet, some, small
                    )
                others.update(pieces.leg[rows].tolist())
            if first is not None:
                others.discard(int(first.leg[0]))
                # Ways home begin on the legs: where these lack it, those do as well.
                return first, others
        return None

    def _on_line(self, requirement: Requirement, sheet: Sheet, pieces: Pieces) -> Pieces | None:
        """Return the first place of the first piece, where it is one of a leg and easily found."""
        one = pieces.at(slice(1))
        share = requirement.on_leg(sheet, one) if one.kind[0] == LEG else math.inf
        if share > 1.0:
            return None
        # Long enough to lack a limit of time or height by more than rounding, so that it is told.
        long = SMALLEST / max(float(size(self.path, one)[0]), SMALLEST)
        return stretches(self.path, one, np.array([share, min(share + long, 1.0)]))

    def _first(
        self, requirement: Requirement, sheet: Sheet, pieces: Pieces, small: float
    ) -> Pieces | None:
        """Return the first piece, small enough, that lacks something; None if none does.

        Parameters
        ----------
        requirement : Requirement
            What is asked for.
        sheet : Sheet
            Where pieces are drawn.
        pieces : Pieces
            Those that may lack it, in order.
        small : float
            So small a piece is told; a second counts as a metre [m].
        """
        # What comes later waits until the earlier is settled.
        waiting = [pieces]
        for _ in range(MOST_BATCHES):
            one = self._next(requirement, sheet, waiting)
            if one is None:
                return None
            length = float(size(self.path, one)[0])
            on_leg = one.kind[0] == LEG
            enough = small if on_leg or requirement.certain(one) else SMALLEST
            if length <= enough:
                return one
            if on_leg:
                number = min(FINE, math.ceil(length / small))
                parted = stretches(self.path, one, np.linspace(0, 1, number + 1))
            else:
                parted = grid(self.path, one, enough, GRID)
            maybe = requirement.maybe(sheet, parted, sheet.patches(parted))
            if maybe.any():
                waiting.append(parted.at(maybe))
        return next((left.at(slice(1)) for left in reversed(waiting) if len(left)), None)

    @staticmethod
    def _next(requirement: Requirement, sheet: Sheet, waiting: list[Pieces]) -> Pieces | None:
        """Take away the first piece that really lacks something, and those before it."""
        while waiting:
            some = waiting.pop()
            for row in range(len(some)):
                one = some.at(slice(row, row + 1))
                if requirement.lacking(sheet, one):
                    if row + 1 < len(some):
                        waiting.append(some.at(slice(row + 1, None)))
                    return one
        return None
