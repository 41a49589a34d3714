"""What a run has come to, read from its folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imgcls_automl.config import METRICS
from imgcls_automl.errors import GateNotMetError
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
    """

    folder: Path
    status: str
    metric: str
    best_trial: int | None
    score: float | None
    test_metrics: dict[str, Any] | None
    model: Path | None
    fail_under: float | None = None

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        values = asdict(self)
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in values.items()
        }

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
    """Read what a run has come to from its folder."""
    record = read_run_record(path)
    model = path / "best" / "model.keras"
    return RunResult(
        folder=path,
        status=record["status"],
        metric=record["config"]["metric"],
        best_trial=record.get("best_trial"),
        score=record.get("best_score"),
        test_metrics=record.get("test_metrics"),
        model=model if model.is_file() else None,
        fail_under=record["config"].get("fail_under"),
    )
