"""What a long trial of imgcls-automl costs against the same model under a bare Keras `fit` loop.

Both train the same candidate on the same pictures: same network, recipe (one-cycle AdamW, flips), batches, epochs and
validation; each in a new process, in turns. Ours goes the whole way of a trial: study, suggest, build, compile, epochs
with validation and pruning decisions, result files. Counted is a trial's time from its start to its end, without
imports. Each process trains the candidate twice, the second time with another learning rate: the first trial finds
nothing to use again, the second finds what the first has left (under bare Keras: nothing).

49,152 training pictures are 384 batches of 128, which both systems train in full.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from measure.candidates import list_candidates
from measure.pictures import choose_pictures
from measure.record import Record, make_parser, print_table
from measure.trial_runs import TrialWork, by_system, run_interleaved

SYSTEMS = ("ours", "bare Keras")
TRIALS = ("first", "second")


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data", help="a real source instead of drawn pictures")
    parser.add_argument(
        "--repeats", type=int, default=5, help="pairs of runs (default: %(default)s)"
    )
    parser.add_argument(
        "--epochs", type=int, default=2, help="of each trial (default: %(default)s)"
    )
    parser.add_argument("--train", type=int, default=49_152, help="pictures (default: %(default)s)")
    parser.add_argument(
        "--validation", type=int, default=10_848, help="pictures (default: %(default)s)"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeats, arguments.epochs = 1, 1
        arguments.train, arguments.validation = 1280, 256
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("trial_overhead", arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = choose_pictures(
            arguments.data,
            folder / "pictures",
            train=arguments.train,
            validation=arguments.validation,
        )
        candidate = list_candidates(1)[0]
        slower = replace(candidate.training, learning_rate=candidate.training.learning_rate * 0.9)
        work = TrialWork(
            pictures=pictures,
            candidates=[candidate, replace(candidate, training=slower)],
            epochs=arguments.epochs,
            precision="auto",
            environment={},
        )
        run_interleaved(SYSTEMS, work, repeats=arguments.repeats, folder=folder, record=record)
    summary = summarise(record.measurements)
    show(summary)
    record.write(summary)
    return 0


def summarise(measurements: list[dict[str, Any]]) -> dict[str, Any]:
    """Median seconds and median ratio over the pairs, for the first and the second trial of a process."""
    summary: dict[str, Any] = {}
    for position, trial in enumerate(TRIALS):
        ours, bare = (
            [found["trials"][position]["seconds"] for found in by_system(measurements, system)]
            for system in SYSTEMS
        )
        ratios = [one / other for one, other in zip(ours, bare, strict=True)]
        summary[trial] = {
            "ours_seconds": median(ours),
            "bare_seconds": median(bare),
            "ratio": median(ratios),
            "lowest_ratio": min(ratios),
            "highest_ratio": max(ratios),
        }
    return summary


def show(summary: dict[str, Any]) -> None:
    columns = ("trial of a process", "ours, s", "bare Keras, s", "ratio", "lowest", "highest")
    print_table(
        "One trial, median over pairs", columns, [(k, *v.values()) for k, v in summary.items()]
    )


if __name__ == "__main__":
    sys.exit(main())
