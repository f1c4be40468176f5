"""Where one more source would best explain what a chain leaves unexplained."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.locate.number import gain_map
from barlovento.locate.packed import pack
from barlovento.locate.unknowns import Problem, State

Floats = NDArray[np.float64]

GRID = 32
"""Cells along each side of the birth map [1]."""

PER_READING = (
    *("angle", "speed", "radial", "air", "survey", "block", "sensor", "y", "censored", "weight"),
    *("t0", "t1", "knot", "knot_f", "common", "common_f"),
)
"""Members of a problem whose last axis is the readings."""


def set_birth_map(p: Problem, st: State, others: list[Floats]) -> Floats:
    """Return a birth density over cells from what the state leaves unexplained, sum one."""
    n = len(p.y)
    pick = np.arange(n) if n <= 500 else np.linspace(0, n - 1, 500).astype(int)
    small = subset(p, pick)
    sub = st._replace(
        c=np.ascontiguousarray(st.c[:, pick]),
        e=np.ascontiguousarray(st.e[:, pick]),
        near=np.ascontiguousarray(st.near[:, pick]),
        b=st.b[pick],
        towards=st.towards[pick],
    )
    x = p.low[0] + (np.arange(GRID) + 0.5) / GRID * (p.high[0] - p.low[0])
    y = p.low[1] + (np.arange(GRID) + 0.5) / GRID * (p.high[1] - p.low[1])
    out = np.zeros((GRID, GRID))
    rates = np.exp(p.rate_mu + p.rate_sd * np.array([-1.5, -0.75, 0.0, 0.75, 1.5]))
    gain_map(pack(small), pack(sub), x, y, 0.5 * (p.low[2] + p.high[2]), rates, out)
    gain = np.maximum(out - out.max(), -700.0)
    density = np.zeros(GRID * GRID)
    for power in (0.5, 0.1):
        w = np.exp(power * gain).ravel()
        density += w / w.sum()
    return np.asarray(sum([density / density.sum(), *others]) / (1 + len(others)))


def subset(p: Problem, rows: NDArray[np.int64]) -> Problem:
    """Return the problem with the readings ``rows`` alone."""
    counts = (p.node_start[1:] - p.node_start[:-1])[rows]
    start = np.concatenate([[0], np.cumsum(counts)])
    index = np.concatenate([np.arange(p.node_start[r], p.node_start[r + 1]) for r in rows])
    per_reading: dict[str, Any] = {
        name: np.ascontiguousarray(getattr(p, name)[..., rows]) for name in PER_READING
    }
    return p._replace(
        # Where a source may be is looked for with plumes alone.
        puff_start=np.zeros((len(p.angle), len(rows) + 1), dtype=np.int64),
        vane=np.ascontiguousarray(p.vane[:, rows]),
        node_start=start,
        node_close=start[:-1] + (p.node_close - p.node_start[:-1])[rows],
        node_site=p.node_site[index],
        node_z=np.ascontiguousarray(p.node_z[:, index]),
        node_w=p.node_w[index],
        **per_reading,
    )
