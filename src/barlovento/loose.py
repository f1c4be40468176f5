"""Consents that lie in a folder as signed envelopes, judged by the pins of a log.

Whose key speaks for which state is told by the log of a workspace, or by an exported log whose own
key is known; never by the folder. Each envelope has to pass the rules of the log itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from barlovento.adapters.files import checked, read_bytes
from barlovento.adapters.store import FILE, Store
from barlovento.domain.airspace import Consent
from barlovento.domain.permission import Standing
from barlovento.errors import BadInput, IntegrityError
from barlovento.fly.datum import check_datum
from barlovento.guard import trust
from barlovento.guard.consents import read_consent
from barlovento.guard.exported import verify_file
from barlovento.guard.ledger import (
    CONSENT,
    KEY_REVOCATION,
    REVOCATION,
    Entry,
    Ledger,
    apply,
    digest_of,
)
from barlovento.guard.verifier import VerifyError, parse_key
from barlovento.permission_workspace import find, ledger_of

KINDS = {CONSENT: "consent", REVOCATION: "revocation", KEY_REVOCATION: "revocation"}
"""Kinds of envelopes that a folder may hold, and of the entries that would carry them."""

LOOSE = 1 << 53
"""Index of what is in no log: after every entry of one."""

NEVER = datetime(9999, 12, 31, tzinfo=UTC).isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Consents that shall count, and the log behind them.

    Parameters
    ----------
    home : Path or None
        Workspace whose log is written; None where pins come from an exported log.
    ledger : Ledger
        Keys, consents and withdrawals, those of the folder included.
    chosen : frozenset of str or None
        Digests of the folder's consents; None where all of the log's count.
    logged : frozenset of str
        Digests of consents that are in the log.
    aside : tuple of str
        Envelopes of the folder that don't count, with the reason.
    """

    home: Path | None
    ledger: Ledger
    chosen: frozenset[str] | None
    logged: frozenset[str]
    aside: tuple[str, ...]

    def standing(self, moment: datetime) -> Standing:
        """Return where the chosen consents stand at a moment.

        Parameters
        ----------
        moment : datetime
            Aware.
        """
        found = trust.living_consents(self.ledger, moment)
        if self.chosen is None:
            return found
        return Standing(
            living=tuple(c for c in found.living if c.digest in self.chosen),
            rejected=tuple(r for r in found.rejected if r.digest in self.chosen),
            revoked=found.revoked,
        )

    def in_their_time(self) -> list[Consent]:
        """Return the chosen consents, each cut to the time in which it stood.

        One that was signed after a flight did not cover it; one that was withdrawn later did.
        """
        found: list[Consent] = []
        for digest, signed in self.ledger.consents.items():
            if self.chosen is not None and digest not in self.chosen:
                continue
            consent = read_consent(signed.payload, digest=digest, key_id=signed.key_id)
            ends = [consent.volume.when.valid_until] if consent.volume.when.valid_until else []
            if digest in self.ledger.revoked:
                ends.append(datetime.fromisoformat(self.ledger.revoked[digest].time))
            starts = [datetime.fromisoformat(signed.time)]
            if consent.volume.when.valid_from:
                starts.append(consent.volume.when.valid_from)
            start, end = max(starts), min(ends, default=None)
            if end is not None and end <= start:
                continue
            when = replace(consent.volume.when, valid_from=start, valid_until=end)
            found.append(replace(consent, volume=replace(consent.volume, when=when)))
        return found


def gather(
    consents: Path | None,
    *,
    workspace: Path | None = None,
    pins: Path | None = None,
    key: str | None = None,
) -> Gathered:
    """Return the consents of a workspace, or of a folder of envelopes.

    Parameters
    ----------
    consents : Path or None
        A workspace, or a folder of DSSE envelopes (.json); none is the workspace itself.
    workspace : Path, optional
        Whose pins judge the folder, and whose log is written.
    pins : Path, optional
        An exported log whose pins do that in place of a workspace's.
    key : str, optional
        The exported log's key, as it is known from elsewhere.

    Raises
    ------
    BadInput
        There is no workspace, or a file of the folder can't be read: it may be a withdrawal.
    IntegrityError
        The exported log is not what its key signed.
    """
    if consents is None or (consents / FILE).is_file():
        if pins is not None:
            raise BadInput(
                "--pins judges a folder of signed consents. Name that with --consents DIR."
            )
        named = find(consents or workspace)
        ledger = _ledger(named)
        return Gathered(
            home=named, ledger=ledger, chosen=None, logged=frozenset(ledger.consents), aside=()
        )
    files = _files(consents)
    home = _home(consents, workspace) if pins is None else None
    if pins is None:
        assert home is not None
        ledger = _ledger(home)
    elif workspace is None:
        ledger = _exported(pins, key)
    else:
        raise BadInput("Pins come from --pins or from --workspace. Leave one of them away.")
    logged = frozenset(ledger.consents)
    chosen, aside = _taken(files, ledger)
    return Gathered(home=home, ledger=ledger, chosen=chosen, logged=logged, aside=tuple(aside))


def _home(consents: Path, workspace: Path | None) -> Path:
    try:
        return find(workspace)
    except BadInput as error:
        raise BadInput(
            f"{consents} holds signed consents, but nobody says whose keys they are: {error} Or "
            "give an exported log with --pins FILE and its --key."
        ) from error


def _ledger(home: Path) -> Ledger:
    with Store.open(home) as store:
        return ledger_of(store)


def _exported(pins: Path, key: str | None) -> Ledger:
    """Return the ledger of an exported log whose key is known."""
    if key is None:
        raise BadInput(
            f"{pins} could be a forged log with a key of its own. Give the log's public key with "
            "--key, as you know it from elsewhere."
        )
    known = checked(Path("--key"), lambda: parse_key(key))
    try:
        data = pins.read_bytes()
    except OSError as error:
        raise BadInput(f"Can't read {pins}: {error.strerror or error}.") from error
    try:
        found = verify_file(data, key=known)
    except VerifyError as error:
        raise IntegrityError(f"{pins}: {error}") from error
    if not found.whole:
        raise BadInput(f"{pins} is a proof, not a whole log: it may leave a revocation out.")
    return found.ledger


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise BadInput(f"{folder} is neither a workspace nor a folder of signed consents.")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".json")
    if not files:
        raise BadInput(
            f"{folder} is no workspace, and holds no signed consent (.json). Name another folder."
        )
    return files


def _taken(files: Sequence[Path], ledger: Ledger) -> tuple[frozenset[str], list[str]]:
    """Let the ledger take what its rules allow; return the consents, and why others don't count."""
    read = []
    for path in files:
        data = read_bytes(path).rstrip(b"\n")
        # A file that can't be read may be a withdrawal, so nothing goes on without it.
        kind, payload, _ = checked(path, partial(trust.envelope_parts, data))
        said = checked(path, partial(trust.payload_of, data))
        check_datum(said, path.name)
        read.append((path, data, kind, digest_of(payload), said))
    chosen, aside = set(), []
    # Consents first: a withdrawal names one that is known.
    for path, data, kind, digest, said in sorted(read, key=lambda one: one[2] != CONSENT):
        if kind not in KINDS:
            aside.append(f"{path.name}: it carries {kind}; pins and new keys are taken from a log.")
            continue
        if kind == CONSENT and digest in ledger.consents:
            chosen.add(digest)
            continue
        document = digest_of(data)
        entry = Entry(
            index=LOOSE,
            kind=KINDS[kind],
            time=_time(said),
            payload={"document": document},
            sealed={},
        )
        try:
            apply(ledger, entry, {document: data})
        except (VerifyError, KeyError, TypeError, AttributeError, ValueError) as error:
            aside.append(f"{path.name}: {error}")
            continue
        if kind == CONSENT:
            chosen.add(digest)
    return frozenset(chosen), aside


def _time(content: Any) -> str:
    """Return when a document says that it was made, in UTC; what says nothing comes last."""
    found = content if isinstance(content, dict) else {}
    properties = found.get("properties")
    said = properties.get("issued_at") if isinstance(properties, dict) else found.get("at")
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return NEVER
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else NEVER
