"""How the page of a track audit looks: HTML that stands alone, and PDF/A by typst."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path

from barlovento.errors import BadInput
from barlovento.share.track_report import Page, words_of


def html_of(pages: Sequence[Page], svg: str, sources: Sequence[tuple[str, str]]) -> str:
    """Return the page as HTML that needs nothing else.

    Parameters
    ----------
    pages : sequence of Page
        One for each language.
    svg : str
        The map.
    sources : sequence of tuple of str
        Name and SHA-256 of each file.
    """
    style = (resources.files("barlovento.share") / "templates" / "audit.css").read_text("utf-8")
    first = pages[0]
    columns = "".join(_html_column(page) for page in pages)
    table = _html_table(pages)
    files = "".join(f"<li>{escape(name)} <code>{digest}</code></li>" for name, digest in sources)
    method = "".join(
        f'<section lang="{p.language}"><h2>{escape(words_of(p.language)["method"])}</h2><p>'
        f"{escape(' '.join(p.method))}</p></section>"
        for p in pages
    )
    title = " / ".join(page.title for page in pages)
    return (
        f'<!doctype html><html lang="{first.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>"
        f'<main><h1>{escape(title)}</h1><div class="columns">{columns}</div>'
        f'<figure role="img" aria-label="{escape(first.headline)}">{svg}</figure>{table}'
        f'<div class="columns small">{method}</div>'
        f'<ul class="files">{files}</ul></main></body></html>\n'
    )


def _html_column(page: Page) -> str:
    facts = " ".join(escape(fact) for fact in page.facts)
    return (
        f'<section lang="{page.language}">'
        f'<p class="headline {page.kind}">{escape(page.headline)}</p>'
        f"<p>{facts}</p></section>"
    )


def _heads(pages: Sequence[Page]) -> list[str]:
    return [
        " / ".join(dict.fromkeys(parts)) for parts in zip(*(p.head for p in pages), strict=True)
    ]


def _cells(pages: Sequence[Page]) -> list[list[str]]:
    """Return rows whose cells say it in every language."""
    return [
        [" / ".join(dict.fromkeys(parts)) for parts in zip(*rows, strict=True)]
        for rows in zip(*(page.rows for page in pages), strict=True)
    ]


def _html_table(pages: Sequence[Page]) -> str:
    if not pages[0].rows:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in _heads(pages))
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{row[-1]}">{escape(text)}</td>' if k == 1 else f"<td>{escape(text)}</td>"
            for k, text in enumerate(row[:-1])
        )
        + "</tr>"
        for row in _cells(pages)
    )
    more = " / ".join(page.more for page in pages if page.more)
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(more)}</p>"
    )


def pdf_of(pages: Sequence[Page], svg: str, sources: Sequence[tuple[str, str]]) -> bytes:
    """Return the page as PDF/A.

    Parameters
    ----------
    pages : sequence of Page
        One for each language.
    svg : str
        The map.
    sources : sequence of tuple of str
        Name and SHA-256 of each file.

    Raises
    ------
    BadInput
        typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise BadInput(
            "The PDF is set by typst, which is not installed. Install barlovento[permission]."
        ) from error
    content = {
        "title": " / ".join(page.title for page in pages),
        "columns": [
            {
                "lang": page.language,
                "headline": page.headline,
                "kind": page.kind,
                "facts": " ".join(page.facts),
                "method-title": words_of(page.language)["method"],
                "method": " ".join(page.method),
            }
            for page in pages
        ],
        "head": _heads(pages),
        "rows": _cells(pages),
        "more": " / ".join(page.more for page in pages if page.more),
        "sources": [f"{name}  SHA-256 {digest}" for name, digest in sources],
    }
    template = resources.files("barlovento.share") / "templates" / "audit.typ"
    # typst reads files below one folder only: they are put together for it.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "audit.typ").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
        (root / "map.svg").write_text(svg, encoding="utf-8")
        (root / "content.json").write_text(json.dumps(content), encoding="utf-8")
        made = typst.compile(
            str(root / "audit.typ"),
            root=str(root),
            ignore_system_fonts=True,
            pdf_standards=["a-2b"],
        )
    return bytes(made)
