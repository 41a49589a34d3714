"""What `--ensemble` is worth: test metrics of its model against those of the winner alone, seed after seed.

Each seed is one run of the command line, which draws the split, the candidates and all training. Its final model and
its winner alone, trained on the same pictures and each with a temperature of its own, are tested on the same test
pictures: best/metrics.json has both. Where validation found no average better than the winner, the two are one, and
the run counts with no difference. One seed's difference may be chance: the mean over seeds comes with its standard
error.

Runs follow each other, so that each has the whole machine; a run that fails ends the benchmark.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from measure.record import Record, make_parser, print_table
from measure.searches import run_search

METRICS = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error")
NAMES = ("accuracy", "macro F1", "log loss", "calibration error")
SIDES = ("with", "alone")


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data", default="digits", help="what --data takes (default: %(default)s)")
    parser.add_argument("--space", default="cnn_small", help="default: %(default)s")
    parser.add_argument(
        "--seeds", type=int, default=5, help="runs, seeded from 0 (default: %(default)s)"
    )
    parser.add_argument(
        "--flags",
        default="--trials 12 --preset medium",
        help="of every search, in one text (default: %(default)s)",
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.flags = 1, "--trials 3 --epochs 2"
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("ensemble", arguments)
    with tempfile.TemporaryDirectory() as name:
        for seed in range(arguments.seeds):
            run, seconds = run_search(
                Path(name),
                space=arguments.space,
                data=arguments.data,
                seed=seed,
                flags=f"{arguments.flags} --ensemble",
            )
            record.add(seed=seed, seconds=seconds, **read_run(run))
    summary = summarise(record.measurements)
    show(record.measurements, summary, f"{arguments.space} {arguments.flags} --ensemble")
    record.write(summary)
    return 0


def read_run(run: Path) -> dict[str, Any]:
    """Read the test metrics with the ensemble and of the winner alone, and who is in it, from a finished run folder."""
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    scores = json.loads((run / "best" / "metrics.json").read_text(encoding="utf-8"))
    alone = scores.get("single", scores)
    return {
        "members": len(told["final_model"]["members"]),
        "note": told["final_model"]["note"],
        "pictures": told["dataset"]["split_sizes"][2],
        "with": {metric: scores[metric]["value"] for metric in METRICS},
        "alone": {metric: alone[metric]["value"] for metric in METRICS},
    }


def summarise(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """By metric: the means with it and of the winner alone, and their mean difference with its standard error."""
    summary = {}
    for metric in METRICS:
        gains = [run["with"][metric] - run["alone"][metric] for run in runs]
        summary[metric] = {
            "with": mean(run["with"][metric] for run in runs),
            "alone": mean(run["alone"][metric] for run in runs),
            "difference": mean(gains),
            "standard error": stdev(gains) / math.sqrt(len(gains)) if len(gains) > 1 else None,
        }
    return {**summary, "seconds": mean(run["seconds"] for run in runs)}


def show(runs: list[dict[str, Any]], summary: dict[str, Any], title: str) -> None:
    rows = [
        (run["seed"], run["members"], *(run[how][it] for it in METRICS for how in SIDES))
        for run in runs
    ]
    columns = [f"{name}, {how}" for name in NAMES for how in SIDES]
    print_table(title, ("seed", "members", *columns), rows)
    means = [(name, *summary[metric].values()) for name, metric in zip(NAMES, METRICS, strict=True)]
    print_table(
        "Means over seeds", ("metric", "with", "alone", "difference", "standard error"), means
    )


if __name__ == "__main__":
    sys.exit(main())
