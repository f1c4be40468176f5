"""What a seed decides before a flight: where drawn sites are, what they let out, the wind.

Places, rates and mixes come from streams of their own: another rate leaves every site where it
was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from barlovento.errors import BadInput
from barlovento.exercise.lookalikes import Lookalike, lookalikes
from barlovento.exercise.records import HiddenSource
from barlovento.exercise.sites import HIDDEN, Building, Exercise, RandomSites, Site

SOLVENTS = (
    *("acetone", "toluene", "ethyl acetate", "dichloromethane", "2-butanone"),
    *("methanol", "ethanol"),
)
"""Generic solvents of which a hidden site with a mix lets out some, in no particular ratio."""

MIX_SHARE, MIX_MEDIAN, MIX_GSD = 0.5, 0.5, 2.5
"""Chance that a site lets out one more solvent [1], and the median and geometric standard
deviation of its rate over that of the searched one (assumed: broad) [1]."""

VENTS_APART = 12.0
"""Openings of one site stand within this distance of its middle [m]."""

TRIES = 20_000


def placed(exercise: Exercise, seed: int) -> Exercise:
    """Return the exercise with everything drawn that the seed decides.

    Parameters
    ----------
    exercise : Exercise
        As it was read.
    seed : int
        Of the world.

    Returns
    -------
    Exercise
        With all sites in ``sites``, their rates filled in, and nothing left to draw.

    Raises
    ------
    BadInput
        There is no room for so many sites.
    """
    of_places, of_kinds, of_sites, of_wind = (
        np.random.Generator(np.random.PCG64(s))
        for s in np.random.SeedSequence(seed, spawn_key=(7,)).spawn(4)
    )
    air = exercise.atmosphere
    direction = float(of_wind.uniform(0.0, 360.0))
    if exercise.any_direction:
        air = replace(air, wind_from_direction=direction)
    sites = [_filled(site, exercise, of_sites.spawn(1)[0]) for site in exercise.sites]
    drawn = exercise.random
    n_hidden = int(of_kinds.integers(drawn.hidden[0], drawn.hidden[1] + 1))
    n_others = int(of_kinds.integers(drawn.lookalikes[0], drawn.lookalikes[1] + 1))
    taken = [(site.x, site.y) for site in sites]
    for k in range(n_hidden):
        spot = _spot(of_places, exercise, taken)
        taken.append(spot)
        sites.append(_hidden(of_sites.spawn(1)[0], exercise, spot, k))
    table = lookalikes()
    order = [str(kind) for kind in of_kinds.permutation(list(drawn.kinds))]
    for k in range(n_others):
        spot = _spot(of_places, exercise, taken)
        taken.append(spot)
        kind = table[order[k % len(order)]]
        rng = of_sites.spawn(1)[0]
        site = Site(
            name=f"{kind.name}-{k + 1}",
            kind=kind.name,
            vents=_openings(rng, kind, spot),
            registered=bool(rng.random() < drawn.registered),
        )
        sites.append(_filled(site, exercise, rng))
    return replace(
        exercise,
        atmosphere=air,
        any_direction=False,
        sites=tuple(sites),
        random=RandomSites(),
    )


def _filled(site: Site, exercise: Exercise, rng: np.random.Generator) -> Site:
    """Return a look-alike with its rates and working hours, anything else as it is."""
    if site.kind not in lookalikes():
        return site
    kind = lookalikes()[site.kind]
    rates = site.rates or kind.rates(rng)
    hours = kind.windows(exercise.start, exercise.duration, exercise.local_offset)
    vents = tuple(v if v.windows else replace(v, windows=hours) for v in site.vents)
    return replace(site, rates=rates, vents=vents)


def _hidden(
    rng: np.random.Generator, exercise: Exercise, spot: tuple[float, float], number: int
) -> Site:
    """Return a hidden site at a place."""
    of_shape, of_rate, of_mix = rng.spawn(3)
    drawn, first = exercise.random, exercise.species[0]
    low, high = (math.log(value) for value in drawn.rate)
    rate = math.exp(of_rate.uniform(low, high))
    rates = {first: rate}
    for name in exercise.species[1:]:
        chance, off = of_mix.random(), of_mix.standard_normal()
        if drawn.mixed and name in SOLVENTS and chance < MIX_SHARE:
            rates[name] = rate * MIX_MEDIAN * math.exp(math.log(MIX_GSD) * off)
    reach = (max(exercise.area.release_height[0], 0.5), min(exercise.area.release_height[1], 6.0))
    vents = []
    count = int(of_shape.integers(drawn.vents[0], drawn.vents[1] + 1))
    for k in range(count):
        around, out = of_shape.uniform(0.0, 2.0 * math.pi), of_shape.uniform(0.0, VENTS_APART)
        out = out if k > 0 else 0.0
        vents.append(
            HiddenSource(
                x=spot[0] + out * math.cos(around),
                y=spot[1] + out * math.sin(around),
                z=float(of_shape.uniform(*reach)),
                emission_rate=float(of_shape.uniform(0.3, 1.0)),
                size=float(of_shape.uniform(0.3, 1.0)),
            )
        )
    return Site(name=f"hidden-{number + 1}", kind=HIDDEN, vents=tuple(vents), rates=rates)


def _openings(
    rng: np.random.Generator, kind: Lookalike, spot: tuple[float, float]
) -> tuple[HiddenSource, ...]:
    """Return the openings of a look-alike about a place."""
    direction = float(rng.uniform(0.0, 360.0))
    return openings(kind, spot, direction, float(rng.uniform(*kind.height)))


def openings(
    kind: Lookalike, spot: tuple[float, float], direction: float, height: float
) -> tuple[HiddenSource, ...]:
    """Return the openings of a look-alike, a long one in pieces one after the other.

    Parameters
    ----------
    kind : Lookalike
        Its class.
    spot : tuple of float
        Its middle [m].
    direction : float
        Of its length, clockwise from north [degree].
    height : float
        Above ground [m].
    """
    angle = math.radians(direction)
    piece = kind.cover[0] / kind.pieces
    return tuple(
        HiddenSource(
            x=spot[0] + (k + 0.5 - 0.5 * kind.pieces) * piece * math.sin(angle),
            y=spot[1] + (k + 0.5 - 0.5 * kind.pieces) * piece * math.cos(angle),
            z=height,
            emission_rate=1.0,
            size=kind.size,
            length=piece,
            width=kind.cover[1],
            direction=direction,
        )
        for k in range(kind.pieces)
    )


def _spot(
    rng: np.random.Generator, exercise: Exercise, taken: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Return a free place inside both the permitted ring and the searched box."""
    edge, ring = exercise.random.edge, np.array(exercise.permitted)
    area = exercise.area
    low = np.maximum(ring.min(axis=0), [area.x[0], area.y[0]]) + edge
    high = np.minimum(ring.max(axis=0), [area.x[1], area.y[1]]) - edge
    if (low < high).all():
        for _ in range(TRIES):
            x, y = rng.uniform(low, high).tolist()
            if (
                all(math.hypot(x - a, y - b) >= exercise.random.apart for a, b in taken)
                and depth_inside(x, y, exercise.permitted) >= edge
                and not any(covers(b, x, y, margin=VENTS_APART) for b in exercise.buildings)
            ):
                return x, y
    raise BadInput(
        "There is no room for so many sites in the permitted ring and the search area. "
        "Draw fewer, or give a smaller random.apart_m or random.edge_m."
    )


def depth_inside(x: float, y: float, ring: Sequence[tuple[float, float]]) -> float:
    """Return how far a place is inside of a ring, negative outside [m].

    Parameters
    ----------
    x, y : float
        The place [m].
    ring : sequence of (float, float)
        Corners, the first not repeated [m].
    """
    within, nearest = False, math.inf
    for (ax, ay), (bx, by) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (ay > y) != (by > y) and x < ax + (bx - ax) * (y - ay) / (by - ay):
            within = not within
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12)
        along = min(max(along, 0.0), 1.0)
        nearest = min(nearest, math.hypot(x - ax - along * dx, y - ay - along * dy))
    return nearest if within else -nearest


def covers(building: Building, x: float, y: float, *, margin: float = 0.0) -> bool:
    """Return whether a place is on the ground of a building.

    Parameters
    ----------
    building : Building
        The building.
    x, y : float
        The place [m].
    margin : float
        By which the ground is widened [m].
    """
    angle = math.radians(building.direction)
    dx, dy = x - building.x, y - building.y
    along = dx * math.sin(angle) + dy * math.cos(angle)
    across = dx * math.cos(angle) - dy * math.sin(angle)
    return (
        abs(along) < 0.5 * building.length + margin and abs(across) < 0.5 * building.width + margin
    )
