"""One system's search for accuracy, in a process of its own: how its validation accuracy rose, and when it was done."""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure.jobs import run_job, run_process
from measure.machine import find_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from measure.jobs import Ended
    from measure.pictures import PictureFiles

OUT_OF_THE_BOX = "out of the box"
SAME_SPACE = "same recipe and space"
GRACE = 10.0  # seconds after the limit in which a system that keeps it may end


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What competes.

    Attributes:
        name: As the tables call it.
        table: `OUT_OF_THE_BOX` or `SAME_SPACE`.
        distribution: What has to be installed.
        module: Of `systems`; empty for ours, which is run by its command line.
        flags: Of that command line.
        epochs: Planned for a training; None to leave it to the system.
    """

    name: str
    table: str
    distribution: str
    module: str = ""
    flags: tuple[str, ...] = ()
    epochs: int | None = None

    @property
    def installed(self) -> bool:
        return find_version(self.distribution) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What all systems are given in one round.

    Attributes:
        data: The source, as imgcls-automl is told it.
        pictures: What that source holds, with the splits of this seed.
        seed: Of splits and searches.
        limit: Seconds from process start.
        trials: At most; None for no limit but time.
        cache: Where ours finds the decoded pictures, as the others find them in `pictures`.
    """

    data: str
    pictures: PictureFiles
    seed: int
    limit: float
    trials: int | None
    cache: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it. Times are seconds from process start.

    Attributes:
        bests: (seconds, validation accuracy) of each new best, up to the limit.
        finished: When all was done, tested and (ours) reported; None where it was stopped at the limit or failed.
        test_accuracy: Of the final model; None likewise.
        peak_bytes: Of all its processes together.
        error: Why it failed; what it reached before that stands.
    """

    bests: list[tuple[float, float]]
    finished: float | None
    test_accuracy: float | None
    peak_bytes: int | None
    error: str | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compete(system: System, round_: Round, folder: Path) -> Outcome:
    """Run one system once, in a new folder."""
    return (
        _run_ours(system, round_, folder)
        if not system.module
        else _run_peer(system, round_, folder)
    )


def _run_ours(system: System, round_: Round, folder: Path) -> Outcome:
    folder.mkdir(parents=True)
    run = folder / "run"
    command = [
        str(Path(sys.executable).with_name("imgcls-automl")),
        *("search", "--space", "cnn_small", "--data", round_.data, "--seed", str(round_.seed)),
        *("--timeout", f"{round_.limit}s", "--cache-dir", str(round_.cache), "--out", str(run)),
        *(("--epochs", str(system.epochs)) if system.epochs else ()),
        *(("--trials", str(round_.trials)) if round_.trials else ()),
        *("--quiet", *system.flags),
    ]
    ended = run_process(command, log=folder / "log.txt", environment={}, limit=round_.limit + GRACE)
    epochs = [epoch for history in run.rglob("history.csv") for epoch in read_history(history)]
    tested = None
    if not ended.stopped and ended.error is None:
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
        tested = record["test_metrics"]["accuracy"]["value"]
    return _describe(ended, epochs, round_.limit, tested)


def _run_peer(system: System, round_: Round, folder: Path) -> Outcome:
    job = {
        "pictures": round_.pictures.to_json(),
        "same": system.table == SAME_SPACE,
        "seed": round_.seed,
        "epochs": system.epochs,
        "trials": round_.trials,
        "limit": round_.limit,
        "started": time.time(),
    }
    ended, answer = run_job(
        system.module, job, folder=folder, environment={}, limit=round_.limit + GRACE
    )
    epochs = read_events(folder / "events.jsonl")
    return _describe(ended, epochs, round_.limit, answer.get("test_accuracy"))


def _describe(
    ended: Ended, epochs: Sequence[tuple[float, float]], limit: float, tested: float | None
) -> Outcome:
    done = not ended.stopped and ended.error is None
    return Outcome(
        bests=find_bests(epochs, ended.started, limit),
        finished=ended.seconds if done else None,
        test_accuracy=tested,
        peak_bytes=ended.peak_bytes,
        error=ended.error,
    )


def read_history(path: Path) -> list[tuple[float, float]]:
    """(seconds since the epoch, validation accuracy) of each epoch of one of our trainings."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            (datetime.fromisoformat(row["time"]).timestamp(), float(row["val_accuracy"]))
            for row in csv.DictReader(file)
        ]


def read_events(path: Path) -> list[tuple[float, float]]:
    """The same of what `systems.epoch_events` wrote; nothing where no epoch was finished."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    # A killed writer's last line may be cut.
    events = [json.loads(line) for line in lines if line.endswith("}")]
    return [(event["time"], event["accuracy"]) for event in events]


def find_bests(
    epochs: Sequence[tuple[float, float]], started: float, limit: float
) -> list[tuple[float, float]]:
    """Each new best validation accuracy and its seconds from the start, up to the limit."""
    bests: list[tuple[float, float]] = []
    for moment, accuracy in sorted(epochs):
        if moment - started <= limit and (not bests or accuracy > bests[-1][1]):
            bests.append((moment - started, accuracy))
    return bests


def time_to_reach(bests: Sequence[tuple[float, float]], target: float, limit: float) -> float:
    """Seconds to the first validation accuracy of at least `target`; the limit where it was not reached."""
    return next((seconds for seconds, accuracy in bests if accuracy >= target), limit)
