"""The rule of trust: which consents live, whose keys count, and how signatures are put on.

Reading signatures is in ``verifier``, going through the log in ``ledger``; here a clock is added.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from barlovento.domain.height import check_aware
from barlovento.domain.permission import NotLiving, Standing
from barlovento.errors import BadInput, Refused
from barlovento.guard.consents import read_consent
from barlovento.guard.ledger import Ledger, SignedDocument
from barlovento.guard.verifier import (
    DASH,
    VerifierKey,
    canonical,
    cosigned,
    open_envelope,
    pae,
    parse_checkpoint,
    strict_base64,
    strict_json,
)

Sign = Callable[[bytes], bytes]
"""Gives the Ed25519 signature of a message."""


def living_consents(ledger: Ledger, now: datetime) -> Standing:
    """Return which consents live at a moment, and why each other one does not.

    A consent counts when it was signed by a key that two enrolled people had pinned to its
    authority, was not withdrawn, can be read, has not ended, and its key was not revoked since.
    A consent that has yet to begin is living: its times are part of what a plan is checked against.

    Parameters
    ----------
    ledger : Ledger
        A log, replayed.
    now : datetime
        Aware.

    Returns
    -------
    Standing
        The living ones in the order of the log.
    """
    check_aware("now", now)
    living, rejected, dead = [], [], set()
    for digest, signed in ledger.consents.items():
        properties = signed.payload["properties"]
        reason = _dead(ledger, signed)
        if reason is not None:
            dead.add(digest)
        consent = None
        if reason is None:
            try:
                consent = read_consent(signed.payload, digest=digest, key_id=signed.key_id)
            except BadInput as error:
                reason = f"It can't be read: {error}"
        if consent is not None:
            until = consent.volume.when.valid_until
            if until is None or until <= now:
                reason = f"It ended {_shown(until)}." if until else "It names no end."
        if consent is not None and reason is None:
            living.append(consent)
        else:
            rejected.append(
                NotLiving(
                    id=properties["id"],
                    authority=properties["authority"],
                    digest=digest,
                    reason=reason or "",
                )
            )
    return Standing(living=tuple(living), rejected=tuple(rejected), revoked=frozenset(dead))


def _dead(ledger: Ledger, signed: SignedDocument) -> str | None:
    revoked = ledger.revoked.get(signed.digest)
    if revoked is not None:
        why = revoked.payload.get("reason") or "no reason given"
        return f"It was withdrawn ({why}), entry {revoked.index}."
    key = ledger.keys.get(signed.key_id)
    if key is None:
        return "Its key is not pinned."
    if key.ended == "revoked":
        return f"Its key {key.key.name} was revoked, entry {key.until}; it must be signed anew."
    return None


def may_be_pinned(state: str, role: str) -> None:
    """Refuse a pin that says nothing, or too much."""
    from barlovento.guard.consents import AUTHORITY

    if role == "authority" and not AUTHORITY.fullmatch(state):
        raise BadInput(
            f"{state!r} is not a country code such as MX, nor one with an authority below it such "
            "as FR/PARIS. Give --state."
        )


def seal_envelope(kind: str, payload: bytes, signers: Mapping[str, Sign]) -> bytes:
    """Return a DSSE envelope over a payload.

    Parameters
    ----------
    kind : str
        Payload type.
    payload : bytes
        What is signed, as it stands.
    signers : mapping of str to callable
        Key id and what signs with it.

    Raises
    ------
    Refused
        There is no signer: an unsigned envelope would say nothing.
    """
    if not signers:
        raise Refused("An envelope without a signature says nothing.")
    message = pae(kind, payload)
    return canonical(
        {
            "payloadType": kind,
            "payload": _text(payload),
            "signatures": [
                {"keyid": key_id, "sig": _text(sign(message))} for key_id, sign in signers.items()
            ],
        }
    )


def envelope_parts(data: bytes) -> tuple[str, bytes, tuple[str, ...]]:
    """Return kind, payload and key ids of an envelope, nothing of which is verified."""
    envelope = strict_json(data)
    kind, payload, _ = open_envelope(envelope, {})
    return kind, payload, tuple(item["keyid"] for item in envelope["signatures"])


def sign_note(body: str, key: VerifierKey, sign: Sign) -> str:
    """Return a text as a note with one signature (c2sp.org/signed-note)."""
    return f"{body}\n{_line(key, sign(body.encode()))}"


def cosign(note: str, key: VerifierKey, sign: Sign, now: datetime) -> str:
    """Return a checkpoint with a witness's cosignature added (c2sp.org/tlog-cosignature).

    Whether the log only grew since this witness last looked is for the caller to check first.
    """
    body = note.rpartition("\n\n")[0] + "\n"
    parse_checkpoint(body)
    time = int(now.timestamp())
    return note + _line(key, time.to_bytes(8, "big") + sign(cosigned(body, time)))


def _line(key: VerifierKey, signature: bytes) -> str:
    return f"{DASH}{key.name} {_text(key.hint + signature)}\n"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _shown(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def payload_of(data: bytes) -> Any:
    """Return the content of an envelope, nothing of which is verified."""
    return strict_json(strict_base64(strict_json(data)["payload"]))
