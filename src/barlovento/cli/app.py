"""Commands and exit codes."""

from __future__ import annotations

import json as json_format
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from barlovento import __version__
from barlovento.errors import BarloventoError, SurveyError

INTERRUPTED = 130

app = App(name="barlovento", version=__version__, help="Find hidden chemical emitters.")


@app.command
def locate(
    surveys: Annotated[list[Path], Parameter(negative=())],
    /,
    *,
    out: Path,
    seed: int = 1,
    json: bool = False,
) -> None:
    """Find sources from readings and wind.

    Parameters
    ----------
    surveys
        Survey folders of one area; several are inferred together.
    out
        Folder for result.json, posterior.nc, searched.nc, map.png and report.html.
    seed
        Same seed, same answer.
    json
        Print the result as JSON on stdout.
    """
    from barlovento import workspace

    located = workspace.locate(surveys, out, seed=seed, command=_command())
    if json:
        sys.stdout.write(json_format.dumps(located.result) + "\n")
    else:
        count = len(located.result["sources"])
        sys.stdout.write(f"{count} source(s); results are in {located.folder}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _fail(str(error), 2, words)
    except BarloventoError as error:
        return _fail(str(error), error.exit_code, words, error)
    except KeyboardInterrupt:
        return _fail("Interrupted; nothing was written.", INTERRUPTED, words)
    return 0


def _fail(
    message: str, code: int, words: Sequence[str], error: BarloventoError | None = None
) -> int:
    sys.stderr.write(message + "\n")
    if "--json" in words:
        faults: list[dict[str, Any]] = []
        if isinstance(error, SurveyError):
            faults = [
                {name: getattr(fault, name) for name in fault.__slots__} for fault in error.faults
            ]
        sys.stdout.write(json_format.dumps({"error": message, "faults": faults}) + "\n")
    return code


def _command() -> str:
    import shlex

    return shlex.join(["barlovento", *sys.argv[1:]])
