"""Hashes, proofs, signed notes and envelopes, read-only; needs nothing of Barlovento.

It uses the standard library and ``cryptography`` alone. ``ledger.py`` and ``exported.py`` are
joined to it in ``verifier/barlovento_verify.py``, one file that an outsider can copy and read.
Formats: RFC 6962 tree hashes, C2SP signed notes (c2sp.org/signed-note), checkpoints
(c2sp.org/tlog-checkpoint), cosignatures (c2sp.org/tlog-cosignature, Ed25519) and DSSE envelopes
(secure-systems-lab/dsse, protocol 1.0).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
