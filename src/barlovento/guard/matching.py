"""Which consents are for this flight at all: aircraft, holder, purpose, sensors, still living."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from barlovento.domain.airspace import Consent, Route


def usable(
    route: Route, consents: Sequence[Consent], *, revoked: Collection[str], now: datetime
) -> tuple[list[Consent], dict[str, str]]:
    """Return the consents that are for this flight, and why the others are not.

    Parameters
    ----------
    route : Route
        The plan.
    consents : sequence of Consent
        Their signatures verified.
    revoked : collection of str
        Digests or ids that were withdrawn.
    now : datetime
        Aware.

    Returns
    -------
    tuple of list and dict
        Consents, and for each other one's id a sentence.
    """
    good, reasons = [], {}
    for consent in consents:
        reason = _unfit(route, consent, revoked=revoked, now=now)
        if reason is None:
            good.append(consent)
        else:
            reasons[consent.id] = f"Consent {consent.id} of {consent.authority} {reason}."
    return good, reasons


def _unfit(
    route: Route, consent: Consent, *, revoked: Collection[str], now: datetime
) -> str | None:
    """Return why a consent is not for this flight, or None."""
    until = consent.volume.when.valid_until
    if consent.digest in revoked or consent.id in revoked:
        return "was withdrawn"
    if until is None:
        return "names no end, and none is taken for granted"
    if until < now:
        return f"ended {until.isoformat()}"
    if not _named(route.aircraft, consent.aircraft):
        return f"is for aircraft {', '.join(consent.aircraft) or 'none'}, not {route.aircraft}"
    if not _named(route.purpose, (consent.purpose,)):
        return f"is for the purpose {consent.purpose!r}, not {route.purpose!r}"
    if not _named(route.holder, (consent.holder,)):
        return f"was given to {consent.holder}, not {route.holder}"
    sensors = sorted(_plain(name) for name in route.sensors if not _named(name, consent.sensors))
    return f"does not allow the sensors {', '.join(sensors)}" if sensors else None


def _named(name: str, among: Sequence[str]) -> bool:
    """Return whether a name is among others, whatever its capitals and blanks."""
    return name in among or _plain(name) in {_plain(other) for other in among}


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())
