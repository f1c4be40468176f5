"""The report's small maps: a close-up of each source, and where nothing was found."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.source import Posterior
from barlovento.share import printed, svg, words
from barlovento.share.canvas import EXCESS, INFERRED, INK, SOFT_INK
from barlovento.share.excess import Drawn
from barlovento.share.extent import Extent, round_length
from barlovento.share.labels import polygons

FloatArray = NDArray[np.float64]

DOTS = 500
SEEN_COLOURS = ("#ffffff", "#d3ebe2", "#7fc4ab", "#23906c", "#005a3f")
LEVELS = (0.25, 0.55, 0.85)
"""Shares of what the strongest source reaches at which rates make the most telling maps."""


def close_up(posterior: Posterior, index: int, drawn: Drawn) -> str:
    """Return one source's region with its draws and the readings about it.

    Parameters
    ----------
    posterior : Posterior
        The answer.
    index : int
        Place of the source in the list.
    drawn : Drawn
        Readings, weakest first.
    """
    source = posterior.sources[index]
    rings = [ring for polygon in polygons(source.region90) for ring in polygon]
    corners = np.concatenate(rings)
    low, high = corners.min(axis=0), corners.max(axis=0)
    middle, half = (low + high) / 2, max(0.75 * float((high - low).max()), 2.0)
    frame = svg.Frame(
        width=320, height=320, left=1, right=1, top=1, bottom=1,
        x=(middle[0] - half, middle[0] + half), y=(middle[1] - half, middle[1] + half),
    )  # fmt: skip
    parts = [svg.rectangle(0.5, 0.5, 319, 319, "#faf9f6", "#b9c0c8")]
    cloud = source.samples[:: max(1, len(source.samples) // DOTS), :2]
    cloud = cloud[_inside(frame, cloud)]
    parts.append(svg.dots(*_placed(frame, cloud), 1.7, "#e07b1f", 0.45))
    places = np.column_stack([drawn.x, drawn.y])
    here = _inside(frame, places)
    strong = drawn.excess > 0.3 * max(float(np.max(drawn.excess, initial=0.0)), 1e-300)
    for rows, colour in ((here & ~strong, EXCESS[2]), (here & strong, EXCESS[4])):
        parts.append(svg.dots(*_placed(frame, places[rows]), 2.4, colour))
    outline = "".join("M" + svg.points(*_placed(frame, ring)) + "Z" for ring in rings)
    parts.append(
        f'<path d="{outline}" fill="none" stroke="{INFERRED}" stroke-width="2.4" '
        'stroke-linejoin="round"/>'
    )
    parts += _scale(frame)
    title = (
        f"Close-up of source {words.label(index)}: its 90 % region of "
        f"{printed.area(source.region90_area)}, its draws and the readings about it; north is up"
    )
    return svg.chart(frame, title, parts)


def telling_rates(posterior: Posterior) -> list[int]:
    """Return up to three rates whose maps of what was searched tell most, by index."""
    mean = posterior.searched.mean(axis=(0, 1))
    if not mean.size:
        return []
    return sorted({int(np.argmin(np.abs(mean - level * mean.max()))) for level in LEVELS})


def searched_map(posterior: Posterior, index: int, drawn: Drawn) -> str:
    """Return where a source of one rate would have been seen.

    Parameters
    ----------
    posterior : Posterior
        Holds the map.
    index : int
        Which rate.
    drawn : Drawn
        Readings, for orientation.
    """
    x, y = _edges(posterior.searched_x), _edges(posterior.searched_y)
    high = float(np.clip(300 * (y[1] - y[0]) / (x[1] - x[0]), 120, 460))
    frame = svg.Frame(width=300, height=high, left=0, right=0, top=0, bottom=0, x=x, y=y)
    image = base64.b64encode(_seen_png(posterior.searched[..., index])).decode()
    picture = (
        f'<image href="data:image/png;base64,{image}" x="0" y="0" width="300" height="{high:g}" '
        'preserveAspectRatio="none"/>'
    )
    parts = [
        picture,
        svg.rectangle(0.5, 0.5, 299, high - 1, "none", "#8b95a1"),
    ]
    places = np.column_stack([drawn.x, drawn.y])
    places = places[_inside(frame, places)]
    parts.append(svg.dots(*_placed(frame, places[:: max(1, len(places) // 400)]), 1.0, INK, 0.6))
    parts += _scale(frame)
    rate = float(posterior.searched_rate[index])
    share = words.seen_share(posterior)[index]
    title = (
        f"Map of where a source of {printed.kg_per_hour(rate)} would have been seen: "
        f"{printed.percent(share)} of the area; north is up"
    )
    return svg.chart(frame, title, parts)


def _seen_png(values: FloatArray) -> bytes:
    """Return the map as a small smooth picture, north up, shape of ``values`` (y, x)."""
    from PIL import Image

    colours = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in SEEN_COLOURS], float)
    at = np.linspace(0, 1, len(colours))
    share = np.clip(np.nan_to_num(values[::-1]), 0, 1)
    pixels = np.stack([np.interp(share, at, colours[:, k]) for k in range(3)], axis=-1)
    image = Image.fromarray(pixels.round().astype(np.uint8))
    image = image.resize((image.width * 5, image.height * 5), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    image.save(buffer, "png", optimize=False)
    return buffer.getvalue()


def _scale(frame: svg.Frame) -> list[str]:
    """Return a scale bar in the lower left corner."""
    extent = Extent(x=frame.x, y=frame.y)
    length = round_length(extent.width / 4)
    pixels = length / extent.width * (frame.width - frame.left - frame.right)
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    base = frame.height - 12
    return [
        f'<rect x="6" y="{base - 20:.1f}" width="{pixels + 16:.1f}" height="27" fill="#fffd"/>',
        svg.line(np.array([14, 14 + pixels]), np.array([base, base]), INK, 3),
        svg.text(14 + pixels / 2, base - 6, label, colour=SOFT_INK),
    ]


def _edges(centres: FloatArray) -> tuple[float, float]:
    step = float(centres[1] - centres[0]) if centres.size > 1 else 1.0
    return float(centres[0]) - step / 2, float(centres[-1]) + step / 2


def _inside(frame: svg.Frame, places: FloatArray) -> NDArray[np.bool_]:
    low, high = np.array([frame.x[0], frame.y[0]]), np.array([frame.x[1], frame.y[1]])
    return np.asarray(((places >= low) & (places <= high)).all(axis=1))


def _placed(frame: svg.Frame, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    return frame.across(places[:, 0]), frame.down(places[:, 1])
