"""Delimited text as it comes from loggers: encoding, separator, comments, line numbers.

The reader hands out UTF-8 bytes in which every line of the file is still one line, so that the
number of a record is the number of its line.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from barlovento.errors import BadInput
from barlovento.fly.faults import FaultList

T = TypeVar("T")

#: Characters taken from the file at once; memory stays a small multiple of it.
CHUNK = 4 * 1024 * 1024
#: A longer line is not a table of readings.
LONGEST_LINE = 64 * 1024
_COMMENT = re.compile(r"^[ \t]*#[^\n]*$", re.MULTILINE)
_BLANK = re.compile(r"^[ \t]*$", re.MULTILINE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_TEXT = (
    (b"PK\x03\x04", "is a spreadsheet or a zip archive", "Save it as CSV."),
    (b"\xd0\xcf\x11\xe0", "is an old spreadsheet", "Save it as CSV."),
    (b"\x1f\x8b", "is compressed", "Unpack it first."),
    (b"BZh", "is compressed", "Unpack it first."),
    (b"\xfd7zXZ", "is compressed", "Unpack it first."),
    (b"\x28\xb5\x2f\xfd", "is compressed", "Unpack it first."),
    (b"\x89HDF", "is an HDF5 or netCDF file", "Export it as CSV or Parquet."),
    (b"CDF", "is a netCDF file", "Export it as CSV or Parquet."),
    (b"%PDF", "is a PDF", "Export the table as CSV."),
)


def encodings(start: bytes) -> tuple[str, ...]:
    """Return the encodings to try, most likely first, from the first bytes of a file.

    Parameters
    ----------
    start : bytes
        The first kilobytes.

    Returns
    -------
    tuple of str
        Names for :mod:`codecs`. Latin-1 decodes anything, so it comes last.

    Raises
    ------
    BadInput
        The bytes are no text.
    """
    for magic, what, mend in _NOT_TEXT:
        if start.startswith(magic):
            raise BadInput(f"The file {what}. {mend}")
    for mark, name in _BOMS:
        if start.startswith(mark):
            return (name,)
    if b"\0" not in start:
        return ("utf-8", "cp1252", "latin-1")
    # ASCII text in UTF-16 without a mark: every second byte is zero.
    if not any(start[: len(start) // 2 * 2 : 2]):
        return ("utf-16-be",)
    if not any(start[1::2]):
        return ("utf-16-le",)
    raise BadInput("The file holds zero bytes, so it is no text. Export it as CSV in UTF-8.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line of a table that is neither blank nor a comment.

    Parameters
    ----------
    names : tuple of str
        Cells as they stand in the file.
    line : int
        Its line number, from 1.
    separator : str
        Between cells.
    """

    names: tuple[str, ...]
    line: int
    separator: str


class DelimitedText:
    """A table of text as a stream of UTF-8 lines, the header taken off.

    Comment lines and blank lines are kept as lines of empty cells, so that counting records
    counts lines.

    Parameters
    ----------
    raw : binary file
        The bytes.
    encoding : str
        How to decode them.
    on_bytes : callable
        Sees every block of bytes once, for a digest.
    likely : iterable of str
        Names of columns that are looked for; they decide between separators.
    """

    def __init__(
        self,
        raw: BinaryIO,
        encoding: str,
        *,
        on_bytes: Callable[[bytes], object],
        likely: Iterable[str],
    ) -> None:
        self._raw = raw
        self._on_bytes = on_bytes
        decoder = codecs.getincrementaldecoder(encoding)()
        # Old and foreign line ends all become a newline.
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._pieces = self._blocks()
        self._first, self.header = self._take_header(frozenset(likely))
        self._blank = self.header.separator * (len(self.header.names) - 1)
        self._out: Iterator[bytes] = self._cleaned()
        self._left = b""
        self.failure: Exception | None = None
        self.closed = False

    def _blocks(self) -> Iterator[str]:
        """Yield text that ends at the end of a line."""
        rest = ""
        while True:
            block = self._raw.read(CHUNK)
            self._on_bytes(block)
            text = rest + self._decoder.decode(block, final=not block)
            if not block:
                if text:
                    yield text if text.endswith("\n") else text + "\n"
                return
            cut = text.rfind("\n") + 1
            rest = text[cut:]
            if len(rest) > LONGEST_LINE:
                raise BadInput(
                    f"A line is longer than {LONGEST_LINE:,} characters, "
                    "so this is no table of readings. Check the file."
                )
            if cut:
                yield text[:cut]

    def _take_header(self, likely: frozenset[str]) -> tuple[str, Header]:
        number = 0
        for text in self._pieces:
            begin = 0
            while begin < len(text):
                end = text.index("\n", begin)
                line = text[begin:end]
                number += 1
                begin = end + 1
                # Spreadsheets write "sep=;" for themselves.
                if line.strip() and not line.lstrip().startswith(("#", "sep=", "SEP=")):
                    return text[begin:], _header(line, number, likely)
        raise BadInput("The file has no header line. Write the names of the columns first.")

    def _cleaned(self) -> Iterator[bytes]:
        yield self._clean(self._first).encode()
        self._first = ""
        for text in self._pieces:
            yield self._clean(text).encode()

    def _clean(self, text: str) -> str:
        if "#" in text:
            text = _COMMENT.sub(self._blank, text)
        if "\n\n" in text or text.startswith("\n"):
            text = _BLANK.sub(self._blank, text[:-1]) + "\n"
        return text

    def batches(
        self,
        places: Sequence[int],
        misshapen: list[tuple[int, str]],
        *,
        absent: Sequence[str] = ("",),
    ) -> Iterator[Any]:
        """Yield the records as pyarrow batches of text columns, some tens of thousands at once.

        Parameters
        ----------
        places : sequence of int
            Columns that are wanted, by their place in the header; the batch's columns stand in
            this order.
        misshapen : list
            Takes the number (from 1) and text of each record with too many or too few cells,
            which is left out of the batches.
        absent : sequence of str
            Cells that count as empty.

        Yields
        ------
        pyarrow.RecordBatch
            Cells as text, null where empty.

        Raises
        ------
        BadInput
            The text is no table.
        UnicodeError
            The encoding does not fit.
        """
        import pyarrow as pa
        from pyarrow import csv

        columns = [f"c{i}" for i in range(len(self.header.names))]

        def note(row: Any) -> str:
            misshapen.append((int(row.number), str(row.text)[:200]))
            return "skip"

        wanted = [columns[i] for i in places]
        try:
            yield from csv.open_csv(
                self,
                # One thread, because only then the number of a misshapen row is known.
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=2 * 1024 * 1024, column_names=columns
                ),
                parse_options=csv.ParseOptions(
                    delimiter=self.header.separator,
                    invalid_row_handler=note,
                    ignore_empty_lines=False,
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(wanted, pa.string()),
                    include_columns=wanted,
                    strings_can_be_null=True,
                    null_values=list(absent),
                ),
            )
        except pa.ArrowInvalid as problem:
            if self.failure is not None:
                raise self.failure from None
            if "Empty CSV" not in str(problem):
                raise BadInput(f"The table can't be read: {problem}. Check its quotes.") from None

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, empty at the end; what pyarrow calls."""
        try:
            while not self._left:
                self._left = next(self._out)
        except StopIteration:
            return b""
        except (BadInput, UnicodeError, OSError) as problem:
            # pyarrow may wrap it; the reader of this attribute gets the real one.
            self.failure = problem
            raise
        size = len(self._left) if size < 0 else size
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def readable(self) -> bool:
        """Say that it can be read; asked for by pyarrow."""
        return True

    def writable(self) -> bool:
        """Say that it can't be written; asked for by pyarrow."""
        return False

    def seekable(self) -> bool:
        """Say that it only runs forward; asked for by pyarrow."""
        return False

    def close(self) -> None:
        """Close the file below."""
        self.closed = True
        self._raw.close()


def _header(line: str, number: int, likely: frozenset[str]) -> Header:
    found = []
    for separator in (",", ";", "\t"):
        names = tuple(cell.strip() for cell in next(csv.reader([line], delimiter=separator)))
        known = sum(plain(name) in likely for name in names)
        found.append((known, len(names), Header(names=names, line=number, separator=separator)))
    return max(found, key=lambda item: item[:2])[2]


def plain(name: str) -> str:
    """Return a column's name without case and with underscores for spaces."""
    return "_".join(name.strip().strip("\ufeff\"'").lower().split())


def start_of(path: Path) -> bytes:
    """Return the first bytes of a file, enough to tell what it is."""
    with path.open("rb") as file:
        return file.read(4096)


def decoded(
    path: Path,
    candidates: Sequence[str],
    *,
    likely: Iterable[str],
    faults: FaultList,
    use: Callable[[DelimitedText, FaultList], T],
) -> tuple[T, str]:
    """Read a text file in the first encoding that fits.

    Parameters
    ----------
    path : Path
        The file.
    candidates : sequence of str
        Encodings from :func:`encodings`.
    likely : iterable of str
        Names of columns that are looked for.
    faults : FaultList
        Takes what ``use`` finds, of the attempt that succeeds only.
    use : callable
        Reads the text to its end.

    Returns
    -------
    tuple
        What ``use`` returns, and the SHA-256 of the file's bytes.

    Raises
    ------
    BadInput
        No encoding fits, or ``use`` raises it.
    OSError
        The file can't be read.
    """
    names = tuple(likely)
    for encoding in candidates:
        attempt = FaultList()
        digest = hashlib.sha256()
        try:
            with path.open("rb") as raw:
                text = DelimitedText(raw, encoding, on_bytes=digest.update, likely=names)
                result = use(text, attempt)
        except UnicodeError:
            continue
        faults.extend(attempt.all)
        if encoding in ("cp1252", "latin-1"):
            faults.warn(
                f"The file is not UTF-8; it was read as {encoding}.",
                "Save it as UTF-8 if names look wrong.",
                file=path.name,
            )
        return result, digest.hexdigest()
    raise BadInput("The file's text encoding can't be told. Save it as UTF-8.")
