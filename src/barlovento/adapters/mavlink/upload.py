"""The whole of an upload: everything up, everything back, compared, and only then armed.

What an autopilot holds is looked at right before it is armed and again right after, before it
takes off: another ground station may have sent something in between.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.mavlink import parameters, transfer
from barlovento.adapters.mavlink.families import Family, family_of
from barlovento.adapters.mavlink.items import (
    MISSION,
    NAMES,
    Wire,
    by_kind,
    difference,
)
from barlovento.adapters.mavlink.sortie import Home, Sortie
from barlovento.adapters.mavlink.station import Station
from barlovento.domain.geodesy import to_local
from barlovento.errors import BarloventoError, Refused

HOME_MOVED = 5.0
"""An autopilot's home may be found anew by this before what was sent no longer fits [m]."""

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What an autopilot was seen to hold.

    Parameters
    ----------
    sortie : Sortie
        What it was sent.
    family : Family
        Of the autopilot.
    wires : mapping of int to tuple of Wire
        Items by kind, as they were sent.
    parameters : mapping of str to float
        Set and read back.
    """

    sortie: Sortie
    family: Family
    wires: dict[int, tuple[Wire, ...]]
    parameters: dict[str, float]


def greet(station: Station, seconds: float = 10.0) -> Family:
    """Meet an autopilot; return its family.

    Parameters
    ----------
    station : Station
        On a line.
    seconds : float
        A heartbeat is waited for so long [s].

    Raises
    ------
    BadInput
        None is heard, or it does not tell what it can.
    Refused
        It is of no known family.
    """
    station.meet(seconds)
    station.fetch(mavlink.MAVLINK_MSG_ID_AUTOPILOT_VERSION, "AUTOPILOT_VERSION")
    return family_of(station.family, station.kind)


def home_of(station: Station) -> Home:
    """Ask where its home is."""
    told = station.fetch(mavlink.MAVLINK_MSG_ID_HOME_POSITION, "HOME_POSITION")
    return Home(lon=told.longitude / 1e7, lat=told.latitude / 1e7, altitude=told.altitude / 1e3)


def load(
    station: Station,
    sortie: Sortie,
    *,
    family: Family,
    reserve: float,
    progress: Progress | None = None,
) -> Loaded:
    """Send a sortie and read it back; when anything fails, leave no mission behind.

    Parameters
    ----------
    station : Station
        In touch with the autopilot.
    sortie : Sortie
        Of the cleared plan.
    family : Family
        Of the autopilot.
    reserve : float
        Share of the battery at which it returns [%].
    progress : callable, optional
        Called with the share done and what is being done.

    Returns
    -------
    Loaded
        What it holds now.

    Raises
    ------
    Refused
        It is armed, won't take it, or holds something else afterwards.
    BadInput
        The line broke.
    """
    if station.armed:
        raise Refused("It is armed. Land and disarm it, then send the sortie.")
    wires = by_kind(sortie, own=family.home_item)
    loaded = Loaded(
        sortie=sortie,
        family=family,
        wires=wires,
        parameters=dict(family.parameters(sortie, reserve)),
    )
    report = progress or (lambda _share, _what: None)
    every = 2 * sum(len(items) for items in wires.values())
    begun = [0]

    def tell(what: str) -> transfer.Progress:
        before = begun[0]

        def show(done: int, _of: int) -> None:
            begun[0] = before + done
            report(min((before + done) / every, 1.0), what)

        return show

    try:
        report(0.0, "parameters")
        parameters.put(station, loaded.parameters)
        # The mission last: without it nothing can be flown.
        for kind, items in wires.items():
            transfer.send(station, items, kind, tell(f"sending the {NAMES[kind]}"))
        _same(station, loaded, tell)
    except BaseException:
        # Where the line is broken nothing more can be done.
        transfer.clear(station, MISSION)
        raise
    return loaded


def check(station: Station, loaded: Loaded) -> None:
    """Refuse unless the autopilot holds exactly what it was sent, at the home it was made for.

    Parameters
    ----------
    station : Station
        In touch with the autopilot.
    loaded : Loaded
        What it was sent.

    Raises
    ------
    Refused
        It holds something else.
    BadInput
        It could not be read back.
    """
    _same(station, loaded, lambda _what: lambda _done, _of: None)


def _same(station: Station, loaded: Loaded, tell: Callable[[str], transfer.Progress]) -> None:
    for kind, sent in loaded.wires.items():
        back = transfer.read(station, kind, tell(f"reading the {NAMES[kind]} back"))
        # Item 0 of some is the autopilot's own, and its home is looked at below.
        own = int(kind == MISSION and loaded.family.home_item and bool(back))
        found = difference(sent[own:], back[own:], kind)
        if found:
            raise Refused(f"{found} It may be another's, or cut short. It is not armed.")
    found = parameters.check(station, loaded.parameters)
    if found:
        raise Refused(f"{found} It is not armed.")
    _check_home(station, loaded.sortie.home)


def _check_home(station: Station, before: Home) -> None:
    home = home_of(station)
    x, y = to_local(home.lon, home.lat, origin=(before.lon, before.lat))
    moved = max(abs(float(x)), abs(float(y)), abs(home.altitude - before.altitude))
    if moved > HOME_MOVED:
        raise Refused(
            f"The autopilot's home has moved by {moved:.1f} m, and all heights with it. Send the "
            "sortie again."
        )


def arm(station: Station, loaded: Loaded, ready: Callable[[], None] | None = None) -> None:
    """Arm an autopilot that holds exactly what it was sent, look again, and start the mission.

    Parameters
    ----------
    station : Station
        In touch with the autopilot.
    loaded : Loaded
        What it was sent.
    ready : callable, optional
        Called when it is armed and looked at, before the mission starts; it may wait or raise.

    Raises
    ------
    Refused
        It holds something else, before or after; then it is disarmed.
    BadInput
        The line broke; then it is disarmed, if it still hears.
    """
    check(station, loaded)
    if loaded.family.before_arming is not None:
        number, given = loaded.family.before_arming
        station.command(number, *given)
    try:
        station.command(commands.ARM, 1.0)
        check(station, loaded)
        if ready is not None:
            ready()
        number, given = loaded.family.start
        station.command(number, *given)
    except BaseException:
        _disarm(station)
        raise


def _disarm(station: Station) -> None:
    try:
        station.command(commands.ARM, 0.0)
    except BarloventoError:
        return
