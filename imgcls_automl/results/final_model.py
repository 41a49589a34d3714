"""What the final model is made of, read back from run.json and told: its ensemble and its temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.results.figures import format_score, name_metric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.scores import Estimate, TestScores

# Of metrics.json: what the final model is compared by, and with.
MAIN_METRICS = ("accuracy", "macro_f1", "log_loss", "expected_calibration_error")
COMPARED = {"single": "the winner alone", "uncalibrated": "without its temperature"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleScores:
    """Scores on validation, of the average and of the winner alone: the selection metric, and log loss."""

    score: float
    loss: float
    single_score: float
    single_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalModelRecord:
    """run.json's `final_model`.

    Attributes:
        shares: What each trial counts in the ensemble; empty of a single model.
        scores: None of a single model.
        note: Why there is no ensemble, or a smaller one than was wanted; may be empty.
        temperature: Of its probabilities; 1 where none clearly helps, None where nothing is known of validation.
        fitted: The temperature of the least log loss on validation.
        before: Log loss on validation, in the middle of choosing whether to use it.
        after: The same with it.
    """

    shares: Mapping[int, float]
    scores: EnsembleScores | None
    note: str
    temperature: float | None
    fitted: float
    before: float
    after: float


def make_final_model(value: Mapping[str, Any]) -> FinalModelRecord:
    """Make the record.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong kind.
    """
    shares: dict[int, float] = {}
    for member in value["members"]:
        trial = int(member["trial"])
        shares[trial] = shares.get(trial, 0.0) + float(member["share"])
    scores, calibration = value["scores"], value["calibration"] or {}
    return FinalModelRecord(
        shares=shares,
        scores=EnsembleScores(**{name: float(scores[name]) for name in scores}) if scores else None,
        note=str(value["note"]),
        temperature=float(calibration["temperature"]) if calibration else None,
        fitted=float(calibration.get("fitted", 1.0)),
        before=float(calibration.get("before", 0.0)),
        after=float(calibration.get("after", 0.0)),
    )


def describe_training(run: RunRecord) -> str:
    """How long the final model was trained on all but the test, and how much longer it should have been."""
    if not run.refit:
        return ""
    where = "all folds" if run.folds else "train and validation"
    epochs = int(run.refit["epochs"])
    planned = int(run.refit.get("planned_epochs", epochs))
    if epochs == 0:
        return (
            f"No training on {where} together came to its end: the model has the weights that its trial kept, "
            "which learned from less."
        )
    if epochs < planned:
        why = ", because the time was short" if run.refit.get("shortened") else ""
        return (
            f"Its final training, on {where} together, was brought to its end in {epochs} epochs of {planned} planned"
            f"{why}."
        )
    return f"The final model was trained for {epochs} epochs, as planned, on {where} together."


def describe_shortening(run: RunRecord) -> str:
    """The same where it was not as planned; else empty."""
    refit = run.refit
    short = bool(refit) and refit["epochs"] < refit.get("planned_epochs", refit["epochs"])
    return describe_training(run) if short else ""


def describe_ensemble(run: RunRecord) -> str:
    """Who is in the ensemble and what it gains on validation, or why there is none; empty where none was asked for."""
    made = run.final_model
    if made is None or not run.config.get("ensemble"):
        return ""
    if made.scores is None:
        return f"No ensemble was made: {made.note}."
    shares = ", ".join(f"trial {trial} ({share:.0%})" for trial, share in made.shares.items())
    metric = run.metric
    gains = f"{format_score(metric, made.scores.score)} {name_metric(metric)}"
    gains += f" instead of the winner's {format_score(metric, made.scores.single_score)}"
    if metric != "log_loss":
        gains += f", log loss before any temperature {made.scores.loss:.4f} instead of {made.scores.single_loss:.4f}"
    told = f"The model averages {shares}: on the validation it was chosen by, {gains}"
    return f"{told}. {made.note.capitalize()}." if made.note else f"{told}."


def describe_calibration(run: RunRecord) -> str:
    """Which temperature the probabilities have, and by what it was chosen."""
    made = run.final_model
    if made is None or made.temperature is None:
        return ""
    where = f"the {run.folds} folds" if run.folds else "validation"
    change = f"log loss {made.after:.4f} instead of {made.before:.4f} on {where}"
    if made.temperature == 1.0:
        return f"Its probabilities are as its training made them: no temperature clearly helps ({change})."
    kind = "too sure" if made.temperature > 1 else "not sure enough"
    return (
        f"Before its final training it was {kind}: its probabilities have a temperature of {made.temperature:.2f}, "
        f"fitted on {where} ({change}). The final model's own could not be, because it has learned from those pictures."
    )


def list_comparisons(scores: TestScores) -> list[tuple[str, Mapping[str, Estimate]]]:
    """The test metrics of the final model and of those that it is compared with; empty where there are none."""
    others = [
        (told, scores.others[name]) for name, told in COMPARED.items() if name in scores.others
    ]
    return [("the final model", scores.metrics), *others] if others else []


def describe_gains(scores: TestScores) -> str:
    """What ensemble and temperature change on the test split; empty where there is neither."""
    told = []
    for name, what in COMPARED.items():
        other = scores.others.get(name)
        if other:
            accuracy, loss = other["accuracy"].value, other["log_loss"].value
            error = other["expected_calibration_error"].value
            told.append(
                f"{what} accuracy {format_score('accuracy', accuracy)}, log loss {loss:.4f}, "
                f"calibration error {error:.3f}"
            )
    if not told:
        return ""
    own = scores.metrics
    return (
        f"Its log loss there is {own['log_loss'].value:.4f} and its calibration error "
        f"{own['expected_calibration_error'].value:.3f}; {'; '.join(told)}."
    )
