"""From raw draws to sources: which draws speak of the same source, its region and its rate."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Draws that speak of one source.

    Parameters
    ----------
    values : ndarray, shape (chain, draw, 6)
        x, y, z [m], ln rate, start and end [span]; NaN where a draw lacks the source.
    probability : float
        Share of draws that hold it [1].
    """

    values: Floats
    probability: float


def relabel(sources: Floats, log_likelihood: Floats) -> list[Cluster]:
    """Group the sources of all draws by the source they speak of.

    Draws with the most probable number of sources are permuted until each label is as
    compact as can be (Stephens 2000, J. R. Stat. Soc. B 62, 795, algorithm 2 with squared
    distance); the sources of other draws join the nearest label within its reach.

    Parameters
    ----------
    sources : ndarray, shape (chain, draw, slot, 7)
        On, x, y, z, ln rate, start, end.
    log_likelihood : ndarray, shape (chain, draw)
        Of each draw [1].

    Returns
    -------
    list of Cluster
        Most probable first.
    """
    shape = sources.shape[:2]
    flat = sources.reshape(-1, *sources.shape[2:])
    count = flat[:, :, 0].sum(axis=1).astype(int)
    seen = np.bincount(count)
    seen[0] = 0
    if seen.sum() == 0:
        return []
    mode = int(np.argmax(seen))
    rows = np.flatnonzero(count == mode)
    order = np.argsort(flat[rows, :, 0] == 0, axis=1, kind="stable")[:, :mode]
    held = np.take_along_axis(flat[rows], order[:, :, None], axis=1)
    first = int(np.argmax(log_likelihood.reshape(-1)[rows]))
    centre, scale = _settle(held, held[first, :, 1:3])
    values = np.full((len(flat), mode, 6), np.nan)
    for k in np.unique(count[count > 0]):
        which = np.flatnonzero(count == k)
        pick = np.argsort(flat[which, :, 0] == 0, axis=1, kind="stable")[:, :k]
        held = np.take_along_axis(flat[which], pick[:, :, None], axis=1)
        _join(held, which, centre, scale, values, gate=k != mode)
    out = []
    for k in range(mode):
        present = np.isfinite(values[:, k, 0])
        out.append(
            Cluster(values=values[:, k].reshape(*shape, 6), probability=float(present.mean()))
        )
    return sorted(out, key=lambda c: -c.probability)


def _settle(held: Floats, centre: Floats) -> tuple[Floats, Floats]:
    """Permute the draws' sources until the labels settle; return centres and scales."""
    mode = held.shape[1]
    orders = [np.array(o) for o in permutations(range(mode))] if mode <= 5 else [np.arange(mode)]
    scale = np.full(mode, 1.0)
    for _ in range(12):
        cost = ((held[:, :, None, 1:3] - centre[None, None]) ** 2).sum(axis=-1) / scale**2
        total = np.array([cost[:, o, np.arange(mode)].sum(axis=1) for o in orders])
        best = np.array(orders)[np.argmin(total, axis=0)]
        sorted_ = np.take_along_axis(held, best[:, :, None], axis=1)[:, :, 1:3]
        new = np.median(sorted_, axis=0)
        scale = np.maximum(np.median(np.hypot(*np.moveaxis(sorted_ - new, -1, 0)), axis=0), 0.5)
        if np.allclose(new, centre):
            break
        centre = new
    return centre, scale


def _join(
    held: Floats, which: Ints, centre: Floats, scale: Floats, values: Floats, *, gate: bool
) -> None:
    """Give each label its nearest source in every draw of ``held``."""
    k, mode = held.shape[1], len(centre)
    d = np.sqrt(((held[:, :, None, 1:3] - centre[None, None]) ** 2).sum(axis=-1)) / scale
    if gate:
        d = np.where(d > 6.0, np.inf, d)
    for _ in range(min(k, mode)):
        best = np.argmin(d.reshape(len(d), -1), axis=1)
        s, c = best // mode, best % mode
        rows = np.arange(len(d))
        good = np.isfinite(d[rows, s, c])
        values[which[good], c[good]] = held[rows[good], s[good], 1:7]
        d[rows, s] = np.inf
        d[rows, :, c] = np.inf
