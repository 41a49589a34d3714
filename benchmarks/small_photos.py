"""Whether a search on few photos beats always naming the larger class, whatever the seed.

Each seed is one run of the command line with that `--seed`, which draws the split, the candidates and all training.
The table tells the accuracy on the run's test pictures with its 95% interval (Wilson), the floor (the share of test
pictures that show the most frequent training class), and whether the whole interval lies above the floor. A few dozen
test pictures make wide intervals: one seed alone tells little.

Runs follow each other, so that each has the whole machine; a run that fails ends the benchmark.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from measure.record import Record, make_parser, print_table
from measure.searches import run_search


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="a folder of class folders"
    )
    parser.add_argument("--space", default="resnet_small", help="default: %(default)s")
    parser.add_argument(
        "--seeds", type=int, default=5, help="runs, seeded from 0 (default: %(default)s)"
    )
    parser.add_argument(
        "--flags",
        default="--image-size 64 --preset fast --trials 2",
        help="of every search, in one text (default: %(default)s)",
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.flags = 2, "--trials 1 --epochs 1"
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("small_photos", arguments)
    with tempfile.TemporaryDirectory() as name:
        for seed in range(arguments.seeds):
            record.add(seed=seed, **search(arguments, seed, Path(name)))
    show(record.measurements, f"{arguments.space} {arguments.flags}")
    record.write(summarise(record.measurements))
    return 0


def search(arguments: argparse.Namespace, seed: int, folder: Path) -> dict[str, Any]:
    """Run one search and read what it says of itself.

    Returns:
        Accuracy on test with its interval, the floor, test pictures, the winner's validation score, trials that were
        trained to their end and seconds.

    Raises:
        RuntimeError: The search failed.
    """
    run, seconds = run_search(
        folder,
        space=arguments.space,
        data=str(arguments.data),
        seed=seed,
        flags=arguments.flags,
    )
    return {**read_run(run), "seconds": seconds}


def read_run(run: Path) -> dict[str, Any]:
    """Read the test scores, and how they came about, from a finished run folder."""
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    scores = json.loads((run / "best" / "metrics.json").read_text(encoding="utf-8"))
    accuracy, floor = scores["accuracy"], scores["majority_floor"]["value"]
    return {
        "accuracy": accuracy["value"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "floor": floor,
        "above": accuracy["low"] > floor,
        "pictures": told["dataset"]["split_sizes"][2],
        "validation": told["best_score"],
        "epochs": told["refit"]["epochs"],
        "trials": len(list((run / "trials").glob("*/result.json"))),
    }


def show(runs: list[dict[str, Any]], title: str) -> None:
    columns = ("seed", "test accuracy", "low", "high", "floor", "above?", "validation", "trials")
    values = ("seed", "accuracy", "low", "high", "floor", "above", "validation", "trials")
    rows = [
        tuple(("yes" if run[name] else "no") if name == "above" else run[name] for name in values)
        for run in runs
    ]
    print_table(title, columns, rows)


def summarise(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """How many seeds were above the floor, and the mean accuracy over them."""
    return {
        "seeds": len(runs),
        "above": sum(run["above"] for run in runs),
        "accuracy": mean(run["accuracy"] for run in runs),
        "seconds": mean(run["seconds"] for run in runs),
    }


if __name__ == "__main__":
    sys.exit(main())
