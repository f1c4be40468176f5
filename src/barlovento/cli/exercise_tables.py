"""Tables of a sortie's end for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from barlovento.cli.console import clean
from barlovento.drill.frames import Log

if TYPE_CHECKING:
    from rich.console import Console


def show_end(out: Console, log: Log) -> None:
    """Print found, missed and false, with errors, regions, classes and the flight time."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from barlovento.drill.debrief import table_rows, tally

    end = log.end
    out.print()
    out.print(clean(f"{log.header.title}: {tally(end)}"), style="bold")
    minutes, seconds = divmod(round(end["flight_time_s"]), 60)
    battery = ", ".join(f"{100 * share:.0f} %" for share in end["battery_left"])
    home = "" if all(end["came_home"]) else ", not every drone came home"
    out.print(
        f"Flight {minutes}:{seconds:02d} min, {end['readings']:,} readings, battery left "
        f"{battery}{home}. Answered by {end['answered_by']}.",
        style="dim",
    )
    rows = table_rows(end)
    if not rows:
        out.print("Nothing was there, and nothing was reported.")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in ("Site", "Report", "Off by", "90 % region", "Emission rate", "Class"):
        table.add_column(heading, overflow="fold")
    styles = {"missed": "yellow", "false": "red"}
    for row in rows:
        style = styles.get(row["verdict"].split(",")[0], "")
        cells = [row[key] for key in ("site", "verdict", "error", "region", "rate", "class")]
        table.add_row(*(clean(cell) for cell in cells), style=style, end_section=True)
    out.print(table)


def show_folder(out: Console, folder: Path, files: Sequence[str]) -> None:
    """Print where what was written lies."""
    said = {
        "debrief.html": "Debrief    ",
        "belief.gif": "Animation  ",
        "track.geojson": "Track      ",
        "replay.jsonl": "Log        ",
    }
    out.print()
    for name, words in said.items():
        if name in files:
            out.print(f"{words}{clean(str(folder / name))}", soft_wrap=True)
    out.print(f"Readings   {clean(str(folder / 'readings'))}", soft_wrap=True)
    out.print(f"Again      barlovento exercise replay {clean(str(folder))}", soft_wrap=True)
