"""A line to the simulated autopilot that loses, repeats and reorders, on a clock of its own."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

from autopilot_ground import START, pilot

from barlovento.adapters.autopilot.endpoint import Endpoint
from barlovento.adapters.autopilot.pilot import TICK


class LossyLine:
    """Both ways lose, repeat and delay; the autopilot ticks while the station waits.

    ``meddle`` is called with the line and each datagram that leaves the station, before it does.
    """

    def __init__(
        self,
        endpoint: Endpoint | None = None,
        *,
        seed: int = 0,
        loss: float = 0.0,
        repeat: float = 0.0,
        delay: float = 0.0,
        meddle: Callable[[LossyLine, bytes], None] | None = None,
    ) -> None:
        self.endpoint = endpoint or Endpoint(pilot(), START)
        self.random = random.Random(seed)
        self.loss, self.repeat, self.delay, self.meddle = loss, repeat, delay, meddle
        self.time = 0.0
        self.cut = False
        self.armed_on: list[tuple] = []
        self._queue: list[tuple[float, int, bool, bytes]] = []
        self._number = 0
        self._ticked = 0.0

    @property
    def pilot(self):
        return self.endpoint.pilot

    def now(self) -> float:
        return self.time

    def send(self, packet: bytes) -> None:
        if self.meddle is not None:
            self.meddle(self, packet)
        self._put(packet, up=True)

    def receive(self, until: float) -> bytes | None:
        while True:
            if self._queue and self._queue[0][0] <= self.time:
                _, _, up, packet = heapq.heappop(self._queue)
                if not up:
                    return packet
                before = self.pilot.armed
                answers = self.endpoint.handle(packet, self.time)
                if self.pilot.armed and not before:
                    self.armed_on.append(self.pilot.mission)
                for answer in answers:
                    self._put(answer, up=False)
                continue
            if self.time >= until:
                return None
            self._step(until)

    def _step(self, until: float) -> None:
        """Let time pass to the next thing that happens."""
        moving = self.pilot.armed and self.pilot.mode != "standby"
        # On the ground nothing moves: its dynamics need no time, and five ticks go at once.
        ticks = 1 if moving or self.pilot.ticks % 5 else 5
        due = self._ticked + ticks * TICK
        nearest = self._queue[0][0] if self._queue else until
        self.time = max(min(until, nearest, due), self.time)
        if self.time < due - 1e-9:
            return
        self._ticked = due
        self.time = max(self.time, due)
        if moving:
            self.pilot.tick()
        else:
            self.pilot.ticks += ticks
        for packet in self.endpoint.telemetry() + self.endpoint.overdue(self.time):
            self._put(packet, up=False)

    def _put(self, packet: bytes, *, up: bool) -> None:
        if self.cut:
            return
        copies = 1 + (self.random.random() < self.repeat)
        for _ in range(copies):
            if self.random.random() < self.loss:
                continue
            late = 0.01 + self.random.random() * self.delay
            self._number += 1
            heapq.heappush(self._queue, (self.time + late, self._number, up, packet))
