"""The shipped outline of land and states, unpacked into short lines with what lies beside them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.guard.nearest import FloatArray, IntArray, cartesian

SEA = -1
"""Beside a coast: no holder."""
DEVIATION = 0.1
"""Farthest that a short line may lie from the straight one in longitude and latitude [m]."""
LONGEST = 2_500.0
"""Longest short line [m]."""
SEAM = 1e-6
"""So near to the antimeridian a place lies on it [degree]."""
METRES_PER_DEGREE = 111_195.0
"""On a great circle, about [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a piece of land.

    Parameters
    ----------
    state : str
        ISO 3166 alpha-2 of the sovereign; empty where none can be named.
    disputed : bool
        Others claim it too, or it is held apart from its sovereign.
    """

    state: str
    disputed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Lines between holders, and between holders and the sea.

    Parameters
    ----------
    begin, end : ndarray, shape (n, 3)
        Ends of each short line, earth-centred [m].
    left, right : ndarray of int, shape (n,)
        Holder on each side; :data:`SEA` for none.
    holders : tuple of Holder
        Who is meant by the numbers.
    source, licence, digest : str
        Where it comes from.
    """

    begin: FloatArray
    end: FloatArray
    left: IntArray
    right: IntArray
    holders: tuple[Holder, ...]
    source: str
    licence: str
    digest: str


def shipped() -> Outline:
    """Return the outline that comes with the program.

    Returns
    -------
    Outline
        Natural Earth, 1:10m.
    """
    file = resources.files("barlovento.guard") / "data" / "outline.npz"
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
        about: dict[str, Any] = json.loads(bytes(data["about"]))
        steps, lengths = data["steps"], data["lengths"]
        left, right = data["left"].astype(np.int64), data["right"].astype(np.int64)
    begin, end, arc = _lines(steps, lengths, about)
    return Outline(
        begin=begin,
        end=end,
        left=left[arc],
        right=right[arc],
        holders=tuple(Holder(**holder) for holder in about["holders"]),
        source=about["source"],
        licence=about["licence"],
        # Of the lines in use, which are fewer than those in the file.
        digest=hashlib.sha256(f"{about['digest']} without its seam".encode()).hexdigest(),
    )


def _lines(
    steps: NDArray[np.int32], lengths: NDArray[np.int32], about: dict[str, Any]
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return the ends of the short lines [m] and the arc that each belongs to."""
    arc = np.repeat(np.arange(len(lengths)), lengths)
    total = np.cumsum(steps.astype(np.int64), axis=0)
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    # Each arc starts anew from nothing, so what was summed before it is taken off.
    total -= np.repeat(total[first] - steps[first], lengths, axis=0)
    lon_lat = total * np.array(about["scale"]) + np.array(about["translate"])
    # Where the map is cut at the antimeridian, land goes on: that is no coast.
    cut = np.abs(np.abs(lon_lat[:, 0]) - 180.0) < SEAM
    kept = (arc[1:] == arc[:-1]) & ~(cut[1:] & cut[:-1])
    begin, end, row = short_lines(lon_lat[:-1][kept], lon_lat[1:][kept])
    return begin, end, arc[:-1][kept][row]


def short_lines(begin: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """Cut edges that are straight in longitude and latitude into short geodesics.

    Parameters
    ----------
    begin, end : ndarray, shape (n, 2)
        Ends of each edge, longitude and latitude [degree].

    Returns
    -------
    begin, end : ndarray, shape (m, 3)
        Ends of the short lines; edges without length are left out [m].
    row : ndarray of int, shape (m,)
        The edge that each comes from.
    """
    end = end.copy()
    # The short way round, also across the antimeridian.
    end[:, 0] -= 360.0 * np.round((end[:, 0] - begin[:, 0]) / 360.0)
    lat = np.radians(np.minimum(np.abs((begin[:, 1] + end[:, 1]) / 2.0), 89.9))
    east = np.abs(end[:, 0] - begin[:, 0]) * METRES_PER_DEGREE * np.cos(lat)
    north = np.abs(end[:, 1] - begin[:, 1]) * METRES_PER_DEGREE
    # A parallel leaves the geodesic between its ends by L^2 tan(lat) / 8 R.
    bend = east * np.sqrt(np.tan(lat) / (8.0 * 6.371e6 * DEVIATION))
    pieces = np.ceil(np.maximum(np.hypot(east, north) / LONGEST, bend)).astype(np.int64)
    pieces[(east == 0.0) & (north == 0.0)] = 0
    pieces = np.where((east + north > 0.0) & (pieces < 1), 1, pieces)
    row = np.repeat(np.arange(len(begin)), pieces)
    piece = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    step = (end - begin)[row] / pieces[row, None]

    def place(number: IntArray) -> FloatArray:
        # The last place is the edge's end itself, so that neighbours share it to the bit.
        last = (number == pieces[row])[:, None]
        at = np.where(last, end[row], begin[row] + step * number[:, None])
        return cartesian(at[:, 0], at[:, 1])

    return place(piece), place(piece + 1), row
