"""Zones ready to be asked which of them are near, and who may authorise a flight in one."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from barlovento.domain.airspace import Consent, Volume, Zone, ZoneKind
from barlovento.guard.geometry import FloatArray, shapes_of


class ZoneIndex:
    """Zones with the caps that hold them.

    Parameters
    ----------
    zones : sequence of Zone
        Those without restriction are left out.
    """

    def __init__(self, zones: Sequence[Zone]) -> None:
        self.zones = tuple(zones)
        self.digest = zones_digest(zones)
        self._volumes: list[tuple[Zone, Volume]] = []
        centres: list[FloatArray] = []
        reaches: list[float] = []
        owners: list[int] = []
        for zone in zones:
            if zone.kind is ZoneKind.NO_RESTRICTION:
                continue
            for volume in zone.volumes:
                for shape in shapes_of(volume.area, outward=True):
                    centres.append(shape.centre)
                    reaches.append(shape.reach)
                    owners.append(len(self._volumes))
                self._volumes.append((zone, volume))
        self._centres = np.array(centres).reshape(-1, 3)
        self._reaches = np.array(reaches)
        self._owners = np.array(owners, dtype=int)

    def near(self, centre: FloatArray, reach: float) -> list[tuple[Zone, Volume]]:
        """Return the zones' volumes of which a cap meets another.

        Parameters
        ----------
        centre : ndarray, shape (3,)
            Unit vector [1].
        reach : float
            Chord on the unit sphere [1].
        """
        apart = np.linalg.norm(self._centres - centre, axis=1)
        hit = np.unique(self._owners[apart <= self._reaches + reach])
        return [self._volumes[i] for i in hit]


def zones_digest(zones: Sequence[Zone]) -> str:
    """Return the SHA-256 over the zones' own digests, whatever their order."""
    every = sorted(f"{zone.digest} {zone.kind} {zone.id}" for zone in zones)
    return hashlib.sha256("\n".join(every).encode()).hexdigest()


def may_authorise(consent: Consent, zone: Zone) -> bool:
    """Return whether a consent comes from the authority that a zone names.

    A consent's authority is the state (``"CH"``), or one below it (``"CH/LOCAL-CANTON"``). A zone
    that names no authority is the state's own; one that names no country nobody can authorise.
    """
    return bool(zone.country) and _plain(consent.authority) == whom_to_ask(zone)


def whom_to_ask(zone: Zone) -> str:
    """Return the authority as a consent would have to name it."""
    return _plain(f"{zone.country}/{zone.authority}" if zone.authority else zone.country)


@lru_cache(maxsize=4096)
def _plain(words: str) -> str:
    """Return a name in capitals, without accents and signs, as consents write it."""
    state, stroke, below = words.partition("/")
    ascii_ = unicodedata.normalize("NFKD", below).encode("ascii", "ignore").decode().upper()
    name = "-".join(part for part in re.split(r"[^A-Z0-9]+", ascii_) if part)
    if below and not name:
        # A script without Latin letters: its digest tells it apart.
        name = hashlib.sha256(below.encode()).hexdigest()[:12].upper()
    return state.strip().upper() + stroke + name
