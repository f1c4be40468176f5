"""Messages to and from one autopilot: the codec, the heartbeat, the commands of the closed list."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.autopilot import commands
from barlovento.adapters.mavlink.line import Line
from barlovento.errors import BadInput, Refused

SYSTEM = 245
"""Ours; 255 is what most ground stations call themselves, and they can be told apart so."""
COMPONENT = int(mavlink.MAV_COMP_ID_MISSIONPLANNER)
AUTOPILOT = int(mavlink.MAV_COMP_ID_AUTOPILOT1)

PATIENCE = 1.0
"""An answer is waited for so long before the question is repeated [s]."""
TRIES = 10

_HEARTBEAT = 1.0
_KEPT_TEXTS = 20


class Station:
    """Speaks with the first autopilot that is heard.

    Parameters
    ----------
    line : Line
        To the autopilot.
    heard : callable, optional
        Called with each datagram that came, such as a log.
    """

    def __init__(self, line: Line, *, heard: Callable[[bytes], None] | None = None) -> None:
        self.line = line
        self.system = 0
        self.component = AUTOPILOT
        self.family = 0
        self.kind = 0
        self.armed = False
        self.mode = (0, 0)
        self.capabilities: int | None = None
        self.last_heard = line.now()
        self.texts: deque[str] = deque(maxlen=_KEPT_TEXTS)
        self.others: set[int] = set()
        """Systems of other ground stations that the autopilot was seen to answer."""
        self._heard = heard
        self._codec = mavlink.MAVLink(None, srcSystem=SYSTEM, srcComponent=COMPONENT)
        self._next_heartbeat = line.now()
        self._waiting: deque[Any] = deque()

    # ------------------------------------------------------------ words

    def say(self, message: Any) -> None:
        """Send a message."""
        packet = bytes(message.pack(self._codec))
        self._codec.seq = (self._codec.seq + 1) % 256
        self.line.send(packet)

    def listen(self, until: float) -> Iterator[Any]:
        """Yield messages of the autopilot until a moment, and keep our heartbeat going.

        Parameters
        ----------
        until : float
            Of the line's clock [s].
        """
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._beat()
            now = self.line.now()
            if now >= until:
                return
            data = self.line.receive(min(until, self._next_heartbeat))
            if data is not None:
                self._take(data)

    def silence(self, seconds: float, longest: float) -> None:
        """Let pass what is still on its way from before: until nothing of transfers came for long.

        Parameters
        ----------
        seconds : float
            Without a message of a transfer [s].
        longest : float
            At most so long [s].
        """
        end = self.line.now() + longest
        quiet = self.line.now() + seconds
        while self.line.now() < min(quiet, end):
            for message in self.listen(min(quiet, end)):
                if message.get_type().startswith("MISSION_ITEM") or message.get_type() in {
                    "MISSION_COUNT",
                    "MISSION_ACK",
                    "MISSION_REQUEST",
                    "MISSION_REQUEST_INT",
                }:
                    quiet = self.line.now() + seconds
                    break

    def _beat(self) -> None:
        now = self.line.now()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + _HEARTBEAT
            self.say(
                mavlink.MAVLink_heartbeat_message(
                    mavlink.MAV_TYPE_GCS,
                    mavlink.MAV_AUTOPILOT_INVALID,
                    0,
                    0,
                    mavlink.MAV_STATE_ACTIVE,
                    3,
                )
            )

    def _take(self, data: bytes) -> None:
        if self._heard is not None:
            self._heard(data)
        # A parser for each datagram: half a packet in one must not swallow the next.
        parser = mavlink.MAVLink(None)
        parser.robust_parsing = True
        for message in parser.parse_buffer(data) or []:
            if message.get_type() != "BAD_DATA":
                self._sort(message)

    def _sort(self, message: Any) -> None:
        sender = message.get_srcSystem()
        name = message.get_type()
        if name == "HEARTBEAT" and message.type == mavlink.MAV_TYPE_GCS:
            if sender != SYSTEM:
                self.others.add(sender)
            return
        if name == "HEARTBEAT" and not self.system and _is_autopilot(message):
            self.system, self.component = sender, message.get_srcComponent()
        if not self.system or sender != self.system or message.get_srcComponent() != self.component:
            if name in {"ADSB_VEHICLE"} and self.system:
                self._waiting.append(message)
            return
        meant = addressee(message)
        if meant not in {0, SYSTEM}:
            self.others.add(meant)
            return
        self.last_heard = self.line.now()
        if name == "HEARTBEAT":
            self.family, self.kind = int(message.autopilot), int(message.type)
            self.armed = bool(message.base_mode & mavlink.MAV_MODE_FLAG_SAFETY_ARMED)
            self.mode = (int(message.base_mode), int(message.custom_mode))
        elif name == "STATUSTEXT":
            self.texts.append(str(message.text))
        elif name == "AUTOPILOT_VERSION":
            self.capabilities = int(message.capabilities)
        self._waiting.append(message)

    # ------------------------------------------------------------ questions

    def meet(self, seconds: float = 10.0) -> None:
        """Wait for an autopilot's heartbeat.

        Parameters
        ----------
        seconds : float
            At most so long [s].

        Raises
        ------
        BadInput
            None is heard.
        """
        end = self.line.now() + seconds
        for message in self.listen(end):
            if message.get_type() == "HEARTBEAT" and self.system:
                return
        raise BadInput(
            f"No autopilot was heard for {seconds:.0f} s. Check its power, the address, and "
            "whether it speaks first (udpin:PORT) or waits (udp:HOST:PORT)."
        )

    def wait(self, wanted: Callable[[Any], bool], until: float) -> Any | None:
        """Return the first message that is wanted, or None when it is ``until``.

        Parameters
        ----------
        wanted : callable
            Tells of a message whether it is.
        until : float
            Of the line's clock [s].
        """
        for message in self.listen(until):
            if wanted(message):
                return message
        return None

    def fetch(self, number: int, name: str) -> Any:
        """Ask for one message until it comes.

        Parameters
        ----------
        number : int
            Of the message.
        name : str
            Its type.

        Raises
        ------
        BadInput
            It does not come.
        """
        for _ in range(TRIES):
            self._ask(commands.REQUEST_MESSAGE, (float(number),), 0)
            found = self.wait(lambda m: m.get_type() == name, self.line.now() + PATIENCE)
            if found is not None:
                return found
        raise BadInput(f"The autopilot does not tell its {name}, so nothing is sent to it.")

    def command(self, number: int, *parameters: float) -> None:
        """Ask for a command of the closed list until it is obeyed.

        Parameters
        ----------
        number : int
            One of :data:`barlovento.adapters.autopilot.commands.DIRECT_COMMANDS`.
        *parameters : float
            Up to seven; 0 for the rest.

        Raises
        ------
        Refused
            It is not on the list, or the autopilot won't.
        BadInput
            No answer comes.
        """
        for turn in range(TRIES):
            self._ask(number, parameters, turn)
            end = self.line.now() + PATIENCE
            answer = self.wait(lambda m: m.get_type() == "COMMAND_ACK" and m.command == number, end)
            while answer is not None and answer.result == mavlink.MAV_RESULT_IN_PROGRESS:
                answer = self.wait(
                    lambda m: m.get_type() == "COMMAND_ACK" and m.command == number,
                    self.line.now() + 10.0,
                )
            if answer is None or answer.result == mavlink.MAV_RESULT_TEMPORARILY_REJECTED:
                continue
            if answer.result != mavlink.MAV_RESULT_ACCEPTED:
                name = mavlink.enums["MAV_RESULT"][answer.result].name
                raise Refused(
                    f"The autopilot won't {commands.DIRECT_COMMANDS[number]} ({name}). "
                    f"{self.said()}"
                )
            return
        raise BadInput(
            f"The autopilot did not answer whether it would {commands.DIRECT_COMMANDS[number]}. "
            "Move closer, or wait for the link to mend."
        )

    def order(self, number: int, *parameters: float) -> None:
        """Ask for a command of the closed list once, and don't wait for the answer."""
        self._ask(number, parameters, 0)

    def _ask(self, number: int, parameters: tuple[float, ...], turn: int) -> None:
        if number not in commands.DIRECT_COMMANDS:
            raise Refused(commands.refusal(number))
        given = (*parameters, *[0.0] * (7 - len(parameters)))
        self.say(
            mavlink.MAVLink_command_long_message(self.system, self.component, number, turn, *given)
        )

    def said(self) -> str:
        """Return what the autopilot said last, as a sentence, or nothing."""
        return f"It said: {self.texts[-1]}" if self.texts else ""


def addressee(message: Any) -> int:
    """Return the system that a message is for; 0 is all."""
    for name in message.get_fieldnames():
        if name.endswith("_system") and name != "system":
            return int(getattr(message, name))
    return 0


def _is_autopilot(message: Any) -> bool:
    return bool(
        message.autopilot != mavlink.MAV_AUTOPILOT_INVALID
        and message.type not in {mavlink.MAV_TYPE_GCS, mavlink.MAV_TYPE_ONBOARD_CONTROLLER}
    )
