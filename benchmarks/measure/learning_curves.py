"""How validation accuracy rose in finished trials, and how early it told who would win."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """One trial that was trained to its end.

    Attributes:
        trial: Its number in the search.
        baseline: Whether it is one of the space's known-good points, which every search tries first.
        planned_epochs: Of its schedule; early stopping may have ended it before.
        scores: Validation accuracy after each epoch.
    """

    trial: int
    baseline: bool
    planned_epochs: int
    scores: tuple[float, ...]

    @property
    def final(self) -> float:
        """The score of the trial: that of its best epoch, whose weights are kept."""
        return max(self.scores)

    def score_after(self, epochs: int) -> float:
        """The score of the last epoch among the first so many."""
        return self.scores[:epochs][-1]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read_curves(run: Path) -> list[LearningCurve]:
    """Read the trials of a run folder, in their order; those that failed or were infeasible are left out.

    Raises:
        ValueError: A trial was cut short, so that nobody knows what would have become of it, or trials differ in
            their planned epochs, or there are fewer than three.
    """
    from imgcls_automl.results.trial_record import read_trials
    from imgcls_automl.trial_history import read_history

    curves = []
    for trial in read_trials(run / "trials", "interrupted"):
        if trial.state in ("failed", "infeasible"):
            continue
        if trial.state != "complete" or trial.cause is not None or trial.planned_epochs is None:
            raise ValueError(
                f"{run}: trial {trial.number} is {trial.state} after {trial.epochs} epochs; a replay "
                "needs trials that were trained to their end.\nRecord them with --keep DIR."
            )
        curve = LearningCurve(
            trial=trial.number,
            baseline=trial.baseline,
            planned_epochs=trial.planned_epochs,
            scores=tuple(epoch["val_accuracy"] for epoch in read_history(trial.folder)),
        )
        curves.append(curve)
    if len(curves) < 3 or len({curve.planned_epochs for curve in curves}) > 1:
        raise ValueError(
            f"{run}: a replay needs three finished trials or more, all of the same planned epochs, but got "
            f"{[curve.planned_epochs for curve in curves]}."
        )
    return curves


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What the scores after some epochs told of the final ones.

    Attributes:
        epochs: How many.
        correlation: Spearman's rank correlation with the final scores, over all trials.
        correlation_of_upper_half: The same over the better half by final score: is the race among good ones decided?
        place_of_best: At which place, from 1, the later winner stood.
        place_of_top_3: At which place the last of the later best three stood.
    """

    epochs: int
    correlation: float
    correlation_of_upper_half: float
    place_of_best: int
    place_of_top_3: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def look_ahead(curves: Sequence[LearningCurve], epochs: int) -> Foresight:
    """Compare the scores after so many epochs with the final ones."""
    ranked = sorted(curves, key=lambda curve: -curve.final)
    early = [curve.score_after(epochs) for curve in ranked]
    places = [1 + sum(other > score for other in early) for score in early]
    return Foresight(
        epochs=epochs,
        correlation=_correlate(ranked, epochs),
        correlation_of_upper_half=_correlate(ranked[: (len(ranked) + 1) // 2], epochs),
        place_of_best=places[0],
        place_of_top_3=max(places[:3]),
    )


def _correlate(curves: Sequence[LearningCurve], epochs: int) -> float:
    from scipy.stats import spearmanr

    early = [curve.score_after(epochs) for curve in curves]
    return float(spearmanr(early, [curve.final for curve in curves]).statistic)
