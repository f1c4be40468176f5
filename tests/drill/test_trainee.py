"""What a person types: places, answers and scripts, and what is said when they are wrong."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Point, shape
from small_exercise import SMALL

from barlovento.drill.documents import header_of
from barlovento.drill.frames import Header
from barlovento.drill.trainee import read_script, typed_answer, typed_leg
from barlovento.errors import BadInput


@pytest.fixture
def header() -> Header:
    return header_of(SMALL, SMALL.aircraft, "small", None, by="person")


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("10,-20", [[10, -20, 15]]),
        ("(10, -20)", [[10, -20, 15]]),
        ("10 -20 30", [[10, -20, 30]]),
        ("1.5,2;.5,-1e1,25 ; ", [[1.5, 2, 15], [0.5, -10, 25]]),
    ],
)
def test_places_are_read(header: Header, text: str, places: list[list[float]]) -> None:
    assert np.array_equal(typed_leg(text, header, 15.0), np.array(places, dtype=float))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("there", "no place"),
        ("10", "no place"),
        ("1,2,3,4", "no place"),
        ("10,20x", "no place"),
        (";", "no leg"),
        ("900,0", "outside of the permitted area"),
        ("0,0,2", "not a permitted height"),
        ("0,0,90", "not a permitted height"),
    ],
)
def test_wrong_places_are_told(header: Header, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        typed_leg(text, header, 15.0)


def test_an_answer_is_a_circle_with_its_area() -> None:
    told = typed_answer("10,20,30; -5,5,8,0.2")
    region = shape(told[0].region90)
    assert region.covers(Point(10.0, 20.0))
    assert region.area == pytest.approx(math.pi * 900.0, rel=0.01)
    assert told[0].emission_rate is None
    assert told[1].emission_rate == pytest.approx((2e-4,) * 3)
    assert typed_answer("none") == []


@pytest.mark.parametrize("text", ["", "10,20", "a,b,c", "1,2,3,4,5", "10,20,-5", "10,20,30,0"])
def test_wrong_answers_are_told(text: str) -> None:
    with pytest.raises(BadInput):
        typed_answer(text)


def test_a_script_is_read(header: Header) -> None:
    text = json.dumps(
        {"legs": [[[0, 0], [50, 50, 20]], [[10, 10]]], "answer": [{"x": 1, "y": 2, "radius": 3}]}
    )
    legs, answer = read_script(text, "legs.json", header)
    assert [leg[0].shape for leg in legs] == [(2, 3), (1, 3)]
    assert answer[0].x == 1.0


def test_a_script_for_two_drones(header: Header) -> None:
    two = replace(header, aircraft=("a", "b"))
    text = json.dumps({"legs": [[[[0, 0]], [[50, 50]]]], "answer": []})
    legs, answer = read_script(text, "legs.json", two)
    assert len(legs[0]) == 2
    assert answer == []
    with pytest.raises(BadInput, match="leg 1"):
        read_script(json.dumps({"legs": [[[[0, 0]]]], "answer": []}), "legs.json", two)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "no JSON"),
        ("[]", 'no "legs"'),
        ('{"legs": []}', 'no "answer"'),
        ('{"legs": [[["a", "b"]]], "answer": []}', "leg 1"),
        ('{"legs": [[]], "answer": []}', "leg 1"),
        ('{"legs": [7], "answer": []}', "leg 1"),
        ('{"legs": [[[9000, 0]]], "answer": []}', "outside"),
        ('{"legs": [], "answer": [{"x": 1}]}', "lacks x, y or radius"),
    ],
)
def test_wrong_scripts_are_told(header: Header, text: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_script(text, "legs.json", header)
