"""What is said about whose airspace a place or an area lies in, and better limits to say it by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from barlovento.guard.nearest import FloatArray

Kind = Literal["land", "territorial", "high seas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sovereignty:
    """Whose airspace a place lies in.

    Parameters
    ----------
    state : str or None
        ISO 3166 alpha-2; None beyond every limit, and where no sovereign can be named.
    certain : bool
        The error can't change the answer, and nobody disputes it.
    distance : float
        At least so far is the nearest limit [m].
    error : float
        Of the limit [m].
    kind : str
        ``"land"``, ``"territorial"`` (internal waters too: the outline has no baselines to tell
        them apart) or ``"high seas"``.
    candidates : tuple of str
        States that it may belong to, given the error; the state itself among them.
    perhaps_free : bool
        It may lie beyond every limit, given the error.
    """

    state: str | None
    certain: bool
    distance: float
    error: float
    kind: Kind
    candidates: tuple[str, ...] = ()
    perhaps_free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Whose sovereign space an area may touch.

    Parameters
    ----------
    states : tuple of str
        ISO 3166 alpha-2; all of them have to agree.
    perhaps_free : bool
        Part of it may lie beyond every limit.
    unnamed : bool
        Part of it is land for which no sovereign can be named.
    """

    states: tuple[str, ...]
    perhaps_free: bool
    unnamed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finer:
    """A state's limits from a better source than the shipped outline.

    Parameters
    ----------
    state : str
        ISO 3166 alpha-2.
    begin, end : ndarray, shape (n, 3)
        Ends of short lines round its whole sovereign space, earth-centred [m].
    inside_left : ndarray of bool, shape (n,)
        The space lies to the left of the line.
    error : float
        Of the line [m].
    source, digest : str
        Where it comes from, and SHA-256 of the file.
    """

    state: str
    begin: FloatArray
    end: FloatArray
    inside_left: NDArray[np.bool_]
    error: float
    source: str
    digest: str
