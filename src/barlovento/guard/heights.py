"""Heights above one reference in terms of another, where ground and geoid are known.

What is not known is not guessed: a limit that can't be compared covers nothing and excludes
nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from barlovento.domain.airspace import Height, HeightReference
from barlovento.errors import BadInput

Range = tuple[float, float]
"""Lowest and highest [m]."""

_ORDER = (HeightReference.AGL, HeightReference.AMSL, HeightReference.WGS84)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What is known of ground and geoid wherever a route leads.

    Parameters
    ----------
    reference : HeightReference
        Of the route's own heights.
    terrain : tuple of float, optional
        Lowest and highest ground above mean sea level [m].
    geoid : tuple of float, optional
        Lowest and highest mean sea level above the ellipsoid [m].
    """

    reference: HeightReference
    terrain: Range | None = None
    geoid: Range | None = None

    def __post_init__(self) -> None:
        for name, known in (("terrain", self.terrain), ("geoid", self.geoid)):
            if known and not (known[0] <= known[1] and all(map(math.isfinite, known))):
                raise BadInput(f"The range of {name} {known} is no range. Give lowest, highest.")

    def bounds(
        self, lower: Height | None, upper: Height | None, *, generous: bool
    ) -> tuple[float, float]:
        """Return a volume's limits in the route's reference [m].

        Parameters
        ----------
        lower, upper : Height or None
            Of the volume; the ground itself bounds nothing, for nobody flies below it.
        generous : bool
            True for zones, which doubt makes larger; False for consents.

        Returns
        -------
        tuple of float
            Infinite where unbounded, NaN where it can't be told.
        """
        low, high = -math.inf, math.inf
        if lower is not None and not _is_ground(lower):
            known = self.convert(lower)
            low = math.nan if known is None else known[0 if generous else 1]
        if upper is not None:
            known = self.convert(upper)
            high = math.nan if known is None else known[1 if generous else 0]
        return low, high

    def convert(self, height: Height) -> Range | None:
        """Return a height in the route's reference, lowest and highest, or None [m]."""
        if height.reference == self.reference:
            return height.value, height.value
        if HeightReference.FL in {height.reference, self.reference}:
            # Pressure and temperature of the day would be needed, and nobody knows them ahead.
            return None
        start, end = _ORDER.index(height.reference), _ORDER.index(self.reference)
        steps = (self.terrain, self.geoid)[min(start, end) : max(start, end)]
        low = high = height.value
        for step in steps:
            if step is None:
                return None
            low, high = (
                (low + step[0], high + step[1]) if start < end else (low - step[1], high - step[0])
            )
        return low, high


def _is_ground(height: Height) -> bool:
    return height.reference is HeightReference.AGL and height.value <= 0
