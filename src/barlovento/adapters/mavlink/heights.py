"""Heights of a plan above an autopilot's home; what can't be known well enough is refused."""

from __future__ import annotations

from barlovento.domain.height import HeightReference
from barlovento.domain.route import Route
from barlovento.errors import Refused

SHARE = 0.5
"""Of the plan's height error that may go to not knowing the ground; the rest is the autopilot's."""


class Above:
    """What has to be added to a plan's heights.

    Parameters
    ----------
    route : Route
        Heights all from one reference.
    altitude : float
        Of the autopilot's home above mean sea level [m].
    terrain, geoid : tuple of float, optional
        Lowest and highest ground above mean sea level, and mean sea level above the ellipsoid,
        wherever the route leads [m].

    Raises
    ------
    Refused
        Nobody says how high the ground is, or it varies too much.
    """

    def __init__(
        self,
        route: Route,
        altitude: float,
        *,
        terrain: tuple[float, float] | None,
        geoid: tuple[float, float] | None,
    ) -> None:
        reference = route.waypoints[0].height.reference
        span: tuple[float, float] | None = (0.0, 0.0)
        if reference is HeightReference.AGL:
            span = terrain
        elif reference is HeightReference.WGS84:
            # Mean sea level above the ellipsoid goes off a height above the ellipsoid.
            span = (-geoid[1], -geoid[0]) if geoid else None
        elif reference is HeightReference.FL:
            raise Refused(
                "The plan's heights are flight levels, and an autopilot knows none. Plan above sea "
                "level, and clear that."
            )
        if span is None:
            what = "--terrain LOW HIGH" if reference is HeightReference.AGL else "--geoid LOW HIGH"
            raise Refused(
                f"The plan's heights are {reference}, the autopilot's are above its home. Say with "
                f"{what} what lies between along the whole route, or plan above sea level (AMSL)."
            )
        spread = (span[1] - span[0]) / 2
        if not 0 <= spread <= SHARE * route.buffer.height_error:
            raise Refused(
                f"From {span[0]:g} to {span[1]:g} m is more than the plan's height error of "
                f"{route.buffer.height_error:g} m leaves room for. Plan above sea level (AMSL), or "
                "clear it with a larger height error."
            )
        self.lift = (span[0] + span[1]) / 2 - altitude

    def home(self, height: float) -> float:
        """Return a height of the plan above home [m].

        Parameters
        ----------
        height : float
            Above the plan's reference [m].
        """
        return round(height + self.lift, 2)
