"""Systems that train the same listed candidates, run one after the other, again and again, and compared."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from measure.candidates import write_candidates
from measure.jobs import run_job, training_environment
from measure.machine import find_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from imgcls_automl.plugin import Candidate
    from measure.pictures import PictureFiles
    from measure.record import Record

# Name -> the module that runs it, and the distribution it needs.
SYSTEMS = {
    "ours": ("systems.ours_trials", "optuna"),
    "bare Keras": ("systems.keras_loop", "keras"),
    "Optuna + Keras": ("systems.optuna_trials", "optuna"),
    "KerasTuner": ("systems.kerastuner_trials", "keras-tuner"),
}
NOT_INSTALLED = "not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialWork:
    """What every system is given.

    Attributes:
        pictures: To train and validate on.
        candidates: Trained in this order.
        epochs: Of each.
        precision: The dtype policy of the others; `"auto"` for the one that ours chooses.
        environment: Variables on top of those of ours.
        memory: Whether to measure it.
    """

    pictures: PictureFiles
    candidates: Sequence[Candidate]
    epochs: int
    precision: str
    environment: Mapping[str, str]
    memory: bool = True


def find_missing(systems: Sequence[str]) -> list[str]:
    """Those systems that cannot run here."""
    return [name for name in systems if find_version(SYSTEMS[name][1]) is None]


def run_interleaved(
    systems: Sequence[str], work: TrialWork, *, repeats: int, folder: Path, record: Record
) -> None:
    """Run all systems in turn, `repeats` times, and keep every measurement.

    The order turns by one each time, so that none always follows the same other one.
    """
    listed = write_candidates(folder / "candidates.json", work.candidates)
    job = {
        "pictures": work.pictures.to_json(),
        "candidates": listed,
        "epochs": work.epochs,
        "precision": work.precision,
    }
    for repeat in range(repeats):
        turn = repeat % len(systems)
        for name in [*systems[turn:], *systems[:turn]]:
            ended, answer = run_job(
                SYSTEMS[name][0],
                job,
                folder=folder / f"{repeat}-{name.replace(' ', '')}",
                environment={**training_environment(), **work.environment},
                memory=work.memory,
            )
            if ended.error is not None:
                raise RuntimeError(ended.error)
            if len(answer["trials"]) != len(work.candidates):
                raise RuntimeError(
                    f"{name} trained {len(answer['trials'])} of {len(work.candidates)} candidates."
                )
            record.add(
                system=name,
                repeat=repeat,
                process_seconds=ended.seconds,
                peak_bytes=ended.peak_bytes,
                **answer,
            )
            print(f"repeat {repeat + 1}/{repeats}: {name}: {mean_seconds(answer):.2f} s a trial")


def mean_seconds(measurement: Mapping[str, Any]) -> float:
    """Seconds a trial: all trials' time over their number, so that what only some of them pay counts its share."""
    trials = measurement["trials"]
    return float(sum(trial["seconds"] for trial in trials) / len(trials))


def by_system(measurements: Sequence[dict[str, Any]], system: str) -> list[dict[str, Any]]:
    """One system's measurements, in the order of repeats."""
    chosen = [found for found in measurements if found["system"] == system]
    return sorted(chosen, key=lambda found: found["repeat"])


def median_ratio(
    measurements: Sequence[dict[str, Any]], system: str, against: str = "bare Keras"
) -> float:
    """The median over repeats of one system's seconds a trial over another's in the same repeat."""
    pairs = zip(by_system(measurements, system), by_system(measurements, against), strict=True)
    return median(mean_seconds(one) / mean_seconds(other) for one, other in pairs)
