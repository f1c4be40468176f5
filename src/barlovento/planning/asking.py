"""What a plan is made from: region, fleet, consents, zones and borders at one moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from barlovento.adapters.store import Store
from barlovento.domain.airspace import Polygon4326
from barlovento.domain.fleet import Fleet, Unit
from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.domain.region import Region
from barlovento.errors import BadInput
from barlovento.permitting import Ground, ground_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

Progress = Callable[[float, str], None]

LEAD = timedelta(minutes=30)
"""Nothing starts sooner: a crew wants to read its page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a plan is made from.

    Parameters
    ----------
    region : Region
        As its file says.
    fleet : Fleet
        Who can fly.
    holder : str
        In whose name.
    ground : Ground
        What flights are checked against.
    earliest : datetime
        Nothing starts before.
    """

    region: Region
    fleet: Fleet
    holder: str
    ground: Ground
    earliest: datetime

    @property
    def origin(self) -> tuple[float, float]:
        """Of the flat frame [degree]."""
        return self.region.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The region in cells.

    Parameters
    ----------
    rings : tuple
        Longitude and latitude of each [degree].
    shapes : tuple of shapely Polygon
        The same in the flat frame [m].
    centres : ndarray
        x, y, shape (cells, 2) [m].
    prior : ndarray
        That a site is there [1].
    """

    rings: tuple[tuple[tuple[float, float], ...], ...]
    shapes: tuple[Any, ...]
    centres: NDArray[np.float64]
    prior: NDArray[np.float64]


def ask(
    region: Region,
    fleet: Fleet,
    *,
    holder: str | None,
    workspace: Path | None = None,
    consents: Path | None = None,
    pins: Path | None = None,
    key: str | None = None,
    zones: Path | None = None,
    country: str = "",
) -> Asked:
    """Return what a plan is made from; the rest of the parameters are those of `clear_plan`.

    Parameters
    ----------
    region : Region
        To plan for.
    fleet : Fleet
        Who can fly.
    holder : str or None
        In whose name; the workspace's otherwise.

    Raises
    ------
    BadInput
        Nobody says in whose name, or all of the weather is over.
    """
    ground = ground_of(
        workspace=workspace, consents=consents, pins=pins, key=key, zones=zones, country=country
    )
    if ground.home is not None:
        with Store.open(ground.home) as store:
            holder = store.setting("holder")
    if not holder:
        raise BadInput("Without a workspace nobody says who flies. Name the operator: --holder.")
    earliest = ground.moment + LEAD
    if all(air.until <= earliest for air in region.weather):
        last = max(air.until for air in region.weather)
        raise BadInput(
            f"The weather that is planned for ends {last.isoformat()}, and nothing starts before "
            f"{earliest.isoformat(timespec='minutes')}. Give a [[weather]] that lies ahead."
        )
    return Asked(region=region, fleet=fleet, holder=holder, ground=ground, earliest=earliest)


def states_of(asked: Asked, shape: Any) -> tuple[str, ...]:
    """Return the states whose airspace a flat shape may touch."""
    hull = shape.convex_hull.simplify(50.0)
    x, y = np.asarray(hull.exterior.coords)[:-1].T
    lon, lat = to_geographic(x, y, origin=asked.origin)
    ring = tuple(zip(lon.tolist(), lat.tolist(), strict=True))
    return tuple(asked.ground.borders.states_touching((Polygon4326(outer=ring),)).states)


def base_of(unit: Unit, origin: tuple[float, float]) -> NDArray[np.float64]:
    """Return where a unit starts and lands.

    Parameters
    ----------
    unit : Unit
        Whose base.
    origin : tuple of float
        Of the flat frame [degree].

    Returns
    -------
    ndarray
        x, y, shape (2,) [m].
    """
    x, y = to_local(unit.base[0], unit.base[1], origin=origin)
    return np.array([float(x), float(y)])
