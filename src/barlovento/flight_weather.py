"""The shell of weather for a flight: reports and forecasts in, go or no go out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from barlovento.domain.height import HeightReference
from barlovento.domain.route import Route
from barlovento.errors import BadInput
from barlovento.guard.weather import GoNoGo, Limits, go_no_go
from barlovento.permission_workspace import now


def limits_of(
    *,
    craft: str | None,
    catalogue: Path | None,
    wind_limit: float | None,
    visibility: float,
    cloud_base: float,
) -> Limits:
    """Return the limits of an aircraft; a stricter one of the user's counts.

    Parameters
    ----------
    craft, catalogue
        Name in the catalogue of aircraft, and a catalogue of the user's.
    wind_limit : float, optional
        Of the user's [m s-1].
    visibility, cloud_base : float
        Least [m].

    Raises
    ------
    BadInput
        Neither an aircraft nor a limit is named.
    """
    from barlovento.fly.aircraft import find_aircraft

    winds = [] if wind_limit is None else [wind_limit]
    if craft is not None:
        winds.append(find_aircraft(craft, catalogue).wind_limit)
    if not winds:
        raise BadInput("Nobody says which wind is too much. Give --craft NAME or --wind-limit.")
    return Limits(wind=min(winds), visibility=visibility, cloud_base=cloud_base)


def weather_for(
    route: Route, limits: Limits, *, metar: Sequence[Path] = (), grib: Sequence[Path] = ()
) -> GoNoGo:
    """Return whether the weather allows a route to be flown at its time.

    Parameters
    ----------
    route : Route
        With its times.
    limits : Limits
        Of the aircraft.
    metar, grib : sequence of Path
        Files.

    Raises
    ------
    BadInput
        A file can't be read; nothing goes on without it.
    """
    from barlovento.adapters.weather import read_grib, read_metar

    points = [*route.waypoints, *([route.home] if route.home else []), *route.lost_link]
    lons, lats = [point.lon for point in points], [point.lat for point in points]
    box = (min(lons), min(lats), max(lons), max(lats))
    moment = now()
    found = []
    for path in metar:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"Can't read {path}: {error}. Give a file of METARs.") from error
        found += read_metar(text, box=box, now=moment)
    for path in grib:
        found += read_grib(path, box=box)
    heights = [point.height.value for point in points]
    above_ground = points[0].height.reference is HeightReference.AGL
    # A route that can be uploaded begins on the ground.
    height = max(heights) - (0.0 if above_ground else min(heights))
    spare = timedelta(seconds=route.buffer.time_error)
    home = route.home.time if route.home else route.waypoints[-1].time
    window = (route.waypoints[0].time - spare, home + spare)
    return go_no_go(found, limits, window=window, height=height, now=moment)
