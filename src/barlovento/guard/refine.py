"""Pieces of a route in parts, until they are small enough to tell a metre and a second."""

from __future__ import annotations

import math

import numpy as np

from barlovento.guard.geometry import FloatArray
from barlovento.guard.path import LEG, LOST, LOST_FIXED, RETURN, Path, Pieces


def grid(path: Path, piece: Pieces, small: float, most: int) -> Pieces:
    """Return one piece of a way home as many, about as wide as long, the earlier first.

    Pieces of legs are parted by :func:`stretches`.

    Parameters
    ----------
    path : Path
        Of the route.
    piece : Pieces
        One row.
    small : float
        Smaller they need not be; a second counts as a metre [m].
    most : int
        At most so many.
    """
    (wide,), (long,) = _sides(path, piece)
    square = math.sqrt(most * wide / long) if long > 0 else most
    across = math.ceil(min(max(square, 1), most, max(wide / small, 1)))
    # Both are rounded up, and two is the least that gets on.
    onward = math.ceil(min(max(most / across, 1), max(long / small, 1)))
    if across * onward < 2:
        across, onward = (2, 1) if wide >= long else (1, 2)
    return (
        _lost_link(path, piece, across)
        if piece.kind[0] == LOST_FIXED
        else _fan(path, piece, across, onward)
    )


def _fan(path: Path, piece: Pieces, across: int, onward: int) -> Pieces:
    """Return a patch of ways home, parted along the leg and along the way."""
    n = across * onward
    a, b = np.linspace(0, 1, across + 1), np.linspace(0, 1, onward + 1)
    begin, until, near, far = piece.share[0]
    along_leg = begin + a * (until - begin)
    along_way = near + b * (far - near)
    share = np.empty((n, 4))
    share[:, 0] = np.repeat(along_leg[:-1], onward)
    share[:, 1] = np.repeat(along_leg[1:], onward)
    share[:, 2], share[:, 3] = np.tile(along_way[:-1], across), np.tile(along_way[1:], across)
    c = piece.corners[0]
    # Between the beginnings and between the ends of the ways, straight lines cross.
    first = c[0] + a[:, None] * (c[1] - c[0])
    last = c[3] + a[:, None] * (c[2] - c[3])
    spot = first[:, None] + b[:, None] * (last - first)[:, None]
    corners = np.stack([spot[:-1, :-1], spot[1:, :-1], spot[1:, 1:], spot[:-1, 1:]], axis=2)
    corners = corners.reshape(n, 4, 3)
    leg = np.full(n, piece.leg[0])
    kind, route = int(piece.kind[0]), path.route
    goal = route.home if kind == RETURN else route.lost_link[0]
    assert goal is not None
    number = 0 if kind == RETURN or route.home is None else 1
    knots = path.places_at(leg, share[:, 0]), path.places_at(leg, share[:, 1])
    step, rise = (float(v[leg[0] + 1] - v[leg[0]]) for v in (path.times, path.heights))
    known = np.empty((n, 4))
    known[:, :2] = path.times[leg[0]] + share[:, :2] * step
    known[:, 2:] = path.heights[leg[0]] + share[:, :2] * rise
    return path.patches(kind, leg, knots, known, goal, path.ends[number], share, corners)


def _lost_link(path: Path, piece: Pieces, number: int) -> Pieces:
    """Return a piece of the lost-link route as many; each begins later and ends sooner."""
    route, buffer = path.route, path.route.buffer
    part = np.linspace(0, 1, number + 1)
    start, end = piece.corners[0, 0], piece.corners[0, 1]
    spot = start + part[:, None] * (end - start)
    # A chord's length, with what may be lost to rounding.
    lasts = float(np.linalg.norm(end - start)) * 0.9999 / route.return_speed
    a, b = route.lost_link[piece.leg[0]], route.lost_link[piece.leg[0] + 1]
    begin, until = piece.share[0, :2]
    share = np.zeros((number, 4))
    every = begin + part * (until - begin)
    share[:, 0], share[:, 1] = every[:-1], every[1:]
    level = a.height.value + share[:, :2] * (b.height.value - a.height.value)
    return Pieces(
        np.full(number, LOST_FIXED),
        np.full(number, piece.leg[0]),
        np.stack([spot[:-1], spot[1:], spot[1:], spot[:-1]], axis=1),
        piece.time[0] + np.stack([part[:-1], part[1:] - 1], axis=1) * lasts,
        np.stack(
            [level.min(axis=1) - buffer.height_error, level.max(axis=1) + buffer.height_error],
            axis=1,
        ),
        share,
    )


def stretches(path: Path, piece: Pieces, part: FloatArray) -> Pieces:
    """Return stretches of one piece of a leg, in order.

    Parameters
    ----------
    path : Path
        Of the route.
    piece : Pieces
        One row, of a leg.
    part : ndarray, shape (n + 1,)
        Where they begin and end, as shares of the piece [1].
    """
    leg, buffer, number = int(piece.leg[0]), path.route.buffer, len(part) - 1
    start, end = piece.corners[0, 0], piece.corners[0, 1]
    spot = start + part[:, None] * (end - start)
    share = piece.share[0, 0] + part * (piece.share[0, 1] - piece.share[0, 0])
    moment = path.times[leg] + share * (path.times[leg + 1] - path.times[leg])
    level = path.heights[leg] + share * (path.heights[leg + 1] - path.heights[leg])
    shares = np.zeros((number, 4))
    shares[:, 0], shares[:, 1] = share[:-1], share[1:]
    height = np.stack(
        [np.minimum(level[:-1], level[1:]), np.maximum(level[:-1], level[1:])], axis=1
    )
    return Pieces(
        np.full(number, LEG),
        np.full(number, leg),
        np.stack([spot[:-1], spot[1:], spot[1:], spot[:-1]], axis=1),
        np.stack([moment[:-1] - buffer.time_error, moment[1:] + buffer.time_error], axis=1),
        height + np.array([-1.0, 1.0]) * buffer.height_error,
        shares,
    )


def _sides(path: Path, pieces: Pieces) -> tuple[FloatArray, FloatArray]:
    """Return the extent along the leg and along the way home; a second counts as a metre."""
    c = pieces.corners
    wide = np.maximum(
        np.linalg.norm(c[:, 1] - c[:, 0], axis=1), np.linalg.norm(c[:, 2] - c[:, 3], axis=1)
    )
    long = np.maximum(
        np.linalg.norm(c[:, 3] - c[:, 0], axis=1), np.linalg.norm(c[:, 2] - c[:, 1], axis=1)
    )
    fan = (pieces.kind == RETURN) | (pieces.kind == LOST)
    step = np.diff(path.times)[np.where(fan, pieces.leg, 0)]
    spread = (pieces.share[:, 1] - pieces.share[:, 0]) * step
    wide = np.where(fan, np.maximum(wide, spread), wide)
    return wide, np.where(fan, long, 0.0)


def size(path: Path, pieces: Pieces) -> FloatArray:
    """Return the larger side of each piece; a second counts as a metre [m]."""
    wide, long = _sides(path, pieces)
    return np.maximum(wide, long)
