"""What is shown of a flight: a table that stays in place on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from barlovento.cli.console import clean

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from barlovento.monitoring import Status

_STYLES = {
    "inside": "green",
    "outside": "bold red",
    "cannot tell": "yellow",
    "go on": "green",
    "hold": "bold yellow",
    "return": "bold red",
}
LINE_EACH = 5.0
"""Between two lines where there is no terminal [s]."""


@contextmanager
def shown(screen: Console, *, live: bool) -> Iterator[Callable[[Status], None]]:
    """Yield what shows a status.

    Parameters
    ----------
    screen : Console
        Where people read.
    live : bool
        Whether it is a terminal.
    """
    if not live:
        yield _lines(screen)
        return
    from rich.live import Live

    with Live(console=screen, auto_refresh=False) as view:
        yield lambda status: view.update(table_of(status), refresh=True)


def table_of(status: Status) -> Table:
    """Return a status as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", min_width=14)
    table.add_column(min_width=44)
    table.add_row("order", Text(status.order, style=_STYLES[status.order]))
    table.add_row("place", Text(status.verdict, style=_STYLES.get(status.verdict, "")))
    table.add_row(
        "to the edge", f"{_metres(status.edge)} to the side, {_metres(status.room)} up/down"
    )
    table.add_row("height", f"{_metres(status.above_home)} above home")
    table.add_row("home", _metres(status.home))
    needed = "" if status.battery_needed is None else f", home takes {status.battery_needed:.0f} %"
    battery = "not known" if status.battery is None else f"{status.battery:.0f} %{needed}"
    table.add_row("battery", battery)
    table.add_row("link", f"heard {status.silent:.1f} s ago")
    table.add_row(
        "does", f"{_does(status)}, item {status.item}, read back {status.read_back} times"
    )
    for finding in status.findings:
        table.add_row(finding.kind, Text(clean(finding.words), style="bold"))
    return table


def _does(status: Status) -> str:
    if not status.flying:
        return "armed on the ground" if status.armed else "on the ground"
    return "returns" if status.returning else "holds" if status.holding else "flies"


def _metres(value: float | None) -> str:
    return "not known" if value is None else f"{round(value)} m"


def _lines(screen: Console) -> Callable[[Status], None]:
    """Return what prints a line now and then, and one for everything new."""
    last = [float("-inf")]
    told: set[str] = set()
    orders = ["go on"]

    def show(status: Status) -> None:
        new = [finding for finding in status.findings if finding.kind not in told]
        for finding in new:
            told.add(finding.kind)
            screen.print(clean(f"{finding.kind}: {finding.words}"), soft_wrap=True)
        if status.order != orders[-1]:
            orders.append(status.order)
            screen.print(f"It is told to {status.order}.")
        if status.seconds - last[0] >= LINE_EACH:
            last[0] = status.seconds
            battery = "?" if status.battery is None else f"{status.battery:.0f} %"
            screen.print(
                f"{status.seconds:6.0f} s  {_does(status)}, {status.verdict}, "
                f"{_metres(status.edge)} to the edge, {_metres(status.above_home)} up, {battery}"
            )

    return show


def status_document(status: Status) -> dict[str, Any]:
    """Return a status as JSON types."""

    def short(value: float | None, digits: int = 1) -> float | None:
        return None if value is None else round(value, digits)

    return {
        "event": "status",
        "seconds": round(status.seconds, 1),
        "time": round(status.time, 1),
        "order": status.order,
        "verdict": status.verdict,
        "longitude": short(status.lon, 7),
        "latitude": short(status.lat, 7),
        "height_amsl_m": short(status.height),
        "height_above_home_m": short(status.above_home),
        "edge_m": short(status.edge),
        "room_m": short(status.room),
        "home_m": short(status.home),
        "battery_percent": short(status.battery),
        "battery_needed_percent": short(status.battery_needed),
        "item": status.item,
        "armed": status.armed,
        "flying": status.flying,
        "returning": status.returning,
        "holding": status.holding,
        "silent_s": short(status.silent),
        "read_back": status.read_back,
        "findings": [
            {"kind": finding.kind, "order": finding.order.name.lower(), "words": finding.words}
            for finding in status.findings
        ],
    }
