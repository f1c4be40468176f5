"""``barlovento init`` and ``barlovento keys``: the workspace, its people, whose key is whose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from barlovento.cli.console import console, emit
from barlovento.cli.passphrase import Asker
from barlovento.errors import BadInput, UsageError

Json = Annotated[
    bool, Parameter(name="--json", negative=(), help="Print one JSON object on stdout.")
]
Workspace = Annotated[
    Path | None,
    Parameter(help="The workspace; else $BARLOVENTO_WORKSPACE, or the current folder."),
]
PassphraseFile = Annotated[
    Path | None,
    Parameter(
        help="File with the passphrase on its first line; else $BARLOVENTO_PASSPHRASE_FILE, "
        "$BARLOVENTO_PASSPHRASE, or it is asked for."
    ),
]

keys_app = App(
    name="keys",
    help="Make keys, and let two people say whose they are: states, people, witnesses.",
    help_format="markdown",
)


def init(
    folder: Annotated[Path, Parameter(name="DIR", help="The new folder; it must not exist.")],
    /,
    *,
    origin: Annotated[str, Parameter(help="Name of the log, such as example.org/watch.")],
    holder: Annotated[str, Parameter(help="Who operates, as it stands in every request.")],
    person: Annotated[
        list[Path], Parameter(help="Public key (.pub) of one of the two first people; twice.")
    ],
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    r"""Make the workspace that holds keys, consents, zones and the log.

    The two first people make their own keys, on their own devices; from then on two of them must
    sign whose key speaks for which state. The log's key is made here. Give its public half, which
    is printed, to everybody who shall be able to check the log.

    ```
    barlovento keys new ana --out ana
    barlovento keys new ben --out ben
    barlovento init watch --origin example.org/watch --holder "Example Watch" \
        --person ana/ana.pub --person ben/ben.pub
    ```
    """
    from barlovento import permission_workspace

    key = permission_workspace.init(
        folder,
        origin=origin,
        holder=holder,
        people=person,
        passphrase=Asker(passphrase_file).new(f"the log's key of {origin}"),
    )
    screen = console(json=json)
    screen.print(f"Workspace made in {folder}", soft_wrap=True)
    screen.print(f"Public key of its log: {key}", soft_wrap=True)
    screen.print("Next: barlovento keys pin STATE.pub --state XX --by PERSON.key, by two people.")
    if json:
        emit({"workspace": str(folder), "origin": origin, "key": str(key), "key_id": key.id})


@keys_app.command
def new(
    name: Annotated[str, Parameter(name="NAME", help="Whose it is: ana, or aviation.example.mx")],
    /,
    *,
    out: Annotated[Path, Parameter(help="Folder for NAME.key and NAME.pub.")] = Path("keys"),
    witness: Annotated[bool, Parameter(help="For cosigning checkpoints of logs.")] = False,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Make an Ed25519 key pair; the private half is encrypted under a passphrase.

    Keep NAME.key on the device of whoever owns it. NAME.pub is for everybody.

    ```
    barlovento keys new ana --out ana
    ```
    """
    from barlovento import keyring

    key, private, public = keyring.make_key(
        name, out, Asker(passphrase_file).new(name), witness=witness
    )
    screen = console(json=json)
    screen.print(f"Private, encrypted: {private}", soft_wrap=True)
    screen.print(f"Public:             {public}", soft_wrap=True)
    screen.print(f"Fingerprint:        {key.id}")
    if json:
        emit({"key": str(key), "key_id": key.id, "private": str(private), "public": str(public)})


@keys_app.command(name="list")
def list_keys(*, workspace: Workspace = None, json: Json = False) -> None:
    """Show every key that the log knows: its role, its state, and whether it still counts.

    ```
    barlovento keys list --workspace watch
    ```
    """
    from rich.table import Table

    from barlovento import keyring

    rows, proposed = keyring.known_keys(workspace)
    table = Table("role", "state", "name", "fingerprint", "since", "now", box=None)
    for row in rows:
        table.add_row(
            *(str(row[k]) for k in ("role", "state", "name")),
            str(row["key_id"])[:16],
            str(row["since"])[:19],
            str(row["status"]),
        )
    screen = console(json=json)
    screen.print(table)
    for row in proposed:
        screen.print(
            f"Waiting for a second person: {row['name']} for {row['state'] or row['role']}, signed "
            f"by {', '.join(row['people'])}."
        )
    if json:
        emit({"keys": rows, "proposed": proposed})


@keys_app.command
def pin(
    key: Annotated[Path, Parameter(name="KEY", help="The public key, a .pub file.")],
    /,
    *,
    by: Annotated[Path, Parameter(help="Private key of the enrolled person who signs.")],
    state: Annotated[
        str, Parameter(help="Country code (MX), or an authority below it (FR/PARIS).")
    ] = "",
    person: Annotated[bool, Parameter(help="The key is of a person to enrol.")] = False,
    witness: Annotated[bool, Parameter(help="The key is of a witness of the log.")] = False,
    workspace: Workspace = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Say whose key this is. It counts when two different enrolled people have signed the same.

    Compare the fingerprint with the authority by another way first: a visit, a note verbale.

    ```
    barlovento keys pin mx/mx.pub --state MX --by ana/ana.key --workspace watch
    barlovento keys pin mx/mx.pub --state MX --by ben/ben.key --workspace watch
    ```
    """
    from barlovento import keyring

    if bool(state) + person + witness != 1:
        raise UsageError("Give exactly one of --state, --person and --witness.")
    role = "authority" if state else "person" if person else "witness"
    made = keyring.pin(
        workspace, key, role=role, state=state, by=by, passphrase=Asker(passphrase_file)
    )
    screen = console(json=json)
    whose = f"state {state}" if state else f"a {role}"
    people = ", ".join(made.people)
    if made.pinned:
        screen.print(f"Pinned: {made.key.name} is the key of {whose}, signed by {people}.")
    else:
        screen.print(f"Signed by {people}. A second person must sign before the key counts.")
    screen.print(f"Fingerprint: {made.key.id}")
    if json:
        emit(
            {
                "key_id": made.key.id,
                "name": made.key.name,
                "role": role,
                "state": state,
                "people": list(made.people),
                "pinned": made.pinned,
                "entry": made.index,
            }
        )


@keys_app.command
def rotate(
    old: Annotated[Path, Parameter(name="OLD", help="The private key that goes.")],
    new_key: Annotated[Path, Parameter(name="NEW", help="The private key that comes.")],
    /,
    *,
    workspace: Workspace = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Put a new key in the place of one that is not lost. Both sign.

    What the old key signed before stays good; it can sign nothing new.

    ```
    barlovento keys rotate mx/mx-2026.key mx/mx-2027.key --workspace watch
    ```
    """
    from barlovento import keyring

    index = keyring.rotate(workspace, old, new_key, Asker(passphrase_file))
    console(json=json).print(f"Rotated: {new_key} stands for {old} now, entry {index}.")
    if json:
        emit({"entry": index})


@keys_app.command
def revoke(
    key: Annotated[Path, Parameter(name="KEY", help="The public key, a .pub file.")],
    /,
    *,
    by: Annotated[list[Path], Parameter(help="The key itself, or the private keys of two people.")],
    reason: Annotated[str, Parameter(help="Why, in a sentence; it stands in the log.")],
    workspace: Workspace = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """End a key at once, as when it is lost or stolen. Consents it signed die with it.

    ```
    barlovento keys revoke mx/mx.pub --by ana/ana.key --by ben/ben.key --reason "laptop stolen"
    ```
    """
    from barlovento import keyring

    if not reason.strip():
        raise BadInput("A reason is needed; it stands in the log.")
    index = keyring.revoke_key(
        workspace, key, by=by, reason=reason, passphrase=Asker(passphrase_file)
    )
    console(json=json).print(f"Revoked: {key}, entry {index}.")
    if json:
        emit({"entry": index})
