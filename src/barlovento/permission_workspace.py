"""The shell of permission: the workspace folder, and what is put into its log.

Clock and randomness are taken here. Keys are in ``keyring``, consents in ``consenting``, files for
outsiders in ``logbook``.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from barlovento.adapters.keys import SigningKey, new_key, public_key, read_key, write_key
from barlovento.adapters.store import FILE, NewEntry, Store
from barlovento.domain.permission import Standing
from barlovento.errors import BadInput, IntegrityError, Refused
from barlovento.guard import trust
from barlovento.guard.ledger import (
    TRUST_KINDS,
    Entry,
    Ledger,
    apply,
    digest_of,
    replay,
)
from barlovento.guard.verifier import RuleBroken, VerifierKey, VerifyError, good_name

Passphrase = Callable[[Path], str]
"""Asks for the passphrase of a key's file."""

VARIABLE = "BARLOVENTO_WORKSPACE"
LOG_KEY = "log.key"


def now() -> datetime:
    """Return the time, to the millisecond that the log keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def find(folder: Path | None) -> Path:
    """Return the workspace that was named, or that of the environment, or the current folder.

    Raises
    ------
    BadInput
        None of them is one.
    """
    named = folder or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else Path())
    if not (named / FILE).is_file():
        raise BadInput(
            f"There is no workspace in {named}. Make one with `barlovento init DIR`, or name yours "
            f"with --workspace or {VARIABLE}."
        )
    return named


# ---------------------------------------------------------------- making


def init(
    folder: Path, *, origin: str, holder: str, people: Sequence[Path], passphrase: str
) -> VerifierKey:
    """Make a workspace: its log key, its store, and the first entry with the first two people.

    Parameters
    ----------
    folder : Path
        It must not exist.
    origin : str
        Name of the log, such as ``example.org/watch``.
    holder : str
        Who operates.
    people : sequence of Path
        Public keys of the two first people.
    passphrase : str
        Of the log's key.

    Returns
    -------
    VerifierKey
        The log's key, which outsiders need.

    Raises
    ------
    BadInput, Refused
        The folder exists, a key can't be read, or the people are not two.
    """
    if folder.exists():
        raise BadInput(f"{folder} exists already. Choose another folder.")
    if not good_name(origin):
        raise BadInput(f"{origin!r} can't name a log: it may hold no blanks and no +.")
    if not holder.strip():
        raise BadInput("The holder has no name. Say with --holder who operates.")
    keys = [public_key(path) for path in people]
    part = folder.absolute().parent / f".{folder.name}.part-{secrets.token_hex(4)}"
    try:
        part.mkdir(parents=True)
        log = new_key(origin, seed=secrets.token_bytes(32))
        private, _ = write_key(
            log, part, passphrase, salt=secrets.token_bytes(16), nonce=secrets.token_bytes(12)
        )
        private.rename(part / LOG_KEY)
        private.with_suffix(".pub").rename(part / "log.pub")
        content = {
            "origin": origin,
            "holder": holder,
            "key": str(log.key),
            "people": [str(key) for key in keys],
        }
        moment = now()
        entry = Entry(index=0, kind="workspace", time="", payload=content, sealed={})
        _obey(Ledger(), entry, {})
        settings = {"origin": origin, "holder": holder, "key": str(log.key)}
        with Store.create(part, settings) as store:
            store.append("workspace", content, now=moment)
        part.rename(folder)
    except OSError as error:
        raise BadInput(f"Can't write {folder}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return log.key


# ---------------------------------------------------------------- trust


def ledger_of(store: Store) -> Ledger:
    """Go through the log and return whose keys and which consents count.

    Raises
    ------
    IntegrityError
        The log holds something that could not have been written by its rules.
    """
    entries = list(store.entries(*TRUST_KINDS))
    named = {str(entry.payload["document"]) for entry in entries if "document" in entry.payload}
    ledger = replay(entries, {digest: store.document(digest) for digest in named})
    if ledger.faults:
        index, reason = ledger.faults[0]
        raise IntegrityError(
            f"Entry {index} of the log in {store.path} breaks a rule: {reason} "
            "Somebody has written into the store beside the program."
        )
    return ledger


def standing(folder: Path | None, moment: datetime | None = None) -> Standing:
    """Return where the consents of a workspace stand.

    Raises
    ------
    BadInput, IntegrityError
        There is no workspace, or its log is not whole.
    """
    with Store.open(find(folder)) as store:
        return trust.living_consents(ledger_of(store), moment or now())


def record(
    folder: Path | None,
    kind: str,
    payload: Mapping[str, Any],
    *,
    document: bytes | None = None,
    seal: Mapping[str, Any] | None = None,
) -> int:
    """Put an entry into a workspace's log: zones, borders, clearance, refusal, flight, track.

    Parameters
    ----------
    folder : Path or None
        The workspace, or the usual one.
    kind : str
        Kind of entry; those that change whom the log trusts have functions of their own.
    payload : mapping
        JSON types.
    document : bytes, optional
        A file that is kept; the entry carries its SHA-256 as ``document``.
    seal : mapping, optional
        Values of which the log carries a salted commitment only.

    Returns
    -------
    int
        Index of the entry.
    """
    if kind in TRUST_KINDS:
        raise Refused(f"Entries of kind {kind} are written by their own commands only.")
    salts = {name: secrets.token_bytes(32) for name in seal or {}}
    with Store.open(find(folder)) as store:
        size, moment = store.size(), now()
        if kind == "clearance":
            _still_living(store, payload, moment)
        entry = NewEntry(kind=kind, payload=payload, document=document, seal=seal)
        # What was looked at a moment ago must still be all there is.
        seen = size if kind == "clearance" else None
        return store.append_all([entry], now=moment, salts=[salts], size=seen)[0]


def _still_living(store: Store, payload: Mapping[str, Any], moment: datetime) -> None:
    """Refuse a clearance whose consents were withdrawn while it was computed."""
    found = trust.living_consents(ledger_of(store), moment)
    gone = set(payload["consents"]) - {consent.digest for consent in found.living}
    if gone:
        raise Refused(
            "A consent was withdrawn while the plan was being cleared. Clear the plan again."
        )


def put(store: Store, kind: str, envelope: bytes, extra: Mapping[str, Any]) -> tuple[int, Ledger]:
    """Append a signed document, if the rules allow it; return its index and the ledger after.

    Raises
    ------
    Refused
        A rule forbids it.
    IntegrityError
        A signature is wrong.
    """
    size = store.size()
    ledger = ledger_of(store)
    digest, moment = digest_of(envelope), now()
    entry = Entry(
        index=size,
        kind=kind,
        time=moment.isoformat(),
        payload={**extra, "document": digest},
        sealed={},
    )
    _obey(ledger, entry, {digest: envelope})
    new = NewEntry(kind=kind, payload=extra, document=envelope)
    return store.append_all([new], now=moment, size=size)[0], ledger


def _obey(ledger: Ledger, entry: Entry, documents: Mapping[str, bytes]) -> None:
    try:
        apply(ledger, entry, documents)
    except RuleBroken as error:
        raise Refused(str(error)) from error
    except VerifyError as error:
        raise IntegrityError(str(error)) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"The document lacks something: {error!r}.") from error


def unlock(path: Path, passphrase: Passphrase) -> SigningKey:
    """Read a private key with its passphrase."""
    if not path.is_file():
        raise BadInput(f"There is no key {path}. Name the .key file that `keys new` wrote.")
    return read_key(path, passphrase(path))
