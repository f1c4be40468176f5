"""What a route needs where, and the first metre at which it lacks that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.airspace import Consent, Route, Shortfall, StandOff, Zone, ZoneKind
from barlovento.guard.cover import Bounded, Sheet, bounded
from barlovento.guard.drawing import Patches
from barlovento.guard.geometry import FRAME_RADIUS, FloatArray, Frame, geographic, places
from barlovento.guard.heights import Ranges
from barlovento.guard.jurisdiction import KnowsBorders, inside, outside, spot_inside, states_near
from barlovento.guard.path import LEG, LOST, LOST_FIXED, RETURN, Path, Pieces, joined
from barlovento.guard.refine import halves, size, stretches
from barlovento.guard.requirement import Requirement
from barlovento.guard.telling import Telling
from barlovento.guard.zones import ZoneIndex, may_authorise

BoolArray = NDArray[np.bool_]

SMALLEST = 0.3
"""A piece this small that still lacks something is the place that is told [m or s]."""

EXACT = 4
"""So many things that are missing are told to the metre, others to :data:`COARSE`."""

COARSE = 50.0
"""Of a leg, for what is told after others [m]."""

WAY = 5.0
"""Of a way home, where its times and heights don't matter [m]."""

MANY = 4
"""So many pieces are first looked at as one, which often settles them all."""

FINE = 32
"""A stretch of a leg that lacks something is parted into so many."""

BATCH = 32
"""So many pieces are looked at together while a place is narrowed down."""

MOST_BATCHES = 400
"""After so many, a doubt is a refusal."""


class Check:
    """One route against consents, zones and borders.

    Parameters
    ----------
    route : Route
        Without faults of its own.
    consents : sequence of Consent
        Those that are for this flight.
    turned_down : mapping of str to str
        Why others are not.
    zones : ZoneIndex
        All zones.
    borders : KnowsBorders
        Whose airspace is where.
    ranges : Ranges
        How heights convert.
    """

    def __init__(
        self,
        *,
        route: Route,
        consents: Sequence[Consent],
        turned_down: Mapping[str, str],
        zones: ZoneIndex,
        borders: KnowsBorders,
        ranges: Ranges,
    ) -> None:
        self.route = route
        self.borders = borders
        self.turned_down = turned_down
        self.ranges = ranges
        self.path = Path(route)
        self._away = self.path.returns()
        start = float(self.path.times[0]) - route.buffer.time_error
        legs_end = float(self.path.times[-1]) + route.buffer.time_error
        away_end = float(self._away.time[:, 1].max()) if self._away is not None else legs_end
        self.until = max(legs_end, away_end)
        self.start = start
        self._consents = [
            found for consent in consents if (found := self._bounded(consent)) is not None
        ]
        low, high = self._levels()
        self._zones = [
            found
            for zone, volume in zones.near(*self._cap)
            if (found := bounded(volume, zone, ranges=ranges, start=start, end=self.until))
            and not (found.low > high or found.high < low)
        ]
        self.consents = consents
        self.used: set[Consent] = set()
        self.states: tuple[str, ...] = ()

    def _bounded(self, consent: Consent) -> Bounded | None:
        return bounded(
            consent.volume, consent, ranges=self.ranges, start=self.start, end=self.until
        )

    def _levels(self) -> tuple[float, float]:
        """Return the lowest and highest of the whole route, above its reference [m]."""
        points = (self.route.home, *self.route.lost_link)
        heights = [*self.path.heights, *(point.height.value for point in points if point)]
        error = self.route.buffer.height_error
        return min(heights) - error, max(heights) + error

    @cached_property
    def _every_place(self) -> FloatArray:
        return np.concatenate([self.path.corners, *[end[None] for end in self.path.ends]])

    @cached_property
    def _cap(self) -> tuple[FloatArray, float]:
        """Return the middle of the route on the unit sphere, and the chord that holds it."""
        unit = self._every_place / np.linalg.norm(self._every_place, axis=1)[:, None]
        middle = unit.min(axis=0) + unit.max(axis=0)
        middle /= max(float(np.linalg.norm(middle)), 1e-9)
        reach = float(np.linalg.norm(unit - middle, axis=1).max())
        return middle, reach * 1.001 + (1.01 * self.route.buffer.side + 10) / 6.33e6

    # ------------------------------------------------------------ what is asked for

    def shortfalls(self) -> list[Shortfall]:
        """Return the first place of everything that is missing; nothing when all is there."""
        lon, lat = geographic(self._cap[0])
        radius = self._cap[1] * 6.4e6 * 1.002
        self.states, unnamed = states_near(self.borders, float(lon), float(lat), radius)
        telling = Telling(self)
        if unnamed:
            return [telling.unnamed()]
        pieces = self._pieces()
        requirements = [*self._requirements()]
        found: list[Shortfall] = []
        lacking: dict[int, list[tuple[Sheet, Pieces, BoolArray]]] = {}
        for sheet, group in self._sheets(pieces):
            patches = sheet.patches(group)
            for number, requirement in enumerate(requirements):
                lacks = requirement.maybe(sheet, group, patches)
                if lacks.any():
                    lacking.setdefault(number, []).append((sheet, group, lacks))
        for number, groups in lacking.items():
            found += self._told(requirements[number], groups, telling, exact=len(found) < EXACT)
        return found

    def _requirements(self) -> Iterator[Requirement]:
        for state in self.states:
            yield self._state_requirement(state)
        for zone in self._zones:
            yield self._zone_requirement(zone)
        for stand_off in self.route.stand_off:
            yield self._stand_off_requirement(stand_off)

    def of_authority(self, authority: str) -> list[Bounded]:
        """Return the volumes of consents that a state itself gave."""
        return [
            volume
            for volume in self._consents
            if isinstance(volume.owner, Consent) and volume.owner.authority == authority
        ]

    def authorising(self, zone: Zone) -> list[Bounded]:
        """Return the volumes of consents that a zone's authority gave."""
        if zone.kind is ZoneKind.PROHIBITED:
            return []
        return [
            volume
            for volume in self._consents
            if isinstance(volume.owner, Consent) and may_authorise(volume.owner, zone)
        ]

    # ------------------------------------------------------------ tests of many pieces

    def _covered(
        self, sheet: Sheet, pieces: Pieces, patches: Patches, consents: Sequence[Bounded]
    ) -> BoolArray:
        """Return which pieces one of the consents holds on its own."""
        found = np.zeros(len(pieces), dtype=bool)
        for volume in consents:
            held = sheet.covered(volume, pieces, patches) & ~found
            if held.any():
                self._note([volume])
                found |= held
                if found.all():
                    break
        return found

    def _note(self, volumes: Sequence[Bounded]) -> None:
        """Remember the consents that a clearance rests on."""
        self.used.update(v.owner for v in volumes if isinstance(v.owner, Consent))

    def _state_requirement(self, state: str) -> Requirement:
        consents = self.of_authority(state)
        side = self.route.buffer.side * 1.001 + 0.01
        several = sum(len(volume.shapes) for volume in consents) > 1

        def maybe(sheet: Sheet, pieces: Pieces, patches: Patches) -> BoolArray:
            lacks = ~self._covered(sheet, pieces, patches, consents)
            rest = np.flatnonzero(lacks)
            if len(rest):
                off = outside(self.borders, state, pieces.at(rest), margin=side)
                lacks[rest[off]] = False
            return lacks

        def lacking(sheet: Sheet, pieces: Pieces, patches: Patches, row: int) -> bool:
            one = pieces.at(slice(row, row + 1))
            whole = bool(inside(self.borders, state, one, margin=side)[0])
            if whole and not several:
                return True
            rest = sheet.uncovered(pieces, row, patches, consents)
            if rest is None:
                self._note(consents)
                return False
            return whole or spot_inside(self.borders, state, sheet.frame, rest) is not None

        return Requirement(state, maybe, lacking, several)

    def _zone_requirement(self, zone: Bounded) -> Requirement:
        owner = zone.owner
        assert isinstance(owner, Zone)
        consents = self.authorising(owner)

        def maybe(sheet: Sheet, pieces: Pieces, patches: Patches) -> BoolArray:
            lacks = sheet.met(zone, pieces, patches)
            rows = np.flatnonzero(lacks)
            if len(rows) and consents:
                lacks[rows] = ~self._covered(sheet, pieces.at(rows), patches.at(rows), consents)
            return lacks

        def lacking(sheet: Sheet, pieces: Pieces, patches: Patches, row: int) -> bool:
            if not consents:
                return True
            lacks = sheet.uncovered(pieces, row, patches, consents, zone) is not None
            if not lacks:
                self._note(consents)
            return lacks

        def certain(one: Pieces) -> bool:
            always = zone.timely(one.time, wholly=True) & zone.level(one.height, wholly=True)
            return not consents and bool(always[0])

        return Requirement(zone, maybe, lacking, bool(consents), certain)

    def _stand_off_requirement(self, stand_off: StandOff) -> Requirement:
        margin = stand_off.margin + self.route.buffer.side * 1.001 + 0.01

        def maybe(_sheet: Sheet, pieces: Pieces, _patches: Patches) -> BoolArray:
            return ~outside(self.borders, stand_off.state, pieces, margin=margin)

        return Requirement(stand_off, maybe, lambda *_: True)

    # ------------------------------------------------------------ pieces and frames

    def _pieces(self) -> Pieces:
        """Return all pieces, the legs parted at every limit that may matter."""
        volumes = [*self._consents, *self._zones]
        moments = {edge for volume in volumes for span in volume.spans for edge in span}
        levels = {edge for volume in volumes for edge in (volume.low, volume.high)}
        legs = self.path.legs(
            np.array([edge for edge in moments if math.isfinite(edge)]),
            np.array([edge for edge in levels if math.isfinite(edge)]),
        )
        return legs if self._away is None else joined([legs, self._away])

    def _sheets(self, pieces: Pieces) -> Iterator[tuple[Sheet, Pieces]]:
        """Yield groups of pieces that lie together, each with a frame near to all of it."""
        centre = pieces.corners.mean(axis=1)
        left = np.arange(len(pieces))
        while len(left):
            box = (centre[left].min(axis=0) + centre[left].max(axis=0)) / 2
            for origin in (box, centre[left[0]]):
                reach = np.linalg.norm(pieces.corners[left] - self._on_ground(origin), axis=2).max(
                    axis=1
                )
                near = reach < 0.99 * FRAME_RADIUS
                if near.all():
                    break
            lon, lat = geographic(origin)
            sheet = Sheet(Frame.at(float(lon), float(lat)), self.route.buffer.side)
            yield sheet, pieces.at(left[near])
            left = left[~near]

    @staticmethod
    def _on_ground(vector: FloatArray) -> FloatArray:
        lon, lat = geographic(vector)
        return places(lon, lat)

    # ------------------------------------------------------------ where exactly

    def _told(
        self,
        requirement: Requirement,
        groups: list[tuple[Sheet, Pieces, BoolArray]],
        telling: Telling,
        *,
        exact: bool,
    ) -> list[Shortfall]:
        """Return where a requirement is first not met on the legs, and on the ways home."""
        for ways in ((LEG,), (RETURN,), (LOST, LOST_FIXED)):
            others: set[int] = set()
            first: Pieces | None = None
            for sheet, pieces, lacks in groups:
                rows = np.flatnonzero(lacks & np.isin(pieces.kind, ways))
                if first is None and len(rows):
                    some = pieces.at(rows)
                    small = (SMALLEST if exact else COARSE) if LEG in ways else WAY
                    hopeless = len(rows) < MANY or not requirement.together
                    if hopeless or not self._all_have(requirement, sheet, some):
                        first = self._first(requirement, sheet, some, small)
                others.update(int(leg) for leg in pieces.leg[rows])
            if first is not None:
                others.discard(int(first.leg[0]))
                # Ways home begin on the legs: where these lack it, those do as well.
                return [telling.shortfall(requirement.subject, first, others)]
        return []

    def _all_have(self, requirement: Requirement, sheet: Sheet, pieces: Pieces) -> bool:
        """Return whether pieces surely lack nothing, looked at as one with all their times."""
        time = [[pieces.time[:, 0].min(), pieces.time[:, 1].max()]]
        height = [[pieces.height[:, 0].min(), pieces.height[:, 1].max()]]
        one = pieces.at(slice(1))
        whole = replace(one, time=np.array(time), height=np.array(height))
        patches = sheet.patches(pieces)
        return not requirement.lacking(sheet, whole, patches.as_one(), 0)

    def _first(
        self, requirement: Requirement, sheet: Sheet, pieces: Pieces, small: float
    ) -> Pieces | None:
        """Return the first piece, small enough, that lacks something; None if none does."""
        waiting = pieces
        for _ in range(MOST_BATCHES):
            if not len(waiting):
                return None
            batch, waiting = waiting.at(slice(BATCH)), waiting.at(slice(BATCH, None))
            patches = sheet.patches(batch)
            rows = np.flatnonzero(requirement.maybe(sheet, batch, patches))
            lacks = next(
                (
                    i
                    for i, row in enumerate(rows)
                    if requirement.lacking(sheet, batch, patches, int(row))
                ),
                None,
            )
            if lacks is None:
                continue
            one = batch.at(rows[lacks : lacks + 1])
            length = float(size(self.path, one)[0])
            on_leg = one.kind[0] == LEG
            if length <= (small if on_leg or requirement.certain(one) else SMALLEST):
                return one
            # What comes later waits until the earlier is settled.
            if on_leg:
                parted = stretches(self.path, one, min(FINE, math.ceil(length / small)))
            else:
                parted = halves(self.path, halves(self.path, one))
            waiting = joined([parted, batch.at(rows[lacks + 1 :]), waiting])
        return waiting.at(slice(1)) if len(waiting) else None

    def summary(self) -> dict[str, Any]:
        """Return what was swept, for the clearance."""
        buffer, heights = self.route.buffer, self.path.heights
        return {
            "legs": len(self.path.lengths),
            "length_m": round(float(self.path.lengths.sum()), 1),
            "side_m": buffer.side,
            "lowest_m": round(float(heights.min()) - buffer.height_error, 2),
            "highest_m": round(float(heights.max()) + buffer.height_error, 2),
            "height_reference": str(self.ranges.reference),
            "states": list(self.states),
            "zones_near": len({id(zone.owner) for zone in self._zones}),
        }
