"""Telemetry logs as ground stations write them: microseconds since 1970, then the packet."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import BinaryIO


class TelemetryLog:
    """Writes packets with their time.

    Parameters
    ----------
    file : binary file
        Open for writing.
    start : datetime
        The time 0 of the exercise, aware.
    """

    def __init__(self, file: BinaryIO, start: datetime) -> None:
        self._file = file
        self._start = round(start.timestamp() * 1e6)

    def packet(self, seconds: float, packet: bytes) -> None:
        """Write one packet.

        Parameters
        ----------
        seconds : float
            Since the start of the exercise [s].
        packet : bytes
            A whole MAVLink packet.
        """
        self._file.write(struct.pack(">Q", self._start + round(seconds * 1e6)) + packet)
