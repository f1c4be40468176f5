"""Collecting everything that is wrong with a survey, a few examples of each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from barlovento.errors import BadInput, Fault

#: So many rows with the same fault are told; the rest is a count.
EXAMPLES = 5


class FaultList:
    """Faults and warnings in the order in which they are found."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        what: str,
        mend: str,
        *,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
        severity: str = "error",
    ) -> None:
        """Note one fault; the parameters are those of :class:`~barlovento.errors.Fault`."""
        self._faults.append(
            Fault(what=what, mend=mend, file=file, row=row, column=column, severity=severity)
        )

    def warn(
        self,
        what: str,
        mend: str,
        *,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        """Note something that looks doubtful and does not stop the reading."""
        self.add(what, mend, file=file, row=row, column=column, severity="warning")

    def problem(
        self,
        error: BadInput,
        *,
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        """Note an error raised below; by custom its last sentence is the mend."""
        what, _, mend = str(error).rpartition(". ")
        self.add(f"{what}." if what else mend, mend, file=file, row=row, column=column)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Take over faults that were noted elsewhere."""
        self._faults.extend(faults)

    def rows(
        self,
        lines: ArrayLike,
        what: str | Callable[[int], str],
        mend: str,
        *,
        file: str,
        column: str | None = None,
        severity: str = "error",
        more: int = 0,
    ) -> None:
        """Note the same fault in many rows: the first few, then how many more.

        Parameters
        ----------
        lines : array_like of int
            Lines of the file, in the order in which they are told [1].
        what : str or callable
            The fault, or what makes it from the position in ``lines``.
        mend : str
            What the person can do about it.
        file, column, severity : str
            As in :class:`~barlovento.errors.Fault`.
        more : int
            Further rows with this fault whose lines were not kept.
        """
        numbers = np.asarray(lines, dtype=np.int64)
        for i, line in enumerate(numbers[:EXAMPLES].tolist()):
            text = what if isinstance(what, str) else what(i)
            self.add(text, mend, file=file, row=line, column=column, severity=severity)
        left = numbers.size + more - min(numbers.size, EXAMPLES)
        if left:
            last = f", the last in row {int(numbers.max())}" if numbers.size and not more else ""
            self.add(
                f"{left:,} more row{'s' if left > 1 else ''} with the same fault{last}.",
                mend,
                file=file,
                column=column,
                severity=severity,
            )

    @property
    def all(self) -> tuple[Fault, ...]:
        """Everything, errors before warnings."""
        return self.errors + self.warnings

    @property
    def errors(self) -> tuple[Fault, ...]:
        """What stops the reading."""
        return tuple(fault for fault in self._faults if fault.severity == "error")

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What does not."""
        return tuple(fault for fault in self._faults if fault.severity != "error")


def listed(words: Sequence[str]) -> str:
    """Return words as a person lists them: ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
