"""How fast pictures are read, and in how much memory: a folder of photos, very many files, a large table.

- "photos": class folders of JPEG files of 640x480 (drawn) become 128x128. Ours, with a fresh cache, against a loop of
  one process that opens, drafts, converts and resizes each file. The first loop asks draft mode for twice the final
  size, as Pillow's own thumbnail does and ours; its pixels are the same. The second asks for the final size, which is
  faster and coarser. The loops keep an array in memory; ours writes its cache and flushes it to the disk. The first
  loop once more, a part of the files in a process for each core at once, is as fast as these files can be decoded here.
- "cached": ours once more, with the cache it has just made.
- "files": 100,000 small JPEG files, "indexed" once each is listed, labelled, fingerprinted and its header read; then
  they are decoded, too. The memory of the first half is measured in a run of its own.
- "table": a CSV of 60,000 rows of a label and 784 pixels; each cell is checked.
- Peak memory of all processes together (sampled twice a second), for a quarter of the photos, for all, and so on.

All times are from the start of a process. Seconds "of all cores" are processor time, which other work on the machine
changes little. Repeats are interleaved; a ratio is the median of the repeats' own ratios.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from measure.jobs import run_job
from measure.machine import usable_cores
from measure.record import MIB, Record, make_parser, print_table
from measure.sources import copy_photos, draw_photos, link_photos, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping

SIDE = 128
OURS, SAME, COARSE = "ours", "Pillow loop, same pixels", "Pillow loop, coarser pixels"
AT_ONCE = "the first loop, a process a core"
MARGINS = {SAME: 2, COARSE: 1}


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--photos", type=int, default=2000, help="how many (default: %(default)s)")
    parser.add_argument(
        "--files", type=int, default=100_000, help="small files (default: %(default)s)"
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="a table to read (default: a drawn one)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="of all (default: %(default)s)")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="keeps the drawn sources (default: thrown away)"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.photos, arguments.files, arguments.repeats = 120, 200, 1
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("ingest", arguments)
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.work) as name:
        scratch = Path(name)
        sources = make_sources(arguments, arguments.work or scratch)
        for repeat in range(arguments.repeats):
            measure_photos(sources["photos"], scratch / f"{repeat}", repeat, record)
            for what in ("a quarter", "files", "index", "table"):
                times = run_ours(
                    sources[what],
                    scratch / f"{repeat}-{what[:5].strip()}",
                    index_only=what == "index",
                )
                record.add(measure=what, repeat=repeat, system=OURS, **times)
    summary = summarise(record.measurements)
    print_summary(summary, arguments)
    record.write(summary)
    return 0


def make_sources(arguments: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """What is read, by measure."""
    photos = draw_photos(folder, count=arguments.photos, size=(640, 480))
    table = arguments.csv
    if table is None:
        rows = 600 if arguments.quick else 60_000
        table = folder / f"fashion-mnist-{rows}.csv"
        if not table.exists():
            write_table(table, rows)
    files = copy_photos(folder, count=arguments.files, size=(32, 32))
    return {
        "photos": photos,
        "a quarter": link_photos(photos, count=arguments.photos // 4),
        "files": files,
        "index": files,
        "table": table.resolve(),
    }


def measure_photos(photos: Path, folder: Path, repeat: int, record: Record) -> None:
    """Run ours and the loops in turn, the order turning each time, then ours from its cache."""
    systems = [OURS, SAME, COARSE, AT_ONCE]
    turn = repeat % len(systems)
    cache = folder / "cache"
    for name in [*systems[turn:], *systems[:turn]]:
        if name == OURS:
            times = run_ours(photos, folder / "ours", cache=cache, side=SIDE, hash_pixels=True)
        elif name == AT_ONCE:
            times = run_loops_at_once(photos, folder / "at-once")
        else:
            times = run_loop(photos, folder / f"loop{MARGINS[name]}", MARGINS[name])
        record.add(measure="photos", repeat=repeat, system=name, **times)
        print(f"repeat {repeat + 1}: {name}: {times['seconds']:.2f} s")
    times = run_ours(photos, folder / "again", cache=cache, side=SIDE)
    record.add(measure="cached", repeat=repeat, system=OURS, **times)
    shutil.rmtree(folder)


def run_ours(
    source: Path,
    folder: Path,
    *,
    cache: Path | None = None,
    side: int | None = None,
    hash_pixels: bool = False,
    index_only: bool = False,
) -> dict[str, Any]:
    """Seconds until all is ready, and until all is indexed, from the process's start; bytes at the peak."""
    job = {"source": str(source), "cache": str(cache or folder / "cache"), "side": side}
    job |= {"hash": hash_pixels, "index_only": index_only}
    answer = _run("systems.ours_ingest", job, folder)
    started = answer.pop("started")
    return {
        **answer,
        "seconds": answer["ready"] - started,
        "indexed": max(0.0, answer["checked"] - started),
    }


def run_loop(
    source: Path, folder: Path, margin: int, part: tuple[int, int] = (0, 1)
) -> dict[str, Any]:
    """Seconds of the loop over a part of the files, as (number, parts), from its process's start to its end."""
    job = {"source": str(source), "side": SIDE, "margin": margin, "part": part}
    answer = _run("systems.pillow_loop", job, folder)
    return {**answer, "seconds": answer["process_seconds"]}


def run_loops_at_once(source: Path, folder: Path) -> dict[str, Any]:
    """Seconds of as many loops as there are cores, each over its part of the files: those of the slowest."""
    cores = usable_cores()

    def run_part(part: int) -> dict[str, Any]:
        return run_loop(source, folder / str(part), MARGINS[SAME], (part, cores))

    before = os.times()
    with ThreadPoolExecutor(cores) as threads:
        parts = list(threads.map(run_part, range(cores)))
    return {
        "seconds": max(part["seconds"] for part in parts),
        "cpu_seconds": _count_cpu_seconds(before),
    }


def _run(module: str, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    before = os.times()
    ended, answer = run_job(module, job, folder=folder, environment={})
    if ended.error is not None:
        raise RuntimeError(ended.error)
    shutil.rmtree(folder / "cache", ignore_errors=True)  # there is one only where none is shared
    return {
        **answer,
        "started": ended.started,
        "process_seconds": ended.seconds,
        "cpu_seconds": _count_cpu_seconds(before),
        "peak_bytes": ended.peak_bytes,
    }


def _count_cpu_seconds(before: os.times_result) -> float:
    """Of children that have ended since, user + system."""
    return sum(os.times()[2:4]) - sum(before[2:4])


def summarise(measurements: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the repeats in seconds, ratios, and peaks in bytes."""

    def find(measure: str, system: str = OURS) -> list[dict[str, Any]]:
        return [it for it in measurements if (it["measure"], it["system"]) == (measure, system)]

    def middle(measure: str, value: str = "seconds", system: str = OURS) -> float:
        return float(median(one[value] for one in find(measure, system)))

    def compare(slow: str, fast: str) -> float:
        pairs = zip(find("photos", slow), find("photos", fast), strict=True)
        return float(median(one["seconds"] / other["seconds"] for one, other in pairs))

    ours = find("photos")
    same = [one["pixels"] for one in find("photos", SAME)]
    return {
        "photos": {name: middle("photos", system=name) for name in (OURS, *MARGINS, AT_ONCE)},
        "cpu": {
            **{name: middle("photos", "cpu_seconds", name) for name in (OURS, *MARGINS, AT_ONCE)},
            **{name: middle(name, "cpu_seconds") for name in ("cached", "files", "table")},
        },
        "ratio": {name: compare(name, OURS) for name in MARGINS},
        "ceiling": compare(SAME, AT_ONCE),
        "same pixels": same == [one["pixels"] for one in ours],
        "cached": middle("cached"),
        "files": {"indexed": middle("files", "indexed"), "decoded": middle("files")},
        "table": middle("table"),
        "peak": {
            name: max(one["peak_bytes"] for one in find(name))
            for name in ("a quarter", "photos", "index", "files", "table")
        },
    }


def print_summary(summary: dict[str, Any], arguments: argparse.Namespace) -> None:
    photos = f"{arguments.photos:,} photos"
    cpu = summary["cpu"]
    rows = [
        (f"{photos}, {name}", seconds, cpu[name]) for name, seconds in summary["photos"].items()
    ]
    rows += [
        (f"{photos} from the cache", summary["cached"], cpu["cached"]),
        (f"{arguments.files:,} files indexed", summary["files"]["indexed"], None),
        (f"{arguments.files:,} files decoded, too", summary["files"]["decoded"], cpu["files"]),
        ("the table", summary["table"], cpu["table"]),
    ]
    title = f"Seconds, median of {arguments.repeats}"
    print_table(title, ("what", "from start to end", "of all cores"), rows)
    ratios = [(name, ratio) for name, ratio in summary["ratio"].items()]
    print_table("Times as fast as", ("what", "ratio"), ratios)
    print(f"Loops at once are {summary['ceiling']:.2f} times as fast as one; no reader is faster.")
    print(f"The same pixels as the first loop: {'yes' if summary['same pixels'] else 'no'}")
    names = {"index": "files, indexed only", "files": "files, decoded and compared, too"}
    peaks = [(names.get(name, name), size / MIB) for name, size in summary["peak"].items()]
    print_table("Peak memory of all processes", ("what", "MiB"), peaks)


if __name__ == "__main__":
    sys.exit(main())
