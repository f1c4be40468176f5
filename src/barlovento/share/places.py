"""Positions as the survey's owner wrote them: local metres, or longitude and latitude."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_geographic
from barlovento.domain.observation import Frame

FloatArray = NDArray[np.float64]


def to_longitude_latitude(
    x: FloatArray, y: FloatArray, frame: Frame
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude, WGS 84, of local metres.

    Parameters
    ----------
    x, y : ndarray
        East and north in the frame [m].
    frame : Frame
        A geographic one.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude [degree].
    """
    if frame.longitude is None or frame.latitude is None:
        raise ValueError("Local axes without a place on the globe have no longitude.")
    return to_geographic(x, y, origin=(frame.longitude, frame.latitude))


def to_survey_coordinates(geometry: Mapping[str, Any], frame: Frame) -> dict[str, Any]:
    """Return a GeoJSON geometry of local metres in the coordinates of the survey.

    Parameters
    ----------
    geometry : mapping
        Point, Polygon or MultiPolygon in local metres.
    frame : Frame
        Where geographic, the result is longitude and latitude [degree], else metres [m].
    """
    coordinates = geometry["coordinates"]
    convert = _degrees if frame.geographic else _metres
    return {"type": geometry["type"], "coordinates": convert(coordinates, frame)}


def _metres(coordinates: Any, frame: Frame) -> Any:
    return (
        np.asarray(coordinates).round(3).tolist()
        if _is_ring(coordinates)
        else [_metres(part, frame) for part in coordinates]
    )


def _degrees(coordinates: Any, frame: Frame) -> Any:
    if not _is_ring(coordinates):
        return [_degrees(part, frame) for part in coordinates]
    points = np.atleast_2d(np.asarray(coordinates, float))
    longitude, latitude = to_longitude_latitude(points[:, 0], points[:, 1], frame)
    # Eight decimals are a millimetre.
    degrees = np.column_stack([longitude, latitude]).round(8).tolist()
    return degrees if np.ndim(coordinates) == 2 else degrees[0]


def _is_ring(coordinates: Any) -> bool:
    """Tell a point or a ring of points from a list of rings (which may differ in length)."""
    first = coordinates[0]
    return np.ndim(first) == 0 or np.ndim(first[0]) == 0
