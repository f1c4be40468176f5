"""Keys of states, people and witnesses: made, pinned by two people, rotated, revoked, listed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from barlovento.adapters.keys import new_key, public_key, write_key
from barlovento.adapters.store import Store
from barlovento.errors import Refused
from barlovento.guard import trust
from barlovento.guard.ledger import KEY_REVOCATION, PIN, ROTATION, digest_of
from barlovento.guard.verifier import VerifierKey, canonical
from barlovento.permission_workspace import Passphrase, find, ledger_of, now, put, unlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinning:
    """What came of one person's signature on a pin.

    Parameters
    ----------
    key : VerifierKey
        The key.
    state, role : str
        What it may speak for.
    people : tuple of str
        Who has signed so far.
    pinned : bool
        Whether that is enough.
    index : int
        Entry in the log.
    """

    key: VerifierKey
    state: str
    role: str
    people: tuple[str, ...]
    pinned: bool
    index: int


def make_key(
    name: str, folder: Path, passphrase: str, *, witness: bool = False
) -> tuple[VerifierKey, Path, Path]:
    """Make a key pair and write it; return the public key and both paths.

    Raises
    ------
    BadInput, Refused
        The name, the place or the passphrase won't do.
    """
    signing = new_key(name, seed=secrets.token_bytes(32), witness=witness)
    private, public = write_key(
        signing,
        folder,
        passphrase,
        salt=secrets.token_bytes(16),
        nonce=secrets.token_bytes(12),
    )
    return signing.key, private, public


def pin(
    folder: Path | None, key_file: Path, *, role: str, state: str, by: Path, passphrase: Passphrase
) -> Pinning:
    """Sign that a key speaks for a state (or is a person's or a witness's); two people must.

    The second person's signature joins the first's when both name the same key, role and state.

    Raises
    ------
    Refused
        The signer is not enrolled, or the key is known already.
    """
    key = public_key(key_file)
    trust.may_be_pinned(state, role)
    with Store.open(find(folder)) as store:
        ledger = ledger_of(store)
        content = {"schema": "barlovento/pin/1", "key": str(key), "role": role, "state": state}
        payload = canonical({**content, "log": store.setting("key")})
        signing = unlock(by, passphrase)
        before = ledger.proposed.get(digest_of(payload))
        if before and signing.key.name in before[1]:
            raise Refused(f"{signing.key.name} has signed this pin already; a second person must.")
        envelope = trust.seal_envelope(PIN, payload, {signing.key.id: signing.sign})
        index, after = put(store, "pin", envelope, content)
        names = {signing.key.name} | (set(before[1]) if before else set())
        return Pinning(
            key=key,
            state=state,
            role=role,
            people=tuple(sorted(names)),
            pinned=key.id in after.keys,
            index=index,
        )


def rotate(folder: Path | None, old_file: Path, new_file: Path, passphrase: Passphrase) -> int:
    """Put a new key in an old one's place, signed by both; return the entry's index.

    Raises
    ------
    Refused
        The old key is not trusted now, or the new one is known already.
    """
    with Store.open(find(folder)) as store:
        old, new = unlock(old_file, passphrase), unlock(new_file, passphrase)
        content = {"schema": "barlovento/key-rotation/1", "old": old.key.id, "key": str(new.key)}
        payload = canonical({**content, "log": store.setting("key"), "at": now().isoformat()})
        envelope = trust.seal_envelope(
            ROTATION, payload, {old.key.id: old.sign, new.key.id: new.sign}
        )
        return put(store, "key-rotation", envelope, content)[0]


def revoke_key(
    folder: Path | None,
    key_file: Path,
    *,
    by: Sequence[Path],
    reason: str,
    passphrase: Passphrase,
) -> int:
    """End a key at once, signed by itself or by two people; return the entry's index.

    Raises
    ------
    Refused
        The key is not known, or too few have signed.
    """
    key = public_key(key_file)
    with Store.open(find(folder)) as store:
        content = {"schema": "barlovento/key-revocation/1", "key_id": key.id, "reason": reason}
        payload = canonical({**content, "log": store.setting("key"), "at": now().isoformat()})
        signers = {s.key.id: s.sign for s in (unlock(path, passphrase) for path in by)}
        envelope = trust.seal_envelope(KEY_REVOCATION, payload, signers)
        return put(store, "revocation", envelope, {**content, "name": key.name})[0]


def known_keys(folder: Path | None) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Return every key of the log, and pins that wait for a second person, as JSON types."""
    with Store.open(find(folder)) as store:
        ledger = ledger_of(store)
    rows = [
        {
            "role": pinned.role,
            "state": pinned.state,
            "name": pinned.key.name,
            "key_id": pinned.key.id,
            "key": str(pinned.key),
            "since": pinned.time,
            "status": pinned.ended or "living",
        }
        for pinned in ledger.keys.values()
    ]
    waiting = [
        {
            "name": str(signed.payload["key"]).partition("+")[0],
            "role": signed.payload["role"],
            "state": signed.payload["state"],
            "people": sorted(people),
        }
        for signed, people in ledger.proposed.values()
    ]
    return rows, waiting
