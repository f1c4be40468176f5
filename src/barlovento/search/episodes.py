"""Searches of the benchmark, scored on the belief: no source is drawn.

A search goes on as if the source were never met, with hits drawn from what the belief predicts; the
chance of having met it is counted along the way.

References
----------
.. [1] Loisy, A. and Heinonen, R. A. (2023), European Physical Journal E 46, 17,
   doi:10.1140/epje/s10189-023-00277-8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from barlovento.errors import UsageError
from barlovento.search.cases import Case, FloatArray
from barlovento.search.grid import begin, moved, multiply, predict
from barlovento.search.policies import INFOTAXIS, LEARNED, SPACE_AWARE, heuristic
from barlovento.search.value import blank, decide, fresh_memory, remember, room_for, shipped

DONE = 1e-6
"""A search ends when the source is unfound with less than this probability [1]."""
LONGEST = 10_000
"""Or after so many steps."""
POLICIES = {"infotaxis": INFOTAXIS, "space-aware": SPACE_AWARE, "barlovento": LEARNED}


class Search(NamedTuple):
    """What came of one search.

    ``steps``: how many were taken. ``unfound``: probability that the source was not met.
    ``time``: sum over steps of the probability that it was not met before the step [steps].
    """

    steps: int
    unfound: float
    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a policy did on a case.

    Parameters
    ----------
    episodes : int
        Searches that were run.
    mean, stderr : float
        Mean search time, given that the source was found, and its standard error [steps].
    mean_with_cap : float
        The same with an unfound source counted as found after the last step [steps].
    p99 : int or None
        Steps after which 99 % of sources were found; none if never.
    not_found : float
        Mean probability that the source was not found [1].
    trapped : float
        Share of searches that ended at the cap of steps [1].
    decisions : int
        Moves of all searches together.
    ms_per_decision : float
        Time for choosing a move and updating the belief [ms].
    times : ndarray, shape (episodes,)
        Of each search, with the cap [steps].
    """

    episodes: int
    mean: float
    stderr: float
    mean_with_cap: float
    p99: int | None
    not_found: float
    trapped: float
    decisions: int
    ms_per_decision: float
    times: FloatArray


@njit(cache=True, nogil=True)
def drawn(weights, rng):  # type: ignore[no-untyped-def]
    """Return an index drawn by weights that need not sum to one."""
    u = rng.random() * weights.sum()
    for k in range(weights.size - 1):
        if u < weights[k]:
            return k
        u -= weights[k]
    # The last that can be: rounding must not choose what has no weight.
    k = weights.size - 1
    while k > 0 and weights[k] == 0.0:
        k -= 1
    return k


@njit(cache=True, nogil=True)
def search(shape, start, hits, first, kind, value, rng, longest, unfound):  # type: ignore[no-untyped-def]
    """Run one search and count its chance of not having found the source after each step.

    Parameters
    ----------
    kind : int
        Which policy: :data:`INFOTAXIS`, :data:`SPACE_AWARE` or :data:`LEARNED`.
    value : Value
        The network of the learned policy.
    unfound : ndarray, shape (longest + 1,)
        Added to: entry t by the chance after t steps [1].
    """
    x, y = start
    hit = drawn(first, rng)
    belief = begin(shape[0], shape[1], x, y, hit, hits)
    memory, room = fresh_memory(), room_for(value, first.size)
    sums, chances = np.empty((first.size, 3)), np.empty(first.size)
    left, time, steps = 1.0, 0.0, 0
    unfound[0] += 1.0
    while left >= DONE and steps < longest:
        time += left
        if kind == LEARNED:
            move = decide(belief, x, y, hits, value, memory, room)
        else:
            move = heuristic(belief, x, y, hits, kind, sums)
        x, y = moved(x, y, move)
        predict(belief, x, y, hits, chances)
        onward = max(chances.sum(), 0.0)
        left *= onward
        steps += 1
        unfound[steps] += left
        if left > 0.0:
            hit = drawn(chances, rng)
            multiply(belief, x, y, hit, hits)
            remember(memory, move, hit)
    unfound[steps + 1 :] += left
    return Search(steps, left, time)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searches:
    """Finished searches; runs of neighbouring numbers can be joined.

    Parameters
    ----------
    steps : ndarray, shape (searches,)
        Taken in each.
    left : ndarray, shape (searches,)
        Probability that the source was not found [1].
    times : ndarray, shape (searches,)
        Search times, with the cap [steps].
    unfound : ndarray, shape (LONGEST + 1,)
        Probability after each number of steps, summed over the searches [1].
    seconds : float
        What they took [s].
    """

    steps: FloatArray
    left: FloatArray
    times: FloatArray
    unfound: FloatArray
    seconds: float

    def joined(self, other: Searches) -> Searches:
        """Return these searches and then the others."""
        return Searches(
            steps=np.concatenate((self.steps, other.steps)),
            left=np.concatenate((self.left, other.left)),
            times=np.concatenate((self.times, other.times)),
            unfound=self.unfound + other.unfound,
            seconds=self.seconds + other.seconds,
        )


def run(
    case: Case,
    policy: str,
    *,
    numbers: range,
    seed: int,
    clock: Callable[[], float],
    progress: Callable[[float, str], None] | None = None,
) -> Searches:
    """Run numbered searches of a policy on a case by the protocol of [1]_.

    Parameters
    ----------
    case : Case
        One of the benchmark's.
    policy : str
        One of :data:`POLICIES`.
    numbers : range
        Search number k draws from a stream of its own that depends on the seed and on k.
    seed : int
        Same seed, same searches.
    clock : callable
        Returns a time; for the cost of a decision [s].
    progress : callable, optional
        Called with the share done and what is being done.

    Raises
    ------
    UsageError
        There is no such policy, or nothing to run.
    """
    if policy not in POLICIES:
        raise UsageError(f"There is no policy {policy!r}. Choose one of: {', '.join(POLICIES)}.")
    kind = POLICIES[policy]
    value = shipped(case) if kind == LEARNED else blank(case)

    def one(rng: np.random.Generator, longest: int, unfound: FloatArray) -> Search:
        found = search(
            case.shape, case.start, case.hits, case.first, kind, value, rng, longest, unfound
        )
        return Search(*found)

    return gathered(one, numbers=numbers, seed=seed, clock=clock, progress=progress)


def gathered(
    one: Callable[[np.random.Generator, int, FloatArray], Search],
    *,
    numbers: range,
    seed: int,
    clock: Callable[[], float],
    progress: Callable[[float, str], None] | None,
) -> Searches:
    """Run numbered searches; the arguments are those of :func:`run`.

    Parameters
    ----------
    one : callable
        Runs a search with a stream of random numbers and for so many steps at most, and adds its
        chance of not having found the source to an array.
    """
    if len(numbers) < 1:
        raise UsageError(f"{len(numbers)} episodes can't be scored. Ask for at least one.")
    if progress:
        progress(0.0, "compiling")
    one(np.random.default_rng(0), 2, np.zeros(LONGEST + 1))
    unfound = np.zeros(LONGEST + 1)
    done: list[Search] = []
    begun = clock()
    for count, number in enumerate(numbers, start=1):
        done.append(one(np.random.default_rng([seed, number]), LONGEST, unfound))
        if progress:
            progress(count / len(numbers), "searching")
    took = clock() - begun
    steps, left, times = (np.array(column, dtype=float) for column in zip(*done, strict=True))
    return Searches(steps=steps, left=left, times=times, unfound=unfound, seconds=took)


def score(done: Searches) -> Score:
    """Score finished searches.

    A search that is trapped never finds what is left; the reference values leave such shares out
    of the mean and state them apart, and so does ``mean`` here.
    """
    # Sum over t of t times the chance of finding at t, and that chance: the mean is their ratio.
    weighted, found = done.times - done.steps * done.left, 1.0 - done.left
    mean = float(weighted.sum() / found.sum())
    count = done.times.size
    spread = weighted - mean * found
    reached = np.flatnonzero(done.unfound / count <= 0.01)
    return Score(
        episodes=count,
        mean=mean,
        stderr=float(np.sqrt((spread**2).sum() / max(count - 1, 1) / count) / found.mean()),
        mean_with_cap=float(done.times.mean()),
        p99=int(reached[0]) if reached.size else None,
        not_found=float(done.left.mean()),
        trapped=float((done.left >= DONE).mean()),
        decisions=int(done.steps.sum()),
        ms_per_decision=float(1000.0 * done.seconds / done.steps.sum()),
        times=done.times,
    )
