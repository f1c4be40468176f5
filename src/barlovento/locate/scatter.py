"""How far the readings scatter about what the model says, and draws widened to that.

A likelihood whose readings err together more than it knows gives regions that are too small. How
far it would have to move with other readings of the same kind shows in the survey itself: each
stretch of it pulls the answer its own way, and those pulls should scatter as the posterior's
width says. Where they scatter more, the draws are spread about their median until both agree;
they are never drawn together. Nothing is set by hand but the number of stretches.

References
----------
Ribatet, Cooley and Davison (2012), Statistica Sinica 22, 813, eq. 2.5 (curvature adjustment).
Shaby (2014), J. Am. Stat. Assoc. 109, 1077 (draws that exist already are adjusted).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRETCHES = 20
"""Of a survey: long, so that what lasts stays within one, and enough to tell a variance.

Schmeiser (1982), Operations Research 30, 556: 10 to 30 batches.
"""

FEWEST = 10
"""Stretches below which their scatter tells too little."""

FARTHEST = 4.0
"""Most that a width is multiplied by: how the answer moves is known near it only [1]."""

OFTEN = 40
"""Fewest draws that hold a source, and by which its own spread is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Derivatives of each stretch's log likelihood, at some states of the chains.

    Parameters
    ----------
    values : ndarray, shape (states, stretches, D)
        In the coordinates that Hamiltonian moves work on.
    held : ndarray, shape (states, J)
        1 where a slot held a source.
    prior : ndarray, shape (D,)
        What the prior adds to the precision.
    """

    values: Floats
    held: Ints
    prior: Floats


def groups_of(blocks: int) -> Ints:
    """Return the stretch that each block of readings belongs to, shape (blocks,)."""
    return np.arange(blocks) * min(STRETCHES, blocks) // blocks


def widening(own: Floats, moved: Floats, scores: Floats, prior: Floats) -> tuple[Floats, float]:
    """Return the map by which draws are to be spread about their middle.

    With posterior covariance V, cross covariance X of the quantities of interest with all that
    moves, scores g_k of the stretches averaged over draws, and prior precision P, the
    quantities would scatter by X (sum_k g_k g_k' + P) X' over surveys like this one. Where the
    model is right that is V.

    Parameters
    ----------
    own : ndarray, shape (draws, v)
        The quantities of interest.
    moved : ndarray, shape (draws, d)
        Everything that moves.
    scores : ndarray, shape (states, stretches, d)
        Of the stretches, at some draws.
    prior : ndarray, shape (d,)
        Precision that the prior adds.

    Returns
    -------
    turn : ndarray, shape (v, v)
        The identity where nothing scatters more than it should.
    factor : float
        By how much the width grows in the direction in which it grows most [1].
    """
    v = own.shape[1]
    joint = np.cov(np.hstack([own, moved]).T)
    inside, cross = joint[:v, :v], joint[:v, v:]
    pulls = scores @ cross.T
    mean = pulls.mean(axis=0)
    count, states = len(mean), len(pulls)
    apart = mean - mean.mean(axis=0)
    spread = apart.T @ apart * count / (count - 1)
    # What the mean over a few states still owes to those states is no scatter of the readings.
    left = pulls - mean
    left = left - left.mean(axis=1, keepdims=True)
    spread -= np.einsum("skv,skw->vw", left, left) / (states * (states - 1))
    spread += (cross * prior) @ cross.T
    root = np.linalg.cholesky(inside)
    half = np.linalg.solve(root, np.linalg.solve(root, spread).T)
    value, vector = np.linalg.eigh(0.5 * (half + half.T))
    stretch = np.minimum(np.sqrt(beyond_chance(value, v / (count - 1))), FARTHEST)
    turn = root @ (vector * stretch) @ vector.T @ np.linalg.inv(root)
    return np.asarray(turn), float(stretch.max())


def beyond_chance(value: Floats, ratio: float) -> Floats:
    """Return by how much variances exceed one, beyond what few stretches show by chance.

    Parameters
    ----------
    value : ndarray, shape (v,)
        Eigenvalues of a covariance estimated where the true one is the identity in most
        directions [1].
    ratio : float
        Directions over degrees of freedom [1].

    Returns
    -------
    ndarray, shape (v,)
        The true variances that such eigenvalues speak of; one where chance explains them [1].

    References
    ----------
    Donoho, Gavish and Johnstone (2018), Annals of Statistics 46, 1742, eq. 1.10 (spiked model).
    """
    edge = (1.0 + np.sqrt(ratio)) ** 2
    high = np.maximum(value, edge)
    shifted = high + 1.0 - ratio
    true = 0.5 * (shifted + np.sqrt(np.maximum(shifted**2 - 4.0 * high, 0.0)))
    return np.where(value > edge, true, 1.0)


def widen(
    sources: Floats, moved: Floats, scores: Scores, places: Floats, box: Floats
) -> tuple[Floats, float]:
    """Return draws in which one source is as uncertain as the readings' scatter says.

    Parameters
    ----------
    sources : ndarray, shape (chain, draw, slot, 7)
        On, x, y, z, ln rate, start, end.
    moved : ndarray, shape (chain, draw, D)
        What Hamiltonian moves change.
    scores : Scores
        Of stretches of the survey.
    places : ndarray, shape (chain, draw)
        East coordinate of the source in each draw, NaN without [m]: says which slot holds it.
    box : ndarray, shape (2, 2)
        Search box: lower and upper ends of x and y [m].

    Returns
    -------
    sources : ndarray, shape (chain, draw, slot, 7)
        The draws, with x, y and ln rate of the source widened.
    factor : float
        By how much its width grew at most; one where nothing changed [1].
    """
    mine = (sources[..., 1] == places[..., None]) & (sources[..., 0] == 1)
    slot = int(mine.sum(axis=(0, 1)).argmax())
    rows = mine[..., slot]
    states = scores.held[:, slot] == 1
    if scores.values.shape[1] < FEWEST or states.sum() < 2 or rows.sum() < OFTEN:
        return sources, 1.0
    slots = scores.held.shape[1]
    told = moved[rows].copy()
    # Another source moves this one only where both are there.
    other = np.repeat(sources[rows][:, :, 0] == 1, 4, axis=1)
    known = np.maximum(other.sum(axis=0), 1)
    usual = (told[:, : 4 * slots] * other).sum(axis=0) / known
    told[:, : 4 * slots] = np.where(other, told[:, : 4 * slots], usual)
    index = np.flatnonzero(np.ptp(told, axis=0) > 0.0)
    own = sources[rows][:, slot][:, [1, 2, 4]]
    if (np.ptp(own, axis=0) <= 0.0).any():
        return sources, 1.0
    turn, factor = widening(
        own, told[:, index], scores.values[states][:, :, index], scores.prior[index]
    )
    out = sources.copy()
    values = out[mine]
    # About the median, so that what is told as the source's place and rate hardly moves.
    middle = np.median(own, axis=0)
    wide = middle + (values[:, [1, 2, 4]] - middle) @ turn.T
    wide[:, :2] = np.clip(wide[:, :2], box[0], box[1])
    values[:, [1, 2, 4]] = wide
    out[mine] = values
    return out, factor
