"""What a crew takes along: one page about one aircraft's flights, in English or Spanish."""

from __future__ import annotations

import base64
import json
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from barlovento.domain.sortie import Plan, Sortie
from barlovento.errors import BadInput
from barlovento.share import printed

LANGUAGES = ("en", "es")
MOST_ROWS = 10
HEADS = (
    *("sortie", "start", "back", "duration", "legs", "height", "spacing", "looked-over"),
    *("detection", "finds"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """One page.

    Parameters
    ----------
    language, title, subtitle : str
        What stands on top.
    head : tuple of str
        Of the table.
    rows : tuple of tuple of str
        One for each flight.
    more : str
        What the table leaves out.
    facts : tuple of tuple of str
        Name and value.
    rules : tuple of tuple of str
        If, and then.
    rules_title, note, caption : str
        Words.
    """

    language: str
    title: str
    subtitle: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str
    facts: tuple[tuple[str, str], ...]
    rules: tuple[tuple[str, str], ...]
    rules_title: str
    note: str
    caption: str


@lru_cache(maxsize=2)
def plan_words(language: str) -> Mapping[str, str]:
    """Return the words of a language."""
    if language not in LANGUAGES:
        raise BadInput(f"There are no words for {language!r}. Write en or es.")
    file = resources.files("barlovento.share") / "locale" / f"plan-{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def clock(moment: datetime, zone: str) -> str:
    """Return a time of the day in a zone, with UTC in brackets."""
    there = moment.astimezone(ZoneInfo(zone))
    utc = moment.astimezone(ZoneInfo("UTC"))
    return f"{there:%H:%M:%S} ({utc:%H:%MZ})"


def row_of(sortie: Sortie, zone: str, words: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the table says of a flight; see ``HEADS``."""
    points = sortie.route.waypoints
    return (
        sortie.name,
        clock(points[0].time, zone),
        clock(points[-1].time, zone),
        words["minutes"].format(n=round(sortie.duration / 60)),
        f"{sum(sortie.sensing)}, {sortie.leg_length / 1000:.1f} km",
        f"{sortie.height:.0f} m {points[1].height.reference}",
        f"{sortie.spacing:.0f} m",
        printed.area(sortie.looked_over),
        printed.percent(sortie.detection),
        printed.figures(sortie.expected_finds),
    )


def brief_of(plan: Plan, flights: Sequence[Sortie], *, language: str, wind_limit: float) -> Brief:
    """Return the page about the flights of one aircraft.

    Parameters
    ----------
    plan : Plan
        That they belong to.
    flights : sequence of Sortie
        Of one aircraft, in order.
    language : str
        ``"en"`` or ``"es"``.
    wind_limit : float
        Of the aircraft [m s-1].
    """
    words = plan_words(language)
    first = flights[0]
    route = first.route
    there = route.waypoints[0].time.astimezone(ZoneInfo(plan.time_zone))
    home = route.home
    assert home is not None
    spread = max((s.wind_speed, s.wind_from_direction) for s in flights)
    until = min(sortie.valid_until for sortie in flights)
    digests = sorted({digest[:10] for sortie in flights for digest in sortie.consents})
    longest = max(flights, key=lambda s: s.duration)
    buffer = route.buffer
    facts = (
        (words["purpose"], route.purpose),
        (words["base"], printed.degrees(home.lon, home.lat)),
        (
            words["wind"],
            words["wind-value"].format(speed=f"{spread[0]:.1f}", direction=f"{spread[1]:.0f}"),
        ),
        (words["sensor"], f"{', '.join(route.sensors) or '-'}. {first.sees}"),
        (words["speed"], f"{first.airspeed:g} m/s"),
        (
            words["reserve"],
            words["reserve-value"].format(
                used=round(longest.duration / 60), usable=round(longest.endurance / 60)
            ),
        ),
        (
            words["corridor"],
            words["corridor-value"].format(
                side=f"{buffer.side:.0f}",
                height=f"{buffer.height_error:.0f}",
                time=f"{buffer.time_error:.0f}",
            ),
        ),
        (
            words["consents"],
            words["consents-value"].format(n=", ".join(digests), until=until),
        ),
        (words["terrain"], plan.terrain),
    )
    rules = tuple(
        (
            words[f"if-{what}"].format(limit=f"{wind_limit:g}", late=f"{buffer.time_error:.0f}"),
            words[f"then-{what}"],
        )
        for what in ("link", "battery", "recall", "wind", "late")
    )
    rest = len(flights) - MOST_ROWS
    return Brief(
        language=language,
        title=f"{words['brief']}: {route.aircraft}",
        subtitle=f"{plan.title}, {there:%Y-%m-%d}, {first.vehicle}; "
        + words["local"].format(zone=plan.time_zone),
        head=tuple(words[key] for key in HEADS),
        rows=tuple(row_of(s, plan.time_zone, words) for s in flights[:MOST_ROWS]),
        more=words["many"].format(n=rest) if rest > 0 else "",
        facts=facts,
        rules=rules,
        rules_title=words["if"],
        note=words["only-looks"],
        caption=words["map-cells"],
    )


def brief_html(brief: Brief, picture: bytes) -> str:
    """Return the page as HTML that needs nothing else.

    Parameters
    ----------
    brief : Brief
        The texts.
    picture : bytes
        The map as PNG.
    """
    facts = "".join(f"<dt>{escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in brief.facts)
    rules = "".join(
        f"<li>{escape(brief.rules_title)} {escape(a)}: <b>{escape(b)}</b></li>"
        for a, b in brief.rules
    )
    return page_html(
        brief.language,
        brief.title,
        f'<p class="sub">{escape(brief.subtitle)}</p>{table_html(brief.head, brief.rows)}'
        f"<p>{escape(brief.more)}</p><dl>{facts}</dl><ul>{rules}</ul>"
        f"{picture_html(picture, brief.caption)}<p>{escape(brief.note)}</p>",
    )


def table_html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def picture_html(picture: bytes, caption: str) -> str:
    """Return a PNG with what it shows."""
    data = base64.b64encode(picture).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def page_html(language: str, title: str, body: str) -> str:
    """Return a page that needs nothing else."""
    style = (resources.files("barlovento.share") / "templates" / "plan.css").read_text("utf-8")
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body><main>"
        f"<h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )


def brief_pdf(brief: Brief, picture: bytes) -> bytes:
    """Return the page as PDF/A.

    Parameters
    ----------
    brief : Brief
        The texts.
    picture : bytes
        The map as PNG.

    Raises
    ------
    BadInput
        typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise BadInput(
            "The PDF is set by typst, which is not installed. Install barlovento[plan]."
        ) from error
    content = {
        "language": brief.language,
        "title": brief.title,
        "subtitle": brief.subtitle,
        "head": brief.head,
        "rows": brief.rows,
        "more": brief.more,
        "facts": brief.facts,
        "rules": brief.rules,
        "if": brief.rules_title,
        "note": brief.note,
        "caption": brief.caption,
    }
    template = resources.files("barlovento.share") / "templates" / "brief.typ"
    # typst reads files below one folder only: they are put together for it.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "brief.typ").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
        (root / "map.png").write_bytes(picture)
        (root / "content.json").write_text(json.dumps(content), encoding="utf-8")
        made = typst.compile(
            str(root / "brief.typ"),
            root=str(root),
            ignore_system_fonts=True,
            pdf_standards=["a-2b"],
        )
    return bytes(made)
