"""Which line to an autopilot a person named: ``udp:14540``, ``udp:192.0.2.7:14540``.

Without an address it is this machine. Another machine has to be named by its number: names, and
numbers that mean everybody, are refused.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from barlovento.errors import BadInput

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an autopilot is, or where it is waited for.

    Parameters
    ----------
    host : str
        A number, never a name.
    port : int
        UDP.
    waits : bool
        Whether the autopilot speaks first, to us, at that host and port.
    """

    host: str
    port: int
    waits: bool

    @property
    def here(self) -> bool:
        """Return whether it is this machine."""
        return ipaddress.ip_address(self.host).is_loopback

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'udpin' if self.waits else 'udp'}:{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Read an address.

    Parameters
    ----------
    text : str
        ``udp:PORT`` or ``udp:HOST:PORT`` of an autopilot; ``udpin:PORT`` or ``udpin:HOST:PORT`` of
        this machine where the autopilot speaks first.

    Raises
    ------
    BadInput
        It is no such address, or names everybody.
    """
    kind, _, rest = text.strip().partition(":")
    host, _, port = rest.rpartition(":")
    host = host.strip("[]") or LOOPBACK
    if kind not in {"udp", "udpin"} or not port.isascii() or not port.isdigit():
        raise BadInput(
            f"{text!r} is no address of an autopilot. Give udp:PORT on this machine, "
            "udp:HOST:PORT, or udpin:PORT where the autopilot speaks first."
        )
    if not 0 < int(port) < 65_536:
        raise BadInput(f"{text!r}: there is no port {port}. Give 1 to 65535.")
    try:
        number = ipaddress.ip_address(host)
    except ValueError as error:
        raise BadInput(
            f"{text!r}: {host!r} is a name. Give the address as a number, such as 192.0.2.7, "
            "so that nobody else can say whose it is."
        ) from error
    everybody = host.endswith(".255") or number.is_multicast or number.is_unspecified
    if everybody:
        raise BadInput(f"{text!r}: {host} means more than one machine. Give that of one.")
    return Address(host=host, port=int(port), waits=kind == "udpin")
