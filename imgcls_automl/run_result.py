"""What a run has come to, read from its folder."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from imgcls_automl.best_model import BestModel
from imgcls_automl.config import METRICS
from imgcls_automl.errors import GateNotMetError
from imgcls_automl.results.documents import damaged
from imgcls_automl.results.fields import (
    take_config,
    take_number,
    take_numbers,
    take_object,
    take_whole,
)
from imgcls_automl.run_folder import read_run_record


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run has come to.

    Attributes:
        folder: The run folder.
        status: `"running"`, `"complete"`, `"interrupted"` or `"failed"`.
        metric: What was selected by.
        best_trial: The winner's number; None while there is none.
        score: Its score on validation.
        test_metrics: As best/metrics.json: metric -> {value, low, high}; None until the model is tested.
        model: The saved model; None until there is one.
        fail_under: The test score that was asked for; None where none was.
        floor: What knowing the classes' frequencies alone scores on validation; None where it is not known.
        best: The saved model, to predict with; None until there is one.
    """

    folder: Path
    status: str
    metric: str
    best_trial: int | None
    score: float | None
    test_metrics: dict[str, Any] | None
    model: Path | None
    fail_under: float | None = None
    floor: float | None = None
    best: BestModel | None = field(default=None, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values, with `verdict` and `best_baseline`.

        Raises:
            RunFolderError: A file of the run is damaged.
        """
        names = (it.name for it in fields(self) if it.name != "best")
        values = {name: getattr(self, name) for name in names}
        told = {
            name: str(value) if isinstance(value, Path) else value for name, value in values.items()
        }
        return {**told, "verdict": self.verdict(), "best_baseline": self.best_baseline()}

    def verdict(self) -> list[str]:
        """The outcome in sentences: whether the search clearly beat baselines and floor, how the winner was chosen.

        Works while the search runs, and reads its files anew.

        Raises:
            RunFolderError: A file of the run is damaged.
        """
        from imgcls_automl.results.records import read_run
        from imgcls_automl.results.scores import read_scores
        from imgcls_automl.results.verdict import describe_outcome

        return describe_outcome(read_run(self.folder), read_scores(self.folder))

    def best_baseline(self) -> dict[str, Any] | None:
        """The best of the space's own proposals; None while none is complete. Reads the run's files anew.

        Returns:
            `trial`, its number; `score`, on validation; `retrained_score`, None where it was not retrained.

        Raises:
            RunFolderError: A file of the run is damaged.
        """
        from imgcls_automl.results.baseline import find_best_baseline
        from imgcls_automl.results.choice import find_contender
        from imgcls_automl.results.records import read_run

        run = read_run(self.folder)
        trial = find_best_baseline(run)
        if trial is None:
            return None
        contender = find_contender(run, trial)
        retrained = contender.score if contender and contender.retrained else None
        return {"trial": trial.number, "score": trial.score, "retrained_score": retrained}

    def leaderboard(self) -> Any:
        """All trials, best first, with the columns of leaderboard.csv; works while the search runs.

        Returns:
            A pandas DataFrame where pandas is installed; else a list of dicts, a row each.
        """
        from imgcls_automl.results.leaderboard import build_leaderboard
        from imgcls_automl.results.records import read_run

        board = build_leaderboard([read_run(self.folder)])
        rows = [{column: row.get(column) for column in board.columns} for row in board.rows]
        try:
            import pandas as pd
        except ImportError:
            return rows
        return pd.DataFrame(rows, columns=list(board.columns))

    def _repr_html_(self) -> str:
        """What a notebook shows: the outcome in words, and the best trials."""
        from imgcls_automl.results.notebook import show_outcome

        return show_outcome(self.folder)

    def check_gate(self) -> None:
        """Raise GateNotMetError where the test score is worse than was asked for."""
        wanted = self.fail_under
        if wanted is None or self.test_metrics is None:
            return
        reached = self.test_metrics[self.metric]["value"]
        missed = reached > wanted if METRICS[self.metric] == "minimize" else reached < wanted
        if missed:
            raise GateNotMetError(
                f"--fail-under: {self.metric} on test is {reached:.4f}, and {wanted} was asked for.\n"
                f"The model and the report are in {self.folder}."
            )


def load_result(path: Path) -> RunResult:
    """Read what a run has come to from its folder.

    Raises:
        RunFolderError: It is no run folder, is damaged or was written by a newer version.
    """
    record = read_run_record(path)
    model = path / "best" / "model.keras"
    try:
        config = take_config(record)
        return RunResult(
            folder=path,
            status=str(record["status"]),
            metric=config["metric"],
            best_trial=take_whole(record, "best_trial"),
            score=take_number(record, "best_score"),
            test_metrics=_read_test_metrics(record, config["metric"]),
            model=model if model.is_file() else None,
            best=BestModel(path) if model.is_file() else None,
            fail_under=take_number(config, "fail_under"),
            floor=take_numbers(take_object(record, "dataset"), "floor").get(config["metric"]),
        )
    except (KeyError, ValueError) as error:
        raise damaged(
            path / "run.json", f"a field is missing or of the wrong kind ({error})"
        ) from error


def _read_test_metrics(record: dict[str, Any], metric: str) -> dict[str, Any] | None:
    metrics = take_object(record, "test_metrics")
    if metrics and take_number(take_object(metrics, metric), "value") is None:
        raise ValueError(f"test_metrics has no {metric}")
    return metrics or None
