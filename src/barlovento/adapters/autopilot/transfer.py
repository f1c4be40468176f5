"""The mission protocol of MAVLink, vehicle's side: upload that is whole or nothing, and read-back.

Missions, fences and rally points go the same way, each in place of the one before.

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
from barlovento.adapters.autopilot.points import INSIDE, MOST_POINTS, OUTSIDE, RALLY, Point
from barlovento.errors import Refused

PATIENCE = 1.0
"""An item is asked for again after so long [s]."""

TRIES = 5

MISSION, FENCE, RALLIES = (
    mavlink.MAV_MISSION_TYPE_MISSION,
    mavlink.MAV_MISSION_TYPE_FENCE,
    mavlink.MAV_MISSION_TYPE_RALLY,
)
Content = MissionItem | Point


@dataclass(slots=True)
class _Upload:
    """A mission, fence or rally points on their way."""

    kind: int
    count: int
    sender: tuple[int, int]
    deadline: float
    items: list[Content] = field(default_factory=list)
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
        self._last: tuple[tuple[int, int], int, int] | None = None

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
        name = message.get_type()
        kind = int(getattr(message, "mission_type", MISSION))
        if kind not in {MISSION, FENCE, RALLIES}:
            if name in {"MISSION_COUNT", "MISSION_REQUEST_LIST", "MISSION_CLEAR_ALL"}:
                return [_ack(sender, mavlink.MAV_MISSION_UNSUPPORTED, kind)]
            return []
        if name == "MISSION_COUNT":
            return self._count(message, kind, sender, wall)
        if name == "MISSION_ITEM_INT":
            return self._item(message, kind, sender, wall)
        if name == "MISSION_ITEM":
            # Places as 32-bit floats are metres off.
            self._upload = None
            return [_ack(sender, mavlink.MAV_MISSION_UNSUPPORTED, kind)]
        if name == "MISSION_REQUEST_LIST":
            return [mavlink.MAVLink_mission_count_message(*sender, len(self._kept(kind)), kind)]
        if name in {"MISSION_REQUEST_INT", "MISSION_REQUEST"}:
            return [self._given(int(message.seq), kind, sender)]
        if name == "MISSION_CLEAR_ALL":
            return [self._loaded((), kind, sender)]
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
            return [_ack(upload.sender, mavlink.MAV_MISSION_OPERATION_CANCELLED, upload.kind)]
        upload.tries += 1
        upload.deadline = wall + PATIENCE
        return [self._request(upload)]

    # ------------------------------------------------------------ upload

    def _count(self, message: Any, kind: int, sender: tuple[int, int], wall: float) -> list[Any]:
        upload = self._upload
        if upload is not None and upload.sender != sender:
            return [_ack(sender, mavlink.MAV_MISSION_DENIED, kind)]
        if self._pilot.armed:
            return [_ack(sender, mavlink.MAV_MISSION_DENIED, kind)]
        if message.count > (commands.LONGEST_MISSION if kind == MISSION else MOST_POINTS):
            return [_ack(sender, mavlink.MAV_MISSION_NO_SPACE, kind)]
        if message.count == 0:
            self._upload = None
            return [self._loaded((), kind, sender)]
        self._upload = _Upload(kind, message.count, sender, wall + PATIENCE)
        return [self._request(self._upload)]

    def _item(self, message: Any, kind: int, sender: tuple[int, int], wall: float) -> list[Any]:
        upload = self._upload
        if upload is None:
            if self._last == (sender, kind, message.seq):
                # The acknowledgement was lost.
                return [_ack(sender, mavlink.MAV_MISSION_ACCEPTED, kind)]
            return [_ack(sender, mavlink.MAV_MISSION_INVALID_SEQUENCE, kind)]
        if upload.sender != sender:
            return [_ack(sender, mavlink.MAV_MISSION_DENIED, kind)]
        if kind != upload.kind or message.seq != len(upload.items):
            return [self._request(upload)]
        result, item, why = read_item(message) if kind == MISSION else read_point(message, kind)
        if item is None:
            self._upload = None
            self._pilot.notes.append(why)
            return [_ack(sender, result, kind)]
        upload.items.append(item)
        upload.tries = 1
        upload.deadline = wall + PATIENCE
        if len(upload.items) < upload.count:
            return [self._request(upload)]
        self._upload = None
        answer = self._loaded(tuple(upload.items), kind, sender)
        if answer.type == mavlink.MAV_MISSION_ACCEPTED:
            self._last = (sender, kind, upload.count - 1)
        return [answer]

    def _loaded(self, items: tuple[Content, ...], kind: int, sender: tuple[int, int]) -> Any:
        self._last = None
        points = tuple(item for item in items if isinstance(item, Point))
        try:
            if kind == MISSION:
                self._pilot.load(tuple(item for item in items if isinstance(item, MissionItem)))
            elif kind == FENCE:
                self._pilot.keep(fence=points)
            else:
                self._pilot.keep(rally=points)
        except Refused as refused:
            self._pilot.notes.append(str(refused))
            return _ack(sender, mavlink.MAV_MISSION_DENIED, kind)
        return _ack(sender, mavlink.MAV_MISSION_ACCEPTED, kind)

    @staticmethod
    def _request(upload: _Upload) -> Any:
        return mavlink.MAVLink_mission_request_int_message(
            *upload.sender, len(upload.items), upload.kind
        )

    # ------------------------------------------------------------ read-back

    def _kept(self, kind: int) -> tuple[Content, ...]:
        pilot = self._pilot
        if kind == MISSION:
            return pilot.mission
        return pilot.fence if kind == FENCE else pilot.rally

    def _given(self, number: int, kind: int, sender: tuple[int, int]) -> Any:
        kept = self._kept(kind)
        if number >= len(kept):
            return _ack(sender, mavlink.MAV_MISSION_INVALID_SEQUENCE, kind)
        item = kept[number]
        frame = mavlink.MAV_FRAME_GLOBAL_RELATIVE_ALT_INT
        if isinstance(item, Point):
            first = (float(item.corners), 0.0, 0.0, 0.0)
        elif item.command == commands.CHANGE_SPEED:
            frame, first = commands.FRAME_OF_NO_PLACE, (1.0, item.speed, -1.0, 0.0)
        else:
            first = (item.seconds, 0.0, 0.0, math.nan)
        return mavlink.MAVLink_mission_item_int_message(
            *sender,
            number,
            frame,
            item.command,
            int(kind == MISSION and number == self._pilot.current),
            1,
            *first,
            round(item.lat * 1e7),
            round(item.lon * 1e7),
            item.height,
            kind,
        )


def read_point(message: Any, kind: int) -> tuple[int, Point | None, str]:
    """Return the result for the sender, the point of a fence or of rally, and why there is none.

    Parameters
    ----------
    message : MAVLink message
        A MISSION_ITEM_INT.
    kind : int
        :data:`FENCE` or :data:`RALLIES`.
    """
    command = int(message.command)
    if command not in ({INSIDE, OUTSIDE} if kind == FENCE else {RALLY}):
        why = f"Command {command} is refused among points of this kind."
        return mavlink.MAV_MISSION_UNSUPPORTED, None, why
    if kind == RALLIES and message.frame not in commands.RELATIVE_FRAMES:
        why = "Heights have to be above home; no other is converted."
        return mavlink.MAV_MISSION_UNSUPPORTED_FRAME, None, why
    corners = float(message.param1) if kind == FENCE else 0.0
    try:
        if not 0 <= corners <= MOST_POINTS:
            raise Refused(f"{corners} corners are no polygon.")
        point = Point(
            command=command,
            lon=message.y / 1e7,
            lat=message.x / 1e7,
            height=float(message.z) if kind == RALLIES else 0.0,
            corners=int(corners),
        )
    except Refused as refused:
        return mavlink.MAV_MISSION_INVALID, None, str(refused)
    return mavlink.MAV_MISSION_ACCEPTED, point, ""


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
    placeless = (
        command in {commands.RETURN, commands.CHANGE_SPEED}
        and message.frame == commands.FRAME_OF_NO_PLACE
    )
    if message.frame not in commands.RELATIVE_FRAMES and not placeless:
        why = "Heights have to be above home; no other is converted."
        return mavlink.MAV_MISSION_UNSUPPORTED_FRAME, None, why
    if not message.autocontinue:
        return mavlink.MAV_MISSION_INVALID, None, "Items that don't go on are not known."
    staying = command in {commands.WAYPOINT, commands.LOITER_TIME}
    somewhere = command not in {commands.RETURN, commands.CHANGE_SPEED}
    if command == commands.CHANGE_SPEED and message.param1 != 1.0:
        return mavlink.MAV_MISSION_INVALID, None, "Speeds have to be over the ground."
    try:
        item = MissionItem(
            command=command,
            lon=message.y / 1e7 if somewhere else 0.0,
            lat=message.x / 1e7 if somewhere else 0.0,
            height=float(message.z) if somewhere else 0.0,
            seconds=float(message.param1) if staying else 0.0,
            speed=float(message.param2) if command == commands.CHANGE_SPEED else 0.0,
        )
    except Refused as refused:
        return mavlink.MAV_MISSION_INVALID, None, str(refused)
    return mavlink.MAV_MISSION_ACCEPTED, item, ""


def _ack(sender: tuple[int, int], result: int, kind: int = 0) -> Any:
    return mavlink.MAVLink_mission_ack_message(*sender, result, kind)
