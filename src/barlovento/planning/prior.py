"""Where sites may be: what `plan.prior` needs, from the files beside a region."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.region import Region
from barlovento.fly.region_file import read_shapes
from barlovento.fly.searched_file import read_searched
from barlovento.plan import prior as stage

Cell = list[tuple[float, float]]


def prior_of(
    region: Region, searched: Sequence[Path], folder: Path | None = None
) -> tuple[list[Cell], NDArray[np.float64]]:
    """Return the corners of each cell, longitude and latitude, and the sites expected in each.

    Parameters
    ----------
    region : Region
        Area, tip-offs, outcomes, and how many sites are expected.
    searched : sequence of Path
        Folders that ``locate`` wrote, or their ``searched.nc``.
    folder : Path, optional
        Where the files lie that the region names.

    Returns
    -------
    tuple
        Rings [degree], and expected sites, shape (cells,) [1].

    Raises
    ------
    BadInput
        The area holds no cell, or a file can't be used.
    """
    import h3

    cells = stage.cells_of(region)
    beside = folder or Path()
    roads = [shape for shape, _ in read_shapes(beside / region.roads)] if region.roads else []
    towns = (
        [shape for shape, _ in read_shapes(beside / region.settlements)]
        if region.settlements
        else []
    )
    slope = read_shapes(beside / region.slope) if region.slope else ()
    prior = stage.prior_of(region, cells, roads=roads, settlements=towns, slope=slope)
    for place in searched:
        prior = prior.lowered(stage.seen_by(read_searched(place), prior))
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(name)] for name in cells.names]
    return rings, prior.by_cell
