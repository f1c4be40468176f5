"""How long a drone takes: along a leg in the wind, to its start, and home."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from barlovento.search.legs_lattice import Candidate
from barlovento.search.legs_value import Outlook
from barlovento.search.permitted import Permitted, Place

Floats = NDArray[np.float64]

TURNING, CLIMB = 4.0, 2.0
"""Time lost at the start of a leg [s], and climbing speed [m s-1]."""

SLOWEST = 0.5
"""Over ground, whatever the wind [m s-1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drone:
    """One drone, as far as choosing its leg needs it.

    Parameters
    ----------
    name : str
        For people.
    x, y, z : float
        Where it is [m].
    airspeed : float
        [m s-1].
    endurance_left : float
        How long it can still fly, its reserve left out [s].
    way_home : callable, optional
        From a place (x, y) [m] to the time from there to home [s]; without it, by airspeed and
        wind.
    """

    name: str
    x: float
    y: float
    z: float
    airspeed: float
    endurance_left: float
    way_home: Callable[[float, float], float] | None = None


def ground_speed(airspeed: float, wind: Floats, direction: Floats) -> float:
    """Return the speed over ground along a track, 0.5 m/s at least.

    Parameters
    ----------
    airspeed : float
        [m s-1].
    wind : ndarray, shape (2,)
        Where the air goes to [m s-1].
    direction : ndarray, shape (2,)
        Unit vector of the track.
    """
    along = float(wind @ direction)
    across2 = float(wind @ wind) - along**2
    return max(along + math.sqrt(max(airspeed**2 - across2, 0.0)), SLOWEST)


def _flight(drone: Drone, view: Outlook, places: Sequence[Place]) -> float:
    """Return the time along straight lines in the wind [s]."""
    wind = view.speed * view.downwind
    total = 0.0
    for a, b in itertools.pairwise(places):
        far = math.dist(a, b)
        if far > 0.0:
            direction = (np.array(b) - np.array(a)) / far
            total += far / ground_speed(drone.airspeed, wind, direction)
    return total


def seconds_of(
    drone: Drone, view: Outlook, here: Place, z: float, leg: Candidate, permitted: Permitted
) -> float:
    """Return the time to the start of a leg and along it [s].

    Parameters
    ----------
    drone : Drone
        Which flies.
    view : Outlook
        With the wind.
    here : tuple of float
        Where it is [m].
    z : float
        How high it is [m].
    leg : Candidate
        To be flown.
    permitted : Permitted
        What the way stays inside of.
    """
    way = [here, *permitted.way(here, leg.start), leg.end]
    return TURNING + abs(leg.z - z) / CLIMB + _flight(drone, view, way)


def seconds_of_all(
    drone: Drone, view: Outlook, legs: Sequence[Candidate], permitted: Permitted
) -> tuple[Floats, Floats]:
    """Return the time to and along each leg from where a drone is, and home from its end.

    Where no corner is in the way all are reckoned at once.

    Parameters
    ----------
    drone : Drone
        Which flies.
    view : Outlook
        With the wind.
    legs : sequence of Candidate
        To be flown.
    permitted : Permitted
        What ways stay inside of.

    Returns
    -------
    seconds, home : ndarray, shape (n,)
        [s].
    """
    here = (drone.x, drone.y)
    if not permitted.convex or drone.way_home is not None:
        there = [seconds_of(drone, view, here, drone.z, leg, permitted) for leg in legs]
        home = [home_of(drone, view, leg.end, leg.z, permitted) for leg in legs]
        return np.array(there), np.array(home)
    start, end = np.array([leg.start for leg in legs]), np.array([leg.end for leg in legs])
    z = np.array([leg.z for leg in legs])
    wind = view.speed * view.downwind

    def flown(a: Floats, b: Floats) -> Floats:
        way = b - a
        far = np.hypot(way[:, 0], way[:, 1])
        along = (way @ wind) / np.maximum(far, 1e-9)
        across2 = float(wind @ wind) - along**2
        speed = along + np.sqrt(np.maximum(drone.airspeed**2 - across2, 0.0))
        return np.asarray(far / np.maximum(speed, SLOWEST))

    to = flown(np.broadcast_to(np.array(here), start.shape), start) + flown(start, end)
    back = flown(end, np.broadcast_to(np.array(permitted.home), end.shape))
    return TURNING + np.abs(z - drone.z) / CLIMB + to, TURNING + back + z / CLIMB


def home_of(drone: Drone, view: Outlook, here: Place, z: float, permitted: Permitted) -> float:
    """Return the time home and down [s].

    Parameters
    ----------
    drone : Drone
        Which flies.
    view : Outlook
        With the wind.
    here : tuple of float
        From where [m].
    z : float
        From how high [m].
    permitted : Permitted
        What the way stays inside of.
    """
    if drone.way_home is not None:
        return drone.way_home(*here)
    way = [here, *permitted.way(here, permitted.home)]
    return TURNING + _flight(drone, view, way) + z / CLIMB
