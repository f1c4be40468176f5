"""One thing that the whole of a route must have, and how pieces are asked for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from barlovento.domain.airspace import StandOff
from barlovento.guard.cover import Bounded, Sheet
from barlovento.guard.drawing import BoolArray, Patches
from barlovento.guard.path import Pieces


@dataclass(frozen=True, slots=True, eq=False)
class Requirement:
    """One thing that the whole route must have.

    Parameters
    ----------
    subject : str, StandOff or Bounded
        A state whose consent is needed, a state to keep off, or a zone's volume.
    maybe : callable
        Returns, fast, which pieces may lack it; none that does is left out.
    lacking : callable
        Returns whether one of those really does.
    certain : callable
        Returns whether a patch that lacks it would do so however small it were.
    on_leg : callable
        Returns, for a piece of a leg that lacks it, where it first does, as a share of the piece;
        infinite where that takes more than to look at places.
    """

    subject: str | StandOff | Bounded
    maybe: Callable[[Sheet, Pieces, Patches], BoolArray]
    lacking: Callable[[Sheet, Pieces], bool]
    certain: Callable[[Pieces], bool] = lambda _: False
    on_leg: Callable[[Sheet, Pieces], float] = lambda *_: math.inf
