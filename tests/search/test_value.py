"""What the network is told about a belief, against numpy, and its symmetries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barlovento.search import value as v
from barlovento.search.cases import NAMES, case
from barlovento.search.grid import multiply, opening
from barlovento.search.policies import SPACE_AWARE, heuristic


def described(name: str, at: tuple[int, int], walk: list[tuple[int, int, int]]) -> np.ndarray:
    which = case(name)
    belief = opening(which.hits, which.shape, which.start, 1)
    for x, y, hit in walk:
        multiply(belief, x, y, hit, which.hits)
    rows = np.empty((len(which.first), v.COLUMNS))
    v.describe(belief, *at, which.hits, v.tables(which), rows)
    return rows


def inputs(row: np.ndarray, *, wind: bool) -> np.ndarray:
    found = np.empty(v.DESCRIBED)
    v.inputs_of(row, wind, found)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_description_is_that_of_the_updated_belief(name: str) -> None:
    which = case(name)
    x, y = which.start[0] - 1, which.start[1]
    rows = described(name, (x, y), [])
    dx = np.arange(which.shape[0])[:, None] - x
    dy = np.arange(which.shape[1])[None, :] - y
    for hit in range(len(which.first)):
        after = opening(which.hits, which.shape, which.start, 1)
        total = multiply(after, x, y, hit, which.hits)
        p = after.chance
        share = rows[hit] / rows[hit, v.TOTAL]
        assert rows[hit, v.TOTAL] == pytest.approx(total, rel=1e-6)
        assert v.entropy_of(rows[hit]) == pytest.approx(
            -(p[p > 0] * np.log(p[p > 0])).sum(), rel=1e-4
        )
        assert share[v.X] == pytest.approx((p * dx).sum(), rel=1e-5, abs=1e-6)
        assert share[v.XY] == pytest.approx((p * dx * dy).sum(), rel=1e-5, abs=1e-5)
        assert share[v.YY] == pytest.approx((p * dy**2).sum(), rel=1e-5)
        assert share[v.NEARNESS] == pytest.approx((p * np.exp(-np.hypot(dx, dy))).sum(), rel=1e-5)


def test_describing_leaves_the_belief_as_it_was() -> None:
    which = case("isotropic-19")
    belief = opening(which.hits, which.shape, which.start, 1)
    before = [part.copy() for part in belief]
    v.describe(belief, 8, 9, which.hits, v.tables(which), np.empty((len(which.first), v.COLUMNS)))
    assert all(np.array_equal(part, old) for part, old in zip(belief, before, strict=True))


@settings(max_examples=20, deadline=None)
@given(hits=st.lists(st.integers(0, 2), min_size=1, max_size=5))
def test_a_turned_search_looks_the_same_without_wind(hits: list[int]) -> None:
    """The middle is (9, 9): a quarter turn takes (9 + a, 9 + b) to (9 - b, 9 + a)."""
    steps = [(0, k, hit) for k, hit in enumerate(hits, start=1)]
    one = described("isotropic-19", (10, 10), [(9 + a, 9 + b, hit) for a, b, hit in steps])
    turned = described("isotropic-19", (8, 10), [(9 - b, 9 + a, hit) for a, b, hit in steps])
    for row, other in zip(one, turned, strict=True):
        if row[v.TOTAL] > 1e-6:
            assert inputs(row, wind=False) == pytest.approx(inputs(other, wind=False), abs=1e-6)


def test_mirrored_searches_look_the_same_in_wind() -> None:
    one = described("windy-low", (64, 18), [(65, 19, 0), (65, 18, 1)])
    mirrored = described("windy-low", (64, 22), [(65, 21, 0), (65, 22, 1)])
    assert inputs(one[0], wind=True) == pytest.approx(inputs(mirrored[0], wind=True), abs=1e-6)


def test_which_cases_are_round() -> None:
    assert [v.is_round(case(name)) for name in NAMES] == [True, True, False, False]


def test_weights_come_back_from_their_file(tmp_path: Path) -> None:
    which = case("isotropic-19")
    made = v.blank(which)._replace(first=np.ones((v.INPUTS, 1), np.float32))
    v.save(made, tmp_path / "one.npz")
    back = v.load(which, tmp_path / "one.npz")
    assert all(np.array_equal(a, b) for a, b in zip(made, back, strict=True))


def test_a_search_that_comes_to_nothing_walks_to_the_likeliest_cell() -> None:
    which = case("isotropic-19")
    belief = opening(which.hits, which.shape, which.start, 1)
    belief.chance[:] = 1e-9
    belief.chance[2, 17] = 1.0 - 360e-9
    memory, place, wished = v.fresh_memory(), [9, 9], 0
    for _ in range(60):
        # Who wishes to go to and fro never gets anywhere.
        wished = 1 - wished
        move = v.patient(belief, *place, wished, memory)
        place[move // 2] += 2 * (move % 2) - 1
        if tuple(place) == (2, 17):
            break
    assert tuple(place) == (2, 17)


def test_without_a_network_moves_are_those_of_space_aware_infotaxis() -> None:
    which = case("windy-medium")
    belief = opening(which.hits, which.shape, which.start, 1)
    value, memory, rng = v.blank(which), v.fresh_memory(), np.random.default_rng(3)
    room, sums, place = v.room_for(value, 2), np.empty((2, 3)), list(which.start)
    same = []
    for _ in range(40):
        move = v.decide(belief, *place, which.hits, value, memory, room)
        same.append(move == heuristic(belief, *place, which.hits, SPACE_AWARE, sums))
        place[move // 2] += 2 * (move % 2) - 1
        hit = int(rng.random() < 0.1)
        multiply(belief, *place, hit, which.hits)
        v.remember(memory, move, hit)
    # Rounding may decide between equal moves, as at the start for the two sides.
    assert np.mean(same) > 0.9


def test_extras_turn_the_searcher() -> None:
    which = case("isotropic-19")
    belief = opening(which.hits, which.shape, which.start, 1)
    memory = v.fresh_memory()
    for last in range(4):
        v.remember(memory, last, 0)
        for turn, wanted in ((v.STRAIGHT, {last}), (v.BACK, {last ^ 1})):
            extras = np.zeros(4, np.float32)
            extras[turn] = -100.0
            value = v.blank(which)._replace(extras=extras)
            room = v.room_for(value, len(which.first))
            v.judge(belief, *which.start, which.hits, value, memory, room)
            assert {int(np.argmin(room.scores))} == wanted
    assert memory[v.SINCE] == 4
    v.remember(memory, 0, 2)
    assert memory[v.SINCE] == 0
