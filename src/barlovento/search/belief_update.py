"""How a batch of readings changes what a search knows.

Weights are multiplied by what new blocks of time say; only where too few draws are left with
weight are new ones drawn and weighed against all readings (docs/method/search.md, decision 0021).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.errors import BadInput
from barlovento.search import belief_kernels as kernels
from barlovento.search import belief_likelihood as columns
from barlovento.search import belief_record as record_of
from barlovento.search import belief_rows as rows_of
from barlovento.search.belief_cloud import Cloud, drawn, log_prior
from barlovento.search.belief_proposals import Anchor, drawn_anew
from barlovento.search.belief_state import COUNT_RATIO, Slot, State

Floats = NDArray[np.float64]
S = TypeVar("S", bound=State)

FIRST, AGAIN = 4096, 2048
"""Draws of a new open source, and of a cloud that is drawn anew [1]."""

BUDGET, WHOLE = 4.0e5, 1.2e6
"""Most pairs of a draw and a reading that one proposal may cost, and all in turn [1]."""

MOST_ROWS = 1500
"""Rows of closed blocks above which neighbours are averaged [1]."""

LEAST_DRAWS = 400
"""Fewest draws of a proposal [1]."""

THIN, SHARE = 120.0, 0.12
"""Effective draws, and share of the draws, below which a cloud is drawn anew [1]."""

IDLE = 0.03
"""Probability of a further source below which its cloud is left as thin as it is [1]."""

FEW_NEWS = 30
"""Averaged readings in a batch up to which one redrawn cloud is enough [1]."""

ROUNDS = 5
"""Most proposals in turn [1]."""

FOUND, LOST = 0.95, 0.3
"""Probability at which the open source becomes a found one, and below which that is undone [1]."""

CLEAR = 4.0
"""Noises above the background from which on gas was met [1]."""

NEAR = 30.0
"""A source becomes a found one where its place is known to this distance [m]."""


def with_rows(state: S, met: Meteorology) -> S:
    """Return the belief with rows of new and waiting readings; closed blocks stay closed."""
    record, micro = state.record, record_of.MICRO
    origin, width = float(record.start[0]), record_of.block_width(record)
    middle = 0.5 * (record.start + record.end)
    ends = origin + (np.floor((middle - origin) / width) + 1.0) * width
    now = float(record.end[-1])
    over = (ends <= now) & ((ends <= met.time[-1]) | (ends < now - rows_of.LATE))
    closing = np.flatnonzero(over & (np.arange(len(record)) >= state.n_closed))
    n_closed = int(closing[-1]) + 1 if len(closing) else state.n_closed
    setting = state.setting
    background = None if setting.background is None else setting.background * micro
    limit = None if setting.detection_limit is None else setting.detection_limit * micro

    def rows(a: int, b: int, air: rows_of.Air) -> tuple[rows_of.Packed, rows_of.Air]:
        return rows_of.packed(
            record, np.arange(a, b), met, air, setting.area, background, limit, origin
        )

    fresh, air = rows(state.n_closed, n_closed, state.air)
    waiting, air = rows(n_closed, len(record), air)
    after = replace(state, air=air, waiting=waiting, n_closed=n_closed)
    return _closing(after, fresh)


def _closing(state: S, fresh: rows_of.Packed) -> S:
    """Return the belief with rows added to the closed ones, and all clouds weighed by them."""
    if len(fresh.rows) == 0:
        return state
    explained = [_explained(state, slot, fresh) for slot in state.found]
    slots = []
    for k, slot in enumerate(state.slots):
        known, lever = _others(explained, k, len(fresh.rows))
        gain = _evidence(state, slot.cloud.draws, fresh, known, lever)
        cloud = replace(slot.cloud, settled=slot.cloud.settled + gain)
        own = explained[k] if k < len(explained) else _nothing(len(fresh.rows))
        slots.append(
            Slot(
                cloud=cloud,
                known=np.concatenate([slot.known, own[0]]),
                lever=np.concatenate([slot.lever, own[1]]),
            )
        )
    closed = rows_of.joined(state.closed, fresh)
    while len(closed.rows) > MOST_ROWS:
        before = len(closed.rows)
        closed, one, two = rows_of.halved(closed)
        slots = [
            replace(
                slot,
                known=0.5 * (slot.known[one] + slot.known[two]),
                lever=0.5 * (slot.lever[one] + slot.lever[two]),
            )
            for slot in slots
        ]
        if len(closed.rows) > 0.9 * before:
            break
    return _with_slots(replace(state, closed=closed), slots)


def weighed(state: S) -> S:
    """Return the belief with all clouds weighed by the rows of blocks that are not over."""
    explained = [_explained(state, slot, state.waiting) for slot in state.found]
    slots = []
    for k, slot in enumerate(state.slots):
        known, lever = _others(explained, k, len(state.waiting.rows))
        gain = _evidence(state, slot.cloud.draws, state.waiting, known, lever)
        slots.append(replace(slot, cloud=replace(slot.cloud, open=gain)))
    return _with_slots(state, slots)


def settled(state: S, rng: np.random.Generator, news: int) -> S:
    """Return the belief with thin clouds drawn anew, sources found, and lost ones let go.

    A few readings change little: then one cloud is drawn anew, and what else is to be done waits
    for the next batch, so that no update takes long.

    Parameters
    ----------
    state : State
        After all clouds were weighed.
    rng : Generator
        Randomness.
    news : int
        How many averaged readings came with this batch.
    """
    belief = state
    thin = [(_lasting(state, k), k) for k in range(len(state.slots))]
    thin = sorted(pair for pair in thin if pair[0] < 1.0)
    few = news <= FEW_NEWS
    for _, k in thin[:1] if few else thin:
        belief = _anew(belief, k, rng)
    if few and thin:
        return belief
    lost = [slot.probability < LOST for slot in belief.found]
    if any(lost):
        kept = tuple(s for s, gone in zip(belief.found, lost, strict=True) if not gone)
        belief = opened(replace(belief, found=kept, spare=None), rng)
    spare = belief.spare
    if spare is None or spare.probability < FOUND or spare.cloud.spread > NEAR:
        return belief
    if len(spare.cloud.draws) > AGAIN or (spare.cloud.effective < THIN and not few):
        belief = _anew(belief, len(belief.found), rng)
        spare = belief.spare
        if few or spare is None or spare.probability < FOUND or spare.cloud.spread > NEAR:
            return belief
    for k, slot in enumerate(belief.found):
        alone = _alone(belief, k, spare, rng)
        if (
            alone.log_evidence
            > slot.cloud.log_evidence + math.log(COUNT_RATIO) + spare.cloud.log_evidence
        ):
            # one source elsewhere explains what these two would
            moved = _explaining(belief, replace(slot, cloud=alone))
            found = (*belief.found[:k], moved, *belief.found[k + 1 :])
            return opened(replace(belief, found=found, spare=None), rng)
    found = (*belief.found, _explaining(belief, spare))
    return opened(replace(belief, found=found, spare=None), rng)


def _lasting(state: State, k: int) -> float:
    """Return a cloud's effective draws over those below which it is drawn anew [1]."""
    slot = state.slots[k]
    # who is not there needs no sharp place
    if k >= len(state.found) > 0 and slot.probability < IDLE:
        return math.inf
    return slot.cloud.effective / min(THIN, SHARE * len(slot.cloud.draws))


def _alone(state: S, k: int, spare: Slot, rng: np.random.Generator) -> Cloud:
    """Return a cloud for one source in place of found one k and the open one."""
    one, two = state.found[k].cloud, spare.cloud
    draws = np.concatenate([one.draws, two.draws])
    return _proposed(
        state, k, draws, np.log(np.concatenate([one.weight, two.weight]) + 1e-300), rng
    )


def opened(state: S, rng: np.random.Generator) -> S:
    """Return the belief with a new open source, drawn from the prior, weighed by all rows."""
    if len(state.found) >= state.setting.area.max_sources:
        return replace(state, spare=None)
    count = int(min(max(2.0 * BUDGET / _work(state), 512), FIRST))
    prior = state.prior_for(len(state.found))
    draws = drawn(prior, count, rng)
    cloud = Cloud(
        draws=draws,
        offered=np.zeros(count),
        settled=np.zeros(count),
        open=np.zeros(count),
        prior=log_prior(prior, draws),
    )
    known = _nothing(len(state.closed.rows))
    after = replace(state, spare=Slot(cloud=cloud, known=known[0], lever=known[1]))
    return _reweighed(after, len(state.found))


def _reweighed(state: S, k: int) -> S:
    """Return the belief with slot k's draws weighed by closed and waiting rows anew."""
    slots = list(state.slots)
    closed = [(slot.known, slot.lever) for slot in state.found]
    waiting = [_explained(state, slot, state.waiting) for slot in state.found]
    gains = [
        _evidence(state, slots[k].cloud.draws, rows, *_others(explained, k, len(rows.rows)))
        for rows, explained in ((state.closed, closed), (state.waiting, waiting))
    ]
    slots[k] = replace(slots[k], cloud=replace(slots[k].cloud, settled=gains[0], open=gains[1]))
    return _with_slots(state, slots)


def _anew(state: S, k: int, rng: np.random.Generator) -> S:
    """Return the belief with slot k drawn anew about where it has weight."""
    old = state.slots[k].cloud
    slots = list(state.slots)
    slots[k] = replace(slots[k], cloud=_proposed(state, k, old.draws, old.log_weight, rng))
    after = _with_slots(state, slots)
    if k < len(state.found):
        # what the others were weighed against has changed
        slots[k] = _explaining(after, slots[k])
        after = _with_slots(after, slots)
        for n in range(len(slots)):
            after = after if n == k else _reweighed(after, n)
    return after


def _proposed(
    state: S, k: int, draws: Floats, log_weight: Floats, rng: np.random.Generator
) -> Cloud:
    """Return a new cloud for slot k from weighted draws, weighed by all rows."""
    both = rows_of.joined(state.closed, state.waiting)
    closed = [(slot.known, slot.lever) for slot in state.found]
    waiting = [_explained(state, slot, state.waiting) for slot in state.found]
    first = _others(closed, k, len(state.closed.rows))
    second = _others(waiting, k, len(state.waiting.rows))
    known, lever = (np.concatenate(pair) for pair in zip(first, second, strict=True))
    work = _work(state)
    count = int(min(max(BUDGET / work, LEAST_DRAWS), AGAIN))
    rounds = int(min(max(WHOLE / (work * count), 2), ROUNDS))
    new = drawn_anew(
        state.prior_for(k), draws, log_weight,
        lambda draws: _evidence(state, draws, both, known, lever),
        _anchor(state, both.rows, known), count=count, rounds=rounds, rng=rng,
    )  # fmt: skip
    gain = _evidence(state, new.draws, state.waiting, *second)
    return replace(new, settled=new.settled - gain, open=gain)


def _work(state: State) -> float:
    """Return what weighing one draw against all rows costs, in readings [1]."""
    total = 1.0
    for rows in (state.closed.rows, state.waiting.rows):
        # gas that is seen from every side is looked at from every side
        total += float(
            (rows[:, columns.PIECES] * np.where(rows[:, columns.EVEN] > 0.0, 2.0, 1.0)).sum()
        )
    return total


def _anchor(state: S, rows: Floats, known: Floats) -> Anchor | None:
    """Return where gas was met that no other source explains; None where there was none."""
    if len(rows) == 0:
        return None
    noise = np.sqrt(rows[:, columns.VARIANCE])
    clear = (rows[:, columns.EXCESS] - known.mean(axis=1)) / noise - CLEAR
    weight = np.where(rows[:, columns.HIDDEN] > 0.5, 0.0, np.maximum(clear, 0.0)) ** 0.5
    if weight.sum() < CLEAR:
        return None
    weight /= weight.sum()
    towards = rows[:, columns.TOWARDS]
    table, air = state.air.tables, int(rows[int(np.argmax(weight)), columns.AIR])
    return Anchor(
        float(weight @ rows[:, columns.POINT_X]),
        float(weight @ rows[:, columns.POINT_Y]),
        float(weight @ rows[:, columns.POINT_Z]),
        math.atan2(float(weight @ np.sin(towards)), float(weight @ np.cos(towards))),
        *state.prior_for(0).height,
        np.asarray(table.step * np.arange(table.sigma_y.shape[1]), dtype=np.float64),
        table.sigma_y[air],
        table.sigma_z[air],
    )


def _explaining(state: S, slot: Slot) -> Slot:
    """Return a slot with what it explains of the closed rows computed anew."""
    known, lever = _explained(state, slot, state.closed)
    return replace(slot, known=known, lever=lever)


def _explained(state: S, slot: Slot, packed: rows_of.Packed) -> tuple[Floats, Floats]:
    """Return what a source's best draw adds at each row and turn, and its lever.

    The mean over draws would be a plume that none of them has.
    """
    known, lever = _nothing(len(packed.rows))
    if len(packed.rows):
        kernels.explained(
            slot.cloud.best[None], np.ones(1), packed.rows, *state.tables, columns.TURN_NODE,
            known, lever,
        )  # fmt: skip
    return known, lever


def _evidence(
    state: S, draws: Floats, packed: rows_of.Packed, known: Floats, lever: Floats
) -> Floats:
    """Return the ln likelihood of each draw over that without it, shape (k,)."""
    out = np.zeros(len(draws))
    if len(packed.rows) and len(draws):
        kernels.evidence(
            np.ascontiguousarray(draws), *packed, known, lever, *state.tables,
            columns.TURN_NODE, columns.TURN_LOG_WEIGHT, state.scatter2, out,
        )  # fmt: skip
    return out


def _with_slots(state: S, slots: list[Slot]) -> S:
    n = len(state.found)
    return replace(
        state, found=tuple(slots[:n]), spare=slots[n] if state.spare is not None else None
    )


def _nothing(n: int) -> tuple[Floats, Floats]:
    """Return no plume at n rows, with its lever."""
    return np.zeros((n, columns.TURNS)), np.zeros((n, columns.TURNS))


def _others(explained: list[tuple[Floats, Floats]], own: int, n: int) -> tuple[Floats, Floats]:
    """Return the sum of what all sources but one explain."""
    known, lever = _nothing(n)
    for k, (a, b) in enumerate(explained):
        if k != own:
            known += a
            lever += b
    return known, lever


def with_wind(old: Meteorology | None, new: Meteorology) -> Meteorology:
    """Return the wind record with new records behind the old ones."""
    if old is None or len(new) == 0:
        met = new if old is None else old
    else:
        later = new.time > old.time[-1]
        if not later.any():
            return old
        joined: Any = {
            name: np.concatenate([getattr(old, name), getattr(new, name)[later]])
            for name in (
                "time", "wind_speed", "wind_from_direction", "wind_from_direction_sd",
                "friction_velocity", "obukhov_length", "mixing_height", "temperature", "pressure",
                "roughness_length",
            )
        }  # fmt: skip
        met = replace(old, **joined)
    if len(met) == 0:
        raise BadInput("There is no wind record. Give at least one, not later than the readings.")
    return met
