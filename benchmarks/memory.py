"""Whether memory stays flat: a search of many small trials on digits, measured after each of them.

The figure is the memory of the search process and all its children together, right after a trial's result is on the
disk; shared libraries count once, and the JSON has the sum of RSS too. A worker grows with every network it compiles
until another takes its place, so what counts is how high that saw's teeth reach: up to the first trial of a pair, and
from there to the second. Linux only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure.memory_use import measure_tree
from measure.record import MIB, Record, make_parser, print_table

PAIRS = ((10, 60), (20, 200))  # trials to compare, counted from 1
LOOK_EVERY = 0.02  # seconds


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--data", default="digits", help="the pictures (default: %(default)s)")
    parser.add_argument("--space", default="cnn_small", help="search space (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=200, help="how many (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=2, help="of each (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.trials, arguments.epochs = 4, 1
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("memory", arguments)
    with tempfile.TemporaryDirectory() as name:
        search_and_measure(arguments, Path(name), record)
    summary = summarise(record.measurements)
    columns = (
        "trials",
        "highest up to the first, MiB",
        "highest from there to the second",
        "growth",
    )
    rows = [
        (pair, one["early"] / MIB, one["late"] / MIB, one["growth"] / MIB)
        for pair, one in summary.items()
    ]
    print_table("Memory of all processes together", columns, rows)
    record.write(summary)
    return 0


def search_and_measure(arguments: argparse.Namespace, folder: Path, record: Record) -> None:
    """Run a search through the command line and measure its processes after each trial."""
    command = [
        str(Path(sys.executable).with_name("imgcls-automl")),
        *("search", "--space", arguments.space, "--data", arguments.data, "--quiet"),
        *("--trials", str(arguments.trials), "--epochs", str(arguments.epochs)),
        *("--out", str(folder / "run"), "--cache-dir", str(folder / "cache")),
    ]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _measure_trials(process, folder / "run" / "trials", record)
        finally:
            process.terminate()
            process.wait()
    if len(record.measurements) < arguments.trials or process.returncode != 0:
        raise RuntimeError(
            f"The search ended with code {process.returncode} after {len(record.measurements)} of "
            f"{arguments.trials} trials:\n{(folder / 'log.txt').read_text()[-2000:]}"
        )


def _measure_trials(process: subprocess.Popen[bytes], trials: Path, record: Record) -> None:
    while process.poll() is None:
        number = len(record.measurements)
        if (trials / str(number) / "result.json").exists():
            use = measure_tree(process.pid)
            record.add(
                trial=number + 1,
                memory=use.once,
                rss=use.rss,
                processes=use.processes,
                time=time.time(),
            )
        time.sleep(LOOK_EVERY)


def summarise(measurements: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """The highest bytes up to and after the first trial of each pair; in a short run, of its middle and its end."""
    reached = len(measurements)
    pairs = [pair for pair in PAIRS if pair[1] <= reached] or [(max(1, reached // 2), reached)]
    return {
        f"{first} -> {second}": _compare(measurements, first, second) for first, second in pairs
    }


def _compare(measurements: list[dict[str, Any]], first: int, second: int) -> dict[str, float]:
    memory = [measurement["memory"] for measurement in measurements]
    early, late = max(memory[:first]), max(memory[first:second])
    return {"early": early, "late": late, "growth": late - early}


if __name__ == "__main__":
    sys.exit(main())
