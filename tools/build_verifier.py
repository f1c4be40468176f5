"""Join the verifier's three modules into one file that outsiders can copy and read.

python tools/build_verifier.py            # write verifier/barlovento_verify.py
python tools/build_verifier.py --check    # fail when it is not what the modules give
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARTS = tuple(
    ROOT / "src" / "barlovento" / "guard" / f"{name}.py"
    for name in ("verifier", "ledger", "exported")
)
OUT = ROOT / "verifier" / "barlovento_verify.py"
HEAD = '''"""Verify a Barlovento log or proof, with nothing of Barlovento installed.

It needs Python 3.11 and the package ``cryptography``. Copy this file, read it, and run

    python barlovento_verify.py FILE --key "name+hash+base64"

Exit code 0: fine; 4: something is not what its hash or signature says; 1: unreadable. Written by
tools/build_verifier.py from guard/verifier.py, guard/ledger.py and guard/exported.py; don't edit.
"""

from __future__ import annotations

'''


def joined() -> str:
    """Return the one file: imports of the standard library first, then the three bodies."""
    imports: set[str] = set()
    bodies = []
    for path in PARTS:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            docstring = isinstance(node, ast.Expr) and node.lineno == 1
            if not docstring and not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            assert node.end_lineno is not None
            if not docstring:
                module = getattr(node, "module", "") or ""
                if not module.startswith(("barlovento", "__future__")):
                    imports.add(ast.unparse(node))
            for number in range(node.lineno - 1, node.end_lineno):
                lines[number] = ""
        bodies.append(f"# {'=' * 20} {path.name}\n\n" + "\n".join(lines).strip() + "\n")
    return HEAD + "\n".join(_merged(imports)) + "\n\n" + "\n\n".join(bodies)


def _merged(imports: set[str]) -> list[str]:
    """Return plain imports, then those from modules, each module once."""
    plain = sorted(line for line in imports if line.startswith("import "))
    named: dict[str, set[str]] = {}
    for line in imports - set(plain):
        module, names = line.removeprefix("from ").split(" import ")
        named.setdefault(module, set()).update(names.split(", "))
    return plain + [f"from {m} import {', '.join(sorted(n))}" for m, n in sorted(named.items())]


def main() -> int:
    """Write the file, or compare."""
    text = joined()
    if "--check" in sys.argv[1:]:
        same = OUT.exists() and OUT.read_text(encoding="utf-8") == text
        if not same:
            print(f"{OUT.name} is old: run python tools/build_verifier.py", file=sys.stderr)
        return 0 if same else 1
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
