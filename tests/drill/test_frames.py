"""The log of a sortie: what goes in comes out, and what is no log is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barlovento.drill.frames import BeliefShot, DroneShot, Frame, Header, Log, belief_shot, read_log
from barlovento.drill.letters import letters
from barlovento.errors import BadInput

HEADER = Header(
    title="A flight",
    exercise="flat",
    start="2031-01-02T03:00:00Z",
    duration=600.0,
    area_x=(0.0, 100.0),
    area_y=(0.0, 50.0),
    permitted=((0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (0.0, 50.0)),
    floor=5.0,
    ceiling=60.0,
    home=(1.0, 1.0),
    aircraft=("kite",),
    species=("acetone",),
    seed=7,
)


def frame(shot: BeliefShot | None, time: float = 10.0) -> Frame:
    drone = DroneShot(
        path=((1.0, 2.0, 15.0), (9.0, 2.0, 15.0)), energy=0.8, reading=1.5, state="flying"
    )
    return Frame(
        time=time,
        phase="sweep",
        why="because",
        information=0.5,
        drones=(drone,),
        wind=(4.0, 270.0),
        probability=0.25,
        belief=shot,
        found=((80.0, 40.0, 0.9),),
        event="",
    )


@given(
    rows=st.integers(1, 150),
    columns=st.integers(1, 150),
    seed=st.integers(0, 1000),
)
def test_a_log_is_read_back_as_it_was(rows: int, columns: int, seed: int) -> None:
    expected = np.random.default_rng(seed).random((rows, columns))
    shot = belief_shot((0.0, 100.0), (0.0, 50.0), expected)
    assert max(shot.shape) <= 64
    # The largest cell is the darkest.
    assert shot.cells.max() == 255
    log = Log(header=HEADER, frames=(frame(shot), frame(None, 20.0)), end={"answer": []})
    text = log.to_lines()
    back = read_log(text.splitlines(), "replay.jsonl")
    assert back.header == HEADER
    assert back.frames == log.frames
    assert back.frames[0].belief == shot
    assert back.to_lines() == text


def test_coarse_cells_keep_where_the_sources_are() -> None:
    expected = np.zeros((100, 200))
    expected[90, 20] = 0.7
    shot = belief_shot((0.0, 200.0), (0.0, 100.0), expected)
    row, column = np.unravel_index(shot.cells.argmax(), shot.shape)
    x = shot.x[0] + (column + 0.5) / shot.shape[1] * (shot.x[1] - shot.x[0])
    y = shot.y[0] + (row + 0.5) / shot.shape[0] * (shot.y[1] - shot.y[0])
    assert (x, y) == pytest.approx((20.5, 90.5), abs=3.0)
    assert shot.peak == pytest.approx(0.7)


def test_a_line_that_was_cut_off_is_left_out() -> None:
    lines = Log(header=HEADER, frames=(frame(None), frame(None, 20.0))).to_lines().splitlines()
    back = read_log([*lines[:-1], lines[-1][:40]], "replay.jsonl")
    assert len(back.frames) == 1
    assert back.end == {}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "does not begin with the header"),
        (["{}"], "does not begin with the header"),
        (["nonsense"], "row 1: no JSON"),
        ([json.dumps({"kind": "header", "schema": 99})], "has schema 99"),
        ([json.dumps({"kind": "header", "schema": 1})], "lacks or misspells"),
    ],
)
def test_what_is_no_log_is_refused(lines: list[str], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_log(lines, "replay.jsonl")


def test_letters_show_home_drone_find_and_belief() -> None:
    expected = np.zeros((10, 20))
    expected[8, 17] = 1.0
    shot = belief_shot((0.0, 100.0), (0.0, 50.0), expected)
    lines = letters(HEADER, shot, [frame(shot)], columns=40)
    assert len({len(line) for line in lines}) == 1
    page = "\n".join(lines)
    assert page.count("H") == 1
    assert page.count("1") == 1
    assert page.count("X") == 1
    # North is up: what is found in the north-east stands there.
    rows = [k for k, line in enumerate(lines) if "X" in line]
    assert rows[0] < len(lines) / 2
    assert lines[rows[0]].index("X") > 20
    dark = [k for k, line in enumerate(lines) if "@" in line]
    assert dark
    assert max(dark) < len(lines) / 2


def test_an_area_of_any_shape_fits_the_terminal() -> None:
    tall = replace(
        HEADER,
        area_y=(0.0, 5000.0),
        permitted=((0.0, 0.0), (100.0, 0.0), (100.0, 5000.0), (0.0, 5000.0)),
    )
    lines = letters(tall, None, [], columns=60, most_rows=20)
    assert len(lines) == 20
