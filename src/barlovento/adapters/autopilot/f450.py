"""JSBSim's flight dynamics of the F450 quadcopter: six degrees of freedom, rotors, motors, wind.

The model comes with the ``jsbsim`` package (aircraft/F450, release ALPHA, after the DJI F450 with
E305 motors and 9450 propellers) and has a rate loop of its own: what is commanded are body rates
and throttle. Forces on the rotors from sideways flow are not in it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jsbsim

from barlovento.errors import BadInput

FOOT = 0.3048

STEP = 0.005
"""Of the dynamics; at 0.02 s the model's rate loop shakes [s]."""

_RATE_SCALE = 0.75
"""Body rate at a full command, FlightControl.xml [rad s-1]."""

_MAX_VOLTS, _KV, _RESISTANCE = 14.63, 960.0, 0.117
"""Motor: volts at full throttle, rpm per volt, ohm (engine/DJI_E305.xml)."""

_STANDING = 0.1524
"""Height of the centre of gravity when it stands, Gear.xml [m]."""

_SEMI_MAJOR, _FLATTENING = 6_378_137.0, 1 / 298.257223563


class Motion(NamedTuple):
    """Place about home [m], velocity [m s-1] and attitude [rad] of the aircraft.

    East, north and up; roll to the right, nose up, and the nose clockwise from north.
    """

    x: float
    y: float
    z: float
    east: float
    north: float
    up: float
    roll: float
    pitch: float
    heading: float


class _Quiet(jsbsim.FGLogger):
    """Swallows what JSBSim prints: the model's file is older than its reader, and works."""

    def set_level(self, level: jsbsim.LogLevel) -> None:
        """Do nothing."""

    def file_location(self, filename: str, line: int) -> None:
        """Do nothing."""

    def message(self, message: str) -> None:
        """Do nothing."""

    def format(self, format: jsbsim.LogFormat) -> None:  # noqa: A002 the name is JSBSim's
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""


class F450:
    """The aircraft, standing at home with its rotors still.

    Parameters
    ----------
    lon, lat : float
        Home [degree].
    altitude : float
        Of home, above mean sea level; sets the density of the air [m].
    heading : float
        Clockwise from north [degree].
    """

    def __init__(self, lon: float, lat: float, altitude: float, heading: float) -> None:
        before = jsbsim.get_logger()
        jsbsim.set_logger(_Quiet())
        try:
            self._model = jsbsim.FGFDMExec(jsbsim.get_default_root_dir())
            self._model.set_debug_level(0)
            loaded = self._model.load_model("F450")
            self._model.set_dt(STEP)
            self._model["ic/lat-geod-deg"] = lat
            self._model["ic/long-gc-deg"] = lon
            self._model["ic/terrain-elevation-ft"] = altitude / FOOT
            self._model["ic/h-agl-ft"] = _STANDING / FOOT
            self._model["ic/psi-true-deg"] = heading
            if not loaded or not self._model.run_ic():
                raise BadInput("JSBSim can't set up its F450. Install the package jsbsim anew.")
        finally:
            jsbsim.set_logger(before)
        self._model["fcs/ScasEngage"] = 1.0
        self.lon, self.lat, self.altitude = lon, lat, altitude
        self._east_scale, self._north_scale = metres_per_degree(lat)

    def motion(self) -> Motion:
        """Return where it is and how it moves."""
        model = self._model
        return Motion(
            (model["position/long-gc-deg"] - self.lon) * self._east_scale,
            (model["position/lat-geod-deg"] - self.lat) * self._north_scale,
            model["position/h-agl-ft"] * FOOT - _STANDING,
            model["velocities/v-east-fps"] * FOOT,
            model["velocities/v-north-fps"] * FOOT,
            -model["velocities/v-down-fps"] * FOOT,
            model["attitude/phi-rad"],
            model["attitude/theta-rad"],
            model["attitude/psi-rad"],
        )

    def geographic(self) -> tuple[float, float]:
        """Return longitude and latitude [degree]."""
        return self._model["position/long-gc-deg"], self._model["position/lat-geod-deg"]

    def offset(self, lon: float, lat: float) -> tuple[float, float]:
        """Return a place about home in the frame of :meth:`motion` [m].

        Parameters
        ----------
        lon, lat : float
            [degree].

        Returns
        -------
        tuple of float
            East and north [m].
        """
        return (lon - self.lon) * self._east_scale, (lat - self.lat) * self._north_scale

    def place_of(self, x: float, y: float) -> tuple[float, float]:
        """Return longitude and latitude of a place in the frame of :meth:`motion`.

        Parameters
        ----------
        x, y : float
            East and north of home [m].

        Returns
        -------
        tuple of float
            [degree].
        """
        return self.lon + x / self._east_scale, self.lat + y / self._north_scale

    def command(self, roll: float, pitch: float, yaw: float, throttle: float) -> None:
        """Set body rates and throttle.

        Parameters
        ----------
        roll, pitch, yaw : float
            [rad s-1].
        throttle : float
            Share of full, 0 to 1 [1].
        """
        model = self._model
        model["fcs/aileron-cmd-norm"] = _within(roll / _RATE_SCALE)
        model["fcs/elevator-cmd-norm"] = _within(pitch / _RATE_SCALE)
        model["fcs/rudder-cmd-norm"] = _within(yaw / _RATE_SCALE)
        model["fcs/throttle-cmd-norm"] = min(max(throttle, 0.0), 1.0)

    def blow(self, east: float, north: float) -> None:
        """Set where the air goes.

        Parameters
        ----------
        east, north : float
            [m s-1].
        """
        self._model["atmosphere/wind-east-fps"] = east / FOOT
        self._model["atmosphere/wind-north-fps"] = north / FOOT

    def power(self) -> float:
        """Return the electrical power of the motors, volts times amperes [W]."""
        total = 0.0
        for motor in range(4):
            volts = self._model[f"fcs/throttle-pos-norm[{motor}]"] * _MAX_VOLTS
            turns = self._model[f"propulsion/engine[{motor}]/propeller-rpm"]
            # A motor that is driven by its propeller charges nothing.
            total += max(volts * (volts - turns / _KV) / _RESISTANCE, 0.0)
        return total

    def run(self, steps: int) -> None:
        """Let so many steps of :data:`STEP` pass."""
        for _ in range(steps):
            self._model.run()


def _within(command: float) -> float:
    return min(max(command, -1.0), 1.0)


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return the length of a degree of longitude and of latitude on WGS 84.

    Parameters
    ----------
    lat : float
        [degree].

    Returns
    -------
    tuple of float
        East and north [m degree-1].
    """
    squared = _FLATTENING * (2 - _FLATTENING)
    sine = math.sin(math.radians(lat))
    root = math.sqrt(1 - squared * sine * sine)
    east = _SEMI_MAJOR / root * math.cos(math.radians(lat))
    north = _SEMI_MAJOR * (1 - squared) / root**3
    return math.radians(east), math.radians(north)
