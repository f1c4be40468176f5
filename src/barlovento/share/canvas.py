"""Colours and a matplotlib canvas without pyplot, whose import costs more than a map.

Colours: blue for what was measured, vermilion for what was inferred, green for what to do next;
the three stay apart for every common kind of colour blindness and in grey print (Okabe and Ito's
palette, with lightness running one way in the blues).
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

INK = "#1d2530"
SOFT_INK = "#5b6675"
PAPER = "#ffffff"
GROUND = "#eceae4"
SEARCHED = "#faf9f6"
INFERRED = "#c8480a"
NEXT = "#00795a"
NON_DETECT = "#9aa3ad"

EXCESS = ("#d5dde6", "#9cc3e0", "#4a90c8", "#1b5a96", "#0a2c5c", "#040f26")
SPEEDS = ("#c6dbd6", "#7fb5aa", "#37877a", "#0f4a42")

DPI = 120


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that size in pixels.

    Parameters
    ----------
    width, height : float
        [pixel].

    Returns
    -------
    Figure
        It belongs to no window.
    """
    # The figure module, not pyplot: no window system is asked for.
    from matplotlib.figure import Figure

    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=PAPER)


def excess_colours() -> LinearSegmentedColormap:
    """Return the blues from nothing to the peak."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("excess", EXCESS)


def png(figure: Figure) -> bytes:
    """Return the figure as PNG."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        # A title may hold signs that the font lacks; an empty box stands for them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "png", compress_level=6, dpi=(DPI, DPI))
    return buffer.getvalue()
