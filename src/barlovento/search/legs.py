"""The next leg for one or several drones that share a belief, and why it is chosen.

Candidates are weighed by what they are expected to tell about number and places of sources for
the time they take, two legs ahead (docs/method/search.md). A leg from which a drone could not come
home is never chosen.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Meteorology
from barlovento.errors import BadInput
from barlovento.search import legs_lattice, legs_value
from barlovento.search.belief import Belief
from barlovento.search.legs_lattice import Candidate
from barlovento.search.legs_time import Drone, home_of, seconds_of, seconds_of_all
from barlovento.search.legs_value import Outlook, Worlds, distances, foreseen, information
from barlovento.search.legs_words import state_of, why_of
from barlovento.search.permitted import Permitted, Place

Floats = NDArray[np.float64]

__all__ = ["Choice", "Drone", "Leg", "next_leg", "phase_of"]

Phase = Literal["sweep", "trace", "confirm", "stop", "home"]

SURE, CLOSE = 0.95, 12.0
"""A source is confirmed rather than traced from this probability on [1], and where its place is
known to this distance [m]."""

ENOUGH = 0.02
"""Expected information below which no leg is worth flying [nat]."""

MAYBE = 0.2
"""Probability of one more source from which on legs about it are looked at [1]."""

LEFT = 0.1
"""Probability of a source, had it been even beforehand, below which an area counts as searched
[1]."""

FIRST, SECOND = 10, 36
"""First and second legs that are looked at closely [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Where a drone flies next.

    Parameters
    ----------
    drone : str
        Its name.
    waypoints : ndarray, shape (n, 3)
        East, north, height above ground, in order [m].
    expected_information : float
        About number and places of sources [nat].
    seconds : float
        How long it takes, the way to its start included [s].
    why : str
        In a sentence.
    """

    drone: str
    waypoints: Floats
    expected_information: float
    seconds: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to do next.

    Parameters
    ----------
    phase : str
        "sweep" for a first source, "trace" one, "confirm" it, "stop" where no leg tells enough,
        "home" where no leg can be flown any more.
    legs : tuple of Leg
        One for each drone; the way home where it has to go there.
    why : str
        In a sentence, with the confidence where the search stops.
    """

    phase: Phase
    legs: tuple[Leg, ...]
    why: str


def next_leg(
    belief: Belief,
    drones: Sequence[Drone],
    permitted: Permitted,
    clock_left: float,
    *,
    meteorology: Meteorology | None = None,
    seed: int = 0,
    persist: bool = False,
    tracing: bool = False,
) -> Choice:
    """Return the next leg of each drone, and why.

    Parameters
    ----------
    belief : Belief
        What is believed.
    drones : sequence of Drone
        All share the belief; each leg counts what the ones before it will tell.
    permitted : Permitted
        Where they may be.
    clock_left : float
        Time until all have to be home [s].
    meteorology : Meteorology, optional
        Wind, needed before the first readings.
    seed : int
        Of the worlds that are drawn.
    persist : bool
        Whether to look on for as long as there is time while nothing was found, where coming home
        early gains nothing.
    tracing : bool
        Whether to go on with a source that was likely once, though it is so no longer.

    Raises
    ------
    BadInput
        If there is no wind, no drone, a drone outside the permitted area, or no place in it from
        which a source in the search area could be met.
    """
    if not drones:
        raise BadInput("There is no drone. Give at least one.")
    view = legs_value.outlook(belief, meteorology)
    _check(view, drones, permitted)
    rng = np.random.default_rng([seed, belief.steps, 1])
    worlds = legs_value.worlds_of(belief, rng)
    phase = phase_of(belief)
    if tracing and phase == "sweep":
        phase = "trace"
    legs: list[Leg] = []
    known = np.zeros((len(worlds.weight), len(worlds.weight)))
    flying = 0
    for drone in drones:
        chosen = _chosen(drone, view, worlds, known, permitted, clock_left, phase)
        if chosen is None:
            legs.append(_homeward(drone, view, permitted))
            continue
        flying += 1
        candidate, waypoints, seconds, gain, apart = chosen
        known = known + apart
        legs.append(
            Leg(
                drone=drone.name,
                waypoints=waypoints,
                expected_information=gain,
                seconds=seconds,
                why=why_of(candidate, gain, seconds, phase, belief, view),
            )
        )
    if flying == 0:
        why = "No leg leaves time to come home: endurance or the clock runs out."
        return Choice(phase="home", legs=tuple(legs), why=why)
    best = max(leg.expected_information for leg in legs)
    if persist and not belief.found and best > 0.0:
        return Choice(phase=phase, legs=tuple(legs), why=state_of(belief))
    if best < ENOUGH or (best < 10.0 * ENOUGH and nothing_there(belief) > 1.0 - LEFT):
        return _stopped(belief, drones, view, permitted, best)
    return Choice(phase=phase, legs=tuple(legs), why=state_of(belief))


def nothing_there(belief: Belief) -> float:
    """Return the probability that there is no source, had it been even beforehand [1].

    What was searched speaks by itself: a small prior is no search.

    Parameters
    ----------
    belief : Belief
        What is believed.
    """
    if belief.found or belief.spare is None or belief.readings == 0:
        return 0.0 if belief.found else 0.5
    return 1.0 / (1.0 + math.exp(min(belief.spare.cloud.log_evidence, 700.0)))


def phase_of(belief: Belief) -> Phase:
    """Return what the search is about: sweep, trace or confirm."""
    if not belief.found:
        spare = belief.spare
        return "trace" if spare is not None and spare.probability > 0.5 else "sweep"
    open_ = [slot for slot in belief.found if slot.cloud.spread > CLOSE]
    return "trace" if open_ else "confirm"


def _check(view: Outlook, drones: Sequence[Drone], permitted: Permitted) -> None:
    for drone in drones:
        if not bool(permitted.contains((drone.x, drone.y))):
            raise BadInput(
                f"{drone.name} is at ({drone.x:.0f}, {drone.y:.0f}), outside the permitted area. "
                "Bring it inside, or check that both use the same axes."
            )
        if drone.airspeed <= 0.0:
            raise BadInput(f"{drone.name} has an airspeed of {drone.airspeed:g} m/s; give more.")
    area = view.belief.setting.area
    west, south, east, north = permitted.shape.bounds
    gx, gy = np.meshgrid(np.linspace(west, east, 24), np.linspace(south, north, 24))
    inside = permitted.contains(np.stack([gx, gy], axis=-1))
    here = np.stack([gx[inside], gy[inside]], axis=-1)
    sx, sy = np.meshgrid(np.linspace(*area.x, 12), np.linspace(*area.y, 12))
    off = here[:, None] - np.stack([sx.ravel(), sy.ravel()], axis=-1)[None]
    along = off @ view.downwind
    across = np.abs(off @ np.array([-view.downwind[1], view.downwind[0]]))
    if not ((along > -20.0) & (across < along + 40.0)).any():
        comes = (270.0 - math.degrees(view.towards)) % 360.0
        raise BadInput(
            f"With wind from {comes:.0f} degrees no air of the search area reaches the permitted "
            "area: no flight there can find a source. Ask for an area downwind of the search area, "
            "or wait for another wind."
        )


def _chosen(
    drone: Drone, view: Outlook, worlds: Worlds, known: Floats, permitted: Permitted,
    clock_left: float, phase: Phase,
) -> tuple[Candidate, Floats, float, float, Floats] | None:  # fmt: skip
    """Return the best leg of one drone: it, its way, its time, its gain and its distances."""
    left = min(drone.endurance_left, clock_left)
    options = _options(drone, view, permitted, phase)
    ways = [flown for candidate in options for flown in (candidate, _reversed(candidate))]
    timed = []
    if ways:
        seconds_all, home = seconds_of_all(drone, view, ways, permitted)
        timed = [
            (way, float(seconds))
            for way, seconds, back in zip(ways, seconds_all, home, strict=True)
            if seconds + back <= left
        ]
    timed = _nearer(timed)
    if not timed:
        return None
    reading = _readings(worlds, view, [c for c, _ in timed], drone.airspeed)
    # a quick look: how much the foreseen readings differ between worlds, for the time they take
    rough = np.array(
        [
            math.log1p(float((worlds.weight @ (r - worlds.weight @ r) ** 2).sum())) / (s + 10.0)
            for r, (_, s) in zip(reading, timed, strict=True)
        ]
    )
    order = np.argsort(-rough)[:SECOND]
    apart = {int(k): distances(reading[k]) for k in order}
    before = information(worlds, known)
    gain = {k: information(worlds, known + d) - before for k, d in apart.items()}
    rate = {k: gain[k] / timed[k][1] for k in gain}
    best, value = -1, -1.0
    for k in sorted(rate, key=lambda k: -rate[k])[:FIRST]:
        first, seconds = timed[k]
        ahead = rate[k]
        for n, d in apart.items():
            if n == k:
                continue
            second = timed[n][0]
            if math.dist(first.end, second.end) < math.dist(first.end, second.start):
                second = _reversed(second)
            more = seconds_of(drone, view, first.end, first.z, second, permitted)
            if seconds + more > left or gain[k] + gain[n] < ahead * (seconds + more):
                continue
            both = information(worlds, known + apart[k] + d) - before
            ahead = max(ahead, both / (seconds + more))
        if ahead > value:
            best, value = k, ahead
    candidate, seconds = timed[best]
    way = permitted.way((drone.x, drone.y), candidate.start)
    waypoints = np.array([(*place, candidate.z) for place in [*way, candidate.end]])
    return candidate, waypoints, seconds, gain[best], apart[best]


def _options(drone: Drone, view: Outlook, permitted: Permitted, phase: Phase) -> list[Candidate]:
    """Return the legs that one drone may choose from."""
    height = min(max(drone.z, permitted.floor), permitted.ceiling)
    out = legs_lattice.over_area(permitted, view.downwind, [height])
    if phase != "sweep":
        belief = view.belief
        slots = list(belief.found)
        if belief.spare is not None and belief.spare.probability > MAYBE:
            slots.append(belief.spare)
            for place, track in legs_value.met(belief):
                out += legs_lattice.through(permitted, view.downwind, [height], place, track)
        for slot in slots:
            middle, spread = slot.cloud.middle, slot.cloud.spread
            if spread < 80.0:
                out += legs_lattice.about_source(
                    permitted, view.downwind, [height], middle, min(spread, 60.0)
                )
    return out


def _readings(
    worlds: Worlds, view: Outlook, options: Sequence[Candidate], airspeed: float
) -> list[Floats]:
    """Return what each leg would read in each world; the same places are looked at once."""
    places = [c.places for c in options]
    joined = np.concatenate(places)
    once, where = np.unique(np.round(joined / 5.0), axis=0, return_inverse=True)
    seen = foreseen(worlds, view, once * 5.0, airspeed)
    where = np.asarray(where).ravel()
    ends = np.cumsum([len(p) for p in places])
    return [seen[:, where[b - len(p) : b]] for p, b in zip(places, ends, strict=True)]


def _nearer(timed: list[tuple[Candidate, float]]) -> list[tuple[Candidate, float]]:
    """Return each leg in the direction that takes less time."""
    best: dict[tuple[Place, Place, float], tuple[Candidate, float]] = {}
    for c, s in timed:
        a, b = sorted([c.start, c.end])
        if (a, b, c.z) not in best or s < best[a, b, c.z][1]:
            best[a, b, c.z] = (c, s)
    return list(best.values())


def _reversed(c: Candidate) -> Candidate:
    return Candidate(start=c.end, end=c.start, z=c.z, kind=c.kind)


def _homeward(drone: Drone, view: Outlook, permitted: Permitted) -> Leg:
    here = (drone.x, drone.y)
    way = permitted.way(here, permitted.home)
    z = min(max(drone.z, permitted.floor), permitted.ceiling)
    return Leg(
        drone=drone.name,
        waypoints=np.array([(*place, z) for place in way]),
        expected_information=0.0,
        seconds=home_of(drone, view, here, z, permitted),
        why="Home: no leg can be flown with what endurance and clock leave.",
    )


def _stopped(
    belief: Belief, drones: Sequence[Drone], view: Outlook, permitted: Permitted, best: float
) -> Choice:
    """Return the end of a search, with its confidence."""
    legs = tuple(_homeward(d, view, permitted) for d in drones)
    why = f"No leg is expected to tell more than {max(best, 0.0):.2f} nat. {state_of(belief)}"
    if not belief.found:
        why += f" Had it been even beforehand, nothing is there with {nothing_there(belief):.0%}."
    return Choice(phase="stop", legs=legs, why=why)
