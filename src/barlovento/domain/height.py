"""Heights that say what they are measured from, and times that say their zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from barlovento.errors import BadInput


class HeightReference(StrEnum):
    """What a height is measured from."""

    AGL = "AGL"
    AMSL = "AMSL"
    WGS84 = "WGS84"
    FL = "FL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Height:
    """A height with what it is measured from; one reference is never taken for another.

    Parameters
    ----------
    value : float
        Above the reference; for a flight level, pressure altitude [m].
    reference : HeightReference
        Ground, mean sea level, ellipsoid, or the 1013.25 hPa surface.
    """

    value: float
    reference: HeightReference

    def __str__(self) -> str:
        return f"{self.value:g} m {self.reference}"


def check_aware(name: str, moment: datetime | None) -> None:
    """Refuse a time without a zone, for nobody can tell when it is."""
    if moment is not None and moment.tzinfo is None:
        raise BadInput(
            f"{name} {moment.isoformat()} has no time zone. Add Z for UTC or an offset like +02:00."
        )
