"""One data file of a survey as columns, from CSV or Parquet, in bounded memory."""

from __future__ import annotations

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.errors import BadInput
from barlovento.fly.cells import WORD, BadCells, ColumnBuilder, FloatArray, Words, complaint
from barlovento.fly.faults import FaultList, listed
from barlovento.fly.textfile import DelimitedText, Header, decoded, encodings, plain, start_of
from barlovento.fly.times import CONTRACT, TimeRule

#: Larger files are refused: their readings would not fit beside the inference anyway.
LARGEST_FILE = 2 * 1024**3
MOST_ROWS = 20_000_000
_SHOWN_NAMES = 12


@dataclass(slots=True, kw_only=True)
class Table:
    """Columns of one file.

    Parameters
    ----------
    file : str
        Its name, for messages.
    line : ndarray of int, shape (n,)
        Line of each row in the file; the first row of a Parquet file is 2, as if it had a header.
    numbers : dict of str to ndarray, shape (n,)
        Number columns, and times in seconds since 1970; NaN where empty or unreadable.
    words : dict of str to Words
        Word columns.
    bad : dict of str to BadCells
        Cells that could not be read.
    kinds : mapping of str to str
        What each column was read as.
    sha256 : str
        Of the file's bytes, hex.
    """

    file: str
    line: NDArray[np.int64]
    numbers: dict[str, FloatArray]
    words: dict[str, Words]
    bad: dict[str, BadCells]
    kinds: Mapping[str, str]
    sha256: str

    def __len__(self) -> int:
        return int(self.line.size)

    def has(self, name: str) -> bool:
        """Whether the file has that column."""
        return name in self.numbers or name in self.words


def read_table(
    path: Path,
    kinds: Mapping[str, str],
    faults: FaultList,
    *,
    required: Iterable[str] = (),
    ignored: Iterable[str] = (),
) -> Table | None:
    """Read the columns that are wanted from a CSV or Parquet file.

    Cells that can't be read are kept in the table, not yet told as faults: a row that is marked
    bad may hold anything.

    Parameters
    ----------
    path : Path
        A file that exists.
    kinds : mapping of str to str
        Name of each column that may be there and what it holds.
    faults : FaultList
        Takes what is wrong with the file as a whole.
    required : iterable of str
        Columns that must be there.
    ignored : iterable of str
        Columns that may be there and are of no interest.

    Returns
    -------
    Table or None
        None where the file can't be read at all.
    """
    wanted = _Wanted(path.name, kinds, tuple(required), frozenset(ignored))
    try:
        size = path.stat().st_size
        start = start_of(path)
        if size > LARGEST_FILE:
            raise BadInput(
                f"The file has {size / 1024**3:.1f} GB; at most {LARGEST_FILE // 1024**3} GB are "
                "read. Split the survey by time, or average the readings first."
            )
        if start[:4] == b"PAR1":
            return _read_parquet(path, wanted, faults)
        return _read_text(path, wanted, encodings(start), faults)
    except BadInput as problem:
        faults.problem(problem, file=path.name)
    except PermissionError:
        faults.add("The file may not be read.", "Give yourself the right to.", file=path.name)
    except OSError as problem:
        faults.add(f"The file can't be read: {problem.strerror}.", "Check it.", file=path.name)
    return None


@dataclass(frozen=True, slots=True)
class _Wanted:
    file: str
    kinds: Mapping[str, str]
    required: tuple[str, ...]
    ignored: frozenset[str]

    def places(self, names: Iterable[str], faults: FaultList, row: int | None) -> dict[str, int]:
        """Return the place of each wanted column in the header, and tell what is odd there."""
        cells = [plain(name) for name in names]
        known = set(self.kinds) | self.ignored
        for name, count in Counter(cells).items():
            if count > 1 and name in self.kinds:
                faults.add(
                    f"The header names the column {count} times.",
                    "Keep one of them.",
                    file=self.file,
                    row=row,
                    column=name,
                )
        missing = [name for name in self.required if name not in cells]
        spare = list(dict.fromkeys(c for c in cells if c and c not in known))
        for name in missing:
            close = difflib.get_close_matches(name, spare, n=1)
            hint = f"Rename {close[0]!r} if that is it." if close else f"Add a column {name}."
            shown = listed([repr(c) for c in cells[:_SHOWN_NAMES]])
            faults.add(
                f"The column {name!r} is missing; the header has {shown}.",
                hint,
                file=self.file,
                row=row,
                column=name,
            )
        if spare:
            shown = listed([repr(c[:40]) for c in spare[:_SHOWN_NAMES]])
            faults.warn(
                f"Columns that are not read: {shown}.",
                "Nothing, if they are of no use here; otherwise check their spelling.",
                file=self.file,
                row=row,
            )
        return {name: cells.index(name) for name in self.kinds if name in cells}


def _read_text(
    path: Path, wanted: _Wanted, candidates: tuple[str, ...], faults: FaultList
) -> Table:
    table, digest = decoded(
        path,
        candidates,
        likely=wanted.kinds,
        faults=faults,
        use=lambda text, found: _from_delimited(text, wanted, found),
    )
    table.sha256 = digest
    return table


def _from_delimited(text: DelimitedText, wanted: _Wanted, faults: FaultList) -> Table:
    header = text.header
    places = wanted.places(header.names, faults, header.line)
    builders = {
        name: ColumnBuilder(wanted.kinds[name], decimal_comma=header.separator != ",")
        for name in places
    }
    if not places:
        # Without any column there is nothing to read; the missing ones are told already.
        return make_table(wanted.file, wanted.kinds, builders, np.empty(0, dtype=np.int64))
    blanks: list[NDArray[np.bool_]] = []
    misshapen: list[tuple[int, str]] = []
    for batch in text.batches(list(places.values()), misshapen):
        _take(batch, places, batch.schema.names, builders, blanks)
    line, keep = lines_of(header, blanks, misshapen, wanted.file, faults)
    tell_mixed_decimals(builders, wanted.file, faults)
    return make_table(wanted.file, wanted.kinds, builders, line, keep=keep)


def _take(
    batch: Any,
    places: Mapping[str, int],
    columns: Sequence[str],
    builders: Mapping[str, ColumnBuilder],
    blanks: list[NDArray[np.bool_]],
) -> None:
    check_count(blanks, len(batch))
    blank = np.ones(len(batch), dtype=bool)
    for name, column in zip(places, columns, strict=True):
        blank &= builders[name].add(batch.column(column))
    blanks.append(blank)


def check_count(blanks: Sequence[NDArray[np.bool_]], more: int) -> None:
    """Refuse a file that has more rows than are read."""
    if sum(len(b) for b in blanks) + more > MOST_ROWS:
        raise BadInput(
            f"The file has more than {MOST_ROWS:,} rows. "
            "Split the survey by time, or average the readings first."
        )


def lines_of(
    header: Header,
    blanks: Sequence[NDArray[np.bool_]],
    misshapen: Sequence[tuple[int, str]],
    file: str,
    faults: FaultList,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the line of each record and which records are not blank.

    Records with too many or too few cells are told; they are not among the records.
    """
    blank = np.concatenate(blanks) if blanks else np.empty(0, dtype=bool)
    skipped = np.array([number for number, _ in misshapen], dtype=np.int64) - 1
    place = np.delete(np.arange(blank.size + skipped.size, dtype=np.int64), skipped)
    told = [number for number, text in misshapen if text.strip(" \t\r\n" + header.separator)]
    faults.rows(
        np.array(told, dtype=np.int64) + header.line,
        f"The row has not the {len(header.names)} cells of the header.",
        "Give each row as many cells as the header has; with decimal commas, "
        "put a semicolon between the cells.",
        file=file,
    )
    return place + header.line + 1, ~blank


def tell_mixed_decimals(
    builders: Mapping[str, ColumnBuilder], file: str, faults: FaultList
) -> None:
    """Tell a file that writes some numbers with a comma and some with a point."""
    comma = any(builder.saw_comma for builder in builders.values())
    if comma and any(builder.saw_point for builder in builders.values()):
        faults.add(
            "Some numbers have a decimal comma and some a decimal point.",
            "Use one of them, and nothing between thousands.",
            file=file,
        )


def make_table(
    file: str,
    kinds: Mapping[str, str],
    builders: Mapping[str, ColumnBuilder],
    line: NDArray[np.int64],
    *,
    keep: NDArray[np.bool_] | None = None,
) -> Table:
    """Return what the builders gathered, without the rows that are not kept."""
    keep = None if keep is None or bool(keep.all()) else keep
    table = Table(
        file=file,
        line=line if keep is None else line[keep],
        numbers={},
        words={},
        bad={},
        kinds=kinds,
        sha256="",
    )
    moved = None if keep is None else np.cumsum(keep) - 1
    for name, builder in builders.items():
        bad = builder.bad()
        if moved is not None:
            bad.index = moved[bad.index]
        table.bad[name] = bad
        if builder.kind == WORD:
            words = builder.words()
            code = words.code if keep is None else words.code[keep]
            table.words[name] = Words(code=code, names=words.names)
        else:
            values = builder.values()
            table.numbers[name] = values if keep is None else values[keep]
    return table


def _read_parquet(path: Path, wanted: _Wanted, faults: FaultList) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    digest = hashlib.sha256()
    with path.open("rb") as raw:
        while block := raw.read(4 * 1024 * 1024):
            digest.update(block)
    blanks: list[NDArray[np.bool_]] = []
    try:
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows > MOST_ROWS:
                raise BadInput(
                    f"The file has more than {MOST_ROWS:,} rows. "
                    "Split the survey by time, or average the readings first."
                )
            names = file.schema_arrow.names
            places = wanted.places(names, faults, None)
            builders = {name: ColumnBuilder(wanted.kinds[name]) for name in places}
            columns = [names[i] for i in places.values()]
            for batch in file.iter_batches(batch_size=65536, columns=columns):
                _take(batch, places, columns, builders, blanks)
    except pa.ArrowException as problem:
        raise BadInput(f"The Parquet file can't be read: {problem}. Write it again.") from None
    blank = np.concatenate(blanks) if blanks else np.empty(0, dtype=bool)
    line = np.arange(blank.size, dtype=np.int64) + 2
    table = make_table(wanted.file, wanted.kinds, builders, line, keep=~blank)
    table.sha256 = digest.hexdigest()
    return table


def tell_bad_cells(
    table: Table,
    faults: FaultList,
    *,
    ignore: NDArray[np.bool_] | None = None,
    rule: TimeRule = CONTRACT,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> NDArray[np.bool_]:
    """Tell every cell that could not be read, and return which rows have one.

    Parameters
    ----------
    table : Table
        The file.
    faults : FaultList
        Takes them.
    ignore : ndarray of bool, shape (n,), optional
        Rows whose cells do not matter.
    rule : TimeRule
        How times are written.
    headers : mapping of str to str
        What the file calls a column, where that is not our name.

    Returns
    -------
    ndarray of bool, shape (n,)
        Rows with at least one such cell.
    """
    hit = np.zeros(len(table), dtype=bool)
    for name, bad in table.bad.items():
        matters = np.ones(bad.index.size, dtype=bool) if ignore is None else ~ignore[bad.index]
        hit[bad.index[matters]] = True
        groups: dict[tuple[str, str], list[tuple[int, str]]] = {}
        for index, text, counts in zip(bad.index.tolist(), bad.texts, matters, strict=False):
            if counts:
                groups.setdefault(complaint(table.kinds[name], text, rule), []).append(
                    (index, text)
                )
        # Cells beyond those kept word for word are most likely of the commonest kind.
        unkept = int(matters[len(bad.texts) :].sum())
        order = sorted(groups.items(), key=lambda item: -len(item[1]))
        for rank, ((what, mend), cells) in enumerate(order):
            faults.rows(
                table.line[[index for index, _ in cells]],
                lambda i, cells=cells, what=what: f"{cells[i][1]!r} {what}",  # type: ignore[misc]
                mend,
                file=table.file,
                column=headers.get(name, name),
                more=unkept if rank == 0 else 0,
            )
        if unkept and not order:
            lines = table.line[bad.index[matters]]
            faults.rows(lines, "The cell can't be read.", "Check it.", file=table.file, column=name)
    return hit
