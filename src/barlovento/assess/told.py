"""What a classification rests on, in plain words."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from barlovento.assess.classes import ClassTable
from barlovento.domain.emitter import BACKGROUND, UNEXPLAINED

WORTH_ASKING = 0.05
"""A class less probable than this is not worth another instrument [1]."""


def unmeasured(
    table: ClassTable, probabilities: Mapping[str, float], measured: Collection[str]
) -> dict[str, str]:
    """Return for each class that can't be ruled out a gas whose measurement would tell more.

    Parameters
    ----------
    table : ClassTable
        The classes.
    probabilities : mapping of str to float
        Of each class [1].
    measured : collection of str
        Gases that were, by the table's names.

    Returns
    -------
    dict of str to str
        Class and the first gas that the table names for it, where none of a sign was measured.
    """
    return {
        one.name: next(iter(sign.offsets))
        for one in table.classes
        if probabilities[one.name] > WORTH_ASKING
        for sign in reversed(one.signs)
        if not set(sign.offsets) & set(measured)
    }


def assumptions_told(table: ClassTable, prior: Mapping[str, float]) -> tuple[str, ...]:
    """Return the assumptions of the table as sentences.

    Parameters
    ----------
    table : ClassTable
        With its assumptions.
    prior : mapping of str to float
        Probabilities before the readings [1].

    Returns
    -------
    tuple of str
        One for each group of widths.
    """
    assume = table.assume
    each = [p for name, p in prior.items() if name not in {BACKGROUND, UNEXPLAINED}]
    alike = max(each) - min(each) < 1e-9
    each_class = f"{each[0]:.1%} for each class" if alike else "the rest as was given"
    return (
        (
            f"Before the readings, {prior[BACKGROUND]:.0%} that there is no source, "
            f"{prior[UNEXPLAINED]:.1%} that it is unexplained and {each_class}; where a gas was "
            "found, locate's own probability stands for the first."
        ),
        (
            "What the classes give off is the generic table of look-alikes; how much gases may "
            f"scatter about it is assumed: main signs within {assume.main_gsd:g}, signs named "
            f"with them within {assume.with_gsd:g}, any other gas about {assume.rest_share:.0%} "
            f"within {assume.rest_gsd:g} (geometric standard deviations, with heavier tails)."
        ),
        (
            f"A gas that the table names is missing with {assume.sign_missing:.0%}, one of a group "
            f"with {assume.any_of_missing:.0%}, a class's one main gas never; beside "
            f"{assume.mixed:.0%} of emitters something else goes on, and then any other gas is "
            f"there with {assume.foreign[1]:.0%}."
        ),
        (
            "An unexplained source gives off any gases in any shares; every gas is alike to it. "
            f"Its rate is about {assume.unexplained_rate_g_s:g} g/s within a factor of "
            f"{assume.unexplained_rate_gsd:g}."
        ),
        (
            "The errors of the rates of different gases are taken as independent, save for a part "
            f"that moves all of them alike (within {assume.shared_rate_gsd:g})."
        ),
        (
            f"Unexplained is reported above {assume.report_unexplained_above:.0%} only, a class "
            f"above {assume.report_class_above:.0%}."
        ),
    )
