"""Writing survey files: the tables as CSV and ``survey.toml``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from barlovento.fly.cells import FloatArray, Words

#: Sections of survey.toml and what stands above them for people.
_HEADINGS = {
    "observations": "# The readings. `time` is the END of each averaging interval, in UTC.",
    "meteorology": "# The wind record, in SI units; directions are where the wind comes FROM.",
    "search": "# Where a source may be.",
}


def write_table(
    path: Path,
    numbers: Mapping[str, FloatArray],
    words: Mapping[str, Words],
) -> None:
    """Write columns as CSV.

    Parameters
    ----------
    path : Path
        The new file.
    numbers : mapping of str to ndarray, shape (n,)
        Number columns [unit of each], NaN for an empty cell; ``time`` since 1970 [s].
    words : mapping of str to Words
        Word columns.
    """
    import pyarrow as pa
    from pyarrow import csv

    columns: dict[str, Any] = {}
    for name, values in numbers.items():
        if name == "time":
            columns[name] = _time_cells(values)
        else:
            columns[name] = pa.array(values, mask=np.isnan(values))
    for name, column in words.items():
        index = pa.array(column.code, mask=column.code < 0)
        # A dictionary needs at least one entry.
        coded = pa.DictionaryArray.from_arrays(index, pa.array([*column.names, ""]))
        columns[name] = coded.cast(pa.string())
    options = csv.WriteOptions(quoting_style="needed", quoting_header="needed")
    csv.write_csv(pa.table(columns), path, options)


def _time_cells(seconds: NDArray[np.float64]) -> Any:
    """Return ISO 8601 with as many decimals as the times need."""
    import pyarrow as pa
    import pyarrow.compute as pc

    absent = np.isnan(seconds)
    micro = np.round(np.where(absent, 0.0, seconds) * 1e6).astype(np.int64)
    for unit, step in (("s", 1_000_000), ("ms", 1000), ("us", 1)):
        if not (micro % step).any():
            stamps = pa.array(micro // step, mask=absent).cast(pa.timestamp(unit, "UTC"))
            break
    return pc.strftime(stamps, format="%Y-%m-%dT%H:%M:%SZ")


def document_text(values: Mapping[str, Any]) -> str:
    """Return the text of a TOML document.

    Parameters
    ----------
    values : mapping
        Keys and, one level down, sections of keys. None leaves a key out.

    Returns
    -------
    str
        TOML.
    """
    lines = [f"{key} = {_toml(v)}" for key, v in values.items() if not isinstance(v, Mapping)]
    for section, keys in values.items():
        if isinstance(keys, Mapping):
            lines += ["", _HEADINGS.get(section, "#"), f"[{section}]"]
            lines += [f"{key} = {_toml(value)}" for key, value in keys.items() if value is not None]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, str):
        # A JSON string is a TOML basic string, as long as it escapes no surrogates; only the
        # control character DEL is allowed in one and not in the other.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}"
    raise TypeError(f"no TOML for {type(value).__name__}")
