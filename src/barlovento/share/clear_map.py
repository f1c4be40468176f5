"""The map of a checked plan: path, buffer, consents, zones, and where something is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from barlovento.domain.airspace import Area, Circle, Consent, Route, Shortfall, Zone, ZoneKind
from barlovento.domain.geodesy import to_local
from barlovento.guard.geometry import geographic, places, shapes_of
from barlovento.guard.outline import SEA, Outline
from barlovento.share import canvas, printed
from barlovento.share.extent import round_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, MARGIN = 1200, 900, 60
CONSENTED, ASKED, FORBIDDEN = "#bfe0d3", "#f0c36a", "#e08a6a"
FARTHEST = 30.0
"""Shapes are drawn as far as this many times the plan's own size."""


def clear_map(
    route: Route,
    consents: Sequence[Consent],
    zones: Sequence[Zone],
    shortfalls: Sequence[Shortfall],
    *,
    outline: Outline | None = None,
) -> bytes:
    """Return the map as PNG, 1200 pixels wide.

    Parameters
    ----------
    route : Route
        The plan.
    consents : sequence of Consent
        Those that were looked at.
    zones : sequence of Zone
        All; far ones are left out.
    shortfalls : sequence of Shortfall
        What is missing; none for a plan that was cleared.
    outline : Outline, optional
        Coasts and borders, drawn where they are near.
    """
    import shapely

    origin = (route.waypoints[0].lon, route.waypoints[0].lat)
    path = _places([(p.lon, p.lat) for p in route.waypoints], origin)
    ways = [route.home] if route.home else []
    others = _places([(p.lon, p.lat) for p in (*ways, *route.lost_link)], origin)
    every = np.concatenate([path, others])
    low, high = every.min(axis=0), every.max(axis=0)
    half = max(float((high - low).max()) / 2, 50.0) * 1.25 + route.buffer.side
    middle = (low + high) / 2
    figure = canvas.new_figure(WIDTH, HEIGHT)
    axes = figure.add_axes((0.02, 0.03, 0.96, 0.84))
    ratio = (0.96 * WIDTH) / (0.84 * HEIGHT)
    axes.set_xlim(middle[0] - half * ratio, middle[0] + half * ratio)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    axes.set_aspect("equal")
    axes.set_facecolor(canvas.GROUND)
    axes.tick_params(bottom=False, left=False, labelbottom=False, labelleft=False)
    for consent in consents:
        _area(axes, consent.volume.area, origin, half, face=CONSENTED, edge=canvas.NEXT)
    for zone in zones:
        if zone.kind is ZoneKind.NO_RESTRICTION:
            continue
        face = FORBIDDEN if zone.kind is ZoneKind.PROHIBITED else ASKED
        for volume in zone.volumes:
            _area(axes, volume.area, origin, half, face=face, edge=canvas.INFERRED, name=zone.id)
    if outline is not None:
        _outline(axes, outline, origin)
    line = shapely.LineString(path)
    home = (
        [shapely.convex_hull(shapely.MultiPoint([*pair, others[0]])) for pair in pairwise(path)]
        if ways
        else []
    )
    _polygon(axes, shapely.union_all(home), face=canvas.SOFT_INK, alpha=0.10)
    _polygon(axes, line.buffer(route.buffer.side), face=canvas.EXCESS[2], alpha=0.35)
    axes.plot(path[:, 0], path[:, 1], color=canvas.EXCESS[4], lw=1.8, zorder=5)
    axes.plot(path[0, 0], path[0, 1], "o", color=canvas.EXCESS[4], ms=7, zorder=6)
    if ways:
        axes.plot(others[0, 0], others[0, 1], "s", color=canvas.INK, ms=7, zorder=6)
    _marks(axes, shortfalls, origin)
    _scale(axes, half)
    _words(figure, route, shortfalls)
    return canvas.png(figure)


def _places(places: Iterable[tuple[float, float]], origin: tuple[float, float]) -> Any:
    points = np.array(list(places), dtype=float).reshape(-1, 2)
    x, y = to_local(points[:, 0], points[:, 1], origin=origin)
    return np.stack([x, y], axis=1)


def _outline(axes: Axes, outline: Outline, origin: tuple[float, float]) -> None:
    """Draw coasts thin, and borders dashed with the states on both sides."""
    from matplotlib.collections import LineCollection

    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    centre = places(*([x] for x in origin))[0]
    reach = 2.0 * max(abs(west), abs(east), abs(south), abs(north)) + 5_000.0
    near = np.flatnonzero(np.abs(outline.begin - centre).max(axis=1) < reach)
    if not len(near):
        return
    ends = [
        _places(zip(*geographic(spots[near]), strict=True), origin)
        for spots in (outline.begin, outline.end)
    ]
    lines = np.stack(ends, axis=1)
    left, right = outline.left[near], outline.right[near]
    border = (left != SEA) & (right != SEA)
    axes.add_collection(LineCollection(list(lines[~border]), colors=canvas.INK, lw=0.7, zorder=4))
    axes.add_collection(
        LineCollection(list(lines[border]), colors=canvas.INK, lw=1.3, linestyle="--", zorder=4)
    )
    middle = lines.mean(axis=1)
    inside = border & (
        np.abs(middle - [(west + east) / 2, (south + north) / 2])
        < 0.4 * (np.array([east - west, north - south]))
    ).all(axis=1)
    if not inside.any():
        return
    # The names stand beside the middle one of the border's short lines.
    one = np.flatnonzero(inside)[inside.sum() // 2]
    along = lines[one, 1] - lines[one, 0]
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
    for holder, side in ((left[one], 1.0), (right[one], -1.0)):
        spot = middle[one] + side * across * 0.035 * (north - south)
        axes.text(
            float(spot[0]),
            float(spot[1]),
            outline.holders[holder].state or "?",
            fontsize=10,
            ha="center",
            va="center",
            color=canvas.SOFT_INK,
            zorder=4,
            clip_on=True,
        )


def _area(
    axes: Axes,
    area: Area,
    origin: tuple[float, float],
    half: float,
    *,
    face: str,
    edge: str,
    name: str = "",
) -> None:
    """Draw an area where it is near."""
    import shapely

    for member in area:
        (shape,) = shapes_of((member,), outward=False)
        rings = []
        for ring in shape.rings:
            lon, lat = geographic(ring)
            rings.append(_places(zip(lon, lat, strict=True), origin))
        if np.abs(rings[0]).min() > FARTHEST * half and not isinstance(member, Circle):
            continue
        polygon = shapely.Polygon(rings[0], rings[1:])
        _polygon(axes, polygon, face=face, edge=edge, alpha=0.55)
        box = shapely.box(
            *axes.get_xlim()[:1], *axes.get_ylim()[:1], axes.get_xlim()[1], axes.get_ylim()[1]
        )
        seen = shapely.intersection(shapely.make_valid(polygon), box)
        if name and not shapely.is_empty(seen):
            spot = shapely.point_on_surface(seen)
            axes.text(
                spot.x,
                spot.y,
                printed.shortened(name, 24),
                fontsize=8,
                ha="center",
                color=canvas.INK,
                zorder=7,
                clip_on=True,
                parse_math=False,
            )


def _polygon(axes: Axes, shape: Any, *, face: str, edge: str = "none", alpha: float = 0.5) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for part in getattr(shape, "geoms", [shape]):
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        rings = [np.asarray(ring.coords) for ring in (part.exterior, *part.interiors)]
        codes = [[Path.MOVETO, *[Path.LINETO] * (len(ring) - 2), Path.CLOSEPOLY] for ring in rings]
        outline = Path(np.concatenate(rings), np.concatenate(codes))
        axes.add_patch(PathPatch(outline, facecolor=face, edgecolor=edge, alpha=alpha, lw=1.0))


def _marks(axes: Axes, shortfalls: Sequence[Shortfall], origin: tuple[float, float]) -> None:
    """Mark each place that lacks something with its number."""
    for number, shortfall in enumerate(shortfalls, start=1):
        if shortfall.lon is None or shortfall.lat is None:
            continue
        (spot,) = _places([(shortfall.lon, shortfall.lat)], origin)
        axes.plot(*spot, "X", color=canvas.INFERRED, ms=13, mec="white", mew=1.2, zorder=9)
        axes.annotate(
            str(number),
            spot,
            xytext=(9, 9),
            textcoords="offset points",
            fontsize=12,
            fontweight="bold",
            color=canvas.INFERRED,
            zorder=9,
        )


def _scale(axes: Axes, half: float) -> None:
    length = round_length(half / 2)
    x0 = axes.get_xlim()[0] + half * 0.06
    y0 = axes.get_ylim()[0] + half * 0.07
    axes.plot([x0, x0 + length], [y0, y0], color=canvas.INK, lw=3, zorder=9)
    words = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(x0 + length / 2, y0 + half * 0.025, words, ha="center", fontsize=10, zorder=9)
    top = axes.get_ylim()[1] - half * 0.08
    axes.annotate(
        "N",
        (x0, top),
        (x0, top - half * 0.16),
        ha="center",
        fontsize=11,
        zorder=9,
        arrowprops={"arrowstyle": "-|>", "color": canvas.INK},
    )


def _words(figure: Any, route: Route, shortfalls: Sequence[Shortfall]) -> None:
    verdict = "cleared" if not shortfalls else "refused"
    figure.text(
        0.02,
        0.975,
        printed.shortened(f"{route.id}: {verdict}", 80),
        fontsize=16,
        va="top",
        fontweight="bold",
        parse_math=False,
        color=canvas.NEXT if not shortfalls else canvas.INFERRED,
    )
    first = route.waypoints[0].time.strftime("%Y-%m-%d %H:%M:%S UTC")
    text = f"{route.aircraft}, {first}, buffer {route.buffer.side:g} m. "
    text += "Green: consent. Yellow: by authorisation. Red: prohibited. Grey: ways home (square). "
    text += "Dashed: border."
    figure.text(
        0.02,
        0.925,
        printed.shortened(text, 170),
        fontsize=8.5,
        va="top",
        color=canvas.SOFT_INK,
        parse_math=False,
    )
    if shortfalls:
        one = shortfalls[0]
        told = f"1: {one.leg}, metre {one.metre:.0f}, second {one.second:.0f}: lacks {one.lacks}"
        figure.text(
            0.02,
            0.9,
            printed.shortened(told, 130),
            fontsize=10.5,
            va="top",
            color=canvas.INFERRED,
            parse_math=False,
        )
