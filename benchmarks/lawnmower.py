"""The usual way, to compare with: mow the area across the wind, then fit one plume to it all.

The plume is Gaussian with Briggs's open-country widths for class D (Briggs 1973, as in Hanna,
Briggs and Hosker 1982, table 4.5), in the mean wind of the mast; background and rate are linear,
the place is searched on a grid, and the region is where twice the log-likelihood is within 4.61
of its best (a chi-square with two degrees), with the noise estimated from what is left over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.drill.found import Found
from barlovento.drill.ports import Ordered, Pilot, Situation
from barlovento.drill.shots import blowing, last_wind

FloatArray = NDArray[np.float64]

CELLS = 80
INSIDE_90 = 4.61
"""Chi-square with two degrees of freedom that holds 90 % [1]."""

DETECTED = 25.0
"""Fall of twice the log-likelihood from which on a plume counts as seen [1]; chosen on worlds
without a source, where it lets one in twenty through at most."""

AVERAGE = 5
"""Readings averaged before the fit."""

RELEASE = 3.0
"""Height that the fit supposes [m]."""


def mowing(exercise: Any) -> Pilot:
    """Return a pilot that mows the permitted area across the wind, as close as time allows."""
    started: list[bool] = []

    def choose(situation: Situation) -> Ordered:
        if started:
            return Ordered(phase="home", waypoints=(), why="All is mown.")
        started.append(True)
        east, north = blowing(last_wind(situation.meteorology))
        drone = situation.drones[0]
        way = pattern(
            np.array(exercise.permitted),
            np.array([east, north]),
            (drone.x, drone.y),
            0.8 * situation.clock_left * drone.airspeed,
        )
        height = np.full((len(way), 1), drone.z)
        return Ordered(
            phase="sweep", waypoints=(np.hstack([way, height]),), why="A fixed pattern.", whole=True
        )

    return choose


def pattern(
    ring: FloatArray, wind: FloatArray, start: tuple[float, float], length: float
) -> FloatArray:
    """Return corners of parallel lines across the wind over a convex ring, shape (n, 2)."""
    import shapely

    area = shapely.Polygon(ring).buffer(-12.0)
    down = wind / max(float(np.hypot(*wind)), 1e-9)
    across = np.array([-down[1], down[0]])
    corners = np.array(area.exterior.coords)
    along, aside = corners @ down, corners @ across
    low, high, reach = along.min(), along.max(), np.abs(aside).max() + 10.0
    best = np.empty((0, 2))
    for count in range(2, 60):
        rows = []
        for k, at in enumerate(np.linspace(low, high, 2 * count + 1)[1::2]):
            line = shapely.LineString([at * down - reach * across, at * down + reach * across])
            cut = area.intersection(line)
            if cut.is_empty:
                continue
            ends = np.array(cut.coords)
            rows.append(ends if k % 2 == 0 else ends[::-1])
        way = np.concatenate(rows)
        # Begin at the corner that is nearest to home.
        options = [way, way[::-1]]
        way = min(options, key=lambda w: math.dist(w[0], start))
        total = math.dist(start, way[0]) + float(np.hypot(*np.diff(way, axis=0).T).sum())
        if total + math.dist(way[-1], start) > length:
            break
        best = way
    return best


@dataclass(frozen=True, slots=True)
class Fit:
    """Twice the log-likelihood over that without a plume at each place, and the best rate."""

    x: FloatArray
    y: FloatArray
    gain: FloatArray
    rate: FloatArray


def fitted(survey: Any) -> Fit:
    """Return the fit of one plume to a survey's readings."""
    observed, met, area = survey.observations, survey.meteorology, survey.search
    count = len(observed) // AVERAGE * AVERAGE

    def mean(values: FloatArray) -> FloatArray:
        return np.asarray(values[:count].reshape(-1, AVERAGE).mean(axis=1))

    x, y, z = mean(observed.x), mean(observed.y), mean(observed.z)
    c, time = mean(observed.concentration), mean(observed.time)
    speed = float(np.mean(met.wind_speed))
    # The wind at each reading, averaged over some minutes before it.
    window = 120.0
    towards = np.empty(time.size)
    for k, t in enumerate(time):
        recent = (met.time <= t + 1.0) & (met.time > t - window)
        use = recent if recent.any() else np.abs(met.time - t) == np.abs(met.time - t).min()
        from_ = np.radians(met.wind_from_direction[use])
        towards[k] = math.atan2(-np.mean(np.sin(from_)), -np.mean(np.cos(from_)))
    gx = np.linspace(*area.x, CELLS + 1)[:-1] + 0.5 * (area.x[1] - area.x[0]) / CELLS
    gy = np.linspace(*area.y, CELLS + 1)[:-1] + 0.5 * (area.y[1] - area.y[0]) / CELLS
    flat = c - c.mean()
    nothing = float(flat @ flat)
    gain, rate = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for j, py in enumerate(gy):
        east, north = x[None] - gx[:, None], (y - py)[None]
        along = east * np.sin(towards) + north * np.cos(towards)
        aside = east * np.cos(towards) - north * np.sin(towards)
        plume = _plume(along, aside, z, speed)
        level = plume - plume.mean(axis=1, keepdims=True)
        power = (level**2).sum(axis=1)
        q = np.maximum(level @ flat, 0.0) / np.maximum(power, 1e-300)
        left = nothing - q * q * power
        gain[j] = count / AVERAGE * np.log(nothing / np.maximum(left, 1e-300))
        rate[j] = q
    return Fit(gx, gy, gain, rate)


def _plume(along: FloatArray, aside: FloatArray, z: FloatArray, speed: float) -> FloatArray:
    """Return the concentration of a unit rate [s m-3]."""
    d = np.maximum(along, 1.0)
    sigma_y = 0.08 * d / np.sqrt(1.0 + 1e-4 * d)
    sigma_z = 0.06 * d / np.sqrt(1.0 + 1.5e-3 * d)
    upright = np.exp(-0.5 * ((z - RELEASE) / sigma_z) ** 2)
    upright = upright + np.exp(-0.5 * ((z + RELEASE) / sigma_z) ** 2)
    value = np.exp(-0.5 * (aside / sigma_y) ** 2) * upright
    value = value / (2.0 * math.pi * speed * sigma_y * sigma_z)
    return np.where(along > 1.0, value, 0.0)


def answer(fit: Fit) -> list[Found]:
    """Return the fitted source where one was seen."""
    import shapely

    best = float(fit.gain.max())
    if best < DETECTED:
        return []
    j, i = np.unravel_index(int(fit.gain.argmax()), fit.gain.shape)
    half_x, half_y = 0.5 * (fit.x[1] - fit.x[0]), 0.5 * (fit.y[1] - fit.y[0])
    inside = np.argwhere(fit.gain > best - INSIDE_90)
    cells = [
        shapely.box(fit.x[b] - half_x, fit.y[a] - half_y, fit.x[b] + half_x, fit.y[a] + half_y)
        for a, b in inside
    ]
    region = shapely.union_all(cells)
    rate = float(fit.rate[j, i])
    return [
        Found(
            x=float(fit.x[i]),
            y=float(fit.y[j]),
            probability=1.0,
            emission_rate=(rate / 2.0, rate, 2.0 * rate),
            region90=shapely.geometry.mapping(region),
            region90_area=float(region.area),
        )
    ]
