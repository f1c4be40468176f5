"""``barlovento classify``: what a found source may be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from barlovento.cli.console import clean, console, emit
from barlovento.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from barlovento.classifying import Classified

STYLES = {"unexplained": "bold red", "undecided": "yellow", "background": "blue"}

LISTED, REASONS = 4, 3
"""Classes and reasons told of each source."""

TELLING = 0.7
"""Evidence weaker than this, about a factor of two, is no reason worth telling [1]."""


def classify(
    results: Annotated[
        list[Path],
        Parameter(name="RESULT"),
    ],
    /,
    *,
    register: Path | None = None,
    timezone: str | None = None,
    shape: Literal["point", "area", "line"] | None = None,
    extent: Annotated[float | None, Parameter(show_default=False)] = None,
    source: Annotated[int | None, Parameter(show_default=False)] = None,
    prior: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = (),
    out: Path | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Tell what each source may be, from what `locate` found of several gases in one area.

    The answer is a known look-alike (fuel station, paint shop, dry cleaner, livestock, landfill,
    burning, traffic), nothing but background, or *unexplained*: no class and no registered emitter
    accounts for the readings. It says nothing of what is made there. Each answer is a probability;
    *unexplained* is reported only above 90 %.

    Locate each gas by itself, then name all results. A gas that was not found counts too, through
    `searched.nc` beside its result.

    ```
    barlovento locate survey-toluene --out toluene
    barlovento locate survey-benzene --out benzene
    barlovento classify toluene benzene
    barlovento classify toluene benzene --register known.geojson --timezone Europe/Madrid
    barlovento classify toluene benzene --shape area --extent 80 --out classes --json
    ```

    Parameters
    ----------
    results
        Folders that `locate` wrote, or their result.json: one for each gas.
    register
        Known emitters: GeoJSON features with kind, or CSV with kind, longitude, latitude (or x, y);
        name and accuracy_m may be added.
    timezone
        Of the area, as Europe/Madrid; without it the time of day is not used.
    shape
        How the source looks on the ground, where somebody has seen it.
    extent
        Across its longest side [m].
    source
        Which source --shape and --extent tell of, counted from 1 as in the table.
    prior
        Probability before the readings, as unexplained=0.01; may be repeated, and what is not
        named shares the rest. Unless given every class is as probable as unexplained.
    out
        Folder for classes.json and classes.png.
    json
        Print one JSON object on stdout; what people read goes to stderr.
    """
    from barlovento.classifying import OUTPUTS, classify_area
    from barlovento.domain.emitter import Geometry

    looks = None
    if shape is not None or extent is not None:
        looks = Geometry(kind=shape, extent=extent)
    done = classify_area(
        results,
        register=register,
        timezone=timezone,
        geometry=looks,
        source=source,
        prior=_prior(prior),
        out=out,
    )
    screen = console(json=json)
    for number, one in enumerate(done.sources, 1):
        _show(screen, number, one, _place(done.document["sources"][number - 1]))
    for note in done.notes:
        screen.print(clean(note), style="yellow", soft_wrap=True)
    if done.sources:
        screen.print(done.sources[0].told.assumptions[0], style="dim", soft_wrap=True)
    if out is not None:
        for name in OUTPUTS:
            screen.print(f"Written  {out / name}", soft_wrap=True)
    if json:
        files = {} if out is None else {name: str(out / name) for name in OUTPUTS}
        emit({**done.document, "files": files})


def _prior(pairs: tuple[str, ...]) -> dict[str, float]:
    given: dict[str, float] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        try:
            given[name.strip().replace(" ", "_")] = float(text)
        except ValueError as error:
            raise UsageError(
                f"--prior {pair!r} is not understood. Write it as unexplained=0.01."
            ) from error
        if not sign:
            raise UsageError(f"--prior {pair!r} is not understood. Write it as unexplained=0.01.")
    return given


def _place(source: Mapping[str, Any]) -> str:
    if source["longitude"] is not None:
        return f"longitude {source['longitude']:.5f}, latitude {source['latitude']:.5f}"
    return f"x {source['x']:.0f} m, y {source['y']:.0f} m"


def _show(screen: Console, number: int, one: Classified, place: str) -> None:
    """Print one source: verdict, gases, the most probable classes and why."""
    from rich.table import Table
    from rich.text import Text

    told = one.told
    screen.print(
        Text.assemble(
            (f"Source {number}  ", "bold"),
            (_words(told.verdict), STYLES.get(told.verdict, "bold green")),
            f"   {place}, within {2 * one.source.sigma:.0f} m",
        ),
        soft_wrap=True,
    )
    for line in _gases(one):
        screen.print(f"  {line}", soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    table.add_column("what")
    table.add_column("probability", justify="right")
    table.add_column("before", justify="right")
    table.add_column("speaks for it")
    table.add_column("speaks against it")
    for name in sorted(told.probabilities, key=lambda key: -told.probabilities[key])[:LISTED]:
        parts = told.evidence.get(name, {})
        table.add_row(
            _words(name),
            _percent(told.probabilities[name]),
            _percent(told.prior[name]) if name in told.prior else "",
            _reasons(parts, 1),
            _reasons(parts, -1),
        )
    screen.print(table)
    screen.print()


def _gases(one: Classified) -> list[str]:
    found = [
        f"{gas} {1000 * rate.median:.2g} g/s"
        for gas, rate in one.source.rates.items()
        if rate.detected and rate.median
    ]
    below = [
        f"{gas} < {1000 * rate.limit:.2g} g/s" if rate.limit else f"{gas} (limit not known)"
        for gas, rate in one.source.rates.items()
        if not rate.detected
    ]
    lines = [f"found: {', '.join(found)}"]
    if below:
        lines.append(f"not found: {', '.join(below)}")
    if one.registered:
        near = one.registered[0]
        name = f" {near.name!r}" if near.name else ""
        lines.append(
            clean(f"nearest registered: {_words(near.kind)}{name} at {near.distance:.0f} m ")
            + f"(error {near.sigma:.0f} m)"
        )
    if one.local_time is not None:
        lines.append(f"seen about {one.local_time:%A %H:%M} local time")
    return lines


def _reasons(parts: Mapping[str, float], sign: int) -> str:
    """Return the strongest observations for (1) or against (-1) a class."""
    strong = sorted(parts.items(), key=lambda pair: -sign * pair[1])
    return ", ".join(_words(what) for what, weight in strong[:REASONS] if sign * weight > TELLING)


def _percent(value: float) -> str:
    if 0 < value < 0.001:
        return "< 0.1 %"
    return f"{100 * value:.1f} %" if value < 0.9995 else "> 99.9 %"


def _words(name: str) -> str:
    return name.replace("_", " ")
