"""Proofs and tiles of a log's tree, from a function that knows the hashes of whole subtrees.

Hashes are those of RFC 6962, section 2.1; tiles are laid out as in c2sp.org/tlog-tiles. Checking
proofs is in ``verifier``.
"""

from __future__ import annotations

from collections.abc import Callable

from barlovento.errors import BadInput
from barlovento.guard.verifier import EMPTY_ROOT, node_hash

Node = Callable[[int, int], bytes]
"""Gives the hash of the whole subtree over entries ``index * 2**level`` and following."""

WIDTH = 256
"""Hashes in a full tile."""

LONGEST_ENTRY = 65535
"""Bytes: an entry's length has 16 bits in a bundle."""


def root(size: int, node: Node) -> bytes:
    """Return the root over the first ``size`` entries."""
    return _span(0, size, node) if size else EMPTY_ROOT


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that an entry is in the log (RFC 6962, section 2.1.1)."""
    if not 0 <= index < size:
        raise BadInput(f"There is no entry {index} in a log of {size}. Give 0 to {size - 1}.")
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + _half(high - low)
        if index < middle:
            path.append(_span(middle, high, node))
            high = middle
        else:
            path.append(_span(low, middle, node))
            low = middle
    return path[::-1]


def consistency(old: int, new: int, node: Node) -> list[bytes]:
    """Return the proof that a log only grew (RFC 6962, section 2.1.2)."""
    if not 0 <= old <= new:
        raise BadInput(f"A log of {new} entries can't have grown from {old}.")
    if old in (0, new):
        return []
    low, high, path, whole = 0, new, [], True
    while high != old:
        middle = low + _half(high - low)
        if old <= middle:
            path.append(_span(middle, high, node))
            high = middle
        else:
            path.append(_span(low, middle, node))
            low, whole = middle, False
    if not whole:
        path.append(_span(low, high, node))
    return path[::-1]


def tile_path(level: int | str, number: int, width: int = WIDTH) -> str:
    """Return where a tile stands; the level ``"entries"`` is for bundles of entries."""
    text = f"{number:03d}"
    text = text.zfill(-(-len(text) // 3) * 3)
    parts = [text[i : i + 3] for i in range(0, len(text), 3)]
    place = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{place}" + (f".p/{width}" if width < WIDTH else "")


def tiles(size: int) -> list[tuple[int, int, int]]:
    """Return level, number and width of every tile of a log."""
    found, level = [], 0
    while size:
        full, rest = divmod(size, WIDTH)
        found += [(level, number, WIDTH) for number in range(full)]
        if rest:
            found.append((level, full, rest))
        size, level = full, level + 1
    return found


def bundle(entries: list[bytes]) -> bytes:
    """Return entries as one bundle, each after its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def _half(length: int) -> int:
    """Return the largest power of two below a length of two or more."""
    return 1 << (length - 1).bit_length() - 1


def _span(low: int, high: int, node: Node) -> bytes:
    """Return the hash over a span that begins where a subtree does."""
    pieces = []
    while low < high:
        level = (high - low).bit_length() - 1
        pieces.append(node(level, low >> level))
        low += 1 << level
    found = pieces.pop()
    while pieces:
        found = node_hash(pieces.pop(), found)
    return found
