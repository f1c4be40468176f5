"""The map of a track audit: land, limits, tracks coloured by verdict, and the nearest limit."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.track import Doubt
from barlovento.guard.audit import TrackAudit, Verdict
from barlovento.guard.borders import Borders
from barlovento.guard.limits import FARTHEST, SEA, TERRITORIAL_SEA, Margins, margins
from barlovento.guard.margin_track import nearest_limit
from barlovento.guard.nearest import NO_OWNER, cartesian, geodetic, nearest_many
from barlovento.share.canvas import INK, SOFT_INK, new_figure
from barlovento.share.extent import round_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FloatArray = NDArray[np.float64]

WIDTH, HEIGHT = 1100, 800
ASPECT = 800 * 0.825 / (1100 * 0.935)
"""Height of the picture over its width [1]."""
CELLS = 520
DEGREE = 111_195.0
SMALLEST = 50_000.0
"""A map is at least so wide [m]."""

LAND, OWN_LAND, OWN_SEA, OTHER_SEA, OPEN_SEA = "#e7e3d8", "#dcd3b8", "#d3e3ee", "#e9f0f4", "#f8fbfc"
COAST, LIMIT, CIRCLE = "#8d8672", "#0a3d62", "#7c93a6"
COLOURS = {1: "#c0392b", 0: "#3d6f9e", 2: "#e39a1b", 4: "#2e7d4f"}
"""Inside, outside, cannot tell, inside with consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the map shows.

    Parameters
    ----------
    west, east, south, north : float
        Edges [degree].
    """

    west: float
    east: float
    south: float
    north: float

    @property
    def squeeze(self) -> float:
        """Width of a degree of longitude against one of latitude [1]."""
        return float(np.cos(np.radians((self.south + self.north) / 2.0)))


def map_svg(
    audits: Sequence[TrackAudit], borders: Borders, words: Mapping[str, str], shown: int
) -> str:
    """Return the map as SVG.

    Parameters
    ----------
    audits : sequence of TrackAudit
        About one state.
    borders : Borders
        Whose limits are drawn.
    words : mapping
        Of the report's language.
    shown : int
        Audit whose nearest limit is marked.
    """
    state = audits[shown].state
    window = _window(audits, shown)
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((0.055, 0.165, 0.935, 0.825))
    axes.set_xlim(window.west, window.east)
    axes.set_ylim(window.south, window.north)
    axes.set_aspect(1.0 / window.squeeze)
    _ground(axes, borders, state, window)
    for audit in audits:
        _track(axes, audit)
    _nearest(axes, borders, audits[shown], words)
    _furniture(axes, window, words, state)
    buffer = io.StringIO()
    import matplotlib as mpl

    # Texts as outlines: the page looks the same wherever it is opened. No date: same in, same out.
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "barlovento"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "barlovento"})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def _window(audits: Sequence[TrackAudit], shown: int) -> Window:
    """Return edges round the tracks, or round the shown one where they are far apart."""
    chosen = [audit for audit in audits if audit.passes] or [audits[shown]]
    lon = np.concatenate([_used(audit, audit.track.lon) for audit in chosen])
    lat = np.concatenate([_used(audit, audit.track.lat) for audit in chosen])
    # The middle of the longitudes on the circle, so that the antimeridian is no edge.
    middle = np.degrees(np.angle(np.mean(np.exp(1j * np.radians(lon)))))
    lon = middle + (lon - middle + 180.0) % 360.0 - 180.0
    squeeze = float(np.cos(np.radians(lat.mean())))
    x, y = (lon.min() + lon.max()) / 2.0, (lat.min() + lat.max()) / 2.0
    across = max(np.ptp(lon) * squeeze * DEGREE, SMALLEST) * 1.2
    up = max(np.ptp(lat) * DEGREE, SMALLEST * ASPECT) * 1.2
    up = max(up, across * ASPECT * 0.99)
    across = max(across, up * 1.0 / ASPECT * 1.01)
    half_x, half_y = across / 2.0 / DEGREE / squeeze, up / 2.0 / DEGREE
    return Window(
        west=x - half_x, east=x + half_x, south=max(y - half_y, -89.0), north=min(y + half_y, 89.0)
    )


def _used(audit: TrackAudit, values: FloatArray) -> FloatArray:
    return np.asarray(values[audit.status != 3])


def _ground(axes: Axes, borders: Borders, state: str, window: Window) -> None:
    """Draw who holds what: land, seas, coasts and limits."""
    rows = round(
        CELLS * (window.north - window.south) / (window.east - window.west) / window.squeeze
    )
    lon = np.linspace(window.west, window.east, CELLS)
    lat = np.linspace(window.south, window.north, max(rows, 50))
    grid_lon, grid_lat = np.meshgrid(lon, lat)
    # To and fro, so that neighbours follow each other and are found faster.
    grid_lon[1::2] = grid_lon[1::2, ::-1].copy()
    places = cartesian(grid_lon.ravel(), grid_lat.ravel())
    own = margins(borders.around(state), places)

    def grid(values: NDArray[Any]) -> NDArray[Any]:
        square = values.reshape(grid_lon.shape).copy()
        square[1::2] = square[1::2, ::-1].copy()
        return square

    number = borders.states.index(state)
    coast = grid(nearest_many(borders.every_coast, places, FARTHEST, NO_OWNER)[0])
    margin, holder = grid(own.margin), grid(own.holder)
    picture = np.full((*margin.shape, 3), _rgb(OPEN_SEA))
    picture[(holder == SEA) & (coast <= TERRITORIAL_SEA)] = _rgb(OTHER_SEA)
    picture[(holder == SEA) & (margin >= 0.0)] = _rgb(OWN_SEA)
    picture[holder != SEA] = _rgb(LAND)
    picture[holder == number] = _rgb(OWN_LAND)
    edges = (window.west, window.east, window.south, window.north)
    axes.imshow(
        picture, extent=edges, origin="lower", aspect="auto", interpolation="nearest", zorder=0
    )
    _lines(axes, borders, window)
    _limits(axes, lon, lat, own, margin, grid)
    axes.set_aspect(1.0 / window.squeeze)


def _limits(
    axes: Axes, lon: FloatArray, lat: FloatArray, own: Margins, margin: FloatArray, grid: Any
) -> None:
    if margin.min() < 0.0 < margin.max():
        axes.contour(lon, lat, margin, [0.0], colors=LIMIT, linewidths=1.6, zorder=4)
    circle = grid(np.where(np.isfinite(own.own), own.own, 1e6))
    if circle.min() < TERRITORIAL_SEA < circle.max():
        # Inland it means nothing.
        at_sea = np.ma.masked_where(grid(own.holder) == own.holder.max(), circle)
        sea_only = np.ma.masked_where(grid(own.holder) != SEA, at_sea)
        axes.contour(
            lon, lat, sea_only, [TERRITORIAL_SEA], colors=CIRCLE, linewidths=0.9,
            linestyles=[(0, (4, 3))], zorder=3,
        )  # fmt: skip


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


def _lines(axes: Axes, borders: Borders, window: Window) -> None:
    """Draw coasts and borders on land that fall into the window."""
    begin, end = borders.outline.begin, borders.outline.end
    middle = cartesian(
        np.array([(window.west + window.east) / 2.0]),
        np.array([(window.south + window.north) / 2.0]),
    )
    corner = cartesian(np.array([window.west]), np.array([window.south]))
    near = ((begin - middle) ** 2).sum(axis=1) < 1.3 * ((corner - middle) ** 2).sum() + 1e8
    lon1, lat1 = geodetic(begin[near])
    lon2, lat2 = geodetic(end[near])
    x = (window.west + window.east) / 2.0
    lon1 = x + (lon1 - x + 180.0) % 360.0 - 180.0
    lon2 = x + (lon2 - x + 180.0) % 360.0 - 180.0
    first, last = np.stack([lon1, lat1], axis=1), np.stack([lon2, lat2], axis=1)
    axes.plot(*_chained(first, last), color=COAST, lw=0.7, zorder=2)


def _chained(first: FloatArray, last: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return one broken line through segments; those that follow each other are joined.

    One long path is drawn a hundred times faster than many short ones.
    """
    if not len(first):
        return np.zeros(0), np.zeros(0)
    starts = np.concatenate([[True], np.any(first[1:] != last[:-1], axis=1)])
    rows = [np.vstack([[[np.nan, np.nan]], [a], [b]]) if new else b[None, :]
            for new, a, b in zip(starts, first, last, strict=True)]  # fmt: skip
    places = np.concatenate(rows)
    return places[:, 0], places[:, 1]


def _track(axes: Axes, audit: TrackAudit) -> None:
    """Draw a track, each leg in the colour of its graver end."""
    track = audit.track
    rows = np.flatnonzero((track.doubt & int(Doubt.STALE | Doubt.JUMP)) == 0)
    status = audit.status[rows].copy()
    for one in audit.passes:
        if one.verdict == Verdict.INSIDE and one.consent == "wholly":
            status[(rows >= one.first) & (rows <= one.last) & (status == 1)] = 4
    x = track.lon[rows].mean()
    lon = x + (track.lon[rows] - x + 180.0) % 360.0 - 180.0
    points = np.stack([lon, track.lat[rows]], axis=1)
    if len(points) == 1:
        axes.plot(*points[0], "o", ms=4, color=COLOURS[int(status[0])], zorder=6)
        return
    legs = np.stack([points[:-1], points[1:]], axis=1)
    seen = np.diff(track.time[rows]) <= 1_800.0
    rank = {0: 0, 4: 1, 2: 2, 1: 3}
    graver = np.array([max(a, b, key=lambda c: rank[int(c)]) for a, b in pairwise(status)])
    under = _chained(legs[seen, 0], legs[seen, 1])
    axes.plot(*under, color="white", lw=3.2, zorder=5, solid_capstyle="round")
    for code in (0, 4, 2, 1):
        chosen = seen & (graver == code)
        line = _chained(legs[chosen, 0], legs[chosen, 1])
        axes.plot(*line, color=COLOURS[code], lw=1.7, zorder=6 + rank[code])


def _nearest(axes: Axes, borders: Borders, audit: TrackAudit, words: Mapping[str, str]) -> None:
    """Mark the deepest place, or the closest approach, with the way to the limit."""
    at = audit.closest
    lon, lat = float(audit.track.lon[at]), float(audit.track.lat[at])
    away, to_lon, to_lat = nearest_limit(borders.around(audit.state), lon, lat)
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    axes.plot(lon, lat, "o", ms=7, mfc="white", mec=INK, mew=1.6, zorder=12)
    if not (west < to_lon < east and south < to_lat < north):
        return
    axes.plot([lon, to_lon], [lat, to_lat], color=INK, lw=1.3, zorder=11)
    axes.annotate(
        f"{away / 1000.0:.1f} {words['km']}",
        ((lon + to_lon) / 2.0, (lat + to_lat) / 2.0),
        xytext=(9, 7), textcoords="offset points", fontsize=10, fontweight="bold", color=INK,
        bbox={"boxstyle": "round,pad=0.25", "fc": "white", "ec": "none", "alpha": 0.85}, zorder=13,
    )  # fmt: skip


def _furniture(axes: Axes, window: Window, words: Mapping[str, str], state: str) -> None:
    """Draw scale bar, north and legend."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    axes.tick_params(labelsize=8, colors=SOFT_INK, length=3)
    for spine in axes.spines.values():
        spine.set_color("#b8c2cb")
    axes.xaxis.set_major_formatter(lambda v, _: _degrees(v, "E", "W"))
    axes.yaxis.set_major_formatter(lambda v, _: _degrees(v, "N", "S"))
    span = (window.east - window.west) * window.squeeze * DEGREE
    length = round_length(span / 6.0)
    share = length / span
    axes.plot([0.03, 0.03 + share], [0.045, 0.045], transform=axes.transAxes, color=INK, lw=3,
              solid_capstyle="butt", zorder=14)  # fmt: skip
    axes.text(0.03 + share / 2, 0.06, f"{length / 1000:g} {words['km']}", transform=axes.transAxes,
              ha="center", fontsize=9, color=INK, zorder=14)  # fmt: skip
    axes.annotate("N", (0.045, 0.235), (0.045, 0.13), xycoords="axes fraction", ha="center",
                  fontsize=11, fontweight="bold", color=INK, zorder=14,
                  arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.4})  # fmt: skip
    lines = [
        Line2D([], [], color=COLOURS[1], lw=2.2, label=words["inside"]),
        Line2D([], [], color=COLOURS[4], lw=2.2, label=words["inside-with-consent"]),
        Line2D([], [], color=COLOURS[2], lw=2.2, label=words["cannot-tell"]),
        Line2D([], [], color=COLOURS[0], lw=2.2, label=words["outside"]),
        Line2D([], [], color=LIMIT, lw=1.6, label=words["legend-limit"]),
        Line2D([], [], color=CIRCLE, lw=0.9, ls=(0, (4, 3)), label=words["legend-circle"]),
        Patch(fc=OWN_SEA, ec="#b8c2cb", label=words["legend-here"].format(state=state)),
        Patch(fc=OTHER_SEA, ec="#b8c2cb", label=words["legend-others"]),
    ]
    axes.legend(handles=lines, loc="upper center", bbox_to_anchor=(0.5, -0.045), ncols=2,
                fontsize=9, frameon=False, labelcolor=INK, columnspacing=3.0)  # fmt: skip


def _degrees(value: float, plus: str, minus: str) -> str:
    value = (value + 180.0) % 360.0 - 180.0 if plus == "E" else value
    return f"{abs(value):g}\N{DEGREE SIGN} {plus if value >= 0 else minus}"
