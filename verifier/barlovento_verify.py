"""Verify a Barlovento log or proof, with nothing of Barlovento installed.

It needs Python 3.11 and the package ``cryptography``. Copy this file, read it, and run

    python barlovento_verify.py FILE --key "name+hash+base64"

Exit code 0: fine; 4: something is not what its hash or signature says; 1: unreadable. Written by
tools/build_verifier.py from guard/verifier.py, guard/ledger.py and guard/exported.py; don't edit.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# ==================== verifier.py

ED25519, COSIGNATURE = 1, 4
"""Signature types of C2SP signed notes."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
DASH = "\N{EM DASH} "
LONGEST_NOTE = 1 << 20
MOST_SIGNATURES = 64
CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


class VerifyError(Exception):
    """Something is not what its hash or signature says."""


class RuleBroken(VerifyError):
    """The bytes are whole, but what they say is not allowed."""


# ---------------------------------------------------------------- text


def strict_base64(text: str) -> bytes:
    """Decode base64 that has one spelling only; spare bits that differ are refused."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise VerifyError(f"This is not base64: {text[:60]!r}.") from error
    if base64.b64encode(data).decode() != text:
        raise VerifyError(f"This base64 is not spelled the usual way: {text[:60]!r}.")
    return data


def strict_json(data: bytes) -> Any:
    """Read JSON; a key that stands twice, NaN and broken UTF-8 are refused."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            twice = sorted({name for name in names if names.count(name) > 1})
            raise VerifyError(f"A key stands twice in one JSON object: {', '.join(twice)}.")
        return found

    def no(word: str) -> Any:
        raise VerifyError(f"{word} is not a number that JSON knows.")

    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=once, parse_constant=no)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise VerifyError(f"This is not JSON in UTF-8: {error}.") from error


def canonical(value: Any) -> bytes:
    """Return the one spelling that we write: sorted keys, no spaces, UTF-8."""
    try:
        return CANONICAL.encode(value).encode("utf-8")
    except UnicodeEncodeError as error:
        raise VerifyError(f"This text is not UTF-8: {error}.") from error


def commitment(salt: bytes, field: str, value: Any) -> str:
    """Return what stands in a log for a value that stays sealed, as hexadecimal."""
    if len(salt) != 32:
        raise VerifyError("A salt has 32 bytes.")
    text = canonical([field, value])
    return hashlib.sha256(b"barlovento/commitment/1\x00" + salt + text).hexdigest()


# ---------------------------------------------------------------- tree, RFC 6962


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of all leaves."""
    level = list(hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def check_inclusion(
    index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise unless the leaf stands at ``index`` in the tree (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise VerifyError(f"Entry {index} can't be in a log of {size} entries.")
    here, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            raise VerifyError("The proof of inclusion is too long.")
        if here & 1 or here == last:
            found = node_hash(other, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, other)
        here, last = here >> 1, last >> 1
    if last or found != root:
        raise VerifyError(f"Entry {index} is not in the log with this checkpoint.")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise unless the new tree only adds to the old one (RFC 9162, section 2.1.4.2)."""
    if not 0 <= old <= new:
        raise VerifyError(f"A log of {new} entries can't follow one of {old}: it was cut short.")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if old_root != expected or proof:
            raise VerifyError(f"The log was rewritten within its first {old} entries.")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise VerifyError("The proof of consistency is too short.")
    here, last = old - 1, new - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    first = second = path[0]
    for other in path[1:]:
        if last == 0:
            raise VerifyError("The proof of consistency is too long.")
        if here & 1 or here == last:
            first, second = node_hash(other, first), node_hash(other, second)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            second = node_hash(second, other)
        here, last = here >> 1, last >> 1
    if last or first != old_root or second != new_root:
        raise VerifyError(f"The log of {new} entries does not hold the one of {old} unchanged.")


# ---------------------------------------------------------------- keys and notes, C2SP


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with the name it signs under.

    Parameters
    ----------
    name : str
        Key name.
    kind : int
        1 for notes, 4 for cosignatures of witnesses.
    public : bytes
        32 bytes of Ed25519.
    """

    name: str
    kind: int
    public: bytes

    @property
    def hint(self) -> bytes:
        """The four bytes that stand before a signature."""
        text = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(text).digest()[:4]

    @property
    def id(self) -> str:
        """SHA-256 of the public key, as hexadecimal."""
        return hashlib.sha256(self.public).hexdigest()

    def __str__(self) -> str:
        text = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.hint.hex()}+{text}"


def good_name(name: str) -> bool:
    """Tell whether a key may have this name."""
    return bool(name) and "+" not in name and name.isprintable() and not any(map(str.isspace, name))


def parse_key(text: str) -> VerifierKey:
    """Read ``name+hash+base64`` (c2sp.org/signed-note, verifier keys)."""
    parts = text.strip("\n").split("+", 2)
    if len(parts) != 3 or not good_name(parts[0]):
        raise VerifyError("A public key reads name+hash+base64, on one line.")
    data = strict_base64(parts[2])
    if len(data) != 33 or data[0] not in (ED25519, COSIGNATURE):
        raise VerifyError(f"The key of {parts[0]} is not an Ed25519 key.")
    key = VerifierKey(name=parts[0], kind=data[0], public=data[1:])
    if key.hint.hex() != parts[1]:
        raise VerifyError(f"The key of {key.name} was changed: its hash is {key.hint.hex()}.")
    return key


def signed_by(public: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether an Ed25519 signature (RFC 8032) is right."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def open_note(
    text: str, keys: Sequence[VerifierKey]
) -> tuple[str, tuple[tuple[VerifierKey, int], ...]]:
    """Return a note's text and which known keys signed it, each with its time (0: none told).

    Signatures of unknown keys are passed over, as the format wants; a wrong one of a known key
    spoils the whole note, and so does having none.
    """
    if len(text) > LONGEST_NOTE or any(ord(c) < 32 and c != "\n" for c in text):
        raise VerifyError("The note is too long or holds control characters.")
    body, blank, tail = text.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or not body:
        raise VerifyError("A note is a text, an empty line and signatures.")
    body += "\n"
    lines = tail[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise VerifyError("The note has too many signatures.")
    found: dict[str, tuple[VerifierKey, int]] = {}
    for line in lines:
        name, space, encoded = line.removeprefix(DASH).partition(" ")
        if not line.startswith(DASH) or not space or not good_name(name):
            raise VerifyError(f"This is not a signature line: {line[:80]!r}.")
        data = strict_base64(encoded)
        for key in keys:
            if key.name == name and key.hint == data[:4]:
                found[str(key)] = key, _check_signature(key, body, data[4:])
    if not found:
        raise VerifyError("None of the signatures is by a key that is trusted here.")
    return body, tuple(found.values())


def _check_signature(key: VerifierKey, body: str, signature: bytes) -> int:
    message, time = body.encode(), 0
    if key.kind == COSIGNATURE:
        time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = cosigned(body, time)
    if time >= 1 << 63 or not signed_by(key.public, message, signature):
        raise VerifyError(f"The signature of {key.name} is wrong: the text was changed.")
    return time


def cosigned(body: str, time: int) -> bytes:
    """Return what a witness signs (c2sp.org/tlog-cosignature, Ed25519)."""
    return f"cosignature/v1\ntime {time}\n{body}".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log says of itself: name, number of entries, and the root over them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(body: str) -> Checkpoint:
    """Read the text of a checkpoint; lines beyond the third are refused, for we write none."""
    lines = body.split("\n")
    if len(lines) != 4 or not lines[0] or lines[3]:
        raise VerifyError("A checkpoint has three lines: origin, size, root.")
    digits = lines[1]
    good = digits.isascii() and digits.isdecimal() and len(digits) < 20
    if not good or str(int(digits)) != digits:
        raise VerifyError(f"{digits!r} is not a number of entries.")
    root = strict_base64(lines[2])
    if len(root) != 32:
        raise VerifyError("The root has 32 bytes.")
    return Checkpoint(origin=lines[0], size=int(digits), root=root)


def open_checkpoint(
    text: str, log: VerifierKey, witnesses: Sequence[VerifierKey] = ()
) -> Checkpoint:
    """Return the checkpoint of a note that this log's key signed."""
    body, signers = open_note(text, [log, *witnesses])
    if log not in [key for key, _ in signers]:
        raise VerifyError(f"The checkpoint is not signed by the log's key {log.name}.")
    found = parse_checkpoint(body)
    if found.origin != log.name:
        raise VerifyError(f"The checkpoint is of {found.origin}, the key of {log.name}.")
    return found


# ---------------------------------------------------------------- DSSE


def pae(kind: str, payload: bytes) -> bytes:
    """Return the bytes that a DSSE signature covers (DSSE protocol 1.0)."""
    name = kind.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def open_envelope(envelope: Any, keys: Mapping[str, bytes]) -> tuple[str, bytes, frozenset[str]]:
    """Return kind, payload and the ids of the known keys that signed a DSSE envelope.

    ``keys`` maps key ids to public keys. A wrong signature of a known key and a key id that
    stands twice are refused; who must have signed is the caller's to say.
    """
    try:
        kind, payload, signatures = (
            envelope["payloadType"],
            strict_base64(envelope["payload"]),
            [(s["keyid"], strict_base64(s["sig"])) for s in envelope["signatures"]],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise VerifyError("A DSSE envelope has payloadType, payload and signatures.") from error
    if not isinstance(kind, str) or not all(isinstance(name, str) for name, _ in signatures):
        raise VerifyError("payloadType and keyid are texts.")
    if len({name for name, _ in signatures}) != len(signatures):
        raise VerifyError("A key has signed the envelope twice.")
    message = pae(kind, payload)
    for name, signature in signatures:
        if name in keys and not signed_by(keys[name], message, signature):
            raise VerifyError(f"The signature of key {name[:16]} is wrong.")
    return kind, payload, frozenset(name for name, _ in signatures if name in keys)


# ==================== ledger.py

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


# ==================== exported.py

LOG, PROOF = "barlovento/log/1", "barlovento/proof/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a file turned out to be, with everything in it checked."""

    checkpoint: Checkpoint
    key: VerifierKey
    entries: tuple[Entry, ...]
    ledger: Ledger
    whole: bool
    flight: str = ""


def verify_file(
    data: bytes, *, key: VerifierKey | None = None, older: Iterable[str] = ()
) -> Verified:
    """Check an exported log or a proof, to the last byte.

    Parameters
    ----------
    data : bytes
        The file.
    key : VerifierKey, optional
        The log's key as it is known from elsewhere; without it the file's own is taken, which
        shows damage but not a forged log.
    older : iterable of str
        Signed checkpoints of this log from earlier days: a whole log must hold them unchanged.

    Raises
    ------
    VerifyError
        Anything is not what its hash or signature says.
    """
    try:
        return _verify(data, key, tuple(older))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        raise VerifyError(f"The file has not the form of a log or a proof: {error!r}.") from error


def _verify(data: bytes, key: VerifierKey | None, older: tuple[str, ...]) -> Verified:
    content = strict_json(data)
    if not isinstance(content, dict) or canonical(content) + b"\n" != data:
        raise VerifyError("The file is not spelled the way it was written.")
    schema = content.get("schema")
    fields = {"schema", "key", "checkpoint", "entries", "documents"}
    fields |= {LOG: {"openings"}, PROOF: {"flight"}}.get(str(schema), set())
    if schema not in (LOG, PROOF) or set(content) != fields:
        raise VerifyError(f"This is neither {LOG} nor {PROOF}, or a field is missing.")
    own = parse_key(content["key"])
    if key is not None and str(own) != str(key):
        raise VerifyError(f"The file is of the log with key {own}, not of {key}.")
    checkpoint = open_checkpoint(content["checkpoint"], own)
    documents = {name: strict_base64(text) for name, text in content["documents"].items()}
    for name, document in documents.items():
        if digest_of(document) != name:
            raise VerifyError(f"The document {name[:16]} was changed.")
    read = _whole_log if schema == LOG else _some_entries
    entries = read(content, checkpoint, own, older)
    named = {entry.payload.get("document") for entry in entries}
    if not set(documents) <= named:
        raise VerifyError("A document belongs to no entry.")
    ledger = replay(entries, documents)
    if ledger.faults:
        raise VerifyError(f"Entry {ledger.faults[0][0]}: {ledger.faults[0][1]}")
    flight = content.get("flight", "")
    if schema == PROOF:
        _check_flight(entries, ledger, flight)
    return Verified(
        checkpoint=checkpoint,
        key=own,
        entries=entries,
        ledger=ledger,
        whole=schema == LOG,
        flight=flight,
    )


def _whole_log(
    content: dict[str, Any], checkpoint: Checkpoint, key: VerifierKey, older: tuple[str, ...]
) -> tuple[Entry, ...]:
    texts = [text.encode("utf-8") for text in content["entries"]]
    if len(texts) != checkpoint.size:
        raise VerifyError(
            f"The checkpoint speaks of {checkpoint.size} entries, the file holds {len(texts)}."
        )
    hashes = [leaf_hash(text) for text in texts]
    if root_of(hashes) != checkpoint.root:
        raise VerifyError("An entry was changed, dropped, added or moved: the root differs.")
    for note in older:
        before = open_checkpoint(note, key)
        if before.size > len(hashes):
            raise VerifyError(
                f"The log had {before.size} entries once and has {len(hashes)}: it was cut short "
                "or rolled back."
            )
        if root_of(hashes[: before.size]) != before.root:
            raise VerifyError(f"The log was rewritten or forked within {before.size} entries.")
    entries = tuple(read_entry(index, text) for index, text in enumerate(texts))
    for opening in content["openings"]:
        entry, name = entries[opening["index"]], opening["field"]
        salt = strict_base64(opening["salt"])
        if entry.sealed[name] != commitment(salt, name, opening["value"]):
            raise VerifyError(f"{name} of entry {entry.index} is not what was sealed.")
    return entries


def _some_entries(
    content: dict[str, Any], checkpoint: Checkpoint, _key: VerifierKey, older: tuple[str, ...]
) -> tuple[Entry, ...]:
    if older:
        raise VerifyError("An older checkpoint can be held against a whole log only.")
    entries = []
    for item in content["entries"]:
        if set(item) != {"index", "entry", "path"}:
            raise VerifyError("An entry of a proof has index, entry and path.")
        if type(item["index"]) is not int:
            raise VerifyError("The index of an entry is a whole number.")
        data = item["entry"].encode("utf-8")
        path = [strict_base64(text) for text in item["path"]]
        check_inclusion(item["index"], checkpoint.size, leaf_hash(data), path, checkpoint.root)
        entries.append(read_entry(item["index"], data))
    places = [entry.index for entry in entries]
    if places != sorted(set(places)):
        raise VerifyError("The entries of a proof stand in their order, each once.")
    return tuple(entries)


def _check_flight(entries: tuple[Entry, ...], ledger: Ledger, flight: str) -> None:
    """Raise unless the flight had a clearance, and each consent in it lived at that time."""
    clearances = [entry for entry in entries if entry.kind == "clearance"]
    flights = [entry for entry in entries if entry.kind == "flight"]
    for entry in flights:
        if entry.payload["id"] != flight:
            raise VerifyError(f"The proof is for {flight}, but holds {entry.payload['id']}.")
        stood = {
            c.index
            for c in clearances
            if c.index < entry.index and c.payload["plan_digest"] == entry.payload["plan_digest"]
        }
        if not stood or entry.payload.get("clearance", min(stood)) not in stood:
            raise VerifyError(f"No clearance of exactly this plan stands before flight {flight}.")
    if not clearances or not (flights or clearances[-1].payload["plan"] == flight):
        raise VerifyError(f"No clearance for {flight} is in this proof.")
    for entry in clearances:
        named = entry.payload["consents"]
        for digest in named:
            consent, revoked = ledger.consents.get(digest), ledger.revoked.get(digest)
            if consent is None or consent.index > entry.index:
                raise VerifyError(f"Consent {digest[:16]} is not in the log before its clearance.")
            if revoked is not None and revoked.index < entry.index:
                raise VerifyError(f"Consent {digest[:16]} had been revoked before the clearance.")


def words(found: Verified) -> list[str]:
    """Return in sentences what was checked, and what this file can't show."""
    size = found.checkpoint.size
    lines = [f"Log {found.checkpoint.origin}, {size} entries; signed by key {found.key.id[:16]}."]
    if found.whole:
        lines.append("Every entry, signature, pin, consent and revocation is as it was written.")
    else:
        lines.append(f"{len(found.entries)} entries are in that log; flight {found.flight}:")
        named = {d for e in found.entries if e.kind == "clearance" for d in e.payload["consents"]}
        if named:
            words = f"{len(named)} consents" if len(named) > 1 else "a consent"
            lines.append(f"its plan was cleared on {words}, signed by keys pinned to the states.")
        else:
            lines.append("it was cleared without any consent, as flying outside of every state.")
        lines += [
            f"The operator noted of what was flown: {entry.payload['verdict']}."
            for entry in found.entries
            if entry.kind == "flight" and "verdict" in entry.payload
        ]
        lines.append("A proof can't show that no revocation was left out: ask for the whole log.")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Check one file from the command line; 0 is fine, 4 is broken, 1 is unreadable."""
    parser = argparse.ArgumentParser(description="Verify an exported log or a proof.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", help="the log's key, name+hash+base64, as known from elsewhere")
    parser.add_argument("--older", type=Path, action="append", default=[], metavar="CHECKPOINT")
    options = parser.parse_args(arguments)
    try:
        key = parse_key(options.key) if options.key else None
        older = [path.read_text(encoding="utf-8") for path in options.older]
        lines = words(verify_file(options.file.read_bytes(), key=key, older=older))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except VerifyError as error:
        sys.stderr.write(f"BROKEN  {error}\n")
        return 4
    if key is None:
        lines.append("No --key was given: a forged log with a key of its own would pass as well.")
    sys.stdout.write("\n".join(["FINE", *lines]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
