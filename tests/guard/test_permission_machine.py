"""No order of asking, pinning, signing, revoking, waiting and editing gives a wrong clearance.

The world is the one of ``benchmarks/permission_machine.py``, which goes through 100,000 sequences:
real keys, the log's own rules and the real clearing, beside a book of what was really agreed.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name while they are made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


world = load("permission_world")

CELLS = st.integers(-3, 2)
DAYS = st.integers(1, 5)
KEYS = st.sampled_from(world.KEYS)
STATES = st.sampled_from(world.STATES)
PEOPLE = st.sampled_from(world.PEOPLE)
AIRCRAFT = st.sampled_from(("X-1", "X-2"))
PURPOSE = st.sampled_from(("air sampling", "survey"))


class Permission(RuleBasedStateMachine):
    """Everybody does what they can, in any order; :class:`World` raises when that helps them."""

    @initialize(pinned=st.booleans())
    def begin(self, pinned: bool) -> None:
        self.world: Any = world.opened() if pinned else world.World()

    @rule(state=STATES, name=KEYS, person=PEOPLE)
    def pin(self, state: str, name: str, person: str) -> None:
        self.world.pin(state, name, person)

    @rule(state=STATES, name=KEYS, cell=CELLS, width=st.integers(1, 6), day=DAYS, craft=AIRCRAFT)
    def sign(self, state: str, name: str, cell: int, width: int, day: int, craft: str) -> None:
        cells, days = range(cell, cell + width), range(day, day + 2)
        self.world.sign(state, name, cells, days, craft, "air sampling")

    @rule(side=st.booleans(), day=DAYS)
    def agree(self, side: bool, day: int) -> None:
        """What a state does when all goes well, so that clearances are given too."""
        state, name = (world.STATES[side], ("aa", "bb")[side])
        self.world.sign(state, name, range(-3, 4), range(day, day + 2), "X-1", "air sampling")

    @rule(name=KEYS, which=st.integers(0, 99))
    def revoke(self, name: str, which: int) -> None:
        digests = [*self.world.book, "nothing"]
        self.world.revoke(digests[which % len(digests)], name)

    @rule(old=KEYS, new=KEYS, both=st.booleans())
    def rotate(self, old: str, new: str, both: bool) -> None:
        self.world.rotate(old, new, *((old, new) if both and old != new else (old,)))

    @rule(name=KEYS, signers=st.sets(KEYS, min_size=1, max_size=2))
    def steal(self, name: str, signers: set[str]) -> None:
        self.world.steal(name, *sorted(signers))

    @rule(which=st.integers(0, 99))
    def replay(self, which: int) -> None:
        self.world.replay(which)

    @rule(which=st.integers(0, 99), place=st.integers(0, 5000))
    def forge(self, which: int, place: int) -> None:
        self.world.mangle(which, place)

    @rule(hours=st.sampled_from((1, 6, 24)))
    def expire(self, hours: int) -> None:
        self.world.wait(hours)

    @rule(first=CELLS, last=CELLS, day=DAYS, craft=AIRCRAFT, purpose=PURPOSE)
    def clear(self, first: int, last: int, day: int, craft: str, purpose: str) -> None:
        self.world.clear(world.Plan(first, last, day, craft, purpose))

    @rule(which=st.integers(0, 99), day=DAYS, edited=st.booleans())
    def fly(self, which: int, day: int, edited: bool) -> None:
        plan = world.Plan(0, 1, day) if edited else None
        self.world.fly(which, plan)

    @invariant()
    def keys_are_those_of_the_book(self) -> None:
        if not hasattr(self, "world"):
            return
        living = {
            pinned.key.id: pinned.state
            for pinned in self.world.ledger.keys.values()
            if pinned.role == "authority" and pinned.until is None
        }
        book = {world.key_of(name).key.id: state for name, state in self.world.pinned.items()}
        assert living == book


TestPermission = Permission.TestCase
TestPermission.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def both_agreed() -> Any:
    made = world.opened()
    for state, name in (("AA", "aa"), ("BB", "bb")):
        made.sign(state, name, range(-3, 3), range(1, 3), "X-1", "air sampling")
    return made


def test_a_flight_across_the_border_needs_both_and_gets_it() -> None:
    plan = world.Plan(-1, 1, 1)
    only = world.opened()
    only.sign("AA", "aa", range(-3, 3), range(1, 3), "X-1", "air sampling")
    assert not only.clear(plan)
    assert both_agreed().clear(plan)


@pytest.mark.parametrize(
    "undo",
    [
        lambda w: w.revoke(next(iter(w.book)), "aa"),
        lambda w: w.steal("bb", "ana", "ben"),
        lambda w: w.wait(24 * 3),
    ],
    ids=["withdrawn", "key stolen", "ended"],
)
def test_what_was_agreed_ends(undo: Any) -> None:
    made = both_agreed()
    assert made.clear(world.Plan(-1, 1, 1))
    undo(made)
    assert not made.clear(world.Plan(-1, 1, 1))


def test_a_consent_stays_good_when_its_key_is_rotated() -> None:
    made = both_agreed()
    made.rotate("aa", "aa#2", "aa", "aa#2")
    assert made.clear(world.Plan(-1, 1, 1))
    before = len(made.book)
    made.sign("AA", "aa", range(-3, 3), range(3, 5), "X-1", "air sampling")
    assert len(made.book) == before
    assert made.ledger.consents.keys() == made.book.keys()


def test_the_wrong_states_key_and_one_persons_pin_count_for_nothing() -> None:
    made = world.opened()
    made.pin("AA", "cc", "ana")
    for name in ("bb", "cc", "ana", "log"):
        made.sign("AA", name, range(-3, 3), range(1, 3), "X-1", "air sampling")
    assert made.ledger.consents == {}
    made.pin("AA", "cc", "ana")
    made.pin("AA", "cc", "cleo")
    assert "cc" not in made.pinned
    made.pin("AA", "cc", "ben")
    made.sign("AA", "cc", range(-3, 0), range(1, 3), "X-1", "air sampling")
    assert made.clear(world.Plan(-2, -1, 1))


def test_a_book_that_lacks_a_consent_stops_the_machine() -> None:
    made = both_agreed()
    made.book.clear()
    with pytest.raises(AssertionError, match="not everybody"):
        made.clear(world.Plan(-1, 1, 1))
