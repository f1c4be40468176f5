"""Times of files as seconds since 1970 UTC; a time without a zone is only read by a rule."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from barlovento.errors import BadInput

ADD_ZONE = (
    "Write UTC with a Z at the end, as in 2026-05-04T10:00:00Z, "
    "or the offset, as in 2026-05-04T12:00:00+02:00."
)
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRule:
    """How a logger writes its times.

    Parameters
    ----------
    zone : str or None
        What times without a zone are in: ``"UTC"``, an offset such as ``"+02:00"`` or a name such
        as ``"Europe/Madrid"``. None: a time without a zone is wrong.
    pattern : str or None
        As for :meth:`datetime.datetime.strptime`. None for ISO 8601.
    epoch : float or None
        Seconds in one count since 1970 UTC: 1 or 0.001. None where times are not counts [s].
    """

    zone: str | None = None
    pattern: str | None = None
    epoch: float | None = None


CONTRACT = TimeRule()


def zone_of(name: str) -> tzinfo:
    """Return a time zone by name or offset.

    Parameters
    ----------
    name : str
        ``"UTC"``, ``"+02:00"`` or a name of the time zone database.

    Returns
    -------
    tzinfo
        The zone.

    Raises
    ------
    BadInput
        There is no such zone.
    """
    if name.upper() in ("UTC", "GMT", "Z"):
        return UTC
    offset = _OFFSET.fullmatch(name.strip())
    if offset and int(offset[2]) < 15 and int(offset[3]) < 60:
        away = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-away if offset[1] == "-" else away)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"{name!r} is no time zone. "
            'Write "UTC", an offset such as "+02:00", or a name such as "Europe/Madrid".'
        ) from None


def parsed(text: str) -> datetime | None:
    """Return an ISO 8601 time, with or without a zone, or None."""
    tidy = re.sub(r"\s*(?:UTC|GMT|[zZ])$", "Z", text.strip())
    tidy = re.sub(r"\s+([+-]\d\d:?\d\d)$", r"\1", tidy)
    tidy = re.sub(r"^(\d{4})/(\d\d)/(\d\d)", r"\1-\2-\3", tidy)
    if re.fullmatch(r"[+-]?\d+(\.\d*)?", tidy):
        return None
    try:
        return datetime.fromisoformat(tidy)
    except ValueError:
        return None


def read_time(text: str, rule: TimeRule = CONTRACT) -> float:
    """Return one cell as seconds since 1970 UTC.

    Parameters
    ----------
    text : str
        The cell.
    rule : TimeRule
        How it is written.

    Returns
    -------
    float
        NaN for what can't be read, has no zone and no rule for it, or falls into an hour that
        a change of clocks skips or repeats [s].
    """
    if rule.epoch is not None:
        return _count(text, rule.epoch)
    when: datetime | None
    if rule.pattern is not None:
        try:
            # A zone may follow from the rule, below.
            when = datetime.strptime(text.strip(), rule.pattern)  # noqa: DTZ007
        except ValueError:
            when = None
    else:
        when = parsed(text)
    if when is None:
        return math.nan
    if when.tzinfo is None:
        if rule.zone is None:
            return math.nan
        zone = zone_of(rule.zone)
        when = when.replace(tzinfo=zone)
        if not _tells_one_moment(when):
            return math.nan
    return when.timestamp()


def _count(text: str, epoch: float) -> float:
    try:
        value = float(text) * epoch
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _tells_one_moment(when: datetime) -> bool:
    """Whether a local time exists, and once only."""
    there_and_back = when.astimezone(UTC).astimezone(when.tzinfo)
    exists = there_and_back.replace(tzinfo=None) == when.replace(tzinfo=None)
    return exists and when.utcoffset() == when.replace(fold=1).utcoffset()


def cast_times(array: Any, rule: TimeRule = CONTRACT) -> Any:
    """Return a pyarrow array of text as timestamps in UTC, all at once.

    Parameters
    ----------
    array : pyarrow.Array
        Of strings or of timestamps with a zone.
    rule : TimeRule
        How they are written.

    Returns
    -------
    pyarrow.Array
        Of timestamps in microseconds.

    Raises
    ------
    pyarrow.ArrowInvalid
        Not all of them can be read this way; :func:`read_time` then tells which.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    utc = pa.timestamp("us", "UTC")
    if rule.epoch is not None or (rule.pattern is not None and "%z" in rule.pattern):
        raise pa.ArrowInvalid("read one by one")
    if rule.pattern is not None:
        naive = pc.strptime(array, rule.pattern, "us")
    elif rule.zone is None or pa.types.is_timestamp(array.type):
        return array.cast(utc, safe=False)
    else:
        naive = array.cast(pa.timestamp("us"), safe=False)
    # It raises for hours that a change of clocks skips or repeats.
    name = "UTC" if zone_of(str(rule.zone)) is UTC else str(rule.zone)
    return pc.assume_timezone(naive, name).cast(utc)


def all_without_zone(array: Any) -> bool:
    """Whether every text of a pyarrow array is an ISO 8601 time without a zone.

    It spares reading millions of cells one by one to find the same fault in each.
    """
    import pyarrow as pa

    try:
        array.cast(pa.timestamp("us"), safe=False)
    except pa.ArrowInvalid:
        return False
    return True


def complaint_about(text: str, rule: TimeRule = CONTRACT) -> tuple[str, str]:
    """Return what is wrong with a time that could not be read, and how to mend it."""
    if rule.epoch is not None:
        return "is not a count of seconds.", "Correct it, or leave the cell empty."
    if rule.pattern is not None and math.isnan(read_time(text, _in_utc(rule))):
        return f"is not written as {rule.pattern!r}.", "Correct it, or give another pattern."
    if rule.pattern is not None or parsed(text) is not None:
        if rule.zone is not None:
            return (
                f"does not tell one moment in {rule.zone}: the clocks were changed then.",
                "Write the offset beside the time, or give an offset for all times.",
            )
        return "is a time without a zone.", ADD_ZONE
    return "is not a time that can be read (ISO 8601).", ADD_ZONE


def _in_utc(rule: TimeRule) -> TimeRule:
    return TimeRule(zone="UTC", pattern=rule.pattern)


def utc(seconds: float) -> str:
    """Return a time as a person reads it, in UTC.

    Parameters
    ----------
    seconds : float
        Since 1970 UTC [s].

    Returns
    -------
    str
        ISO 8601 to the second, or the number itself where no calendar reaches.
    """
    if not abs(seconds) < 2e11:
        return f"{seconds} s after 1970"
    when = datetime.fromtimestamp(seconds, tz=UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
