"""What a classification rests on, in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from barlovento.assess.classes import ClassTable
from barlovento.domain.emitter import BACKGROUND, UNEXPLAINED


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
            f"{prior[UNEXPLAINED]:.1%} that it is unexplained and {each_class}."
        ),
        (
            "What the classes give off is the generic table of look-alikes; how much gases may "
            f"scatter about it is assumed: main signs within {assume.main_gsd:g}, signs named "
            f"with them within {assume.with_gsd:g}, any other gas about {assume.rest_share:.0%} "
            f"within {assume.rest_gsd:g} (geometric standard deviations, with heavier tails)."
        ),
        (
            f"A gas that the table names is missing with {assume.sign_missing:.0%}, one of a group "
            f"with {assume.any_of_missing:.0%}; a gas that it does not name is there with "
            f"{assume.foreign:.0%}."
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
