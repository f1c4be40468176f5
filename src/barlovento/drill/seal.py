"""A truth that is sealed before the first leg and opened in the debrief.

The seal is SHA-256 over a random salt and the canonical JSON of the truth: it hides the truth
as long as the salt stays secret, and binds to it once both are shown.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from barlovento.errors import BadInput, IntegrityError

SALT_BYTES = 32
LABEL = b"barlovento exercise truth v1\n"


def seal(truth: Mapping[str, Any], salt: bytes) -> str:
    """Return the commitment to a truth, hex.

    Parameters
    ----------
    truth : mapping
        JSON types only; keys in any order.
    salt : bytes
        Random, ``SALT_BYTES`` long; without it the few likely truths could be tried.

    Raises
    ------
    BadInput
        The salt is too short.
    """
    if len(salt) < SALT_BYTES:
        raise BadInput(f"A salt of {len(salt)} bytes is too short; draw {SALT_BYTES}.")
    text = json.dumps(truth, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(LABEL + salt + text.encode()).hexdigest()


def check_seal(truth: Mapping[str, Any], salt: bytes, commitment: str) -> None:
    """Hold an opened truth against the commitment that was made to it.

    Parameters
    ----------
    truth : mapping
        As opened.
    salt : bytes
        As opened.
    commitment : str
        As written before the first leg, hex.

    Raises
    ------
    IntegrityError
        This is not the truth that was sealed.
    """
    if not hmac.compare_digest(seal(truth, salt), commitment):
        raise IntegrityError(
            "The truth is not the one that was sealed before the first leg: the seal is "
            f"{commitment}, truth and salt give {seal(truth, salt)}."
        )
