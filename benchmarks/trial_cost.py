"""What many short trials cost: 20 candidates of 4 architectures, 2 epochs each over 2,560 pictures of 28x28.

Ours (one worker), a bare Keras loop, an Optuna + Keras script with a pruning callback, and KerasTuner train exactly the
same candidates with the same recipe in the same order, each in a process of its own, in turns. Seconds a trial are all
trials' time over their number; starting Python and importing the framework are not counted (the JSON has them), and
neither is reading the pictures. Peak memory is that of the process with all its children.
KerasTuner runs its grid search, which trains each listed candidate once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from measure.candidates import list_candidates
from measure.pictures import choose_pictures
from measure.record import MIB, Record, make_parser, print_table
from measure.trial_runs import (
    NOT_INSTALLED,
    SYSTEMS,
    TrialWork,
    by_system,
    find_missing,
    mean_seconds,
    median_ratio,
    run_interleaved,
)


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data", help="a real source instead of drawn pictures")
    parser.add_argument("--repeats", type=int, default=3, help="of all (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=20, help="candidates (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=2, help="of each (default: %(default)s)")
    parser.add_argument("--train", type=int, default=2560, help="pictures (default: %(default)s)")
    parser.add_argument(
        "--validation", type=int, default=640, help="pictures (default: %(default)s)"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeats, arguments.trials, arguments.epochs = 1, 2, 1
        arguments.train, arguments.validation = 256, 64
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("trial_cost", arguments)
    missing = find_missing(list(SYSTEMS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = choose_pictures(
            arguments.data,
            folder / "pictures",
            train=arguments.train,
            validation=arguments.validation,
        )
        work = TrialWork(
            pictures=pictures,
            candidates=list_candidates(arguments.trials),
            epochs=arguments.epochs,
            precision="float32",
            environment={},
        )
        run_interleaved(
            [system for system in SYSTEMS if system not in missing],
            work,
            repeats=arguments.repeats,
            folder=folder,
            record=record,
        )
    summary = summarise(record.measurements, missing)
    show(summary)
    record.write(summary)
    return 0


def summarise(measurements: list[dict[str, Any]], missing: list[str]) -> dict[str, Any]:
    """By system: median over repeats of seconds a trial, its ratio to the bare loop, and peak memory in bytes."""
    summary: dict[str, Any] = dict.fromkeys(missing, NOT_INSTALLED)
    for system in SYSTEMS:
        if system not in missing:
            found = by_system(measurements, system)
            summary[system] = {
                "seconds": median(mean_seconds(one) for one in found),
                "ratio": median_ratio(measurements, system),
                "peak_bytes": median(one["peak_bytes"] for one in found),
            }
    return summary


def show(summary: dict[str, Any]) -> None:
    rows = [
        (system, NOT_INSTALLED)
        if values == NOT_INSTALLED
        else (system, values["seconds"], values["ratio"], values["peak_bytes"] / MIB)
        for system, values in summary.items()
    ]
    columns = ("system", "s a trial", "of bare Keras", "peak memory, MiB")
    print_table("Short trials, median over repeats", columns, rows)


if __name__ == "__main__":
    sys.exit(main())
