"""What the page of a track audit says, in English or Spanish; how it looks is in `track_page`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib import resources
from typing import Literal

from barlovento.domain.track import Doubt
from barlovento.guard.audit import TrackAudit, Verdict
from barlovento.guard.consented import Covered

Language = Literal["en", "es", "both"]
LANGUAGES: Mapping[str, tuple[str, ...]] = {"en": ("en",), "es": ("es",), "both": ("en", "es")}
MOST_ROWS = 9
RANK = {"inside": 0, "cannot-tell": 1, "inside-with-consent": 2, "outside": 3}
CONSENT = {
    Covered.NONE: "none",
    Covered.WHOLLY: "wholly",
    Covered.PARTLY: "partly",
    Covered.CANNOT_TELL: "consent-cannot-tell",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What stands on the page in one language.

    Parameters
    ----------
    language, title, headline, kind : str
        ``kind`` is the key of the verdict.
    facts, method : tuple of str
        Sentences.
    head : tuple of str
        Of the table.
    rows : tuple of tuple of str
        Of the table; the last cell is the key of the row's verdict.
    more : str
        What the table leaves out.
    """

    language: str
    title: str
    headline: str
    kind: str
    facts: tuple[str, ...]
    method: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str


@lru_cache(maxsize=2)
def words_of(language: str) -> Mapping[str, str]:
    """Return the words of a language."""
    file = resources.files("barlovento.share") / "locale" / f"{language}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def kind_of(audit: TrackAudit) -> str:
    """Return the key of a verdict, consent counted in."""
    return _key(
        audit.verdict, [one.consent for one in audit.passes if one.verdict == audit.verdict]
    )


def _key(verdict: Verdict, consents: Sequence[Covered]) -> str:
    if verdict == Verdict.INSIDE and all(one == Covered.WHOLLY for one in consents):
        return "inside-with-consent"
    return {Verdict.INSIDE: "inside", Verdict.OUTSIDE: "outside"}.get(verdict, "cannot-tell")


def page_of(
    audits: Sequence[TrackAudit],
    language: str,
    *,
    shown: int,
    source: str,
    consents: int | None,
    errors: tuple[float, float],
    distance: float,
    circle: int,
) -> Page:
    """Return the page's texts in one language.

    Parameters
    ----------
    audits : sequence of TrackAudit
        About one state.
    language : str
        ``"en"`` or ``"es"``.
    shown : int
        Audit whose deepest or closest place is told.
    source : str
        Of the outline.
    consents : int or None
        How many were at hand; None when none were asked for.
    errors : tuple of float
        Of the limit and of the position, at that place [m].
    distance : float
        From there to the limit [m].
    circle : int
        Fixes that a plain circle of 12 miles would hold against it.
    """
    words = words_of(language)
    audit = audits[shown]
    kind = min((kind_of(one) for one in audits), key=RANK.__getitem__)
    rows = _rows(audits, words)
    return Page(
        language=language,
        title=words["title"].format(state=audit.state),
        headline=_headline(audits, words, kind),
        kind=kind,
        facts=_facts(audits, audit, words, errors, distance, circle),
        method=_method(audits, words, source, consents),
        head=tuple(
            words[k] for k in ("aircraft", "verdict", "when", "duration", "depth", "consent")
        ),
        rows=rows[:MOST_ROWS],
        more=words["more"].format(n=len(rows) - MOST_ROWS) if len(rows) > MOST_ROWS else "",
    )


def _headline(audits: Sequence[TrackAudit], words: Mapping[str, str], kind: str) -> str:
    if len(audits) == 1:
        return words[f"headline-{kind}"].format(aircraft=_name(audits[0]), state=audits[0].state)
    kinds = [kind_of(one) for one in audits]
    return words["headline-many"].format(
        n=len(audits),
        inside=kinds.count("inside"),
        consented=kinds.count("inside-with-consent"),
        cannot=kinds.count("cannot-tell"),
        outside=kinds.count("outside"),
    )


def _name(audit: TrackAudit) -> str:
    callsign = audit.track.callsign
    return audit.track.aircraft + (f" ({callsign})" if callsign else "")


def _time(moment: float, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(pattern)


def _length(metres: float) -> str:
    return f"{metres / 1000.0:.1f} km" if abs(metres) >= 1000.0 else f"{metres:.0f} m"


def _facts(
    audits: Sequence[TrackAudit],
    audit: TrackAudit,
    words: Mapping[str, str],
    errors: tuple[float, float],
    distance: float,
    circle: int,
) -> tuple[str, ...]:
    begin = min(one.track.time[0] for one in audits)
    end = max(one.track.time[-1] for one in audits)
    found = [
        words["observed"].format(
            begin=_time(begin, "%Y-%m-%d %H:%M"),
            end=_time(end, "%Y-%m-%d %H:%M"),
            hours=f"{sum(one.observed for one in audits) / 3600.0:.1f}",
            fixes=f"{sum(len(one.track) for one in audits):,}".replace(",", "\N{NO-BREAK SPACE}"),
        )
    ]
    gaps = sum(one.unobserved for one in audits)
    if gaps:
        found.append(words["gaps"].format(hours=f"{gaps / 3600.0:.1f}"))
    at = audit.closest
    margin = audit.closest_margin
    # Far inside, the margin is only a bound, and the exact depth means nothing to anybody.
    key = "closest" if margin < 0.0 else ("deep-land" if margin > 20_000.0 else "deepest")
    name = f"{_name(audit)}: " if len(audits) > 1 else ""
    found.append(
        name
        + words[key].format(
            distance=_length(abs(margin) if key == "deep-land" else distance),
            time=_time(float(audit.track.time[at])),
            lat=f"{audit.track.lat[at]:.4f}",
            lon=f"{audit.track.lon[at]:.4f}",
        )
    )
    found.append(
        words["shallow"].format(
            error=_length(sum(errors)), limit=_length(errors[0]), position=_length(errors[1])
        )
    )
    if len(audits) == 1 and circle:
        sure = int((audit.status == 1).sum())
        found.append(words["circle"].format(n=circle, sure=sure))
    return tuple(found)


def _method(
    audits: Sequence[TrackAudit], words: Mapping[str, str], source: str, consents: int | None
) -> tuple[str, ...]:
    assumed = [one for one in audits if not one.track.error_stated]
    doubted = sum(
        int(((one.track.doubt & int(Doubt.STALE | Doubt.JUMP)) > 0).sum()) for one in audits
    )
    speed = max(one.top_speed for one in audits)
    sentences = [words["method-limit"], words["method-error"].format(source=source)]
    if assumed:
        error = max(float(one.track.position_error.max()) for one in assumed)
        sentences.append(words["method-position-assumed"].format(error=_length(error)))
    else:
        sentences.append(words["method-position-stated"])
    sentences.append(words["method-gap"].format(speed=f"{speed:.0f} m/s"))
    if doubted:
        sentences.append(words["method-doubt"].format(n=doubted))
    sentences.append(
        words["method-no-consent"]
        if consents is None
        else words["method-consent"].format(n=consents)
    )
    return tuple(sentences)


def _rows(audits: Sequence[TrackAudit], words: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    """Return a row for each pass of one aircraft, or for each of several aircraft."""
    rows: list[tuple[tuple[float, ...], tuple[str, ...]]] = []
    for audit in audits:
        if len(audits) > 1 or not audit.passes:
            kind = kind_of(audit)
            sure = sum((one.inside_until or 0.0) - (one.inside_from or 0.0) for one in audit.passes)
            when = f"{_time(float(audit.track.time[0]), '%Y-%m-%d %H:%M')}"
            row = (
                _name(audit),
                words[kind],
                when,
                _lasting(sure),
                _depth(audit.closest_margin),
                _worst(audit, words),
            )
            rows.append(((RANK[kind], -audit.closest_margin), (*row, kind)))
            continue
        for one in audit.passes:
            kind = _key(one.verdict, [one.consent])
            sure = (one.inside_until or 0.0) - (one.inside_from or 0.0)
            when = (
                f"{_time(one.begin, '%Y-%m-%d %H:%M:%S')} \N{EN DASH} {_time(one.end, '%H:%M:%S')}"
            )
            row = (
                _name(audit), words[kind], when, _lasting(sure), _depth(one.depth),
                words[CONSENT[one.consent]],
            )  # fmt: skip
            rows.append(((RANK[kind], one.begin), (*row, kind)))
    return tuple(row for _, row in sorted(rows, key=lambda pair: pair[0]))


def _worst(audit: TrackAudit, words: Mapping[str, str]) -> str:
    """Return how far consents cover the least covered pass."""
    if not audit.passes:
        return "\N{EN DASH}"
    order = [Covered.NONE, Covered.PARTLY, Covered.CANNOT_TELL, Covered.WHOLLY]
    return words[CONSENT[min((one.consent for one in audit.passes), key=order.index)]]


def _depth(margin: float) -> str:
    sign = "+" if margin >= 0.0 else "\N{MINUS SIGN}"
    return f"{sign}{_length(abs(margin))}"


def _lasting(seconds: float) -> str:
    if not seconds:
        return "\N{EN DASH}"
    minutes = round(seconds / 60.0)
    return (
        f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{max(minutes, 1)} min"
    )
