"""Where sites may be: expected sites for each cell and rate, lowered by every search.

The expected number of sites in cell i with rate class r is

    E_ir = w_r (E s_i + sum over tip-offs of p_t g_ti) o_i,                                   (1)

E s_i the expected sites spread by area, nearness to roads, distance from settlements and slope; p_t
how far a tip-off is trusted and g_ti its share in the cell; o_i what was found on the ground near
by. A search that finds nothing leaves

    E_ir (1 - d_ir),                                                                          (2)

d_ir the probability that it would have seen a site there (Koopman 1946; Stone 1975, Theory of
Optimal Search, section 2.2, for independent sites). Weak sites stay where strong ones were ruled
out, for the rate classes are kept apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.domain.region import GRADES, Region
from barlovento.domain.searched import Searched
from barlovento.errors import BadInput
from barlovento.plan.detection import Detection, prior_rates

Floats = NDArray[np.float64]

ROAD_REACH, ROADLESS = 1500.0, 0.2
"""Sites need deliveries: weight falls over this distance [m] to that share (assumed) [1]."""
TOWN_REACH, IN_TOWN = 800.0, 0.2
"""Sites keep away from eyes: weight rises over this distance [m] from that share (assumed) [1]."""
STEEP = 25.0
"""At this slope the weight is a half (assumed) [degree]."""
FOUND_REACH, FOUND_FACTOR = 3000.0, 2.0
"""Near a site that was found others are so much more expected (assumed) [m], [1]."""
EMPTY_REACH, EMPTY_FACTOR = 300.0, 0.3
"""Near a place where nothing was, so much less (assumed) [m], [1]."""
MOST_CELLS = 20_000
RING = 6
"""Points on each of two rings at which a cell is looked up, besides its centre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """H3 cells of a region.

    Parameters
    ----------
    names : tuple of str
        H3 indexes.
    places : ndarray, shape (n, 2)
        Centres, east and north of the origin [m].
    areas : ndarray, shape (n,)
        [m2].
    origin : tuple of float
        Longitude and latitude of the frame [degree].
    """

    names: tuple[str, ...]
    places: Floats
    areas: Floats
    origin: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Expected sites by cell and rate class.

    Parameters
    ----------
    cells : Cells
        Where.
    rates : ndarray, shape (r,)
        Of the classes [kg s-1].
    expected : ndarray, shape (n, r)
        Expected sites [1].
    """

    cells: Cells
    rates: Floats
    expected: Floats

    @property
    def by_cell(self) -> Floats:
        """Expected sites of any rate, shape (n,)."""
        return np.asarray(self.expected.sum(axis=1))

    def lowered(self, seen: Floats) -> Prior:
        """Return what is left after a search that found nothing, equation 2.

        Parameters
        ----------
        seen : ndarray, shape (n, r)
            Probability that a site there would have been seen [1].
        """
        if seen.shape != self.expected.shape or not ((seen >= 0) & (seen <= 1)).all():
            raise BadInput(
                f"What was seen has the shape {seen.shape}. "
                f"Give probabilities in the shape {self.expected.shape}."
            )
        return replace(self, expected=self.expected * (1.0 - seen))

    def worth(self, detection: Detection) -> Floats:
        """Return the expected sites that a sweep of each cell finds, shape (n,)."""
        return np.asarray(self.expected @ detection.by_rate)


def cells_of(region: Region) -> Cells:
    """Return the cells whose centres lie in a region.

    Raises
    ------
    BadInput
        None does, or too many do.
    """
    import h3

    rings = [[(lat, lon) for lon, lat in ring] for ring in region.area]
    shape = h3.LatLngPoly(rings[0], *rings[1:])
    names = sorted(h3.h3shape_to_cells(shape, region.cell_resolution))
    if not names:
        raise BadInput(
            f"No cell of resolution {region.cell_resolution} has its centre in the area. "
            "Raise cell_resolution."
        )
    if len(names) > MOST_CELLS:
        raise BadInput(
            f"The area has {len(names):,} cells of resolution {region.cell_resolution}; at most "
            f"{MOST_CELLS:,} can be planned. Lower cell_resolution."
        )
    middle = np.array([h3.cell_to_latlng(name) for name in names])
    x, y = to_local(middle[:, 1], middle[:, 0], origin=region.origin)
    areas = np.array([h3.cell_area(name, unit="m^2") for name in names])
    return Cells(
        names=tuple(names), places=np.column_stack([x, y]), areas=areas, origin=region.origin
    )


def prior_of(
    region: Region,
    cells: Cells,
    *,
    roads: Sequence[Any] = (),
    settlements: Sequence[Any] = (),
    slope: Sequence[tuple[Any, Mapping[str, Any]]] = (),
) -> Prior:
    """Return the prior of a region, equation 1.

    Parameters
    ----------
    region : Region
        Its expected sites, tip-offs and outcomes.
    cells : Cells
        Of the region.
    roads, settlements : sequence of shapely geometry
        In degrees; nothing is known of what is not given.
    slope : sequence
        Points in degrees, with a property ``slope`` [degree].

    Returns
    -------
    Prior
        Expected sites.
    """
    weight = cells.areas.copy()
    if roads:
        away = _distance(cells, roads)
        weight *= ROADLESS + (1.0 - ROADLESS) * np.exp(-away / ROAD_REACH)
    if settlements:
        away = _distance(cells, settlements)
        weight *= 1.0 - (1.0 - IN_TOWN) * np.exp(-0.5 * (away / TOWN_REACH) ** 2)
    if slope:
        weight *= 1.0 / (1.0 + (_slopes(cells, slope) / STEEP) ** 4)
    expected = region.expected_sites * weight / weight.sum()
    for tip in region.tip_offs:
        expected = expected + GRADES[tip.grade] * _near(cells, tip.place, tip.radius)
    for outcome in region.outcomes:
        square = _square(cells, outcome.place)
        reach, factor = (
            (FOUND_REACH, FOUND_FACTOR) if outcome.found else (EMPTY_REACH, EMPTY_FACTOR)
        )
        expected = expected * (1.0 + (factor - 1.0) * np.exp(-0.5 * square / reach**2))
    rates = prior_rates(region.rate)
    return Prior(
        cells=cells, rates=rates, expected=np.outer(expected, np.full(len(rates), 1 / len(rates)))
    )


def seen_by(searched: Searched, prior: Prior) -> Floats:
    """Return how surely an earlier search would have seen a site, mean over each cell.

    Parameters
    ----------
    searched : Searched
        A map of ``locate``.
    prior : Prior
        Its cells and rates.

    Returns
    -------
    ndarray, shape (n, r)
        Zero where the map does not reach [1].
    """
    cells = prior.cells
    east, north = _spots(cells)
    longitude, latitude = to_geographic(east.ravel(), north.ravel(), origin=cells.origin)
    x, y = to_local(longitude, latitude, origin=searched.origin)
    spots = np.column_stack([y, x])
    half = [0.5 * float(np.diff(axis).min(initial=1e9)) for axis in (searched.y, searched.x)]
    reach = [
        axis[[0, -1]] + np.array([-h, h])
        for axis, h in zip((searched.y, searched.x), half, strict=True)
    ]
    inside = np.ones(len(spots), np.bool_)
    for k, (low, high) in enumerate(reach):
        inside &= (spots[:, k] >= low) & (spots[:, k] <= high)
    j = np.abs(searched.y[None] - spots[:, :1]).argmin(axis=1)
    i = np.abs(searched.x[None] - spots[:, 1:]).argmin(axis=1)
    told = np.where(inside[:, None], searched.probability[j, i], 0.0)
    # A rate beyond the map's ends counts as its end: a weaker one is seen no more surely.
    log_rate = np.log(searched.rate)
    place = np.interp(np.log(prior.rates), log_rate, np.arange(len(log_rate)))
    low_node = np.minimum(place.astype(np.int64), max(len(log_rate) - 2, 0))
    high_node = np.minimum(low_node + 1, len(log_rate) - 1)
    rest = place - low_node
    by_rate = told[:, low_node] * (1 - rest) + told[:, high_node] * rest
    by_rate[:, prior.rates < searched.rate[0]] = 0.0
    return np.asarray(by_rate.reshape(*east.shape, -1).mean(axis=1))


def _spots(cells: Cells) -> tuple[Floats, Floats]:
    """Return points inside each cell, shape (n, points): its centre and two rings."""
    radius = np.sqrt(cells.areas / math.pi)
    angle = np.arange(RING) * math.tau / RING
    # Rings at which each point stands for about the same area as the others.
    rings = [(0.0, angle[:1]), (0.5, angle), (0.86, angle + math.pi / RING)]
    east = np.concatenate([share * np.cos(a) for share, a in rings])
    north = np.concatenate([share * np.sin(a) for share, a in rings])
    return (
        cells.places[:, :1] + radius[:, None] * east,
        cells.places[:, 1:] + radius[:, None] * north,
    )


def _square(cells: Cells, place: tuple[float, float]) -> Floats:
    x, y = to_local([place[0]], [place[1]], origin=cells.origin)
    return np.asarray((cells.places[:, 0] - x[0]) ** 2 + (cells.places[:, 1] - y[0]) ** 2)


def _near(cells: Cells, place: tuple[float, float], radius: float) -> Floats:
    """Return the share of a tip-off in each cell: what lies outside of all cells is lost [1]."""
    # A hint that is known better than a cell is wide is spread over the cell it is in.
    width = np.sqrt(radius**2 + cells.areas / (4.0 * math.pi))
    density = np.exp(-0.5 * _square(cells, place) / width**2) / (math.tau * width**2)
    share = density * cells.areas
    return np.asarray(share / max(1.0, float(share.sum())))


def _distance(cells: Cells, shapes: Sequence[Any]) -> Floats:
    """Return how far each centre is from the nearest of some shapes [m]."""
    import shapely

    def flat(places: NDArray[Any]) -> NDArray[Any]:
        return np.column_stack(to_local(places[:, 0], places[:, 1], origin=cells.origin))

    local = shapely.transform(np.array(shapes, dtype=object), flat)
    tree = shapely.STRtree(local)
    points = shapely.points(cells.places)
    _, away = tree.query_nearest(points, return_distance=True, all_matches=False)
    return np.asarray(away, dtype=np.float64)


def _slopes(cells: Cells, slope: Sequence[tuple[Any, Mapping[str, Any]]]) -> Floats:
    from scipy.spatial import KDTree

    try:
        told = np.array([[p.x, p.y, float(properties["slope"])] for p, properties in slope])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"A slope is no point with a number: {error}. Write points with a property 'slope'."
        ) from error
    x, y = to_local(told[:, 0], told[:, 1], origin=cells.origin)
    _, nearest = KDTree(np.column_stack([x, y])).query(cells.places)
    return np.asarray(told[nearest, 2])
