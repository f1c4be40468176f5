"""What a search starts from: the drones, and where a file or a consent lets them be."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from barlovento.domain.airspace import Consent
from barlovento.domain.observation import Meteorology
from barlovento.errors import BadInput
from barlovento.search.belief import Belief
from barlovento.search.legs import Drone
from barlovento.search.legs_value import RECENT
from barlovento.search.permitted import HAIR, Permitted

if TYPE_CHECKING:
    from barlovento.fly.airframe import Aircraft

SLACK = 1.5
"""A drone in the strip's corner is farther from the area than the strip is wide [1]."""

AIRSPEED, ENDURANCE = 10.0, 720.0
"""Of a drone of which nothing is told [m s-1], [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The drones of a search, all alike.

    Parameters
    ----------
    number : int
        How many.
    airspeed : float
        [m s-1].
    endurance : float
        How long each can still fly, its reserve left out [s].
    height : float or None
        Where they fly above ground; None for where they last were [m].
    aircraft : Aircraft or None
        Which one of the catalogue, if any was named.
    """

    number: int
    airspeed: float
    endurance: float
    height: float | None
    aircraft: Aircraft | None = None

    @property
    def margin(self) -> float:
        """Strip along the edge that is kept free to brake and turn in [m]."""
        from barlovento.drill.craft import margin_of

        return 0.0 if self.aircraft is None else margin_of(self.aircraft)


def fleet_of(
    number: int,
    aircraft: str | None,
    *,
    catalogue: Path | None,
    airspeed: float | None,
    endurance: float | None,
    height: float | None,
) -> Fleet:
    """Return the drones: those of the catalogue, with what was told otherwise.

    Parameters
    ----------
    number : int
        How many.
    aircraft : str or None
        Name in the catalogue.
    catalogue : Path or None
        The user's own, beside the shipped one.
    airspeed, endurance : float or None
        Instead of the aircraft's cruise [m s-1], and of what a full battery lasts without its
        reserve [s].
    height : float or None
        Above ground; None for where they last were [m].

    Raises
    ------
    BadInput
        There is no such aircraft, or it can't fly so fast.
    """
    from barlovento.drill.craft import RESERVE
    from barlovento.fly.aircraft import find_aircraft

    craft = None if aircraft is None else find_aircraft(aircraft, catalogue)
    if craft is None:
        return Fleet(
            number=number,
            airspeed=AIRSPEED if airspeed is None else airspeed,
            endurance=ENDURANCE if endurance is None else endurance,
            height=height,
        )
    speed = craft.cruise if airspeed is None else airspeed
    if speed > craft.top_speed:
        raise BadInput(
            f"{craft.name} flies at most {craft.top_speed:g} m/s, not {speed:g}. Give a lower "
            "--airspeed, or leave it out for its cruise."
        )
    lasts = (1.0 - RESERVE) * craft.battery / craft.power(speed)
    return Fleet(
        number=number,
        airspeed=speed,
        endurance=lasts if endurance is None else endurance,
        height=height,
        aircraft=craft,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where drones may be, and what says so.

    Parameters
    ----------
    permitted : Permitted
        The volume, the strip along the edge left out.
    margin : float
        Width of that strip [m].
    consent : Consent or None
        Whose volume it is.
    signed : bool
        Whether that bears a signature; it was not checked.
    """

    permitted: Permitted
    margin: float
    consent: Consent | None
    signed: bool


def permitted_from(
    path: Path,
    home: tuple[float, float] | None,
    origin: tuple[float, float] | None,
    margin: float,
) -> Where:
    """Return the permitted volume of a file; without a home, flights end in the area's middle.

    Parameters
    ----------
    path : Path
        GeoJSON or a consent, see :func:`barlovento.fly.permitted.read_permitted`.
    home : tuple of float or None
        In local metres; None for what the file says [m].
    origin : tuple of float or None
        Longitude and latitude of the local axes [degree].
    margin : float
        Strip along the edge that is kept free [m].
    """
    from shapely.geometry import Polygon

    from barlovento.fly.permitted import read_permitted

    told = read_permitted(path, origin, home)
    place = home or told.home
    if place is None:
        inside = Polygon(told.ring, told.holes).representative_point()
        place = (inside.x, inside.y)
    permitted = Permitted(
        ring=told.ring, holes=told.holes, floor=told.floor, ceiling=told.ceiling, home=place
    )
    if margin > 0.0:
        permitted = permitted.shrunk(margin, 0.0)
    return Where(permitted=permitted, margin=margin, consent=told.consent, signed=told.signed)


def check_consent(consent: Consent | None, last: float) -> None:
    """Refuse a consent that had ended when the last reading was taken.

    Parameters
    ----------
    consent : Consent or None
        That the volume is of.
    last : float
        Time of the last reading [s since 1970 UTC].
    """
    until = None if consent is None else consent.volume.when.valid_until
    if consent is not None and until is not None and until.timestamp() <= last:
        raise BadInput(
            f"Consent {consent.id} ended on {_moment(until)}, before the last reading of the "
            "survey: no leg that comes after it is within this consent. Ask anew, or name another."
        )


def check_wind(fleet: Fleet, met: Meteorology | None) -> None:
    """Refuse a wind that the aircraft is not made for.

    Parameters
    ----------
    fleet : Fleet
        The drones.
    met : Meteorology or None
        Wind so far.
    """
    if fleet.aircraft is None or met is None:
        return
    speed = float(np.mean(met.wind_speed[met.time >= met.time[-1] - RECENT]))
    if speed > fleet.aircraft.wind_limit:
        raise BadInput(
            f"The wind is {speed:.1f} m/s, and {fleet.aircraft.name} may fly in at most "
            f"{fleet.aircraft.wind_limit:g} m/s. Wait, or name another aircraft."
        )


def drones_of(belief: Belief, where: Where, fleet: Fleet) -> Iterator[Drone]:
    """Yield the drones: each where a sensor's readings end if that is permitted, else at home.

    Parameters
    ----------
    belief : Belief
        With its readings.
    where : Where
        Where drones may be.
    fleet : Fleet
        How many, and how they fly.
    """
    record, permitted = belief.record, where.permitted
    last = [int(np.flatnonzero(record.sensor == s)[-1]) for s in range(len(record.names))]
    last.sort(key=lambda row: -record.end[row])
    for k in range(fleet.number):
        place, z = permitted.home, permitted.floor
        if k < len(last):
            here = (float(record.x[last[k]]), float(record.y[last[k]]))
            near = permitted.nearest(here)
            # Whoever is in the strip along the edge leaves it first.
            if math.dist(here, near) <= SLACK * where.margin + HAIR:
                place, z = near, float(record.z[last[k]])
        yield Drone(
            name=f"drone-{k + 1}",
            x=place[0],
            y=place[1],
            z=z if fleet.height is None else fleet.height,
            airspeed=fleet.airspeed,
            endurance_left=fleet.endurance,
        )


def consent_document(consent: Consent | None, *, signed: bool) -> dict[str, Any] | None:
    """Return the consent that the volume is of, as JSON types.

    Parameters
    ----------
    consent : Consent or None
        As read.
    signed : bool
        Whether it bears a signature.
    """
    if consent is None:
        return None
    when = consent.volume.when
    return {
        "id": consent.id,
        "authority": consent.authority,
        "valid_from": None if when.valid_from is None else _moment(when.valid_from),
        "valid_until": None if when.valid_until is None else _moment(when.valid_until),
        "part_of_the_day": bool(when.windows),
        "aircraft": list(consent.aircraft),
        "signed": signed,
        "signature_checked": False,
    }


def consent_words(consent: Consent | None, *, signed: bool) -> str:
    """Return what is to be said of the consent that the volume is of, empty without one.

    Parameters
    ----------
    consent, signed
        As for :func:`consent_document`.
    """
    told = consent_document(consent, signed=signed)
    if told is None:
        return ""
    words = f"Within consent {told['id']} of {told['authority']}, "
    words += f"{told['valid_from'] or 'from any time'} to {told['valid_until'] or 'no end'}"
    if told["part_of_the_day"]:
        words += ", at its hours only"
    words += ". "
    if not told["signed"]:
        words += "It is a draft: nobody has signed it. "
    return words + "Before flying: barlovento clear."


def _moment(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
