"""Write the resolved version of every package into pyproject.toml, or check that it stands there.

The pins are name==version lines only, so that the repository records no download address.

    python .ci/pins.py            # resolve anew within the ranges of [project] and write the pins
    python .ci/pins.py --check    # fail when a package that resolves has no pin
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
BLOCK = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)


def resolved() -> list[str]:
    """Return name==version of each package that uv resolves, over all extras and groups."""
    subprocess.run(["uv", "lock", "--quiet"], cwd=ROOT, check=True)
    lines = subprocess.run(
        [
            *("uv", "export", "--quiet", "--all-extras", "--all-groups"),
            *("--no-hashes", "--no-annotate", "--no-header", "--no-emit-project"),
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    pins = {line.split(";")[0].strip() for line in lines if "==" in line}
    return sorted(pins, key=str.lower)


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    check = parser.parse_args().check
    text = PROJECT.read_text(encoding="utf-8")
    if check:
        wanted = tomllib.loads(text)["tool"]["uv"]["constraint-dependencies"]
        missing = sorted(set(resolved()) - set(wanted))
        for pin in missing:
            print(f"no pin for {pin}: run `just pins`", file=sys.stderr)
        return 1 if missing else 0
    # The old pins must not hold the resolver back, nor an old lock file.
    PROJECT.write_text(BLOCK.sub("constraint-dependencies = [\n]\n", text), encoding="utf-8")
    (ROOT / "uv.lock").unlink(missing_ok=True)
    try:
        pins = resolved()
    except subprocess.CalledProcessError:
        PROJECT.write_text(text, encoding="utf-8")
        return 1
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    block = f"constraint-dependencies = [\n{lines}]\n"
    PROJECT.write_text(BLOCK.sub(lambda _: block, text), encoding="utf-8")
    print(f"{len(pins)} packages pinned")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
