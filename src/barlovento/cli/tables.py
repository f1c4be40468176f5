"""Tables of an answer for a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from barlovento.cli.console import clean
from barlovento.share import printed, words
from barlovento.workspace import MAP, OUTPUTS, REPORT, Demonstrated, Located

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def show_answer(out: Console, located: Located) -> None:
    """Print the answer, its sources, warnings, advice and where the files are."""
    posterior = located.posterior
    answer = words.answer(posterior)
    out.print()
    out.print(clean(words.titles(located.surveys)), style="bold")
    out.print(words.measured(located.surveys), style="dim")
    out.print()
    out.print(answer.headline, style="bold")
    if answer.kind != "found":
        for sentence in answer.sentences:
            out.print(clean(sentence))
    counts = ", ".join(
        f"{number}: {printed.percent(p)}" for number, p in enumerate(posterior.number_of_sources)
    )
    out.print(f"Number of sources  {counts}")
    if posterior.sources:
        out.print()
        out.print(_sources(located))
        out.print(words.promise(posterior), style="dim")
    for warning in posterior.diagnostics.warnings:
        out.print(f"Warning: {clean(warning)}", style="yellow")
    if answer.kind != "open":
        for sentence in posterior.advice:
            out.print(f"Advice: {clean(sentence)}", style="green")


def show_files(out: Console, located: Located) -> None:
    """Print where the files are, and which of them were there before."""
    folder = located.folder
    out.print()
    out.print(f"Report  {clean(str(folder / REPORT))}", soft_wrap=True)
    out.print(f"Map     {clean(str(folder / MAP))}", soft_wrap=True)
    others = ", ".join(name for name in OUTPUTS if name not in (MAP, REPORT))
    out.print(f"Data    {others} in {clean(str(folder))}", soft_wrap=True)
    if located.replaced:
        names = ", ".join(located.replaced)
        out.print(
            f"{clean(str(folder))} was there before: {names} were replaced, all else in it was "
            "left as it was.",
            style="dim",
        )


def _table(*headings: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _sources(located: Located) -> Table:
    """Return a table that fits eighty columns."""
    table = _table("Source", "Region, and its middle", "Emission rate")
    for index, source in enumerate(located.posterior.sources):
        low, median, high = source.emission_rate
        region = [printed.area(source.region90_area), words.place(source)]
        if source.active is not None:
            region.append(f"active {words.active(source.active)}")
        rates = [
            f"{printed.kg_per_hour(median)} ({printed.between(low, high)})",
            f"{printed.grams_per_second(median)} ({printed.between(low, high, grams=True)})",
            f"{median:.1e} kg s-1 ({low:.1e} to {high:.1e})",
        ]
        name = f"{words.label(index)} \N{MIDDLE DOT} {printed.percent(source.probability)}"
        table.add_row(name, "\n".join(region), "\n".join(rates), end_section=True)
    return table


def show_comparison(out: Console, shown: Demonstrated) -> None:
    """Print found against true."""
    table = _table("True source", "True", "Found", "Off by", "In the 90 % range")
    table.title = "Found against true"
    table.title_justify = "left"
    for number, match in enumerate(shown.comparison.matches, 1):
        true = match.true
        place, rate = printed.metres(true.x, true.y), printed.kg_per_hour(true.emission_rate)
        if match.found is None or match.index is None:
            table.add_row(f"{number}", f"{place}\n{rate}", "missed", "", "no", end_section=True)
            continue
        found = match.found
        table.add_row(
            f"{number}",
            f"{place}\n{rate}",
            f"source {words.label(match.index)} ({printed.percent(found.probability)})\n"
            f"{printed.kg_per_hour(found.emission_rate[1])}",
            f"{match.error:.1f} m\nfactor {match.rate_ratio:.2f}",
            f"{'yes' if match.inside else 'no'}, a region of {printed.area(found.region90_area)}\n"
            f"{'yes' if match.rate_inside else 'no'}",
            end_section=True,
        )
    out.print()
    out.print(table)
    for index in shown.comparison.extra:
        out.print(f"Source {words.label(index)} was found where there is none.", style="yellow")


def show_survey_made(out: Console, path: Path, said: tuple[str, ...]) -> None:
    """Print what was guessed when a survey was made, and what to do next."""
    for sentence in said:
        out.print(f"Taken: {clean(sentence)}")
    out.print(f"Survey written to {clean(str(path))}", soft_wrap=True)
    out.print(f"Next: barlovento survey check {clean(str(path))}", soft_wrap=True)
