"""Which pieces of a route a consent covers, which a zone meets, and what is left uncovered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from barlovento.domain.airspace import Circle, Consent, Position, Volume, Zone
from barlovento.guard.drawing import QUADRANT, BoolArray, Drawing, Flat, Patches
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
from barlovento.guard.path import LEG, IntArray, Pieces
from barlovento.guard.sweeping import boxes_in, boxes_meet, flattened
from barlovento.guard.times import Span, spans

SEAM = 1e-3
"""Two areas whose edges are this near to each other leave no gap between them [m]."""

ROUNDING = 1e-5
"""What sums of floats may be off: seconds since 1970, and metres [s or m]."""


LARGE = 1000
"""An outline with more edges is cut to what is near [1]."""


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

    def holds(self, pieces: Pieces) -> BoolArray:
        """Return which pieces lie in it by time and height; what can't be told does not."""
        spans, level = np.array(self.spans), np.array([self.low, self.high])
        found: BoolArray = boxes_in(pieces.time, pieces.height, spans, level, ROUNDING)
        return found

    def meets(self, pieces: Pieces) -> BoolArray:
        """Return which pieces meet it by time and height; what can't be told does."""
        spans, level = np.array(self.spans), np.array([self.low, self.high])
        found: BoolArray = boxes_meet(pieces.time, pieces.height, spans, level, ROUNDING)
        return found

    def timely(self, one: Pieces) -> bool:
        """Return whether it applies in all the time of one piece."""
        first, last = one.time[0]
        return any(a - ROUNDING <= first and last <= b + ROUNDING for a, b in self.spans)


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
    return Bounded(shapes_of(volume.area, outward=generous), when, low, high, owner)


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
        self._joined: dict[tuple[int, ...], Flat | None] = {}
        self._first: FloatArray | None = None

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
        """Return the pieces' patches, drawn; the first to be drawn hold all later ones."""
        flat, middle, reach = flattened(pieces.corners, self.frame.origin, self.frame.axes)
        if self._first is None:
            self._first = flat
        return Patches(flat, pieces.kind == LEG, middle, reach)

    @cached_property
    def _box(self) -> Any:
        """A box that holds all patches and what is beside them."""
        import shapely

        assert self._first is not None
        low, high = self._first.min(axis=(0, 1)), self._first.max(axis=(0, 1))
        return shapely.box(*(low - self.side - 1), *(high + self.side + 1))

    def first_touch(self, zone: Bounded, one: Pieces) -> float:
        """Return where a piece of a leg first comes near to a zone, as a share of it.

        Infinite where it does not, whatever the time and the height.
        """
        start, end = self.frame.project(one.corners[0, :2])
        return min(d.first_touch(start, end, self.side) for d in self._drawings(zone))

    def first_off(self, consent: Bounded, one: Pieces) -> float:
        """Return where a piece of a leg is first not held by a consent's only shape."""
        start, end = self.frame.project(one.corners[0, :2])
        return min((d.first_off(start, end, self.side) for d in self._drawings(consent)), default=0)

    def covered(self, volume: Bounded, pieces: Pieces, patches: Patches) -> BoolArray:
        """Return which pieces, with all that surrounds them, a volume holds on its own."""
        found = volume.holds(pieces)
        rows = np.flatnonzero(found)
        for drawing in self._drawings(volume):
            if not len(rows):
                break
            rows = rows[~drawing.holds(pieces, patches, rows, self.side)]
        found[rows] = False
        return found

    def met(self, volume: Bounded, pieces: Pieces, patches: Patches) -> BoolArray:
        """Return which pieces, with all that surrounds them, meet a volume."""
        found = volume.meets(pieces)
        rows = np.flatnonzero(found)
        for drawing in self._drawings(volume):
            if not len(rows):
                break
            rows = rows[~drawing.touches(patches, rows, self.side)]
        found[rows] = False
        return found

    def lacks(
        self,
        consents: Sequence[Bounded],
        within: Bounded | None,
        patches: Patches,
        rows: IntArray,
    ) -> BoolArray:
        """Return which of some patches reach out of the union of consents.

        Parameters
        ----------
        consents : sequence of Bounded
            All of them applying to all of those pieces.
        within : Bounded or None
            A zone, outside of which nothing is asked for.
        patches : Patches
            Of pieces.
        rows : ndarray of int, shape (m,)
            Which of them are asked about.
        """
        key = (id(within), *(id(consent) for consent in consents))
        if key not in self._joined:
            self._joined[key] = self._join(consents, within)
        drawing = self._joined[key]
        if drawing is None:
            return np.ones(len(rows), dtype=bool)
        if within is None:
            return ~drawing.holds_flat(patches, rows, self.side)
        return drawing.touches(patches, rows, self.side)

    def _join(self, consents: Sequence[Bounded], within: Bounded | None) -> Flat | None:
        """Return the union of consents, or what a zone leaves of it; None if it can't be drawn."""
        import shapely

        parts = self._parts(consents, self._box)
        try:
            union = shapely.union_all(parts)
            if within is not None:
                union = shapely.difference(
                    shapely.union_all(self._parts([within], self._box)), union
                )
        except shapely.GEOSException:
            return None
        if within is None and shapely.is_empty(union):
            return None
        return Flat(lambda: union)

    def _parts(self, volumes: Sequence[Bounded], box: Any) -> Any:
        """Return the parts of volumes' shapes inside of a box, where several meet with a seam.

        Large outlines are slow to cut with, small ones are taken as they are.
        """
        import shapely

        drawings = [drawing for volume in volumes for drawing in self._drawings(volume)]
        parts = [
            shapely.intersection(drawing.polygon, box)
            if len(drawing.edges) > LARGE
            else drawing.polygon
            for drawing in drawings
        ]
        several = len(parts) > 1 and isinstance(volumes[0].owner, Consent)
        return shapely.buffer(parts, SEAM, join_style="mitre") if several else parts

    def uncovered(self, one: Pieces, consents: Sequence[Bounded]) -> Iterator[Any]:
        """Yield where a piece lacks the union of consents, for every stretch and layer of it."""
        import shapely

        rim = self.side / math.cos(math.pi / (4 * QUADRANT))
        swept = shapely.buffer(self.patches(one).hulls(np.array([0]))[0], rim, quad_segs=QUADRANT)
        box = shapely.box(*(shapely.bounds(swept) + np.array([-1, -1, 1, 1])))
        usable = [consent for consent in consents if consent.comparable]
        for a, b in _stretches(one.time[0], usable):
            for bottom, top in _layers(one.height[0], usable):
                held = [
                    c
                    for c in usable
                    if c.low - ROUNDING <= bottom
                    and top <= c.high + ROUNDING
                    and any(one - ROUNDING <= a and b <= two + ROUNDING for one, two in c.spans)
                ]
                parts = self._parts(held, box)
                rest = swept
                for part in parts:
                    rest = shapely.difference(rest, part)
                if not shapely.is_empty(rest):
                    yield rest


def _stretches(time: FloatArray, consents: Sequence[Bounded]) -> Iterable[tuple[float, float]]:
    """Return the stretches of a span of time in which no consent changes."""
    edges = (edge for consent in consents for span in consent.spans for edge in span)
    return _cells(float(time[0]), float(time[1]), edges)


def _layers(height: FloatArray, consents: Sequence[Bounded]) -> Iterable[tuple[float, float]]:
    """Return the layers of a range of heights in which no consent changes."""
    edges = (edge for consent in consents for edge in (consent.low, consent.high))
    return _cells(float(height[0]), float(height[1]), edges)


def _cells(first: float, last: float, edges: Iterable[float]) -> Iterable[tuple[float, float]]:
    """Return the stretches between edges inside of a range; the whole where none is inside."""
    inside = sorted({edge for edge in edges if first + ROUNDING < edge < last - ROUNDING})
    return pairwise([first, *inside, last])
