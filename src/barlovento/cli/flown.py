"""``barlovento audit flown``: put a flight of one's own into the log, beside its clearance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from barlovento.cli.clearing import Geoid, Terrain
from barlovento.cli.console import clean, console, emit
from barlovento.cli.keys import Json, Workspace
from barlovento.errors import Refused

STYLES = {"inside": "green", "cannot tell": "yellow", "left the cleared volume": "bold red"}


def flown(
    file: Annotated[
        Path,
        Parameter(
            name="FILE",
            help="What was flown: a flight log as CSV, readsb JSON, or raw frames with times.",
        ),
    ],
    /,
    *,
    plan: Annotated[Path, Parameter(help="The plan that it was flown for, as it was cleared.")],
    flight: Annotated[
        Path | None, Parameter(help="For a .plan: the JSON that was given to `clear`.")
    ] = None,
    name: Annotated[
        str | None, Parameter(name="--id", help="Name of the flight; else the plan's, with a time.")
    ] = None,
    timezone: Annotated[
        str | None, Parameter(help="Zone of times that don't tell theirs, such as UTC.")
    ] = None,
    position_error: float = 10.0,
    terrain: Terrain = None,
    geoid: Geoid = None,
    workspace: Workspace = None,
    json: Json = False,
) -> int:
    """Log a flight, bound to its clearance, after comparing it with the volume that was cleared.

    Each fix must lie in what the plan sweeps at that moment: its legs, ways home and lost-link
    ways, with their buffers. The flight is logged either way; exit code 3 says that no clearance
    stood behind it, or that it left the cleared volume. The log keeps digests, times and counts.

    ```
    barlovento audit flown flight.csv --plan plan.geojson --id F-7
    barlovento audit flight F-7 --proof f-7.json
    ```

    Parameters
    ----------
    position_error
        Position error of a track that doesn't tell its own [m].
    """
    from barlovento import sorties

    done = sorties.log_flight(
        file,
        plan,
        flight=flight,
        name=name,
        workspace=workspace,
        timezone=timezone,
        position_error=position_error,
        terrain=terrain,
        geoid=geoid,
    )
    told = done.document
    screen = console(json=json)
    left = told["fixes_outside"] > 0
    screen.print(f"{clean(told['id'])}: {told['verdict']}", style=STYLES[told["verdict"]])
    screen.print(
        f"{told['fixes']} fixes, {told['fixes_outside']} outside, "
        f"{told['fixes_not_told']} that can't be told, {told['fixes_not_used']} not used; "
        f"longest gap {told['longest_gap_s']:g} s."
    )
    if left:
        screen.print(f"First outside at {told['first_outside']}.")
    if done.why_not:
        screen.print(f"No clearance: {done.why_not}", style="bold red", soft_wrap=True)
    else:
        screen.print(f"Cleared by entry {told['clearance']}.")
    screen.print(f"Log entry {done.index}.")
    document = {**told, "entry": done.index}
    if done.why_not or left:
        words = done.why_not or "The flight left the cleared volume."
        document |= {"error": words, "exit_code": Refused.exit_code}
    if json:
        emit(document)
    return Refused.exit_code if done.why_not or left else 0
