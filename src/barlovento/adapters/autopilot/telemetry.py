"""What the simulated autopilot tells of itself, as MAVLink messages."""

from __future__ import annotations

import math
from datetime import datetime

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot.pilot import TICK, Mode, Pilot

_EACH_SECOND = round(1.0 / TICK)
_FIVE_A_SECOND = round(0.2 / TICK)
_EACH_FIVE_SECONDS = round(5.0 / TICK)

AUTOMATIC = 4
"""The main mode of PX4 in which an autopilot flies by itself."""

SUB_MODES = {
    Mode.STANDBY: 1,
    Mode.HOLD: 3,
    Mode.MISSION: 4,
    Mode.RETURN: 5,
    Mode.LAND: 6,
}
"""Numbers of modes as PX4 has them, so that the buttons of ground stations work."""


def due(pilot: Pilot, start: datetime) -> list[mavlink.MAVLink_message]:
    """Return the messages that are due at this tick.

    Parameters
    ----------
    pilot : Pilot
        Who tells.
    start : datetime
        The time 0 of the exercise, aware.
    """
    messages = []
    if pilot.ticks % _FIVE_A_SECOND == 0:
        messages += [position(pilot), _attitude(pilot)]
    if pilot.ticks % _EACH_SECOND == 0:
        messages += [
            heartbeat(pilot),
            _system_time(pilot, start),
            _satellites(pilot, start),
            battery(pilot),
            _wind(pilot),
            _landed(pilot),
            current_item(pilot),
        ]
    if pilot.ticks % _EACH_FIVE_SECONDS == 0:
        messages.append(home(pilot))
    return messages


def heartbeat(pilot: Pilot) -> mavlink.MAVLink_message:
    """Return the heartbeat, which says armed or not, and the mode."""
    base = mavlink.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED | mavlink.MAV_MODE_FLAG_STABILIZE_ENABLED
    base |= mavlink.MAV_MODE_FLAG_HIL_ENABLED  # simulated, and it says so
    if pilot.armed:
        base |= mavlink.MAV_MODE_FLAG_SAFETY_ARMED
    if pilot.mode is not Mode.STANDBY:
        base |= mavlink.MAV_MODE_FLAG_AUTO_ENABLED | mavlink.MAV_MODE_FLAG_GUIDED_ENABLED
    status = mavlink.MAV_STATE_ACTIVE if pilot.armed else mavlink.MAV_STATE_STANDBY
    return mavlink.MAVLink_heartbeat_message(
        mavlink.MAV_TYPE_QUADROTOR,
        mavlink.MAV_AUTOPILOT_GENERIC,
        base,
        SUB_MODES[pilot.mode] << 24 | AUTOMATIC << 16,
        status,
        3,
    )


def _geographic(pilot: Pilot) -> tuple[int, int, int, int]:
    """Return the measured latitude, longitude [1e-7 degree], height above sea and home [mm]."""
    lon, lat = pilot.aircraft.place_of(pilot.measured.x, pilot.measured.y)
    height = pilot.measured.z
    return (
        round(lat * 1e7),
        round(lon * 1e7),
        round((pilot.aircraft.altitude + height) * 1e3),
        round(height * 1e3),
    )


def position(pilot: Pilot) -> mavlink.MAVLink_message:
    """Return the place that it measures, and its velocity."""
    motion = pilot.motion
    return mavlink.MAVLink_global_position_int_message(
        _boot(pilot),
        *_geographic(pilot),
        round(motion.north * 100),
        round(motion.east * 100),
        round(-motion.up * 100),
        round(math.degrees(motion.heading) % 360.0 * 100) % 36000,
    )


def _attitude(pilot: Pilot) -> mavlink.MAVLink_message:
    motion = pilot.motion
    heading = math.remainder(motion.heading, math.tau)
    return mavlink.MAVLink_attitude_message(
        _boot(pilot), motion.roll, motion.pitch, heading, 0.0, 0.0, 0.0
    )


def _system_time(pilot: Pilot, start: datetime) -> mavlink.MAVLink_message:
    return mavlink.MAVLink_system_time_message(_unix(pilot, start), _boot(pilot))


def _satellites(pilot: Pilot, start: datetime) -> mavlink.MAVLink_message:
    lat, lon, above_sea, _ = _geographic(pilot)
    motion = pilot.motion
    speed = math.hypot(motion.east, motion.north)
    course = math.degrees(math.atan2(motion.east, motion.north)) % 360.0
    return mavlink.MAVLink_gps_raw_int_message(
        _unix(pilot, start),
        mavlink.GPS_FIX_TYPE_3D_FIX,
        lat,
        lon,
        above_sea,
        80,
        120,
        round(speed * 100),
        round(course * 100) % 36000,
        14,
    )


def battery(pilot: Pilot) -> mavlink.MAVLink_message:
    """Return the state of the battery."""
    left = round(100 * pilot.energy / pilot.full) if pilot.full > 0 else 0
    power = pilot.aircraft.power() if pilot.armed else 0.0
    return mavlink.MAVLink_sys_status_message(
        0, 0, 0, 0, 14_800, min(round(power / 14.8 * 100), 32_767), left, 0, 0, 0, 0, 0, 0
    )


def _wind(pilot: Pilot) -> mavlink.MAVLink_message:
    east, north = pilot.air
    above_sea = pilot.aircraft.altitude + pilot.measured.z
    return mavlink.MAVLink_wind_cov_message(
        round(pilot.time * 1e6), north, east, 0.0, 0.0, 0.0, above_sea, 0.0, 0.0
    )


def _landed(pilot: Pilot) -> mavlink.MAVLink_message:
    in_air = pilot.armed and pilot.motion.z > 0.1
    state = mavlink.MAV_LANDED_STATE_IN_AIR if in_air else mavlink.MAV_LANDED_STATE_ON_GROUND
    return mavlink.MAVLink_extended_sys_state_message(mavlink.MAV_VTOL_STATE_UNDEFINED, state)


def current_item(pilot: Pilot) -> mavlink.MAVLink_message:
    """Return the number of the item that it flies."""
    return mavlink.MAVLink_mission_current_message(min(pilot.current, 65_535))


def home(pilot: Pilot) -> mavlink.MAVLink_message:
    """Return where home is."""
    craft = pilot.aircraft
    return mavlink.MAVLink_home_position_message(
        round(craft.lat * 1e7),
        round(craft.lon * 1e7),
        round(craft.altitude * 1e3),
        *(0.0, 0.0, 0.0),
        [1.0, 0.0, 0.0, 0.0],
        *(0.0, 0.0, 0.0),
    )


def version() -> mavlink.MAVLink_message:
    """Return what it can: missions with whole numbers, parameters as floats, MAVLink 2."""
    able = (
        mavlink.MAV_PROTOCOL_CAPABILITY_MISSION_INT
        | mavlink.MAV_PROTOCOL_CAPABILITY_PARAM_FLOAT
        | mavlink.MAV_PROTOCOL_CAPABILITY_MAVLINK2
    )
    return mavlink.MAVLink_autopilot_version_message(
        able, 0, 0, 0, 0, [0] * 8, [0] * 8, [0] * 8, 0, 0, 0
    )


def _boot(pilot: Pilot) -> int:
    return round(pilot.time * 1e3) % 2**32


def _unix(pilot: Pilot, start: datetime) -> int:
    return round((start.timestamp() + pilot.time) * 1e6)
