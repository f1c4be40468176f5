"""The command line: one thin command for each verb of the workspace."""

from __future__ import annotations

from barlovento.cli.app import main

__all__ = ["main"]
