"""The shell of `fly monitor`: watches a flight, tells it to hold or return, and logs it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barlovento.domain.watched import Finding, Judged, Order
from barlovento.errors import BadInput, BarloventoError
from barlovento.guard.watching import Watch
from barlovento.permission_workspace import record
from barlovento.uploading import Span, Uploaded, consents_gone

if TYPE_CHECKING:
    from barlovento.adapters.mavlink.station import Station

TURN = 0.25
"""Between two looks [s]."""

ASK_EACH, LIVING_EACH, ORDER_EACH, TELL_EACH = 0.5, 5.0, 1.0, 1.0
"""Between two questions of the reading back, looks into the log, orders, and lines [s]."""

SETTLE = 3.0
"""What is told once a second has come by then [s]."""

LANDED_FOR = 3.0
"""Disarmed after a flight for so long, it is over [s]."""

ORDERS = {Order.GO_ON: "go on", Order.HOLD: "hold", Order.RETURN: "return"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is shown of a flight once a second.

    Parameters
    ----------
    seconds : float
        Since the monitor began [s].
    time : float
        Since 1970, by the clock that nobody sets [s].
    verdict : str
        As in :class:`barlovento.domain.watched.Judged`.
    lon, lat, height, above_home : float or None
        [degree], above mean sea level and above home [m].
    edge : float or None
        Distance to the side of the volume; negative outside [m].
    room : float or None
        Distance to the volume's greatest or least height, whichever is nearer [m].
    home : float or None
        Distance to home [m].
    battery, battery_needed : float or None
        Left, and for the way home with the reserve [%].
    item : int
        Of the mission.
    armed, flying, returning, holding : bool
        What it does.
    silent : float
        Since it was last heard [s].
    order : str
        ``"go on"``, ``"hold"`` or ``"return"``.
    findings : tuple of Finding
        All that holds now.
    read_back : int
        How often all that it holds was read back in flight.
    """

    seconds: float
    time: float
    verdict: str
    lon: float | None
    lat: float | None
    height: float | None
    above_home: float | None
    edge: float | None
    room: float | None
    home: float | None
    battery: float | None
    battery_needed: float | None
    item: int
    armed: bool
    flying: bool
    returning: bool
    holding: bool
    silent: float
    order: str
    findings: tuple[Finding, ...]
    read_back: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a watch ended.

    Parameters
    ----------
    why : str
        ``"landed"``, or ``"left"`` where somebody stopped the monitor.
    order : str
        The greatest order that was given.
    kinds : tuple of str
        Of all findings that there were.
    seconds : float
        How long it was watched [s].
    outside : int
        Looks at which it was outside of the volume, or of its time.
    index : int or None
        Entry in the log; None where it could not be written.
    """

    why: str
    order: str
    kinds: tuple[str, ...]
    seconds: float
    outside: int
    index: int | None


class Monitor:
    """Watches one flight.

    Parameters
    ----------
    done : Uploaded
        What the autopilot holds.
    station : Station
        On a line to it.
    reserve : float
        Share of the battery that has to be left at home [%].
    position_error : float
        Where the autopilot tells none [m].
    terrain, geoid : tuple of float, optional
        As for clearing [m].
    clock : callable
        What this machine's clock says, since 1970 [s].
    """

    def __init__(
        self,
        done: Uploaded,
        station: Station,
        *,
        reserve: float,
        position_error: float,
        terrain: Span | None = None,
        geoid: Span | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        from barlovento.adapters.mavlink.items import FENCE, MISSION
        from barlovento.adapters.mavlink.telemetry import Reader, Telemetry
        from barlovento.guard.edge import Edge

        self._done, self._station, self._clock = done, station, clock
        loaded = done.loaded
        self._family = loaded.family
        self._telemetry = Telemetry(station, loaded.family, position_error=position_error)
        held = {kind: loaded.wires[kind] for kind in (MISSION, FENCE)}
        self._reader = Reader(station, held, own=loaded.family.home_item)
        self._began = station.line.now()
        self._watch = Watch(
            done.plan.route,
            begin=clock() - self._began,
            reserve=reserve,
            terrain=terrain,
            geoid=geoid,
        )
        self._edge = Edge(done.plan.route, terrain=terrain, geoid=geoid)
        self._withdrawn = ""
        self._next = dict.fromkeys(("ask", "living", "order", "tell"), self._began)
        self._told: set[str] = set()
        self._greatest = Order.GO_ON
        self._outside = 0
        self._flew_at: float | None = None

    def run(
        self, *, tell: Callable[[Status], None], stop: Callable[[], bool] = lambda: False
    ) -> Ended:
        """Watch until it has landed, or somebody stops.

        Parameters
        ----------
        tell : callable
            Called once a second.
        stop : callable
            Asked often; true ends it, and the aircraft goes on by what it holds.

        Returns
        -------
        Ended
            What there was.
        """
        why = "left"
        self._settle()
        try:
            while not stop():
                status = self.turn()
                if self._due("tell", TELL_EACH):
                    tell(status)
                if self._over(status):
                    why = "landed"
                    break
        finally:
            index = self._log("monitor ended", why=why)  # also on Ctrl-C
        return Ended(
            why=why,
            order=ORDERS[self._greatest],
            kinds=tuple(sorted(self._told)),
            seconds=self._station.line.now() - self._began,
            outside=self._outside,
            index=index,
        )

    def _settle(self) -> None:
        """Hear everything once, so that nothing counts as missing that was not told yet."""
        station, telemetry = self._station, self._telemetry
        end = station.line.now() + SETTLE
        while station.line.now() < end and not telemetry.complete:
            for message in station.listen(min(end, station.line.now() + TURN)):
                telemetry.take(message)

    def turn(self) -> Status:
        """Listen for :data:`TURN`, judge, and order what follows; return what is known."""
        station = self._station
        for message in station.listen(station.line.now() + TURN):
            self._telemetry.take(message)
            self._reader.take(message)
        if self._due("living", LIVING_EACH):
            self._withdrawn = self._withdrawn or self._gone()
        seen = self._telemetry.seen(
            self._clock(), withdrawn=self._withdrawn, changed=self._reader.changed
        )
        judged = self._watch.judge(seen)
        self._outside += judged.verdict == "outside"
        if seen.flying and self._due("ask", ASK_EACH):
            self._reader.ask()
        self._obey(judged, flying=seen.flying, returning=seen.returning, holding=seen.holding)
        return self._status(seen, judged)

    def _gone(self) -> str:
        """Return why a consent does not live; a log that can't be read counts against all."""
        try:
            return consents_gone(self._done.plan)
        except (BarloventoError, OSError, sqlite3.Error) as error:
            return f"Whether the consents still live can't be read: {error}"

    def _obey(self, judged: Judged, *, flying: bool, returning: bool, holding: bool) -> None:
        new = [finding for finding in judged.findings if finding.kind not in self._told]
        self._told.update(finding.kind for finding in new)
        if new or judged.order > self._greatest:
            self._greatest = max(self._greatest, judged.order)
            self._log("monitor", findings=new)
        if not flying or judged.order is Order.GO_ON or returning:
            return
        if judged.order is Order.HOLD and holding:
            return
        if self._due("order", ORDER_EACH):
            hold = judged.order is Order.HOLD
            number, given = self._family.hold if hold else self._family.come_home
            self._station.order(number, *given)

    def _over(self, status: Status) -> bool:
        now = self._station.line.now()
        if status.flying:
            self._flew_at = now
        landed = self._flew_at is not None and not status.armed and status.silent < TURN + 2.0
        return landed and now - (self._flew_at or 0.0) > LANDED_FOR

    def _due(self, what: str, each: float) -> bool:
        now = self._station.line.now()
        if now < self._next[what]:
            return False
        self._next[what] = now + each
        return True

    def _status(self, seen: Any, judged: Judged) -> Status:
        known = seen.fix_at > float("-inf")
        edge, room = (
            self._edge.distances(seen.lon, seen.lat, seen.height) if known else (None, None)
        )
        return Status(
            seconds=seen.steady - self._began,
            time=self._watch.time(seen.steady),
            verdict=judged.verdict,
            lon=seen.lon if known else None,
            lat=seen.lat if known else None,
            height=seen.height if known else None,
            above_home=self._telemetry.above_home if known else None,
            edge=edge,
            room=room,
            home=judged.home if known else None,
            battery=seen.battery,
            battery_needed=judged.battery_needed,
            item=self._telemetry.item,
            armed=self._station.armed,
            flying=seen.flying,
            returning=seen.returning,
            holding=seen.holding,
            silent=seen.steady - seen.heard,
            order=ORDERS[judged.order],
            findings=judged.findings,
            read_back=self._reader.rounds,
        )

    def _log(self, kind: str, *, findings: Any = (), why: str = "") -> int | None:
        """Put what was found into the log; places stay out of it."""
        document = {
            "event": kind,
            "plan": self._done.plan.route.id,
            "plan_digest": self._done.plan.route.digest,
            "upload": self._done.index,
            "order": ORDERS[self._greatest],
            "findings": [finding.kind for finding in findings],
        }
        if why:
            document["why"] = why
        try:
            return record(self._done.plan.home, "monitor", document)
        except (BarloventoError, OSError, sqlite3.Error):
            # A full disk must not leave an aircraft without a watcher.
            self._told.add("log")
            return None


def log_writer(path: Path, clock: Callable[[], float] = time.time) -> tuple[Any, Any]:
    """Open a telemetry log; return what takes each datagram, and the file to close.

    Parameters
    ----------
    path : Path
        To write.
    clock : callable
        Since 1970 [s].
    """
    from datetime import UTC, datetime

    from barlovento.adapters.autopilot.tlog import TelemetryLog

    try:
        file = path.open("wb")
    except OSError as error:
        raise BadInput(f"Can't write {path}: {error.strerror}. Choose another place.") from error
    log = TelemetryLog(file, datetime.fromtimestamp(0, UTC))

    def take(packet: bytes) -> None:
        try:
            log.packet(clock(), packet)
        except OSError:
            # A full disk must not end the watch.
            return

    return take, file
