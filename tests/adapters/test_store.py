"""The store: append-only, whole after a kill at any write, hashes derived from rows."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from barlovento.adapters.sqlite_file import connect
from barlovento.adapters.store import FILE, NewEntry, Store
from barlovento.errors import BadInput, IntegrityError, Refused
from barlovento.guard import tree
from barlovento.guard.verifier import check_inclusion, commitment, leaf_hash, root_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTINGS = {"origin": "example.org/watch"}


def some(count: int, start: int = 0) -> list[NewEntry]:
    return [NewEntry(kind="flight", payload={"id": f"F-{start + i}"}) for i in range(count)]


def test_entries_come_back_in_order_and_are_in_the_tree(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store:
        for start in (0, 100, 700):
            store.append_all(some({0: 100, 100: 600, 700: 1}[start], start), now=NOON)
    with Store.open(tmp_path) as store:
        assert [e.payload["id"] for e in store.entries()] == [f"F-{i}" for i in range(701)]
        leaves = [leaf_hash(body) for body in store.bodies()]
        assert store.root() == root_of(leaves)
        for index in (0, 255, 256, 700):
            check_inclusion(
                index, 701, leaves[index], tree.inclusion(index, 701, store.node), store.root()
            )
        for size in range(0, 701, 50):
            assert store.root(size) == root_of(leaves[:size])


def test_rows_can_be_neither_changed_nor_deleted_by_the_program(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store:
        store.append_all(some(3), now=NOON)
    connection = connect(tmp_path / FILE)
    for statement in ("UPDATE entries SET body = x'00'", "DELETE FROM entries WHERE idx = 2"):
        with pytest.raises(sqlite3.IntegrityError, match="never"):
            connection.execute(statement)
    connection.close()


def test_one_bad_entry_keeps_all_of_its_batch_out(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store:
        with pytest.raises(BadInput, match="too long"):
            store.append_all(
                [*some(2), NewEntry(kind="flight", payload={"id": "x" * 70_000})], now=NOON
            )
        assert store.size() == 0


def test_who_writes_on_what_is_old_is_told(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store, Store.open(tmp_path) as other:
        seen = store.size()
        other.append_all(some(1), now=NOON)
        with pytest.raises(Refused, match="Somebody else"):
            store.append_all(some(1), now=NOON, size=seen)
        assert store.size() == 1


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store, pytest.raises(BadInput, match="zone"):
        store.append("flight", {}, now=NOON.replace(tzinfo=None))


def test_spans_of_time_hold_their_begin_and_not_their_end(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store:
        for hour in range(4):
            store.append("flight", {"id": str(hour)}, now=NOON + timedelta(hours=hour))
        found = store.entries(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=3))
        assert [entry.payload["id"] for entry in found] == ["1", "2"]


def test_a_sealed_value_is_a_commitment_that_its_salt_opens(tmp_path: Path) -> None:
    salt = bytes(range(32))
    with Store.create(tmp_path, SETTINGS) as store:
        store.append("flight", {"id": "F"}, now=NOON, seal={"base": "north"}, salts={"base": salt})
        (entry,) = store.entries()
        assert entry.sealed["base"] == commitment(salt, "base", "north")
        assert entry.sealed["base"] != commitment(salt, "base", "south")
        assert entry.sealed["base"] != commitment(bytes(32), "base", "north")
        assert b"north" not in next(store.bodies())
        assert list(store.openings()) == [(0, "base", salt, "north")]
        with pytest.raises(BadInput, match="salt"):
            store.append("flight", {"id": "F"}, now=NOON, seal={"base": "north"})


def test_a_document_that_was_changed_is_noticed(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store:
        digest = store.keep_document(b"a plan")
        assert store.document(digest) == b"a plan"
    connection = connect(tmp_path / FILE)
    connection.execute("UPDATE documents SET content = x'00'")
    connection.close()
    with Store.open(tmp_path) as store, pytest.raises(IntegrityError, match="changed"):
        store.document(digest)


def test_a_log_shorter_than_its_signed_checkpoint_is_noticed(tmp_path: Path) -> None:
    with Store.create(tmp_path, SETTINGS) as store:
        store.append_all(some(5), now=NOON)
        store.keep_checkpoint(6, "note")
    with pytest.raises(IntegrityError, match="cut short"):
        Store.open(tmp_path)


def test_no_workspace_and_rubbish_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="barlovento init"):
        Store.open(tmp_path)
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    with pytest.raises(IntegrityError, match="damaged"):
        Store.open(tmp_path)


WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from barlovento.adapters.store import NewEntry, Store

with Store.open(Path(sys.argv[1])) as store:
    while True:
        size = store.size()
        batch = [
            NewEntry(kind="flight", payload={"id": f"F-{size + i}"}, document=b"%d" % (size + i))
            for i in range(1 + size % 97)
        ]
        done = store.append_all(batch, now=datetime.now(UTC))
        print(done.stop, flush=True)
"""


def test_a_kill_at_any_moment_leaves_the_log_whole(tmp_path: Path) -> None:
    generator = random.Random(7)
    with Store.create(tmp_path, SETTINGS):
        pass
    before = 0
    for _ in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        told = [writer.stdout.readline()]
        time.sleep(generator.uniform(0.0, 0.15))
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        # The last line may be cut by the kill; every whole one was answered for.
        answered = int([line for line in told if line.endswith("\n")][-1])
        with Store.open(tmp_path) as store:
            entries = list(store.entries())
            assert len(entries) == store.size() >= answered > before
            assert [e.payload["id"] for e in entries] == [f"F-{i}" for i in range(len(entries))]
            assert store.root() == root_of(leaf_hash(body) for body in store.bodies())
            for entry in (entries[0], entries[-1]):
                number = str(entry.index).encode()
                assert store.document(entry.payload["document"]) == number
            before = store.size()
