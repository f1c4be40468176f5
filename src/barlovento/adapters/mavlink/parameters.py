"""Parameters of an autopilot, set and read back.

A parameter travels as a 32-bit float. ArduPilot puts the number itself there; PX4 puts the bytes
of a whole number there as they are, so that 2 reads as 2.8e-45. Which one it is the autopilot says
in its capabilities, and what comes back is compared as what it means.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import partial
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.mavlink.station import PATIENCE, TRIES, Station
from barlovento.errors import BadInput, Refused

_WHOLE = {
    int(mavlink.MAV_PARAM_TYPE_UINT8): "B",
    int(mavlink.MAV_PARAM_TYPE_INT8): "b",
    int(mavlink.MAV_PARAM_TYPE_UINT16): "H",
    int(mavlink.MAV_PARAM_TYPE_INT16): "h",
    int(mavlink.MAV_PARAM_TYPE_UINT32): "I",
    int(mavlink.MAV_PARAM_TYPE_INT32): "i",
}
"""How the bytes of a whole number are laid out."""

BYTEWISE = int(mavlink.MAV_PROTOCOL_CAPABILITY_PARAM_ENCODE_BYTEWISE)


def encode(value: float, kind: int, *, bytewise: bool) -> float:
    """Return the float that carries a value.

    Parameters
    ----------
    value : float
        As it is meant [-].
    kind : int
        MAV_PARAM_TYPE.
    bytewise : bool
        Whether whole numbers go as their bytes.

    Raises
    ------
    Refused
        A whole number is asked for, and this is none, or one that does not fit or whose bytes
        no float carries.
    """
    if kind not in _WHOLE:
        return value
    if value != int(value):
        raise Refused(f"{value} is no whole number, and the autopilot keeps one there.")
    if not bytewise:
        return value
    try:
        raw = struct.pack(f"<{_WHOLE[kind]}", int(value)).ljust(4, b"\x00")
    except struct.error as error:
        raise Refused(f"{value:g} does not fit into that parameter.") from error
    carried = float(struct.unpack("<f", raw)[0])
    if struct.pack("<f", carried) != raw:
        # Bytes of a signalling NaN change on their way through a processor's float.
        raise Refused(f"{value:g} can't be carried as bytes of a float.")
    return carried


def decode(carried: float, kind: int, *, bytewise: bool) -> float:
    """Return the value that a float carries; undoes :func:`encode`.

    Parameters
    ----------
    carried : float
        As it came [-].
    kind, bytewise
        As for :func:`encode`.
    """
    if kind not in _WHOLE or not bytewise:
        return float(carried)
    raw = struct.pack("<f", carried)
    return float(struct.unpack_from(f"<{_WHOLE[kind]}", raw)[0])


def get(station: Station, name: str) -> tuple[float, int]:
    """Return a parameter's value and type.

    Raises
    ------
    BadInput
        The autopilot does not tell it.
    """
    ask = mavlink.MAVLink_param_request_read_message(
        station.system, station.component, name.encode(), -1
    )
    found = _answered(station, ask, name)
    if found is None:
        raise BadInput(f"The autopilot tells no parameter {name}.")
    return decode(found.param_value, found.param_type, bytewise=_bytewise(station)), int(
        found.param_type
    )


def put(station: Station, wanted: Mapping[str, float]) -> None:
    """Set parameters, and read each back.

    Parameters
    ----------
    station : Station
        In touch with the autopilot, its capabilities known.
    wanted : mapping of str to float
        Values by name, each in the autopilot's own unit [-].

    Raises
    ------
    Refused
        One is not what it was set to.
    BadInput
        One does not exist, or the line broke.
    """
    for name, value in wanted.items():
        _, kind = get(station, name)
        carried = encode(value, kind, bytewise=_bytewise(station))
        message = mavlink.MAVLink_param_set_message(
            station.system, station.component, name.encode(), carried, kind
        )
        # An answer from before the change may come late, so what counts is asked for anew.
        for _ in range(TRIES):
            station.say(message)
            station.wait(partial(_is, name=name), station.line.now() + PATIENCE)
            if _close(get(station, name)[0], value):
                break
        else:
            raise Refused(
                f"The autopilot keeps {get(station, name)[0]:g} in {name}, not {value:g}. "
                f"{station.said()}"
            )


def check(station: Station, wanted: Mapping[str, float]) -> str:
    """Return in words which parameter is not as it was set, or nothing.

    Parameters
    ----------
    station : Station
        In touch with the autopilot.
    wanted : mapping of str to float
        As for :func:`put` [-].
    """
    for name, value in wanted.items():
        found = get(station, name)[0]
        if not _close(found, value):
            return f"Parameter {name} is {found:g}, not {value:g}."
    return ""


def _answered(station: Station, question: Any, name: str) -> Any | None:
    for _ in range(TRIES):
        station.say(question)
        answer = station.wait(lambda m: _is(m, name), station.line.now() + PATIENCE)
        if answer is not None:
            return answer
    return None


def _is(message: Any, name: str) -> bool:
    if message.get_type() != "PARAM_VALUE":
        return False
    given = message.param_id
    text = given.decode("ascii", "replace") if isinstance(given, bytes) else str(given)
    return text.rstrip("\x00") == name


def _bytewise(station: Station) -> bool:
    return bool((station.capabilities or 0) & BYTEWISE)


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-5 * max(abs(one), abs(other), 1.0)
