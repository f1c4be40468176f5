"""Whether the search box holds air that the readings could have sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.observation import Observations, SearchArea
from barlovento.fly.faults import FaultList
from barlovento.fly.weather import Weather

FloatArray = NDArray[np.float64]
#: Half the opening of the fan from which air may come within an averaging time [degree]. Wide on
#: purpose: a warning that is not deserved is worse than one that is missed.
_HALF_FAN = 60.0
#: In lighter wind the air comes from anywhere [m s-1].
_LIGHT = 1.0
_MOST_READINGS = 2000
_GRID = 15


def look_upwind(
    observations: Observations, weather: Weather, search: SearchArea, faults: FaultList
) -> None:
    """Note where no part of the search box lies upwind of any reading.

    It is a warning: such a survey answers "nothing was learned", and it may still be of use
    beside others of the same area.

    Parameters
    ----------
    observations : Observations
        The readings.
    weather : Weather
        The wind record.
    search : SearchArea
        The box.
    faults : FaultList
        Takes the warning.
    """
    if _any_upwind(observations, weather, search, turn=0.0):
        return
    mend = "Check the box, the positions and the wind direction; move the box upwind."
    if _any_upwind(observations, weather, search, turn=180.0):
        mend = (
            "If wind_from_direction holds where the wind blows TO, add 180 degrees. "
            "Otherwise move the box upwind."
        )
    faults.warn(
        "The search box holds no air upwind of any reading, so the survey can't tell anything "
        "about it.",
        mend,
        file="survey.toml",
        column="search",
    )


def _any_upwind(
    observations: Observations, weather: Weather, search: SearchArea, *, turn: float
) -> bool:
    record = weather.meteorology
    count = len(observations)
    pick = np.unique(np.linspace(0, count - 1, min(count, _MOST_READINGS)).astype(np.int64))
    # A record's row ends its interval, so a reading belongs to the first row that is not before.
    row = np.minimum(np.searchsorted(record.time, observations.time[pick]), len(record) - 1)
    if (record.wind_speed[row] < _LIGHT).any():
        return True
    sd = np.nan_to_num(record.wind_from_direction_sd[row])
    half = np.radians(np.minimum(_HALF_FAN + sd, 180.0))
    upwind = np.radians(record.wind_from_direction[row] + turn)
    grid_x, grid_y = np.meshgrid(np.linspace(*search.x, _GRID), np.linspace(*search.y, _GRID))
    for x, y in _ends(observations, pick):
        dx = grid_x.ravel()[None, :] - x[:, None]
        dy = grid_y.ravel()[None, :] - y[:, None]
        # Cosine of the angle between the way to the place and the way upwind.
        along = dx * np.sin(upwind)[:, None] + dy * np.cos(upwind)[:, None]
        if (along >= np.hypot(dx, dy) * np.cos(half)[:, None]).any():
            return True
    return False


def _ends(
    observations: Observations, pick: NDArray[np.int64]
) -> list[tuple[FloatArray, FloatArray]]:
    x, y = observations.x[pick], observations.y[pick]
    x2, y2 = observations.x2[pick], observations.y2[pick]
    path = ~np.isnan(x2)
    return [(x, y), (np.where(path, x2, x), np.where(path, y2, y))]
