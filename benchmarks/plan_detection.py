"""Predicted against achieved detection: sorties flown in the exercise's filaments.

Each world has one source in wandering, turbulent air, and sixteen drones that sweep legs across
the wind at once (they do not disturb the gas): each with its own height, spacing, place of the
first leg, sensor, and its own rate drawn from the prior. A sortie sees the source when one reading
of its sensor, lagged and noisy, passes the detection limit. The plan is told a wind and a stability
that are off by as much as forecasts are. Nothing of the prediction was fitted to these worlds.

Scores: slope of what happened on the prediction (least squares, and between logits), and the
expected calibration error over ten groups of equal size, with a bootstrap over worlds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from barlovento.plan.detection import sweep_detection
from plan_sweeps import DRONES, HALF, PRIOR, REACH, RELEASE, drawn, outcome, stream
from running import Journal, Progress, arguments, report, table


def predicted(number: int) -> list[dict[str, float]]:
    """Return what the plan says of the sorties of one world.

    A plan knows the prior of rates only. Here each sortie is predicted for its own rate, which
    asks more than the mean over the prior does.
    """
    plan = drawn(stream(number), number)
    rows = []
    for one in plan.sweeps:
        told = sweep_detection(
            plan.vehicle, one.sensor, height=one.height, spacing=one.spacing, weather=plan.weather,
            rate_prior=PRIOR, release_height=RELEASE, species="acetone",
            leg_seconds=(2 * HALF + one.spacing) / plan.speed, extent=REACH,
        )  # fmt: skip
        for_rate = np.interp(np.log(one.rate), np.log(told.rates), told.by_rate)
        rows.append(
            {
                "predicted": float(for_rate),
                "height": one.height,
                "spacing": one.spacing,
                "stability": float(number % 4),
            }
        )
    return rows


def scores(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return slope, intercept and calibration error."""
    p = np.clip([row["predicted"] for row in rows], 1e-3, 1 - 1e-3)
    y = np.array([row["seen"] for row in rows])
    z = np.log(p / (1 - p))
    ab = np.array([0.0, 1.0])
    design = np.column_stack([np.ones_like(z), z])
    for _ in range(30):
        mean = 1.0 / (1.0 + np.exp(-design @ ab))
        weight = np.maximum(mean * (1 - mean), 1e-9)
        ab = ab + np.linalg.solve(
            design.T @ (design * weight[:, None]) + 1e-9 * np.eye(2), design.T @ (y - mean)
        )
    order = np.argsort(p, kind="stable")
    error = sum(
        len(part) / len(p) * abs(float(p[part].mean() - y[part].mean()))
        for part in np.array_split(order, 10)
    )
    return {
        "sorties": float(len(rows)),
        "seen": float(y.mean()),
        "predicted": float(p.mean()),
        "slope": float(np.polyfit(p, y, 1)[0]),
        "logit": float(ab[1]),
        "ece": float(error),
    }


def main() -> int:
    """Run the benchmark; return its exit code."""
    parser = arguments(
        __doc__ or "",
        worlds={"type": int, "default": 313, "help": "worlds of sixteen sorties"},
        first={
            "type": int,
            "default": 40,
            "help": "score from this world on; constants of the "
            "prediction were chosen on those before",
        },
        journal={"type": Path, "help": "file that keeps finished worlds; a stopped run goes on"},
        only_done={"action": "store_true", "help": "score what the journal holds"},
    )
    options = parser.parse_args()
    count = 2 if options.quick else options.worlds
    journal = Journal(options.journal, ["plan_sweeps.py"])
    progress = Progress(count, "worlds")
    for number in range(count):
        if number not in journal.done and not options.only_done:
            journal.keep(number, outcome(number))
        progress.step()
    done = [
        [
            {**row, "seen": float(seen)}
            for row, seen in zip(predicted(n), journal.done[n], strict=True)
        ]
        for n in range(min(options.first, count - 1), count)
        if n in journal.done
    ]
    rows = [row for part in done for row in part]
    total = scores(rows)
    rng = np.random.default_rng(0)
    spread = [
        scores([row for k in rng.integers(0, len(done), len(done)) for row in done[k]])
        for _ in range(200)
    ]
    low, high = (
        {key: float(np.quantile([one[key] for one in spread], q)) for key in ("slope", "ece")}
        for q in (0.05, 0.95)
    )
    lines = [["all", total]]
    lines += [
        [f"class {name}", scores([r for r in rows if r["stability"] == k])]
        for k, name in enumerate("BCDE")
        if sum(r["stability"] == k for r in rows) > 20
    ]
    for name, inside in (
        ("below 20 m", lambda r: r["height"] < 20),
        ("20 m to 60 m", lambda r: r["height"] >= 20),
    ):
        some = [r for r in rows if inside(r)]
        if len(some) > 20:
            lines.append([name, scores(some)])
    text = table(
        [
            [name, int(s["sorties"]), s["predicted"], s["seen"], s["slope"], s["logit"], s["ece"]]
            for name, s in lines
        ],
        [
            "sorties",
            "how many",
            "predicted",
            "seen",
            "slope",
            "slope of logits",
            "calibration error",
        ],
    )
    text += (
        f"\n\nSlope {total['slope']:.2f} ({low['slope']:.2f} to {high['slope']:.2f}), "
        f"calibration error {total['ece']:.3f} ({low['ece']:.3f} to {high['ece']:.3f}) over "
        f"{len(done)} worlds of {DRONES} sorties; ranges hold 90 % of a bootstrap over worlds."
    )
    report(
        options,
        block="plan-detection",
        content={"scores": total, "low": low, "high": high, "worlds": len(done)},
        text=text,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
