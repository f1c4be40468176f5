"""Whom an area must be asked of: a request to the wrong state is noticed before it is sent."""

from __future__ import annotations

from barlovento.domain.airspace import Area, Circle, Polygon4326, Position
from barlovento.domain.permission import Request
from barlovento.errors import BadInput
from barlovento.guard.jurisdiction import KnowsBorders


def others_to_ask(asked: Request, borders: KnowsBorders) -> tuple[str, ...]:
    """Return the other states that a request's area may touch.

    Parameters
    ----------
    asked : Request
        To one authority.
    borders : KnowsBorders
        Whose airspace is where; their error counts as touching.

    Raises
    ------
    BadInput
        The area can't touch the state that is asked; says so when it would with longitude and
        latitude swapped.
    """
    touched = borders.states_touching(asked.volume.area).states
    state = asked.authority.partition("/")[0]
    if state in touched:
        return tuple(sorted(set(touched) - {state}))
    hint = "Ask the state below." if touched else "Nobody need be asked there."
    if state in borders.states_touching(_swapped(asked.volume.area)).states:
        hint = f"With longitude and latitude swapped it would lie in {state}: swap them."
    where = ", ".join(touched) or "no state"
    raise BadInput(f"The area lies in {where}, not in {state}. {hint}")


def _swapped(area: Area) -> Area:
    """Return an area with longitude and latitude exchanged, pressed onto the globe."""

    def turn(lon: float, lat: float) -> Position:
        return lat, max(-90.0, min(90.0, lon))

    return tuple(
        Circle(lon=turn(m.lon, m.lat)[0], lat=turn(m.lon, m.lat)[1], radius=m.radius)
        if isinstance(m, Circle)
        else Polygon4326(outer=tuple(turn(*place) for place in m.outer))
        for m in area
    )
