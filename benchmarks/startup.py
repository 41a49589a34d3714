"""How soon imgcls-automl is at work: `--help`, reading a large table of pixels, and the first training step.

A CSV of 60,000 rows of a label and 784 pixels is generated (about as many zeros as in Fashion-MNIST) and searched by
the command line, twice: with an empty cache, and with what the first search has cached. "data" is the time from the
run's start until the pictures are read, checked, split and cached, as run.json tells it. "first step" is the time from
starting the command until the first epoch begins, its first step still to be compiled, from the times in history.csv:
the end of the epoch less its seconds. Each search is interrupted after its first epoch.
"""

from __future__ import annotations

import argparse
import csv
import json
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
from measure.sources import write_table

COMMAND = str(Path(sys.executable).with_name("imgcls-automl"))
INTERRUPTED = 130
PATIENCE = 600.0  # seconds for one epoch to end


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--rows", type=int, default=60_000, help="pictures (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, help="of all (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rows, arguments.repeats = 1200, 1
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("startup", arguments)
    with tempfile.TemporaryDirectory() as name:
        table = Path(name) / "fashion-mnist_train.csv"
        write_table(table, arguments.rows)
        for repeat in range(arguments.repeats):
            record.add(measure="help", repeat=repeat, seconds=time_help())
            for cache in ("cold", "warm"):
                out, cached = Path(name) / f"{repeat}-{cache}", Path(name) / f"cache-{repeat}"
                times = time_first_step(table, out=out, cache=cached)
                record.add(measure=cache, repeat=repeat, **times)
    summary = summarise(record.measurements)
    rows = [(measure, value) for measure, value in summary.items()]
    print_table(f"Seconds, median of {arguments.repeats}", ("what", "s"), rows)
    record.write(summary)
    return 0


def time_help() -> float:
    """Seconds of `imgcls-automl --help`."""
    start = time.perf_counter()
    subprocess.run([COMMAND, "--help"], stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def time_first_step(table: Path, *, out: Path, cache: Path) -> dict[str, float]:
    """Search until one epoch is over; seconds of the data stage and to the first step."""
    command = [COMMAND, "search", "--space", "cnn_small", "--data", str(table), "--quiet"]
    command += ["--trials", "1", "--epochs", "2", "--out", str(out), "--cache-dir", str(cache)]
    history = out / "trials" / "0" / "history.csv"
    log = out.with_suffix(".txt")
    started = time.time()
    with log.open("w") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        while process.poll() is None and not history.exists():
            time.sleep(0.02)
            if time.time() > started + PATIENCE:
                process.kill()
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait()
    if process.returncode not in (0, INTERRUPTED):
        raise RuntimeError(f"The search ended with code {process.returncode}:\n{log.read_text()}")
    timings = json.loads((out / "run.json").read_text(encoding="utf-8"))["timings"]
    return {"data": timings["data"], "first_step": read_first_step(history) - started}


def read_first_step(history: Path) -> float:
    """When the first epoch began, in seconds since the epoch: its end less its duration."""
    with history.open(newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    return datetime.fromisoformat(row["time"]).timestamp() - float(row["seconds"])


def summarise(measurements: list[dict[str, Any]]) -> dict[str, float]:
    """Medians over the repeats, in seconds."""

    def middle(measure: str, value: str) -> float:
        return float(median(one[value] for one in measurements if one["measure"] == measure))

    return {
        "--help": middle("help", "seconds"),
        "data, cold cache": middle("cold", "data"),
        "data, warm cache": middle("warm", "data"),
        "first step, cold cache": middle("cold", "first_step"),
        "first step, warm cache": middle("warm", "first_step"),
    }


if __name__ == "__main__":
    sys.exit(main())
