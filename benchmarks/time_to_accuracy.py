"""How soon a search reaches an accuracy: imgcls-automl, KerasTuner Hyperband, Optuna + Keras and AutoKeras.

All train on the same training pictures and validate on the same validation pictures (those of imgcls-automl's own
splits of the seed), each system in a process of its own, one after the other, seed by seed. The clock runs from the
start of the process to each new best validation accuracy, and to the end: the model tested, with ours also refitted
and reported. Nobody pays for decoding: ours finds its cache filled, the others find arrays. What is not reached counts
as the limit. Test accuracy is that of the model each system leaves: ours was refitted on train + validation.

Two tables. Out of the box: each as its users have it, ours with the flags its label tells. Same recipe and space:
Optuna and KerasTuner are given cnn_small with its one-cycle AdamW recipe (Optuna its baselines too; Hyperband cannot be
given any). AutoKeras takes no space of others and is only in the first. Hyperband and AutoKeras know no time limit:
they are stopped. Ours trains cnn_small by its recipe in either table, and is run once for both.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from measure.contest import (
    OUT_OF_THE_BOX,
    SAME_SPACE,
    Round,
    System,
    compete,
    time_to_reach,
)
from measure.machine import find_version
from measure.pictures import prepare_pictures
from measure.plot import plot_bests
from measure.record import MIB, Record, make_parser, print_table

NOT_INSTALLED = "not installed"
SCRIPT_EPOCHS = 12  # planned for a training by the Optuna script and Hyperband
PEERS = {
    "optuna": ("Optuna + Keras", "optuna", "systems.optuna_search"),
    "kerastuner": ("KerasTuner Hyperband", "keras-tuner", "systems.kerastuner_search"),
    "autokeras": ("AutoKeras", "autokeras", "systems.autokeras_search"),
}


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        "--data", default="digits", help="a source as imgcls-automl reads it (default: %(default)s)"
    )
    parser.add_argument("--seeds", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument(
        "--limit", type=float, default=720.0, help="seconds a search (default: %(default)s)"
    )
    parser.add_argument(
        "--targets",
        default="0.91,0.92,0.93",
        help="validation accuracies to time (default: %(default)s)",
    )
    parser.add_argument(
        "--systems",
        default="ours,optuna,kerastuner,autokeras",
        help="which (default: %(default)s)",
    )
    parser.add_argument(
        "--ours",
        action="append",
        metavar="LABEL=FLAGS",
        help="ours with these flags of `search`, labelled; may be repeated (default: as it is, and --preset fast)",
    )
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.limit, arguments.targets = 1, 90.0, "0.2,0.9"
        arguments.ours = arguments.ours or ["ours, quick=--preset fast"]
    arguments.ours = arguments.ours or ["ours=", "ours, --preset fast=--preset fast"]
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("time_to_accuracy", arguments)
    systems = list_systems(arguments)
    targets = [float(target) for target in arguments.targets.split(",")]
    with tempfile.TemporaryDirectory() as name:
        for seed in range(arguments.seeds):
            run_round(arguments, systems, seed, Path(name), record)
            summary = summarise(record.measurements, systems, targets, arguments.limit)
            record.write(summary)  # hours may pass until the next round ends
    for table, rows in summary.items():
        show(table, rows, targets, arguments.limit)
    draw(arguments, record, targets)
    return 0


def draw(arguments: argparse.Namespace, record: Record, targets: list[float]) -> None:
    if find_version("matplotlib") is None:
        print("Plot: not drawn, matplotlib is not installed")
        return
    plot = arguments.out / "time_to_accuracy.png"
    plot_bests(plot, list_curves(record.measurements), limit=arguments.limit, targets=targets)
    print(f"Plot: {plot}")


def list_systems(arguments: argparse.Namespace) -> list[System]:
    """What competes, in both tables; ours, with cnn_small and its recipe in either, is run once for both."""
    wanted = arguments.systems.split(",")
    unknown = sorted(set(wanted) - {"ours", *PEERS})
    if unknown:
        raise SystemExit(
            f"--systems: unknown {', '.join(unknown)}; known: ours, {', '.join(PEERS)}"
        )
    systems = []
    for variant in arguments.ours if "ours" in wanted else []:
        label, _, flags = variant.partition("=")
        systems.append(
            System(
                name=label,
                table=OUT_OF_THE_BOX,
                distribution="imgcls-automl",
                flags=tuple(shlex.split(flags)),
                epochs=1 if arguments.quick else None,
            )
        )
    for peer in (name for name in wanted if name in PEERS):
        name, distribution, module = PEERS[peer]
        epochs = None if peer == "autokeras" else SCRIPT_EPOCHS
        for table in (OUT_OF_THE_BOX,) if peer == "autokeras" else (OUT_OF_THE_BOX, SAME_SPACE):
            systems.append(
                System(
                    name=name,
                    table=table,
                    distribution=distribution,
                    module=module,
                    epochs=1 if arguments.quick else epochs,
                )
            )
    return systems


def run_round(
    arguments: argparse.Namespace, systems: list[System], seed: int, folder: Path, record: Record
) -> None:
    """Run all systems once, starting with another one each time."""
    source = Path(arguments.data)
    pictures = prepare_pictures(arguments.data, cache=folder / "cache", seed=seed)
    turn = seed % len(systems)
    running = [system for system in [*systems[turn:], *systems[:turn]] if system.installed]
    for number, system in enumerate(running):
        round_ = Round(
            data=str(source.resolve()) if source.exists() else arguments.data,
            pictures=pictures,
            seed=seed,
            limit=arguments.limit,
            trials=1 if arguments.quick else None,
            cache=folder / "cache",
        )
        outcome = compete(system, round_, folder / f"{seed}-{number}")
        record.add(system=system.name, table=system.table, seed=seed, **outcome.to_json())
        best = f"{outcome.bests[-1][1]:.4f}" if outcome.bests else "no epoch"
        print(
            f"seed {seed}: {system.name} ({system.table}): {best}", outcome.error or "", flush=True
        )


def summarise(
    measurements: list[dict[str, Any]], systems: list[System], targets: list[float], limit: float
) -> dict[str, dict[str, Any]]:
    """Table -> system -> medians over the seeds; what is not reached counts as the limit."""
    summary: dict[str, dict[str, Any]] = {OUT_OF_THE_BOX: {}, SAME_SPACE: {}}
    for system in systems:
        for table in tables_of(system):
            found = [
                one
                for one in measurements
                if (one["system"], one["table"]) == (system.name, system.table)
            ]
            summary[table][system.name] = (
                _take_medians(found, targets, limit) if found else NOT_INSTALLED
            )
    return summary


def tables_of(system: System) -> tuple[str, ...]:
    return (system.table,) if system.module else (OUT_OF_THE_BOX, SAME_SPACE)


def _take_medians(
    found: list[dict[str, Any]], targets: list[float], limit: float
) -> dict[str, Any]:
    tested = [one["test_accuracy"] for one in found if one["test_accuracy"] is not None]
    return {
        "seconds_to": {
            str(target): median(time_to_reach(one["bests"], target, limit) for one in found)
            for target in targets
        },
        "validation_accuracy": median(
            one["bests"][-1][1] if one["bests"] else 0.0 for one in found
        ),
        "test_accuracy": median(tested) if tested else None,
        "finished_seconds": median(
            limit if one["finished"] is None else one["finished"] for one in found
        ),
        "stopped": sum(one["finished"] is None and one["error"] is None for one in found),
        "failed": sum(one["error"] is not None for one in found),
        "peak_bytes": median(one["peak_bytes"] for one in found),
    }


def show(table: str, rows: dict[str, Any], targets: list[float], limit: float) -> None:
    columns = (
        "system",
        *(f"s to {target}" for target in targets),
        "best validation",
        "test",
        "finished, s",
        "peak, MiB",
    )
    cells = []
    for name, row in rows.items():
        if row == NOT_INSTALLED:
            cells.append((name, NOT_INSTALLED))
            continue
        times = [
            seconds if seconds < limit else "not reached" for seconds in row["seconds_to"].values()
        ]
        ended = row["finished_seconds"]
        if row["failed"] or row["stopped"]:
            ended = "failed" if row["failed"] else "stopped"
        accuracies = (row["validation_accuracy"], row["test_accuracy"])
        cells.append((name, *times, *accuracies, ended, row["peak_bytes"] / MIB))
    print_table(f"{table.capitalize()}, median over seeds", columns, cells)


def list_curves(measurements: list[dict[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    """Table -> system -> its curves, seed by seed."""
    curves: dict[str, dict[str, list[Any]]] = {OUT_OF_THE_BOX: {}, SAME_SPACE: {}}
    for one in measurements:
        ours = not any(one["system"] == name for name, _, _ in PEERS.values())
        for table in (OUT_OF_THE_BOX, SAME_SPACE) if ours else (one["table"],):
            curves[table].setdefault(one["system"], []).append(one["bests"])
    return curves


if __name__ == "__main__":
    sys.exit(main())
