# `just` alone runs what must be green before a commit.

export NO_MKDOCS_2_WARNING := "1"

default: lint types layers docs test

# Style and formatting.
lint:
    uv run ruff check .
    uv run ruff format --check .

# Mend what can be mended by itself.
fix:
    uv run ruff check --fix .
    uv run ruff format .

# Types, strict for src.
types:
    uv run mypy

# Imports run down only.
layers:
    uv run lint-imports

# Build the pages; a warning is an error.
docs:
    uv run --group docs mkdocs build --strict

# Serve the pages while writing.
serve:
    uv run --group docs mkdocs serve

# All tests; `just test -k survey` for some.
test *args:
    uv run --all-extras pytest {{args}}

# Resolve dependencies anew and write the pins into pyproject.toml.
pins:
    uv run python .ci/pins.py

# Every real survey, scored against its known source.
real *args:
    uv run --all-extras python benchmarks/real_surveys.py {{args}}

# Speed beside pyELQ.
speed *args:
    uv run --all-extras --group peers python benchmarks/speed_pyelq.py {{args}}

# What CI runs.
ci:
    bash .ci/run
