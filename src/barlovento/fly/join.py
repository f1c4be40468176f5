"""Several surveys of one area in one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from barlovento.domain.geodesy import to_geographic, to_local
from barlovento.domain.observation import Frame, SearchArea, Survey
from barlovento.errors import BadInput, UsageError
from barlovento.fly.faults import listed

FloatArray = NDArray[np.float64]
#: Farther apart than this the plane of the first is no map of the second [m].
_FARTHEST = 100_000.0


def in_one_frame(surveys: Sequence[Survey]) -> list[Survey]:
    """Do what :func:`barlovento.fly.survey.join_frames` promises.

    Parameters
    ----------
    surveys : sequence of Survey
        At least one.

    Returns
    -------
    list of Survey
        In the same order and in the frame of the first.

    Raises
    ------
    UsageError
        There is no survey.
    BadInput
        They can't be joined.
    """
    if not surveys:
        raise UsageError("There is no survey to join. Name at least one folder.")
    first = surveys[0]
    if len(surveys) == 1:
        return [first]
    gases = dict.fromkeys(survey.species.name for survey in surveys)
    if len({survey.species.cas for survey in surveys}) > 1:
        raise BadInput(
            f"The surveys measured different gases: {listed(list(gases))}. "
            "Locate each gas for itself."
        )
    twice = [s for i, s in enumerate(surveys) if s.digest in {o.digest for o in surveys[:i]}]
    if twice:
        raise BadInput(
            f"The survey {_name(twice[0])} is named twice, and its readings would count twice. "
            "Name each survey once."
        )
    geographic = [survey.frame.geographic for survey in surveys]
    if any(geographic) and not all(geographic):
        raise BadInput(
            f"{listed([_name(s) for s in surveys if s.frame.geographic])} give longitude and "
            f"latitude, {listed([_name(s) for s in surveys if not s.frame.geographic])} local "
            "metres. Give all of them in longitude and latitude."
        )
    if not all(geographic):
        _check_axes(surveys)
        return list(surveys)
    return [first, *(_moved(survey, first.frame) for survey in surveys[1:])]


def _name(survey: Survey) -> str:
    return survey.path or repr(survey.title)


def _check_axes(surveys: Sequence[Survey]) -> None:
    names = {survey.frame.name for survey in surveys}
    if "" in names:
        unnamed = [_name(survey) for survey in surveys if not survey.frame.name]
        raise BadInput(
            f"{listed(unnamed)} do not say which axes their metres are measured along. "
            'Give the surveys the same frame = "..." in [observations] if x and y start from '
            "the same point in all of them."
        )
    if len(names) > 1:
        raise BadInput(
            f"The surveys use different axes: {listed([repr(n) for n in sorted(names)])}. "
            "Bring them to the same axes, or give longitude and latitude."
        )


def _moved(survey: Survey, frame: Frame) -> Survey:
    """Return the survey in the plane of another geographic frame."""
    here, there = _origin(survey.frame), _origin(frame)
    away = float(np.hypot(*to_local(*here, origin=there)))
    if away > _FARTHEST:
        raise BadInput(
            f"The survey {_name(survey)} lies {away / 1000:,.0f} km from the first. "
            "Locate places that far apart for themselves."
        )

    def moved(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return to_local(*to_geographic(x, y, origin=here), origin=there)

    obs = survey.observations
    x, y = moved(obs.x, obs.y)
    x2, y2 = moved(obs.x2, obs.y2)
    return replace(
        survey,
        observations=replace(obs, x=x, y=y, x2=x2, y2=y2),
        search=_moved_box(survey.search, here, there),
        frame=frame,
    )


def _origin(frame: Frame) -> tuple[float, float]:
    assert frame.longitude is not None
    assert frame.latitude is not None
    return frame.longitude, frame.latitude


def _moved_box(
    search: SearchArea, here: tuple[float, float], there: tuple[float, float]
) -> SearchArea:
    share = np.linspace(0.0, 1.0, 9)
    along_x = search.x[0] + (search.x[1] - search.x[0]) * share
    along_y = search.y[0] + (search.y[1] - search.y[0]) * share
    grid_x, grid_y = np.meshgrid(along_x, along_y)
    x, y = to_local(*to_geographic(grid_x, grid_y, origin=here), origin=there)
    return replace(
        search,
        x=(float(x.min()), float(x.max())),
        y=(float(y.min()), float(y.max())),
    )
