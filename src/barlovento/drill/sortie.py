"""The sortie: sweep, detection, adaptive trace, confirmation and home, in simulated time.

Whoever chooses the legs (the program, a person, a fixed pattern) flies through the same loop in
the same world with the same battery. Everything here is pure but for the world, which goes on.
"""

from __future__ import annotations

from typing import Any

from barlovento.drill.flight import Flight, Report
from barlovento.drill.ports import Pilot, World
from barlovento.drill.records import Orders, Sortie

__all__ = ["fly_sortie"]


def fly_sortie(
    orders: Orders, world: World, belief: Any, pilot: Pilot, report: Report | None = None
) -> Sortie:
    """Fly until the pilot stops, the battery asks for the way home, or the time is over.

    Parameters
    ----------
    orders : Orders
        What is flown, and where.
    world : World
        Goes on while the drones fly.
    belief : object
        At the start; the one at the end is in the sortie.
    pilot : Pilot
        Chooses the legs.
    report : callable, optional
        Gets each frame as soon as it is there.

    Raises
    ------
    BadInput
        The aircraft can't fly this exercise.
    """
    flight = Flight(orders, world, belief, report)
    while flight.under_way():
        if flight.free():
            order = pilot(flight.situation())
            if not flight.obey(order):
                flight.send_home(order)
                break
        flight.go_on()
    flight.land()
    return flight.result()
