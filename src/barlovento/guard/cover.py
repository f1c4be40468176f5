"""Which pieces of a route a consent covers, which a zone meets, and what is left uncovered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from barlovento.domain.airspace import Area, Circle, Consent, Position, Volume, Zone
from barlovento.guard.drawing import BoolArray, Drawing, Patches
from barlovento.guard.geometry import (
    BEND,
    FRAME_RADIUS,
    FloatArray,
    Frame,
    Shape,
    scale_error,
    shapes_of,
)
from barlovento.guard.heights import Ranges
from barlovento.guard.path import LEG, Pieces
from barlovento.guard.times import Span, spans

SEAM = 1e-3
"""Two areas whose edges are this near to each other leave no gap between them [m]."""

ROUNDING = 1e-5
"""What sums of floats may be off: seconds since 1970, and metres [s or m]."""


@lru_cache(maxsize=4096)
def shapes(area: Area, outward: bool) -> tuple[Shape, ...]:
    """Return an area's polygons; the same area is prepared once."""
    return shapes_of(area, outward=outward)


@dataclass(frozen=True, slots=True, eq=False)
class Bounded:
    """A volume as numbers in a route's own terms.

    Parameters
    ----------
    shapes : tuple of Shape
        Where.
    spans : tuple of (float, float)
        When, in order [s since 1970].
    low, high : float
        Above the route's reference; infinite where unbounded, NaN where it can't be told [m].
    owner : Consent or Zone
        Whose volume it is.
    """

    shapes: tuple[Shape, ...]
    spans: tuple[Span, ...]
    low: float
    high: float
    owner: Consent | Zone

    @property
    def comparable(self) -> bool:
        """Return whether its heights can be compared with the route's."""
        return not (math.isnan(self.low) or math.isnan(self.high))

    def timely(self, time: FloatArray, *, wholly: bool) -> BoolArray:
        """Return which spans lie inside of one of its own, or meet one.

        Parameters
        ----------
        time : ndarray, shape (n, 2)
            First and last moment [s since 1970].
        wholly : bool
            Whether they shall lie inside.
        """
        found = np.zeros(len(time), dtype=bool)
        for first, last in self.spans:
            if wholly:
                found |= (time[:, 0] >= first - ROUNDING) & (time[:, 1] <= last + ROUNDING)
            else:
                found |= (time[:, 1] > first + ROUNDING) & (time[:, 0] < last - ROUNDING)
        return found

    def level(self, height: FloatArray, *, wholly: bool) -> BoolArray:
        """Return which heights lie inside, or meet it; what can't be told is refused.

        Parameters
        ----------
        height : ndarray, shape (n, 2)
            Lowest and highest, above the route's reference [m].
        wholly : bool
            Whether they shall lie inside.
        """
        if not self.comparable:
            return np.full(len(height), not wholly)
        if wholly:
            inside: BoolArray = (height[:, 0] >= self.low - ROUNDING) & (
                height[:, 1] <= self.high + ROUNDING
            )
            return inside
        meets: BoolArray = (height[:, 1] >= self.low) & (height[:, 0] <= self.high)
        return meets


def bounded(
    volume: Volume, owner: Consent | Zone, *, ranges: Ranges, start: float, end: float
) -> Bounded | None:
    """Return a volume in a route's terms, or None where it does not apply in that time.

    Parameters
    ----------
    volume : Volume
        Of a consent or a zone.
    owner : Consent or Zone
        Whose it is; what is doubtful makes consents smaller and zones larger.
    ranges : Ranges
        How heights convert.
    start, end : float
        The route's time [s since 1970].
    """
    generous = isinstance(owner, Zone)
    when = spans(volume.when, start=start, end=end, around=_around(volume), generous=generous)
    if not when:
        return None
    low, high = ranges.bounds(volume.lower, volume.upper, generous=generous)
    return Bounded(shapes(volume.area, generous), when, low, high, owner)


def _around(volume: Volume) -> Sequence[Position]:
    """Return places at which daylight counts: corners, and a circle's four ends."""
    if not volume.when.windows:
        return ()
    found: list[Position] = []
    for member in volume.area:
        if isinstance(member, Circle):
            north = member.radius / 110_000
            east = north / max(math.cos(math.radians(member.lat)), 1e-3)
            found += [
                (member.lon + i * east, float(np.clip(member.lat + j * north, -90, 90)))
                for i, j in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
            ]
        else:
            found += member.outer
    return found


class Sheet:
    """Volumes and pieces of a route, drawn in one flat frame.

    Parameters
    ----------
    frame : Frame
        Touching near the pieces.
    side : float
        How far the aircraft may be to the side [m].
    """

    def __init__(self, frame: Frame, side: float) -> None:
        self.frame = frame
        self.reach = FRAME_RADIUS + side
        self.side = side * (1 + scale_error(self.reach)) + 2 * BEND + SEAM
        self._drawn: dict[int, list[Drawing]] = {}

    def _drawings(self, volume: Bounded) -> list[Drawing]:
        """Return each shape of a volume that is near, drawn once."""
        known = self._drawn.get(id(volume))
        if known is None:
            known = [Drawing(shape, self.frame) for shape in volume.shapes if self._near(shape)]
            self._drawn[id(volume)] = known
        return known

    def _near(self, shape: Shape) -> bool:
        origin = self.frame.origin / np.linalg.norm(self.frame.origin)
        apart = float(np.linalg.norm(shape.centre - origin))
        return apart <= shape.reach + 1.01 * self.reach / 6.33e6

    def patches(self, pieces: Pieces) -> Patches:
        """Return the pieces' patches, drawn."""
        import shapely

        flat = self.frame.project(pieces.corners.reshape(-1, 3)).reshape(-1, 4, 2)
        middle = flat.mean(axis=1)
        reach = np.sqrt(((flat - middle[:, None]) ** 2).sum(axis=2).max(axis=1))
        lines = shapely.linestrings(flat)
        # A leg's piece is a line already, there and back.
        patch = np.flatnonzero(pieces.kind != LEG)
        hulls = np.array(lines, dtype=object)
        hulls[patch] = shapely.convex_hull(hulls[patch])
        return Patches(hulls, middle, shapely.points(middle), reach)

    def covered(self, volume: Bounded, pieces: Pieces, patches: Patches) -> BoolArray:
        """Return which pieces, with all that surrounds them, a volume holds on its own."""
        found = volume.timely(pieces.time, wholly=True) & volume.level(pieces.height, wholly=True)
        rows = np.flatnonzero(found)
        for drawing in self._drawings(volume):
            if not len(rows):
                break
            rows = rows[~drawing.holds(pieces, patches, rows, self.side)]
        found[rows] = False
        return found

    def met(self, volume: Bounded, pieces: Pieces, patches: Patches) -> BoolArray:
        """Return which pieces, with all that surrounds them, meet a volume."""
        found = volume.timely(pieces.time, wholly=False) & volume.level(pieces.height, wholly=False)
        rows = np.flatnonzero(found)
        for drawing in self._drawings(volume):
            if not len(rows):
                break
            rows = rows[~drawing.touches(patches, rows, self.side)]
        found[rows] = False
        return found

    def uncovered(
        self,
        pieces: Pieces,
        row: int,
        patches: Patches,
        consents: Sequence[Bounded],
        within: Bounded | None = None,
    ) -> Any:
        """Return where a piece lacks the union of consents at some time or height, or None.

        ``within`` is a zone, outside of which nothing is asked for.
        """
        import shapely

        rim = self.side / math.cos(math.pi / (4 * patches.quadrant))
        swept = shapely.buffer(patches.hulls[row], rim, quad_segs=patches.quadrant)
        if within is not None:
            parts = [self._clipped(drawing, swept) for drawing in self._drawings(within)]
            swept = shapely.intersection(swept, shapely.union_all(parts))
            if shapely.is_empty(swept):
                return None
        usable = [consent for consent in consents if consent.comparable]
        clipped: dict[int, list[Any]] = {}
        seam = SEAM if sum(len(self._drawings(c)) for c in usable) > 1 else 0.0
        for a, b in _stretches(pieces.time[row], within, usable):
            for bottom, top in _layers(pieces.height[row], within, usable):
                rest = swept
                for c in usable:
                    if c.low - ROUNDING > bottom or top > c.high + ROUNDING:
                        continue
                    if not any(one - ROUNDING <= a and b <= two + ROUNDING for one, two in c.spans):
                        continue
                    if id(c) not in clipped:
                        parts = [self._clipped(drawing, swept) for drawing in self._drawings(c)]
                        if seam:
                            parts = list(shapely.buffer(parts, seam, join_style="mitre"))
                        clipped[id(c)] = parts
                    for part in clipped[id(c)]:
                        rest = shapely.difference(rest, part)
                if not shapely.is_empty(rest):
                    return rest
        return None

    @staticmethod
    def _clipped(drawing: Drawing, swept: Any) -> Any:
        """Return the part of a drawing that is near, for large outlines are slow to cut with."""
        import shapely

        x0, y0, x1, y1 = shapely.bounds(swept)
        return shapely.clip_by_rect(drawing.polygon, x0 - 1, y0 - 1, x1 + 1, y1 + 1)


def _stretches(
    time: FloatArray, within: Bounded | None, consents: Sequence[Bounded]
) -> Iterator[tuple[float, float]]:
    """Yield the stretches of a span of time in which neither a zone nor a consent changes."""
    edges = [edge for consent in consents for span in consent.spans for edge in span]
    for first, last in within.spans if within else ((-math.inf, math.inf),):
        begin, end = max(first, time[0]), min(last, time[1])
        if begin <= end:
            yield from _cells(begin, end, edges)


def _layers(
    height: FloatArray, within: Bounded | None, consents: Sequence[Bounded]
) -> Iterable[tuple[float, float]]:
    """Return the layers of a range of heights in which neither a zone nor a consent changes."""
    low, high = height
    if within is not None and within.comparable:
        low, high = max(low, within.low), min(high, within.high)
    edges = (edge for consent in consents for edge in (consent.low, consent.high))
    return _cells(low, high, edges) if low <= high else ()


def _cells(first: float, last: float, edges: Iterable[float]) -> Iterable[tuple[float, float]]:
    """Return the stretches between edges inside of a range; the whole where none is inside."""
    inside = sorted({edge for edge in edges if first + ROUNDING < edge < last - ROUNDING})
    return pairwise([first, *inside, last])
