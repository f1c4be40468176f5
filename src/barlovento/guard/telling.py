"""Shortfalls in words: what is missing where, why the consents at hand don't do, whom to ask."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from barlovento.domain.airspace import (
    Consent,
    Height,
    Route,
    Shortfall,
    StandOff,
    Zone,
    ZoneKind,
)
from barlovento.guard.cover import Bounded
from barlovento.guard.geometry import geographic
from barlovento.guard.heights import Ranges
from barlovento.guard.path import LEG, LOST, LOST_FIXED, RETURN, Path, Pieces
from barlovento.guard.zones import whom_to_ask


class Checked(Protocol):
    """What a check knows."""

    route: Route
    path: Path
    ranges: Ranges
    consents: Sequence[Consent]
    turned_down: Mapping[str, str]

    def of_authority(self, authority: str) -> list[Bounded]:
        """Return the volumes of consents that a state itself gave."""
        ...

    def authorising(self, zone: Zone) -> list[Bounded]:
        """Return the volumes of consents that a zone's authority gave."""
        ...


class Telling:
    """Puts what a check found into words.

    Parameters
    ----------
    check : Checked
        With its route, consents and borders.
    """

    def __init__(self, check: Checked) -> None:
        self.check = check

    def unnamed(self) -> Shortfall:
        """Return that no sovereign can be named somewhere below."""
        return Shortfall(
            leg="plan",
            metre=0.0,
            second=0.0,
            time=None,
            lon=None,
            lat=None,
            height=None,
            lacks="a sovereign that can be named",
            detail="Part of the area below is disputed or held by nobody the borders name.",
            ask="Keep away from it, or import borders that settle it.",
        )

    def shortfall(
        self, subject: str | StandOff | Bounded, piece: Pieces, others: set[int]
    ) -> Shortfall:
        """Return one shortfall at a piece that was narrowed down.

        Parameters
        ----------
        subject : str, StandOff or Bounded
            What is required.
        piece : Pieces
            One row.
        others : set of int
            Further legs that may lack the same.
        """
        path, route = self.check.path, self.check.route
        leg, share = int(piece.leg[0]), piece.share[0]
        kind = int(piece.kind[0])
        label = {
            LEG: f"leg {leg + 1}",
            RETURN: f"return home from leg {leg + 1}",
            LOST: f"lost link from leg {leg + 1}",
            LOST_FIXED: f"lost-link route, leg {leg + 1}",
        }[kind]
        buffer = route.buffer
        moment = float(piece.time[0, 0]) + buffer.time_error
        height = float(piece.height[0, 0]) + buffer.height_error
        corner = piece.corners[0, 0]
        lon, lat = geographic(corner)
        if kind == LOST_FIXED:
            metre = float(np.linalg.norm(corner - path.ends[-len(route.lost_link) + leg]))
        else:
            metre = float(share[0] * path.lengths[leg])
        lacks, detail, ask = self._words(subject, piece)
        if others:
            also = ", ".join(str(other + 1) for other in sorted(others)[:8])
            more = ", ..." if len(others) > 8 else ""
            detail += f" Perhaps also: leg{'s' if len(others) > 1 else ''} {also}{more}."
        return Shortfall(
            leg=label,
            metre=metre,
            second=moment - float(path.times[0]),
            time=datetime.fromtimestamp(moment, UTC),
            lon=float(lon),
            lat=float(lat),
            height=Height(value=round(height, 3), reference=self.check.ranges.reference),
            lacks=lacks,
            detail=detail,
            ask=ask,
        )

    def _words(self, subject: str | StandOff | Bounded, piece: Pieces) -> tuple[str, str, str]:
        if isinstance(subject, str):
            return (
                f"consent of {subject}",
                self._why_not(self.check.of_authority(subject), piece, subject),
                f"Ask {subject} for consent that holds the route with its buffers, or go round.",
            )
        if isinstance(subject, StandOff):
            return (
                f"the distance of {subject.margin:g} m from {subject.state}",
                f"With buffers and the borders' error it may come nearer to {subject.state}.",
                "Move the route away.",
            )
        zone = subject.owner
        assert isinstance(zone, Zone)
        return self._zone_words(zone, subject, piece)

    def _zone_words(self, zone: Zone, volume: Bounded, piece: Pieces) -> tuple[str, str, str]:
        name = f"zone {zone.id}" + (f" ({zone.name})" if zone.name not in {"", zone.id} else "")
        unknown = ""
        if not volume.comparable:
            unknown = " Its heights can't be compared with the plan's: give terrain and geoid."
        if zone.kind is ZoneKind.PROHIBITED:
            return (
                f"a way round {name}",
                f"It prohibits flights there and then.{unknown}",
                "Go round, above or below it, or fly when it does not apply.",
            )
        asked = whom_to_ask(zone) or "the authority that published it"
        word = "conditional" if zone.kind is ZoneKind.CONDITIONAL else "by authorisation only"
        return (
            f"authorisation in {name}",
            f"It is {word}.{unknown} " + self._why_not(self.check.authorising(zone), piece, asked),
            f"Ask {asked}.",
        )

    def _why_not(self, consents: list[Bounded], piece: Pieces, authority: str) -> str:
        """Return why the consents of an authority don't do."""
        reasons = [
            words
            for consent_id, words in self.check.turned_down.items()
            if f" of {authority} " in words and consent_id
        ]
        for volume in consents:
            consent = volume.owner
            assert isinstance(consent, Consent)
            reasons.append(f"Consent {consent.id} {self._short_of(volume, piece)}.")
        late = [
            consent.id
            for consent in self.check.consents
            if consent.authority == authority
            and all(volume.owner is not consent for volume in consents)
        ]
        reasons += [f"Consent {name} does not hold at that time." for name in late]
        return " ".join(reasons) or f"There is no consent of {authority}."

    def _short_of(self, volume: Bounded, piece: Pieces) -> str:
        if not volume.comparable:
            return "has heights that can't be compared with the plan's: give terrain and geoid"
        if not volume.timely(piece):
            return "does not hold at that time"
        if not volume.holds(piece)[0]:
            low = "the ground" if math.isinf(volume.low) else f"{volume.low:g} m"
            high = "any height" if math.isinf(volume.high) else f"{volume.high:g} m"
            return f"does not hold at that height (from {low} to {high})"
        return "does not hold the place with its buffer"
