"""Whether memory stays flat: a search of many small trials on digits, measured after each of them.

The figure is the memory of the search process and all its children together, right after a trial's result is on the
disk, as PSS (a page that several processes share counts once); the JSON has the sum of RSS too. Single readings jump by
what the last network took, so the table shows the median of the five readings up to a trial beside the reading itself.
Linux only.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from measure.memory_use import measure_tree
from measure.record import MIB, Record, make_parser, print_table

PAIRS = ((10, 60), (20, 200))  # trials to compare, counted from 1
LOOK_EVERY = 0.02  # seconds
READINGS = 5


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
    columns = ("trials", "MiB at the first", "MiB at the second", "growth, MiB", "medians of 5")
    rows = [
        (pair, one["first"] / MIB, one["second"] / MIB, one["growth"] / MIB, one["smooth"] / MIB)
        for pair, one in summary.items()
    ]
    print_table("Memory of all processes together (PSS)", columns, rows)
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
                pss=use.pss,
                rss=use.rss,
                processes=use.processes,
                time=time.time(),
            )
        time.sleep(LOOK_EVERY)


def summarise(measurements: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Bytes at the trials of each pair, and their growth; in a short run, from its middle to its end."""
    reached = len(measurements)
    pairs = [pair for pair in PAIRS if pair[1] <= reached] or [(max(1, reached // 2), reached)]
    return {
        f"{first} -> {second}": _compare(measurements, first, second) for first, second in pairs
    }


def _compare(measurements: list[dict[str, Any]], first: int, second: int) -> dict[str, float]:
    pss = [measurement["pss"] for measurement in measurements]
    smooth = [median(pss[max(0, trial - READINGS) : trial]) for trial in (first, second)]
    one, other = pss[first - 1], pss[second - 1]
    return {"first": one, "second": other, "growth": other - one, "smooth": smooth[1] - smooth[0]}


if __name__ == "__main__":
    sys.exit(main())
