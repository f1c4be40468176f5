"""A sealed truth: hidden without the salt, bound to it with the salt."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barlovento.drill.seal import check_seal, seal
from barlovento.errors import BadInput, IntegrityError

TRUTH: dict[str, Any] = {"seed": 7, "sites": [{"x": 1.5, "y": -2.0, "kind": "hidden"}]}
SALT = bytes(range(32))


def test_the_seal_is_plain_sha256() -> None:
    text = '{"seed":7,"sites":[{"kind":"hidden","x":1.5,"y":-2.0}]}'
    by_hand = hashlib.sha256(b"barlovento exercise truth v1\n" + SALT + text.encode()).hexdigest()
    assert seal(TRUTH, SALT) == by_hand


def test_the_order_of_keys_does_not_matter() -> None:
    turned = {"sites": TRUTH["sites"], "seed": 7}
    check_seal(turned, SALT, seal(TRUTH, SALT))


@given(
    x=st.floats(allow_nan=False, allow_infinity=False),
    salt=st.binary(min_size=32, max_size=32),
)
def test_another_truth_or_salt_shows(x: float, salt: bytes) -> None:
    commitment = seal(TRUTH, SALT)
    other = {"seed": 7, "sites": [{"x": x, "y": -2.0, "kind": "hidden"}]}
    if x != 1.5:
        with pytest.raises(IntegrityError, match="not the one that was sealed"):
            check_seal(other, SALT, commitment)
    if salt != SALT:
        with pytest.raises(IntegrityError):
            check_seal(TRUTH, salt, commitment)


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(BadInput, match="too short"):
        seal(TRUTH, b"salt")
