"""Turn formulas into MathML while the pages are built, so that readers need no script for them."""

from __future__ import annotations

import html
import re

from latex2mathml.converter import convert

INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
BLOCK = re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.DOTALL)


def on_page_content(content: str, **_: object) -> str:
    """Replace the formulas of one page (called by mkdocs)."""
    content = BLOCK.sub(lambda m: convert(html.unescape(m[1]).strip(), display="block"), content)
    return INLINE.sub(lambda m: convert(html.unescape(m[1]).strip()), content)
