"""The mission protocol, ground station's side: up, and back, whatever the line loses or repeats.

    MISSION_COUNT -> MISSION_REQUEST(_INT) n -> MISSION_ITEM_INT n -> ... -> MISSION_ACK

What was sent last is sent again when no answer comes. An acknowledgement proves nothing: what
counts is what is read back (:func:`read`), item by item, from an autopilot that had time to finish.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from pymavlink.dialects.v20 import common as mavlink

from barlovento.adapters.mavlink.items import NAMES, Wire, from_message
from barlovento.adapters.mavlink.station import PATIENCE, Station
from barlovento.errors import BadInput, Refused

TRIES = 12
"""Of one message; at 10 % loss either way one in a hundred million questions stays unanswered."""

ROUNDS = 3
"""Of a whole transfer."""

AGAIN = 0.5
"""A request that comes again so soon after its item was sent is a repetition [s]."""

MOST_ITEMS = 2000

QUIET, LONGEST_QUIET = 0.3, 3.0
"""Nothing of a transfer before it may still be on its way when the next one begins [s]."""

Progress = Callable[[int, int], None]


def send(
    station: Station, items: Sequence[Wire], kind: int, progress: Progress | None = None
) -> None:
    """Send a mission, fence or rally points in place of those before.

    Parameters
    ----------
    station : Station
        In touch with the autopilot.
    items : sequence of Wire
        None clears it.
    kind : int
        Which of the three.
    progress : callable, optional
        Called with how many items were asked for, and how many there are.

    Raises
    ------
    Refused
        The autopilot won't take it.
    BadInput
        The line broke; what the autopilot holds now is not known.
    """
    why = ""
    for _ in range(ROUNDS):
        station.silence(QUIET, LONGEST_QUIET)
        why = _send_once(station, items, kind, progress)
        if not why:
            return
    raise BadInput(f"The {NAMES[kind]} could not be sent: {why} Nothing is armed. Send it again.")


def clear(station: Station, kind: int) -> bool:
    """Try once to leave nothing of a kind behind; return whether the autopilot says it did."""
    try:
        return not _send_once(station, (), kind, None)
    except Refused:
        return False


def _send_once(
    station: Station, items: Sequence[Wire], kind: int, progress: Progress | None
) -> str:
    """Try once; return why it failed, or nothing."""
    to = (station.system, station.component)
    last: Any = mavlink.MAVLink_mission_count_message(*to, len(items), kind)
    asked = -1
    tries = 0
    sent_at = -math.inf
    station.say(last)
    while tries < TRIES:
        answer = station.wait(lambda m: _of(m, kind, up=True), station.line.now() + PATIENCE)
        if answer is None:
            tries += 1
            station.say(last)
            continue
        if answer.get_type() == "MISSION_ACK":
            done = asked == len(items) - 1
            if answer.type == mavlink.MAV_MISSION_ACCEPTED:
                if done:
                    return ""
                # Of a transfer before this one.
                tries += 1
                continue
            return _failed(station, int(answer.type), kind)
        number = int(answer.seq)
        if number <= asked and station.line.now() < sent_at + AGAIN:
            # Answering every repeated request would let repetitions breed on both sides.
            continue
        if not 0 <= number < len(items):
            return f"It asks for item {number} of {len(items)}."
        if number > asked:
            tries = 0
            asked = number
            if progress is not None:
                progress(number + 1, len(items))
        else:
            tries += 1
        last = items[number].message(*to, number, kind)
        station.say(last)
        sent_at = station.line.now()
    return "No answer came any more."


def _failed(station: Station, result: int, kind: int) -> str:
    """Return why it failed where trying again may help; refuse where it won't."""
    passing = {
        mavlink.MAV_MISSION_INVALID_SEQUENCE,
        mavlink.MAV_MISSION_OPERATION_CANCELLED,
        mavlink.MAV_MISSION_ERROR,
    }
    name = mavlink.enums["MAV_MISSION_RESULT"][result].name
    if result in passing:
        return f"It gave up ({name})."
    also = (
        " Another ground station may be sending to it: close that one."
        if result == mavlink.MAV_MISSION_DENIED
        else ""
    )
    raise Refused(f"The autopilot won't take the {NAMES[kind]} ({name}). {station.said()}{also}")


def read(station: Station, kind: int, progress: Progress | None = None) -> tuple[Wire, ...]:
    """Read back what the autopilot holds.

    Parameters
    ----------
    station : Station
        In touch with the autopilot.
    kind : int
        Which of the three.
    progress : callable, optional
        Called with how many items came, and how many there are.

    Returns
    -------
    tuple of Wire
        In order.

    Raises
    ------
    BadInput
        The line broke, or the autopilot does not tell.
    """
    for _ in range(ROUNDS):
        station.silence(QUIET, LONGEST_QUIET)
        found = _read_once(station, kind, progress)
        if found is not None:
            return found
    raise BadInput(f"The {NAMES[kind]} could not be read back. Nothing is armed. Try again.")


def _read_once(station: Station, kind: int, progress: Progress | None) -> tuple[Wire, ...] | None:
    to = (station.system, station.component)
    counted = _asked(
        station,
        mavlink.MAVLink_mission_request_list_message(*to, kind),
        lambda m: m.get_type() == "MISSION_COUNT",
        kind,
    )
    if counted is None or counted.get_type() != "MISSION_COUNT" or counted.count > MOST_ITEMS:
        return None
    items: list[Wire] = []
    for number in range(counted.count):
        answer = _asked(
            station,
            mavlink.MAVLink_mission_request_int_message(*to, number, kind),
            _numbered(number),
            kind,
        )
        if answer is None or answer.get_type() != "MISSION_ITEM_INT":
            return None
        items.append(from_message(answer))
        if progress is not None:
            progress(number + 1, counted.count)
    station.say(mavlink.MAVLink_mission_ack_message(*to, mavlink.MAV_MISSION_ACCEPTED, kind))
    return tuple(items)


def _asked(station: Station, question: Any, wanted: Callable[[Any], bool], kind: int) -> Any | None:
    """Ask until the answer comes, or the autopilot says that it won't."""

    def answers(message: Any) -> bool:
        won_t = message.get_type() == "MISSION_ACK" and message.type != mavlink.MAV_MISSION_ACCEPTED
        return getattr(message, "mission_type", -1) == kind and (won_t or wanted(message))

    for _ in range(TRIES):
        station.say(question)
        answer = station.wait(answers, station.line.now() + PATIENCE)
        if answer is not None:
            return answer
    return None


def _numbered(number: int) -> Callable[[Any], bool]:
    return lambda message: message.get_type() == "MISSION_ITEM_INT" and message.seq == number


def _of(message: Any, kind: int, *, up: bool) -> bool:
    names = {"MISSION_REQUEST", "MISSION_REQUEST_INT", "MISSION_ACK"} if up else {"MISSION_COUNT"}
    return message.get_type() in names and getattr(message, "mission_type", 0) == kind
