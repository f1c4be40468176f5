"""Whether a flown track stayed inside of the volume that its plan sweeps, fix by fix.

At the moment of a fix the plan allows the stretch of its legs within the error of time, with the
buffer to the side and the error of height, and every way home or lost-link way that may have been
begun by then. Ways are looked at in parts of :data:`FINE`, so they are taken that much too wide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Height, HeightReference, Route
from barlovento.domain.track import Doubt, Track
from barlovento.guard.geometry import FloatArray, places
from barlovento.guard.heights import Range, Ranges
from barlovento.guard.path import Path, Pieces, joined
from barlovento.guard.refine import grid, size

OUT, UNKNOWN, IN = range(3)
"""What can be said of a fix."""

FINE = 1.0
"""Ways home are parted until they are this small; a second counts as a metre [m]."""

MOST_PARTS = 64
MOST_LOOKS = 200
"""After so many partings of ways home nothing can be said."""

LONGEST_GAP = 60.0
"""Longer without a fix, nothing can be said of what lies between [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flown:
    """How a track compares with a plan's swept volume.

    Parameters
    ----------
    verdict : str
        ``"inside"``, ``"left"`` or ``"cannot tell"``.
    status : ndarray of int, shape (n,)
        :data:`IN`, :data:`UNKNOWN` or :data:`OUT` of each fix that is believed.
    rows : ndarray of int, shape (n,)
        Those fixes of the track.
    first : int or None
        The first fix of the track that is surely outside.
    longest_gap : float
        Between two of those fixes [s].
    """

    verdict: str
    status: NDArray[np.int64]
    rows: NDArray[np.int64]
    first: int | None
    longest_gap: float


def compare(
    route: Route, track: Track, *, terrain: Range | None = None, geoid: Range | None = None
) -> Flown:
    """Return whether a track stayed inside of the volume that was cleared for its plan.

    Parameters
    ----------
    route : Route
        The plan.
    track : Track
        What was flown.
    terrain, geoid : tuple of float, optional
        Lowest and highest ground above mean sea level, and mean sea level above the ellipsoid,
        wherever it leads; without them heights of different references can't be compared [m].

    Returns
    -------
    Flown
        The position error counts both ways: what it could change can't be told.
    """
    rows = np.flatnonzero(track.doubt == Doubt.NONE)
    looked = Volume(route, terrain=terrain, geoid=geoid)
    spots = places(track.lon[rows], track.lat[rows])
    status = np.array(
        [
            looked.status(
                spots[k],
                float(track.time[row]),
                looked.height(float(track.height[row]), track.height_reference),
                float(track.position_error[row]),
            )
            for k, row in enumerate(rows)
        ],
        dtype=np.int64,
    )
    gap = float(np.diff(track.time[rows]).max()) if len(rows) > 1 else 0.0
    out = np.flatnonzero(status == OUT)
    if len(out):
        verdict = "left"
    elif len(rows) < 2 or (status == UNKNOWN).any() or gap > LONGEST_GAP:
        verdict = "cannot tell"
    else:
        verdict = "inside"
    first = int(rows[out[0]]) if len(out) else None
    return Flown(verdict=verdict, status=status, rows=rows, first=first, longest_gap=gap)


class Volume:
    """What a plan sweeps, asked fix by fix.

    Parameters
    ----------
    route : Route
        The plan.
    terrain, geoid : tuple of float or None
        As in :func:`compare` [m].
    """

    def __init__(self, route: Route, *, terrain: Range | None, geoid: Range | None) -> None:
        self.route = route
        self.path = Path(route)
        self._away = self.path.returns()
        reference = route.waypoints[0].height.reference
        self._ranges = Ranges(reference=reference, terrain=terrain, geoid=geoid)
        self._home = self.path.ends[0] if route.home is not None else None

    def height(self, value: float, reference: str) -> Range | None:
        """Return a fix's height above the plan's reference, lowest and highest, or None [m].

        Parameters
        ----------
        value : float
            [m].
        reference : str
            What it is measured from.
        """
        if not np.isfinite(value) or reference not in set(HeightReference):
            return None
        return self._ranges.convert(Height(value=value, reference=HeightReference(reference)))

    def status(self, spot: FloatArray, time: float, height: Range | None, error: float) -> int:
        """Return what can be said of a place at a moment.

        Parameters
        ----------
        spot : ndarray, shape (3,)
            Place, as :func:`barlovento.guard.geometry.places` gives it [m].
        time : float
            Since 1970 [s].
        height : tuple of float or None
            Of :meth:`height` [m].
        error : float
            Of the place [m].
        """
        found = self._on_legs(spot, time, height, error)
        if found != IN:
            found = max(found, self._at_home(spot, height, error))
        side = self.route.buffer.side
        if found != IN and self._on_way(spot, time, height, side - error):
            found = UNKNOWN if height is None else IN
        if found == OUT and self._on_way(spot, time, height, side + error):
            found = UNKNOWN
        return found

    def _on_legs(self, spot: FloatArray, time: float, height: Range | None, error: float) -> int:
        path, buffer = self.path, self.route.buffer
        first = max(time - buffer.time_error, float(path.times[0]))
        last = min(time + buffer.time_error, float(path.times[-1]))
        if last < first:
            return OUT
        moments = path.knot_times
        between = moments[(moments > first) & (moments < last)]
        every = np.concatenate([[first], between, [last]])
        line, level = path.at(every)
        away = _from_lines(spot, line)
        low = float(level.min()) - buffer.height_error
        high = float(level.max()) + buffer.height_error
        return _both(away, buffer.side, error, height, (low, high))

    def _at_home(self, spot: FloatArray, height: Range | None, error: float) -> int:
        """Return whether it stands at home, or at its start, before or after the flight."""
        home, buffer = self.route.home, self.route.buffer
        if home is None or self._home is None:
            return OUT
        away = float(np.linalg.norm(spot - self._home))
        level = home.height.value
        around = level - buffer.height_error, level + buffer.height_error
        return _both(away, buffer.side, error, height, around)

    def _on_way(self, spot: FloatArray, time: float, height: Range | None, side: float) -> bool:
        """Return whether some way home may be there then, within a distance to the side."""
        if self._away is None or side < 0:
            return False
        waiting = _near(self._away, spot, time, height, side)
        for _ in range(MOST_LOOKS):
            if not len(waiting):
                return False
            one, waiting = waiting.at(slice(1)), waiting.at(slice(1, None))
            if float(size(self.path, one)[0]) <= FINE:
                return True
            parts = _near(grid(self.path, one, FINE, MOST_PARTS), spot, time, height, side)
            if len(parts):
                waiting = joined([parts, waiting])
        return False


def _near(
    pieces: Pieces, spot: FloatArray, time: float, height: Range | None, side: float
) -> Pieces:
    """Return the pieces that may hold a place at a moment."""
    centre = pieces.corners.mean(axis=1)
    reach = np.linalg.norm(pieces.corners - centre[:, None], axis=2).max(axis=1)
    kept = np.linalg.norm(centre - spot, axis=1) <= reach + side
    kept &= (pieces.time[:, 0] <= time) & (time <= pieces.time[:, 1])
    if height is not None:
        kept &= (pieces.height[:, 0] <= height[0]) & (height[1] <= pieces.height[:, 1])
    return pieces.at(kept)


def _both(away: float, side: float, error: float, height: Range | None, level: Range) -> int:
    """Return what distance and height say together."""
    across = IN if away + error <= side else UNKNOWN if away - error <= side else OUT
    if height is None:
        return min(across, UNKNOWN)
    if level[0] <= height[0] and height[1] <= level[1]:
        return across
    return min(across, UNKNOWN if height[0] <= level[1] and level[0] <= height[1] else OUT)


def _from_lines(spot: FloatArray, line: FloatArray) -> float:
    """Return the distance of a place from straight lines through others [m]."""
    begin, step = line[:-1], line[1:] - line[:-1]
    if not len(begin):
        return float(np.linalg.norm(spot - line[0]))
    long = np.maximum((step**2).sum(axis=1), 1e-12)
    share = np.clip(((spot - begin) * step).sum(axis=1) / long, 0.0, 1.0)
    foot = begin + share[:, None] * step
    return float(np.linalg.norm(spot - foot, axis=1).min())
