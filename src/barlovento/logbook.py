"""What outsiders get of a log: signed checkpoints, whole exports, tiles, proofs and reports."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from barlovento.adapters.files import checked, read_bytes, write_new
from barlovento.adapters.store import Store
from barlovento.errors import BadInput, IntegrityError, Refused
from barlovento.guard import tree, trust
from barlovento.guard.exported import LOG, PROOF, Verified, verify_file
from barlovento.guard.ledger import TRUST_KINDS, Entry
from barlovento.guard.verifier import (
    Checkpoint,
    VerifyError,
    canonical,
    leaf_hash,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    parse_key,
    root_of,
    strict_json,
)
from barlovento.permission_workspace import LOG_KEY, Passphrase, find, now, unlock
from barlovento.share import period

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogState:
    """How a log stands.

    Parameters
    ----------
    origin : str
        Its name.
    key : str
        Its public key.
    size : int
        Number of entries.
    signed : int
        Number of entries under the last signed checkpoint.
    kinds : tuple of (str, int)
        How many entries of each kind.
    """

    origin: str
    key: str
    size: int
    signed: int
    kinds: tuple[tuple[str, int], ...]


def state(folder: Path | None) -> LogState:
    """Return how the log stands, with every hash computed anew from the entries.

    Raises
    ------
    IntegrityError
        An entry is not what it was.
    """
    with Store.open(find(folder)) as store:
        check(store)
        counts: dict[str, int] = {}
        for entry in store.entries():
            counts[entry.kind] = counts.get(entry.kind, 0) + 1
        last = store.checkpoint()
        return LogState(
            origin=store.setting("origin"),
            key=store.setting("key"),
            size=store.size(),
            signed=last[0] if last else 0,
            kinds=tuple(sorted(counts.items())),
        )


def check(store: Store) -> None:
    """Raise unless the entries give the kept hashes and the last signed root.

    Raises
    ------
    IntegrityError
        They don't.
    """
    leaves = [leaf_hash(body) for body in store.bodies()]
    if root_of(leaves) != store.root():
        raise IntegrityError(
            f"An entry of the log in {store.path} was changed beside the program. Restore the "
            "workspace from a copy."
        )
    last = store.checkpoint()
    if last is None:
        return
    try:
        signed = open_checkpoint(last[1], parse_key(store.setting("key")))
    except VerifyError as error:
        raise IntegrityError(f"The kept checkpoint is broken: {error}") from error
    if signed.size > len(leaves) or root_of(leaves[: signed.size]) != signed.root:
        raise IntegrityError(
            f"The log in {store.path} no longer holds the {signed.size} entries that were signed. "
            "Restore the workspace from a copy."
        )


def checkpoint(folder: Path | None, passphrase: Passphrase) -> str:
    """Sign the log as it stands, after checking that it only grew; return the note."""
    with Store.open(find(folder)) as store:
        return _signed(store, passphrase)


def _signed(store: Store, passphrase: Passphrase) -> str:
    size, last = store.size(), store.checkpoint()
    if last is not None and last[0] == size:
        return last[1]
    check(store)
    signing = unlock(store.path / LOG_KEY, passphrase)
    if str(signing.key) != store.setting("key"):
        raise Refused(f"{store.path / LOG_KEY} is not the key of this log.")
    head = Checkpoint(origin=store.setting("origin"), size=size, root=store.root(size))
    note = trust.sign_note(str(head), signing.key, signing.sign)
    store.keep_checkpoint(size, note)
    return note


def export(
    folder: Path | None, out: Path, passphrase: Passphrase, *, unseal: bool = False
) -> Verified:
    """Write the whole log with its documents into one file, and verify that file.

    Parameters
    ----------
    folder : Path or None
        The workspace.
    out : Path
        The file.
    passphrase : callable
        Asks for the passphrase of the log's key.
    unseal : bool
        Whether sealed values are given too.
    """
    with Store.open(find(folder)) as store:
        note = _signed(store, passphrase)
        size = parse_checkpoint(note.rpartition("\n\n")[0] + "\n").size
        named = {
            str(e.payload["document"])
            for e in store.entries()
            if e.index < size and "document" in e.payload
        }
        content = {
            "schema": LOG,
            "key": store.setting("key"),
            "checkpoint": note,
            "entries": [body.decode("utf-8") for body in store.bodies(0, size)],
            "documents": {digest: _text(store.document(digest)) for digest in sorted(named)},
            "openings": [
                {"index": index, "field": name, "salt": _text(salt), "value": value}
                for index, name, salt, value in (store.openings() if unseal else ())
                if index < size
            ],
        }
    data = canonical(content) + b"\n"
    found = _verified(out, lambda: verify_file(data))
    write_new(out, data)
    return found


def write_tiles(folder: Path | None, out: Path, passphrase: Passphrase) -> int:
    """Write checkpoint, tiles and bundles of entries as c2sp.org/tlog-tiles lays them out."""
    with Store.open(find(folder)) as store:
        note = _signed(store, passphrase)
        size = store.size()
        if out.exists():
            raise BadInput(f"{out} exists already. Choose another folder.")
        for level, number, width in tree.tiles(size):
            hashes = [store.node(8 * level, number * tree.WIDTH + i) for i in range(width)]
            _put(out / tree.tile_path(level, number, width), b"".join(hashes))
            if level == 0:
                start = number * tree.WIDTH
                entries = list(store.bodies(start, start + width))
                _put(out / tree.tile_path("entries", number, width), tree.bundle(entries))
        _put(out / "checkpoint", note.encode("utf-8"))
        return size


def verify(
    file: Path, *, key: str | None = None, older: Sequence[Path] = ()
) -> tuple[Verified, bool]:
    """Check an exported log or a proof; return what it is, and whether its key was known.

    Raises
    ------
    IntegrityError
        Something in it is not what its hash or signature says.
    """
    known = checked(Path("--key"), lambda: parse_key(key)) if key else None
    notes = [read_text(path) for path in older]
    data = _all_bytes(file)
    return _verified(file, lambda: verify_file(data, key=known, older=notes)), known is not None


def prove(folder: Path | None, flight: str, out: Path, passphrase: Passphrase) -> Verified:
    """Write a proof that a flight was cleared on consents signed by the states' keys.

    Parameters
    ----------
    folder : Path or None
        The workspace.
    flight : str
        Name of a flight, or of a plan that was cleared.
    out : Path
        The file.
    passphrase : callable
        Asks for the passphrase of the log's key.

    Raises
    ------
    BadInput
        There is no such flight or cleared plan.
    Refused
        It was flown without a clearance: there is nothing to prove.
    """
    with Store.open(find(folder)) as store:
        note = _signed(store, passphrase)
        size = parse_checkpoint(note.rpartition("\n\n")[0] + "\n").size
        entries = _about(store, flight)
        named = {str(e.payload["document"]) for e in entries if "document" in e.payload}
        bodies = {e.index: next(store.bodies(e.index, e.index + 1)) for e in entries}
        content = {
            "schema": PROOF,
            "key": store.setting("key"),
            "flight": flight,
            "checkpoint": note,
            "entries": [
                {
                    "index": index,
                    "entry": body.decode("utf-8"),
                    "path": [_text(h) for h in tree.inclusion(index, size, store.node)],
                }
                for index, body in sorted(bodies.items())
            ],
            "documents": {digest: _text(store.document(digest)) for digest in sorted(named)},
        }
    data = canonical(content) + b"\n"
    found = _verified(out, lambda: verify_file(data))
    write_new(out, data)
    return found


def _about(store: Store, flight: str) -> list[Entry]:
    """Return the entries that a proof needs: flight, clearances, consents and all trust."""
    flights = [e for e in store.entries("flight") if e.payload["id"] == flight]
    plans = {str(e.payload["plan_digest"]) for e in flights}
    cleared = [
        e
        for e in store.entries("clearance")
        if e.payload["plan_digest"] in plans or (not flights and e.payload["plan"] == flight)
    ]
    if not flights and not cleared:
        raise BadInput(f"There is neither a flight nor a cleared plan called {flight} in the log.")
    unbound = [e for e in flights if "clearance" in e.payload and e.payload["clearance"] is None]
    if not cleared or unbound:
        raise Refused(f"Flight {flight} has no clearance in the log: there is nothing to prove.")
    needed = {digest for e in cleared for digest in e.payload["consents"]}
    trusted = []
    for entry in store.entries(*TRUST_KINDS):
        about = entry.payload.get("consent")
        if about is None or about in needed:
            trusted.append(entry)
    return sorted([*flights, *cleared, *trusted], key=lambda entry: entry.index)


def witness(
    file: Path, *, by: Path, seen: Path | None, out: Path, key: str, passphrase: Passphrase
) -> int:
    """Check as a witness that a log only grew, and add a cosignature to its checkpoint.

    Parameters
    ----------
    file : Path
        The exported log.
    by : Path
        The witness's private key.
    seen : Path or None
        The checkpoint this witness cosigned last; none the first time.
    out : Path
        Where the cosigned checkpoint is written.
    key : str
        The log's key.
    passphrase : callable
        Asks for the witness's passphrase.

    Returns
    -------
    int
        Number of entries cosigned.

    Raises
    ------
    IntegrityError
        The log is broken, or does not hold what the witness has seen.
    """
    signing = unlock(by, passphrase)
    if signing.key.kind != 4:
        raise Refused(f"{by} is not a witness's key. Make one with `keys new --witness`.")
    older = []
    if seen is not None:
        text = read_text(seen)
        signed = _verified(seen, lambda: open_note(text, [signing.key]))
        if not signed[1]:
            raise Refused(f"{seen} was not cosigned by {signing.key.name}.")
        older = [text]
    known = checked(Path("--key"), lambda: parse_key(key))
    data = _all_bytes(file)
    found = _verified(file, lambda: verify_file(data, key=known, older=older))
    note = str(_content(data)["checkpoint"])
    write_new(out, trust.cosign(note, signing.key, signing.sign, now()).encode("utf-8"))
    return found.checkpoint.size


def period_report(
    folder: Path | None, since: datetime | None, until: datetime | None
) -> period.Period:
    """Return what happened in a span of time, its end not included."""
    with Store.open(find(folder)) as store:
        return period.period(
            store.entries(since=since, until=until),
            store.entries("clearance"),
            origin=store.setting("origin"),
            since=since,
            until=until,
        )


def read_text(path: Path) -> str:
    """Read a small text, such as a checkpoint."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not a text in UTF-8.") from error


def _content(data: bytes) -> dict[str, Any]:
    content: dict[str, Any] = strict_json(data)
    return content


def _all_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"Can't read {path}: {error.strerror or error}.") from error


def _verified(path: Path, read: Callable[[], Found]) -> Found:
    try:
        return read()
    except VerifyError as error:
        raise IntegrityError(f"{path}: {error}") from error


def _put(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"Can't write {path}: {error.strerror or error}.") from error
    write_new(path, content)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
