"""The shell of `upload`: a cleared plan onto an autopilot, read back, and armed if it is the same.

What counts as cleared is what the workspace's log says: the newest clearance of exactly this plan,
its time not over, every consent behind it living, and no zone or border taken in since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barlovento.adapters.store import Store
from barlovento.domain.route import Clearance, Route
from barlovento.errors import BadInput, Refused
from barlovento.fly.plans import read_plan
from barlovento.guard import trust
from barlovento.guard.airspace import holds
from barlovento.guard.ledger import Entry
from barlovento.permission_workspace import find, ledger_of, now, record

if TYPE_CHECKING:
    from barlovento.adapters.mavlink.station import Station
    from barlovento.adapters.mavlink.upload import Loaded

Progress = Callable[[float, str], None]

Span = tuple[float, float]

LEAD = 5.0
"""It is armed so long before it takes off [s]."""

LONGEST_WAIT = 3600.0
"""A start that is further away is not waited for [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedPlan:
    """A plan with the living clearance behind it.

    Parameters
    ----------
    home : Path
        The workspace.
    route : Route
        The plan.
    clearance : Clearance
        Of exactly this plan.
    index : int
        Its entry in the log.
    """

    home: Path
    route: Route
    clearance: Clearance
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What an autopilot was seen to hold.

    Parameters
    ----------
    plan : ClearedPlan
        That was sent.
    loaded : Loaded
        As it was read back.
    index : int
        Entry in the log.
    """

    plan: ClearedPlan
    loaded: Loaded
    index: int


def sortie_file(sortie: Path) -> Path:
    """Return the plan's file; ``plan/sortie-3`` is ``plan/sortie-3.geojson``.

    Raises
    ------
    BadInput
        There is none.
    """
    for path in (sortie, sortie.with_name(f"{sortie.name}.geojson")):
        if path.is_file():
            return path
    raise BadInput(f"There is no plan {sortie}. Name the file that was cleared.")


def cleared_plan(
    sortie: Path,
    *,
    flight: Path | None = None,
    workspace: Path | None = None,
    flying: bool = False,
) -> ClearedPlan:
    """Return a plan with its living clearance.

    Parameters
    ----------
    sortie, flight : Path
        The plan, and for a .plan what it does not hold.
    workspace : Path, optional
        Whose log counts.
    flying : bool
        Whether it is under way: then a clearance that has ended is a reason to watch it, and to
        tell it to return.

    Raises
    ------
    PlanRefused, Refused
        It was not cleared as it is, or that does not hold any more.
    BadInput
        A file can't be read.
    """
    home = find(workspace)
    route = read_plan(sortie_file(sortie), flight=flight).route
    moment = now()
    with Store.open(home) as store:
        entry = _clearance_entry(store, route)
        since = [e for e in store.entries("zones", "borders") if e.index > entry.index]
        living = trust.living_consents(ledger_of(store), moment).living
    if since and not flying:
        raise Refused(
            f"Since plan {route.id} was cleared, {since[-1].kind} were taken into the workspace "
            f"(entry {since[-1].index}). Clear it again."
        )
    clearance = _clearance(entry)
    gone = set(clearance.consents) - {consent.digest for consent in living}
    if not flying:
        holds(clearance, route, now=moment, revoked=gone)
    return ClearedPlan(home=home, route=route, clearance=clearance, index=entry.index)


def consents_gone(plan: ClearedPlan) -> str:
    """Return why the consents behind a clearance don't all live any more; empty where they do."""
    with Store.open(plan.home) as store:
        living = trust.living_consents(ledger_of(store), now()).living
    gone = set(plan.clearance.consents) - {consent.digest for consent in living}
    if not gone:
        return ""
    return f"Consent {min(gone)[:12]} was withdrawn, or has ended."


def _clearance_entry(store: Store, route: Route) -> Entry:
    every = list(store.entries("clearance"))
    found = [entry for entry in every if entry.payload["plan_digest"] == route.digest]
    if found:
        return found[-1]
    if any(entry.payload["plan"] == route.id for entry in every):
        raise Refused(
            f"Plan {route.id} was cleared, but not as it is now ({route.digest[:12]}): it was "
            "edited afterwards. Clear it again."
        )
    raise Refused(
        f"Plan {route.id} was never cleared in this workspace. Run `barlovento clear` first."
    )


def _clearance(entry: Entry) -> Clearance:
    payload = entry.payload
    return Clearance(
        plan_digest=str(payload["plan_digest"]),
        consents=tuple(payload["consents"]),
        zones_digest=str(payload["zones_digest"]),
        borders_digest=str(payload["borders_digest"]),
        issued_at=datetime.fromisoformat(str(payload["issued_at"])),
        valid_until=datetime.fromisoformat(str(payload["valid_until"])),
        swept=dict(payload["swept"]),
        policy=str(payload["policy"]),
    )


# ---------------------------------------------------------------- onto the autopilot


def upload(
    plan: ClearedPlan,
    station: Station,
    *,
    reserve: float,
    terrain: Span | None = None,
    geoid: Span | None = None,
    progress: Progress | None = None,
) -> Uploaded:
    """Send a cleared plan, read it back, and put what came of it into the log.

    Parameters
    ----------
    plan : ClearedPlan
        With its clearance.
    station : Station
        On a line to the autopilot.
    reserve : float
        Share of the battery at which it returns [%].
    terrain, geoid : tuple of float, optional
        As for clearing [m].
    progress : callable, optional
        Called with the share done and what is being done.

    Returns
    -------
    Uploaded
        It is not armed.

    Raises
    ------
    Refused
        It can't be flown as it was cleared, or the autopilot holds something else.
    BadInput
        No autopilot, or a broken line.
    """
    from barlovento.adapters.mavlink import upload as whole
    from barlovento.adapters.mavlink.sortie import sortie_of

    if not 0 < reserve < 90:
        raise BadInput(f"A reserve of {reserve} % is none. Give more than 0 and less than 90.")
    family = whole.greet(station)
    sortie = sortie_of(plan.route, whole.home_of(station), terrain=terrain, geoid=geoid)
    loaded = whole.load(station, sortie, family=family, reserve=reserve, progress=progress)
    home = sortie.home
    index = record(
        plan.home,
        "upload",
        {
            "plan": plan.route.id,
            "plan_digest": plan.route.digest,
            "clearance": plan.index,
            "autopilot": family.name,
            "sortie_digest": sortie.digest,
            "items": {str(kind): len(wires) for kind, wires in loaded.wires.items()},
        },
        seal={"home": [repr(home.lon), repr(home.lat), repr(home.altitude)]},
    )
    return Uploaded(plan=plan, loaded=loaded, index=index)


def resume(
    plan: ClearedPlan,
    station: Station,
    *,
    reserve: float,
    terrain: Span | None = None,
    geoid: Span | None = None,
) -> Uploaded:
    """Return what an autopilot was sent before, so that it can be watched; sends nothing.

    Parameters
    ----------
    plan, station
        As for :func:`upload`.
    reserve : float
        The same as when it was sent [%].
    terrain, geoid : tuple of float, optional
        The same as when it was sent [m].

    Raises
    ------
    Refused
        This plan was not sent from this workspace.
    """
    from barlovento.adapters.mavlink import upload as whole
    from barlovento.adapters.mavlink.items import by_kind
    from barlovento.adapters.mavlink.sortie import Home, sortie_of

    family = whole.greet(station)
    with Store.open(plan.home) as store:
        sent = [e for e in store.entries("upload") if e.payload["plan_digest"] == plan.route.digest]
        homes = {index: value for index, name, _, value in store.openings() if name == "home"}
    if not sent:
        raise Refused(
            f"Plan {plan.route.id} was not uploaded from this workspace. Upload it first."
        )
    lon, lat, altitude = (float(part) for part in homes[sent[-1].index])
    sortie = sortie_of(
        plan.route, Home(lon=lon, lat=lat, altitude=altitude), terrain=terrain, geoid=geoid
    )
    wires = by_kind(sortie, own=family.home_item)
    wanted = dict(family.parameters(sortie, reserve))
    loaded = whole.Loaded(sortie=sortie, family=family, wires=wires, parameters=wanted)
    return Uploaded(plan=plan, loaded=loaded, index=sent[-1].index)


def arm(
    done: Uploaded,
    station: Station,
    *,
    weather: Any,
    clock: Callable[[], datetime] = now,
    progress: Progress | None = None,
) -> int:
    """Wait for the plan's start, arm if all still holds, and let it take off.

    Parameters
    ----------
    done : Uploaded
        Read back.
    station : Station
        On the line that it was sent over.
    weather : GoNoGo
        Go, or why not.
    clock : callable
        The time, aware.
    progress : callable, optional
        Called with the share of the wait that is over.

    Returns
    -------
    int
        Entry in the log.

    Raises
    ------
    Refused
        The weather is no go, the start is over, a consent is gone, or the autopilot holds
        something else than it was sent.
    """
    from barlovento.adapters.mavlink import upload as whole

    if not weather.go:
        raise Refused("No go: " + " ".join(weather.reasons))
    start = done.plan.route.waypoints[0].time
    error = done.plan.route.buffer.time_error
    rest = (start - clock()).total_seconds()
    if rest < -error:
        raise Refused(
            f"The plan's start, {start.isoformat(timespec='seconds')}, is over. Give it new times, "
            "and clear it again."
        )
    if rest > LONGEST_WAIT:
        raise Refused(
            f"The plan starts {start.isoformat(timespec='seconds')}, in {rest / 3600:.1f} h. It "
            "can be armed an hour before."
        )
    _until(station, rest - LEAD, progress)
    gone = consents_gone(done.plan)
    if gone:
        raise Refused(f"{gone} It is not armed.")

    def ready() -> None:
        _until(station, (start - clock()).total_seconds(), None)
        if (clock() - start).total_seconds() > error:
            raise Refused("The start was missed while it was looked at again. It is disarmed.")

    whole.arm(station, done.loaded, ready)
    return record(
        done.plan.home,
        "takeoff",
        {"plan": done.plan.route.id, "plan_digest": done.plan.route.digest, "upload": done.index},
    )


def _until(station: Station, seconds: float, progress: Progress | None) -> None:
    """Let time pass while the autopilot hears us."""
    end = station.line.now() + seconds
    while station.line.now() < end:
        for _ in station.listen(min(end, station.line.now() + 1.0)):
            continue
        if progress is not None:
            progress(
                1.0 - max(end - station.line.now(), 0.0) / max(seconds, 1.0), "waiting to start"
            )
