"""Asks for passphrases: never on the command line, where other users could read them."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path

from barlovento.errors import BadInput

FILE_VARIABLE = "BARLOVENTO_PASSPHRASE_FILE"
VARIABLE = "BARLOVENTO_PASSPHRASE"


class Asker:
    """Gives passphrases from a file, the environment, or the person at the terminal.

    Parameters
    ----------
    file : Path or None
        What ``--passphrase-file`` named.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file

    def __call__(self, key: Path) -> str:
        """Return the passphrase of a key that exists."""
        given = self._given()
        return given if given is not None else self._ask(f"Passphrase of {key}: ")

    def new(self, name: str) -> str:
        """Return the passphrase of a new key, asked for twice."""
        given = self._given()
        if given is not None:
            return given
        first = self._ask(f"New passphrase for {name}: ")
        if first != self._ask("The same again: "):
            raise BadInput("The two passphrases differ. Nothing was written; try again.")
        return first

    def _given(self) -> str | None:
        named = self.file or (
            Path(os.environ[FILE_VARIABLE]) if os.environ.get(FILE_VARIABLE) else None
        )
        if named is None:
            return os.environ.get(VARIABLE)
        try:
            return named.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"Can't read the passphrase file {named}: {error}.") from error

    def _ask(self, prompt: str) -> str:
        if not sys.stdin.isatty():
            raise BadInput(
                "A passphrase is needed and nobody is at the terminal. Give --passphrase-file, or "
                f"set {FILE_VARIABLE} to the name of a file, or {VARIABLE} to the passphrase."
            )
        return getpass.getpass(prompt, stream=sys.stderr)
