"""Every failure that Barlovento raises on purpose.

BarloventoError
├── UsageError            the call itself is wrong                    exit 2
├── BadInput              a file or an argument can't be used         exit 1
│   └── SurveyError       faults of a survey folder, all at once      exit 1
├── Refused               a rule forbids it                           exit 3
│   └── PlanRefused       shortfalls of a plan, all at once           exit 3
└── IntegrityError        bytes are not what they were                exit 4
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BarloventoError(Exception):
    """Base of every error raised on purpose."""

    exit_code = 1


class UsageError(BarloventoError):
    """The command or call is wrong in itself."""

    exit_code = 2


class BadInput(BarloventoError):
    """A file or an argument can't be used as it is."""


class Refused(BarloventoError):
    """A rule forbids what was asked."""

    exit_code = 3


class IntegrityError(BarloventoError):
    """Bytes are not what their digest or signature says."""

    exit_code = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with an input: what, where, and how to mend it.

    Parameters
    ----------
    what : str
        The fault in one sentence.
    mend : str
        What the person can do about it.
    file : str, optional
        Name of the file.
    row : int, optional
        Line of the file, the header being line 1.
    column : str, optional
        Column or key.
    severity : str
        ``"error"`` stops the reading, ``"warning"`` does not.
    """

    what: str
    mend: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    severity: str = "error"

    def __str__(self) -> str:
        where = ", ".join(
            part
            for part in (
                self.file,
                f"row {self.row}" if self.row is not None else None,
                f"column {self.column}" if self.column else None,
            )
            if part
        )
        return f"{where + ': ' if where else ''}{self.what} {self.mend}"


class SurveyError(BadInput):
    """A survey folder can't be read; holds every fault that was found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class PlanRefused(Refused):
    """A plan lacks something; holds every :class:`~barlovento.domain.airspace.Shortfall`."""

    def __init__(self, shortfalls: Sequence[object]) -> None:
        self.shortfalls = tuple(shortfalls)
        super().__init__("\n".join(str(shortfall) for shortfall in self.shortfalls))
