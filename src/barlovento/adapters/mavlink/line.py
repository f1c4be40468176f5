"""Datagrams to and from an autopilot, with a clock; UDP, or whatever a test puts there."""

from __future__ import annotations

import select
import socket
import time
from types import TracebackType
from typing import Protocol, Self

from barlovento.adapters.mavlink.address import Address
from barlovento.errors import BadInput

_LONGEST_DATAGRAM = 65_536
_NAP = 0.01


class Line(Protocol):
    """What a station speaks through."""

    def now(self) -> float:
        """Return seconds that go on by themselves, whatever anybody sets a clock to [s]."""

    def send(self, packet: bytes) -> None:
        """Send one datagram; it may be lost."""

    def receive(self, until: float) -> bytes | None:
        """Return the next datagram, or None when it is ``until``.

        Parameters
        ----------
        until : float
            Of :meth:`now` [s].
        """


class UdpLine:
    """A UDP line to one autopilot; who else writes to it is not heard.

    Parameters
    ----------
    address : Address
        Where the autopilot is, or where it will write to.
    """

    def __init__(self, address: Address) -> None:
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._peer: tuple[str, int] | None = None
        self.strangers = 0
        try:
            if address.waits:
                self._socket.bind((address.host, address.port))
            else:
                self._peer = (address.host, address.port)
                # From this machine only this machine can answer.
                self._socket.bind(
                    ("::1" if family == socket.AF_INET6 else "127.0.0.1", 0)
                    if address.here
                    else ("", 0)
                )
        except OSError as error:
            self._socket.close()
            raise BadInput(
                f"Can't open {address}: {error.strerror or error}. Another ground station may hold "
                "the port: close it, or take another."
            ) from error

    def now(self) -> float:
        """Return seconds of a clock that nobody sets [s]."""
        return time.monotonic()

    def send(self, packet: bytes) -> None:
        """Send one datagram; lost where nobody is known yet, or the line is full."""
        if self._peer is None:
            return
        try:
            self._socket.sendto(packet, self._peer)
        except OSError:
            # A network that is gone for a while loses packets as any radio does; who waits for an
            # answer tells that none comes, and a watch has to go on.
            return

    def receive(self, until: float) -> bytes | None:
        """Return the next datagram of the autopilot, or None when it is ``until``.

        Parameters
        ----------
        until : float
            Of :meth:`now` [s].
        """
        while True:
            rest = until - time.monotonic()
            if not select.select([self._socket], [], [], max(rest, 0.0))[0]:
                return None
            try:
                data, sender = self._socket.recvfrom(_LONGEST_DATAGRAM)
            except OSError:
                # Nobody listens there yet, or the network is gone for a while.
                if time.monotonic() >= until:
                    return None
                time.sleep(_NAP)
                continue
            if self._peer is None:
                self._peer = sender[:2]
            if sender[:2] == self._peer:
                return data
            self.strangers += 1

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
