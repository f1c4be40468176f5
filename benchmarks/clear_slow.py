"""A slow, plain check of a plan by dense sampling, for `clear_fuzz.py`.

It shares no geometry with the program: places come from PROJ's geodesics, lie in PROJ's azimuthal
equidistant plane about the plan (wrong by less than 1 mm here), and are tested one by one.
Resolution: legs every 1 m; ways home every 5 m of leg and 4 m of way; where no consent holds the
rim whole, that of every second place at 48 azimuths and two distances; limits of time to 0.1 ms.
What is narrower it does not see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numba as nb
import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from barlovento.domain.airspace import (
    Applicability,
    Circle,
    Consent,
    Polygon4326,
    Waypoint,
    Zone,
    ZoneKind,
)
from clear_worlds import GEOD, OTHER, STATE, World

FloatArray = NDArray[np.float64]

LEG_STEP, HOME_STEP, WAY_STEP = 1.0, 5.0, 4.0
AZIMUTHS = 48
RIM_STEP = 2
TINY = 1e-4


@dataclass(slots=True)
class Samples:
    """Places, each with a span of time and of heights."""

    lon: FloatArray
    lat: FloatArray
    time: FloatArray
    height: FloatArray
    flat: FloatArray | None = None


class Slow:
    """Checks one world.

    Parameters
    ----------
    world : World
        Plan, consents, zones, border.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        route = world.route
        self.buffer = route.buffer
        self.side = route.buffer.side
        first = route.waypoints[0]
        self.plane = Proj(proj="aeqd", lon_0=first.lon, lat_0=first.lat, ellps="WGS84")
        self.begin = route.waypoints[0].time.timestamp() - 700
        self.end = route.waypoints[-1].time.timestamp() + 1500
        self.consents = [consent for consent in world.consents if self._fits(consent)]
        self._spans: dict[Applicability, list[tuple[float, float]]] = {}
        self._edges: dict[int, FloatArray] = {}
        self._border = self._border_places()

    def _fits(self, consent: Consent) -> bool:
        route = self.world.route
        return (
            route.aircraft in consent.aircraft
            and route.purpose == consent.purpose
            and route.holder == consent.holder
            and set(route.sensors) <= set(consent.sensors)
            and consent.digest not in self.world.revoked
            and consent.volume.when.valid_until >= self.world.now
        )

    # ------------------------------------------------------------ what is swept

    def _leg_samples(self, step: float) -> Samples:
        lons, lats, times, heights = [], [], [], []
        points = self.world.route.waypoints
        for a, b in pairwise(points):
            azimuth, _, length = GEOD.inv(a.lon, a.lat, b.lon, b.lat)
            share = np.linspace(0, 1, max(2, int(np.ceil(length / step)) + 1))
            n = np.ones(len(share))
            lon, lat, _ = GEOD.fwd(a.lon * n, a.lat * n, azimuth * n, length * share)
            lons.append(lon)
            lats.append(lat)
            t0, t1 = a.time.timestamp(), b.time.timestamp()
            times.append(t0 + share * (t1 - t0))
            heights.append(a.height.value + share * (b.height.value - a.height.value))
        time, height = np.concatenate(times), np.concatenate(heights)
        return Samples(np.concatenate(lons), np.concatenate(lats), _twice(time), _twice(height))

    def _way_samples(self, starts: Samples, goal: Waypoint) -> tuple[Samples, float, float]:
        """Return places on the ways to a goal, and when it is reached first and last."""
        n = np.ones(len(starts.lon))
        azimuth, _, length = GEOD.inv(starts.lon, starts.lat, goal.lon * n, goal.lat * n)
        number = max(2, int(np.ceil(length.max() / WAY_STEP)) + 1)
        share = np.linspace(0, 1, number)[:, None]
        speed = self.world.route.return_speed
        lon, lat, _ = GEOD.fwd(
            np.broadcast_to(starts.lon, (number, len(n))),
            np.broadcast_to(starts.lat, (number, len(n))),
            np.broadcast_to(azimuth, (number, len(n))),
            share * length,
        )
        time = starts.time[:, 0] + share * length / speed
        height = starts.height[:, 0] + share * (goal.height.value - starts.height[:, 0])
        reached = starts.time[:, 0] + length / speed
        found = Samples(lon.ravel(), lat.ravel(), _twice(time.ravel()), _twice(height.ravel()))
        return found, float(reached.min()), float(reached.max())

    def samples(self) -> Iterator[Samples]:
        """Yield all that is swept, but for the errors to the side."""
        route = self.world.route
        yield self._leg_samples(LEG_STEP)
        starts = self._leg_samples(HOME_STEP)
        assert route.home is not None
        yield self._way_samples(starts, route.home)[0]
        if not route.lost_link:
            return
        ways, first, last = self._way_samples(starts, route.lost_link[0])
        yield ways
        for a, b in pairwise(route.lost_link):
            azimuth, _, length = GEOD.inv(a.lon, a.lat, b.lon, b.lat)
            share = np.linspace(0, 1, max(2, int(np.ceil(length / LEG_STEP)) + 1))
            n = np.ones(len(share))
            lon, lat, _ = GEOD.fwd(a.lon * n, a.lat * n, azimuth * n, length * share)
            passed = share * length / route.return_speed
            height = a.height.value + share * (b.height.value - a.height.value)
            yield Samples(
                lon, lat, np.stack([first + passed, last + passed], axis=1), _twice(height)
            )
            first, last = first + length / route.return_speed, last + length / route.return_speed

    # ------------------------------------------------------------ when

    def spans(self, when: Applicability) -> list[tuple[float, float]]:
        """Return when something applies, by asking every 20 s and halving between."""
        known = self._spans.get(when)
        if known is None:
            first = when.valid_from.timestamp() if when.valid_from else -np.inf
            last = when.valid_until.timestamp() if when.valid_until else np.inf
            known = []
            for a, b in self._window_spans(when):
                if max(a, first) < min(b, last):
                    known.append((max(a, first), min(b, last)))
            self._spans[when] = known
        return known

    def _window_spans(self, when: Applicability) -> list[tuple[float, float]]:
        if not when.windows:
            return [(-np.inf, np.inf)]
        grid = np.arange(self.begin, self.end, 20.0)
        states = [_within(when, float(moment)) for moment in grid]
        found, start = [], -np.inf if states[0] else None
        for k in range(1, len(grid)):
            if states[k] == states[k - 1]:
                continue
            low, high = float(grid[k - 1]), float(grid[k])
            while high - low > 1e-5:
                middle = (low + high) / 2
                low, high = (
                    (middle, high) if _within(when, middle) == states[k - 1] else (low, middle)
                )
            if states[k]:
                start = high
            else:
                assert start is not None
                found.append((start, low))
                start = None
        if start is not None:
            found.append((start, np.inf))
        return found

    # ------------------------------------------------------------ where

    def _flat(self, lon: Any, lat: Any) -> FloatArray:
        x, y = self.plane(np.asarray(lon, float), np.asarray(lat, float))
        return np.stack([x, y], axis=-1)

    def _ring(self, polygon: Polygon4326) -> FloatArray:
        known = self._edges.get(id(polygon))
        if known is None:
            lons, lats = [], []
            ring = [*polygon.outer, polygon.outer[0]]
            for (a, b), (c, d) in pairwise(ring):
                azimuth, _, length = GEOD.inv(a, b, c, d)
                number = max(1, int(np.ceil(length / 300)))
                part = np.arange(number) * length / number
                n = np.ones(number)
                lon, lat, _ = GEOD.fwd(a * n, b * n, azimuth * n, part)
                lons.append(lon)
                lats.append(lat)
            known = self._edges[id(polygon)] = self._flat(
                np.concatenate(lons), np.concatenate(lats)
            )
        return known

    def depth(
        self, area: Sequence[Any], lon: FloatArray, lat: FloatArray, flat: FloatArray
    ) -> FloatArray:
        """Return how deep places lie inside of an area, negative outside [m]."""
        best = np.full(len(lon), -np.inf)
        for member in area:
            if isinstance(member, Circle):
                n = np.ones(len(lon))
                apart = GEOD.inv(member.lon * n, member.lat * n, lon, lat)[2]
                best = np.maximum(best, member.radius - apart)
            else:
                best = np.maximum(best, _ring_depth(self._ring(member), flat))
        return best

    def _border_places(self) -> FloatArray | None:
        line, first = self.world.line, self.world.route.waypoints[0]
        if GEOD.inv(line.lon, line.lat, first.lon, first.lat)[2] > 15_000:
            return None
        along = np.arange(-15_000, 15_001, 1000.0)
        n = np.ones(len(along))
        lon, lat, _ = GEOD.fwd(line.lon * n, line.lat * n, line.azimuth * n, along)
        return self._flat(lon, lat)

    def depth_in_state(self, state: str, flat: FloatArray) -> FloatArray:
        """Return how deep places lie in a state [m]."""
        sign = 1.0 if state == STATE else -1.0
        if self._border is None:
            return np.full(len(flat), sign * 1e5)
        return sign * _left_of(self._border, flat)

    # ------------------------------------------------------------ the verdict

    def verdict(self) -> str | None:
        """Return what the plan lacks, or None where nothing was found."""
        for samples in self.samples():
            samples.time += np.array([-1, 1]) * self.buffer.time_error
            samples.height += np.array([-1, 1]) * self.buffer.height_error
            samples.flat = self._flat(samples.lon, samples.lat)
            for check in (self._states, self._zones, self._stand_off):
                lack = check(samples)
                if lack:
                    return lack
        return None

    def _held(
        self, consents: Sequence[Consent], samples: Samples, of: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Return which of some places, with their rim, one consent holds on its own."""
        assert samples.flat is not None
        held = ~of
        for consent in consents:
            volume = consent.volume
            low, high = _levels(volume)
            ok = (samples.height[:, 0] >= low) & (samples.height[:, 1] <= high)
            timely = np.zeros(len(ok), dtype=bool)
            for a, b in self.spans(volume.when):
                timely |= (samples.time[:, 0] >= a) & (samples.time[:, 1] <= b)
            rows = np.flatnonzero(ok & timely & ~held)
            if len(rows):
                # Of a union, each member on its own: what only together holds comes later.
                deep = [
                    self.depth((m,), samples.lon[rows], samples.lat[rows], samples.flat[rows])
                    for m in volume.area
                ]
                held[rows] = np.max(deep, axis=0) >= self.side
        return held & of

    def _states(self, samples: Samples) -> str | None:
        for state in (STATE, OTHER):
            consents = [c for c in self.consents if c.authority == state]
            error = self.world.line.error
            assert samples.flat is not None
            inside = self.depth_in_state(state, samples.flat) + error + self.side >= 0
            rows = np.flatnonzero(inside & ~self._held(consents, samples, inside))
            rows = rows[::RIM_STEP]
            for row, lon, lat, flat in zip(rows, *self._rims(samples, rows), strict=True):
                wanted = self.depth_in_state(state, flat) + error >= 0
                rim = lon[wanted], lat[wanted], flat[wanted]
                if wanted.any() and self._gap(samples, row, rim, consents):
                    return f"consent of {state}"
        return None

    def _zones(self, samples: Samples) -> str | None:
        for zone in self.world.zones:
            if zone.kind is ZoneKind.NO_RESTRICTION:
                continue
            lack = self._zone(zone, samples)
            if lack:
                return lack
        return None

    def _zone(self, zone: Zone, samples: Samples) -> str | None:
        wanted = f"{zone.country}/{zone.authority}"
        consents = [c for c in self.consents if c.authority == wanted]
        for volume in zone.volumes:
            low, high = _levels(volume)
            level = (samples.height[:, 1] > low) & (samples.height[:, 0] < high)
            for a, b in self.spans(volume.when):
                timely = (samples.time[:, 1] > a) & (samples.time[:, 0] < b)
                rows = np.flatnonzero(level & timely)
                if not len(rows):
                    continue
                assert samples.flat is not None
                lon, lat, flat = samples.lon[rows], samples.lat[rows], samples.flat[rows]
                rows = rows[self.depth(volume.area, lon, lat, flat) > -self.side]
                if len(rows) and zone.kind is ZoneKind.PROHIBITED:
                    return f"a way round {zone.id}"
                of = np.zeros(len(samples.lon), dtype=bool)
                of[rows] = True
                held = self._held(consents, samples, of)
                rows = rows[~held[rows]][::RIM_STEP]
                for row, *places in zip(rows, *self._rims(samples, rows), strict=True):
                    inside = self.depth(volume.area, *places) >= 0
                    rim = tuple(values[inside] for values in places)
                    if inside.any() and self._gap(samples, row, rim, consents, (a, b), (low, high)):
                        return f"authorisation in {zone.id}"
        return None

    def _stand_off(self, samples: Samples) -> str | None:
        for rule in self.world.route.stand_off:
            assert samples.flat is not None
            inside = self.depth_in_state(rule.state, samples.flat)
            if (inside + self.world.line.error + self.side + rule.margin >= 0).any():
                return f"distance from {rule.state}"
        return None

    def _rims(
        self, samples: Samples, rows: NDArray[np.int64]
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the places around each of some rows: two circles and the middle."""
        azimuth = np.append(np.tile(np.arange(AZIMUTHS) * 360 / AZIMUTHS, 2), 0.0)
        apart = np.append(np.repeat([self.side, self.side / 2], AZIMUTHS), 0.0)
        shape = (len(rows), len(apart))
        lon, lat, _ = GEOD.fwd(
            np.broadcast_to(samples.lon[rows, None], shape),
            np.broadcast_to(samples.lat[rows, None], shape),
            np.broadcast_to(azimuth, shape),
            np.broadcast_to(apart, shape),
        )
        return lon, lat, self._flat(lon, lat)

    def _gap(
        self,
        samples: Samples,
        row: int,
        rim: tuple[FloatArray, ...],
        consents: Sequence[Consent],
        during: tuple[float, float] = (-np.inf, np.inf),
        between: tuple[float, float] = (-np.inf, np.inf),
    ) -> bool:
        """Return whether any place of a rim is not in any consent at some time and height."""
        lon, lat, flat = rim
        deep = [self.depth(c.volume.area, lon, lat, flat) >= 0 for c in consents]
        edges = [edge for c in consents for span in self.spans(c.volume.when) for edge in span]
        levels = [edge for c in consents for edge in _levels(c.volume)]
        for moment in _probes(samples.time[row], edges, during):
            for height in _probes(samples.height[row], levels, between):
                covered = np.zeros(len(lon), dtype=bool)
                for consent, inside in zip(consents, deep, strict=True):
                    low, high = _levels(consent.volume)
                    timely = any(a <= moment <= b for a, b in self.spans(consent.volume.when))
                    if timely and low <= height <= high:
                        covered |= inside
                if not covered.all():
                    return True
        return False


def _twice(values: FloatArray) -> FloatArray:
    return np.stack([values, values], axis=1)


def _levels(volume: Any) -> tuple[float, float]:
    low = -np.inf if volume.lower is None or volume.lower.value <= 0 else volume.lower.value
    return low, np.inf if volume.upper is None else volume.upper.value


def _probes(span: FloatArray, edges: list[float], clip: tuple[float, float]) -> list[float]:
    """Return the ends of a span and both sides of every edge inside of it."""
    first, last = max(span[0], clip[0]), min(span[1], clip[1])
    found = {first, last}
    for edge in edges:
        for side in (-TINY, TINY):
            if first < edge + side < last:
                found.add(edge + side)
    return sorted(found)


def _within(when: Applicability, moment: float) -> bool:
    """Return whether a moment lies in a daily window, by the clock on the wall."""
    local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(when.timezone))
    clock = local.time()
    for window in when.windows:
        start, end = _clock(window.start), _clock(window.end)
        today = local.weekday() in window.days
        before = (local - timedelta(days=1)).weekday() in window.days
        if start < end:
            if today and start <= clock <= end:
                return True
        elif (today and clock >= start) or (before and clock <= end):
            return True
    return False


@lru_cache(maxsize=4096)
def _clock(word: str) -> time:
    return time.fromisoformat(word)


@nb.njit(cache=True)  # type: ignore[misc,unused-ignore]
def _ring_depth(ring: FloatArray, places: FloatArray) -> FloatArray:
    """Return the distance to a ring's edges, negative outside, by crossing numbers."""
    out = np.empty(len(places))
    for k in range(len(places)):
        x, y = places[k, 0], places[k, 1]
        least, odd = np.inf, False
        for i in range(len(ring)):
            ax, ay = ring[i - 1, 0], ring[i - 1, 1]
            bx, by = ring[i, 0], ring[i, 1]
            ex, ey = bx - ax, by - ay
            share = ((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey)
            share = min(1.0, max(0.0, share))
            dx, dy = x - ax - share * ex, y - ay - share * ey
            least = min(least, dx * dx + dy * dy)
            if (ay > y) != (by > y) and x < ax + (y - ay) * ex / ey:
                odd = not odd
        out[k] = np.sqrt(least) if odd else -np.sqrt(least)
    return out


@nb.njit(cache=True)  # type: ignore[misc,unused-ignore]
def _left_of(line: FloatArray, places: FloatArray) -> FloatArray:
    """Return the distance to a line, positive on its left."""
    out = np.empty(len(places))
    for k in range(len(places)):
        x, y = places[k, 0], places[k, 1]
        least, sign = np.inf, 1.0
        for i in range(1, len(line)):
            ax, ay = line[i - 1, 0], line[i - 1, 1]
            ex, ey = line[i, 0] - ax, line[i, 1] - ay
            share = ((x - ax) * ex + (y - ay) * ey) / (ex * ex + ey * ey)
            share = min(1.0, max(0.0, share))
            dx, dy = x - ax - share * ex, y - ay - share * ey
            apart = dx * dx + dy * dy
            if apart < least:
                least = apart
                sign = 1.0 if ex * (y - ay) - ey * (x - ax) >= 0 else -1.0
        out[k] = sign * np.sqrt(least)
    return out
