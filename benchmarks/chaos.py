"""What a search survives: kills, damaged files, full disks, locked databases, rivals for one run folder.

Every kind of harm is done so many times as its option says, 0 to leave it out. Workers train in NumPy, so that a kill
costs a second; `--real` has the installed command train with Keras instead. Figures are printed beside their goals,
the limits in `disasters/goals.py`; where one is missed, the exit code is 1. Timings miss theirs where the machine is
busy with other work. What a command said unclearly is kept beside the measurements. Linux only.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from disasters import contention, costs, damage, kills
from disasters.goals import GOALS, find_missed, tell_goal
from disasters.scene import Scene
from measure.record import Record, make_parser, print_table

COUNTS = {
    "search-kills": (100, "search processes killed at random moments"),
    "worker-kills": (100, "workers killed at random moments"),
    "checkpoint-kills": (200, "processes killed while they write checkpoints"),
    "offsets": (50, "places at which each state file is truncated"),
    "disk-sizes": (20, "limits on the size of a file"),
    "lock-seconds": (30, "seconds that the database is locked"),
    "rounds": (20, "times that eight processes start one run"),
    "worker-trials": (20, "trials that one and two workers share, trained with Keras"),
    "watched-trials": (
        200,
        "small trials over which CPU and memory are watched, trained with Keras",
    ),
}
QUICK = {"lock-seconds": 1}


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    for name, (count, described) in COUNTS.items():
        parser.add_argument(
            f"--{name}", type=int, default=None, help=f"{described} (default: {count})"
        )
    parser.add_argument("--only", action="store_true", help="leave out what has no option given")
    parser.add_argument("--real", action="store_true", help="train with Keras in all of it")
    parser.add_argument("--space", default="cnn_small", help="of real trainings")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default: %(default)s)")
    arguments = parser.parse_args()
    for name, (count, _) in COUNTS.items():
        usual = QUICK.get(name, 0) if arguments.quick else 0 if arguments.only else count
        key = name.replace("-", "_")
        if getattr(arguments, key) is None:
            setattr(arguments, key, usual)
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("chaos", arguments)
    for name, count in list_scenarios(arguments):
        with tempfile.TemporaryDirectory() as folder:
            for figures in play(name, count, arguments, Path(folder)):
                record.add(scenario=name, **figures)
    missed = [it for measured in record.measurements for it in show_figures(measured)]
    record.write({"goals": GOALS, "missed": missed})
    return 1 if missed else 0


def show_figures(measurement: dict[str, Any]) -> list[str]:
    """Print a scenario's figures beside their goals; returns the names of those that miss theirs."""
    missed = find_missed(measurement)
    rows = [
        (name, value, tell_goal(name), "MISSED" if name in missed else "")
        for name, value in measurement.items()
        if name != "scenario"
    ]
    print_table(measurement["scenario"], ("figure", "value", "goal", ""), rows)
    return [f"{measurement['scenario']}: {name}" for name in missed]


def list_scenarios(arguments: argparse.Namespace) -> list[tuple[str, int]]:
    """Names and counts of what is to be played."""
    counts = [(name, getattr(arguments, name.replace("-", "_"))) for name in COUNTS]
    return [(name, count) for name, count in counts if count]


def play(
    name: str, count: int, arguments: argparse.Namespace, folder: Path
) -> list[dict[str, Any]]:
    """Do one kind of harm and return its figures, in a row or several."""
    dice = random.Random(arguments.seed)
    real = arguments.real or name in ("worker-trials", "watched-trials")
    scene = Scene(
        folder=folder, real=real, space=arguments.space, kept=arguments.out.resolve() / "chaos-said"
    )
    try:
        match name:
            case "search-kills":
                return [kills.kill_searches(scene, count, dice) | kills.measure_resume(scene)]
            case "worker-kills":
                return [kills.kill_workers(scene, count, dice)]
            case "checkpoint-kills":
                return [kill_checkpoints(count, arguments.seed, folder)]
            case "offsets":
                return damage.truncate_files(scene, count)
            case "disk-sizes":
                return [damage.fill_disks(scene, count)]
            case "lock-seconds":
                return [contention.lock_database(scene, float(count))]
            case "rounds":
                return [contention.start_together(scene, count)]
            case "worker-trials":
                return [costs.compare_workers(scene, count)]
            case "watched-trials":
                return [costs.watch_search(scene, count)]
    finally:
        scene.close()
    raise ValueError(f"there is no scenario {name}")


def kill_checkpoints(count: int, seed: int, folder: Path) -> dict[str, Any]:
    """Kill processes that write checkpoints; what was last whole has to be there."""
    from measure.checkpoint_kills import kill_writers  # loads the training code

    return asdict(kill_writers(count, folder, seed=seed))


if __name__ == "__main__":
    sys.exit(main())
