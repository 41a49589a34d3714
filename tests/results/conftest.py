"""Run folders as a search leaves them: digits measured for real, trials made up."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

FASHION = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)


@dataclass
class RunFolder:
    """Writes a run folder step by step, in the formats of schema_version 1."""

    path: Path
    class_names: tuple[str, ...] = FASHION
    metric: str = "accuracy"
    fingerprint: str = "sha256:4f2a9c"
    data: str = "fashion.csv"
    space: str = "cnn_small"
    floor: dict[str, float] = field(
        default_factory=lambda: {"accuracy": 0.1, "macro_f1": 0.018, "log_loss": 2.3026}
    )
    changes: dict[str, Any] = field(default_factory=dict)

    def write_run(self, **changes: Any) -> RunFolder:
        self.changes |= changes
        self.path.mkdir(parents=True, exist_ok=True)
        origin = "imgcls-automl 0.1.0"
        run = {
            "schema_version": 1,
            "status": "complete",
            "started": "2026-11-20T09:00:00Z",
            "config": {
                "space": self.space,
                "data": self.data,
                "data_option": {},
                "metric": self.metric,
                "preset": "medium",
                "timeout": 600.0,
                "trials": None,
                "seed": 0,
                "out": str(self.path),
            },
            "seed": 0,
            "versions": {"python": "3.11.9", "keras": "3.15.1", "tensorflow": "2.21.0"},
            "plugins": {
                "space": {"name": self.space, "origin": origin, "value": "spaces:CnnSmall"},
                "adapter": {"name": "fashion_mnist_csv", "origin": origin, "value": "plugins:Csv"},
            },
            "dataset": {
                "fingerprint": self.fingerprint,
                "class_names": list(self.class_names),
                "class_counts": [4800] * len(self.class_names),
                "image_shape": [28, 28, 1],
                "split_sizes": [48_000, 12_000, 10_000],
                "floor": self.floor,
            },
            "timings": {"data": 4.2, "search": 410.0, "refit": 120.5},
            "plan": {"epochs": 12, "top_k": 3, "seeds": 1},
            "best_trial": None,
            "test_metrics": None,
            "refit": None,
        }
        _write_json(self.path / "run.json", run | self.changes)
        return self

    def write_trial(
        self,
        number: int,
        *,
        state: str | None = "complete",
        score: float | None = 0.9,
        epochs: int = 5,
        cause: str | None = None,
        baseline: bool = False,
        model: dict[str, Any] | None = None,
        fold_scores: tuple[float, ...] = (),
        **training: Any,
    ) -> RunFolder:
        """Write one trial; state None leaves it without a result, as a running one is."""
        folder = self.path / "trials" / str(number)
        folder.mkdir(parents=True)
        _write_json(
            folder / "candidate.json",
            {
                "schema_version": 1,
                "number": number,
                "params": {"filters": 32, "learning_rate": 0.004},
                "model": {"blocks": 3, "filters": 16 * (1 + number % 5)} | (model or {}),
                "training": {
                    "batch_size": 128,
                    "optimizer": "adamw",
                    "learning_rate": 0.004,
                    "augmentation": {"horizontal_flip": number % 2 == 0, "rotation": 0.0},
                }
                | training,
                "task": {"image_shape": [28, 28, 1], "class_names": [], "class_counts": []},
                "baseline": baseline,
            },
        )
        _write_history(folder / "history.csv", epochs, score or 0.5)
        if state is not None:
            result = {
                "number": number,
                "state": state,
                "score": score,
                "metric": self.metric,
                "epoch": None if fold_scores else epochs or None,
                "fold_scores": list(fold_scores),
                "epochs": epochs,
                "planned_epochs": 12,
                "seconds": 10.0 + number,
                "parameters": 100_000 + number,
                "cause": cause,
                "detail": cause,
                "metrics": {"val_accuracy": score, "val_loss": 0.3, "val_macro_f1": score},
            }
            _write_json(folder / "result.json", {"schema_version": 1} | result)
        return self

    def write_selection(
        self,
        winner: int,
        scores: dict[int, list[tuple[float, float]]],
        *,
        retrained: bool = True,
        epochs: int = 12,
    ) -> RunFolder:
        """Say how the winner was chosen.

        Args:
            winner: Its trial.
            scores: For each contender its trainings: validation score without and with flips.
            retrained: Whether they were trained again.
            epochs: For how many.
        """
        lower = self.metric == "log_loss"
        contenders = []
        for trial, results in scores.items():
            plain, flipped = (sum(column) / len(results) for column in zip(*results, strict=True))
            flips = flipped < plain if lower else flipped > plain
            trainings = [
                {
                    "number": trial,
                    "seed": seed,
                    "score": score,
                    "flipped_score": mirrored,
                    "loss": 0.3,
                    "flipped_loss": 0.29 if flips else 0.31,
                    "epochs": epochs if retrained else 0,
                    "seconds": 20.0,
                    "shortened": retrained and epochs < 12,
                }
                for seed, (score, mirrored) in enumerate(results)
            ]
            score = flipped if flips else plain
            contenders.append(
                {"trial": trial, "score": score, "flips": flips, "results": trainings}
            )
        flips = next(it["flips"] for it in contenders if it["trial"] == winner)
        selection = {"winner": winner, "flips": flips, "retrained": retrained}
        return self.write_run(best_trial=winner, selection={**selection, "contenders": contenders})

    def write_best(
        self,
        labels: np.ndarray,
        probabilities: np.ndarray,
        ids: list[str],
        groups: list[str | None] | None = None,
    ) -> None:
        from imgcls_automl.results.evaluation import write_best_files
        from imgcls_automl.results.metrics import compute_metrics

        (self.path / "best").mkdir()
        counts = [10] * len(self.class_names)
        write_best_files(
            self.path / "best",
            ids=ids,
            labels=labels,
            probabilities=probabilities,
            class_names=self.class_names,
            metrics=compute_metrics(
                labels, probabilities, self.class_names, train_counts=counts, groups=groups
            ),
        )


@pytest.fixture(scope="session")
def run_folder_kind() -> type[RunFolder]:
    """For what writes runs of its own."""
    return RunFolder


@pytest.fixture(scope="session")
def named_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two finished runs that differ in their names alone: five hundred hostile ones, as many harmless ones."""
    from hostile_names import HARMLESS_NAMES, HOSTILE_NAMES
    from named_run import make_named_run

    hostile, harmless = (
        make_named_run(RunFolder, tmp_path_factory.mktemp("named") / "run", names).path
        for names in (HOSTILE_NAMES, HARMLESS_NAMES)
    )
    return hostile, harmless


@pytest.fixture
def run_folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "cnn_small-fashion").write_run()


@pytest.fixture
def finished_run(tmp_path: Path, digits_test: DigitsTest) -> RunFolder:
    """A complete search on the digits: two baselines, a winner, one of each other state."""
    run = RunFolder(
        tmp_path / "cnn_small-digits", class_names=tuple("0123456789"), data="digits"
    ).write_run(best_trial=2, refit={"epochs": 12, "seconds": 31.5})
    run.write_trial(0, score=0.951, baseline=True).write_trial(1, score=0.962, baseline=True)
    run.write_trial(2, score=0.973, epochs=9).write_trial(3, state="pruned", score=0.61, epochs=2)
    run.write_trial(4, state="failed", score=None, epochs=0, cause="out of memory")
    run.write_trial(5, state="infeasible", score=None, epochs=0, cause="build")
    run.write_best(digits_test.labels, digits_test.probabilities, digits_test.ids)
    return run


@dataclass(frozen=True)
class DigitsTest:
    """A real classifier's answers to digits it was not fitted on."""

    ids: list[str]
    labels: np.ndarray
    probabilities: np.ndarray


@pytest.fixture(scope="session")
def digits_test() -> DigitsTest:
    from sklearn.datasets import load_digits
    from sklearn.naive_bayes import GaussianNB

    images, labels = load_digits(return_X_y=True)
    model = GaussianNB(var_smoothing=0.1).fit(images[:900], labels[:900])
    probabilities = model.predict_proba(images[900:]).astype(np.float32)
    ids = [f"digits:{index}" for index in range(900, len(images))]
    return DigitsTest(ids, labels[900:], probabilities)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def _write_history(path: Path, epochs: int, score: float) -> None:
    names = ["epoch", "time", "seconds", "loss", "accuracy"]
    names += ["val_loss", "val_accuracy", "val_macro_f1"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for epoch in range(1, epochs + 1):
            reached = score - 0.35 * 0.5**epoch
            cells = [1 - reached, reached, 1.1 - reached, reached, reached - 0.01]
            writer.writerow([epoch, "2026-11-20T09:00:00Z", 2.5, *cells])
