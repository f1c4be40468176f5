"""Cells of a table as numbers, times and words, and what is wrong with those that are none."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.fly.times import (
    CONTRACT,
    TimeRule,
    all_without_zone,
    cast_times,
    complaint_about,
    read_time,
)

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]

#: So many unreadable cells of a column are kept word for word.
KEPT_TEXTS = 1000
NUMBER, TIME, WORD = "number", "time", "word"
_WITH_UNIT = re.compile(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?\s*[^\W\d_/%][\w/%^·. -]*|[+-]?[\d.,]+\s*%")
_ABSENT = {
    "-",
    "--",
    "---",
    "na",
    "n/a",
    "#n/a",
    "null",
    "none",
    "nil",
    "missing",
    "?",
    "nd",
    "bdl",
}


@dataclass(slots=True, kw_only=True)
class BadCells:
    """Cells of one column that could not be read.

    Parameters
    ----------
    index : ndarray of int
        Rows of the table, from 0.
    texts : list of str
        What stands in the first of them.
    """

    index: IndexArray
    texts: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A column of words.

    Parameters
    ----------
    code : ndarray of int32, shape (n,)
        Index into ``names``, -1 for an empty cell.
    names : tuple of str
        The different words.
    """

    code: NDArray[np.int32]
    names: tuple[str, ...]


@dataclass(slots=True)
class ColumnBuilder:
    """Gathers one column, batch by batch.

    Parameters
    ----------
    kind : str
        ``"number"``, ``"time"`` or ``"word"``.
    decimal_comma : bool
        Whether a comma in a number may be the decimal sign.
    rule : TimeRule
        How times are written.
    """

    kind: str
    decimal_comma: bool = False
    rule: TimeRule = CONTRACT
    saw_comma: bool = False
    saw_point: bool = False
    _parts: list[NDArray[Any]] = field(default_factory=list)
    _bad_parts: list[IndexArray] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _names: dict[str, int] = field(default_factory=dict)
    _size: int = 0

    def add(self, array: Any) -> NDArray[np.bool_]:
        """Take one pyarrow array; return which of its cells are empty."""
        import pyarrow as pa

        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if isinstance(array, pa.DictionaryArray):
            array = array.dictionary_decode()
        if pa.types.is_string_view(array.type):
            array = array.cast(pa.large_string())
        text = pa.types.is_string(array.type) or pa.types.is_large_string(array.type)
        values: NDArray[Any]
        if self.kind == WORD:
            values, empty = self._words(array)
        elif text:
            values, empty = self._from_text(array)
        elif self.kind == TIME:
            values, empty = self._typed_times(array)
        else:
            values, empty = self._typed_numbers(array)
        self._parts.append(values)
        self._size += len(values)
        return empty

    def values(self) -> FloatArray:
        """Return the numbers or seconds since 1970, NaN where empty or unreadable."""
        parts, self._parts = self._parts, []
        return np.concatenate(parts) if parts else np.empty(0)

    def words(self) -> Words:
        """Return the words."""
        parts, self._parts = self._parts, []
        code = np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)
        return Words(code=code, names=tuple(self._names))

    def bad(self) -> BadCells:
        """Return the cells that could not be read."""
        parts = self._bad_parts
        index = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
        return BadCells(index=index, texts=self._texts)

    def _note(self, index: IndexArray, texts: list[str]) -> None:
        if index.size:
            self._bad_parts.append(index + self._size)
            self._texts += [text[:80] for text in texts[: KEPT_TEXTS - len(self._texts)]]

    def _from_text(self, array: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
        import pyarrow as pa

        if self.kind == NUMBER and self.decimal_comma:
            array = self._with_points(array)
        try:
            return self._checked(*self._cast(array), array)
        except pa.ArrowInvalid:
            array = _trimmed(array)
        try:
            return self._checked(*self._cast(array), array)
        except pa.ArrowInvalid:
            if self.kind == TIME and self.rule == CONTRACT and all_without_zone(array):
                return self._all_wrong(array)
            return self._one_by_one(array)

    def _cast(self, array: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
        return _cast_times(array, self.rule) if self.kind == TIME else _cast_numbers(array)

    def _with_points(self, array: Any) -> Any:
        import pyarrow.compute as pc

        comma = bool(pc.any(pc.match_substring(array, ",")).as_py())
        self.saw_comma |= comma
        self.saw_point |= bool(pc.any(pc.match_substring(array, ".")).as_py())
        return pc.replace_substring(array, ",", ".") if comma else array

    def _checked(
        self, values: FloatArray, empty: NDArray[np.bool_], array: Any
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Note NaN and infinity, which the cast lets pass."""
        odd = np.flatnonzero(~np.isfinite(values) & ~empty)
        if odd.size:
            self._note(odd, [str(array[int(i)].as_py()) for i in odd[:KEPT_TEXTS]])
            values[odd] = np.nan
        return values, empty

    def _one_by_one(self, array: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
        read: Callable[[str], float] = _read_number
        if self.kind == TIME:
            read = partial(read_time, rule=self.rule)
        cells = array.to_pylist()
        values = np.full(len(cells), np.nan)
        empty = np.zeros(len(cells), dtype=bool)
        wrong, texts = [], []
        for i, cell in enumerate(cells):
            if cell is None:
                empty[i] = True
                continue
            values[i] = read(cell)
            if math.isnan(values[i]):
                wrong.append(i)
                texts.append(cell)
        self._note(np.array(wrong, dtype=np.int64), texts)
        return values, empty

    def _typed_times(self, array: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Take times of a Parquet file: only a column that knows its zone is a time."""
        import pyarrow as pa

        empty = _nulls(array)
        if pa.types.is_timestamp(array.type) and array.type.tz is not None:
            return _cast_times(array)[0], empty
        return self._all_wrong(array)

    def _all_wrong(self, array: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Note every cell that is not empty."""
        empty = _nulls(array)
        there = np.flatnonzero(~empty)
        self._note(there, [str(array[int(i)].as_py()) for i in there[:KEPT_TEXTS]])
        return np.full(len(array), np.nan), empty

    def _typed_numbers(self, array: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
        import pyarrow as pa

        kind = array.type
        empty = _nulls(array)
        if pa.types.is_null(kind):
            return np.full(len(array), np.nan), np.ones(len(array), dtype=bool)
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            values = _floats(array.cast(pa.float64(), safe=False))
            return self._checked(values, empty, array)
        return self._all_wrong(array)

    def _words(self, array: Any) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        import pyarrow as pa

        array = _trimmed(array.cast(pa.string()))
        coded = array.dictionary_encode()
        codes = np.array(
            [self._names.setdefault(w, len(self._names)) for w in coded.dictionary.to_pylist()]
            or [-1],
            dtype=np.int32,
        )
        empty = _nulls(array)
        index = np.where(empty, 0, _plain(coded.indices, np.int32))
        return np.where(empty, np.int32(-1), codes[index]).astype(np.int32), empty


def _trimmed(array: Any) -> Any:
    """Cells without space around them, and null where nothing is left."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = pc.utf8_trim_whitespace(array)
    # Also without a pyarrow scalar, for making one loads pandas.
    filled = pc.binary_length(array).cast(pa.bool_())
    return pc.if_else(filled, array, pa.nulls(len(array), array.type))


# pyarrow's own way to numpy loads pandas, which costs two seconds, so its buffers are read here.


def _plain(array: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """Return the values of an array, anything where it is null; read only."""
    buffer = array.buffers()[1]
    if not len(array) or buffer is None:
        return np.zeros(len(array), dtype=dtype)
    size = np.dtype(dtype).itemsize
    return np.frombuffer(buffer, dtype=dtype, count=len(array), offset=array.offset * size)


def _floats(array: Any) -> FloatArray:
    values = _plain(array, np.float64).copy()
    values[_nulls(array)] = np.nan
    return values


def _nulls(array: Any) -> NDArray[np.bool_]:
    if not array.null_count:
        return np.zeros(len(array), dtype=bool)
    import pyarrow as pa

    return _plain(array.is_null().cast(pa.uint8()), np.uint8).astype(bool)


def _cast_numbers(array: Any) -> tuple[FloatArray, NDArray[np.bool_]]:
    import pyarrow as pa

    return _floats(array.cast(pa.float64())), _nulls(array)


def _cast_times(array: Any, rule: TimeRule = CONTRACT) -> tuple[FloatArray, NDArray[np.bool_]]:
    import pyarrow as pa

    empty = _nulls(array)
    # To the microsecond: a float of this size holds no more.
    stamps = cast_times(array, rule).cast(pa.int64())
    values = _plain(stamps, np.int64) / 1e6
    values[empty] = np.nan
    return values, empty


def _read_number(text: str) -> float:
    """Return a finite number or NaN."""
    # float() would also take "1_0".
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _is_infinite(text: str) -> bool:
    try:
        return math.isinf(float(text))
    except ValueError:
        return False


def complaint(kind: str, text: str, rule: TimeRule = CONTRACT) -> tuple[str, str]:
    """Return what is wrong with a cell that could not be read, and how to mend it.

    Parameters
    ----------
    kind : str
        What it should have been.
    text : str
        What it holds.
    rule : TimeRule
        How times are written.

    Returns
    -------
    tuple of str
        A sentence without the text itself, and the mend.
    """
    if kind == TIME:
        return complaint_about(text, rule)
    if re.fullmatch(r"[+-]?(nan|inf(inity)?)", text, flags=re.IGNORECASE):
        return "is not a finite number.", "Leave the cell empty where there is no value."
    if _is_infinite(text):
        return "is too large.", "Write a number such as 1.25, or leave the cell empty."
    if text.lower() in _ABSENT:
        return "is not a number.", "Leave the cell empty where there is no value."
    if re.fullmatch(r"<\s*[\d.,]+", text):
        return "is not a number.", 'Write the limit alone and "nd" in the column flag.'
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return "is not a number.", "Write a decimal point."
    if _WITH_UNIT.fullmatch(text):
        return (
            "holds a unit beside the number.",
            "Write numbers only, all of them in the units that survey.toml names.",
        )
    return "is not a number.", "Write a number such as 1.25, or leave the cell empty."
