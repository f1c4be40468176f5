"""Values of a TOML file by section and key, each with its type checked and its line known."""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from barlovento.errors import BadInput
from barlovento.fly.faults import FaultList, listed

Range = tuple[float, float]


class Keys:
    """The keys of one TOML document, told as faults where they are absent or wrong.

    Parameters
    ----------
    text : str
        The document.
    file : str
        Its name, for messages.
    faults : FaultList
        Takes what is wrong.
    """

    def __init__(self, text: str, *, file: str, faults: FaultList) -> None:
        self._text = text
        self._file = file
        self._faults = faults
        self._asked: set[str] = set()
        self.values: dict[str, Any] = {}
        try:
            self.values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as problem:
            place = re.search(r"at line (\d+)", str(problem))
            faults.add(
                f"This is not valid TOML: {problem}.",
                "Put texts in quotes, lists in brackets and numbers with a point.",
                file=file,
                row=int(place[1]) if place else None,
            )

    def complain(self, key: str, what: str, mend: str) -> None:
        """Note a fault of a key, written ``"section.key"``."""
        self._faults.add(what, mend, file=self._file, row=self._line(key), column=key)

    def problem(self, key: str, error: BadInput) -> None:
        """Note what was found wrong with a value elsewhere."""
        self._faults.problem(error, file=self._file, row=self._line(key), column=key)

    def doubt(self, key: str, what: str, mend: str) -> None:
        """Note something doubtful about a key."""
        self._faults.warn(what, mend, file=self._file, row=self._line(key), column=key)

    def get(self, key: str, mend: str | None) -> Any:
        """Return a value or None; ``mend`` is how to supply it, None where it is optional."""
        self._asked.add(key)
        place: Any = self.values
        for part in key.split("."):
            place = place.get(part) if isinstance(place, Mapping) else None
        if place is None and mend is not None:
            self.complain(key, "The key is missing.", mend)
        return place

    def table(self, name: str, mend: str) -> None:
        """Check that a section is there and is one."""
        value = self.values.get(name)
        if name in self.values and not isinstance(value, Mapping):
            self.complain(name, f"{name} must be a section.", mend)

    def text(self, key: str, mend: str | None) -> str | None:
        """Return a text that is not empty."""
        value = self.get(key, mend)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.complain(key, f"{_shown(value)} is not a text.", mend or "Put it in quotes.")
            return None
        return value.strip()

    def choice(self, key: str, options: Sequence[str]) -> str | None:
        """Return one of some words."""
        mend = f"Write {' or '.join(repr(option) for option in options)}."
        value = self.text(key, mend)
        if value is None or value in options:
            return value
        self.complain(key, f"{_shown(value)} is not one of the choices.", mend)
        return None

    def number(
        self,
        key: str,
        mend: str | None,
        *,
        above: float = -math.inf,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> float | None:
        """Return a finite number within bounds.

        Parameters
        ----------
        key : str
            Dotted name.
        mend : str, optional
            What the person can do where it is absent or no number; it may be absent where None.
        above : float
            It must be more than this [unit of the key].
        least, most : float
            It must be within these, ends included [unit of the key].

        Returns
        -------
        float or None
            In the unit of the key; None where a fault was noted or it is absent.
        """
        value = self.get(key, mend)
        if value is None:
            return None
        number = _number(value)
        if number is None:
            self.complain(key, f"{_shown(value)} is not a number.", mend or "Write a number.")
        elif not (number > above and least <= number <= most):
            bounds = _bounds(above, least, most)
            self.complain(key, f"{_shown(value)} is out of bounds.", f"It must be {bounds}.")
        else:
            return number
        return None

    def whole(self, key: str, mend: str, *, least: int, most: int) -> int | None:
        """Return a whole number within bounds."""
        value = self.get(key, mend)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.complain(
                key, f"{_shown(value)} is not a whole number from {least} to {most}.", mend
            )
            return None
        return value

    def span(
        self, key: str, mend: str, *, least: float = -math.inf, most: float = math.inf
    ) -> Range | None:
        """Return a range ``[low, high]`` with low below high.

        Parameters
        ----------
        key : str
            Dotted name.
        mend : str
            What the person can do where it is absent or no range.
        least, most : float
            Both ends must be within these [unit of the key].

        Returns
        -------
        tuple of float or None
            In the unit of the key; None where a fault was noted.
        """
        value = self.get(key, mend)
        if value is None:
            return None
        ends = [_number(end) for end in value] if isinstance(value, list) else []
        low, high = ends if len(ends) == 2 else (None, None)
        if low is None or high is None:
            self.complain(key, f"{_shown(value)} is not a range of two numbers.", mend)
        elif low >= high:
            self.complain(
                key,
                f"The range {_shown(value)} is empty: its low end is not below its high end.",
                "Write the lower number first; for one known value give a narrow range.",
            )
        elif low < least or high > most:
            bounds = _bounds(-math.inf, least, most)
            self.complain(
                key, f"The range {_shown(value)} is out of bounds.", f"It must be {bounds}."
            )
        else:
            return low, high
        return None

    def unknown(self) -> dict[str, Any]:
        """Return the keys that nobody asked for, and note each as doubtful."""
        known = self._asked
        sections = {key.split(".")[0] for key in known if "." in key}
        found: dict[str, Any] = {}
        for name, value in self.values.items():
            if name in sections and isinstance(value, Mapping):
                found |= {f"{name}.{k}": v for k, v in value.items() if f"{name}.{k}" not in known}
            elif name not in known and name not in sections:
                found[name] = value
        for key in found:
            section = key.rpartition(".")[0]
            near = [name for name in known if name.rpartition(".")[0] == section]
            close = difflib.get_close_matches(key, near, n=1, cutoff=0.8)
            hint = (
                f"Perhaps {close[0]} was meant."
                if close
                else "Nothing, if you added it on purpose."
            )
            self.doubt(key, "The key is not known and is not used.", hint)
        return found

    def _line(self, key: str) -> int | None:
        """Return the line on which a key stands, None where it can't be told."""
        section, _, name = key.rpartition(".")
        here = ""
        for number, line in enumerate(self._text.splitlines(), start=1):
            head = re.match(r"\s*\[\s*([\w.-]+)\s*\]", line)
            if head:
                here = head[1]
                if here == key:
                    return number
            elif here == section and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
                return number
        return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _bounds(above: float, least: float, most: float) -> str:
    parts = []
    if above > -math.inf:
        parts.append(f"above {above:g}")
    if least > -math.inf:
        parts.append(f"at least {least:g}")
    if most < math.inf:
        parts.append(f"at most {most:g}")
    return listed(parts)
