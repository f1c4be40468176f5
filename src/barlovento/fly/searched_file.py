"""Reads ``searched.nc`` of ``barlovento locate``: what was looked at and not found."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from barlovento.domain.searched import Searched
from barlovento.errors import BadInput


def read_searched(path: Path) -> Searched:
    """Return the map of a search.

    Parameters
    ----------
    path : Path
        ``searched.nc``, or the folder that holds it.

    Returns
    -------
    Searched
        The map, with the origin of its frame.

    Raises
    ------
    BadInput
        It is no such file, or has local coordinates only.
    """
    import h5netcdf

    file = path / "searched.nc" if path.is_dir() else path
    try:
        with h5netcdf.File(file, "r") as data:
            if "crs" not in data.variables:
                raise BadInput(
                    f"{file} has local coordinates only: nobody can tell where on earth it lies. "
                    "Locate from surveys with longitude and latitude."
                )
            crs = data.variables["crs"].attrs
            origin = (
                float(crs["longitude_of_projection_origin"]),
                float(crs["latitude_of_projection_origin"]),
            )
            axes = {
                name: np.asarray(data.variables[name][...], dtype=np.float64)
                for name in ("x", "y", "emission_rate", "searched")
            }
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(
            f"Can't read {file} as a map of a search: {error}. "
            "Name searched.nc of `barlovento locate`."
        ) from error
    return Searched(
        origin=origin,
        x=axes["x"],
        y=axes["y"],
        rate=axes["emission_rate"],
        probability=np.clip(axes["searched"], 0.0, 1.0),
    )
