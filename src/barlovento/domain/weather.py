"""A piece of weather for a flight: one report or one step of a forecast, and when it holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from barlovento.domain.height import check_aware


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What one report or one step of a forecast says.

    Parameters
    ----------
    source : str
        For people: station and time, or file and step.
    issued_at, valid_from, valid_until : datetime
        When it was made, and the time for which it speaks, aware.
    wind_speed, gust : float or None
        Mean and gusts; None is not told [m s-1].
    wind_height : float
        Above ground, of the mean [m].
    wind_from_direction : float or None
        Clockwise from true north [degree].
    visibility : float or None
        [m].
    cloud_base : float or None
        Of the lowest layer that covers more than half, above ground [m].
    dangers : tuple of str
        Such as thunderstorms and freezing rain, in words.
    distance : float or None
        From the route; None is not known [m].
    """

    source: str
    issued_at: datetime
    valid_from: datetime
    valid_until: datetime
    wind_speed: float | None
    gust: float | None
    wind_height: float
    wind_from_direction: float | None
    visibility: float | None
    cloud_base: float | None
    dangers: tuple[str, ...]
    distance: float | None

    def __post_init__(self) -> None:
        for name in ("issued_at", "valid_from", "valid_until"):
            check_aware(name, getattr(self, name))
