"""The smallest region that holds a share of draws."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.90


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
