"""The house's walls: imports run down only, and importing the package costs next to nothing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "barlovento"

LONGEST_MODULE = 400
"""Lines; a longer module is parted."""

HEAVY = {
    *("numpy", "scipy", "numba", "xarray", "pandas", "matplotlib", "arviz", "shapely"),
    *("pyproj", "pyarrow", "h5netcdf", "h5py", "pydantic", "chemicals", "jinja2", "rich"),
}

SLOW_TO_START = {"arviz", "numba", "matplotlib", "pandas", "xarray", "pyarrow", "scipy"}
"""What a person who only asks for help should not wait for."""


def loaded_by(code: str) -> set[str]:
    """Names of the top-level packages that a fresh interpreter holds after ``code``."""
    tail = "import json, sys\nprint(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    script = f"{code}\n{tail}"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_imports_run_down_only() -> None:
    done = subprocess.run(
        [
            *(
                sys.executable,
                "-c",
                "from importlinter.cli import lint_imports_command as run; run()",
            ),
            *("--config", str(ROOT / "pyproject.toml"), "--no-cache"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert loaded_by("import barlovento") & HEAVY == set()


@pytest.mark.skipif(
    not (SOURCE / "cli" / "app.py").exists(), reason="the command line is not there yet"
)
def test_asking_for_help_loads_nothing_slow() -> None:
    code = (
        "import sys\nfrom barlovento.cli import main\nsys.argv = ['barlovento', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
    )
    assert loaded_by(code) & SLOW_TO_START == set()


def test_public_names_exist() -> None:
    code = (
        "import barlovento\n"
        "for name in getattr(barlovento, '__all__', ()):\n    getattr(barlovento, name)\n"
    )
    loaded_by(code)


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE))
)
def test_module_says_what_it_is_and_stays_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), (
        "a module's docstring says in a sentence what is in it"
    )
    lines = text.count("\n")
    assert lines <= LONGEST_MODULE, "too long: part it"


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_nothing_is_caught_blindly(path: Path) -> None:
    handlers = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
    ]
    assert all(handler.type is not None for handler in handlers)


def test_empty_rooms_are_not_named_after_nothing() -> None:
    unwanted = {"utils", "core", "common", "helpers", "misc"}
    names = {path.stem for path in SOURCE.rglob("*")}
    assert names & unwanted == set()
