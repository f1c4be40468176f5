"""``barlovento consent``: ask a state, note its answer, take its signature in, withdraw, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from barlovento.cli.console import clean, console, emit
from barlovento.cli.keys import Json, PassphraseFile, Workspace
from barlovento.cli.passphrase import Asker
from barlovento.domain.permission import Decision

consent_app = App(
    name="consent",
    help="Ask a state for consent, note what it answers, and keep what it signed.",
    help_format="markdown",
)


@consent_app.command
def request(
    file: Annotated[Path, Parameter(name="FILE", help="A GeoJSON feature.")],
    /,
    *,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Put a request into the log: where, how high, when, which aircraft, sensors, what for.

    FILE is a GeoJSON feature; the geometry is the area, the rest stands in its properties:

    ```json
    {
        "type": "Feature",
        "geometry": {
            "type": "Polygon",
            "coordinates": [
                [[-107.5, 24.7], [-107.3, 24.7], [-107.3, 24.9], [-107.5, 24.9], [-107.5, 24.7]]
            ]
        },
        "properties": {
            "authority": "MX",
            "holder": "Example Watch",
            "purpose": "air sampling",
            "valid_from": "2026-12-01T12:00:00Z",
            "valid_until": "2026-12-20T00:00:00Z",
            "lower": null,
            "upper": {"value": 120, "unit": "m", "reference": "AGL"},
            "aircraft": ["XB-ABC"],
            "sensors": ["methane analyser"]
        }
    }
    ```
    ```
    barlovento consent request sinaloa.geojson --workspace watch
    ```
    """
    from barlovento import consenting

    made = consenting.request(workspace, file)
    asked, index = made.request, made.index
    screen = console(json=json)
    screen.print(f"Asked: request {asked.id} to {asked.authority}, entry {index}.")
    if made.also:
        screen.print(f"The area may touch {', '.join(made.also)} too: ask there as well.")
    if asked.unknown:
        screen.print(f"Kept, but not understood: {', '.join(asked.unknown)}.")
    screen.print(f"When the answer comes: barlovento consent answer {asked.id} granted")
    if json:
        emit(
            {
                "id": asked.id,
                "authority": asked.authority,
                "entry": index,
                "also": list(made.also),
                "unknown": list(asked.unknown),
            }
        )


@consent_app.command
def answer(
    request_id: Annotated[str, Parameter(name="REQUEST", help="Name of the request.")],
    decision: Annotated[
        Decision, Parameter(name="DECISION", help="What the authority made of it.")
    ],
    /,
    *,
    reason: Annotated[str, Parameter(help="In the authority's words.")] = "",
    conditions: Annotated[str, Parameter(help="What the authority adds in words.")] = "",
    changes: Annotated[
        Path | None,
        Parameter(help="With changed: a GeoJSON feature with what differs from the request."),
    ] = None,
    out: Annotated[Path | None, Parameter(help="Write the draft for the state to sign.")] = None,
    workspace: Workspace = None,
    json: Json = False,
) -> None:
    """Note what an authority answered: granted, changed, refused, or silent.

    Refusals and silence stand in the log like everything else. A grant drafts the consent; it
    counts for nothing before the state's key has signed it.

    ```
    barlovento consent answer R-1a2b3c4d granted --out draft.json
    barlovento consent answer R-1a2b3c4d refused --reason "not in December"
    ```
    """
    from barlovento import consenting

    index = consenting.answer(
        workspace,
        request_id,
        decision,
        reason=reason,
        conditions=conditions,
        changes=changes,
        out=out,
    )
    screen = console(json=json)
    screen.print(f"Noted: request {request_id} is {decision}, entry {index}.")
    if decision in (Decision.GRANTED, Decision.CHANGED):
        screen.print(f"Next, the state signs: barlovento consent sign {out or request_id} --by KEY")
    if json:
        emit({"request": request_id, "decision": str(decision), "entry": index})


@consent_app.command
def sign(
    what: Annotated[
        str,
        Parameter(name="WHAT", help="A granted request, a draft file, or a signed envelope."),
    ],
    /,
    *,
    by: Annotated[Path | None, Parameter(help="The state's private key.")] = None,
    out: Annotated[Path | None, Parameter(help="Write the signed envelope (DSSE).")] = None,
    workspace: Workspace = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Sign a drafted consent with the key that is pinned to the state, or take a signed one in.

    The authority needs no workspace: it signs the draft into an envelope, and sends that back.

    ```
    barlovento consent sign draft.json --by mx/mx.key --out consent.dsse.json
    barlovento consent sign consent.dsse.json --workspace watch
    ```
    """
    from barlovento import consenting

    signed = consenting.sign(workspace, what, by=by, passphrase=Asker(passphrase_file), out=out)
    consent, screen = signed.consent, console(json=json)
    if signed.index is None:
        screen.print(f"Signed: consent {consent.id} of {consent.authority}, in {out}.")
        screen.print(f"Send it back; there: barlovento consent sign {out}")
    else:
        screen.print(
            f"Consent {consent.id} of {consent.authority} is living, entry {signed.index}.",
            soft_wrap=True,
        )
    if signed.unknown:
        screen.print(f"Kept, but not understood: {', '.join(signed.unknown)}.")
    if json:
        emit(
            {
                "id": consent.id,
                "authority": consent.authority,
                "digest": consent.digest,
                "entry": signed.index,
                "unknown": list(signed.unknown),
            }
        )


@consent_app.command
def revoke(
    what: Annotated[
        str, Parameter(name="CONSENT", help="Name or digest, or a revocation signed elsewhere.")
    ],
    /,
    *,
    by: Annotated[Path | None, Parameter(help="The state's private key.")] = None,
    reason: Annotated[str, Parameter(help="In the state's words.")] = "",
    workspace: Workspace = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Withdraw a consent, from this moment on; only its own state can.

    ```
    barlovento consent revoke C-R-1a2b3c4d-5e6f70 --by mx/mx.key --reason "talks ended"
    ```
    """
    from barlovento import consenting

    index = consenting.revoke(
        workspace, what, by=by, reason=reason, passphrase=Asker(passphrase_file)
    )
    console(json=json).print(f"Withdrawn: {what}, entry {index}.", soft_wrap=True)
    if json:
        emit({"consent": what, "entry": index})


@consent_app.command(name="list")
def list_consents(*, workspace: Workspace = None, json: Json = False) -> None:
    """Show the living consents, why each other one does not count, and what was asked.

    ```
    barlovento consent list --workspace watch
    ```
    """
    from rich.table import Table

    from barlovento import consenting, permission_workspace

    found = permission_workspace.standing(workspace)
    asked = consenting.requests(workspace)
    screen = console(json=json)
    living = Table("living consent", "state", "purpose", "from", "until", "aircraft", box=None)
    rows = []
    for consent in found.living:
        when = consent.volume.when
        begin, end = (m.isoformat() if m else "" for m in (when.valid_from, when.valid_until))
        words = (consent.id, consent.authority, consent.purpose, begin[:16], end[:16])
        living.add_row(*map(clean, words), clean(", ".join(consent.aircraft)))
        rows.append(
            {
                "id": consent.id,
                "authority": consent.authority,
                "request": consent.request_id,
                "purpose": consent.purpose,
                "valid_from": begin,
                "valid_until": end,
                "aircraft": list(consent.aircraft),
                "sensors": list(consent.sensors),
                "digest": consent.digest,
                "key_id": consent.key_id,
            }
        )
    screen.print(living if found.living else "No consent is living.")
    for dead in found.rejected:
        screen.print(clean(f"Not living: {dead.id} of {dead.authority}. {dead.reason}"))
    table = Table("request", "state", "purpose", "asked", "now", "reason", box=None)
    for one in asked:
        table.add_row(
            *map(clean, (one.id, one.authority, one.purpose, one.time[:16], one.status)),
            clean(one.reason),
        )
    if asked:
        screen.print(table)
    if json:
        from dataclasses import asdict

        emit(
            {
                "living": rows,
                "not_living": [asdict(dead) for dead in found.rejected],
                "requests": [asdict(one) for one in asked],
            }
        )
