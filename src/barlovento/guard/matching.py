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
    sensors = sorted({_plain(s) for s in route.sensors} - {_plain(s) for s in consent.sensors})
    reasons = (
        (consent.digest in revoked or consent.id in revoked, "was withdrawn"),
        (until is not None and until < now, f"ended {until.isoformat() if until else ''}"),
        (until is None, "names no end, and none is taken for granted"),
        (
            _plain(route.aircraft) not in {_plain(name) for name in consent.aircraft},
            f"is for aircraft {', '.join(consent.aircraft) or 'none'}, not {route.aircraft}",
        ),
        (
            _plain(consent.purpose) != _plain(route.purpose),
            f"is for the purpose {consent.purpose!r}, not {route.purpose!r}",
        ),
        (
            _plain(consent.holder) != _plain(route.holder),
            f"was given to {consent.holder}, not {route.holder}",
        ),
        (bool(sensors), f"does not allow the sensors {', '.join(sensors)}"),
    )
    return next((words for applies, words in reasons if applies), None)


def _plain(words: str) -> str:
    return " ".join(words.casefold().split())
