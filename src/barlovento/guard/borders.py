"""Whose sovereign space a place lies in, and how sure that is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np

from barlovento.domain.airspace import Area
from barlovento.errors import BadInput
from barlovento.guard import outline as outlines
from barlovento.guard.covering import cells
from barlovento.guard.judging import FAR, Near, judge
from barlovento.guard.limit_errors import UNMEASURED, LimitErrors, steps_around
from barlovento.guard.limits import (
    FARTHEST,
    SEA,
    TERRITORIAL_SEA,
    Surroundings,
    margins,
)
from barlovento.guard.nearest import (
    NO_OWNER,
    FloatArray,
    IntArray,
    Tree,
    build_tree,
    cartesian,
    nearest_many,
    side_of,
)
from barlovento.guard.outline import Outline
from barlovento.guard.sovereignty import Finer, Sovereignty, Touched

ELSEWHERE = -5
"""Beside a line round a state's whole space: not that state."""
FINEST = 30.0
"""Radius of the smallest cells in which an area is searched [m]."""


class Borders:
    """States, their coasts and their borders, ready to be asked.

    Parameters
    ----------
    outline : Outline
        Lines with who holds what beside them.
    errors : LimitErrors
        Of limits drawn from them.
    """

    def __init__(self, outline: Outline, *, errors: LimitErrors) -> None:
        self.outline = outline
        self._errors = errors
        self.states = tuple(sorted({holder.state for holder in outline.holders}))
        number = {state: i for i, state in enumerate(self.states)}
        self._state_of = np.array([number[h.state] for h in outline.holders] + [SEA])
        self._trees: dict[int, Surroundings] = {}
        self._stated: dict[str, float] = {}

    def refined(self, finer: Sequence[Finer]) -> Borders:
        """Return borders in which some states' limits come from a better source.

        Parameters
        ----------
        finer : sequence of Finer
            One for each of those states.

        Raises
        ------
        BadInput
            The outline has no such state.
        """
        made = Borders(
            replace(
                self.outline,
                source="; ".join(
                    [self.outline.source, *(f"{one.state}: {one.source}" for one in finer)]
                ),
                digest=_digest(self.outline.digest, *(one.digest for one in finer)),
            ),
            errors=self._errors,
        )
        nothing = np.zeros(0, dtype=np.int64)
        empty = build_tree(np.zeros((0, 3)), np.zeros((0, 3)), nothing, nothing, nothing)
        for one in finer:
            self.around(one.state)
            number = self.states.index(one.state)
            left = np.where(one.inside_left, number, ELSEWHERE)
            right = np.where(one.inside_left, ELSEWHERE, number)
            line = build_tree(one.begin, one.end, left, right, np.full(len(left), number))
            # A line round the whole space: nothing has to be told from coasts any more.
            made._trees[number] = Surroundings(line, empty, empty, line, number)
            made._stated[one.state] = one.error
        return made

    @classmethod
    def shipped(cls) -> Borders:
        """Return the borders that come with the program (Natural Earth, 1:10m)."""
        return _shipped()

    @cached_property
    def _sides(self) -> tuple[IntArray, IntArray]:
        """State on each side of every line."""
        return self._state_of[self.outline.left], self._state_of[self.outline.right]

    @cached_property
    def _holders(self) -> Tree:
        """Every line with the holder on each side."""
        line = self.outline
        return build_tree(line.begin, line.end, line.left, line.right, np.zeros_like(line.left))

    @cached_property
    def _every(self) -> Tree:
        return self._tree(self._sides[0] != self._sides[1])

    @cached_property
    def every_coast(self) -> Tree:
        """Everybody's coast, each line owned by the state's number."""
        left, right = self._sides
        return self._tree((left == SEA) | (right == SEA))

    def _tree(self, keep: FloatArray) -> Tree:
        left, right = (side[keep] for side in self._sides)
        line = self.outline
        return build_tree(line.begin[keep], line.end[keep], left, right, np.maximum(left, right))

    def around(self, state: str) -> Surroundings:
        """Return the lines that decide about one state.

        Raises
        ------
        BadInput
            The outline has no such state.
        """
        if state not in self.states or not state:
            raise BadInput(
                f"The outline knows no state {state!r}. Give its ISO 3166 code of two letters."
            )
        return self._around(self.states.index(state))

    def _around(self, number: int) -> Surroundings:
        if number not in self._trees:
            left, right = self._sides
            own = (left == number) ^ (right == number)
            sea = (left == SEA) | (right == SEA)
            self._trees[number] = Surroundings(
                self._every, self._tree(own & sea), self.every_coast, self._tree(own & ~sea), number
            )
        return self._trees[number]

    def signed_depth(
        self, state: str, lons: Sequence[float] | FloatArray, lats: Sequence[float] | FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return how deep places lie in a state's sovereign space.

        Parameters
        ----------
        state : str
            ISO 3166 alpha-2.
        lons, lats : array_like, shape (n,)
            WGS 84 [degree].

        Returns
        -------
        depth : ndarray, shape (n,)
            At least so far inside, negative outside [m].
        error : ndarray, shape (n,)
            Of the limit there [m].
        """
        places = cartesian(np.atleast_1d(np.asarray(lons, float)), np.atleast_1d(lats))
        depth = margins(self.around(state), places).margin
        return depth, np.maximum(*self.errors(state, places))

    def limit_error(
        self, state: str, lons: Sequence[float] | FloatArray, lats: Sequence[float] | FloatArray
    ) -> FloatArray:
        """Return the error of the limit at places, as :meth:`signed_depth` does.

        Parameters
        ----------
        state : str
            ISO 3166 alpha-2.
        lons, lats : array_like, shape (n,)
            WGS 84 [degree].

        Returns
        -------
        ndarray, shape (n,)
            [m].
        """
        places = cartesian(np.atleast_1d(np.asarray(lons, float)), np.atleast_1d(lats))
        return np.maximum(*self.errors(state, places))

    def errors(self, state: str, places: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return how far the true limit may lie off the one that is drawn.

        Parameters
        ----------
        state : str
            ISO 3166 alpha-2.
        places : ndarray, shape (n, 3)
            Earth-centred [m].

        Returns
        -------
        outward, inward : ndarray, shape (n,)
            Away from the state, and towards it [m].
        """
        if state in self._stated:
            same = np.full(len(places), self._stated[state])
            return same, same
        return self._errors.at(state, places)

    def sovereign_at(self, lon: float, lat: float) -> Sovereignty:
        """Return whose airspace a place lies in.

        Parameters
        ----------
        lon, lat : float
            WGS 84 [degree].

        Returns
        -------
        Sovereignty
            With the distance to the nearest limit.
        """
        return self.sovereigns([lon], [lat])[0]

    def sovereigns(
        self,
        lons: Sequence[float] | FloatArray,
        lats: Sequence[float] | FloatArray,
        *,
        widened: float = 0.0,
    ) -> tuple[Sovereignty, ...]:
        """Return whose airspace each of many places lies in.

        Parameters
        ----------
        lons, lats : array_like, shape (n,)
            WGS 84 [degree].
        widened : float
            Candidates are told for every place within this distance [m].

        Returns
        -------
        tuple of Sovereignty
            One for each place.
        """
        places = cartesian(np.atleast_1d(np.asarray(lons, float)), np.atleast_1d(lats))
        near = self.near(places, 2.0 * TERRITORIAL_SEA + UNMEASURED + widened)
        if not near:
            return tuple(FAR for _ in places)
        away, held = self._held(places)
        around = [*steps_around(places, widened)]
        errors = {n: self._largest(self.states[n], places, around) for n in near}
        owner = int(self._state_of[held[0]])
        off = max(float(outward.max()) for outward, _ in errors.values()) + widened
        alike = owner in near and min(held) == max(held) and not self._stated
        if alike and away.min() / 2.0 > off:
            # Land so deep inside of one state that no other's limit can be near: on land that
            # is at least half as far away as the nearest line.
            near = [owner]
        found = {
            number: Near(margins(self._around(number), places), *errors[number]) for number in near
        }
        disputed = [n != SEA and self.outline.holders[n].disputed for n in held]
        return tuple(
            judge(
                i,
                found,
                self.states,
                widened=widened,
                land=held[i] != SEA,
                disputed=disputed[i],
            )
            for i in range(len(places))
        )

    def errors_around(
        self, state: str, places: FloatArray, reach: FloatArray | float
    ) -> tuple[FloatArray, FloatArray]:
        """Return the largest errors in the fields that a reach around places may touch.

        Parameters
        ----------
        state : str
            ISO 3166 alpha-2.
        places : ndarray, shape (n, 3)
            Earth-centred [m].
        reach : float or ndarray, shape (n,)
            Around each [m].

        Returns
        -------
        outward, inward : ndarray, shape (n,)
            As from :meth:`errors` [m].
        """
        return self._largest(state, places, steps_around(places, reach))

    def _largest(
        self, state: str, places: FloatArray, around: Iterable[FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the largest errors at places, or at any of the steps around them [m]."""
        outward, inward = self.errors(state, places)
        for steps in around:
            there = self.errors(state, steps.reshape(-1, 3))
            outward = np.maximum(outward, there[0].reshape(-1, len(places)).max(axis=0))
            inward = np.maximum(inward, there[1].reshape(-1, len(places)).max(axis=0))
        return outward, inward

    def _held(self, places: FloatArray) -> tuple[FloatArray, list[int]]:
        """Return how far the nearest line is, and each place's land's holder, or :data:`SEA`."""
        away, index = nearest_many(self._holders, places, FARTHEST, NO_OWNER)
        holders = [side_of(self._holders, int(i), p) for i, p in zip(index, places, strict=True)]
        return away, holders

    def states_touching(self, area: Area) -> Touched:
        """Return every state whose sovereign space an area may touch.

        Parameters
        ----------
        area : tuple of Polygon4326 or Circle
            Their union.

        Returns
        -------
        Touched
            States, and whether part of the area may lie beyond every limit.
        """
        states: set[str] = set()
        free = unnamed = False

        def settled(lon: FloatArray, lat: FloatArray, radius: float) -> IntArray:
            nonlocal free, unnamed
            done = np.zeros(len(lon), dtype=np.int64)
            finest = radius <= FINEST
            for i, seen in enumerate(self.sovereigns(lon, lat, widened=radius)):
                nobody = seen.kind == "land" and seen.state is None
                known = states.issuperset(seen.candidates) and free >= seen.perhaps_free
                if finest or seen.distance > seen.error + radius:
                    states.update(seen.candidates)
                    free |= seen.perhaps_free
                    unnamed |= nobody
                    done[i] = 1
                elif known and unnamed >= nobody:
                    # Whatever lies in this cell, it adds nothing.
                    done[i] = 1
            return done

        for member in area:
            cells(member, settled)
        return Touched(states=tuple(sorted(states)), perhaps_free=free, unnamed=unnamed)

    def near(self, places: FloatArray, reach: float) -> list[int]:
        """Return the numbers of the states whose box is near any of the places.

        Parameters
        ----------
        places : ndarray, shape (n, 3)
            Earth-centred [m].
        reach : float
            So near [m].
        """
        low, high = places.min(axis=0) - reach, places.max(axis=0) + reach
        boxes = self._boxes
        hit = np.all((boxes[:, 0] <= high) & (boxes[:, 1] >= low), axis=1)
        return [int(number) for number in np.flatnonzero(hit)]

    @cached_property
    def _boxes(self) -> FloatArray:
        """Least and greatest coordinates of each state's lines [m]."""
        left, right = self._sides
        boxes = np.empty((len(self.states), 2, 3))
        for number in range(len(self.states)):
            own = (left == number) | (right == number)
            ends = np.concatenate([self.outline.begin[own], self.outline.end[own]])
            boxes[number] = ends.min(axis=0), ends.max(axis=0)
        return boxes


def _digest(*parts: str) -> str:
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


@lru_cache(maxsize=1)
def _shipped() -> Borders:
    return Borders(outlines.shipped(), errors=LimitErrors.shipped())
