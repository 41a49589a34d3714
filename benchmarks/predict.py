"""How fast a run's model names JPEG files, against the slower of its halves: decoding alone, the model alone.

- "decoding": all files become the model's pixels, in the threads that prediction uses; no model is loaded.
- "model": as many ready pictures go through the saved model, in prediction's batches; the first, which compiles, apart.
- "ours": the files are predicted. Pictures a second are counted from the moment that the model is loaded; up to two
  batches are decoded by then, which is why few files look faster than many.

On a machine without a GPU both halves share the cores, and no overlap does more than keep all of them busy: how near to
the slower half one can come at all is the ceiling, its processor seconds against those of both. It is near 1 only where
one half is much the slower, as decoding is of photos straight from a camera (`--size 2048x1536`). Where a GPU does the
model's part, it is the slower half's own seconds, unless the processor seconds of both on all cores are more. Processor
milliseconds a picture, ours as what more files cost more, are changed little by other work on the machine; seconds are.
Repeats are interleaved; a ratio is the median of their own.
Peak memory is that of all processes together (sampled twice a second), for a quarter of the files and for all.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from measure.jobs import run_job, training_environment
from measure.machine import list_gpus, usable_cores
from measure.record import MIB, Record, make_parser, print_table
from measure.sources import copy_photos, link_photos

if TYPE_CHECKING:
    from collections.abc import Mapping

PARTS = ("decoding", "model")


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--files", type=int, default=10_000, help="how many (default: %(default)s)")
    parser.add_argument(
        "--side", type=int, default=64, help="of the model's pictures (default: %(default)s)"
    )
    parser.add_argument(
        "--size",
        type=_read_size,
        default=(320, 240),
        metavar="WxH",
        help="of the files' pictures (default: 320x240)",
    )
    parser.add_argument("--repeats", type=int, default=3, help="of all (default: %(default)s)")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="keeps the drawn files (default: thrown away)"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.files, arguments.repeats = 200, 1
    return arguments


def _read_size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


def main() -> int:
    arguments = parse_arguments()
    record = Record("predict", arguments)
    if arguments.work:
        arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=arguments.work) as name:
        scratch = Path(name)
        files = copy_photos(arguments.work or scratch, count=arguments.files, size=arguments.size)
        few = link_photos(files, count=arguments.files // 4)
        run = make_run(scratch, few, arguments.side)
        for repeat in range(arguments.repeats):
            for part in PARTS:
                job = {"part": part, "source": str(files), "pictures": arguments.files}
                record.add(measure=part, repeat=repeat, **_run("predict_parts", run, job, scratch))
            for measure, source in (("ours", files), ("a quarter", few)):
                found = _run("ours_predict", run, {"source": str(source)}, scratch)
                found["seconds"] = found["ended"] - found["opened"]
                record.add(measure=measure, repeat=repeat, **found)
    summary = summarise(record.measurements)
    print_summary(summary)
    record.write(summary)
    return 0


def make_run(scratch: Path, photos: Path, side: int) -> Path:
    """A real run: one trial of one epoch, for speed does not depend on what a network has learned."""
    from imgcls_automl import search

    result = search(
        space="cnn_small",
        data=str(photos),
        out=str(scratch / "run"),
        cache_dir=str(scratch / "cache"),
        **{"trials": 1, "epochs": 1, "preset": "fast", "image_size": side},
    )
    return result.folder


def _run(module: str, run: Path, job: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
    ended, answer = run_job(
        f"systems.{module}",
        {"run": str(run), **job},
        folder=scratch / "job",
        environment=training_environment(),
    )
    shutil.rmtree(scratch / "job")
    if ended.error is not None:
        raise RuntimeError(ended.error)
    return {**answer, "process_seconds": ended.seconds, "peak_bytes": ended.peak_bytes}


def summarise(measurements: list[dict[str, Any]]) -> dict[str, Any]:
    """Pictures a second, shares of the slower half and of the halves added up, peaks in bytes."""
    found = {
        measure: [it for it in measurements if it["measure"] == measure]
        for measure in (*PARTS, "ours", "a quarter")
    }
    turns = list(zip(*found.values(), strict=True))
    return {
        "speed": {
            name: median(it["pictures"] / it["seconds"] for it in found[name])
            for name in (*PARTS, "ours")
        },
        "of the slower half": median(
            max(decoding["seconds"], model["seconds"]) / ours["seconds"]
            for decoding, model, ours, _ in turns
        ),
        "ceiling of that": median(_find_ceiling(*halves) for *halves, _, _ in turns),
        "of both halves one after the other": median(
            (decoding["seconds"] + model["seconds"]) / ours["seconds"]
            for decoding, model, ours, _ in turns
        ),
        "processor ms a picture": {
            **{name: median(map(_busy_milliseconds, found[name])) for name in PARTS},
            "ours": median(_busy_milliseconds(_subtract(ours, few)) for *_, ours, few in turns),
        },
        "seconds from start to end": median(it["process_seconds"] for it in found["ours"]),
        "peak": {
            name: max(it["peak_bytes"] for it in found[name]) for name in ("a quarter", "ours")
        },
    }


def _find_ceiling(*halves: dict[str, Any]) -> float:
    """The highest share of the slower half's speed that this machine allows."""
    busy = [half["busy_seconds"] / usable_cores() for half in halves]
    # Without a GPU a half alone keeps all cores busy: what else ran on them meanwhile does not count.
    alone = [half["seconds"] for half in halves] if list_gpus() else busy
    return float(max(alone) / max(*alone, sum(busy)))


def _subtract(ours: dict[str, Any], few: dict[str, Any]) -> dict[str, Any]:
    """What all files took more than a quarter of them: without start and end."""
    return {name: ours[name] - few[name] for name in ("pictures", "busy_seconds")}


def _busy_milliseconds(measurement: dict[str, Any]) -> float:
    return float(1000 * measurement["busy_seconds"] / measurement["pictures"])


def print_summary(summary: dict[str, Any]) -> None:
    speeds = [(name, speed) for name, speed in summary["speed"].items()]
    print_table("Pictures a second", ("what", "median"), speeds)
    rows = [
        (name, summary[name])
        for name in (
            "of the slower half",
            "ceiling of that",
            "of both halves one after the other",
            "seconds from start to end",
        )
    ]
    print_table("Ours", ("what", "median"), rows)
    busy = list(summary["processor ms a picture"].items())
    print_table("Processor milliseconds a picture", ("what", "median"), busy)
    peaks = [(name, size / MIB) for name, size in summary["peak"].items()]
    print_table("Peak memory of all processes", ("files", "MiB"), peaks)


if __name__ == "__main__":
    sys.exit(main())
