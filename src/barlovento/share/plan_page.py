"""The page about a whole plan: map, flights, what was left out and what stays unsearched."""

from __future__ import annotations

from collections import Counter
from html import escape

import numpy as np

from barlovento.domain.sortie import Plan
from barlovento.share import printed
from barlovento.share.brief import HEADS, page_html, picture_html, plan_words, row_of, table_html
from barlovento.share.plan_map import UNSEEN


def plan_html(plan: Plan, picture: bytes, *, language: str, cell_area: float) -> str:
    """Return the page as HTML that needs nothing else.

    Parameters
    ----------
    plan : Plan
        All of it.
    picture : bytes
        The map as PNG.
    language : str
        ``"en"`` or ``"es"``.
    cell_area : float
        Mean area of a cell [m2].
    """
    words = plan_words(language)
    if plan.sorties:
        headline = words["headline"].format(
            n=len(plan.sorties),
            finds=printed.figures(plan.expected_finds),
            bound=printed.figures(plan.bound),
        )
    else:
        headline = words["headline-none"]
    rows = [
        (row[0], sortie.route.aircraft, *row[1:])
        for sortie in plan.sorties
        for row in [row_of(sortie, plan.time_zone, words)]
    ]
    head = [words[HEADS[0]], words["aircraft"], *(words[key] for key in HEADS[1:])]
    parts = [
        f'<p class="headline">{escape(headline)}</p>',
        f'<p class="sub">{escape(words["local"].format(zone=plan.time_zone))}</p>',
        picture_html(picture, words["map-cells"]),
        table_html(head, rows) if rows else "",
        f"<h2>{escape(words['unsearched'])}</h2>{_unsearched(plan, language, cell_area)}",
        f"<h2>{escape(words['left-out'])}</h2>",
        table_html(
            (words["sortie"], words["aircraft"], words["why"]),
            [(one.name, one.aircraft, one.why) for one in plan.left_out],
        )
        if plan.left_out
        else f"<p>{escape(words['nothing-left-out'])}</p>",
    ]
    if plan.notes:
        told = "".join(f"<li>{escape(note)}</li>" for note in plan.notes)
        parts.append(f"<h2>{escape(words['notes'])}</h2><ul>{told}</ul>")
    parts.append(f"<p>{escape(words['only-looks'])}</p>")
    return page_html(language, f"{words['plan']}: {plan.title}", "".join(parts))


def _unsearched(plan: Plan, language: str, cell_area: float) -> str:
    words = plan_words(language)
    unseen = [cell for cell in plan.cells if cell.detected < UNSEEN]
    prior = np.array([cell.prior for cell in plan.cells])
    share = sum(cell.prior for cell in unseen) / max(float(prior.sum()), 1e-300)
    told = words["unsearched-share"].format(
        area=printed.area(len(unseen) * cell_area),
        whole=printed.area(len(plan.cells) * cell_area),
        share=printed.percent(share),
    )
    why = Counter(cell.why_not for cell in unseen if cell.why_not)
    rows = [(reason, printed.area(count * cell_area)) for reason, count in why.most_common()]
    return f"<p>{escape(told)}</p>" + (table_html((words["why"], "km²"), rows) if rows else "")
