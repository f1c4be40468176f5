"""Running and reporting, shared by the benchmarks: arguments, progress, costs, tables."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DASH = "\N{EN DASH}"
RESULTS_PAGE = ROOT / "docs" / "results.md"


def arguments(description: str, **options: Mapping[str, Any]) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks share, and ``options`` of its own."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("--out", type=Path, help="write the JSON object into this file")
    parser.add_argument("--markdown", type=Path, help="write the table into this file")
    parser.add_argument("--publish", action="store_true", help="put the table into docs/results.md")
    parser.add_argument("--quick", action="store_true", help="a small part, to see that it runs")
    for name, option in options.items():
        parser.add_argument("--" + name.replace("_", "-"), **option)
    return parser


class Progress:
    """A line on stderr with the share done and the time left."""

    def __init__(self, total: int, label: str = "") -> None:
        self.total, self.label = total, label
        self.done, self.start = 0, time.monotonic()

    def step(self, text: str = "") -> None:
        """Count one more as done and say so."""
        self.done += 1
        took = time.monotonic() - self.start
        left = took / self.done * (self.total - self.done)
        line = f"{self.label} {self.done}/{self.total}, {left:.0f} s left  {text}"
        if sys.stderr.isatty():
            end = "\n" if self.done == self.total else ""
            sys.stderr.write(f"\r\x1b[K{line}{end}")
        else:
            sys.stderr.write(line + "\n")
        sys.stderr.flush()


class Journal:
    """Parts of a long run that are done, one a line of a file, so that a stopped run can go on.

    Parameters
    ----------
    path : Path or None
        The file; None keeps nothing.
    scripts : sequence of str
        Names of the benchmark's own files. Parts made by other rules than those of today, or by
        other scripts, are passed over.
    about : mapping
        Options that a part depends on.
    """

    def __init__(self, path: Path | None, scripts: Sequence[str], **about: Any) -> None:
        self.path = path
        rules = ROOT / "src" / "barlovento"
        files = [*rules.glob("guard/*.py"), *rules.glob("domain/*.py")]
        code = hashlib.sha256()
        for file in sorted([*files, *(ROOT / "benchmarks" / name for name in scripts)]):
            code.update(file.read_bytes())
        self.about = {**about, "code": code.hexdigest()[:16]}
        self.done: dict[int, Any] = {}
        if path is not None and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                # A line that a stop cut short is no part.
                if line.endswith("}") and (part := json.loads(line))["about"] == self.about:
                    self.done[part["number"]] = part["part"]

    def keep(self, number: int, part: Any) -> None:
        """Remember a part."""
        self.done[number] = part
        if self.path is not None:
            line = json.dumps({"about": self.about, "number": number, "part": part})
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write("\n" + line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a finished command took, with all of its threads and child processes.

    Parameters
    ----------
    wall, cpu : float
        Elapsed time, and user plus system time [s].
    memory : float
        Largest resident memory of the command itself [MB].
    code : int
        Exit code.
    stdout, stderr : str
        What it printed.
    """

    wall: float
    cpu: float
    memory: float
    code: int
    stdout: str
    stderr: str


def measure(command: Sequence[str | Path], **environment: str) -> Cost:
    """Run a command and return its cost; ``wait4`` counts what it and its children used."""
    words = [str(word) for word in command]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        start = time.monotonic()
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=os.environ | environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        # Linux counts ru_maxrss in KiB, macOS in bytes.
        unit = 1024 if sys.platform != "darwin" else 1
        return Cost(
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            memory=usage.ru_maxrss * unit / 1e6,
            code=process.returncode,
            stdout=out.read(),
            stderr=err.read(),
        )


def barlovento() -> Path:
    """Return the ``barlovento`` command of the running interpreter's environment."""
    beside = Path(sys.executable).with_name("barlovento")
    found = str(beside) if beside.exists() else shutil.which("barlovento")
    if found is None:
        raise SystemExit("no `barlovento` command: run this with `uv run --all-extras`")
    return Path(found)


def data_folder() -> Path:
    """Return the folder with real data, $BARLOVENTO_DATA or ../shared/data."""
    folder = Path(os.environ.get("BARLOVENTO_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "surveys").is_dir():
        raise SystemExit(f"no surveys under {folder}: set BARLOVENTO_DATA")
    return folder


def table(rows: Iterable[Sequence[Any]], head: Sequence[str]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(show(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def show(value: Any) -> str:
    """Return one cell: numbers with three digits, what is unknown as a dash."""
    if value is None:
        return DASH
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != value:  # NaN
            return DASH
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)


def report(options: argparse.Namespace, *, block: str, content: dict[str, Any], text: str) -> None:
    """Print, write and publish one benchmark's outcome as the options say."""
    content = {"quick": bool(options.quick), **content}
    if options.out:
        options.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(text + "\n", encoding="utf-8")
    if options.publish:
        if options.quick:
            raise SystemExit("a quick run is not published")
        publish(block, text)
    print(json.dumps(content) if options.json else text)


def publish(block: str, text: str, page: Path = RESULTS_PAGE) -> None:
    """Replace what stands between the marks of ``block`` on the page of results."""
    old = page.read_text(encoding="utf-8")
    marks = re.compile(rf"(<!-- {block}: begin -->\n).*?(<!-- {block}: end -->)", re.DOTALL)
    if not marks.search(old):
        raise SystemExit(f"{page.name} has no place for {block}")
    page.write_text(marks.sub(lambda m: f"{m[1]}{text}\n{m[2]}", old), encoding="utf-8")


def append_line(path: Path, record: Mapping[str, Any]) -> None:
    """Append one record to a file of JSON lines, in one write, so that a stop can't cut it."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
        file.flush()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines; a last line that a stop cut off is dropped."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records
