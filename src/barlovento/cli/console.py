"""What is printed where: results on stdout, everything said beside them on stderr.

With ``--json`` stdout holds one JSON object and nothing else, so that programs can read it;
people read the same story on stderr.
"""

from __future__ import annotations

import json as json_format
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from barlovento.errors import Fault

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

Progress = Callable[[float, str], None]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_STYLE = {"error": "bold red", "warning": "yellow"}


def clean(text: str) -> str:
    """Return a text from a file without the signs that steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def console(*, json: bool = False, error: bool = False) -> Console:
    """Return where people read: stdout, or stderr where a program reads stdout."""
    from rich.console import Console

    # Markup and highlighting off: titles and messages may hold brackets.
    return Console(stderr=json or error, markup=False, highlight=False, emoji=False)


def emit(document: dict[str, Any]) -> None:
    """Write one JSON object on stdout."""
    sys.stdout.write(json_format.dumps(document, allow_nan=False) + "\n")
    sys.stdout.flush()


def fault_document(fault: Fault) -> dict[str, Any]:
    """Return a fault as JSON types."""
    return {
        "severity": fault.severity,
        "file": fault.file,
        "row": fault.row,
        "column": fault.column,
        "what": fault.what,
        "mend": fault.mend,
    }


def fault_lines(faults: Iterable[Fault]) -> Iterator[Text]:
    """Yield each fault: where, what, and how to mend it."""
    from rich.text import Text

    for fault in faults:
        row = f"row {fault.row}" if fault.row is not None else ""
        column = f"column {fault.column}" if fault.column else ""
        where = ", ".join(part for part in (fault.file, row, column) if part)
        yield Text.assemble(
            (f"{fault.severity}  ", _STYLE.get(fault.severity, "")),
            (clean(where), "bold"),
            f"{': ' if where else ''}{clean(fault.what)} ",
            (clean(fault.mend), "green"),
        )


def count_words(faults: Sequence[Fault]) -> str:
    """Return "2 errors and 1 warning"."""
    parts = []
    for severity in ("error", "warning"):
        number = sum(fault.severity == severity for fault in faults)
        if number:
            parts.append(f"{number} {severity}{'s' if number > 1 else ''}")
    return " and ".join(parts) or "nothing wrong"


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show progress on stderr: a bar with the time left on a terminal, lines elsewhere.

    After Ctrl-C the next report of a working thread ends that thread: the main thread waits for
    them, and would otherwise wait until all is computed.
    """
    with _stopped() as stopped:
        if not sys.stderr.isatty():
            yield _obedient(_lines(), stopped)
            return
        with _bar() as show:
            yield _obedient(show, stopped)


def _obedient(show: Progress, stopped: threading.Event) -> Progress:
    def tell(done: float, stage: str) -> None:
        if stopped.is_set() and threading.current_thread() is not threading.main_thread():
            raise KeyboardInterrupt
        show(done, stage)

    return tell


@contextmanager
def _stopped() -> Iterator[threading.Event]:
    """Yield a flag that is set when somebody asks the program to stop."""
    flag = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    before = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}

    def stop(number: int, frame: FrameType | None) -> None:
        flag.set()
        usual = before[signal.Signals(number)]
        if callable(usual):
            usual(number, frame)

    for kind in before:
        signal.signal(kind, stop)
    try:
        yield flag
    finally:
        for kind, usual in before.items():
            signal.signal(kind, usual)


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=36),
        TaskProgressColumn(),
        TextColumn("left", style="dim"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("taken", style="dim"),
        TimeElapsedColumn(),
        console=console(error=True),
        # When it is done the answer is what counts; the bar goes.
        transient=True,
        speed_estimate_period=20.0,
    )
    task = bar.add_task("starting", total=1.0)

    def show(done: float, stage: str) -> None:
        bar.update(task, completed=done, description=f"{stage:<26}")

    with bar:
        yield show


def _lines() -> Progress:
    """Return a reporter that writes a line when a stage begins and at each quarter."""
    began = time.monotonic()
    told: set[tuple[str, int]] = set()

    def show(done: float, stage: str) -> None:
        key = (stage, int(4 * done))
        if key not in told:
            told.add(key)
            taken = time.monotonic() - began
            sys.stderr.write(f"{100 * done:3.0f} %  {stage} ({taken:.1f} s)\n")
            sys.stderr.flush()

    return show
