"""The command line: one thin command for each verb of the workspace."""

from __future__ import annotations

from barlovento.cli.app import app
from barlovento.cli.run import main

__all__ = ["app", "main"]
