"""The MAVLink side of the simulated autopilot: bytes in, bytes out, no socket and no clock.

Mission upload is atomic: the mission before stays until every item of the new one is accepted. What
is not on the closed list of :mod:`barlovento.adapters.autopilot.commands` is refused, and a text
says so. The messages' field names and numbers are those of the MAVLink common set.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands, telemetry
from barlovento.adapters.autopilot.pilot import Mode, Pilot
from barlovento.adapters.autopilot.settings import changed, parameters
from barlovento.adapters.autopilot.stages import ON_GROUND
from barlovento.adapters.autopilot.transfer import Transfer
from barlovento.errors import Refused

SYSTEM, COMPONENT = 1, 1

_TEXT_PART = 50
"""A STATUSTEXT holds so many characters."""


class Endpoint:
    """Speaks for a pilot.

    Parameters
    ----------
    pilot : Pilot
        Who flies.
    start : datetime
        The time 0 of the exercise, aware.
    """

    def __init__(self, pilot: Pilot, start: datetime) -> None:
        self.pilot = pilot
        self._start = start
        self._codec = mavlink.MAVLink(None, srcSystem=SYSTEM, srcComponent=COMPONENT)
        self._transfer = Transfer(pilot)
        self._told = 0
        self._texts = 0
        self._heard = 0.0
        self._by_type: dict[str, Callable[[Any, float], list[Any]]] = {
            "COMMAND_LONG": self._command,
            "COMMAND_INT": self._command,
            "PARAM_REQUEST_LIST": self._all_parameters,
            "PARAM_REQUEST_READ": self._one_parameter,
            "PARAM_SET": self._set_parameter,
            "SET_MODE": self._set_mode,
        }

    def telemetry(self) -> list[bytes]:
        """Return the packets that are due at this tick of the pilot."""
        self._come_home_unheard()
        messages = telemetry.due(self.pilot, self._start)
        reached = self.pilot.reached
        for item, _, _ in reached[self._told :]:
            messages.append(mavlink.MAVLink_mission_item_reached_message(item))
        self._told = len(reached)
        while self.pilot.notes:
            messages += self._text(self.pilot.notes.popleft())
        return [self._packed(message) for message in messages]

    def handle(self, data: bytes, wall: float) -> list[bytes]:
        """Return the answers to what came in.

        Parameters
        ----------
        data : bytes
            One datagram; what is no MAVLink in it is passed over.
        wall : float
            A clock that goes on by itself, for time-outs [s].

        Returns
        -------
        list of bytes
            Packets.
        """
        # A parser for each datagram: half a packet in one must not swallow the next.
        parser = mavlink.MAVLink(None)
        parser.robust_parsing = True
        answers: list[Any] = []
        for message in parser.parse_buffer(data) or []:
            if message.get_type() != "BAD_DATA" and _for_us(message):
                answers += self._answer(message, wall)
        return [self._packed(answer) for answer in answers]

    def overdue(self, wall: float) -> list[bytes]:
        """Return requests to repeat, for items of a mission that did not come.

        Parameters
        ----------
        wall : float
            The clock of :meth:`handle` [s].
        """
        return [self._packed(message) for message in self._transfer.overdue(wall)]

    def _come_home_unheard(self) -> None:
        """Come home where no ground station was heard for too long."""
        pilot = self.pilot
        patience = pilot.settings.link_timeout
        if patience and pilot.time - self._heard > patience and pilot.motion.z > ON_GROUND:
            self._heard = math.inf  # until one is heard again
            if pilot.armed and pilot.mode in {Mode.MISSION, Mode.HOLD}:
                pilot.notes.append("link lost: it returns")
                pilot.come_home()

    def _answer(self, message: Any, wall: float) -> list[Any]:
        kind = message.get_type()
        if kind == "HEARTBEAT" and message.type == mavlink.MAV_TYPE_GCS:
            self._heard = self.pilot.time
        if kind.startswith("MISSION_"):
            return self._transfer.answer(message, wall)
        handler = self._by_type.get(kind)
        return handler(message, wall) if handler is not None else []

    def _packed(self, message: Any) -> bytes:
        packet: bytes = message.pack(self._codec)
        self._codec.seq = (self._codec.seq + 1) % 256
        return bytes(packet)

    def _text(self, text: str) -> list[Any]:
        """Return a text in as many parts as it takes."""
        self._texts = self._texts % 65_535 + 1
        whole = text.encode("ascii", "replace")
        parts = [whole[at : at + _TEXT_PART] for at in range(0, len(whole), _TEXT_PART)]
        # A last part that is full would leave the reader waiting for more.
        if len(parts[-1]) == _TEXT_PART and len(parts) > 1:
            parts.append(b"")
        number = self._texts if len(parts) > 1 else 0
        return [
            mavlink.MAVLink_statustext_message(mavlink.MAV_SEVERITY_NOTICE, part, number, index)
            for index, part in enumerate(parts)
        ]

    # ------------------------------------------------------------ commands

    def _command(self, message: Any, _wall: float) -> list[Any]:
        number = int(message.command)
        after: list[Any] = []
        if number not in commands.DIRECT_COMMANDS:
            known = number in commands.NAMED
            result = mavlink.MAV_RESULT_DENIED if known else mavlink.MAV_RESULT_UNSUPPORTED
            after += self._text(commands.refusal(number))
        else:
            try:
                after += self._obey(
                    number, float(message.param1), float(message.param2), float(message.param3)
                )
                result = mavlink.MAV_RESULT_ACCEPTED
            except Refused as refused:
                result = mavlink.MAV_RESULT_DENIED
                after += self._text(str(refused))
        acknowledged = mavlink.MAVLink_command_ack_message(
            number, result, 0, 0, message.get_srcSystem(), message.get_srcComponent()
        )
        return [acknowledged, *after]

    def _obey(self, number: int, first: float, second: float, third: float) -> list[Any]:
        pilot = self.pilot
        if number == commands.ARM:
            if second not in {0.0} and not math.isnan(second):
                raise Refused("Arming and disarming against the checks does not exist here.")
            if first not in {0.0, 1.0}:
                raise Refused("Give 1 to arm, 0 to disarm.")
            (pilot.arm if first == 1.0 else pilot.disarm)()
        elif number == commands.START_MISSION:
            self._begin()
        elif number == commands.PAUSE:
            if first not in {0.0, 1.0}:
                raise Refused("Give 0 to hold, 1 to go on.")
            if first == 0.0:
                pilot.hold()
            else:
                self._begin()
        elif number == commands.SET_MODE:
            self._change_mode(second, third)
        elif number == commands.RETURN:
            pilot.come_home()
        elif number == commands.LAND:
            pilot.land()
        else:
            return [self._requested(first)]
        return []

    def _change_mode(self, main: float, sub: float) -> None:
        deeds = {
            Mode.MISSION: self._begin,
            Mode.HOLD: self.pilot.hold,
            Mode.RETURN: self.pilot.come_home,
            Mode.LAND: self.pilot.land,
        }
        for mode, deed in deeds.items():
            if (main, sub) == (telemetry.AUTOMATIC, telemetry.SUB_MODES[mode]):
                deed()
                return
        raise Refused("That mode is not here: there are mission, hold, return and land.")

    def _begin(self) -> None:
        if self._transfer.loading:
            raise Refused("A mission is on its way: wait until it is whole.")
        self.pilot.start_mission()
        self._told = min(self._told, len(self.pilot.reached))

    def _requested(self, number: float) -> Any:
        known = {
            mavlink.MAVLINK_MSG_ID_AUTOPILOT_VERSION: telemetry.version,
            mavlink.MAVLINK_MSG_ID_HOME_POSITION: lambda: telemetry.home(self.pilot),
            mavlink.MAVLINK_MSG_ID_GLOBAL_POSITION_INT: lambda: telemetry.position(self.pilot),
            mavlink.MAVLINK_MSG_ID_SYS_STATUS: lambda: telemetry.battery(self.pilot),
        }
        if number not in known:
            raise Refused(f"Message {number:g} can't be asked for.")
        make: Callable[[], Any] = known[int(number)]
        return make()

    def _set_mode(self, _message: Any, _wall: float) -> list[Any]:
        return self._text("The message SET_MODE is not obeyed: send the command DO_SET_MODE.")

    # ------------------------------------------------------------ parameters

    def _all_parameters(self, _message: Any, _wall: float) -> list[Any]:
        return [self._parameter(number) for number in range(len(parameters(self.pilot.settings)))]

    def _one_parameter(self, message: Any, _wall: float) -> list[Any]:
        names = [name for name, _ in parameters(self.pilot.settings)]
        if 0 <= message.param_index < len(names):
            return [self._parameter(message.param_index)]
        name = _name(message.param_id)
        return [self._parameter(names.index(name))] if name in names else []

    def _set_parameter(self, message: Any, _wall: float) -> list[Any]:
        name = _name(message.param_id)
        try:
            self.pilot.settings = changed(self.pilot.settings, name, float(message.param_value))
        except Refused as refused:
            return self._text(str(refused)) + self._one_parameter_named(name)
        return self._one_parameter_named(name)

    def _one_parameter_named(self, name: str) -> list[Any]:
        names = [known for known, _ in parameters(self.pilot.settings)]
        return [self._parameter(names.index(name))] if name in names else []

    def _parameter(self, number: int) -> Any:
        every = parameters(self.pilot.settings)
        name, value = every[number]
        return mavlink.MAVLink_param_value_message(
            name.encode(), value, mavlink.MAV_PARAM_TYPE_REAL32, len(every), number
        )


def _for_us(message: Any) -> bool:
    """Whether a message is addressed to this system, or to all."""
    for name in message.get_fieldnames():
        # The two fields of the protocol that say for whom a message is.
        if name.endswith("_system") and name != "system":
            return getattr(message, name) in {0, SYSTEM}
    return True


def _name(given: str | bytes) -> str:
    text = given.decode("ascii", "replace") if isinstance(given, bytes) else given
    return text.rstrip("\x00")
