"""``barlovento audit``: the log, proofs of flights, and reports of a period."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from barlovento.cli.console import clean, console, emit
from barlovento.cli.keys import Json, PassphraseFile, Workspace
from barlovento.cli.passphrase import Asker
from barlovento.errors import BadInput, UsageError

audit_app = App(
    name="audit",
    help="Check what was agreed, cleared and flown: the log, flights, tracks, periods.",
    help_format="markdown",
)
log_app = App(name="log", help="The log: look at it, hand it out, check it.")
audit_app.command(log_app)


@log_app.default
def log(
    *,
    out: Annotated[
        Path | None, Parameter(help="Write the whole log into this file, for outsiders.")
    ] = None,
    tiles: Annotated[
        Path | None, Parameter(help="Write checkpoint, tiles and bundles (C2SP tlog-tiles).")
    ] = None,
    unseal: Annotated[bool, Parameter(help="With --out: give sealed values too.")] = False,
    workspace: Workspace = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Check the workspace's log entry by entry; with --out or --tiles sign it and hand it out.

    ```
    barlovento audit log --workspace watch
    barlovento audit log --out watch-2026.json --workspace watch
    ```
    """
    from barlovento import logbook

    asker = Asker(passphrase_file)
    files = {}
    if out is not None:
        logbook.export(workspace, out, asker, unseal=unseal)
        files["log"] = str(out)
    elif unseal:
        raise UsageError("--unseal goes with --out.")
    if tiles is not None:
        logbook.write_tiles(workspace, tiles, asker)
        files["tiles"] = str(tiles)
    found = logbook.state(workspace)
    screen = console(json=json)
    screen.print(f"Log {found.origin}: {found.size} entries, every one as it was written.")
    screen.print(f"Signed up to entry {found.signed}." if found.signed else "Not yet signed.")
    for kind, number in found.kinds:
        screen.print(f"  {number:6d}  {kind}")
    screen.print(f"Public key: {found.key}", soft_wrap=True)
    for path in files.values():
        screen.print(f"Written: {path}", soft_wrap=True)
    if json:
        emit(
            {
                "origin": found.origin,
                "key": found.key,
                "size": found.size,
                "signed": found.signed,
                "kinds": dict(found.kinds),
                "files": files,
            }
        )


@log_app.command
def verify(
    file: Annotated[Path, Parameter(name="FILE", help="An exported log, or a proof.")],
    /,
    *,
    key: Annotated[
        str | None, Parameter(help="The log's public key, as you know it from elsewhere.")
    ] = None,
    older: Annotated[
        tuple[Path, ...], Parameter(help="A checkpoint of this log that you kept; repeatable.")
    ] = (),
    json: Json = False,
) -> None:
    """Check a log or proof that somebody gave you, to the last byte; needs no workspace.

    Without --key a forged log under another key would pass. With --older it shows whether the log
    was cut short, forked or rolled back since. `verifier/barlovento_verify.py` does the same in
    one file.

    ```
    barlovento audit log verify watch-2026.json --key "example.org/watch+1a2b3c4d+AbC..."
    ```
    """
    from barlovento import logbook
    from barlovento.guard.exported import words

    found, known = logbook.verify(file, key=key, older=older)
    screen = console(json=json)
    for line in words(found):
        screen.print(clean(line), soft_wrap=True)
    if not known:
        screen.print(
            f"The log's key was taken from the file. Compare it by another way: {found.key}",
            style="yellow",
            soft_wrap=True,
        )
    if json:
        emit(
            {
                "ok": True,
                "whole": found.whole,
                "origin": found.checkpoint.origin,
                "size": found.checkpoint.size,
                "entries": len(found.entries),
                "flight": found.flight,
                "key": str(found.key),
                "key_known": known,
            }
        )


@log_app.command
def cosign(
    file: Annotated[Path, Parameter(name="FILE", help="The exported log.")],
    /,
    *,
    by: Annotated[Path, Parameter(help="The witness's private key.")],
    key: Annotated[str, Parameter(help="The log's public key.")],
    out: Annotated[Path, Parameter(help="Where the cosigned checkpoint is written.")],
    seen: Annotated[
        Path | None, Parameter(help="The checkpoint you cosigned last; none the first time.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    r"""Witness a log: check that it only grew since you last looked, and cosign its checkpoint.

    ```
    barlovento audit log cosign watch.json --by eye/eye.key --key "$KEY" --out seen-2.txt \
        --seen seen-1.txt
    ```
    """
    from barlovento import logbook

    size = logbook.witness(
        file, by=by, seen=seen, out=out, key=key, passphrase=Asker(passphrase_file)
    )
    console(json=json).print(f"Cosigned {size} entries: {out}", soft_wrap=True)
    if json:
        emit({"size": size, "file": str(out)})


@audit_app.command
def flight(
    name: Annotated[str, Parameter(name="ID", help="A flight, or a plan that was cleared.")],
    /,
    *,
    proof: Annotated[Path, Parameter(help="Where the proof is written.")],
    workspace: Workspace = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Prove to an outsider that a flight's plan was cleared on the states' own consent.

    The proof holds the entries, their places in the log and the signed envelopes, and nothing
    else of the log. It can't show that no revocation was left out; the whole log can.

    ```
    barlovento audit flight F-7 --proof f-7.json --workspace watch
    barlovento audit log verify f-7.json
    ```
    """
    from barlovento import logbook

    found = logbook.prove(workspace, name, proof, Asker(passphrase_file))
    screen = console(json=json)
    screen.print(f"Proof of {name}, {len(found.entries)} entries: {proof}", soft_wrap=True)
    if json:
        emit({"flight": name, "entries": [e.index for e in found.entries], "file": str(proof)})


@audit_app.command
def report(
    *,
    since: Annotated[
        str | None, Parameter(name="--from", help="First day or moment, such as 2026-11-01.")
    ] = None,
    until: Annotated[
        str | None, Parameter(name="--to", help="The day or moment after the last.")
    ] = None,
    out: Annotated[Path | None, Parameter(help="Write the report as an HTML page.")] = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Tell what a period held: requests, refusals, clearances, flights, tracks without clearance.

    Days are those of UTC.

    ```
    barlovento audit report --from 2026-11-01 --to 2026-12-01 --out november.html
    ```
    """
    from barlovento import logbook
    from barlovento.adapters.files import write_new
    from barlovento.share import period

    found = logbook.period_report(workspace, _moment("--from", since), _moment("--to", until))
    if out is not None:
        write_new(out, period.to_html(found).encode("utf-8"))
    screen = console(json=json)
    screen.print(clean(period.to_text(found)), soft_wrap=True)
    if out is not None:
        screen.print(f"Written: {out}", soft_wrap=True)
    if json:
        emit(period.to_json(found))


def _moment(option: str, text: str | None) -> datetime | None:
    """Read a day of UTC or a moment with its zone."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text + "T00:00:00Z" if len(text) == 10 else text)
    except ValueError as error:
        raise BadInput(f"{option} {text!r} is no time. Write 2026-11-01.") from error
    if moment.tzinfo is None:
        raise BadInput(f"{option} {text!r} has no time zone. Add Z for UTC.")
    return moment
