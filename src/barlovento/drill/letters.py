"""The belief map in characters, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from barlovento.drill.frames import BeliefShot, Frame, Header

SHADES = " .:-=+*%@"
"""From nothing to the peak."""

TRACK, HOME, FOUND = "\N{MIDDLE DOT}", "H", "X"
ASPECT = 2.0
"""Height over width of a character on most terminals [1]."""


def letters(
    header: Header,
    belief: BeliefShot | None,
    frames: Sequence[Frame],
    *,
    columns: int = 60,
    most_rows: int = 24,
) -> list[str]:
    """Return the area with belief, track, drones (1, 2 ...), home (H) and what is named (X).

    Parameters
    ----------
    header : Header
        For the area.
    belief : BeliefShot or None
        The newest map.
    frames : sequence of Frame
        All so far, for the track.
    columns : int
        Width in characters.
    most_rows : int
        Greatest height in lines.

    Returns
    -------
    list of str
        Lines from north to south, all of one length.
    """
    ring = np.array([*header.permitted, header.home])
    west, south = np.minimum(ring.min(axis=0), (header.area_x[0], header.area_y[0]))
    east, north = np.maximum(ring.max(axis=0), (header.area_x[1], header.area_y[1]))
    width, height = max(east - west, 1.0), max(north - south, 1.0)
    rows = max(4, round(columns * height / width / ASPECT))
    if rows > most_rows:
        rows, columns = most_rows, max(8, round(most_rows * ASPECT * width / height))
    page = np.full((rows, columns), " ")

    def put(x: float, y: float, sign: str) -> None:
        column = int((x - west) / width * columns)
        row = int((north - y) / height * rows)
        page[min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)] = sign

    if belief is not None:
        _shade(page, belief, (west, north, width, height))
    for frame in frames:
        for drone in frame.drones:
            for x, y, _ in drone.path[::4]:
                put(x, y, TRACK)
    put(*header.home, HOME)
    if frames:
        for x, y, _ in frames[-1].found:
            put(x, y, FOUND)
        for number, drone in enumerate(frames[-1].drones, 1):
            if drone.path:
                put(drone.path[-1][0], drone.path[-1][1], str(number % 10))
    return ["".join(row) for row in page]


def _shade(
    page: np.ndarray[tuple[int, int], np.dtype[np.str_]],
    belief: BeliefShot,
    box: tuple[float, float, float, float],
) -> None:
    """Put the map's shade at each character's middle."""
    west, north, width, height = box
    rows, columns = page.shape
    ny, nx = belief.shape
    x = west + (np.arange(columns) + 0.5) / columns * width
    y = north - (np.arange(rows) + 0.5) / rows * height
    i = np.floor((x - belief.x[0]) / (belief.x[1] - belief.x[0]) * nx).astype(int)
    j = np.floor((y - belief.y[0]) / (belief.y[1] - belief.y[0]) * ny).astype(int)
    inside = ((i >= 0) & (i < nx))[None, :] & ((j >= 0) & (j < ny))[:, None]
    shade = belief.cells[np.clip(j, 0, ny - 1)[:, None], np.clip(i, 0, nx - 1)[None, :]]
    level = np.minimum(shade.astype(int) * len(SHADES) // 256, len(SHADES) - 1)
    page[inside] = np.array(list(SHADES))[level][inside]
