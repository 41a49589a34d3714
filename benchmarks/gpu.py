"""How well a device is used: trials an hour, pictures a second and the share of its peak arithmetic.

Ours, a bare Keras loop and (where it is installed) KerasTuner train the same candidates of 4 architectures on the
same drawn pictures of 28x28, in the dtype policy that ours chooses, each in a process of its own, in turns. Needs
numpy, keras, optuna and a backend, no more: run it from a checkout, without installing the package. Pictures a
second are those trained, over the whole time of the trials (validation and compiling too).

The peak is a large matrix product measured on the same device (in bfloat16 where that is the policy); --peak gives a
data sheet's figure instead. The arithmetic of a picture is three times the multiply-adds, each two operations, of the
convolutions and dense layers.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from measure.candidates import list_candidates, write_candidates
from measure.jobs import run_job, training_environment
from measure.pictures import draw_pictures
from measure.record import Record, make_parser, print_table
from measure.trial_runs import (
    NOT_INSTALLED,
    TrialWork,
    by_system,
    find_missing,
    median_ratio,
    run_interleaved,
)

SYSTEMS = ("ours", "bare Keras", "KerasTuner")


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        "--backend",
        choices=("tensorflow", "jax", "torch"),
        default=os.environ.get("KERAS_BACKEND", "tensorflow"),
        help="Keras's (default: KERAS_BACKEND, or tensorflow)",
    )
    parser.add_argument("--repeats", type=int, default=3, help="of all (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=8, help="candidates (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="of each (default: %(default)s)")
    parser.add_argument("--batch-size", type=int, default=256, help="(default: %(default)s)")
    parser.add_argument("--train", type=int, default=49_152, help="pictures (default: %(default)s)")
    parser.add_argument(
        "--validation", type=int, default=10_848, help="pictures (default: %(default)s)"
    )
    parser.add_argument(
        "--peak", type=float, help="the device's peak in TFLOP/s, instead of measuring it"
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.repeats, arguments.trials, arguments.epochs = 1, 1, 1
        arguments.train, arguments.validation, arguments.batch_size = 256, 64, 64
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("gpu", arguments)
    missing = find_missing(SYSTEMS)
    with tempfile.TemporaryDirectory() as name:
        work = make_work(arguments, Path(name))
        device = look_at_device(work, Path(name))
        print(f"{device['device']}, {device['backend']}, {device['precision']}")
        systems = [system for system in SYSTEMS if system not in missing]
        run_interleaved(systems, work, repeats=arguments.repeats, folder=Path(name), record=record)
    summary = summarise(record.measurements, arguments, device, missing)
    show(summary)
    record.write({"device": device, **summary})
    return 0


def make_work(arguments: argparse.Namespace, folder: Path) -> TrialWork:
    pictures = draw_pictures(
        folder / "pictures", train=arguments.train, validation=arguments.validation
    )
    return TrialWork(
        pictures=pictures,
        candidates=list_candidates(arguments.trials, batch_size=arguments.batch_size),
        epochs=arguments.epochs,
        precision="auto",
        environment={"KERAS_BACKEND": arguments.backend},
        memory=False,  # psutil may not be there
    )


def look_at_device(work: TrialWork, folder: Path) -> dict[str, Any]:
    """What `systems.device_peak` finds, in a process of its own so that the device is free again."""
    listed = write_candidates(folder / "looked-at.json", work.candidates)
    ended, answer = run_job(
        "systems.device_peak",
        {"pictures": work.pictures.to_json(), "candidates": listed},
        folder=folder / "device",
        environment={**training_environment(), **work.environment},
        memory=False,
    )
    if ended.error is not None:
        raise RuntimeError(ended.error)
    return answer


def summarise(
    measurements: list[dict[str, Any]],
    arguments: argparse.Namespace,
    device: dict[str, Any],
    missing: list[str],
) -> dict[str, Any]:
    """By system, medians over repeats: trials an hour, pictures a second, share of the peak, ratio to bare Keras."""
    peak = arguments.peak * 1e12 if arguments.peak else device["peak"]
    pictures = arguments.train * arguments.epochs
    summary: dict[str, Any] = dict.fromkeys(missing, NOT_INSTALLED)
    for system in SYSTEMS:
        if system in missing:
            continue
        seconds = median(
            sum(trial["seconds"] for trial in found["trials"])
            for found in by_system(measurements, system)
        )
        summary[system] = {
            "trials_an_hour": arguments.trials * 3600.0 / seconds,
            "pictures_a_second": arguments.trials * pictures / seconds,
            "share_of_peak": pictures * sum(device["operations"]) / seconds / peak,
            "ratio": median_ratio(measurements, system),
        }
    return summary


def show(summary: dict[str, Any]) -> None:
    rows = [
        (system, NOT_INSTALLED) if values == NOT_INSTALLED else (system, *values.values())
        for system, values in summary.items()
    ]
    columns = (
        "system",
        "trials an hour",
        "pictures a second",
        "share of peak",
        "time of bare Keras",
    )
    print_table("Median over repeats", columns, rows)


if __name__ == "__main__":
    sys.exit(main())
