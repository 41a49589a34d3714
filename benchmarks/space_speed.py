"""Seconds from the command to a validation accuracy, space by space.

Each contender is a space with its flags; all are run in turns, seed by seed, so that other work on the machine hits all
of them alike: trust their ratios. The clock runs from the start of the process to the ends of epochs, as history.csv
tells them. A run is stopped with Ctrl-C once it has reached all targets, or its one trial is over. A first run, which
does not count, decodes the pictures; the others find them in the cache.
"""

from __future__ import annotations

import argparse
import csv
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from measure.record import Record, make_parser, print_table

CONTENDERS = ("fast --epochs 2", "fast --epochs 3", "cnn_small --epochs 3", "cnn_small --epochs 5")
LOOK_SECONDS = 0.2  # between two looks at history.csv


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data", default="digits", help="a source (default: %(default)s)")
    parser.add_argument("--test-data", help="its test pictures (default: held out of --data)")
    parser.add_argument("--seeds", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument("--targets", default="0.90,0.91", help="default: %(default)s")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds a run")
    parser.add_argument(
        "--contender",
        action="append",
        metavar="'SPACE FLAGS'",
        help=f"may be given several times (default: {'; '.join(CONTENDERS)})",
    )
    arguments = parser.parse_args()
    arguments.contender = arguments.contender or list(CONTENDERS)
    if arguments.quick:
        arguments.seeds, arguments.contender = 1, ["fast --epochs 1"]
    return arguments


def main() -> int:
    arguments = parse_arguments()
    targets = [float(text) for text in arguments.targets.split(",")]
    record = Record("space_speed", arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not arguments.quick:
            watch(arguments, "fast --epochs 1", 0, folder / "warm-up", targets=[0.0])
        for seed in range(arguments.seeds):
            for number, contender in enumerate(arguments.contender):
                run = folder / f"run-{seed}-{number}"
                epochs = watch(arguments, contender, seed, run, targets=targets)
                reached = {str(target): time_to_reach(epochs, target) for target in targets}
                record.add(contender=contender, seed=seed, epochs=epochs, **reached)
            record.write(summarise(record.measurements, targets))  # the next round takes a while
    summary = summarise(record.measurements, targets)
    columns = ["median seconds to", *map(str, targets)]
    rows = [[contender, *reached.values()] for contender, reached in summary.items()]
    print_table(f"{arguments.data}, {arguments.seeds} seeds", columns, rows)
    return 0


def watch(
    arguments: argparse.Namespace,
    contender: str,
    seed: int,
    run: Path,
    *,
    targets: list[float],
) -> list[tuple[float, float]]:
    """Run a search until it has reached all targets, or its trial is over.

    Returns:
        Of each epoch the seconds from the start of the process to its end, and its validation accuracy; nothing where
        the limit was reached before one ended.

    Raises:
        RuntimeError: The search failed.
    """
    space, *flags = shlex.split(contender)
    command = [
        str(Path(sys.executable).with_name("imgcls-automl")),
        *("search", "--space", space, "--data", arguments.data, "--seed", str(seed)),
        *("--out", str(run), "--cache-dir", str(run.parent / "cache"), "--trials", "1", "--quiet"),
        *flags,
    ]
    begun = time.time()
    if arguments.test_data:
        command += ["--test-data", arguments.test_data]
    with run.with_suffix(".txt").open("w") as log:
        search = subprocess.Popen(command, stdout=log, stderr=log)
        epochs: list[tuple[float, float]] = []
        while search.poll() is None and time.time() - begun < arguments.limit:
            time.sleep(LOOK_SECONDS)
            epochs = read_epochs(run, begun)
            is_over = (run / "trials" / "0" / "result.json").exists()
            if is_over or all(time_to_reach(epochs, target) is not None for target in targets):
                break
        stopped = search.poll() is None
        if stopped:
            search.send_signal(signal.SIGINT)
        search.wait()
    if not epochs and not stopped:
        raise RuntimeError(f"{contender}: {run.with_suffix('.txt').read_text()[-500:]}")
    return epochs


def read_epochs(run: Path, begun: float) -> list[tuple[float, float]]:
    history = run / "trials" / "0" / "history.csv"
    if not history.exists():
        return []
    with history.open(encoding="utf-8") as file:
        return [
            (
                datetime.fromisoformat(row["time"]).timestamp() - begun,
                float(row["val_accuracy"]),
            )
            for row in csv.DictReader(file)
        ]


def time_to_reach(epochs: list[tuple[float, float]], target: float) -> float | None:
    return next((seconds for seconds, accuracy in epochs if accuracy >= target), None)


def summarise(
    measurements: list[dict[str, Any]], targets: list[float]
) -> dict[str, dict[str, float | None]]:
    """Median seconds to each target by contender; None where a seed did not reach it."""
    summary: dict[str, dict[str, float | None]] = {}
    for contender in dict.fromkeys(it["contender"] for it in measurements):
        runs = [it for it in measurements if it["contender"] == contender]
        summary[contender] = {}
        for target in map(str, targets):
            times = [it[target] for it in runs if it[target] is not None]
            summary[contender][target] = median(times) if len(times) == len(runs) else None
    return summary


if __name__ == "__main__":
    sys.exit(main())
