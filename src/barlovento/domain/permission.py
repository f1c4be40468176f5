"""Asking and answering: a request for consent, what came back, and where each consent stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from barlovento.domain.airspace import Consent, Volume
from barlovento.domain.height import check_aware


class Decision(StrEnum):
    """What an authority made of a request."""

    GRANTED = "granted"
    CHANGED = "changed"
    REFUSED = "refused"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an operator asks of one authority.

    Parameters
    ----------
    id : str
        Name under which it is answered.
    authority : str
        ISO 3166 alpha-2 of the state, or with a stroke an authority below it: ``"FR/PARIS"``.
    holder, purpose : str
        Who wants to fly, and for what.
    volume : Volume
        Where, how high and when.
    aircraft, sensors : tuple of str
        Which aircraft, with which sensors.
    unknown : tuple of str
        Names of fields that are kept and not understood.
    """

    id: str
    authority: str
    holder: str
    purpose: str
    volume: Volume
    aircraft: tuple[str, ...]
    sensors: tuple[str, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a request.

    Parameters
    ----------
    request_id : str
        Of the request.
    decision : Decision
        Granted, granted with changes, refused, or nothing heard.
    reason : str
        In the authority's words.
    time : datetime
        When it was noted, aware UTC.
    """

    request_id: str
    decision: Decision
    reason: str
    time: datetime

    def __post_init__(self) -> None:
        check_aware("time", self.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotLiving:
    """A consent that was signed and does not count, with the reason.

    Parameters
    ----------
    id, authority, digest : str
        Of the consent.
    reason : str
        A sentence.
    """

    id: str
    authority: str
    digest: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where all consents of a log stand at one moment.

    Parameters
    ----------
    living : tuple of Consent
        Signed by a key that was pinned to the authority, not withdrawn, not ended.
    rejected : tuple of NotLiving
        All others.
    revoked : frozenset of str
        Digests of consents that were withdrawn, or whose key was revoked.
    """

    living: tuple[Consent, ...]
    rejected: tuple[NotLiving, ...]
    revoked: frozenset[str]
