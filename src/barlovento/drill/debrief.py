"""``debrief.html``: a sortie, or a person's beside the program's, held against the truth.

One file that needs nothing from elsewhere: map, timeline and table.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from barlovento.drill.animation import still_png
from barlovento.drill.frames import Frame, Log
from barlovento.share import canvas, printed, svg

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, HEIGHT = 980.0, 210.0
PHASES = {"sweep": "#dbe7f2", "trace": "#fbe3d6", "confirm": "#f3cdb8", "home": "#eceae4"}
BATTERY = "#37877a"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """A seal that was opened.

    Parameters
    ----------
    commitment, salt : str
        Hex.
    held : bool
        Whether the truth is the one that was sealed.
    """

    commitment: str
    salt: str
    held: bool


def debrief_html(
    logs: Sequence[tuple[str, Log]],
    truth: Sequence[Mapping[str, Any]],
    *,
    version: str,
    command: str,
    seal: Seal | None = None,
) -> bytes:
    """Return the page.

    Parameters
    ----------
    logs : sequence of (str, Log)
        Who flew, and the log with its end.
    truth : sequence of mapping
        True sites with ``name``, ``kind``, ``x``, ``y`` and ``emission_rate``.
    version, command : str
        For the provenance.
    seal : Seal, optional
        Where the truth was sealed.
    """
    from jinja2 import BaseLoader, Environment, StrictUndefined

    room = resources.files("barlovento.drill") / "templates"
    style = resources.files("barlovento.share") / "templates" / "report.css"
    environment = Environment(
        loader=BaseLoader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    places = [(site["x"], site["y"], site["kind"]) for site in truth]
    header = logs[0][1].header
    page = environment.from_string((room / "debrief.html.j2").read_text(encoding="utf-8")).render(
        style=style.read_text(encoding="utf-8"),
        title=header.title,
        facts=_facts(header),
        parts=[_part(name, log, places) for name, log in logs],
        headline=_headline(logs),
        sites=[_site(site) for site in truth],
        seal=seal,
        seed=header.seed,
        version=version,
        command=command,
    )
    return page.encode()


def _facts(header: Any) -> str:
    width = header.area_x[1] - header.area_x[0]
    height = header.area_y[1] - header.area_y[0]
    drones = ", ".join(header.aircraft)
    return (
        f"{width:.0f} m by {height:.0f} m, {header.duration / 60:.0f} min at most, {drones}, "
        f"measuring {', '.join(header.species)}"
    )


def _headline(logs: Sequence[tuple[str, Log]]) -> str:
    return " ".join(f"{name}: {tally(log.end)}" for name, log in logs)


def tally(end: Mapping[str, Any]) -> str:
    """Return a score in a sentence."""
    score = end["score"]
    return f"{score['found']} found, {score['missed']} missed, {len(score['false'])} false."


def _part(name: str, log: Log, places: Sequence[tuple[float, float, str]]) -> dict[str, Any]:
    end = log.end
    image = still_png(log.header, log.frames, places, end["answer"])
    return {
        "name": name,
        "tally": tally(end),
        "image": base64.b64encode(image).decode(),
        "timeline": timeline(log.frames),
        "rows": table_rows(end),
        "legs": [
            {
                "time": _clock(leg["time"]),
                "phase": leg["phase"],
                "why": leg["why"],
                "information": "" if leg["information"] is None else f"{leg['information']:.2f}",
            }
            for leg in end.get("decisions", [])
        ],
        "flight": _clock(end["flight_time_s"]),
        "battery": ", ".join(f"{100 * share:.0f} %" for share in end["battery_left"]),
        "home": all(end["came_home"]),
    }


def table_rows(end: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the table of found, missed and false as text.

    Parameters
    ----------
    end : mapping
        The end of a log: ``answer`` and ``score``.

    Returns
    -------
    list of dict
        With ``site``, ``verdict``, ``error``, ``region``, ``rate`` and ``class``.
    """
    answer, score = end["answer"], end["score"]
    rows = []
    for pair in score["sites"]:
        site = f"{pair['name']} ({pair['kind'].replace('_', ' ')})"
        rate = printed.grams_per_second(pair["emission_rate"])
        if pair["report"] is None:
            rows.append(
                {"site": site, "verdict": "missed", "error": "", "region": "", "class": "",
                 "rate": f"true {rate}"}
            )  # fmt: skip
            continue
        report = answer[pair["report"]]
        inside = "holds it" if pair["inside_region90"] else "does not hold it"
        rows.append(
            {
                "site": site,
                "verdict": f"found as {pair['report'] + 1} "
                f"({printed.percent(report['probability'])})",
                "error": f"{pair['error_m']:.1f} m",
                "region": f"{printed.area(report['region90_area_m2'])}, {inside}",
                "rate": f"{_rate(report)}, true {rate}",
                "class": _class(report, pair["class_right"]),
            }
        )
    rows += [
        {
            "site": f"nothing at ({answer[f]['x']:.0f}, {answer[f]['y']:.0f})",
            "verdict": f"false, {f + 1} ({printed.percent(answer[f]['probability'])})",
            "error": "",
            "region": printed.area(answer[f]["region90_area_m2"]),
            "rate": _rate(answer[f]),
            "class": _class(answer[f], None),
        }
        for f in score["false"]
    ]
    return rows


def _rate(report: Mapping[str, Any]) -> str:
    rate = report["emission_rate_kg_s"]
    if rate is None:
        return "no rate told"
    between = printed.between(rate["q05"], rate["q95"], grams=True)
    return f"{printed.grams_per_second(rate['median'])} ({between})"


def _class(report: Mapping[str, Any], right: bool | None) -> str:
    if report["class"] is None:
        return "not judged"
    probability = printed.percent(report["classes"][report["class"]])
    words = f"{report['class'].replace('_', ' ')} ({probability})"
    return words if right is None else f"{words}, {'right' if right else 'wrong'}"


def _site(site: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": site["name"],
        "kind": site["kind"].replace("_", " "),
        "place": printed.metres(site["x"], site["y"]),
        "rate": printed.grams_per_second(site["emission_rate"])
        if site["emission_rate"] > 0
        else "nothing of what was searched for",
    }


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def timeline(frames: Sequence[Frame]) -> Markup:
    """Return probability, battery, readings and phases over time as SVG.

    Parameters
    ----------
    frames : sequence of Frame
        In order of time.
    """
    if not frames:
        return svg.chart(svg.Frame(width=WIDTH, height=40, x=(0, 1), y=(0, 1)), "no flight", [])
    time = np.array([frame.time for frame in frames]) / 60.0
    box = svg.Frame(width=WIDTH, height=HEIGHT, top=26.0, x=(0.0, float(time[-1])), y=(0.0, 1.0))
    parts = []
    start = 0.0
    for phase, group in groupby(frames, key=lambda frame: frame.phase):
        end = list(group)[-1].time / 60.0
        left, right = float(box.across(start)), float(box.across(end))
        parts.append(
            svg.rectangle(left, box.top, right - left, HEIGHT - box.top - box.bottom,
                          PHASES.get(phase, canvas.GROUND))
        )  # fmt: skip
        if right - left > 40.0:
            parts.append(svg.text(0.5 * (left + right), 18.0, phase))
        start = end
    parts += svg.axis_left(box, lambda value: f"{100 * value:.0f} %", about=4)
    minutes = [float(m) for m in svg.round_values(0.0, float(time[-1]), 6)]
    parts += svg.axis_below(box, minutes, [f"{m:g} min" for m in minutes])
    x = box.across(time)
    for k in range(len(frames[0].drones)):
        battery = np.array([frame.drones[k].energy for frame in frames])
        parts.append(svg.line(x, box.down(battery), BATTERY, 1.4, "5 3"))
    highest = np.array(
        [max((d.reading for d in f.drones if d.reading is not None), default=np.nan)
         for f in frames]
    )  # fmt: skip
    if np.isfinite(highest).any():
        top = float(np.nanmax(highest))
        parts.append(svg.line(x, box.down(highest / max(top, 1e-9)), "#1b5a96", 1.0))
        parts.append(
            svg.text(WIDTH - box.right - 4, box.top + 12, f"highest reading {top:.2g} ppb",
                     anchor="end", colour="#1b5a96")
        )  # fmt: skip
    probability = np.array([frame.probability for frame in frames])
    parts.append(svg.line(x, box.down(probability), canvas.INFERRED, 2.2))
    for frame in frames:
        if frame.event:
            at = float(box.across(frame.time / 60.0))
            parts.append(svg.line(np.array([at, at]), np.array([box.top, HEIGHT - box.bottom]),
                                  canvas.INK, 1.0, "2 2"))  # fmt: skip
    return svg.chart(box, "Probability of a source, battery and readings over time", parts)
