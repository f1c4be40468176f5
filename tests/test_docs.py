"""What is written about the program agrees with the program."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "barlovento"
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "benchmarks").glob("*.md")])

FLOATS = re.compile(r"\b(float|FloatArray|float64|ArrayLike)\b")
UNIT = re.compile(r"\[[^\]]+\]")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def page_id(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---------------------------------------------------------------- README


def test_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\npip install uv && uv run --all-extras barlovento demo\n" in text
    assert "\npip install uv && uv run --all-extras pytest\n" in text


def test_ci_runs_the_readmes_test_command() -> None:
    assert "\nuv run --all-extras pytest\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


# ---------------------------------------------------------------- links


def slug(heading: str) -> str:
    text = re.sub(r"[`*]|\[([^\]]+)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"[^\w\s-]", "", text).strip().lower()
    return re.sub(r"[\s-]+", "-", text)


def anchors(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {slug(match) for match in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_between_pages_resolve(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_python_on_pages_is_python(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        ast.parse(block)


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_pages_show_no_machine_paths(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|Users)/", text)


# ---------------------------------------------------------------- glossary


def test_glossary_has_both_languages() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith(("|---", "| English"))
    ]
    assert len(rows) >= 80
    assert all(len(row) == 3 and row[0] and row[1] for row in rows)
    english = [row[0] for row in rows]
    assert len(english) == len(set(english)), "one thing has one name"


# ---------------------------------------------------------------- results


def test_every_benchmark_has_a_place_in_the_results() -> None:
    text = (DOCS / "results.md").read_text(encoding="utf-8")
    named = set(re.findall(r"benchmarks/(\w+\.py)", text))
    scripts = {
        path.name
        for path in (ROOT / "benchmarks").glob("*.py")
        if "__main__" in path.read_text(encoding="utf-8")
    }
    assert named == scripts


# ---------------------------------------------------------------- command line


def commands() -> Iterator[tuple[str, Any]]:
    """Each command of the command line with its words, such as ``survey check``."""
    cyclopts = pytest.importorskip("cyclopts")
    app = importlib.import_module("barlovento.cli.app").app
    assert isinstance(app, cyclopts.App)

    def walk(node: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        names = [name for name in node if not name.startswith("-")]
        if words and node.default_command is not None:
            yield " ".join(words), node
        for name in names:
            yield from walk(node[name], (*words, name))

    return walk(app, ())


def section(command: str) -> str:
    """The part of the command line page that speaks of one command, or nothing."""
    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    found = re.search(
        rf"^## {re.escape(command)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return found[1] if found else ""


needs_cli = pytest.mark.skipif(
    not (SOURCE / "cli" / "app.py").exists(), reason="the command line is not there yet"
)


@needs_cli
def test_every_command_is_documented_and_has_help() -> None:
    for words, node in commands():
        assert section(words), f"docs/reference/cli.md has no heading for `{words}`"
        assert node.help or node.default_command.__doc__, f"`{words}` has no help"


@needs_cli
def test_every_documented_command_exists() -> None:
    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    assert documented == {words for words, _ in commands()}


@needs_cli
def test_every_option_is_documented() -> None:
    missing = []
    for words, node in commands():
        text = section(words)
        for argument in node.assemble_argument_collection():
            names = [name for name in argument.names if name.startswith("--")]
            if names and not any(name in text for name in names):
                missing.append(f"{words} {names[0]}")
    assert missing == []


# ---------------------------------------------------------------- docstrings


def public_definitions() -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public functions, methods and classes with their dotted names."""
    for path in sorted(SOURCE.rglob("*.py")):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        if any(part.startswith("_") and part != "__init__" for part in module.split(".")):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                yield f"{module}.{node.name}", node
                if isinstance(node, ast.ClassDef):
                    for inner in node.body:
                        if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                            yield f"{module}.{node.name}.{inner.name}", inner


DEFINITIONS = dict(public_definitions())


def owes_units(name: str, node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Functions do, and the nouns that rooms hand to each other."""
    return isinstance(node, ast.FunctionDef) or name.startswith("domain.")


def float_names(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Parameters or fields that hold floating-point numbers."""
    if isinstance(node, ast.ClassDef):
        pairs = [
            (inner.target.id, inner.annotation)
            for inner in node.body
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name)
        ]
    else:
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        pairs = [(arg.arg, arg.annotation) for arg in arguments if arg.annotation]
    # A function that is handed in has its own description.
    texts = [(name, ast.unparse(kind)) for name, kind in pairs]
    return [
        name
        for name, text in texts
        if FLOATS.search(text) and not re.match(r"(Callable|Progress)\b", text)
    ]


def entries(docstring: str) -> dict[str, str]:
    """Each documented parameter with the text that describes it (numpydoc)."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in docstring.splitlines():
        head = re.match(r"^(\*{0,2}\w+(?:, \*{0,2}\w+)*) *(?::.*)?$", line)
        if head and not line.startswith(" "):
            names = [name.strip().lstrip("*") for name in head[1].split(",")]
        for name in names:
            found[name] = f"{found.get(name, '')}\n{line}"
    return found


def is_overload_or_protocol(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return any("overload" in ast.unparse(decorator) for decorator in node.decorator_list)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_public_definition_has_a_docstring_with_units(name: str) -> None:
    node = DEFINITIONS[name]
    if is_overload_or_protocol(node):
        return
    docstring = ast.get_docstring(node)
    assert docstring, f"{name} has no docstring"
    if not owes_units(name, node):
        return
    described = entries(docstring)
    unitless = [
        parameter
        for parameter in float_names(node)
        if not UNIT.search(described.get(parameter, ""))
    ]
    assert not unitless, f"{name}: no unit in brackets for {', '.join(unitless)}"
