"""Consents under wrong, rotated and revoked keys, swapped pins, cut and changed signatures.

    uv run --all-extras python benchmarks/key_attacks.py [--cases 20000] [--publish]

Each case lays one envelope before a log in which two people pinned the keys of two states. What was
done to the envelope is known, so whether it must count is too; nothing else may count.
"""

from __future__ import annotations

import base64
import copy
import json
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from barlovento.adapters.keys import SigningKey, new_key
from barlovento.guard import trust
from barlovento.guard.ledger import (
    CONSENT,
    KEY_REVOCATION,
    PIN,
    ROTATION,
    Entry,
    Ledger,
    apply,
    digest_of,
)
from barlovento.guard.verifier import VerifyError, canonical
from running import Progress, arguments, report, table

START = datetime(2026, 11, 23, tzinfo=UTC)
PROPERTIES = {
    "schema": "barlovento/consent/1",
    "id": "C-1",
    "request": "R-1",
    "authority": "AA",
    "holder": "operator",
    "purpose": "survey",
    "valid_from": START.isoformat(),
    "valid_until": (START + timedelta(days=9)).isoformat(),
    "lower": None,
    "upper": {"value": 120, "unit": "m", "reference": "AGL"},
    "aircraft": ["UA-1"],
    "sensors": ["gas"],
}
DONE = (
    *("fine", "wrong key", "other name", "cut", "signature", "payload", "rotated", "revoked"),
    *("swapped pin", "pinned by one"),
)
RING = [[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.1], [0.0, 0.0]]


def key(name: str) -> SigningKey:
    """Return a key that is the same for the same name."""
    return new_key(name, seed=name.encode().ljust(32, b"."))


KEYS = {name: key(name) for name in ("log", "ana", "ben", "aa", "aa-next", "bb", "stranger")}


class Book:
    """A log's ledger, entry by entry."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        people = [str(KEYS[name].key) for name in ("ana", "ben")]
        content = {"origin": "log", "holder": "operator", "people": people}
        self._put("workspace", {**content, "key": str(KEYS["log"].key)})
        for state, name in (("AA", "aa"), ("BB", "bb")):
            self.pin(name, state)

    def _put(self, kind: str, payload: dict[str, Any], envelope: bytes | None = None) -> None:
        index = len(self.ledger.keys) + len(self.ledger.consents) + len(self.ledger.proposed)
        documents = {}
        if envelope is not None:
            documents = {digest_of(envelope): envelope}
            payload = {**payload, "document": digest_of(envelope)}
        time = START.isoformat()
        entry = Entry(index=index, kind=kind, time=time, payload=payload, sealed={})
        apply(self.ledger, entry, documents)

    def signed(self, entry: str, kind: str, content: dict[str, Any], *signers: str) -> None:
        """Put a document in that some keys sign."""
        signs = {KEYS[name].key.id: KEYS[name].sign for name in signers}
        self._put(entry, {}, trust.seal_envelope(kind, canonical(content), signs))

    def pin(self, name: str, state: str, *people: str) -> None:
        """Let people say that a key is a state's."""
        content = {"key": str(KEYS[name].key), "role": "authority", "state": state}
        self.signed("pin", PIN, content, *(people or ("ana", "ben")))

    def counts(self, envelope: bytes) -> bool:
        """Return whether an envelope gives a living consent."""
        try:
            self._put("consent", {}, envelope)
        except (VerifyError, KeyError, TypeError, AttributeError, ValueError):
            return False
        return bool(trust.living_consents(self.ledger, START).living)


def consent(name: str) -> bytes:
    """Return a consent of AA that a key signed."""
    feature = {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [RING]},
        "properties": PROPERTIES,
    }
    signer = KEYS[name]
    return trust.seal_envelope(CONSENT, canonical(feature), {signer.key.id: signer.sign})


def cut(envelope: bytes, random: Random) -> bytes:
    """Return an envelope whose signature was cut short."""
    content = json.loads(envelope)
    raw = base64.b64decode(content["signatures"][0]["sig"])
    content["signatures"][0]["sig"] = base64.b64encode(raw[: random.randrange(64)]).decode()
    return canonical(content)


def turned(envelope: bytes, random: Random, what: str) -> bytes:
    """Return an envelope with one bit of its signature or payload turned."""
    content = json.loads(envelope)
    place = content["signatures"][0] if what == "sig" else content
    raw = bytearray(base64.b64decode(place[what]))
    raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    place[what] = base64.b64encode(raw).decode()
    return canonical(content)


def case(book: Book, random: Random) -> tuple[str, bool, bool]:
    """Return what was done, whether the envelope must count, and whether it does."""
    kind = random.choice(DONE)
    envelope, must = consent("aa"), kind == "fine"
    if kind == "wrong key":
        envelope = consent(random.choice(("bb", "stranger", "ana", "ben", "log", "aa-next")))
    elif kind == "other name":
        content = json.loads(envelope)
        content["signatures"][0]["keyid"] = KEYS[random.choice(("bb", "ana", "log"))].key.id
        envelope = canonical(content)
    elif kind == "cut":
        envelope = cut(envelope, random)
    elif kind == "signature":
        envelope = turned(envelope, random, "sig")
    elif kind == "payload":
        envelope = turned(envelope, random, "payload")
    elif kind == "rotated":
        content = {"old": KEYS["aa"].key.id, "key": str(KEYS["aa-next"].key)}
        book.signed("key-rotation", ROTATION, content, "aa", "aa-next")
        must = random.random() < 0.5
        envelope = consent("aa-next" if must else "aa")
    elif kind == "revoked":
        by = random.choice((("aa",), ("ana", "ben")))
        content = {"key_id": KEYS["aa"].key.id, "reason": "lost"}
        if random.random() < 0.5:
            # Signed while the key lived: it dies with the key.
            book.counts(envelope)
        book.signed("revocation", KEY_REVOCATION, content, *by)
        return (
            kind,
            False,
            bool(trust.living_consents(book.ledger, START).living) or book.counts(consent("aa")),
        )
    elif kind == "swapped pin":
        swap(book, random)
        envelope = consent("stranger")
    elif kind == "pinned by one":
        book.pin("stranger", "AA", random.choice(("ana", "ben")))
        envelope = consent("stranger")
    return kind, must, book.counts(envelope)


def swap(book: Book, random: Random) -> None:
    """Try to put a stranger's key in a state's place; the log has to refuse each way."""
    way = random.randrange(4)
    try:
        if way == 0:
            book.pin("stranger", "AA", "stranger", "ana")
            book.pin("stranger", "AA", "ana")
        elif way == 1:
            content = {"old": KEYS["aa"].key.id, "key": str(KEYS["stranger"].key)}
            book.signed("key-rotation", ROTATION, content, "stranger", "ana", "ben")
        elif way == 2:
            book.pin("bb", "AA")
        else:
            # The right two people pin one key; the envelope of another is put in its place.
            content = {"key": str(KEYS["stranger"].key), "role": "authority", "state": "AA"}
            good = {**content, "key": str(KEYS["aa-next"].key)}
            signs = {KEYS[name].key.id: KEYS[name].sign for name in ("ana", "ben")}
            sealed = json.loads(trust.seal_envelope(PIN, canonical(good), signs))
            sealed["payload"] = base64.b64encode(canonical(content)).decode()
            book._put("pin", {}, canonical(sealed))  # noqa: SLF001
    except (VerifyError, KeyError, TypeError):
        return


def main() -> int:
    """Run the benchmark."""
    options = arguments(
        __doc__ or "",
        cases={"type": int, "default": 20_000, "help": "how many"},
        seed={"type": int, "default": 1, "help": "another seed, other cases"},
    ).parse_args()
    total = 500 if options.quick else options.cases
    random, fresh = Random(options.seed), Book()  # noqa: S311
    tried: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    needless: Counter[str] = Counter()
    progress = Progress(10, "cases")
    for number in range(total):
        book = copy.copy(fresh)
        book.ledger = copy.deepcopy(fresh.ledger)
        kind, must, does = case(book, random)
        tried[kind] += 1
        wrong[kind] += does and not must
        needless[kind] += must and not does
        if (number + 1) % max(1, total // 10) == 0:
            progress.step()
    text = table(
        [
            *([f"{kind}: counted though it must not", "0", f"{wrong[kind]} of {tried[kind]:,}",
               wrong[kind] == 0] for kind in sorted(tried)),
            ["set aside though it must count", "0", str(sum(needless.values())),
             not sum(needless.values())],
        ],
        ["what was done to a consent's envelope or to its key", "to reach", "reached", "met"],
    )  # fmt: skip
    content = {"cases": dict(tried), "wrong": dict(wrong), "needless": dict(needless)}
    report(options, block="permission-keys", content=content, text=text)
    return int(any(wrong.values()) or any(needless.values()))


if __name__ == "__main__":
    sys.exit(main())
