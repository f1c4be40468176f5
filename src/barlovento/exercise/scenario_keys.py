"""Keys of a scenario file: sections that hold named things, points, words, switches."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from barlovento.fly.faults import FaultList
from barlovento.fly.keys import Keys

Point = tuple[float, float]


class ScenarioKeys(Keys):
    """The keys of one scenario.

    Parameters
    ----------
    text, file, faults
        As for :class:`~barlovento.fly.keys.Keys`.
    """

    def __init__(self, text: str, *, file: str, faults: FaultList) -> None:
        super().__init__(text, file=file, faults=faults)
        self._seen: set[str] = set()

    def get(self, key: str, mend: str | None) -> Any:
        """Return a value or None, and remember that the key has a meaning."""
        self._seen.add(key)
        return super().get(key, mend)

    def schema(self) -> None:
        """Check the number of the form."""
        value = self.get("schema", "Write schema = 1.")
        if value is not None and (isinstance(value, bool) or value != 1):
            self.complain("schema", f"{value!r} can't be read here.", "Write schema = 1.")

    def switch(self, key: str) -> bool:
        """Return true or false, false where it is absent."""
        value = self.get(key, None)
        if value is not None and not isinstance(value, bool):
            self.complain(key, f"{value!r} is neither true nor false.", "Write true or false.")
        return value is True

    def words(self, key: str, mend: str) -> tuple[str, ...]:
        """Return a list of texts that is not empty."""
        value = self.get(key, mend)
        if value is None:
            return ()
        listed = [value] if isinstance(value, str) else value
        if (
            not isinstance(listed, list)
            or not listed
            or not all(isinstance(word, str) and word.strip() for word in listed)
        ):
            self.complain(key, f"{value!r} is no list of names.", mend)
            return ()
        return tuple(word.strip() for word in listed)

    def point(self, key: str, mend: str | None) -> Point | None:
        """Return two numbers."""
        value = self.get(key, mend)
        if value is None:
            return None
        found = _numbers(value)
        if found is None or len(found) != 2:
            self.complain(key, f"{value!r} is not two numbers.", mend or "Write [0, 0].")
            return None
        return found[0], found[1]

    def points(self, key: str, mend: str) -> tuple[Point, ...]:
        """Return three points or more."""
        value = self.get(key, mend)
        rows = self.rows(key, value, 2, mend) if value is not None else ()
        if value is not None and rows is not None and len(rows) < 3:
            self.complain(key, "A ring needs three corners.", mend)
        return tuple((row[0], row[1]) for row in rows or ())

    def rows(
        self, key: str, value: Any, width: int, mend: str
    ) -> tuple[tuple[float, ...], ...] | None:
        """Return rows of so many numbers, None where a fault was noted."""
        rows = [_numbers(row) for row in value] if isinstance(value, list) else [None]
        if any(row is None or len(row) != width for row in rows):
            self.complain(key, f"This is no list of rows of {width} numbers.", mend)
            return None
        return tuple(row for row in rows if row is not None)

    def whole_range(self, key: str, default: tuple[int, int], *, most: int) -> tuple[int, int]:
        """Return a range of whole numbers, given as ``[low, high]`` or as one number."""
        value = self.get(key, None)
        if value is None:
            return default
        ends = [value, value] if isinstance(value, int) else value
        if (
            not isinstance(ends, list)
            or len(ends) != 2
            or any(isinstance(e, bool) or not isinstance(e, int) for e in ends)
            or not 0 <= ends[0] <= ends[1] <= most
        ):
            self.complain(
                key,
                f"{value!r} is no range of whole numbers from 0 to {most}.",
                "Write [low, high], or one number.",
            )
            return default
        return ends[0], ends[1]

    def named(self, section: str) -> tuple[str, ...]:
        """Return the names of the things in a section, as in ``[site.shed]``."""
        self._seen.add(section)
        value = self.values.get(section)
        if value is None:
            return ()
        if not isinstance(value, Mapping) or not all(
            isinstance(thing, Mapping) for thing in value.values()
        ):
            self.complain(
                section,
                f"{section} must hold sections.",
                f"Write [{section}.NAME] for each, then its keys.",
            )
            return ()
        return tuple(value)

    def finish(self) -> None:
        """Note every key that has no meaning: a misspelt one would silently not count."""
        for key in _leaves(self.values):
            if any(key == seen or key.startswith(f"{seen}.") for seen in self._tables()):
                continue
            if key not in self._seen:
                close = difflib.get_close_matches(key, self._seen, n=1, cutoff=0.75)
                hint = f"Write {close[0]}." if close else "Take it out."
                self.complain(key, "The key has no meaning in a scenario.", hint)

    def _tables(self) -> set[str]:
        """Return the keys whose value is a table of the person's own names."""
        return {key for key in self._seen if key.endswith(("rates_g_s", "background_ppb"))}

    def _line(self, key: str) -> int | None:
        """Return the line on which a key stands; the last part may be quoted or an own name."""
        found = super()._line(key)
        if found is None and "." in key:
            found = super()._line(key.rpartition(".")[0])
        return found


def _leaves(table: Mapping[str, Any], above: str = "") -> list[str]:
    """Return the dotted names of all values that are no tables."""
    found = []
    for name, value in table.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping) and value:
            found += _leaves(value, f"{key}.")
        else:
            found.append(key)
    return found


def _numbers(value: Any) -> tuple[float, ...] | None:
    """Return a list as finite numbers, None where it isn't one."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        return None
    if any(isinstance(v, bool) or not isinstance(v, int | float) for v in value):
        return None
    found = tuple(float(v) for v in value)
    return found if all(math.isfinite(v) for v in found) else None


def plain_name(text: str) -> bool:
    """Return whether a text can be a short name."""
    return re.fullmatch(r"[a-z0-9][a-z0-9_-]*", text) is not None
