"""Stone Soup's source-term example beside our planner, in Stone Soup's own world.

World, sensor, start, prior and stopping rule are those of its example of Monte Carlo tree search
for source term estimation: one plume in 50 m x 50 m, moves of 2 m, at most 100 readings, and an end
when the root of the trace of the whole covariance (eight parameters, units mixed) is below 3. The
manager is the example's myopic one by Kullback-Leibler divergence with 10,000 particles. Both are
run in one process, with Stone Soup's sensor reading for both. With --runs FILE finished runs are
kept there.
"""

from __future__ import annotations

import math
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from plume_particles import AHEAD, PRIORS, SIDE, SWEPT, TOP, Cloud, drawn, plan, sweep
from running import Progress, append_line, arguments, read_lines, report, table

TRUTH = (30.0, 40.0, 1.0, 5.0, 4.0, math.pi / 2, 1.0, 8.0)
START = (5.0, 15.0)
LONGEST, ENOUGH = 100, 3.0
THEIR_PARTICLES, OUR_PARTICLES = 10_000, 2000
PLANNED, SAMPLES = 400, 24
"""Particles that a plan is made with, and draws of readings."""
KEPT_SWEEP, KEPT_PLAN = 6, 3
"""Moves that are taken before there is a new plan."""
BEGIN = datetime(2026, 1, 1)  # noqa: DTZ001 -- Stone Soup's times have no zone.
WANTED = {"steps": 35.0, "rmse": 2.0, "stopped": 0.98}
ELSEWHERE = {"steps": 70.9, "rmse": 3.3, "stopped": 0.75}
"""The example's manager, measured on another machine with 8 seeds."""


def sensor_and_platform() -> tuple[Any, Any]:
    """Return the example's sensor on its platform."""
    from stonesoup.movable.grid import NStepDirectionalGridMovable
    from stonesoup.platform import FixedPlatform
    from stonesoup.sensor.gas import GasIntensitySensor
    from stonesoup.types.state import State

    sensor = GasIntensitySensor(
        min_noise=1e-4, missed_detection_probability=0.3, sensing_threshold=5e-4
    )
    platform = FixedPlatform(
        movement_controller=NStepDirectionalGridMovable(
            states=[State([[START[0]], [START[1]], [0.0]], timestamp=BEGIN)],
            position_mapping=(0, 1, 2), resolution=2, n_steps=1, step_size=1,
            action_mapping=(0, 1), action_space=np.array([[0, SIDE], [0, SIDE]]),
        ),
        sensors=[sensor],
    )  # fmt: skip
    return sensor, platform


def outcome(steps: int, place: Any, spread: float, begun: float) -> dict[str, Any]:
    """Return what is kept of a run."""
    return {
        "steps": steps,
        "error": math.hypot(place[0] - TRUTH[0], place[1] - TRUTH[1]),
        "stopped": bool(spread < ENOUGH),
        "cpu_s": time.process_time() - begun,
    }


def theirs(seed: int) -> dict[str, Any]:
    """Run the example's manager."""
    from stonesoup.models.measurement.gas import IsotropicPlume
    from stonesoup.models.transition.linear import CombinedGaussianTransitionModel, RandomWalk
    from stonesoup.predictor.particle import ParticlePredictor
    from stonesoup.regulariser.particle import MCMCRegulariser
    from stonesoup.resampler.particle import ESSResampler
    from stonesoup.sensormanager import BruteForceSensorManager
    from stonesoup.sensormanager.reward import ExpectedKLDivergence
    from stonesoup.types.groundtruth import GroundTruthState
    from stonesoup.types.hypothesis import SingleHypothesis
    from stonesoup.types.state import ParticleState, StateVectors
    from stonesoup.types.track import Track
    from stonesoup.updater.particle import ParticleUpdater

    def impossible(state: Any) -> Any:
        return (state.state_vector[[3, 4, 6, 7], :] < 0).any(axis=0)

    np.random.seed(seed)  # noqa: NPY002 -- Stone Soup draws from it.
    begun = time.process_time()
    sensor, platform = sensor_and_platform()
    predictor = ParticlePredictor(CombinedGaussianTransitionModel([RandomWalk(0.0)] * 8))
    updater = ParticleUpdater(
        IsotropicPlume(), resampler=ESSResampler(),
        regulariser=MCMCRegulariser(constraint_func=impossible), constraint_func=impossible,
    )  # fmt: skip
    manager = BruteForceSensorManager(
        sensors={sensor}, platforms={platform},
        reward_function=ExpectedKLDivergence(
            updater=ParticleUpdater(measurement_model=None), measurement_noise=True
        ),
    )  # fmt: skip
    n, draw = THEIR_PARTICLES, np.random.default_rng(seed)
    rows = [
        draw.uniform(0, SIDE, n), draw.uniform(0, SIDE, n), draw.uniform(0, TOP, n),
        draw.gamma(2, 5, n), *(draw.normal(mean, spread, n) for _, mean, spread in PRIORS),
    ]  # fmt: skip
    prior = ParticleState(StateVectors(rows), weight=np.full(n, 1 / n), timestamp=BEGIN)
    prior.parent = prior
    track = Track(prior)
    for step in range(1, LONGEST + 1):
        now = BEGIN + timedelta(seconds=step)
        if step > 1:
            chosen = manager.choose_actions(
                {track}, now, n_steps=2, step_size=2, action_mapping=(0, 1)
            )
            for actor, actions in chosen[0].items():
                actor.add_actions(actions)
                actor.act(now)
        truth = GroundTruthState(list(TRUTH), timestamp=now)
        reading = sensor.measure({truth}, noise=True).pop()
        predicted = predictor.predict(track[-1], timestamp=now)
        track.append(updater.update(SingleHypothesis(predicted, reading)))
        spread = float(np.sqrt(np.trace(track.state.covar)))
        if spread < ENOUGH:
            break
    return outcome(step, np.ravel(track.state.mean).astype(float), spread, begun)


def ours(seed: int) -> dict[str, Any]:
    """Run our belief and planner, with readings of Stone Soup's sensor."""
    from stonesoup.types.groundtruth import GroundTruthState
    from stonesoup.types.state import StateVector

    np.random.seed(seed)  # noqa: NPY002 -- Stone Soup draws from it.
    begun, rng = time.process_time(), np.random.default_rng(seed)
    sensor, _ = sensor_and_platform()
    model = sensor.measurement_model
    truth = GroundTruthState(list(TRUTH), timestamp=BEGIN)
    cloud = Cloud(drawn(OUR_PARTICLES, rng), rng)
    near, far = np.empty((AHEAD, 2)), np.empty((SWEPT, 2))
    queue: list[tuple[float, float]] = []
    (x, y), met = START, False
    for step in range(1, LONGEST + 1):
        if step > 1:
            if not queue:
                some = np.ascontiguousarray(cloud.equal(PLANNED))
                if met:
                    count = min(plan(some, x, y, SAMPLES, rng, near), KEPT_PLAN)
                else:
                    count = min(sweep(some, x, y, far), KEPT_SWEEP)
                queue = [(float(a), float(b)) for a, b in (near if met else far)[:count]]
            x, y = queue.pop(0)
        model.translation_offset = StateVector([x, y, 0.0])
        value = float(model.function(truth, noise=True)[0, 0])
        if value > 0.0:
            met, queue = True, []
        cloud.read(x, y, value)
        spread = cloud.spread()
        if spread < ENOUGH:
            break
    return outcome(step, cloud.mean(), spread, begun)


def summed(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean steps, error and share stopped, with standard errors."""
    steps, errors, ends = (
        np.array([run[name] for run in runs], float) for name in ("steps", "error", "stopped")
    )
    root = math.sqrt(len(runs))
    return {
        "runs": len(runs), "steps": steps.mean(), "steps_stderr": steps.std() / root,
        "rmse": math.sqrt((errors**2).mean()), "median_error": float(np.median(errors)),
        "stopped": ends.mean(), "cpu_s_step": sum(run["cpu_s"] for run in runs) / steps.sum(),
    }  # fmt: skip


def main() -> int:
    """Run the benchmark."""
    options = arguments(
        __doc__ or "",
        seeds={"type": int, "default": 200, "help": "runs of each"},
        runs={"type": Path, "help": "keep finished runs in this file, and go on from it"},
    ).parse_args()
    seeds = 2 if options.quick else options.seeds
    # Compiled code is loaded by a run whose time doesn't count.
    ours(10**6)
    kept = (
        {(run["who"], run["seed"]): run for run in read_lines(options.runs)} if options.runs else {}
    )
    progress = Progress(2 * seeds, "runs")
    found: dict[str, list[dict[str, Any]]] = {"Stone Soup": [], "barlovento": []}
    for seed in range(1, seeds + 1):
        for who, runner in (("Stone Soup", theirs), ("barlovento", ours)):
            run = kept.get((who, seed))
            if run is None:
                run = {"who": who, "seed": seed, **runner(seed)}
                if options.runs:
                    append_line(options.runs, run)
            found[who].append(run)
            progress.step(f"{who} {run['steps']} steps, {run['error']:.1f} m")
    scores = {who: summed(runs) for who, runs in found.items()}
    mine, other = scores["barlovento"], scores["Stone Soup"]
    spread = [f"{one['steps']:.1f} +- {one['steps_stderr']:.1f}" for one in (mine, other)]
    ratio = {name: mine[name] / other[name] for name in ("steps", "rmse", "median_error")}
    asked = {name: WANTED[name] / ELSEWHERE[name] for name in ("steps", "rmse")}
    text = table(
        [
            [
                "steps", f"<= {WANTED['steps']:.0f}", *spread, ELSEWHERE["steps"],
                f"{ratio['steps']:.2f} (asked {asked['steps']:.2f})",
            ],
            [
                "RMSE of the place, m", f"<= {WANTED['rmse']}", mine["rmse"], other["rmse"],
                ELSEWHERE["rmse"], f"{ratio['rmse']:.2f} (asked {asked['rmse']:.2f})",
            ],
            [
                "median error of the place, m", None, mine["median_error"],
                other["median_error"], None, f"{ratio['median_error']:.2f}",
            ],
            [
                "stopped before 100", f">= {WANTED['stopped']:.0%}", f"{mine['stopped']:.1%}",
                f"{other['stopped']:.1%}", f"{ELSEWHERE['stopped']:.0%}", None,
            ],
            ["CPU seconds a step", None, mine["cpu_s_step"], other["cpu_s_step"], None, None],
        ],
        [f"{seeds} seeds", "to reach", "barlovento", "Stone Soup here", "Stone Soup elsewhere",
         "ratio in this run"],
    )  # fmt: skip
    report(options, block="search-stonesoup", content=scores, text=text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
