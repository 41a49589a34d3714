"""Run folders without a search: what a leaderboard reads, drawn or copied from a real run as often as wanted."""

from __future__ import annotations

import csv
import json
import random
import shutil
from pathlib import Path
from typing import Any

# What neither a report nor a leaderboard reads, and all that is large.
_WEIGHTS = ("*.weights.h5", "*.keras", "checkpoint*", "evaluations")
_TOLD = ("candidate.json", "result.json", "history.csv")


def copy_run(run: Path, folder: Path) -> Path:
    """Copy a run without its weights, and return the copy."""
    shutil.copytree(run, folder, ignore=shutil.ignore_patterns(*_WEIGHTS))
    return folder


def multiply_trials(run: Path, folder: Path, trials: int) -> Path:
    """Make a run of so many trials out of those that one has, over and over, and return its folder."""
    known = sorted((run / "trials").iterdir(), key=lambda path: int(path.name))
    copy_run(run, folder)
    for number in range(trials):
        target = folder / "trials" / str(number)
        target.mkdir(exist_ok=True)
        for name in _TOLD:
            if (source := known[number % len(known)] / name).is_file():
                shutil.copyfile(source, target / name)
    return folder


def draw_run(folder: Path, trials: int) -> Path:
    """Write a run of made-up trials, none of them tested, and return its folder."""
    plugin = {"name": "cnn_small", "origin": "drawn", "value": "drawn"}
    shape, names = [28, 28, 1], [str(digit) for digit in range(10)]
    folder.mkdir()
    run = {
        "schema_version": 1,
        "status": "interrupted",
        "config": {"space": "cnn_small", "data": "drawn", "metric": "accuracy"},
        "plugins": {"space": plugin},
        "dataset": {
            "fingerprint": "drawn",
            "class_names": names,
            "class_counts": [4800] * len(names),
            "image_shape": shape,
            "split_sizes": [48_000, 12_000, 10_000],
        },
    }
    _write_json(folder / "run.json", run)
    scores = random.Random(0)
    for number in range(trials):
        _draw_trial(folder / "trials" / str(number), scores.uniform(0.85, 0.94))
    return folder


def _draw_trial(folder: Path, score: float) -> None:
    folder.mkdir(parents=True)
    candidate = {"model": {"blocks": 3, "filters": 32}, "training": {"learning_rate": score / 100}}
    result = {"state": "complete", "score": score, "epochs": 5, "epoch": 5, "seconds": 30.0}
    _write_json(folder / "candidate.json", candidate)
    _write_json(folder / "result.json", {**result, "parameters": 240_000, "latency_ms": 0.7})
    with (folder / "history.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "loss", "accuracy", "val_loss", "val_accuracy"])
        writer.writerows([epoch, 1 / epoch, score, 1 / epoch, score] for epoch in range(1, 6))


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps({"schema_version": 1, **values}), encoding="utf-8")
