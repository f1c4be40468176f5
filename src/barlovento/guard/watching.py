"""The rule of a flight that is under way: when it has to hold, and when it has to come home.

What can't be known counts against going on. An order is never taken back here: once a flight was
told to hold or to return, only a person at the aircraft lets it go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from barlovento.domain.geodesy import to_local
from barlovento.domain.route import Route
from barlovento.domain.watched import Finding, Judged, Order, Seen
from barlovento.guard.flown import IN, OUT, Volume
from barlovento.guard.geometry import places

WEAK_LINK, LOST_LINK = 3.0, 10.0
"""Nothing heard for so long [s]."""

OUTSIDE_FOR = 1.0
"""Outside of the volume for so long is no single bad fix [s]."""

UNKNOWN_FOR = 10.0
"""No battery or no believed place for so long is one that is not known [s]."""

JUMP, JUMP_RATE = 10.0, 5.0
"""A fix this far from where speed leads, and more the longer ago the last was [m], [m s-1]."""

CLOCK_STEP = 1.0
"""Two clocks that part by more than this since the beginning: one was set [s]."""

APART, ABOVE, AHEAD = 500.0, 100.0, 60.0
"""Nearer than this to another aircraft [m], to the side and in height, within so long [s]."""

SPARE = 1.2
"""More energy than is reckoned for the way home."""

LOOK_AHEAD = 5.0
"""Whoever holds returns when the volume is left so soon [s]."""


@dataclass(slots=True)
class _Memory:
    clock: float | None = None
    vehicle: float | None = None
    fix: tuple[float, float, float] | None = None
    velocity: tuple[float, float] = (0.0, 0.0)
    last_fix_at: float = -math.inf
    believed_at: float | None = None
    battery_at: float | None = None
    drained_from: tuple[float, float] | None = None
    outside_since: float | None = None
    order: Order = Order.GO_ON


class Watch:
    """Judges a flight, moment by moment.

    Parameters
    ----------
    route : Route
        As it was cleared.
    begin : float
        What this machine's clock said at ``steady`` 0, since 1970 [s]; from there the steady clock
        counts, whatever the machine's is set to.
    reserve : float
        Share of the battery that has to be left at home [%].
    terrain, geoid : tuple of float, optional
        As for clearing [m].
    """

    def __init__(
        self,
        route: Route,
        *,
        begin: float,
        reserve: float,
        terrain: tuple[float, float] | None = None,
        geoid: tuple[float, float] | None = None,
    ) -> None:
        self.route = route
        self._volume = Volume(route, terrain=terrain, geoid=geoid)
        self._begin = begin
        self._reserve = reserve
        home = route.home or route.waypoints[0]
        self._home = (home.lon, home.lat)
        self._memory = _Memory()

    def judge(self, seen: Seen) -> Judged:
        """Return what follows from a moment.

        Parameters
        ----------
        seen : Seen
            Moments come in order.
        """
        findings: list[Finding] = []
        findings += self._clocks(seen)
        findings += self._link(seen)
        believed, said = self._place(seen)
        findings += said
        here = to_local(seen.lon, seen.lat, origin=self._home)
        away = math.hypot(float(here[0]), float(here[1]))
        needed, said = self._battery(seen, away)
        findings += said
        verdict = "on the ground"
        if seen.flying:
            verdict, said = self._where(seen, believed=believed)
            findings += said
        findings += self._traffic(seen)
        if seen.withdrawn:
            findings.append(Finding(kind="consent", order=Order.RETURN, words=seen.withdrawn))
        if seen.changed:
            findings.append(Finding(kind="mission", order=Order.RETURN, words=seen.changed))
        if seen.flying:
            asked = max((finding.order for finding in findings), default=Order.GO_ON)
            self._memory.order = max(self._memory.order, asked)
        return Judged(
            verdict=verdict,
            findings=tuple(findings),
            order=self._memory.order,
            home=away,
            battery_needed=needed,
        )

    def time(self, steady: float) -> float:
        """Return the time by the steady clock, since 1970 [s].

        Parameters
        ----------
        steady : float
            What that clock says [s].
        """
        return self._begin + steady

    # ------------------------------------------------------------ clocks and link

    def _clocks(self, seen: Seen) -> list[Finding]:
        memory, found = self._memory, []
        off = seen.clock - self.time(seen.steady)
        if memory.clock is None:
            memory.clock = off
        if abs(off - memory.clock) > CLOCK_STEP:
            words = (
                f"This machine's clock was set by {off - memory.clock:+.1f} s. The flight goes on "
                "by the time from before."
            )
            found.append(Finding(kind="clock", order=Order.GO_ON, words=words))
        if seen.vehicle_clock is not None:
            away = seen.vehicle_clock - self.time(seen.steady)
            if memory.vehicle is None:
                memory.vehicle = away
            if abs(away - memory.vehicle) > 2 * CLOCK_STEP:
                words = f"The aircraft's clock has jumped by {away - memory.vehicle:+.1f} s."
                found.append(Finding(kind="aircraft's clock", order=Order.GO_ON, words=words))
        return found

    def _link(self, seen: Seen) -> list[Finding]:
        silent = seen.steady - seen.heard
        if silent > LOST_LINK:
            words = f"Nothing was heard for {silent:.0f} s. It should be on its way home by itself."
            return [Finding(kind="link lost", order=Order.RETURN, words=words)]
        if silent > WEAK_LINK:
            words = f"Nothing was heard for {silent:.0f} s."
            return [Finding(kind="link weak", order=Order.GO_ON, words=words)]
        return []

    # ------------------------------------------------------------ place

    def _place(self, seen: Seen) -> tuple[bool, list[Finding]]:
        """Return whether its place can be believed, and what there is to tell."""
        memory = self._memory
        if not seen.fixed:
            return self._unbelieved(seen, "The receiver has no fix.")
        if seen.fix_at > memory.last_fix_at:
            jumped = 0.0
            if memory.fix is not None:
                since, lon, lat = memory.fix
                step = seen.fix_at - since
                x, y = to_local(seen.lon, seen.lat, origin=(lon, lat))
                off = math.hypot(
                    float(x) - memory.velocity[0] * step, float(y) - memory.velocity[1] * step
                )
                jumped = off if off > JUMP + JUMP_RATE * step + seen.position_error else 0.0
            memory.last_fix_at = seen.fix_at
            memory.fix = (seen.fix_at, seen.lon, seen.lat)
            memory.velocity = seen.velocity
            if jumped:
                return self._unbelieved(seen, f"Its place has jumped by {jumped:.0f} m.")
            memory.believed_at = seen.fix_at
        return True, []

    def _unbelieved(self, seen: Seen, why: str) -> tuple[bool, list[Finding]]:
        since = self._memory.believed_at
        if since is None:
            since = self._memory.believed_at = seen.steady
        long = seen.steady - since > UNKNOWN_FOR
        order = Order.RETURN if long else Order.HOLD
        return False, [Finding(kind="place", order=order, words=why)]

    def _where(self, seen: Seen, *, believed: bool) -> tuple[str, list[Finding]]:
        memory = self._memory
        stale = seen.steady - seen.fix_at > WEAK_LINK
        if not believed or stale:
            return "cannot tell", []
        spot = places([seen.lon], [seen.lat])[0]
        height = self._volume.height(seen.height, "AMSL")
        now = self.time(seen.fix_at)
        status = self._volume.status(spot, now, height, seen.position_error)
        if status != IN and seen.returning and self._over_home(seen, height):
            status = IN
        if status != OUT:
            memory.outside_since = None
            found = []
            if seen.holding:
                later = self._volume.status(spot, now + LOOK_AHEAD, height, seen.position_error)
                if later != IN:
                    words = "The time in which it may be here is running out."
                    found.append(Finding(kind="time", order=Order.RETURN, words=words))
            return ("inside" if status == IN else "cannot tell"), found
        if memory.outside_since is None:
            memory.outside_since = seen.fix_at
        if seen.fix_at - memory.outside_since < OUTSIDE_FOR:
            return "outside", []
        words = "It is outside of the volume, or of the time, that was cleared."
        return "outside", [Finding(kind="breach", order=Order.RETURN, words=words)]

    def _over_home(self, seen: Seen, height: tuple[float, float] | None) -> bool:
        """Return whether it comes down where the plan itself climbs and lands.

        The plan clears that column for its own times; a return lands there at another.
        """
        if height is None or self.route.home is None:
            return False
        x, y = to_local(seen.lon, seen.lat, origin=self._home)
        away = math.hypot(float(x), float(y)) + seen.position_error
        error = self.route.buffer.height_error
        low = self.route.waypoints[0].height.value - error
        high = self.route.home.height.value + error
        return away <= self.route.buffer.side and low <= height[0] and height[1] <= high

    # ------------------------------------------------------------ battery and traffic

    def _battery(self, seen: Seen, away: float) -> tuple[float | None, list[Finding]]:
        memory = self._memory
        if seen.battery is None:
            if memory.battery_at is None:
                memory.battery_at = seen.steady
            if seen.steady - memory.battery_at > UNKNOWN_FOR:
                words = "What is left in the battery is not known."
                return None, [Finding(kind="battery", order=Order.RETURN, words=words)]
            return None, []
        memory.battery_at = seen.steady
        if not seen.flying:
            memory.drained_from = None
            return None, []
        if memory.drained_from is None:
            memory.drained_from = (seen.steady, seen.battery)
        since, full = memory.drained_from
        # One percent more: it is told in whole ones.
        rate = (full - seen.battery + 1.0) / max(seen.steady - since, 30.0)
        seconds = away / self.route.return_speed
        needed = self._reserve + SPARE * rate * seconds
        if seen.battery <= needed:
            words = (
                f"The battery holds {seen.battery:.0f} %, and home takes {needed:.0f} % with the "
                "reserve."
            )
            return needed, [Finding(kind="battery", order=Order.RETURN, words=words)]
        return needed, []

    def _traffic(self, seen: Seen) -> list[Finding]:
        found = []
        for other in seen.intruders:
            x, y = to_local(other.lon, other.lat, origin=(seen.lon, seen.lat))
            near, when = closest(
                (float(x), float(y)),
                (other.velocity[0] - seen.velocity[0], other.velocity[1] - seen.velocity[1]),
            )
            high = math.inf if other.height is None else abs(other.height - seen.height)
            level = 0.0 if other.height is None else max(high - abs(other.climb) * when, 0.0)
            if near > APART or level > ABOVE:
                continue
            words = f"{other.name} comes within {near:.0f} m in {when:.0f} s."
            order = Order.RETURN if when == 0.0 else Order.HOLD
            found.append(Finding(kind="intruder", order=order, words=words))
        return found


def closest(place: tuple[float, float], velocity: tuple[float, float]) -> tuple[float, float]:
    """Return how near another comes within :data:`AHEAD`, and when.

    Parameters
    ----------
    place, velocity : tuple of float
        Of the other, seen from here, east and north [m], [m s-1].

    Returns
    -------
    tuple of float
        Distance [m] and time [s].
    """
    speed = velocity[0] ** 2 + velocity[1] ** 2
    when = -(place[0] * velocity[0] + place[1] * velocity[1]) / speed if speed > 0 else 0.0
    when = min(max(when, 0.0), AHEAD)
    return math.hypot(place[0] + when * velocity[0], place[1] + when * velocity[1]), when
