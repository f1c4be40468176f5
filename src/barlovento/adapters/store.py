"""The workspace's store: entries are rows of SQLite, hashes of tiles are derived from them.

A row is written with everything that belongs to it in one transaction, so that a process which is
killed at any moment leaves a whole log. What entries mean is not known here.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from barlovento.adapters.sqlite_file import TABLES, connect, statements, transaction
from barlovento.domain.height import check_aware
from barlovento.errors import BadInput, IntegrityError, Refused
from barlovento.guard import tree
from barlovento.guard.ledger import Entry, digest_of, read_entry
from barlovento.guard.verifier import (
    VerifyError,
    canonical,
    commitment,
    leaf_hash,
    root_of,
    strict_json,
)

FILE = "barlovento.db"
CACHED_TILES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """What is to be appended.

    Parameters
    ----------
    kind : str
        Kind of entry.
    payload : mapping
        JSON types.
    document : bytes, optional
        Kept beside the log; the entry carries its digest as ``document``.
    seal : mapping
        Values of which the entry carries a salted commitment only.
    """

    kind: str
    payload: Mapping[str, Any]
    document: bytes | None = None
    seal: Mapping[str, Any] | None = None


class Store:
    """One workspace's log and documents.

    Use :meth:`create` or :meth:`open`, as a context or with :meth:`close`.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        # Tiles below the last one of a level never change.
        self._tile = functools.lru_cache(CACHED_TILES)(self._read_tile)

    @classmethod
    def create(cls, folder: Path, settings: Mapping[str, str]) -> Self:
        """Make an empty store in a folder that has none.

        Raises
        ------
        BadInput
            There is one already, or the place can't be written.
        """
        file = folder / FILE
        if file.exists():
            raise BadInput(f"{folder} holds a workspace already. Choose another folder.")
        try:
            connection = connect(file)
        except sqlite3.Error as error:
            raise BadInput(f"Can't write {file}: {error}. Choose another folder.") from error
        with transaction(connection):
            for statement in statements(TABLES):
                connection.execute(statement)
            connection.executemany("INSERT INTO settings VALUES (?, ?)", settings.items())
        return cls(folder, connection)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a store, and see that the last signed checkpoint's size is still there.

        Raises
        ------
        BadInput
            There is no workspace.
        IntegrityError
            The log is shorter than its last checkpoint, or the file is damaged.
        """
        file = folder / FILE
        if not file.is_file():
            raise BadInput(
                f"There is no workspace in {folder}. Make one with `barlovento init DIR`, or name "
                "yours with --workspace."
            )
        try:
            store = cls(folder, connect(file))
            last = store.checkpoint()
            size = store.size()
        except sqlite3.Error as error:
            raise IntegrityError(
                f"{file} is damaged: {error}. Restore it from a copy and check that copy with "
                "`barlovento audit log verify`."
            ) from error
        if last is not None and last[0] > size:
            raise IntegrityError(
                f"The log in {file} has {size} entries, but {last[0]} were signed: it was cut "
                "short. Restore it from a copy."
            )
        return store

    def close(self) -> None:
        """Let the file go."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------ writing

    def append(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        now: datetime,
        salts: Mapping[str, bytes] | None = None,
        seal: Mapping[str, Any] | None = None,
        document: bytes | None = None,
        size: int | None = None,
    ) -> int:
        """Append one entry and return its index; see :meth:`append_all`."""
        entry = NewEntry(kind=kind, payload=payload, document=document, seal=seal)
        return self.append_all([entry], now=now, salts=[salts or {}], size=size)[0]

    def append_all(
        self,
        entries: Sequence[NewEntry],
        *,
        now: datetime,
        salts: Sequence[Mapping[str, bytes]] | None = None,
        size: int | None = None,
    ) -> range:
        """Append entries in one transaction: all of them are there, or none.

        Parameters
        ----------
        entries : sequence of NewEntry
            In their order.
        now : datetime
            Aware UTC; stands in each entry.
        salts : sequence of mapping, optional
            For each entry 32 random bytes for each field that is sealed.
        size : int, optional
            Number of entries that the caller has seen: if there are more meanwhile, somebody
            else has written, and nothing is appended.

        Returns
        -------
        range
            Their indices.

        Raises
        ------
        BadInput
            An entry is too long, or a sealed field has no salt.
        Refused
            Somebody else has written since ``size`` was read.
        """
        time = written(now)
        keys = list(salts) if salts is not None else [{}] * len(entries)
        bodies = [_body(entry, time, salt) for entry, salt in zip(entries, keys, strict=True)]
        with transaction(self._db):
            start = self.size()
            if size is not None and size != start:
                raise Refused(
                    "Somebody else has written into this workspace meanwhile. Look again."
                )
            leaves = [leaf_hash(body) for body in bodies]
            self._db.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?)",
                (
                    (start + i, entry.kind, time, bodies[i], leaves[i])
                    for i, entry in enumerate(entries)
                ),
            )
            for i, (entry, salt) in enumerate(zip(entries, keys, strict=True)):
                if entry.document is not None:
                    self._db.execute(
                        "INSERT OR IGNORE INTO documents VALUES (?, ?)",
                        (digest_of(entry.document), entry.document),
                    )
                for name, value in (entry.seal or {}).items():
                    row = (start + i, name, salt[name], canonical(value))
                    self._db.execute("INSERT INTO sealed VALUES (?, ?, ?, ?)", row)
            self._grow(start, start + len(entries))
        return range(start, start + len(entries))

    def keep_document(self, content: bytes) -> str:
        """Keep a document (zones, borders, a plan) and return its SHA-256."""
        digest = digest_of(content)
        with transaction(self._db):
            self._db.execute("INSERT OR IGNORE INTO documents VALUES (?, ?)", (digest, content))
        return digest

    def keep_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed checkpoint."""
        with transaction(self._db):
            self._db.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (size, note))

    def _grow(self, old: int, new: int) -> None:
        """Write the hashes of the tiles that became full."""
        level, width = 0, tree.WIDTH
        while old // width != new // width:
            for number in range(old // width, new // width):
                hashes = self._hashes(level, number * width, width)
                row = (level + 1, number, root_of(hashes))
                self._db.execute("INSERT INTO nodes VALUES (?, ?, ?)", row)
            old, new, level = old // width, new // width, level + 1

    # ------------------------------------------------------------ reading

    def setting(self, name: str) -> str:
        """Return a setting that was given when the store was made."""
        found = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        if found is None:
            raise IntegrityError(f"The workspace {self.path} lacks its setting {name}.")
        return str(found[0])

    def size(self) -> int:
        """Return the number of entries."""
        found = self._db.execute("SELECT max(idx) FROM entries").fetchone()[0]
        return 0 if found is None else int(found) + 1

    def entries(
        self, *kinds: str, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Entry]:
        """Yield entries in their order, of these kinds or of all, in a span of time or always."""
        words, values = ["1"], list[str]()
        if kinds:
            words.append(f"kind IN ({', '.join('?' * len(kinds))})")
            values += kinds
        for moment, sign in ((since, ">="), (until, "<")):
            if moment is not None:
                words.append(f"time {sign} ?")
                values.append(written(moment))
        query = f"SELECT idx, body FROM entries WHERE {' AND '.join(words)} ORDER BY idx"  # noqa: S608
        for index, body in self._db.execute(query, values):
            try:
                yield read_entry(index, body)
            except VerifyError as error:
                raise IntegrityError(f"{self.path / FILE}: {error}") from error

    def bodies(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of entries in their order."""
        query = "SELECT body FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
        last = self.size() if end is None else end
        for (body,) in self._db.execute(query, (start, last)):
            yield body

    def document(self, digest: str) -> bytes:
        """Return a document by its SHA-256.

        Raises
        ------
        IntegrityError
            It is missing or was changed.
        """
        query = "SELECT content FROM documents WHERE digest = ?"
        found = self._db.execute(query, (digest,)).fetchone()
        if found is None:
            raise IntegrityError(f"The document {digest[:16]} is missing from {self.path}.")
        if digest_of(found[0]) != digest:
            raise IntegrityError(f"The document {digest[:16]} in {self.path} was changed.")
        return bytes(found[0])

    def openings(self) -> Iterator[tuple[int, str, bytes, Any]]:
        """Yield index, field, salt and value of everything that is sealed."""
        query = "SELECT idx, field, salt, value FROM sealed ORDER BY idx, field"
        for index, name, salt, value in self._db.execute(query):
            yield index, name, salt, strict_json(value)

    def checkpoint(self) -> tuple[int, str] | None:
        """Return size and note of the last signed checkpoint."""
        query = "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1"
        found = self._db.execute(query).fetchone()
        return (int(found[0]), str(found[1])) if found else None

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of the whole subtree over entries ``index * 2**level`` and following."""
        above, rest = divmod(level, 8)
        count, first = 1 << rest, index << rest
        hashes = self._tile(above, first // tree.WIDTH)
        inside = first % tree.WIDTH
        if inside + count > len(hashes):
            self._tile.cache_clear()
            hashes = self._tile(above, first // tree.WIDTH)
        if inside + count > len(hashes):
            raise IntegrityError(f"Hashes of the log in {self.path} are missing.")
        return root_of(hashes[inside : inside + count])

    def root(self, size: int | None = None) -> bytes:
        """Return the root over all entries, or over the first ``size`` of them."""
        return tree.root(self.size() if size is None else size, self.node)

    def _read_tile(self, level: int, number: int) -> list[bytes]:
        return self._hashes(level, number * tree.WIDTH, tree.WIDTH)

    def _hashes(self, level: int, start: int, count: int) -> list[bytes]:
        if level == 0:
            query = "SELECT leaf FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx"
            rows = self._db.execute(query, (start, start + count))
        else:
            query = "SELECT hash FROM nodes WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx"
            rows = self._db.execute(query, (level, start, start + count))
        return [row[0] for row in rows]


def written(moment: datetime) -> str:
    """Return an aware time as it stands in the log: UTC with milliseconds."""
    check_aware("The time", moment)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _body(entry: NewEntry, time: str, salts: Mapping[str, bytes]) -> bytes:
    payload = dict(entry.payload)
    if entry.document is not None:
        payload["document"] = digest_of(entry.document)
    content: dict[str, Any] = {"kind": entry.kind, "time": time, "payload": payload}
    if entry.seal:
        if set(salts) != set(entry.seal):
            raise BadInput("Each sealed field needs a salt of its own.")
        content["sealed"] = {
            name: commitment(salts[name], name, value) for name, value in entry.seal.items()
        }
    body = canonical(content)
    if len(body) > tree.LONGEST_ENTRY:
        raise BadInput(
            f"An entry of {len(body)} bytes is too long for the log, which takes "
            f"{tree.LONGEST_ENTRY}. Put what is long into a document."
        )
    return body
