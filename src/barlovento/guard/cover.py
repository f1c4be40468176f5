"""Which pieces of a route a consent covers, which a zone meets, and what is left uncovered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Area, Circle, Consent, Position, Volume, Zone
from barlovento.guard.geometry import (
    BEND,
    FRAME_RADIUS,
    FloatArray,
    Frame,
    Shape,
    arc,
    scale_error,
    shapes_of,
)
from barlovento.guard.heights import Ranges
from barlovento.guard.path import IntArray, Pieces
from barlovento.guard.times import Span, spans

BoolArray = NDArray[np.bool_]

SEAM = 1e-3
"""Two areas whose edges are this near to each other leave no gap between them [m]."""

ROUNDING = 1e-5
"""What sums of floats may be off: seconds since 1970, and metres [s or m]."""

QUADRANT = 32
"""Straight pieces that stand for a quarter of a circle where a rim is drawn."""


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
        """Return which spans (rows) lie inside of one of its own, or meet one."""
        found = np.zeros(len(time), dtype=bool)
        for first, last in self.spans:
            if wholly:
                found |= (time[:, 0] >= first - ROUNDING) & (time[:, 1] <= last + ROUNDING)
            else:
                found |= (time[:, 1] > first + ROUNDING) & (time[:, 0] < last - ROUNDING)
        return found

    def level(self, height: FloatArray, *, wholly: bool) -> BoolArray:
        """Return which heights (rows) lie inside, or meet it; what can't be told is refused."""
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


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """Patches of pieces in a frame.

    Parameters
    ----------
    hulls : ndarray of geometry, shape (n,)
        The patches.
    middle : ndarray, shape (n, 2)
        Of their corners [m].
    points : ndarray of geometry, shape (n,)
        The same.
    reach : ndarray, shape (n,)
        Farthest corner from there [m].
    """

    hulls: Any
    middle: FloatArray
    points: Any
    reach: FloatArray

    def at(self, rows: Any) -> Patches:
        """Return some of the rows."""
        return Patches(self.hulls[rows], self.middle[rows], self.points[rows], self.reach[rows])

    def as_one(self) -> Patches:
        """Return all of them as one row, of which only the outline means something."""
        import shapely

        whole = np.array([shapely.union_all(self.hulls)])
        return Patches(whole, self.middle[:1], self.points[:1], self.reach[:1])


class Drawing:
    """A shape in a frame.

    Parameters
    ----------
    shape : Shape
        Less than 90 degrees away.
    frame : Frame
        Where it is drawn.
    """

    def __init__(self, shape: Shape, frame: Frame) -> None:
        self.shape = shape
        self._frame = frame

    @cached_property
    def polygon(self) -> Any:
        """Return it as a flat polygon."""
        import shapely

        flat = [self._frame.project(ring) for ring in self.shape.rings]
        polygon = shapely.Polygon(flat[0], flat[1:])
        shapely.prepare(polygon)
        return polygon

    @cached_property
    def rim(self) -> Any:
        """Return its outline and those of its holes."""
        import shapely

        rim = shapely.boundary(self.polygon)
        shapely.prepare(rim)
        return rim

    def holds(self, pieces: Pieces, patches: Patches, rows: IntArray, side: float) -> BoolArray:
        """Return which patches (rows) lie inside, farther than ``side`` from the rim [m]."""
        import shapely

        hub = self.shape.hub
        if hub is not None and self.shape.radius <= 100_000:
            # A circle is convex: a patch lies inside when its corners do.
            apart = arc(np.linalg.norm(pieces.corners[rows] - hub, axis=2).max(axis=1))
            inside: BoolArray = apart + side + 0.01 * (apart / 1e5) ** 3 <= self.shape.radius
            return inside
        x, y = patches.middle[rows].T
        found: BoolArray = shapely.contains_xy(self.polygon, x, y)
        some = rows[found]
        far = shapely.distance(self.rim, patches.points[some])
        held = far > patches.reach[some] + side
        open_ = ~held & (far > side)
        held[open_] = ~shapely.dwithin(self.rim, patches.hulls[some[open_]], side)
        found[found] = held
        return found

    def touches(self, patches: Patches, rows: IntArray, side: float) -> BoolArray:
        """Return which patches (rows) come as near as ``side`` [m]."""
        import shapely

        far = shapely.distance(self.polygon, patches.points[rows])
        near: BoolArray = far <= side
        open_ = ~near & (far <= patches.reach[rows] + side)
        near[open_] = shapely.dwithin(self.polygon, patches.hulls[rows[open_]], side)
        return near


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
        groups = np.repeat(np.arange(len(pieces)), 4)
        hulls = shapely.convex_hull(shapely.multipoints(flat.reshape(-1, 2), indices=groups))
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

        rim = self.side / math.cos(math.pi / (4 * QUADRANT))
        swept = shapely.buffer(patches.hulls[row], rim, quad_segs=QUADRANT)
        if within is not None:
            parts = [self._clipped(drawing, swept) for drawing in self._drawings(within)]
            swept = shapely.intersection(swept, shapely.union_all(parts))
            if shapely.is_empty(swept):
                return None
        usable = [consent for consent in consents if consent.comparable]
        clipped: dict[int, list[Any]] = {}
        for a, b in _stretches(pieces.time[row], within, usable):
            for bottom, top in _layers(pieces.height[row], within, usable):
                rest = swept
                for c in usable:
                    if c.low - ROUNDING > bottom or top > c.high + ROUNDING:
                        continue
                    if not any(one - ROUNDING <= a and b <= two + ROUNDING for one, two in c.spans):
                        continue
                    if id(c) not in clipped:
                        clipped[id(c)] = [
                            shapely.buffer(self._clipped(drawing, swept), SEAM, join_style="mitre")
                            for drawing in self._drawings(c)
                        ]
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
