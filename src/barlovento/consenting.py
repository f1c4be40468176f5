"""Asking for consent, noting the answer, taking the state's signature in, and withdrawing it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from barlovento.adapters.files import checked, read_bytes, read_json, told, write_new
from barlovento.adapters.store import Store
from barlovento.domain.airspace import Consent
from barlovento.domain.permission import Decision, Request
from barlovento.errors import BadInput, Refused
from barlovento.fly.datum import check_datum
from barlovento.guard import trust
from barlovento.guard.asking import others_to_ask
from barlovento.guard.consents import REQUEST, draft, read_consent, read_request, unknown_fields
from barlovento.guard.ledger import CONSENT, REVOCATION, Entry, digest_of
from barlovento.guard.verifier import canonical, strict_json
from barlovento.permission_workspace import Passphrase, find, ledger_of, now, put, unlock

ANSWER_KINDS = {
    Decision.GRANTED: "answer",
    Decision.CHANGED: "answer",
    Decision.REFUSED: "refusal-of-consent",
    Decision.SILENT: "silence",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A consent that was taken in.

    Parameters
    ----------
    consent : Consent
        As it was signed.
    unknown : tuple of str
        Fields that are kept and not understood.
    index : int or None
        Entry in the log; None where it was only signed, away from a workspace.
    """

    consent: Consent
    unknown: tuple[str, ...]
    index: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request with what came of it so far.

    Parameters
    ----------
    id, authority, purpose, time : str
        Of the request.
    status : str
        ``waiting``, or the decision, or ``signed``.
    reason : str
        In the authority's words.
    """

    id: str
    authority: str
    purpose: str
    time: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A request that is in the log.

    Parameters
    ----------
    request : Request
        As it was asked.
    index : int
        Entry in the log.
    also : tuple of str
        Other states that the area may touch, by the shipped borders and their error.
    """

    request: Request
    index: int
    also: tuple[str, ...]


def request(folder: Path | None, file: Path) -> Put:
    """Put a request into the log, from a GeoJSON feature.

    Raises
    ------
    BadInput
        The feature lacks something; all of it is told. Or the area lies nowhere near the state.
    """
    from barlovento.guard.borders import Borders

    feature = read_json(file)
    check_datum(feature, str(file))
    asked = told(file, lambda: read_request(feature))
    also = told(file, lambda: others_to_ask(asked, Borders.shipped()))
    with Store.open(find(folder)) as store:
        size = store.size()
        known = set(_requests(store))
        name = str(feature["properties"].get("id") or f"R-{secrets.token_hex(4)}")
        if name in known:
            raise Refused(f"A request called {name} is in the log already. Give another id.")
        if any(c.isspace() or not c.isprintable() for c in name):
            raise BadInput(f"{name!r} can't name a request: it may hold no blanks.")
        holder = store.setting("holder")
        if feature["properties"]["holder"] != holder:
            raise Refused(f"This workspace asks for {holder} only. Mend holder in {file}.")
        moment = now()
        feature["properties"] |= {
            "schema": REQUEST,
            "id": name,
            "asked_at": moment.isoformat(),
            "nonce": secrets.token_hex(16),
        }
        asked = read_request(feature)
        payload = {
            "id": name,
            "authority": asked.authority,
            "holder": asked.holder,
            "purpose": asked.purpose,
        }
        document = canonical(feature)
        index = store.append("request", payload, now=moment, document=document, size=size)
        return Put(request=asked, index=index, also=also)


def answer(
    folder: Path | None,
    request_id: str,
    decision: Decision,
    *,
    reason: str = "",
    conditions: str = "",
    changes: Path | None = None,
    out: Path | None = None,
) -> int:
    """Note what an authority answered; for a grant, draft the consent that it shall sign.

    Raises
    ------
    BadInput
        There is no such request, or the changes can't be read.
    Refused
        The request has been answered already.
    """
    if (decision == Decision.CHANGED) != (changes is not None):
        raise BadInput("Give --changes FILE with the decision changed, and only with that.")
    with Store.open(find(folder)) as store:
        size = store.size()
        asked, states = _requests(store), _states(store)
        if request_id not in asked:
            known = ", ".join(asked) or "none"
            raise BadInput(f"There is no request {request_id}. Those in the log: {known}.")
        if states[request_id][0] not in ("waiting", "silent"):
            raise Refused(f"Request {request_id} is {states[request_id][0]} already.")
        payload: dict[str, Any] = {
            "request": request_id,
            "authority": asked[request_id].payload["authority"],
            "decision": str(decision),
            "reason": reason,
        }
        document = None
        if decision in (Decision.GRANTED, Decision.CHANGED):
            before = strict_json(store.document(asked[request_id].payload["document"]))
            laid = read_json(changes) if changes else {}
            check_datum(laid, str(changes))
            content = draft(
                before,
                laid,
                consent_id=f"C-{request_id}-{secrets.token_hex(3)}",
                now=now(),
                conditions=conditions,
            )
            told(changes or Path(request_id), lambda: read_consent(content, digest="", key_id=""))
            document = canonical(content)
        kind = ANSWER_KINDS[decision]
        index = store.append(kind, payload, now=now(), document=document, size=size)
        if document and out:
            write_new(out, document + b"\n")
        return index


def sign(
    folder: Path | None,
    what: str,
    *,
    by: Path | None,
    passphrase: Passphrase,
    out: Path | None = None,
) -> Signed:
    """Sign a drafted consent with a state's key, or take in one that was signed elsewhere.

    Parameters
    ----------
    folder : Path or None
        The workspace; the authority itself needs none.
    what : str
        Name of an answered request, or a file: a draft, or a signed envelope.
    by : Path, optional
        The state's private key; none for an envelope.
    passphrase : callable
        Asks for that key's passphrase.
    out : Path, optional
        Where the envelope is written besides.

    Raises
    ------
    Refused
        The key is not pinned to the state, or the request is not known.
    IntegrityError
        The signature is wrong.
    """
    payload, envelope = _to_sign(folder, what)
    if envelope is None:
        if by is None:
            raise BadInput("This draft is not signed. Name the state's private key with --by.")
        signing = unlock(by, passphrase)
        envelope = trust.seal_envelope(CONSENT, payload, {signing.key.id: signing.sign})
    elif by is not None:
        raise BadInput(f"{what} is signed already. Leave --by away to take it in.")
    content = strict_json(payload)
    check_datum(content, what)
    digest = digest_of(payload)
    consent = told(Path(what), lambda: read_consent(content, digest=digest, key_id=""))
    until = consent.volume.when.valid_until
    if until is None or until <= now():
        raise Refused(f"Consent {consent.id} has ended already ({until}).")
    if folder is None and out is not None and by is not None and not _here():
        write_new(out, envelope + b"\n")
        return Signed(consent=consent, unknown=unknown_fields(content), index=None)
    with Store.open(find(folder)) as store:
        asked = _requests(store).get(consent.request_id)
        if asked is None:
            raise Refused(f"Consent {consent.id} answers {consent.request_id}, never asked here.")
        if asked.payload["authority"] != consent.authority:
            raise Refused(
                f"Request {consent.request_id} was put to {asked.payload['authority']}, but "
                f"consent {consent.id} is of {consent.authority}."
            )
        extra = {
            "id": consent.id,
            "request": consent.request_id,
            "authority": consent.authority,
            "consent": digest,
            "valid_until": until.isoformat(),
        }
        index, ledger = put(store, "consent", envelope, extra)
    if out is not None:
        write_new(out, envelope + b"\n")
    key_id = ledger.consents[digest].key_id
    return Signed(
        consent=replace(consent, key_id=key_id), unknown=unknown_fields(content), index=index
    )


def revoke(
    folder: Path | None, what: str, *, by: Path | None, reason: str, passphrase: Passphrase
) -> int:
    """Withdraw a consent, signed by its state; return the entry's index.

    Parameters
    ----------
    folder : Path or None
        The workspace.
    what : str
        Name or digest of a consent, or a file with a revocation that was signed elsewhere.
    by : Path, optional
        The state's private key.
    reason : str
        In the state's words.
    passphrase : callable
        Asks for that key's passphrase.

    Raises
    ------
    Refused
        The key is not pinned to the consent's state, or it is withdrawn already.
    """
    with Store.open(find(folder)) as store:
        ledger = ledger_of(store)
        if by is None:
            envelope = read_bytes(Path(what))
            content = checked(Path(what), lambda: trust.payload_of(envelope))
            digest = str(content.get("consent", ""))
        else:
            digest = _digest_named(what, {d: s.payload for d, s in ledger.consents.items()})
            content = {
                "schema": "barlovento/revocation/1",
                "consent": digest,
                "reason": reason,
                "at": now().isoformat(),
            }
            signing = unlock(by, passphrase)
            envelope = trust.seal_envelope(
                REVOCATION, canonical(content), {signing.key.id: signing.sign}
            )
        named = ledger.consents.get(digest)
        properties = named.payload["properties"] if named else {}
        extra = {
            "consent": digest,
            "id": properties.get("id", ""),
            "authority": properties.get("authority", ""),
            "reason": str(content.get("reason", "")),
        }
        return put(store, "revocation", envelope, extra)[0]


def requests(folder: Path | None) -> list[Asked]:
    """Return every request with what came of it."""
    with Store.open(find(folder)) as store:
        states = _states(store)
        return [
            Asked(
                id=name,
                authority=str(entry.payload["authority"]),
                purpose=str(entry.payload["purpose"]),
                time=entry.time,
                status=states[name][0],
                reason=states[name][1],
            )
            for name, entry in _requests(store).items()
        ]


def _here() -> bool:
    """Tell whether the usual place holds a workspace."""
    try:
        find(None)
    except BadInput:
        return False
    return True


def _to_sign(folder: Path | None, what: str) -> tuple[bytes, bytes | None]:
    """Return the payload, and its envelope where it is signed already."""
    path = Path(what)
    if path.is_file():
        data = read_bytes(path)
        content = checked(path, lambda: strict_json(data))
        if isinstance(content, dict) and "payloadType" in content:
            kind, payload, _ = checked(path, lambda: trust.envelope_parts(data))
            if kind != CONSENT:
                raise BadInput(f"{path} carries {kind}, not a consent.")
            return payload, data.rstrip(b"\n")
        return canonical(content), None
    with Store.open(find(folder)) as store:
        drafts = {
            str(entry.payload["request"]): str(entry.payload["document"])
            for entry in store.entries("answer")
        }
        if what not in drafts:
            raise BadInput(f"{what} is neither a file nor a request that was granted here.")
        return store.document(drafts[what]), None


def _requests(store: Store) -> dict[str, Entry]:
    return {str(entry.payload["id"]): entry for entry in store.entries("request")}


def _states(store: Store) -> dict[str, tuple[str, str]]:
    """Return status and reason of each request."""
    found = dict.fromkeys(_requests(store), ("waiting", ""))
    signed: dict[str, str] = {}
    for entry in store.entries(*sorted({*ANSWER_KINDS.values(), "consent", "revocation"})):
        reason = str(entry.payload.get("reason", ""))
        if entry.kind == "revocation":
            if entry.payload.get("consent") in signed:
                found[signed[str(entry.payload["consent"])]] = "withdrawn", reason
            continue
        name = str(entry.payload["request"])
        found[name] = str(entry.payload.get("decision", "signed")), reason
        if entry.kind == "consent":
            signed[str(entry.payload["consent"])] = name
    return found


def _digest_named(what: str, consents: Mapping[str, Mapping[str, Any]]) -> str:
    found = [
        digest
        for digest, payload in consents.items()
        if digest == what or payload["properties"]["id"] == what
    ]
    if len(found) != 1:
        raise BadInput(f"There is no consent {what} in the log. See `barlovento consent list`.")
    return found[0]
