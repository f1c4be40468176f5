"""The shell: calls the stages in order and holds the clock; every verb of the program is here.

What is printed, and how the person is asked, belongs to the command line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from barlovento import __version__
from barlovento.errors import Fault, SurveyError

if TYPE_CHECKING:
    from barlovento.domain.observation import Survey
    from barlovento.domain.source import Posterior
    from barlovento.share.compare import Comparison

Progress = Callable[[float, str], None]

RESULT, POSTERIOR, SEARCHED, MAP, REPORT = OUTPUTS = (
    "result.json",
    "posterior.nc",
    "searched.nc",
    "map.png",
    "report.html",
)
SURVEY_FILES = ("survey/survey.toml", "survey/observations.csv", "survey/meteorology.csv")
TRUTH = "truth.json"

SIMULATED = 0.25
"""Share of a demonstration's time that the simulation takes, about, for the progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """What one run of ``locate`` left behind.

    Parameters
    ----------
    surveys : tuple of Survey
        As they were read.
    posterior : Posterior
        The answer.
    result : dict
        The content of ``result.json``.
    folder : Path
        Where the files are.
    replaced : tuple of str
        Files that were there before.
    """

    surveys: tuple[Survey, ...]
    posterior: Posterior
    result: dict[str, Any]
    folder: Path
    replaced: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrated:
    """What one demonstration left behind.

    Parameters
    ----------
    located : Located
        The answer.
    comparison : Comparison
        Found against true.
    """

    located: Located
    comparison: Comparison


def locate(
    paths: Sequence[Path],
    out: Path,
    *,
    seed: int = 1,
    command: str = "",
    progress: Progress | None = None,
) -> Located:
    """Read surveys of one area, find their sources and write the result files.

    Parameters
    ----------
    paths : sequence of Path
        Survey folders.
    out : Path
        Folder for the results; the files appear together or not at all.
    seed : int
        Same seed, same answer.
    command : str
        What the person ran, for the provenance.
    progress : callable, optional
        Called with the share done, 0 to 1, and the name of the stage.

    Returns
    -------
    Located
        The answer and where it lies.

    Raises
    ------
    SurveyError
        A survey has faults; all of them are in the error.
    BadInput
        ``out`` can't be written.
    """
    from barlovento.adapters.output_folder import OutputFolder

    started = time.monotonic()
    report = progress or _silent
    with OutputFolder(out, OUTPUTS) as folder:
        report(0.0, "reading the survey")
        surveys = _read(paths)
        posterior = _inferred(surveys, seed, report, 0.02)
        result, files = _files(surveys, posterior, command=command, started=started)
        replaced = folder.publish(files, last=RESULT)
    report(1.0, "done")
    return Located(
        surveys=surveys, posterior=posterior, result=result, folder=out, replaced=replaced
    )


def demonstrate(
    out: Path, *, seed: int = 1, command: str = "", progress: Progress | None = None
) -> Demonstrated:
    """Simulate a survey over a valley with hidden sources, locate them, compare with the truth.

    The solver reads the survey's folder as it would read anybody's; the truth is written only
    after it has answered.

    Parameters
    ----------
    out : Path
        Folder for the survey and the results; they appear together or not at all.
    seed : int
        Another seed, another valley.
    command : str
        What the person ran, for the provenance.
    progress : callable, optional
        Called with the share done, 0 to 1, and the name of the stage.

    Returns
    -------
    Demonstrated
        The answer, and found against true.

    Raises
    ------
    BadInput
        ``out`` can't be written.
    """
    from barlovento.adapters.output_folder import OutputFolder

    started = time.monotonic()
    report = progress or _silent
    with OutputFolder(out, (*OUTPUTS, *SURVEY_FILES, TRUTH)) as folder:
        report(0.0, "simulating a survey")
        from barlovento.exercise.folder import write_survey, write_truth
        from barlovento.exercise.scenarios import demo_valley
        from barlovento.exercise.world import simulate

        flown = simulate(demo_valley(seed), seed)
        surveys = _read([write_survey(flown, folder.part / "survey")])
        posterior = _inferred(surveys, seed, report, SIMULATED)
        result, files = _files(surveys, posterior, command=command, started=started)
        write_truth(flown, folder.part / TRUTH)
        for name in (*SURVEY_FILES, TRUTH):
            files[name] = (folder.part / name).read_bytes()
        replaced = folder.publish(files, last=RESULT)
    report(1.0, "done")
    located = Located(
        surveys=surveys, posterior=posterior, result=result, folder=out, replaced=replaced
    )

    from barlovento.share.compare import TrueSource, compare

    true = [TrueSource(x=s.x, y=s.y, emission_rate=s.emission_rate) for s in flown.scenario.sources]
    return Demonstrated(located=located, comparison=compare(posterior.sources, true))


def _inferred(
    surveys: Sequence[Survey], seed: int, report: Progress, begin: float, end: float = 0.94
) -> Posterior:
    """Infer, telling progress from ``begin`` to ``end`` [1]."""
    report(begin, "loading the solver")
    from barlovento.locate.infer import infer

    def tell(share: float, stage: str) -> None:
        report(begin + (end - begin) * share, stage)

    posterior = infer(*surveys, seed=seed, progress=tell)
    report(end, "drawing and writing")
    return posterior


def _read(paths: Sequence[Path]) -> tuple[Survey, ...]:
    """Read every survey, or tell the faults of all of them at once."""
    from barlovento.fly.survey import join_frames, read_survey

    surveys: list[Survey] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            surveys.append(read_survey(path))
        except SurveyError as error:
            faults.extend(
                # Two surveys have files of the same name.
                replace(fault, file=f"{path.name}/{fault.file or ''}") if len(paths) > 1 else fault
                for fault in error.faults
            )
    if faults:
        raise SurveyError(faults)
    return tuple(join_frames(surveys))


def _files(
    surveys: Sequence[Survey], posterior: Posterior, *, command: str, started: float
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the content of ``result.json`` and of every file by its name."""
    from barlovento.share.map import map_png
    from barlovento.share.netcdf import posterior_bytes, searched_bytes
    from barlovento.share.report import Provenance, report_html
    from barlovento.share.result import result_document, to_bytes

    attributes = {
        "title": " + ".join(survey.title for survey in surveys),
        "source": f"barlovento {__version__}",
        "survey_digests": " ".join(posterior.survey_digests),
        "seed": posterior.seed,
    }
    image = map_png(surveys, posterior)
    origin = Provenance(version=__version__, command=command, made=datetime.now(UTC))
    files = {
        POSTERIOR: posterior_bytes(posterior, attributes),
        SEARCHED: searched_bytes(posterior, surveys[0].frame, attributes),
        MAP: image,
        REPORT: report_html(surveys, posterior, image, origin),
    }
    # The clock is read last, so that the time told is the time waited for.
    result = result_document(
        surveys,
        posterior,
        version=__version__,
        command=command,
        elapsed=time.monotonic() - started,
    )
    return result, {**files, RESULT: to_bytes(result)}


def _silent(done: float, stage: str) -> None:
    """Take progress and say nothing."""
