"""Fixtures: surveys and posteriors that no inference made."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest


def load_imagined() -> Any:
    """Return the module beside this file; tests are no package, so it's loaded by its path."""
    spec = importlib.util.spec_from_file_location(
        "imagined", Path(__file__).with_name("imagined.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def imagined() -> Any:
    return load_imagined().imagined
