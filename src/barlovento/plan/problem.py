"""What is allocated: cells with a value for each kind of flight, and sorties that can be flown.

A kind is a vehicle in one wind: it says what a cell is worth, how long it takes to search, and how
long the ways between cells are. Sorties of one kind may differ in start, end and endurance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sortie:
    """One flight that can be flown.

    Parameters
    ----------
    kind : int
        Column of the values.
    endurance : float
        In the air, all told; the reserve is taken off already [s].
    leave, back : ndarray, shape (cells,)
        From where it starts to each cell, and from each cell to where it lands; infinite where no
        permitted way leads [s].
    allowed : ndarray of bool, shape (cells,)
        Where it may search.
    name : str
        For people.
    crew : str
        Sorties of one crew share its limit; empty for none.
    """

    kind: int
    endurance: float
    leave: Floats
    back: Floats
    allowed: Bools
    name: str = ""
    crew: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Cells, kinds and sorties.

    Parameters
    ----------
    values : ndarray, shape (cells, kinds)
        Expected sites found by searching a cell: prior times detection [1].
    costs : ndarray, shape (cells, kinds)
        How long the search of a cell takes; infinite where it can't be done [s].
    transit : ndarray, shape (kinds, cells, cells)
        From cell to cell; infinite where no permitted way leads [s].
    sorties : sequence of Sortie
        Each may be flown once.
    crews : mapping of str to int
        How many sorties each crew can fly; a crew that is not named has no limit.

    Raises
    ------
    BadInput
        Shapes that don't fit, numbers below zero, or an unknown kind.
    """

    values: Floats
    costs: Floats
    transit: Floats
    sorties: Sequence[Sortie]
    crews: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.values.ndim != 2:
            raise BadInput("Values need two axes: cells and kinds.")
        cells, kinds = self.values.shape
        if self.costs.shape != (cells, kinds) or self.transit.shape != (kinds, cells, cells):
            raise BadInput(
                f"Values are {self.values.shape}, costs {self.costs.shape} and transit "
                f"{self.transit.shape}. Make them (cells, kinds) twice and (kinds, cells, cells)."
            )
        if not (np.isfinite(self.values).all() and (self.values >= 0).all()):
            raise BadInput(
                "A value of a cell is below zero or not finite. Mend prior or detection."
            )
        if not ((self.costs > 0).all() and (self.transit >= 0).all()):
            raise BadInput("A cost is not above zero, or a transit below zero. Mend them.")
        for number, sortie in enumerate(self.sorties):
            name = sortie.name or f"sortie {number + 1}"
            if not 0 <= sortie.kind < kinds:
                raise BadInput(f"{name} is of kind {sortie.kind}. There are {kinds} kinds.")
            shapes = (sortie.leave.shape, sortie.back.shape, sortie.allowed.shape)
            if shapes != ((cells,),) * 3:
                raise BadInput(f"{name} knows of {shapes} cells. There are {cells}.")
            if not (sortie.endurance >= 0 and np.isfinite(sortie.endurance)):
                raise BadInput(f"{name} has an endurance of {sortie.endurance} s. Give 0 or more.")
        if any(limit < 0 for limit in self.crews.values()):
            raise BadInput("A crew can fly fewer than no sorties. Give 0 or more.")

    @property
    def cells(self) -> int:
        """How many cells."""
        return int(self.values.shape[0])

    def reachable(self, number: int) -> Bools:
        """Return which cells a sortie can search by itself and come back, shape (cells,)."""
        sortie = self.sorties[number]
        time = sortie.leave + self.costs[:, sortie.kind] + sortie.back
        worth = self.values[:, sortie.kind] > 0
        return np.asarray(sortie.allowed & worth & (time <= sortie.endurance))

    def seconds(self, number: int, order: Sequence[int]) -> float:
        """Return how long a sortie takes that searches cells in this order [s]."""
        if not len(order):
            return 0.0
        sortie = self.sorties[number]
        places = np.asarray(order, dtype=np.int64)
        way = self.transit[sortie.kind, places[:-1], places[1:]].sum()
        search = self.costs[places, sortie.kind].sum()
        return float(sortie.leave[places[0]] + way + search + sortie.back[places[-1]])

    def worth(self, number: int, order: Sequence[int]) -> float:
        """Return the value of a sortie's cells [1]."""
        places = np.asarray(order, dtype=np.int64)
        return float(self.values[places, self.sorties[number].kind].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Which sortie searches which cells, and how much better any other plan could be.

    Parameters
    ----------
    orders : tuple of tuple of int
        For each sortie its cells in order; empty where it is not flown.
    value : float
        Expected sites found [1].
    bound : float
        No plan for the same problem is worth more [1].
    seconds : float
        What it took to find [s].
    prices : ndarray, shape (cells,)
        What one more visit of each cell would be worth at most, by the bound; a replan starts here.
    """

    orders: tuple[tuple[int, ...], ...]
    value: float
    bound: float
    seconds: float
    prices: Floats

    @property
    def quality(self) -> float:
        """Value over bound; 1 where nothing can be found at all."""
        return self.value / self.bound if self.bound > 0 else 1.0


def check_orders(problem: Problem, orders: Sequence[Sequence[int]]) -> None:
    """Refuse an allocation that breaks a rule of its problem.

    Raises
    ------
    BadInput
        A cell twice, a cell that may not be searched, or more time than there is.
    """
    if len(orders) != len(problem.sorties):
        raise BadInput(f"There are {len(orders)} orders for {len(problem.sorties)} sorties.")
    seen: set[int] = set()
    flown: dict[str, int] = {}
    for number, order in enumerate(orders):
        sortie = problem.sorties[number]
        name = sortie.name or f"sortie {number + 1}"
        if order:
            flown[sortie.crew] = flown.get(sortie.crew, 0) + 1
        for cell in order:
            if cell in seen:
                raise BadInput(f"Cell {cell} is searched twice, at last by {name}. Once is enough.")
            seen.add(cell)
            if not sortie.allowed[cell]:
                raise BadInput(f"{name} may not search cell {cell}. Take it out.")
        taken = problem.seconds(number, order)
        if not taken <= sortie.endurance * (1 + 1e-9):
            raise BadInput(
                f"{name} takes {taken:.0f} s and has {sortie.endurance:.0f} s. Shorten it."
            )
    for crew, count in flown.items():
        if count > problem.crews.get(crew, count):
            raise BadInput(f"Crew {crew} flies {count} sorties and can fly {problem.crews[crew]}.")


def groups_of(problem: Problem) -> list[list[int]]:
    """Return sorties that are alike but for their names, each group by number."""
    alike: dict[bytes, list[int]] = {}
    for number, sortie in enumerate(problem.sorties):
        key = b"|".join(
            (
                str((sortie.kind, sortie.endurance, sortie.crew)).encode(),
                sortie.leave.tobytes(),
                sortie.back.tobytes(),
                sortie.allowed.tobytes(),
            )
        )
        alike.setdefault(key, []).append(number)
    return list(alike.values())
