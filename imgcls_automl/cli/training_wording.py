"""Trials, retrainings and their epochs in words, the same for every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.cli.durations import format_seconds
from imgcls_automl.executors.causes import TIMEOUT
from imgcls_automl.text import plain

if TYPE_CHECKING:
    from imgcls_automl.executors.messages import EpochReport
    from imgcls_automl.executors.results import RetrainResult, TrialResult


def describe_trial(result: TrialResult) -> str:
    """`"trial 3 complete: 0.9123 at epoch 7, 41s"`."""
    words = f"trial {result.number} {result.state}"
    if result.state == "pruned" and result.cause == TIMEOUT:
        words = f"trial {result.number} stopped: the time is up"
    if result.score is not None:
        words += f": {result.score:.4f}{_describe_scoring(result)}"
    if result.state == "failed":
        words += f" ({result.cause}): {plain(result.detail or '')}"
    elif result.detail and result.state in ("complete", "infeasible"):
        words += f" ({plain(result.detail)})"
    return f"{words}, {format_seconds(result.seconds)}"


def _describe_scoring(result: TrialResult) -> str:
    if result.epoch is not None:
        return f" at epoch {result.epoch}"
    if len(result.fold_scores) < 2:
        return " in its first fold"
    low, high = min(result.fold_scores), max(result.fold_scores)
    return f", the mean of {len(result.fold_scores)} folds ({low:.4f} to {high:.4f})"


def describe_retraining(result: RetrainResult) -> str:
    """`"trial 3 retrained: 0.9123 after 12 epochs, 41s"`."""
    if result.epochs == 0:
        return f"trial {result.number} on validation: {_with_flips(result)}"
    if result.score is None:
        return (
            f"trial {result.number} could not be retrained: cut short after {result.epochs} epochs"
        )
    return (
        f"trial {result.number} retrained: {_with_flips(result)} after {result.epochs} epochs, "
        f"{format_seconds(result.seconds)}"
    )


def describe_epoch(report: EpochReport, of: str = " of ") -> str:
    """`"epoch 3 of 12"`, with folds `"fold 2 of 5, epoch 3 of 12"`."""
    epoch = f"epoch {report.epoch}{of}{report.epochs}"
    return epoch if report.folds == 1 else f"fold {report.fold}{of}{report.folds}, {epoch}"


def _with_flips(result: RetrainResult) -> str:
    if result.score is None or result.flipped_score is None:
        return "no score"
    return f"{result.score:.4f}, with flips {result.flipped_score:.4f}"
