"""Where sites may be: cells of H3 over the region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.region import Region


def prior_of(region: Region, folder: Path, searched: Sequence[Path]) -> tuple[list[Any], Any]:
    """Return rings and prior of each cell."""
    import h3

    shape = h3.LatLngPoly(
        [(lat, lon) for lon, lat in region.area[0]],
        *[[(lat, lon) for lon, lat in ring] for ring in region.area[1:]],
    )
    cells = sorted(h3.h3shape_to_cells(shape, region.cell_resolution))
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(c)] for c in cells]
    lat, lon = np.array([h3.cell_to_latlng(c) for c in cells]).T
    w = np.ones(len(cells))
    for tip in region.tip_offs:
        d = np.hypot((lon - tip.place[0]) * 101e3, (lat - tip.place[1]) * 111e3)
        w += 20 * np.exp(-0.5 * (d / (tip.radius + 400)) ** 2)
    return rings, region.expected_sites * w / w.sum()
