"""Pieces of a route in halves, until they are small enough to tell a metre and a second."""

from __future__ import annotations

import numpy as np

from barlovento.guard.geometry import FloatArray
from barlovento.guard.path import LEG, LOST, LOST_FIXED, RETURN, Path, Pieces


def halves(path: Path, pieces: Pieces) -> Pieces:
    """Return each piece as two, along its larger side, the earlier first."""
    wide, long = _sides(path, pieces)
    across = (wide >= long) | (pieces.kind == LEG) | (pieces.kind == LOST_FIXED)
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
    """Return pieces with boxes drawn anew from their shares."""
    buffer = path.route.buffer
    time, height = pieces.time.copy(), pieces.height.copy()
    for row, kind in enumerate(pieces.kind):
        leg, share = int(pieces.leg[row]), pieces.share[row]
        if kind == LOST_FIXED:
            a, b = path.route.lost_link[leg], path.route.lost_link[leg + 1]
            half = float(np.linalg.norm(pieces.corners[row, 1] - pieces.corners[row, 0]))
            # Rows come in pairs: the earlier half ends sooner, the later begins later.
            half = half * 0.9999 / path.route.return_speed
            time[row, 1 - row % 2] += half if row % 2 else -half
            ends = a.height.value + share[:2] * (b.height.value - a.height.value)
        else:
            t0, t1 = path.times[leg : leg + 2]
            h0, h1 = path.heights[leg : leg + 2]
            moments = t0 + share[:2] * (t1 - t0)
            ends = h0 + share[:2] * (h1 - h0)
            if kind != LEG:
                goal = path.route.home if kind == RETURN else path.route.lost_link[0]
                assert goal is not None
                end = path.ends[0 if kind == RETURN or path.route.home is None else 1]
                one = path.patches(
                    int(kind),
                    pieces.leg[row : row + 1],
                    path.places_at(leg, share[:2]),
                    (moments, ends),
                    goal,
                    end,
                    share[None],
                    pieces.corners[row : row + 1],
                )
                time[row], height[row] = one.time[0], one.height[0]
                continue
            time[row] = moments[0] - buffer.time_error, moments[1] + buffer.time_error
        height[row] = ends.min() - buffer.height_error, ends.max() + buffer.height_error
    return Pieces(pieces.kind, pieces.leg, pieces.corners, time, height, pieces.share)
