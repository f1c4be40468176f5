"""The preconditioner of Hamiltonian moves: outer products of scores, and curvature."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from barlovento.locate.gradient import OUTER, gradient
from barlovento.locate.packed import pack
from barlovento.locate.trajectory import moving, read, write
from barlovento.locate.unknowns import DIR_SD, LASTING, SENSOR_SD, TURN_SD, Problem, State

Floats = NDArray[np.float64]

STIFFNESS = (0.3, 100.0)
"""Bounds of the curvature in units of the outer products of scores [1]."""


def set_precision(p: Problem, seen: Sequence[State], *, curved: bool = False) -> None:
    """Set the preconditioner of the last state from the curvature at all states that were seen.

    Outer products of the blocks' scores are never indefinite, but blunt; curvature found by
    differences corrects them where the two differ.

    Parameters
    ----------
    p : Problem
        The arrays.
    seen : sequence of State
        Of one chain; a slot counts where it holds a source.
    curved : bool
        Whether to take the trouble of the curvature.
    """
    st = seen[-1]
    slots, dim = len(st.on), len(st.precision)
    outer, bend, held = np.zeros((dim, dim)), np.zeros((dim, dim)), np.zeros(dim)
    prior = prior_precision(p, st)
    for other in seen:
        one, two = _curvature(p, other, prior, curved=curved)
        outer += one
        bend += two
        held += np.concatenate([np.repeat(other.on, 4), np.ones(dim - 4 * slots)])
    # Scaled on both sides, so that a slot which is seldom held leaves the whole definite.
    scale = 1.0 / np.sqrt(np.maximum(held, 1.0))
    outer, bend = outer * np.outer(scale, scale), bend * np.outer(scale, scale)
    # Slots that are empty get the information of a source that is hardly seen.
    for j in range(slots):
        if held[4 * j] == 0.0:
            prior[4 * j : 4 * j + 4] += [1.0, 1.0, 0.0, 0.5]
    root = np.linalg.cholesky(outer + np.diag(prior))
    bend += np.diag(np.where(held > 0.0, 0.0, prior))
    inverse = np.linalg.inv(root)
    value, vector = np.linalg.eigh(inverse @ bend @ inverse.T)
    value = np.clip(np.abs(value), *STIFFNESS)
    side = root @ vector
    st.precision[:] = (side * value) @ side.T


def prior_precision(p: Problem, st: State) -> Floats:
    """Return the precision that the priors give each unknown, shape (D,).

    Parameters
    ----------
    p, st : Problem, State
        The arrays and a chain.
    """
    slots, surveys = len(st.on), (len(st.phi) - LASTING) // 3
    prior = np.concatenate(
        [
            np.tile([0.3, 0.3, 0.3, 1.0 / p.rate_sd**2], slots),
            1 / p.global_sd**2,
            [1 / p.hyper_sd[DIR_SD] ** 2],
            np.ones(2 * len(st.noise)),
            1 / np.maximum(p.hyper_sd[[SENSOR_SD, TURN_SD]], 1e-3) ** 2,
        ]
    )
    prior[4 * slots : 4 * slots + surveys] = 1.0 / math.radians(8.0) ** 2
    return prior


def _curvature(p: Problem, st: State, prior: Floats, *, curved: bool) -> tuple[Floats, Floats]:
    """Return outer products of scores, and minus the second derivatives by differences."""
    pp, ps = pack(p), pack(st)
    dim = len(prior)
    grad = np.zeros(dim)
    st.precision[:] = 0.0
    gradient(pp, ps, 1.0, grad, OUTER)
    outer = st.precision.copy()
    if not curved:
        return outer, outer + np.diag(prior)
    index = moving(p, st)
    start = np.zeros(dim)
    read(st, start)
    bend = np.zeros((dim, dim))
    for k in index:
        step = 0.03 / math.sqrt(outer[k, k] + prior[k])
        sides = []
        for sign in (1.0, -1.0):
            moved = start.copy()
            moved[k] += sign * step
            write(ps, moved)
            gradient(pp, ps, 1.0, grad, 0)
            sides.append(grad.copy())
        bend[k] = (sides[1] - sides[0]) / (2.0 * step)
    write(ps, start)
    gradient(pp, ps, 1.0, grad, 0)
    return outer, 0.5 * (bend + bend.T)


def learn_precision(
    states: Sequence[State], traces: Sequence[Floats], held: Sequence[Floats]
) -> None:
    """Set the preconditioner of all chains from how they moved, guided by what they have.

    Curvature at a few states misjudges the width of what is far from Gaussian. The widths are
    taken from the chains' draws at once, the correlations as far as the draws tell them.

    Parameters
    ----------
    states : sequence of State
        One per chain, with slots in the same order.
    traces : sequence of ndarray, shape (sweeps, D)
        What each chain moved.
    held : sequence of ndarray, shape (sweeps, J)
        1 where a slot held a source.
    """
    slots = len(states[0].on)
    known = np.concatenate([np.repeat(h, 4, axis=1) for h in held])
    weight = np.ones((len(known), traces[0].shape[1]))
    weight[:, : 4 * slots] = known
    centred = []
    at = 0
    for trace in traces:
        w = weight[at : at + len(trace)]
        at += len(trace)
        middle = (w * trace).sum(axis=0) / np.maximum(w.sum(axis=0), 1.0)
        centred.append(w * (trace - middle))
    moves = np.concatenate(centred)
    count = weight.sum(axis=0)
    # Draws without a source count as none; the slot's own draws are scaled up for it.
    moves *= np.sqrt(len(moves) / np.maximum(count, 1.0))
    before = np.mean([np.linalg.inv(st.precision) for st in states], axis=0)
    width = np.sqrt(np.diag(before))
    enough = (count > 40.0) & (np.ptp(moves, axis=0) > 0.0)
    new = np.where(enough, np.sqrt((moves**2).mean(axis=0)), width)
    guide = before / np.outer(width, width)
    # Draws that follow each other are worth about a tenth of as many that don't.
    worth = 0.1 * len(moves)
    told = np.where(enough, moves / np.where(new > 0.0, new, 1.0), 0.0)
    corr = told.T @ told / len(moves) + np.diag(np.where(enough, 0.0, 1.0))
    joint = (worth * corr + len(new) * guide) / (worth + len(new))
    inverse = np.linalg.inv(joint * np.outer(new, new))
    for st in states:
        st.precision[:] = 0.5 * (inverse + inverse.T)
