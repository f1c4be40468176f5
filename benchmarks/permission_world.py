"""A small world of two states for attacking permission: real keys, real log rules, real clearing.

Beside it runs a record of what was really agreed, kept in plain sets and intervals of a line, that
shares no code with the rules. Every clearance that is given must be explained by that record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np

from barlovento.adapters.keys import SigningKey, new_key
from barlovento.domain.airspace import (
    Clearance,
    Height,
    HeightReference,
    Route,
    RouteBuffer,
    Waypoint,
)
from barlovento.errors import PlanRefused
from barlovento.guard import narrowing, trust
from barlovento.guard.airspace import clear, holds
from barlovento.guard.ledger import (
    CONSENT,
    KEY_REVOCATION,
    PIN,
    REVOCATION,
    ROTATION,
    Entry,
    Ledger,
    apply,
    digest_of,
)
from barlovento.guard.verifier import VerifyError, canonical
from barlovento.guard.zones import ZoneIndex

STATES = ("AA", "BB")
"""AA lies west of the meridian of Greenwich, BB east of it."""

PEOPLE = ("ana", "ben", "cleo")
START = datetime(2026, 11, 23, tzinfo=UTC)
CELL = 0.02
"""Degrees of one cell of the line on which plans and consents lie."""

EDGE = 0.003
"""A consent reaches this much beyond its cells, so that a plan's own width fits in [degree]."""

CELLS = (-3, 3)
DAYS = 6
NO_ZONES = ZoneIndex(())
METRES = 111_320.0


class TwoStates:
    """Borders that are one meridian."""

    outline = SimpleNamespace(digest="two states")
    states = STATES

    def states_touching(self, area: Any) -> Any:
        """Return both; the finer questions decide."""
        del area
        return SimpleNamespace(states=STATES, unnamed=False)

    def sovereigns(
        self, lons: Sequence[float], lats: Sequence[float], *, widened: float = 0.0
    ) -> list[Any]:
        """Return whose places are."""
        del lats
        found = []
        for lon in np.atleast_1d(np.asarray(lons, dtype=float)):
            state = STATES[int(lon >= 0)]
            distance = abs(lon) * METRES
            near = STATES if distance <= widened else (state,)
            found.append(
                SimpleNamespace(
                    state=state, kind="land", candidates=near, distance=distance, error=0.0
                )
            )
        return found

    def signed_depth(
        self, state: str, lons: Sequence[float], lats: Sequence[float]
    ) -> tuple[Any, Any]:
        """Return the depth inside of a state, near the equator [m]."""
        del lats
        east = np.atleast_1d(np.asarray(lons, dtype=float)) * METRES
        return (east if state == "BB" else -east), np.zeros(len(east))

    def limit_error(self, _state: str, lons: Sequence[float], _lats: Sequence[float]) -> Any:
        """Return that the meridian is known exactly [m]."""
        return np.zeros(len(np.atleast_1d(lons)))


BORDERS = TwoStates()


def tell_coarsely() -> None:
    """Tell less finely where a refused plan first lacks something, in a tenth of the time.

    For processes of a benchmark alone; the fuzzed plans of clear_fuzz.py are judged as finely as
    people's.
    """
    narrowing.SMALLEST = narrowing.COARSE


@lru_cache(maxsize=256)
def key_of(name: str) -> SigningKey:
    """Return a key that is the same for the same name."""
    return new_key(name.partition("#")[0], seed=name.encode().ljust(32, b"."))


@lru_cache(maxsize=4096)
def sealed(kind: str, payload: bytes, signers: tuple[str, ...]) -> bytes:
    """Return an envelope; the same keys sign the same words alike, so once is enough."""
    signing = [key_of(name) for name in signers]
    return trust.seal_envelope(kind, payload, {key.key.id: key.sign for key in signing})


@dataclass(frozen=True, slots=True)
class Plan:
    """A flight along the equator from one cell to another, within one day.

    Attributes
    ----------
    first, last : int
        Cells.
    day : int
        Days after the start.
    aircraft, purpose : str
        Of the flight.
    """

    first: int
    last: int
    day: int
    aircraft: str = "X-1"
    purpose: str = "air sampling"

    @property
    def cells(self) -> range:
        """Return the cells it passes."""
        return range(min(self.first, self.last), max(self.first, self.last) + 1)

    def route(self) -> Route:
        """Return what is handed to the rules."""
        begin = START + timedelta(days=self.day, hours=10)

        def point(cell: int, minutes: int) -> Waypoint:
            height = Height(value=60.0, reference=HeightReference.AGL)
            lon = (cell + 0.5) * CELL
            return Waypoint(
                lon=lon, lat=0.0, height=height, time=begin + timedelta(minutes=minutes)
            )

        text = canonical([self.first, self.last, self.day, self.aircraft, self.purpose])
        return Route(
            id="plan",
            aircraft=self.aircraft,
            purpose=self.purpose,
            holder="Watch",
            sensors=("nose",),
            waypoints=(point(self.first, 0), point(self.last, 30), point(self.last, 40))
            if self.first != self.last
            else (point(self.first, 0), replace(point(self.first, 30), lat=0.001)),
            home=point(self.first, 120),
            return_speed=20.0,
            lost_link=(),
            buffer=RouteBuffer(
                navigation_error=10.0,
                gust_drift=10.0,
                turn_radius=20.0,
                height_error=5.0,
                time_error=5.0,
            ),
            stand_off=(),
            digest=digest_of(text),
        )


@dataclass(slots=True)
class Agreed:
    """What was really agreed of one consent, as the attacker's own book has it."""

    state: str
    cells: range
    days: range
    aircraft: str
    purpose: str
    by: str
    withdrawn: bool = False


@dataclass(slots=True)
class World:
    """The log's rules on one side, the book of what was really agreed on the other."""

    ledger: Ledger = field(default_factory=Ledger)
    now: datetime = START
    size: int = 0
    book: dict[str, Agreed] = field(default_factory=dict)
    pinned: dict[str, str] = field(default_factory=dict)
    stolen: set[str] = field(default_factory=set)
    votes: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=lambda: set(PEOPLE[:2]))
    envelopes: list[tuple[str, bytes, Callable[[], None]]] = field(default_factory=list)
    clearances: list[tuple[Clearance, Plan]] = field(default_factory=list)
    given: int = 0
    refused: int = 0

    def known(self) -> set[str]:
        """Return every key that the log has a role for, or had."""
        return {*self.pinned, *self.stolen, *self.retired, *self.people, "log"}

    def __post_init__(self) -> None:
        people = [str(key_of(name).key) for name in PEOPLE[:2]]
        payload = {"key": str(key_of("log").key), "people": people}
        self.put("workspace", payload, b"")

    # ------------------------------------------------------------ writing

    def put(self, kind: str, payload: dict[str, Any], envelope: bytes) -> bool:
        """Offer an entry to the log; return whether it was let in."""
        digest = digest_of(envelope)
        entry = Entry(
            index=self.size,
            kind=kind,
            time=self.now.isoformat(),
            payload=payload if kind == "workspace" else {"document": digest},
            sealed={},
        )
        try:
            apply(self.ledger, entry, {digest: envelope})
        except (VerifyError, KeyError, TypeError):
            return False
        self.size += 1
        return True

    def offer(self, kind: str, envelope: bytes, effect: Callable[[], None]) -> None:
        """Offer an envelope, write into the book what it means, and remember it for replays."""
        self.envelopes.append((kind, envelope, effect))
        self.put(kind, {}, envelope)
        effect()

    def seal(self, kind: str, content: Any, *signers: str) -> bytes:
        """Sign something with some keys."""
        return sealed(kind, canonical(content), signers)

    # ------------------------------------------------------------ what may happen

    def pin(self, state: str, name: str, person: str) -> None:
        """One person, enrolled or not, says that a key is a state's."""

        def effect() -> None:
            if person in self.people and name not in self.known():
                votes = self.votes.setdefault((state, name), set())
                votes.add(person)
                if len(votes) == 2:
                    self.pinned[name] = state

        content = {"key": str(key_of(name).key), "role": "authority", "state": state}
        self.offer("pin", self.seal(PIN, content, person), effect)

    def sign(
        self, state: str, name: str, cells: range, days: range, aircraft: str, purpose: str
    ) -> str:
        """Let a key sign a consent of a state; return the consent's digest."""
        content = self.consent(state, cells, days, aircraft, purpose)
        digest = digest_of(canonical(content))

        def effect() -> None:
            if self.pinned.get(name) == state:
                agreed = Agreed(state, cells, days, aircraft, purpose, name)
                self.book.setdefault(digest, agreed)

        self.offer("consent", self.seal(CONSENT, content, name), effect)
        return digest

    def consent(
        self, state: str, cells: range, days: range, aircraft: str, purpose: str
    ) -> dict[str, Any]:
        """Return a consent's payload."""
        west, east = cells.start * CELL - EDGE, cells.stop * CELL + EDGE
        ring = [[west, -0.02], [east, -0.02], [east, 0.02], [west, 0.02], [west, -0.02]]
        begin, end = (START + timedelta(days=d) for d in (days.start, days.stop))
        return {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": {
                "id": f"C{len(self.envelopes)}",
                "request": "R",
                "authority": state,
                "holder": "Watch",
                "purpose": purpose,
                "valid_from": begin.isoformat(),
                "valid_until": end.isoformat(),
                "lower": None,
                "upper": {"value": 120, "unit": "m", "reference": "AGL"},
                "aircraft": [aircraft],
                "sensors": ["nose"],
            },
        }

    def revoke(self, digest: str, name: str) -> None:
        """Let a key withdraw a consent."""

        def effect() -> None:
            agreed = self.book.get(digest)
            if agreed and self.pinned.get(name) == agreed.state:
                agreed.withdrawn = True

        content = {"consent": digest, "reason": "r"}
        self.offer("revocation", self.seal(REVOCATION, content, name), effect)

    def rotate(self, old: str, new: str, *signers: str) -> None:
        """Put a new key in an old one's place, if both sign."""

        def effect() -> None:
            if {old, new} <= set(signers) and old in self.pinned and new not in self.known():
                self.pinned[new] = self.pinned.pop(old)
                self.retired.add(old)

        content = {"old": key_of(old).key.id, "key": str(key_of(new).key)}
        self.offer("key-rotation", self.seal(ROTATION, content, *signers), effect)

    def steal(self, name: str, *signers: str) -> None:
        """Revoke a key by itself or by two people, or try to."""

        def effect() -> None:
            right = name in signers or len(self.people & set(signers)) >= 2
            if right and name in self.known() - self.stolen - {"log"}:
                self.pinned.pop(name, None)
                self.retired.discard(name)
                self.people.discard(name)
                self.stolen.add(name)

        content = {"key_id": key_of(name).key.id, "reason": "r"}
        self.offer("revocation", self.seal(KEY_REVOCATION, content, *signers), effect)

    def replay(self, number: int) -> None:
        """Send an old envelope once more, whatever it was."""
        if self.envelopes:
            kind, envelope, effect = self.envelopes[number % len(self.envelopes)]
            self.put(kind, {}, envelope)
            effect()

    def mangle(self, number: int, place: int) -> None:
        """Send an old envelope with a byte changed."""
        if self.envelopes:
            kind, envelope, _ = self.envelopes[number % len(self.envelopes)]
            at = place % len(envelope)
            self.put(kind, {}, envelope[:at] + bytes([envelope[at] ^ 1]) + envelope[at + 1 :])

    def wait(self, hours: int) -> None:
        """Let time pass."""
        self.now += timedelta(hours=hours)

    # ------------------------------------------------------------ clearing

    def clear(self, plan: Plan) -> bool:
        """Ask for a clearance; raise when one is given that the book does not explain."""
        standing = trust.living_consents(self.ledger, self.now)
        try:
            clearance = clear(
                plan.route(),
                consents=standing.living,
                zones=NO_ZONES,
                borders=BORDERS,  # type: ignore[arg-type]
                now=self.now,
                revoked=standing.revoked,
            )
        except PlanRefused:
            self.refused += 1
            if self.explained(plan) and self.now < START + timedelta(days=plan.day, hours=9):
                raise AssertionError(f"{plan} was refused although all had agreed") from None
            return False
        self.given += 1
        if not self.explained(plan):
            raise AssertionError(f"{plan} was cleared although not everybody had agreed")
        if clearance.plan_digest != plan.route().digest:
            raise AssertionError("the clearance is not for this plan")
        self.clearances.append((clearance, plan))
        return True

    def fly(self, number: int, plan: Plan | None = None) -> None:
        """Use an old clearance, for its own plan or for an edited one."""
        if not self.clearances:
            return
        clearance, own = self.clearances[number % len(self.clearances)]
        flown = plan or own
        standing = trust.living_consents(self.ledger, self.now)
        try:
            holds(clearance, flown.route(), now=self.now, revoked=standing.revoked)
        except PlanRefused:
            return
        if flown != own:
            raise AssertionError("an edited plan flew on an old clearance")
        if not self.explained(own, [self.named(digest) for digest in clearance.consents]):
            raise AssertionError("a plan flew although its consent was gone")

    def named(self, digest: str) -> Agreed:
        """Return what the book has of a consent."""
        return self.book[digest]

    def explained(self, plan: Plan, among: Sequence[Agreed] | None = None) -> bool:
        """Tell from the book alone whether every sovereign below had agreed to this plan."""
        today = (self.now - START) / timedelta(days=1)
        good = [
            agreed
            for agreed in (self.book.values() if among is None else among)
            if not agreed.withdrawn
            and agreed.by not in self.stolen
            and agreed.days.stop > today
            and plan.day in agreed.days
            and (agreed.aircraft, agreed.purpose) == (plan.aircraft, plan.purpose)
        ]
        for cell in plan.cells:
            below = STATES[int(cell >= 0)]
            if not any(cell in agreed.cells and agreed.state == below for agreed in good):
                return False
        return True


def opened() -> World:
    """Return a world in which both states' keys are pinned already."""
    world = World()
    for state, name in zip(STATES, ("aa", "bb"), strict=True):
        for person in PEOPLE[:2]:
            world.pin(state, name, person)
    return world


KEYS = ("aa", "bb", "cc", "aa#2", *PEOPLE, "log")


def step(world: World, random: Random) -> str:
    """Do one thing at random, and return its name."""
    digests = list(world.book) or [""]
    cell, day = random.randrange(*CELLS), random.randrange(1, DAYS)
    name, state = random.choice(KEYS), random.choice(STATES)
    plane = random.choice(("X-1", "X-1", "X-1", "X-2"))
    purpose = random.choice(("air sampling", "air sampling", "air sampling", "survey"))
    cells = range(cell, cell + random.randrange(1, 7))
    last = min(max(cell + random.randrange(-2, 3), CELLS[0]), CELLS[1] - 1)
    plan = Plan(cell, last, day, plane, purpose)
    if world.book and random.random() < 0.8:
        # Plans near what was agreed: there the rules have something to decide.
        agreed = random.choice(list(world.book.values()))
        cell = random.choice(agreed.cells)
        last = cell + random.choice((-1, 0, 0, 1))
        plan = Plan(cell, last, random.choice(agreed.days), agreed.aircraft, agreed.purpose)
    what = random.choices(
        ("pin", "sign", "revoke", "rotate", "steal", "replay", "mangle", "wait", "clear", "fly"),
        (2, 8, 2, 1, 1, 2, 1, 1, 5, 5),
    )[0]
    if what == "pin":
        world.pin(state, name, random.choice(PEOPLE))
    elif what == "sign":
        right = {s: n for n, s in world.pinned.items()}.get(state, name)
        by = right if random.random() < 0.8 else name
        days = range(day, day + random.randrange(1, 4))
        world.sign(state, by, cells, days, plane, purpose)
    elif what == "revoke":
        agreed = world.book.get(digest := random.choice(digests))
        world.revoke(digest, agreed.by if agreed and random.random() < 0.6 else name)
    elif what == "rotate":
        new = random.choice(KEYS)
        world.rotate(name, new, *random.choice(((name, new), (name,), (new,), (name, "ana"))))
    elif what == "steal":
        world.steal(name, *random.choice(((name,), PEOPLE[:2], PEOPLE[1:], ("aa",))))
    elif what == "replay":
        world.replay(random.randrange(1000))
    elif what == "mangle":
        world.mangle(random.randrange(1000), random.randrange(100_000))
    elif what == "wait":
        world.wait(random.choice((1, 1, 6, 24)))
    elif what == "clear":
        world.clear(plan)
    else:
        world.fly(random.randrange(1000), plan if random.random() < 0.5 else None)
    return what
