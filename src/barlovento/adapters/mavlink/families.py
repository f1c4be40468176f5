"""What ArduPilot, PX4 and the simulated autopilot do each in their own way.

Sources: ArduPilot's parameter lists for Copter 4.5 and Plane 4.5; PX4 parameter reference 1.15;
modes as MAV_CMD_DO_SET_MODE takes them there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.mavlink.sortie import Sortie
from barlovento.errors import Refused

LINK_LOST = 10.0
"""An autopilot that hears no ground station for so long returns by itself [s]."""

Order = tuple[int, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of autopilot.

    Parameters
    ----------
    name : str
        For people.
    home_item : bool
        Whether item 0 of its missions is its home.
    before_arming : Order or None
        What it needs to be told.
    hold, come_home, start : Order
        Commands of the closed list with their parameters.
    returning, holding : frozenset of int
        Custom modes in which it does.
    """

    name: str
    home_item: bool
    before_arming: Order | None
    hold: Order
    come_home: Order
    start: Order
    returning: frozenset[int]
    holding: frozenset[int]

    def parameters(self, sortie: Sortie, reserve: float) -> Mapping[str, float]:
        """Return what has to be set, so that it returns as the plan says when nobody can tell it.

        Parameters
        ----------
        sortie : Sortie
            What it is to fly.
        reserve : float
            Share of the battery at which it returns [%].
        """
        if self.name == "PX4":
            return _px4(sortie)
        if self.name.startswith("ArduPilot"):
            return _ardupilot(sortie, plane=self.name.endswith("Plane"))
        wanted = {
            "RTL_HEIGHT": sortie.return_height,
            "RTL_SPEED": sortie.return_speed,
            "BATTERY_LOW": reserve,
            "LINK_TIMEOUT": LINK_LOST,
            "CLIMB_RATE": sortie.climb_rate,
        }
        if sortie.descent_rate:
            wanted["DESCENT_RATE"] = sortie.descent_rate
        return wanted


def _ardupilot(sortie: Sortie, *, plane: bool) -> Mapping[str, float]:
    fence = {
        "FENCE_ENABLE": 1.0,
        "FENCE_TYPE": 5.0,  # greatest height, and polygons
        "FENCE_ACTION": 1.0,  # return
        "FENCE_ALT_MAX": sortie.ceiling,
    }
    if plane:
        return {
            **fence,
            "ALT_HOLD_RTL": round(100 * sortie.return_height),
            "FS_LONG_ACTN": 1.0,
            "FS_GCS_ENABL": 1.0,
        }
    return {
        **fence,
        "RTL_ALT": round(100 * sortie.return_height),
        "RTL_SPEED": round(100 * sortie.return_speed),
        "FS_GCS_ENABLE": 1.0,  # return
        "FS_GCS_TIMEOUT": LINK_LOST,
        "BATT_FS_LOW_ACT": 2.0,  # return
        "WPNAV_SPEED_UP": round(100 * sortie.climb_rate),
    }


def _px4(sortie: Sortie) -> Mapping[str, float]:
    return {
        "RTL_RETURN_ALT": sortie.return_height,
        "RTL_DESCEND_ALT": sortie.return_height,
        "RTL_TYPE": 0.0,  # home or a rally point, straight
        "GF_ACTION": 3.0,  # return
        "GF_MAX_VER_DIST": sortie.ceiling,
        "NAV_DLL_ACT": 2.0,  # return
        "COM_DL_LOSS_T": LINK_LOST,
        "COM_LOW_BAT_ACT": 3.0,  # return at critical, land in emergency
        "MPC_Z_V_AUTO_UP": sortie.climb_rate,
    }


def _px4_mode(sub: int) -> int:
    return sub << 24 | 4 << 16


_CUSTOM = float(mavlink.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED)
_RETURN: Order = (commands.RETURN, ())
_START: Order = (commands.START_MISSION, ())

PX4 = Family(
    name="PX4",
    home_item=False,
    before_arming=None,
    hold=(commands.SET_MODE, (_CUSTOM, 4.0, 3.0)),
    come_home=_RETURN,
    start=(commands.SET_MODE, (_CUSTOM, 4.0, 4.0)),
    returning=frozenset({_px4_mode(5), _px4_mode(6)}),
    holding=frozenset({_px4_mode(3)}),
)
SIMULATED = Family(
    name="simulated autopilot",
    home_item=False,
    before_arming=None,
    hold=(commands.SET_MODE, (_CUSTOM, 4.0, 3.0)),
    come_home=_RETURN,
    start=_START,
    returning=PX4.returning,
    holding=PX4.holding,
)
COPTER = Family(
    name="ArduPilot Copter",
    home_item=True,
    before_arming=(commands.SET_MODE, (_CUSTOM, 4.0)),
    hold=(commands.SET_MODE, (_CUSTOM, 5.0)),
    come_home=_RETURN,
    start=_START,
    returning=frozenset({6, 9, 21}),
    holding=frozenset({5, 17}),
)
PLANE = Family(
    name="ArduPilot Plane",
    home_item=True,
    before_arming=None,
    hold=(commands.SET_MODE, (_CUSTOM, 19.0)),
    come_home=_RETURN,
    start=(commands.SET_MODE, (_CUSTOM, 10.0)),
    returning=frozenset({11, 20, 21}),
    holding=frozenset({12, 19}),
)

_FIXED_WING = {1, 16, 19, 20, 21, 22, 23, 24, 25, 28}


def family_of(autopilot: int, kind: int) -> Family:
    """Return the family of an autopilot by its heartbeat.

    Parameters
    ----------
    autopilot, kind : int
        MAV_AUTOPILOT and MAV_TYPE.

    Raises
    ------
    Refused
        It is of none that is known here.
    """
    if autopilot == mavlink.MAV_AUTOPILOT_ARDUPILOTMEGA:
        return PLANE if kind in _FIXED_WING else COPTER
    if autopilot == mavlink.MAV_AUTOPILOT_PX4:
        return PX4
    if autopilot == mavlink.MAV_AUTOPILOT_GENERIC:
        return SIMULATED
    raise Refused(
        f"Autopilot {autopilot} is of no family that is known: ArduPilot, PX4 and the simulated "
        "one. How it returns when nobody can tell it is unknown, so nothing is sent."
    )
