"""Where sites may be: cells of H3 over the region, likelier near tip-offs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from barlovento.domain.geodesy import to_local
from barlovento.domain.region import GRADES, Region
from barlovento.errors import BadInput

Cell = list[tuple[float, float]]


def prior_of(region: Region, searched: Sequence[Path]) -> tuple[list[Cell], Any]:
    """Return the corners of each cell, longitude and latitude, and the sites expected in each.

    Parameters
    ----------
    region : Region
        Area, tip-offs, and how many sites are expected.
    searched : sequence of Path
        What was searched before.

    Raises
    ------
    BadInput
        The area holds no cell.
    """
    import h3

    outer, *holes = [[(lat, lon) for lon, lat in ring] for ring in region.area]
    cells = sorted(h3.h3shape_to_cells(h3.LatLngPoly(outer, *holes), region.cell_resolution))
    if not cells:
        raise BadInput("The area is smaller than a cell. Give a finer cell_resolution.")
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(cell)] for cell in cells]
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in cells]).T
    x, y = to_local(lon, lat, origin=region.origin)
    size = float(np.mean([h3.cell_area(cell, unit="m^2") for cell in cells]))
    told = np.zeros(len(cells))
    for tip in region.tip_offs:
        there = to_local(*tip.place, origin=region.origin)
        spread = tip.radius**2 + size / 12.0
        share = np.exp(-0.5 * ((x - there[0]) ** 2 + (y - there[1]) ** 2) / spread)
        told += GRADES[tip.grade] * size / (2.0 * np.pi * spread) * share
    rest = max(region.expected_sites - float(told.sum()), 0.1 * region.expected_sites)
    even = np.full(len(cells), rest / len(cells))
    both = even + told
    prior = region.expected_sites * both / both.sum()
    for place in searched:
        prior = prior * (1.0 - _seen(place, region, cells, size))
    return rings, prior


def _seen(place: Path, region: Region, cells: Sequence[str], size: float) -> Any:
    """Return how likely a site of each cell would have been seen by an earlier search [1]."""
    import h3
    import h5netcdf
    from scipy.special import ndtr

    file = place / "searched.nc" if place.is_dir() else place
    try:
        with h5netcdf.File(file, "r") as held:
            rate = np.asarray(held["emission_rate"][:], dtype=np.float64)
            seen = np.asarray(held["searched"][:], dtype=np.float64)
            x, y = (np.asarray(held[name][:], dtype=np.float64) for name in ("x", "y"))
            lon = np.asarray(held["longitude"][:], dtype=np.float64)
            lat = np.asarray(held["latitude"][:], dtype=np.float64)
    except (OSError, KeyError) as error:
        raise BadInput(
            f"{file} can't be used ({error}). Give a searched.nc of a survey with longitude and "
            "latitude."
        ) from error
    # Each rate of the map stands for those up to half-way to its neighbours, in logarithms.
    level = np.log(rate)
    edges = np.concatenate([[-np.inf], (level[1:] + level[:-1]) / 2.0, [np.inf]])
    weight = np.diff(ndtr((edges - np.log(region.rate.median)) / np.log(region.rate.gsd)))
    chance = np.nan_to_num(seen) @ weight
    piece = abs(float(x[1] - x[0]) * float(y[1] - y[0])) if len(x) > 1 < len(y) else size
    number = {cell: k for k, cell in enumerate(cells)}
    found = np.zeros(len(cells))
    for a, b, p in zip(lat.ravel(), lon.ravel(), chance.ravel(), strict=True):
        k = number.get(h3.latlng_to_cell(float(a), float(b), region.cell_resolution))
        if k is not None:
            found[k] += p * piece / size
    return np.clip(found, 0.0, 1.0)
