"""Problem and state as compiled records that kernels receive by one pointer.

A kernel that takes the named tuples of :mod:`barlovento.locate.unknowns` would be handed some
sixty arrays by value and compile for minutes; a record on the heap costs one pointer. The
arrays are shared, so that Python sees every change that a kernel makes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import njit, types
from numba.experimental import structref

from barlovento.locate.unknowns import Problem, State


@structref.register
class _ProblemType(types.StructRef):
    """Compiled type of a packed problem."""

    def preprocess_fields(self, fields: Any) -> Any:
        """Return the fields with literal types widened."""
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


@structref.register
class _StateType(types.StructRef):
    """Compiled type of a packed state."""

    def preprocess_fields(self, fields: Any) -> Any:
        """Return the fields with literal types widened."""
        return tuple((name, types.unliteral(kind)) for name, kind in fields)


class PackedProblem(structref.StructRefProxy):
    """Handle of a packed problem."""

    def __new__(cls, *fields: Any) -> Any:
        """Return a new handle."""
        return structref.StructRefProxy.__new__(cls, *fields)


class PackedState(structref.StructRefProxy):
    """Handle of a packed state."""

    def __new__(cls, *fields: Any) -> Any:
        """Return a new handle."""
        return structref.StructRefProxy.__new__(cls, *fields)


structref.define_proxy(PackedProblem, _ProblemType, list(Problem._fields))
structref.define_proxy(PackedState, _StateType, list(State._fields))


@njit(cache=True)
def _pack_problem(fields):  # type: ignore[no-untyped-def]
    """Return the record of the fields."""
    return PackedProblem(*fields)


@njit(cache=True)
def _pack_state(fields):  # type: ignore[no-untyped-def]
    """Return the record of the fields."""
    return PackedState(*fields)


def pack(value: Problem | State) -> Any:
    """Return the compiled record that shares the arrays of a problem or a state.

    Parameters
    ----------
    value : Problem or State
        Named tuple of arrays.

    Returns
    -------
    PackedProblem or PackedState
        To be handed to kernels.
    """
    if isinstance(value, Problem):
        return _pack_problem(tuple(value))
    return _pack_state(tuple(value))


class Pair(NamedTuple):
    """A problem and a chain, as Python sees them and as kernels do; the arrays are the same.

    ``p``, ``st``: named tuples of arrays. ``args``: their records, which kernels take first.
    """

    p: Problem
    st: State
    args: tuple[Any, Any]


def pair(p: Problem, st: State) -> Pair:
    """Return a problem and a chain with their records.

    Parameters
    ----------
    p, st : Problem, State
        The arrays and the chain.

    Returns
    -------
    Pair
        Both views.
    """
    return Pair(p, st, (pack(p), pack(st)))
