"""Attacks on the log, and its speed: flipped bytes, 20,000 changed logs, appends, a proof in 1 M.

Every byte of a checkpoint and of a proof is changed in all 255 ways or in 8 bits; a log of 10,000
entries is changed, cut, swapped, doubled and rolled back at random. Each must be seen.
"""

from __future__ import annotations

import base64
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from barlovento.adapters.keys import SigningKey, new_key
from barlovento.adapters.store import NewEntry, Store
from barlovento.guard import tree, trust
from barlovento.guard.exported import LOG, PROOF, verify_file
from barlovento.guard.ledger import CONSENT, PIN, digest_of
from barlovento.guard.verifier import (
    Checkpoint,
    VerifyError,
    canonical,
    check_inclusion,
    leaf_hash,
    open_checkpoint,
    root_of,
)
from running import Progress, arguments, report, table

START = datetime(2026, 11, 23, tzinfo=UTC)
ORIGIN = "example.org/watch"
BATCH = 1000


def key(name: str) -> SigningKey:
    """Return a key that is the same for the same name."""
    return new_key(name, seed=name.encode().ljust(32, b"."))


def flights(start: int, count: int) -> list[NewEntry]:
    """Return entries such as the log holds."""
    return [
        NewEntry(
            kind="flight",
            payload={"id": f"F-{i}", "plan_digest": digest_of(b"%d" % i), "aircraft": "X-1"},
        )
        for i in range(start, start + count)
    ]


def begun(folder: Path) -> Store:
    """Return a log with people, a pinned key, a consent and a clearance."""
    log, ana, ben, state = key(ORIGIN), key("ana"), key("ben"), key("aa")
    store = Store.create(folder, {"origin": ORIGIN, "key": str(log.key)})
    people = [str(person.key) for person in (ana, ben)]
    store.append("workspace", {"key": str(log.key), "people": people}, now=START)
    pin = canonical({"key": str(state.key), "role": "authority", "state": "AA"})
    for person in (ana, ben):
        document = trust.seal_envelope(PIN, pin, {person.key.id: person.sign})
        store.append("pin", {}, now=START, document=document)
    consent = canonical({"type": "Feature", "properties": {"id": "C", "authority": "AA"}})
    document = trust.seal_envelope(CONSENT, consent, {state.key.id: state.sign})
    store.append("consent", {"consent": digest_of(consent)}, now=START, document=document)
    cleared = {"plan": "F-7", "plan_digest": digest_of(b"7"), "consents": [digest_of(consent)]}
    store.append("clearance", cleared, now=START)
    return store


def note_of(store: Store, size: int) -> str:
    """Return the signed checkpoint of a size."""
    log = key(ORIGIN)
    body = str(Checkpoint(origin=ORIGIN, size=size, root=store.root(size)))
    return trust.sign_note(body, log.key, log.sign)


def documents(store: Store, indices: list[int]) -> dict[str, str]:
    """Return the documents of some entries."""
    named = {
        str(e.payload["document"])
        for e in store.entries("pin", "consent")
        if e.index in set(indices)
    }
    return {name: base64.b64encode(store.document(name)).decode() for name in sorted(named)}


def proof_of(store: Store) -> dict[str, Any]:
    """Return the proof of flight F-7: entries of trust, its clearance and itself."""
    size = store.size()
    flight = next(e.index for e in store.entries("flight") if e.payload["id"] == "F-7")
    places = [*range(5), flight]
    return {
        "schema": PROOF,
        "key": str(key(ORIGIN).key),
        "flight": "F-7",
        "checkpoint": note_of(store, size),
        "entries": [
            {
                "index": place,
                "entry": next(store.bodies(place, place + 1)).decode(),
                "path": [
                    base64.b64encode(h).decode() for h in tree.inclusion(place, size, store.node)
                ],
            }
            for place in places
        ],
        "documents": documents(store, places),
    }


def broken(data: bytes) -> bool:
    """Tell whether a file is seen to be broken."""
    try:
        verify_file(data, key=key(ORIGIN).key)
    except VerifyError:
        return True
    return False


def flip_bytes(store: Store, random: Random, quick: bool) -> dict[str, Any]:
    """Change every byte of a checkpoint and of a proof."""
    log, note = key(ORIGIN).key, note_of(store, store.size()).encode()
    tried = seen = 0
    for place in range(len(note)):
        for change in range(1, 256, 16 if quick else 1):
            changed = note[:place] + bytes([note[place] ^ change]) + note[place + 1 :]
            tried += 1
            try:
                open_checkpoint(changed.decode("utf-8"), log)
            except (VerifyError, UnicodeDecodeError):
                seen += 1
    proof = canonical(proof_of(store)) + b"\n"
    if broken(proof):
        raise SystemExit("the whole proof is refused: nothing can be learnt from broken ones")
    found = {"checkpoint_bytes": len(note), "checkpoint": tried, "checkpoint_seen": seen}
    tried = seen = 0
    places = range(0, len(proof), 37 if quick else 1)
    progress = Progress(1 + len(places) // 1000, "proof")
    for count, place in enumerate(places):
        change = 1 << random.randrange(8)
        tried += 1
        seen += broken(proof[:place] + bytes([proof[place] ^ change]) + proof[place + 1 :])
        if count % 1000 == 0:
            progress.step()
    return found | {"proof_bytes": len(proof), "proof": tried, "proof_seen": seen}


def attack(texts: list[bytes], random: Random) -> tuple[str, list[bytes]]:
    """Return the entries of a log after something was done to them."""
    changed, place = list(texts), random.randrange(len(texts))
    what = random.choice(("change", "delete", "swap", "insert", "double", "cut", "move"))
    if what == "change":
        entry = changed[place]
        at = random.randrange(len(entry))
        changed[place] = (
            entry[:at] + bytes([entry[at] ^ (1 << random.randrange(8))]) + entry[at + 1 :]
        )
    elif what == "delete":
        del changed[place]
    elif what == "swap":
        other = random.choice(
            [
                i
                for i in (place - 1, place + 1, random.randrange(len(texts)))
                if 0 <= i < len(texts) and i != place
            ]
            or [0]
        )
        changed[place], changed[other] = changed[other], changed[place]
    elif what == "insert":
        changed.insert(place, b'{"kind":"flight","payload":{},"time":"2026-11-23T00:00:00.000Z"}')
    elif what == "double":
        changed.insert(place, changed[place])
    elif what == "cut":
        del changed[place:]
    else:
        changed.insert(random.randrange(len(texts)), changed.pop(place))
    return what, changed


def attack_logs(store: Store, random: Random, count: int) -> dict[str, Any]:
    """Change a log at random; its checkpoint, an older one, or both must show it."""
    size = store.size()
    texts = list(store.bodies())
    leaves = {text: leaf_hash(text) for text in texts}
    log, note, older = key(ORIGIN).key, note_of(store, size), note_of(store, size * 2 // 3)
    kinds: dict[str, list[int]] = {}
    whole = 0
    progress = Progress(count // 100, "logs, hundreds")
    for number in range(count):
        what, changed = attack(texts, random)
        if changed == texts:
            whole += 1
            continue
        tried = kinds.setdefault(what, [0, 0])
        tried[0] += 1
        # The same checks as of a whole file, without writing 10,000 entries as JSON each time.
        hashes = [leaves.get(text) or leaf_hash(text) for text in changed]
        head = open_checkpoint(note, log)
        tried[1] += len(hashes) != head.size or root_of(hashes) != head.root
        if number % 100 == 99:
            progress.step()
    # Rolled back and forked logs are signed by the log itself: only an older checkpoint shows them.
    signed = {}
    for name, entries, held in (
        ("rolled back", texts[: size // 2], older),
        ("forked", [*texts[: size // 2], *reversed(texts[size // 2 :])], older),
    ):
        hashes = [leaf_hash(text) for text in entries]
        signing = key(ORIGIN)
        body = str(Checkpoint(origin=ORIGIN, size=len(hashes), root=root_of(hashes)))
        content = {
            "schema": LOG,
            "key": str(log),
            "checkpoint": trust.sign_note(body, signing.key, signing.sign),
            "entries": [text.decode() for text in entries],
            "documents": documents(store, list(range(5))),
            "openings": [],
        }
        data = canonical(content) + b"\n"
        try:
            verify_file(data, key=log, older=[held])
            signed[name] = False
        except VerifyError:
            signed[name] = True
    tried_all = sum(pair[0] for pair in kinds.values())
    seen = sum(pair[1] for pair in kinds.values())
    return {"tried": tried_all, "seen": seen, "no_change": whole, "kinds": kinds, "signed": signed}


def files_seen(store: Store, random: Random, count: int) -> dict[str, int]:
    """Change whole exported files as an outsider gets them, every check running."""
    size = store.size()
    texts = list(store.bodies())
    content: dict[str, Any] = {
        "schema": LOG,
        "key": str(key(ORIGIN).key),
        "checkpoint": note_of(store, size),
        "documents": documents(store, list(range(5))),
        "openings": [],
    }
    if broken(canonical({**content, "entries": [t.decode() for t in texts]}) + b"\n"):
        raise SystemExit("the whole log is refused: nothing can be learnt from broken ones")
    tried = seen = 0
    for _ in range(count):
        _, changed = attack(texts, random)
        if changed != texts:
            decoded = [text.decode("utf-8", "replace") for text in changed]
            tried += 1
            seen += broken(canonical({**content, "entries": decoded}) + b"\n")
    return {"tried": tried, "seen": seen}


def append_rate(folder: Path, count: int) -> tuple[Store, float, float]:
    """Return a store with many entries, and how many were appended in a second, wall and CPU."""
    store = Store.create(folder, {"origin": ORIGIN})
    took, worked = 0.0, 0.0
    for start in range(0, count, BATCH):
        entries, moment = flights(start, BATCH), START + timedelta(seconds=start)
        begin, work = time.perf_counter(), time.process_time()
        store.append_all(entries, now=moment)
        took += time.perf_counter() - begin
        worked += time.process_time() - work
    return store, count / took, count / worked


def proof_times(store: Store, random: Random, count: int) -> dict[str, float]:
    """Return how long it takes to make and to check a proof of one entry [s]."""
    size, log, note = store.size(), key(ORIGIN).key, note_of(store, store.size())
    making, checking = [], []
    for _ in range(count):
        place = random.randrange(size)
        begin = time.perf_counter()
        path = tree.inclusion(place, size, store.node)
        body = next(store.bodies(place, place + 1))
        middle = time.perf_counter()
        head = open_checkpoint(note, log)
        check_inclusion(place, head.size, leaf_hash(body), path, head.root)
        making.append(middle - begin)
        checking.append(time.perf_counter() - middle)
    return {"making_s": max(making), "checking_s": max(checking), "hashes": len(path)}


def main() -> int:
    """Run the benchmark."""
    options = arguments(__doc__ or "").parse_args()
    quick, random = options.quick, Random(1)  # noqa: S311
    million = 100_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory(prefix="barlovento-") as name:
        root = Path(name)
        for folder in ("attacked", "long"):
            (root / folder).mkdir()
        long, rate, by_cpu = append_rate(root / "long", million)
        proof = proof_times(long, random, 200)
        long.close()
        store = begun(root / "attacked")
        store.append_all(flights(0, 10_000 - store.size()), now=START)
        flips = flip_bytes(store, random, quick)
        logs = attack_logs(store, random, 400 if quick else 20_000)
        files = files_seen(store, random, 5 if quick else 100)
        store.close()
    content = {"flips": flips, "logs": logs, "files": files, "proof": proof}
    content |= {"append_per_s": rate, "append_per_cpu_s": by_cpu}
    rows = [
        [
            "changed bytes of a checkpoint seen",
            "all",
            f"{flips['checkpoint_seen']:,} of {flips['checkpoint']:,}",
            flips["checkpoint_seen"] == flips["checkpoint"],
        ],
        [
            f"changed bytes of a proof of {flips['proof_bytes']:,} bytes seen",
            "all",
            f"{flips['proof_seen']:,} of {flips['proof']:,}",
            flips["proof_seen"] == flips["proof"],
        ],
        [
            "changes, deletions, swaps in a log of 10,000 entries seen",
            "all of 20,000",
            f"{logs['seen']:,} of {logs['tried']:,}",
            logs["seen"] == logs["tried"],
        ],
        [
            "the same on whole exported files, every check running",
            "all",
            f"{files['seen']:,} of {files['tried']:,}",
            files["seen"] == files["tried"],
        ],
        [
            "rolled back or forked and signed anew, an older checkpoint kept",
            "seen",
            "seen" if all(logs["signed"].values()) else "not seen",
            all(logs["signed"].values()),
        ],
        ["entries appended in a second, each batch on the disk", ">= 20,000", rate, rate >= 20_000],
        ["the same in a second of CPU time", None, by_cpu, None],
        [
            f"proof of one entry in {million:,} checked, slowest of 200",
            "<= 1 s",
            f"{proof['checking_s'] * 1e3:.2f} ms",
            proof["checking_s"] <= 1,
        ],
        [
            "the same made from the store, slowest of 200",
            None,
            f"{proof['making_s'] * 1e3:.1f} ms",
            None,
        ],
    ]
    text = table(rows, ["what", "to reach", "reached", "met"])
    report(options, block="permission-log", content=content, text=text)
    return 0 if all(row[3] in (True, None) for row in rows[:5]) else 1


if __name__ == "__main__":
    sys.exit(main())
