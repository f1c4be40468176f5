"""The sections of a scenario on air: wind, its record, valley, mast."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from barlovento.exercise.records import Atmosphere, Mast, Valley
from barlovento.exercise.scenario_keys import ScenarioKeys

Record = tuple[tuple[float, float, float], ...]

RANDOM = "random"


def read_record(keys: ScenarioKeys, duration: int | None) -> Record:
    """Return the given course of the wind, empty for none.

    Parameters
    ----------
    keys : ScenarioKeys
        The scenario.
    duration : int or None
        Longest flight, where it is known [s].
    """
    mend = "Write rows of seconds after the start, speed in m/s and direction in degrees."
    value = keys.get("wind.record", None)
    if value is None:
        return ()
    rows = keys.rows("wind.record", value, 3, mend)
    if rows is None:
        return ()
    times = [row[0] for row in rows]
    if len(rows) < 2 or any(b <= a for a, b in pairwise(times)):
        keys.complain("wind.record", "Its times don't rise.", mend)
    if duration is not None and rows and (times[0] > 0.0 or times[-1] < duration):
        keys.complain(
            "wind.record",
            f"The wind record runs from {times[0]:g} to {times[-1]:g} s, "
            f"the flight from 0 to {duration} s.",
            "Give a record that covers the flight, or shorten duration_s.",
        )
    if any(not 0.1 <= row[1] <= 40.0 for row in rows):
        keys.complain("wind.record", "A speed is out of bounds.", "It must be from 0.1 to 40 m/s.")
    return tuple((row[0], row[1], row[2]) for row in rows)


def read_air(keys: ScenarioKeys, record: Record) -> Atmosphere | None:
    """Return the state of the air, None where a fault was noted."""
    number = keys.number
    speed = number(
        "wind.speed_m_s",
        None if record else "Give the mean wind speed.",
        least=0.1,
        most=40.0,
    )
    if record:
        speed = float(np.mean([row[1] for row in record]))
    found: dict[str, Any] = {
        "wind_speed": speed,
        "wind_height": number("wind.height_m", "Give its height.", above=0.0, most=500.0),
        "wind_from_direction": _direction(keys, record),
        "roughness_length": number(
            "wind.roughness_length_m",
            "Give it, as 0.03 over grass, 0.1 over crops, 0.5 in a suburb, 1 in a town.",
            least=1e-5,
            most=3.0,
        ),
        "obukhov_length": _obukhov(keys),
        "mixing_height": number(
            "wind.mixing_height_m",
            "Give it, as 800 by day or 150 at night.",
            least=20.0,
            most=4000.0,
        ),
        "temperature": number("wind.temperature_k", None, least=220.0, most=330.0) or 288.15,
        "pressure": number("wind.pressure_pa", None, least=40000.0, most=110000.0) or 101325.0,
        "direction_trend": number("wind.trend_deg_h", None, least=-720.0, most=720.0) or 0.0,
        "meander_direction_sd": number("wind.meander_deg", None, least=0.0, most=90.0) or 0.0,
        "meander_speed_sd": number("wind.meander_share", None, least=0.0, most=1.0) or 0.0,
        "meander_time": number("wind.meander_time_s", None, least=10.0, most=7200.0) or 300.0,
        "fluctuation_intensity": number("wind.fluctuation", None, least=0.0, most=5.0) or 0.0,
        "fluctuation_length": number("wind.fluctuation_length_m", None, least=0.5, most=100.0)
        or 5.0,
    }
    valley = _valley(keys) if "valley" in keys.values else None
    if any(value is None for value in found.values()):
        return None
    height, rough = found["wind_height"], found["roughness_length"]
    if height < 5.0 * rough:
        keys.complain(
            "wind.height_m",
            f"{height:g} m is too near the ground for a roughness length of {rough:g} m.",
            "Give the wind at five roughness lengths or more.",
        )
        return None
    return Atmosphere(**found, valley=valley)


def read_mast(keys: ScenarioKeys) -> Mast | None:
    """Return how the wind is told, None where a fault was noted."""
    number = keys.number
    height = number("mast.height_m", "Give the height of the anemometer.", least=0.5, most=300.0)
    interval = keys.whole(
        "mast.interval_s", "Give its averaging interval in seconds.", least=1, most=3600
    )
    found = Mast(
        height=height or 10.0,
        interval=float(interval or 10),
        direction_bias=number("mast.direction_bias_deg", None, least=-180.0, most=180.0) or 0.0,
        speed_factor=number("mast.speed_factor", None, least=0.2, most=5.0) or 1.0,
        direction_noise=number("mast.direction_noise_deg", None, least=0.0, most=90.0) or 0.0,
        speed_noise=number("mast.speed_noise_m_s", None, least=0.0, most=5.0) or 0.0,
        report_turbulence=keys.switch("mast.tells_turbulence"),
        turbulence_error=number("mast.turbulence_error", None, least=0.0, most=2.0) or 0.0,
        roughness_factor=number("mast.roughness_factor", None, least=0.05, most=20.0) or 1.0,
    )
    return None if height is None or interval is None else found


def _direction(keys: ScenarioKeys, record: Record) -> float | None:
    """Return where the mean wind comes from; any number where the seed draws it."""
    key = "wind.from_direction_deg"
    mend = 'Give where the wind comes FROM, clockwise from north, or "random".'
    value = keys.get(key, None if record else mend)
    if value == RANDOM:
        if record:
            keys.complain(
                key, "A wind record can't be turned by the seed.", "Take one of the two out."
            )
        return 0.0
    if record:
        return record[0][2] if value is None else keys.number(key, mend, least=0.0, most=360.0)
    return keys.number(key, mend, least=0.0, most=360.0)


def _obukhov(keys: ScenarioKeys) -> float | None:
    """Return the Obukhov length; infinite in neutral air."""
    key = "wind.obukhov_length_m"
    mend = "Give inf for neutral air, above zero in stable and below zero in unstable air."
    value = keys.get(key, mend)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        keys.complain(key, f"{value!r} is no number.", mend)
    elif math.isinf(value):
        return math.inf
    elif abs(value) < 1.0:
        keys.complain(
            key,
            f"An Obukhov length of {value:g} m can't be: at 0 there is no wind left to speak of.",
            f"It must be 1 m or more on either side of zero. {mend}",
        )
    else:
        return float(value)
    return None


def _valley(keys: ScenarioKeys) -> Valley | None:
    """Return the valley, None where a fault was noted."""
    number = keys.number
    place = keys.point("valley.point_m", "Give a point on its axis, as in [0, 0].")
    found = {
        "axis_direction": number(
            "valley.axis_deg",
            "Give where it falls to, clockwise from north.",
            least=0.0,
            most=360.0,
        ),
        "half_width": number(
            "valley.half_width_m", "From the axis to the slopes.", least=20.0, most=20000.0
        ),
        "steering": number(
            "valley.steering", "Share of the cross wind taken away.", least=0.0, most=1.0
        ),
        "mast_steering": number(
            "valley.mast_steering", "The same at the mast.", least=0.0, most=1.0
        ),
        "depth": number(
            "valley.depth_m", "Height over which steering fades.", least=5.0, most=2000.0
        ),
        "drainage_speed": number("valley.drainage_m_s", None, least=-10.0, most=10.0) or 0.0,
        "drainage_depth": number("valley.drainage_height_m", None, least=1.0, most=500.0) or 10.0,
        "slope_speed": number("valley.slope_m_s", None, least=-5.0, most=5.0) or 0.0,
    }
    if place is None or any(value is None for value in found.values()):
        return None
    return Valley(x=place[0], y=place[1], **{k: float(v or 0.0) for k, v in found.items()})
