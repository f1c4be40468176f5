"""From raw draws to sources: which draws speak of the same source, its region and its rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVEL = 0.90


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


def credible_region(x: Floats, y: Floats, level: float = LEVEL) -> dict[str, Any]:
    """Return the smallest region that holds a share of the draws, as GeoJSON in metres.

    A kernel density on a grid is cut where the draws themselves say that ``level`` of them
    lie inside, and widened for the width of the kernel.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Draws [m].
    level : float
        Share [1].

    Returns
    -------
    dict
        Polygon or MultiPolygon.
    """
    import contourpy
    from scipy.ndimage import gaussian_filter, map_coordinates
    from shapely.geometry import Polygon, mapping
    from shapely.ops import unary_union

    lo = np.array([np.quantile(x, 0.001), np.quantile(y, 0.001)])
    hi = np.array([np.quantile(x, 0.999), np.quantile(y, 0.999)])
    width = np.maximum(hi - lo, 1.0)
    n_grid = 160
    lo, hi = lo - 0.4 * width, hi + 0.4 * width
    step = (hi - lo) / n_grid
    hist, _, _ = np.histogram2d(x, y, bins=n_grid, range=[[lo[0], hi[0]], [lo[1], hi[1]]])
    iqr = [np.subtract(*np.quantile(v, [0.75, 0.25])) / 1.349 for v in (x, y)]
    factor = 0.9 * max(len(x), 8) ** (-1.0 / 6.0)
    band = [
        max(factor * min(s if s > 0 else v.std(), v.std() + 1e-9) / d, 0.8)
        for s, v, d in zip(iqr, (x, y), step, strict=True)
    ]
    density = gaussian_filter(hist, band, mode="constant")
    at = [(x - lo[0]) / step[0] - 0.5, (y - lo[1]) / step[1] - 0.5]
    height = map_coordinates(density, at, order=1, mode="nearest")
    cut = float(np.quantile(height, 1.0 - level))
    cut = max(cut, 1e-12 * float(density.max()))
    gx = lo[0] + (np.arange(n_grid) + 0.5) * step[0]
    gy = lo[1] + (np.arange(n_grid) + 0.5) * step[1]
    generator = contourpy.contour_generator(
        gx, gy, density.T, fill_type=contourpy.FillType.OuterOffset
    )
    filled: Any = generator.filled(cut, math.inf)
    polygons, offsets = filled
    shapes = []
    for points, offset in zip(polygons, offsets, strict=True):
        rings = [points[a:b] for a, b in pairwise(offset)]
        shapes.append(Polygon(rings[0], rings[1:]).buffer(0))
    region = unary_union(shapes)
    region = region.simplify(0.25 * float(step.min()))
    return dict(mapping(region))
