"""How long a run's report takes and how large it is, and how long a leaderboard of a thousand trials takes.

Takes a finished run folder, which is copied and stays as it is. "report" is the command `report` on the copy;
"leaderboard" is the command `leaderboard` on a copy with a thousand trials, made of the run's own over and over, as a
table, as CSV and as a page. Seconds are those of the whole command, its start included; processor seconds, of all its
threads together, are changed little by other work on the machine. Repeats are interleaved, and medians told.
With --quick a run without pictures is drawn: its report has no errors to show.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from typing import Any

from measure.drawn_runs import copy_run, draw_run, multiply_trials
from measure.record import Record, make_parser, print_table

COMMAND = str(Path(sys.executable).with_name("imgcls-automl"))


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        "run", type=Path, nargs="?", metavar="RUN", help="a finished run (with --quick: drawn)"
    )
    parser.add_argument(
        "--trials", type=int, default=1000, help="of the leaderboard (default: %(default)s)"
    )
    parser.add_argument("--repeats", type=int, default=3, help="of all (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.trials, arguments.repeats = 50, 1
    elif arguments.run is None:
        parser.error("name a finished run folder, or give --quick")
    if arguments.run and not (arguments.run / "run.json").is_file():
        parser.error(f"{arguments.run} is no run folder: it has no run.json")
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("report_speed", arguments)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        source = arguments.run or draw_run(scratch / "drawn", trials=5)
        run = copy_run(source, scratch / "run")
        many = multiply_trials(source, scratch / "many", arguments.trials)
        commands = {
            "report": ["report", run],
            "leaderboard as a table": ["leaderboard", many],
            "leaderboard as CSV": ["leaderboard", many, "--format", "csv"],
            "leaderboard as a page": ["leaderboard", many, "--html", scratch / "board.html"],
        }
        for repeat in range(arguments.repeats):
            for what, words in commands.items():
                record.add(measure=what, repeat=repeat, **time_command(words))
        pages = {"report": run / "report.html", "leaderboard as a page": scratch / "board.html"}
        sizes = {what: page.stat().st_size / 1e6 for what, page in pages.items()}
    summary = {what: summarise(record.measurements, what) for what in commands}
    for what, size in sizes.items():
        summary[what]["megabytes"] = size
    show_summary(summary, arguments.trials)
    record.write(summary)
    return 0


def time_command(words: list[Any]) -> dict[str, float]:
    """Run one of our commands; its seconds, and those of the processor."""
    begun, used = time.perf_counter(), _count_processor_seconds()
    subprocess.run([COMMAND, *map(str, words)], stdout=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "processor_seconds": _count_processor_seconds() - used}


def _count_processor_seconds() -> float:
    used = getrusage(RUSAGE_CHILDREN)  # of those that have ended
    return used.ru_utime + used.ru_stime


def summarise(measurements: list[dict[str, Any]], what: str) -> dict[str, float]:
    """Medians over the repeats of one command."""
    ours = [one for one in measurements if one["measure"] == what]
    return {name: median(one[name] for one in ours) for name in ("seconds", "processor_seconds")}


def show_summary(summary: dict[str, dict[str, float]], trials: int) -> None:
    rows = [
        (what, found["seconds"], found["processor_seconds"], found.get("megabytes"))
        for what, found in summary.items()
    ]
    title = f"Reports of the run, leaderboards of {trials:,} trials"
    print_table(title, ("what", "s", "processor s", "MB"), rows)


if __name__ == "__main__":
    sys.exit(main())
