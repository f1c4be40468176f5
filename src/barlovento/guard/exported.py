"""Check exported logs and proofs to the last byte; also the command of the verifier in one file.

Needs ``verifier.py`` and ``ledger.py`` and nothing else of Barlovento.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from barlovento.guard.ledger import Entry, Ledger, digest_of, read_entry, replay
from barlovento.guard.verifier import (
    Checkpoint,
    VerifierKey,
    VerifyError,
    canonical,
    check_inclusion,
    commitment,
    leaf_hash,
    open_checkpoint,
    parse_key,
    root_of,
    strict_base64,
    strict_json,
)

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
