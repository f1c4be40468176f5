"""``barlovento bench``: how the program does on published benchmarks."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from barlovento.cli.console import console, emit, progress_bar

bench_app = App(
    name="bench",
    help="How the program does on published benchmarks.",
    help_format="markdown",
)


@bench_app.command
def search(
    *,
    case: Annotated[
        Literal["isotropic-19", "isotropic-53", "windy-medium", "windy-low"],
        Parameter(help="Grid and law of hits, as in the publication."),
    ],
    policy: Annotated[
        Literal["infotaxis", "space-aware", "barlovento"],
        Parameter(help="Who chooses the moves: two heuristics of the literature, or our own."),
    ],
    drones: Annotated[
        int,
        Parameter(
            help="How many search together from the start and share what they know; more than one "
            "only by our own policy."
        ),
    ] = 1,
    episodes: Annotated[int, Parameter(help="How many searches.")] = 200,
    seed: Annotated[int, Parameter(help="Same seed, same answer.")] = 1,
    json: Annotated[
        bool,
        Parameter(
            name="--json",
            negative=(),
            help="Print one JSON object on stdout; what people read goes to stderr.",
        ),
    ] = False,
) -> None:
    """Run the olfactory-search benchmark of Loisy and Heinonen (2023).

    A searcher on a grid looks for one hidden source by random detections. Given are the mean search
    time with its standard error, the steps after which 99 % of sources were found, the probability
    that a source is not found in 10,000 steps, and the time for a decision.

    ```
    barlovento bench search --case windy-medium --policy space-aware
    barlovento bench search --case isotropic-19 --policy barlovento --episodes 5000 --json
    barlovento bench search --case windy-medium --policy barlovento --drones 4
    ```
    """
    import time

    from barlovento.errors import UsageError
    from barlovento.search.cases import case as case_of
    from barlovento.search.episodes import run, score
    from barlovento.search.team import run_team

    if drones != 1 and policy != "barlovento":
        raise UsageError(
            f"{policy} is a policy for one drone. For {drones} choose --policy barlovento."
        )
    with progress_bar() as progress:
        which, numbers, clock = case_of(case), range(episodes), time.process_time
        if drones == 1:
            found = run(which, policy, numbers=numbers, seed=seed, clock=clock, progress=progress)
        else:
            found = run_team(
                which, drones, numbers=numbers, seed=seed, clock=clock, progress=progress
            )
    done = score(found)
    screen = console(json=json)
    team = f", {drones} drones" if drones > 1 else ""
    screen.print(f"{case}, {policy}{team}: {done.episodes} searches")
    screen.print(f"mean search time  {done.mean:.2f} +- {done.stderr:.2f} steps")
    late = f"{done.p99} steps" if done.p99 is not None else "never: more than 1 % stay unfound"
    screen.print(f"99 % found after  {late}")
    screen.print(f"not found         {done.not_found:.1e}")
    screen.print(f"trapped           {100 * done.trapped:.2g} % of searches")
    screen.print(f"a decision takes  {done.ms_per_decision:.3f} ms of CPU")
    if json:
        emit(
            {
                "case": case,
                "policy": policy,
                "drones": drones,
                "episodes": done.episodes,
                "seed": seed,
                "mean": done.mean,
                "stderr": done.stderr,
                "p99": done.p99,
                "not_found": done.not_found,
                "ms_per_decision": done.ms_per_decision,
                "mean_with_cap": done.mean_with_cap,
                "trapped": done.trapped,
                "decisions": done.decisions,
            }
        )
