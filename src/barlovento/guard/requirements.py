"""What a route needs where, and the first metre at which it lacks that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
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
from barlovento.guard.narrowing import Narrowing
from barlovento.guard.path import Path, Pieces, joined
from barlovento.guard.requirement import Requirement
from barlovento.guard.telling import Telling
from barlovento.guard.together import lacks_together
from barlovento.guard.zones import ZoneIndex, may_authorise

BoolArray = NDArray[np.bool_]

EXACT = 4
"""So many things that are missing are told to the metre, others to :data:`COARSE`."""


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
        self._where = Narrowing(self.path)
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
        self._sure = False

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
        return np.concatenate([self.path.corners, self.path.ends])

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
        near = states_near(self.borders, float(lon), float(lat), radius)
        self.states, self._sure = near.states, near.sure
        telling = Telling(self)
        if near.unnamed:
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
            where = self._where.first(requirements[number], groups, exact=len(found) < EXACT)
            if where is not None:
                found.append(telling.shortfall(requirements[number].subject, *where))
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
            if len(rest) and several:
                lacks[rest] = self._lacks_together(sheet, pieces, patches, rest, consents)
                rest = np.flatnonzero(lacks)
            if len(rest) and not self._sure:
                off = outside(self.borders, state, pieces.at(rest), margin=side)
                lacks[rest[off]] = False
            return lacks

        def lacking(sheet: Sheet, one: Pieces) -> bool:
            if self._sure or inside(self.borders, state, one, margin=side)[0]:
                return True
            for rest in sheet.uncovered(one, consents):
                if spot_inside(self.borders, state, sheet.frame, rest) is not None:
                    return True
            # Whatever of the piece is the state's, its consents hold: the clearance rests on them.
            patch = sheet.patches(one)
            self._note([volume for volume in consents if sheet.met(volume, one, patch)[0]])
            return False

        def on_leg(sheet: Sheet, one: Pieces) -> float:
            if several or not self._sure:
                return math.inf
            # Legs are parted at every limit: in all of a piece the same consents apply.
            return max((sheet.first_off(v, one) for v in consents if v.holds(one)[0]), default=0.0)

        return Requirement(state, maybe, lacking, on_leg=on_leg)

    def _lacks_together(
        self,
        sheet: Sheet,
        pieces: Pieces,
        patches: Patches,
        rows: NDArray[np.int64],
        consents: Sequence[Bounded],
        within: Bounded | None = None,
    ) -> BoolArray:
        """Return which of some pieces several consents don't hold together either."""
        lacks, used = lacks_together(sheet, pieces.at(rows), patches.at(rows), consents, within)
        self._note([consents[k] for k in used])
        return lacks

    def _zone_requirement(self, zone: Bounded) -> Requirement:
        owner = zone.owner
        assert isinstance(owner, Zone)
        consents = self.authorising(owner)

        def maybe(sheet: Sheet, pieces: Pieces, patches: Patches) -> BoolArray:
            lacks = sheet.met(zone, pieces, patches)
            rows = np.flatnonzero(lacks)
            if len(rows) and consents:
                lacks[rows] = ~self._covered(sheet, pieces.at(rows), patches.at(rows), consents)
                rows = np.flatnonzero(lacks)
                if len(rows):
                    lacks[rows] = self._lacks_together(sheet, pieces, patches, rows, consents, zone)
            return lacks

        def certain(one: Pieces) -> bool:
            return not consents and bool(zone.holds(one)[0])

        def on_leg(sheet: Sheet, one: Pieces) -> float:
            return math.inf if consents else sheet.first_touch(zone, one)

        return Requirement(zone, maybe, lambda *_: True, certain, on_leg)

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
        middle, reach = self._cap
        side = self.route.buffer.side
        if reach * 6.4e6 < 0.99 * FRAME_RADIUS:
            lon, lat = (float(angle) for angle in geographic(middle))
            yield Sheet(Frame.at(lon, lat), side), pieces
            return
        centre = pieces.corners.mean(axis=1)
        while len(pieces):
            box = (centre.min(axis=0) + centre.max(axis=0)) / 2
            for origin in (box, centre[0]):
                lon, lat = (float(angle) for angle in geographic(origin))
                away = np.linalg.norm(pieces.corners - places(lon, lat), axis=2).max(axis=1)
                near = away < 0.99 * FRAME_RADIUS
                if near.all():
                    break
            yield Sheet(Frame.at(lon, lat), side), pieces.at(near)
            pieces, centre = pieces.at(~near), centre[~near]

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
