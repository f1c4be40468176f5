"""Replay a log: whose keys were pinned by whom, and which consents were signed and revoked.

Needs ``verifier.py`` and nothing else of Barlovento: outsiders get both, joined into one file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from barlovento.guard.verifier import (
    RuleBroken,
    VerifierKey,
    VerifyError,
    canonical,
    open_envelope,
    parse_key,
    strict_base64,
    strict_json,
)

CONSENT, PIN, ROTATION, REVOCATION, KEY_REVOCATION = (
    f"application/vnd.barlovento.{name}+json"
    for name in ("consent", "pin", "key-rotation", "revocation", "key-revocation")
)
TRUST_KINDS = ("workspace", "pin", "consent", "key-rotation", "revocation")
"""Kinds of entries that change who is trusted and what is agreed."""

THRESHOLD = 2
"""Enrolled people who must sign a pin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a log with its place."""

    index: int
    kind: str
    time: str
    payload: Mapping[str, Any]
    sealed: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedKey:
    """A key that is trusted for something, from one entry of the log to another."""

    key: VerifierKey
    role: str
    state: str
    since: int
    time: str
    until: int | None = None
    ended: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """A payload with the key that signed it and where it stands in the log."""

    digest: str
    payload: Mapping[str, Any]
    key_id: str
    index: int
    time: str


@dataclass(slots=True)
class Ledger:
    """What a log says of keys and consents, entry by entry."""

    keys: dict[str, PinnedKey] = field(default_factory=dict)
    proposed: dict[str, tuple[SignedDocument, frozenset[str]]] = field(default_factory=dict)
    consents: dict[str, SignedDocument] = field(default_factory=dict)
    revoked: dict[str, SignedDocument] = field(default_factory=dict)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def living(self, key_id: str, role: str) -> PinnedKey | None:
        """Return a key that holds a role and has not ended."""
        found = self.keys.get(key_id)
        return found if found and found.role == role and found.until is None else None

    def publics(self) -> dict[str, bytes]:
        """Return every key's public bytes by its id."""
        return {name: pinned.key.public for name, pinned in self.keys.items()}


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of some bytes, as hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_entry(index: int, data: bytes) -> Entry:
    """Read the bytes of one entry."""
    found = strict_json(data)
    try:
        entry = Entry(
            index=index,
            kind=found["kind"],
            time=found["time"],
            payload=found["payload"],
            sealed=found.get("sealed", {}),
        )
    except (KeyError, TypeError) as error:
        raise VerifyError(f"Entry {index} has no kind, time and payload.") from error
    if canonical(found) != data:
        raise VerifyError(f"Entry {index} is not spelled the canonical way.")
    return entry


# ---------------------------------------------------------------- replay


def replay(entries: Iterable[Entry], documents: Mapping[str, bytes]) -> Ledger:
    """Go through a log in its order; what breaks a rule has no effect and is told in ``faults``."""
    ledger = Ledger()
    for entry in entries:
        if entry.kind in TRUST_KINDS:
            try:
                apply(ledger, entry, documents)
            except (VerifyError, KeyError, TypeError, AttributeError) as error:
                ledger.faults.append((entry.index, str(error) or repr(error)))
    return ledger


def apply(ledger: Ledger, entry: Entry, documents: Mapping[str, bytes]) -> None:
    """Let one entry act on the ledger, or raise and leave it as it was."""
    if entry.kind == "workspace":
        _begin(ledger, entry)
        return
    digest = entry.payload["document"]
    if digest not in documents:
        raise VerifyError(f"The document {digest[:16]} of entry {entry.index} is missing.")
    if digest_of(documents[digest]) != digest:
        raise VerifyError(f"The document {digest[:16]} was changed.")
    envelope = strict_json(documents[digest])
    known = ledger.publics()
    kind = envelope["payloadType"]
    content = strict_json(strict_base64(envelope["payload"]))
    if kind in (PIN, ROTATION):
        offered = parse_key(content["key"])
        if kind == ROTATION:
            known.setdefault(offered.id, offered.public)
    kind, payload, signers = open_envelope(envelope, known)
    act = {
        ("pin", PIN): _pin,
        ("key-rotation", ROTATION): _rotate,
        ("revocation", KEY_REVOCATION): _revoke_key,
        ("revocation", REVOCATION): _revoke,
        ("consent", CONSENT): _consent,
    }.get((entry.kind, kind))
    if act is None:
        raise VerifyError(f"An entry of kind {entry.kind} can't carry {kind}.")
    signed = SignedDocument(
        digest=digest_of(payload), payload=content, key_id="", index=entry.index, time=entry.time
    )
    act(ledger, signed, signers)


def _begin(ledger: Ledger, entry: Entry) -> None:
    people = [parse_key(text) for text in entry.payload["people"]]
    if entry.index != 0 or ledger.keys:
        raise RuleBroken("Only the first entry may name the first two people.")
    if len({key.id for key in people}) != THRESHOLD or len({key.name for key in people}) != 2:
        raise RuleBroken("A workspace begins with two different people with different keys.")
    log = parse_key(entry.payload["key"])
    for key, role in [(log, "log"), *((key, "person") for key in people)]:
        if key.id in ledger.keys:
            raise RuleBroken("The log's key and the people's keys must differ.")
        ledger.keys[key.id] = PinnedKey(key=key, role=role, state="", since=0, time=entry.time)


def _people(ledger: Ledger, signers: Iterable[str]) -> frozenset[str]:
    """Return the names of the living enrolled people among the signers."""
    found = [ledger.living(key_id, "person") for key_id in signers]
    return frozenset(pinned.key.name for pinned in found if pinned)


def _pin(ledger: Ledger, signed: SignedDocument, signers: frozenset[str]) -> None:
    content = signed.payload
    key, role, state = parse_key(content["key"]), content["role"], content["state"]
    if role not in ("authority", "person", "witness") or (role == "authority") != bool(state):
        raise RuleBroken("A pin is of an authority with its state, a person or a witness.")
    if key.id in ledger.keys:
        raise RuleBroken(f"The key of {key.name} is known already; one key has one role.")
    names = [p.key.name for p in ledger.keys.values() if p.role == "person" and p.until is None]
    if role == "person" and key.name in names:
        raise RuleBroken(f"A person called {key.name} is enrolled already.")
    people = _people(ledger, signers)
    if not people:
        raise RuleBroken("No enrolled person has signed this pin.")
    before = ledger.proposed.get(signed.digest)
    if before:
        people |= before[1]
    if len(people) < THRESHOLD:
        ledger.proposed[signed.digest] = signed, people
        return
    ledger.proposed.pop(signed.digest, None)
    ledger.keys[key.id] = PinnedKey(
        key=key, role=role, state=state, since=signed.index, time=signed.time
    )


def _rotate(ledger: Ledger, signed: SignedDocument, signers: frozenset[str]) -> None:
    old = ledger.keys.get(signed.payload["old"])
    new = parse_key(signed.payload["key"])
    if old is None or old.until is not None or old.role == "log":
        raise RuleBroken("The key to be rotated is not one that is trusted now.")
    if new.id in ledger.keys:
        raise RuleBroken(f"The new key of {new.name} is known already.")
    if old.role == "person" and new.name != old.key.name:
        raise RuleBroken(f"A person keeps the name: {old.key.name}.")
    if not {old.key.id, new.id} <= signers:
        raise RuleBroken("A rotation is signed by the old key and by the new one.")
    ledger.keys[old.key.id] = replace(old, until=signed.index, ended="rotated")
    ledger.keys[new.id] = replace(old, key=new, since=signed.index, time=signed.time)


def _revoke_key(ledger: Ledger, signed: SignedDocument, signers: frozenset[str]) -> None:
    key_id = signed.payload["key_id"]
    old = ledger.keys.get(key_id)
    if old is None or old.role == "log" or old.ended == "revoked":
        raise RuleBroken("The key to be revoked is not known, or is revoked already.")
    if key_id not in signers and len(_people(ledger, signers)) < THRESHOLD:
        raise RuleBroken("A key is revoked by itself or by two enrolled people.")
    ledger.keys[key_id] = replace(old, until=signed.index, ended="revoked")


def _signer_for(ledger: Ledger, state: str, signers: Iterable[str]) -> str:
    """Return the key that may speak for a state, or say whose key it was instead."""
    found = [ledger.living(key_id, "authority") for key_id in sorted(signers)]
    right = [pinned.key.id for pinned in found if pinned and pinned.state == state]
    if right:
        return right[0]
    others = sorted({pinned.state for pinned in found if pinned})
    ended = sorted({ledger.keys[name].ended for name in signers} - {""})
    whose = f"the key of {', '.join(others)}" if others else "no key that is pinned now"
    raise RuleBroken(
        f"This must be signed by a key pinned to {state}, but it is signed by {whose}"
        + (f" (a key that was {', '.join(ended)})." if ended else ".")
    )


def _consent(ledger: Ledger, signed: SignedDocument, signers: frozenset[str]) -> None:
    state = signed.payload["properties"]["authority"]
    key_id = _signer_for(ledger, state, signers)
    if signed.digest in ledger.consents:
        when = ledger.consents[signed.digest].index
        raise RuleBroken(f"This consent is in the log already, as entry {when}.")
    name = signed.payload["properties"]["id"]
    if any(name == other.payload["properties"]["id"] for other in ledger.consents.values()):
        raise RuleBroken(f"Another consent is called {name} already.")
    ledger.consents[signed.digest] = replace(signed, key_id=key_id)


def _revoke(ledger: Ledger, signed: SignedDocument, signers: frozenset[str]) -> None:
    digest = signed.payload["consent"]
    consent = ledger.consents.get(digest)
    if consent is None:
        raise RuleBroken(f"No consent with the digest {digest[:16]} is in this log.")
    state = consent.payload["properties"]["authority"]
    key_id = _signer_for(ledger, state, signers)
    if digest in ledger.revoked:
        when = ledger.revoked[digest].index
        raise RuleBroken(f"This consent is revoked already, by entry {when}: a replay.")
    ledger.revoked[digest] = replace(signed, key_id=key_id)
