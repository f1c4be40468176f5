"""The mission protocol of MAVLink, vehicle's side: upload that is whole or nothing, and read-back.

    MISSION_COUNT -> MISSION_REQUEST_INT 0 -> MISSION_ITEM_INT 0 -> ... -> MISSION_ACK

A lost item is asked for again, a repeated one is answered with the request for the next, and after
five requests without an answer the upload is given up; the mission before is still there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.autopilot.commands import MissionItem
from barlovento.adapters.autopilot.pilot import Pilot
from barlovento.errors import Refused

PATIENCE = 1.0
"""An item is asked for again after so long [s]."""

TRIES = 5


@dataclass(slots=True)
class _Upload:
    """A mission on its way."""

    count: int
    sender: tuple[int, int]
    deadline: float
    items: list[MissionItem] = field(default_factory=list)
    tries: int = 1


class Transfer:
    """Takes and gives missions of a pilot.

    Parameters
    ----------
    pilot : Pilot
        Whose mission it is.
    """

    def __init__(self, pilot: Pilot) -> None:
        self._pilot = pilot
        self._upload: _Upload | None = None
        self._last: tuple[tuple[int, int], int] | None = None

    @property
    def loading(self) -> bool:
        """Whether a mission is on its way."""
        return self._upload is not None

    def answer(self, message: Any, wall: float) -> list[Any]:
        """Return the answers to a message of the mission protocol.

        Parameters
        ----------
        message : MAVLink message
            Its type begins with ``MISSION_``.
        wall : float
            A clock that goes on by itself [s].
        """
        sender = (message.get_srcSystem(), message.get_srcComponent())
        kind = message.get_type()
        if getattr(message, "mission_type", 0) != mavlink.MAV_MISSION_TYPE_MISSION:
            # Fences and rally points are not here.
            if kind in {"MISSION_COUNT", "MISSION_REQUEST_LIST", "MISSION_CLEAR_ALL"}:
                return [_ack(sender, mavlink.MAV_MISSION_UNSUPPORTED, message.mission_type)]
            return []
        if kind == "MISSION_COUNT":
            return self._count(message, sender, wall)
        if kind == "MISSION_ITEM_INT":
            return self._item(message, sender, wall)
        if kind == "MISSION_ITEM":
            # Places as 32-bit floats are metres off.
            self._upload = None
            return [_ack(sender, mavlink.MAV_MISSION_UNSUPPORTED)]
        if kind == "MISSION_REQUEST_LIST":
            return [mavlink.MAVLink_mission_count_message(*sender, len(self._pilot.mission), 0)]
        if kind in {"MISSION_REQUEST_INT", "MISSION_REQUEST"}:
            return [self._given(int(message.seq), sender)]
        if kind == "MISSION_CLEAR_ALL":
            return [self._loaded((), sender)]
        return []

    def overdue(self, wall: float) -> list[Any]:
        """Return the request for an item that did not come in time.

        Parameters
        ----------
        wall : float
            The clock of :meth:`answer` [s].
        """
        upload = self._upload
        if upload is None or wall < upload.deadline:
            return []
        if upload.tries >= TRIES:
            self._upload = None
            return [_ack(upload.sender, mavlink.MAV_MISSION_OPERATION_CANCELLED)]
        upload.tries += 1
        upload.deadline = wall + PATIENCE
        return [self._request(upload)]

    # ------------------------------------------------------------ upload

    def _count(self, message: Any, sender: tuple[int, int], wall: float) -> list[Any]:
        upload = self._upload
        if upload is not None and upload.sender != sender:
            return [_ack(sender, mavlink.MAV_MISSION_DENIED)]
        if self._pilot.flying:
            return [_ack(sender, mavlink.MAV_MISSION_DENIED)]
        if message.count > commands.LONGEST_MISSION:
            return [_ack(sender, mavlink.MAV_MISSION_NO_SPACE)]
        if message.count == 0:
            self._upload = None
            return [self._loaded((), sender)]
        self._upload = _Upload(message.count, sender, wall + PATIENCE)
        return [self._request(self._upload)]

    def _item(self, message: Any, sender: tuple[int, int], wall: float) -> list[Any]:
        upload = self._upload
        if upload is None:
            if self._last == (sender, message.seq):
                # The acknowledgement was lost.
                return [_ack(sender, mavlink.MAV_MISSION_ACCEPTED)]
            return [_ack(sender, mavlink.MAV_MISSION_INVALID_SEQUENCE)]
        if upload.sender != sender:
            return [_ack(sender, mavlink.MAV_MISSION_DENIED)]
        if message.seq != len(upload.items):
            return [self._request(upload)]
        result, item, why = read_item(message)
        if item is None:
            self._upload = None
            self._pilot.notes.append(why)
            return [_ack(sender, result)]
        upload.items.append(item)
        upload.tries = 1
        upload.deadline = wall + PATIENCE
        if len(upload.items) < upload.count:
            return [self._request(upload)]
        self._upload = None
        self._last = (sender, upload.count - 1)
        return [self._loaded(tuple(upload.items), sender)]

    def _loaded(self, mission: tuple[MissionItem, ...], sender: tuple[int, int]) -> Any:
        try:
            self._pilot.load(mission)
        except Refused as refused:
            self._pilot.notes.append(str(refused))
            return _ack(sender, mavlink.MAV_MISSION_DENIED)
        return _ack(sender, mavlink.MAV_MISSION_ACCEPTED)

    @staticmethod
    def _request(upload: _Upload) -> Any:
        return mavlink.MAVLink_mission_request_int_message(
            *upload.sender, len(upload.items), mavlink.MAV_MISSION_TYPE_MISSION
        )

    # ------------------------------------------------------------ read-back

    def _given(self, number: int, sender: tuple[int, int]) -> Any:
        mission = self._pilot.mission
        if number >= len(mission):
            return _ack(sender, mavlink.MAV_MISSION_INVALID_SEQUENCE)
        item = mission[number]
        return mavlink.MAVLink_mission_item_int_message(
            *sender,
            number,
            mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT,
            item.command,
            int(number == self._pilot.current),
            1,
            *(item.seconds, 0.0, 0.0, math.nan),
            round(item.lat * 1e7),
            round(item.lon * 1e7),
            item.height,
            mavlink.MAV_MISSION_TYPE_MISSION,
        )


def read_item(message: Any) -> tuple[int, MissionItem | None, str]:
    """Return the result for the sender, the item, and why there is none.

    Parameters
    ----------
    message : MAVLink message
        A MISSION_ITEM_INT.
    """
    command = int(message.command)
    if command not in commands.MISSION_COMMANDS:
        return mavlink.MAV_MISSION_UNSUPPORTED, None, commands.refusal(command)
    placeless = command == commands.RETURN and message.frame == commands.FRAME_OF_NO_PLACE
    if message.frame not in commands.RELATIVE_FRAMES and not placeless:
        why = "Heights have to be above home; no other is converted."
        return mavlink.MAV_MISSION_UNSUPPORTED_FRAME, None, why
    if not message.autocontinue:
        return mavlink.MAV_MISSION_INVALID, None, "Items that don't go on are not known."
    staying = command in {commands.WAYPOINT, commands.LOITER_TIME}
    try:
        item = MissionItem(
            command=command,
            lon=0.0 if command == commands.RETURN else message.y / 1e7,
            lat=0.0 if command == commands.RETURN else message.x / 1e7,
            height=0.0 if command == commands.RETURN else float(message.z),
            seconds=float(message.param1) if staying else 0.0,
        )
    except Refused as refused:
        return mavlink.MAV_MISSION_INVALID, None, str(refused)
    return mavlink.MAV_MISSION_ACCEPTED, item, ""


def _ack(sender: tuple[int, int], result: int, kind: int = 0) -> Any:
    return mavlink.MAVLink_mission_ack_message(*sender, result, kind)
