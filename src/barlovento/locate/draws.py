"""What chains bring home: their draws, and snapshots of what single states say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.locate.gradient import SCORES, gradient
from barlovento.locate.kernels import gains
from barlovento.locate.packed import pack
from barlovento.locate.scatter import Scores
from barlovento.locate.unknowns import Problem, State

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Draws:
    """Raw draws of all chains; see ``sweep.sweeps`` for the columns."""

    sources: Floats
    nuisance: Floats
    moved: Floats
    states: list[State]
    background: Floats
    plume: Floats
    scores: Scores


@dataclass(frozen=True, slots=True)
class Look:
    """What one state says: background and plume at every reading, scores, slots in use."""

    background: Floats
    plume: Floats
    scores: Floats
    held: NDArray[np.int64]


def look(p: Problem, st: State) -> Look:
    """Return what a state says.

    Parameters
    ----------
    p, st : Problem, State
        The arrays and the chain.
    """
    plume = plume_of(p, st)
    st.scores[:] = 0.0
    gradient(pack(p), pack(st), 1.0, np.empty(len(st.precision)), np.int64(SCORES))
    return Look(st.b.copy(), plume, st.scores.copy(), st.on.copy())


def plume_of(p: Problem, st: State) -> Floats:
    """Return what all plumes add to each reading, gains included, shape (n,) [ug m-3].

    Parameters
    ----------
    p, st : Problem, State
        The arrays and the chain.
    """
    sensor = np.empty(len(st.noise))
    gains(pack(p), pack(st), sensor)
    at = st.turn_at[p.block]
    total = (st.c[:, np.arange(len(at)), at] * st.on[:, None]).sum(axis=0)
    return np.asarray(total * sensor[p.sensor])


def append(first: Draws, second: Draws) -> Draws:
    """Return the draws of two stretches of the same chains.

    Parameters
    ----------
    first, second : Draws
        In their order.
    """
    return Draws(
        sources=np.concatenate([first.sources, second.sources], axis=1),
        nuisance=np.concatenate([first.nuisance, second.nuisance], axis=1),
        moved=np.concatenate([first.moved, second.moved], axis=1),
        states=second.states,
        background=np.concatenate([first.background, second.background]),
        plume=np.concatenate([first.plume, second.plume]),
        scores=Scores(
            values=np.concatenate([first.scores.values, second.scores.values]),
            held=np.concatenate([first.scores.held, second.scores.held]),
            prior=second.scores.prior,
        ),
    )
