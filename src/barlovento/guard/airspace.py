"""The rule of airspace: nothing is flown where somebody who must agree has not.

A plan is cleared when its whole swept volume (legs, ways home and lost-link route, with errors to
the side, in height and in time) lies in living consents of every state it may touch, meets no
prohibited zone, and in zones that ask for it has their authority's consent too. All doubt counts
against the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import MappingProxyType

from barlovento.domain.airspace import Clearance, Consent, Route, Shortfall, Zone
from barlovento.errors import PlanRefused
from barlovento.guard.heights import Range, Ranges
from barlovento.guard.jurisdiction import KnowsBorders
from barlovento.guard.matching import usable
from barlovento.guard.requirements import Check
from barlovento.guard.zones import ZoneIndex

POLICY = "airspace-1"
"""Version of the rules that a clearance was given under."""


def clear(
    route: Route,
    *,
    consents: Sequence[Consent],
    zones: Sequence[Zone] | ZoneIndex,
    borders: KnowsBorders,
    now: datetime,
    revoked: Collection[str] = (),
    terrain: Range | None = None,
    geoid: Range | None = None,
) -> Clearance:
    """Return the proof that a route stays inside of what was agreed.

    Parameters
    ----------
    route : Route
        The plan.
    consents : sequence of Consent
        Their signatures verified.
    zones : sequence of Zone or ZoneIndex
        Every zone that may matter; an index spares preparing them anew.
    borders : KnowsBorders
        Whose airspace is where.
    now : datetime
        Aware.
    revoked : collection of str
        Digests or ids of consents that were withdrawn.
    terrain, geoid : tuple of float, optional
        Lowest and highest ground above mean sea level, and mean sea level above the ellipsoid,
        wherever the route leads [m].

    Returns
    -------
    Clearance
        Good for exactly this plan.

    Raises
    ------
    PlanRefused
        Something is missing; holds the first place of each thing that is.
    """
    index = zones if isinstance(zones, ZoneIndex) else ZoneIndex(zones)
    faults = plan_faults(route, now)
    if faults:
        raise PlanRefused(faults)
    living, turned_down = usable(route, consents, revoked=revoked, now=now)
    reference = route.waypoints[0].height.reference
    ranges = Ranges(reference=reference, terrain=terrain, geoid=geoid)
    check = Check(
        route=route,
        consents=living,
        turned_down=turned_down,
        zones=index,
        borders=borders,
        ranges=ranges,
    )
    shortfalls = check.shortfalls()
    if shortfalls:
        raise PlanRefused(shortfalls)
    return Clearance(
        plan_digest=route.digest,
        consents=tuple(sorted(consent.digest for consent in check.used)),
        zones_digest=index.digest,
        borders_digest=borders.outline.digest,
        issued_at=now.astimezone(UTC),
        valid_until=datetime.fromtimestamp(check.until, UTC),
        swept=MappingProxyType(check.summary()),
        policy=POLICY,
    )


def holds(
    clearance: Clearance, route: Route, *, now: datetime, revoked: Collection[str] = ()
) -> None:
    """Refuse a clearance that is not, or no longer, one for this plan.

    Parameters
    ----------
    clearance : Clearance
        What was given.
    route : Route
        What shall be flown.
    now : datetime
        Aware.
    revoked : collection of str
        Digests of consents that were withdrawn.

    Raises
    ------
    PlanRefused
        The plan was edited, the time is over, or a consent behind it was withdrawn.
    """
    found = []
    if clearance.plan_digest != route.digest:
        found.append(
            _of_plan(
                "a clearance of this plan",
                f"The clearance is for plan {clearance.plan_digest[:12]}, this one is "
                f"{route.digest[:12]}: it was edited afterwards.",
                "Clear it again.",
            )
        )
    if now > clearance.valid_until:
        found.append(
            _of_plan(
                "a living clearance",
                f"It ended {clearance.valid_until.isoformat()}.",
                "Give the plan new times and clear it again.",
            )
        )
    gone = sorted(set(clearance.consents) & set(revoked))
    if gone:
        found.append(
            _of_plan(
                "living consent",
                f"Withdrawn since: {', '.join(digest[:12] for digest in gone)}.",
                "Ask the authority anew, then clear the plan again.",
            )
        )
    if found:
        raise PlanRefused(found)


def plan_faults(route: Route, now: datetime) -> list[Shortfall]:
    """Return what a plan lacks in itself, before anything is compared."""
    found = []
    points = [*route.waypoints, *([route.home] if route.home else []), *route.lost_link]
    times = [point.time for point in route.waypoints]
    buffer = route.buffer
    errors = (
        buffer.navigation_error,
        buffer.gust_drift,
        buffer.turn_radius,
        buffer.height_error,
        buffer.time_error,
    )
    if len(times) < 2 or any(b <= a for a, b in pairwise(times)):
        found.append(
            _of_plan(
                "times in order",
                "Each waypoint must come later than the one before.",
                "Give two waypoints or more, with times that rise.",
            )
        )
    elif times[0] - timedelta(seconds=buffer.time_error) < now:
        found.append(
            _of_plan(
                "a start that lies ahead",
                f"It starts {times[0].isoformat()}, now is {now.isoformat(timespec='seconds')}.",
                "Move the start.",
            )
        )
    if len({point.height.reference for point in points}) != 1:
        found.append(
            _of_plan(
                "one height reference",
                "Its heights are measured from different things.",
                "Give all heights of a plan above the same reference.",
            )
        )
    if not all(0 <= error < float("inf") for error in errors) or buffer.side <= 0:
        found.append(
            _of_plan(
                "a buffer",
                "Nobody flies without error; the distances to the side must be known and above 0.",
                "Give navigation error, gust drift and turn radius.",
            )
        )
    if route.home is None:
        found.append(
            _of_plan(
                "a way home",
                "Without a home nobody knows where it flies when it must turn back.",
                "Give `home`.",
            )
        )
    if not 0 < route.return_speed < float("inf"):
        found.append(
            _of_plan(
                "a speed of return",
                f"{route.return_speed} m/s is none.",
                "Give `return_speed` in metres per second.",
            )
        )
    if not all(abs(point.lat) <= 90 and abs(point.lon) <= 360 for point in points):
        found.append(
            _of_plan(
                "places on the globe",
                "A waypoint leaves it.",
                "Give longitude, then latitude, in degrees.",
            )
        )
    return found


def _of_plan(lacks: str, detail: str, ask: str) -> Shortfall:
    """Return a shortfall of the plan as a whole."""
    return Shortfall(
        leg="plan",
        metre=0.0,
        second=0.0,
        time=None,
        lon=None,
        lat=None,
        height=None,
        lacks=lacks,
        detail=detail,
        ask=ask,
    )
