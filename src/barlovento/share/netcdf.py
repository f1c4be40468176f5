"""``posterior.nc`` and ``searched.nc`` as bytes, with CF names and units.

Written through h5netcdf and not xarray, whose import (with pandas) takes longer than all else
that is written; both xarray and ArviZ open the files.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Frame
from barlovento.domain.source import Posterior
from barlovento.share.places import to_longitude_latitude

CONVENTIONS = "CF-1.11"
DRAWS = ("chain", "draw", "source")

SOURCE_VARIABLES: dict[str, tuple[str, str]] = {
    "x": ("m", "distance east of the origin"),
    "y": ("m", "distance north of the origin"),
    "z": ("m", "height above ground"),
    "emission_rate": ("kg s-1", "emission rate"),
    "active_from": ("s", "start of emission, seconds since 1970-01-01T00:00:00Z"),
    "active_until": ("s", "end of emission, seconds since 1970-01-01T00:00:00Z"),
}


def posterior_bytes(posterior: Posterior, attributes: Mapping[str, Any]) -> bytes:
    """Return ``posterior.nc``: ArviZ's group ``posterior``, NaN where a draw has no such source.

    Parameters
    ----------
    posterior : Posterior
        The draws.
    attributes : mapping
        Written on the root and on the group.
    """
    import h5netcdf

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        file.attrs.update(attributes)
        group = file.create_group("posterior")
        group.attrs.update({**attributes, "inference_library": "barlovento"})
        for dimension, size in zip(DRAWS, posterior.x.shape, strict=True):
            group.dimensions[dimension] = size
            _put(group, dimension, (dimension,), np.arange(size), {})
        for name, (units, meaning) in SOURCE_VARIABLES.items():
            values = getattr(posterior, name)
            _put(group, name, DRAWS, values, {"units": units, "long_name": meaning})
        meaning = "number of sources of the draw"
        _put(
            group,
            "number_of_sources",
            DRAWS[:2],
            posterior.count.astype(np.int64),
            {"units": "1", "long_name": meaning},
        )
        for name, values in posterior.nuisance.items():
            _put(group, name, DRAWS[:2], values, {"units": posterior.nuisance_units[name]})
    return buffer.getvalue()


def searched_bytes(posterior: Posterior, frame: Frame, attributes: Mapping[str, Any]) -> bytes:
    """Return ``searched.nc``: where a source of which rate would have been seen.

    Parameters
    ----------
    posterior : Posterior
        Holds the map, ``searched``, shape (y, x, emission_rate).
    frame : Frame
        Where geographic, longitude, latitude and the projection are added.
    attributes : mapping
        Written on the root.
    """
    import h5netcdf

    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        file.attrs.update({**attributes, "Conventions": CONVENTIONS})
        axes = {
            "y": (posterior.searched_y, "m", "projection_y_coordinate", "Y"),
            "x": (posterior.searched_x, "m", "projection_x_coordinate", "X"),
        }
        for name, (values, units, standard_name, axis) in axes.items():
            file.dimensions[name] = values.size
            attrs = {"units": units, "standard_name": standard_name, "axis": axis}
            _put(file, name, (name,), values, attrs)
        file.dimensions["emission_rate"] = posterior.searched_rate.size
        attrs = {"units": "kg s-1", "long_name": "emission rate of the supposed source"}
        _put(file, "emission_rate", ("emission_rate",), posterior.searched_rate, attrs)
        attributes_of_map: dict[str, Any] = {
            "units": "1",
            "long_name": "probability that a source of this rate there would have been seen",
            "valid_range": np.array([0.0, 1.0], dtype=np.float32),
        }
        if frame.geographic:
            attributes_of_map |= {"grid_mapping": "crs", "coordinates": "longitude latitude"}
            _geographic(file, posterior, frame)
        searched = posterior.searched.astype(np.float32)
        _put(file, "searched", ("y", "x", "emission_rate"), searched, attributes_of_map)
    return buffer.getvalue()


def _geographic(file: Any, posterior: Posterior, frame: Frame) -> None:
    x, y = np.meshgrid(posterior.searched_x, posterior.searched_y)
    longitude, latitude = to_longitude_latitude(x, y, frame)
    attrs = {"units": "degrees_east", "standard_name": "longitude"}
    _put(file, "longitude", ("y", "x"), longitude, attrs)
    attrs = {"units": "degrees_north", "standard_name": "latitude"}
    _put(file, "latitude", ("y", "x"), latitude, attrs)
    projection = {
        "grid_mapping_name": "azimuthal_equidistant",
        "longitude_of_projection_origin": frame.longitude,
        "latitude_of_projection_origin": frame.latitude,
        "false_easting": 0.0,
        "false_northing": 0.0,
        "semi_major_axis": 6_378_137.0,
        "inverse_flattening": 298.257223563,
    }
    _put(file, "crs", (), np.array(0, dtype=np.int32), projection)


def _put(
    group: Any,
    name: str,
    dimensions: tuple[str, ...],
    values: NDArray[Any],
    attributes: Mapping[str, Any],
) -> None:
    # Level 1 keeps most of the gain for a fraction of the time; scalars can't be compressed.
    packed = {"compression": "gzip", "compression_opts": 1} if dimensions else {}
    variable = group.create_variable(name, dimensions, data=values, **packed)
    variable.attrs.update(attributes)
