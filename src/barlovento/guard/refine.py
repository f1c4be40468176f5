"""Pieces of a route in halves, until they are small enough to tell a metre and a second."""

from __future__ import annotations

import numpy as np

from barlovento.guard.geometry import FloatArray
from barlovento.guard.path import LEG, LOST, LOST_FIXED, RETURN, Path, Pieces


def halves(path: Path, pieces: Pieces) -> Pieces:
    """Return each piece as two, along its larger side, the earlier first.

    Pieces of legs are parted by :func:`stretches`.
    """
    wide, long = _sides(path, pieces)
    across = (wide >= long) | (pieces.kind == LOST_FIXED)
    middle = (
        np.where(
            across,
            pieces.share[:, 0] + pieces.share[:, 1],
            pieces.share[:, 2] + pieces.share[:, 3],
        )
        / 2
    )
    share = np.repeat(pieces.share, 2, axis=0)
    share[0::2, 1] = np.where(across, middle, share[0::2, 1])
    share[1::2, 0] = np.where(across, middle, share[1::2, 0])
    share[0::2, 3] = np.where(across, share[0::2, 3], middle)
    share[1::2, 2] = np.where(across, share[1::2, 2], middle)
    corners = np.repeat(pieces.corners, 2, axis=0)
    c = pieces.corners
    near, far = (c[:, 0] + c[:, 1]) / 2, (c[:, 3] + c[:, 2]) / 2
    left, right = (c[:, 0] + c[:, 3]) / 2, (c[:, 1] + c[:, 2]) / 2
    side = across[:, None]
    corners[0::2, 1] = np.where(side, near, corners[0::2, 1])
    corners[0::2, 2] = np.where(side, far, right)
    corners[1::2, 0] = np.where(side, near, left)
    corners[0::2, 3] = np.where(side, corners[0::2, 3], left)
    corners[1::2, 3] = np.where(side, far, corners[1::2, 3])
    corners[1::2, 1] = np.where(side, corners[1::2, 1], right)
    kind, leg = np.repeat(pieces.kind, 2), np.repeat(pieces.leg, 2)
    return _boxed(
        path,
        Pieces(
            kind,
            leg,
            corners,
            np.repeat(pieces.time, 2, axis=0),
            np.repeat(pieces.height, 2, axis=0),
            share,
        ),
    )


def stretches(path: Path, piece: Pieces, number: int) -> Pieces:
    """Return one piece of a leg as many of equal length, in order.

    Parameters
    ----------
    path : Path
        Of the route.
    piece : Pieces
        One row, of a leg.
    number : int
        Of stretches.
    """
    leg, buffer = int(piece.leg[0]), path.route.buffer
    part = np.linspace(0, 1, number + 1)[:, None]
    start, end = piece.corners[0, 0], piece.corners[0, 1]
    spot = start + part * (end - start)
    share = piece.share[0, 0] + part[:, 0] * (piece.share[0, 1] - piece.share[0, 0])
    moment = path.times[leg] + share * (path.times[leg + 1] - path.times[leg])
    level = path.heights[leg] + share * (path.heights[leg + 1] - path.heights[leg])
    shares = np.zeros((number, 4))
    shares[:, 0], shares[:, 1] = share[:-1], share[1:]
    time = np.stack([moment[:-1] - buffer.time_error, moment[1:] + buffer.time_error], axis=1)
    height = np.stack(
        [np.minimum(level[:-1], level[1:]), np.maximum(level[:-1], level[1:])], axis=1
    )
    height += np.array([-1.0, 1.0]) * buffer.height_error
    return Pieces(
        np.full(number, LEG),
        np.full(number, leg),
        np.stack([spot[:-1], spot[1:], spot[1:], spot[:-1]], axis=1),
        time,
        height,
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


def _boxed(path: Path, pieces: Pieces) -> Pieces:
    """Return pieces with boxes drawn anew from their shares; rows come in pairs of halves."""
    route, buffer = path.route, path.route.buffer
    time, height = pieces.time.copy(), pieces.height.copy()
    goals = {
        RETURN: (route.home, 0),
        LOST: (route.lost_link[0] if route.lost_link else None, 0 if route.home is None else 1),
    }
    for kind, (goal, number) in goals.items():
        rows = np.flatnonzero(pieces.kind == kind)
        if not len(rows) or goal is None:
            continue
        leg, share = pieces.leg[rows], pieces.share[rows]
        knots = np.stack([path.places_at(leg, share[:, k]) for k in (0, 1)])
        step, rise = np.diff(path.times)[leg], np.diff(path.heights)[leg]
        known = (
            np.stack([path.times[leg] + share[:, k] * step for k in (0, 1)]),
            np.stack([path.heights[leg] + share[:, k] * rise for k in (0, 1)]),
        )
        corners = pieces.corners[rows]
        some = path.patches(kind, leg, knots, known, goal, path.ends[number], share, corners)
        time[rows], height[rows] = some.time, some.height
    for row in np.flatnonzero(pieces.kind == LOST_FIXED):
        a, b = route.lost_link[pieces.leg[row]], route.lost_link[pieces.leg[row] + 1]
        half = float(np.linalg.norm(pieces.corners[row, 1] - pieces.corners[row, 0]))
        # The earlier half ends sooner, the later begins later.
        half = half * 0.9999 / route.return_speed
        time[row, 1 - row % 2] += half if row % 2 else -half
        ends = a.height.value + pieces.share[row, :2] * (b.height.value - a.height.value)
        height[row] = ends.min() - buffer.height_error, ends.max() + buffer.height_error
    return Pieces(pieces.kind, pieces.leg, pieces.corners, time, height, pieces.share)
