"""Another aircraft, as it is heard while one of ours flies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Intruder:
    """Another aircraft.

    Parameters
    ----------
    name : str
        Address or call sign, for people; kept nowhere.
    lon, lat : float
        [degree].
    height : float or None
        Above mean sea level [m].
    velocity : tuple of float
        East and north [m s-1].
    climb : float
        Up [m s-1].
    """

    name: str
    lon: float
    lat: float
    height: float | None
    velocity: tuple[float, float]
    climb: float = 0.0
