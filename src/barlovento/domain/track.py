"""Where an aircraft was seen: its fixes as arrays, with how good each is. No owner, no person."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput

FloatArray = NDArray[np.float64]


class Doubt(IntFlag):
    """Why a fix is not taken at its word."""

    NONE = 0
    STALE = 1
    """The position stood still while the aircraft did not, or was marked old by its receiver."""
    JUMP = 2
    """It could not have been reached from the fix before and is left again at once."""
    BREAK = 4
    """The track goes on elsewhere from here, where it could not have been in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Fixes of one aircraft in order of time.

    Parameters
    ----------
    aircraft : str
        Address of 24 bits as six hexadecimal digits, or the name that a flight log goes by.
    callsign : str
        As it was sent; empty when it was not.
    time : ndarray, shape (n,)
        Seconds since 1970 UTC, rising [s].
    lon, lat : ndarray, shape (n,)
        WGS 84 [degree].
    height : ndarray, shape (n,)
        NaN where it is not known [m].
    height_reference : str
        ``"FL"`` (pressure altitude), ``"WGS84"``, ``"AMSL"``, ``"AGL"``, or empty.
    speed : ndarray, shape (n,)
        Over ground, as the aircraft told it; NaN where it did not [m s-1].
    position_error : ndarray, shape (n,)
        95 % of positions are nearer than this to the truth [m].
    error_stated : bool
        The aircraft told the error; otherwise it is assumed.
    doubt : ndarray of int, shape (n,)
        :class:`Doubt` of each fix.
    source, digest : str
        Name of the file and SHA-256 of its bytes.
    """

    aircraft: str
    callsign: str
    time: FloatArray
    lon: FloatArray
    lat: FloatArray
    height: FloatArray
    height_reference: str
    speed: FloatArray
    position_error: FloatArray
    error_stated: bool
    doubt: NDArray[np.int64]
    source: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        names = ("lon", "lat", "height", "speed", "position_error", "doubt")
        if any(getattr(self, name).shape != self.time.shape for name in names):
            raise BadInput("A track's arrays must be of one length.")
        if len(self.time) == 0:
            raise BadInput("A track without a fix says nothing.")
        if np.any(np.diff(self.time) <= 0.0):
            raise BadInput("A track's times must rise.")

    def __len__(self) -> int:
        return len(self.time)
