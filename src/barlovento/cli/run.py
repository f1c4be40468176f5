"""Runs one command: exit codes, errors for people and programs, and leaving on Ctrl-C."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from types import FrameType

from cyclopts import CycloptsError

from barlovento.cli.app import app
from barlovento.cli.console import clean, console, count_words, emit, fault_document, fault_lines
from barlovento.errors import BarloventoError, SurveyError, UsageError

INTERRUPTED = 130
TERMINATED = 143
# Also true where Ctrl-C came while the finished files were being moved into place.
INTERRUPT_WORDS = "Interrupted: nothing was left half-written."


class Terminated(BaseException):
    """Somebody asked the program to end; raised so that clean-up runs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after ``barlovento``; those of the process unless given.

    Returns
    -------
    int
        0 fine, 2 wrong use, 3 refused, 4 integrity broken, 130 interrupted, 1 anything else.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    json = "--json" in words
    _obey_terminate()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that can't show a sign gets a question mark, not a fault.
            stream.reconfigure(errors="replace")
    try:
        result = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _fail(f"{error}\nTry: barlovento --help", UsageError.exit_code, json=json)
    except SurveyError as error:
        return _faults(error, json=json)
    except BarloventoError as error:
        return _fail(str(error), error.exit_code, json=json)
    except KeyboardInterrupt:
        return _fail(INTERRUPT_WORDS, INTERRUPTED, json=json)
    except Terminated:
        return _fail("Ended from outside: nothing was left half-written.", TERMINATED, json=json)
    except BrokenPipeError:
        # Whoever read has had enough; Python would complain once more while it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _fail("There is not enough memory for this survey.", 1, json=json)
    except Exception as error:  # noqa: BLE001
        # The last stop: a program that reads JSON must get an answer here too.
        traceback.print_exc()
        return _fail(f"A fault of the program, please report it: {error!r}", 1, json=json)
    return result if isinstance(result, int) else 0


def _faults(error: SurveyError, *, json: bool) -> int:
    """Print every fault and return the exit code."""
    screen = console(error=True)
    for line in fault_lines(error.faults):
        screen.print(line, soft_wrap=True)
    message = f"What was given can't be used: {count_words(error.faults)}."
    screen.print(message)
    if json:
        faults = [fault_document(fault) for fault in error.faults]
        emit({"error": message, "exit_code": error.exit_code, "faults": faults})
    return error.exit_code


def _fail(message: str, code: int, *, json: bool) -> int:
    """Print one message and return the exit code."""
    console(error=True).print(clean(message), style="red", soft_wrap=True)
    if json:
        emit({"error": message, "exit_code": code, "faults": []})
    return code


def _obey_terminate() -> None:
    """Let a request to end run the clean-up, as Ctrl-C does."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
