"""From a wished velocity to body rates and throttle: a cascade of proportional and integral loops.

    velocity error -> acceleration -> tilt -> body rates;   climb error -> throttle

The gains were set by hand on JSBSim's F450 until steps of velocity settled without ringing, in
still air and in 10 m s-1 of wind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from barlovento.adapters.autopilot.f450 import Motion

GRAVITY = 9.80665

MAX_TILT = math.radians(35)

_VELOCITY_GAIN = 1.6
_VELOCITY_INTEGRAL = 0.4
_SMALL_ERROR = 1.5
"""The integrals grow on errors below this only: a step must not wind them up [m s-1]."""

_TILT_GAIN = 4.0
_YAW_GAIN = 1.5
_MAX_YAW_RATE = 0.4

_HOVER_THROTTLE = 0.42
_CLIMB_GAIN = 0.12
_CLIMB_INTEGRAL = 0.08
_LEAST_THROTTLE, _MOST_THROTTLE = 0.1, 0.85


@dataclass(slots=True)
class Cascade:
    """The loops with their integrals."""

    east: float = 0.0
    north: float = 0.0
    climb: float = 0.0

    def step(
        self, motion: Motion, wish: tuple[float, float, float], heading: float, seconds: float
    ) -> tuple[float, float, float, float]:
        """Return rates of roll, pitch and yaw [rad s-1], and the throttle.

        Parameters
        ----------
        motion : Motion
            As measured.
        wish : tuple of float
            Velocity east, north and up [m s-1].
        heading : float
            Clockwise from north [rad].
        seconds : float
            Since the last step [s].

        Returns
        -------
        tuple of float
            Rates [rad s-1] and throttle between 0 and 1.
        """
        east, north, up = (
            wish[0] - motion.east,
            wish[1] - motion.north,
            wish[2] - motion.up,
        )
        if math.hypot(east, north) < _SMALL_ERROR:
            self.east = _held(self.east + _VELOCITY_INTEGRAL * east * seconds, 5.0)
            self.north = _held(self.north + _VELOCITY_INTEGRAL * north * seconds, 5.0)
        if abs(up) < _SMALL_ERROR:
            self.climb = _held(self.climb + _CLIMB_INTEGRAL * up * seconds, 0.2)
        push_east = _VELOCITY_GAIN * east + self.east
        push_north = _VELOCITY_GAIN * north + self.north
        sine, cosine = math.sin(motion.heading), math.cos(motion.heading)
        ahead = push_north * cosine + push_east * sine
        right = -push_north * sine + push_east * cosine
        pitch = _held(-math.atan(ahead / GRAVITY), MAX_TILT)
        roll = _held(math.atan(right * math.cos(pitch) / GRAVITY), MAX_TILT)
        turn = math.remainder(heading - motion.heading, math.tau)
        lift = max(math.cos(motion.roll) * math.cos(motion.pitch), 0.5)
        throttle = (_HOVER_THROTTLE + _CLIMB_GAIN * up + self.climb) / math.sqrt(lift)
        return (
            _TILT_GAIN * (roll - motion.roll),
            _TILT_GAIN * (pitch - motion.pitch),
            _held(_YAW_GAIN * turn, _MAX_YAW_RATE),
            min(max(throttle, _LEAST_THROTTLE), _MOST_THROTTLE),
        )


def _held(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
