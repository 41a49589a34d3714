"""Whether two retrained trials differ by more than chance, from what they answered to each validation picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from imgcls_automl.engine.opinions import has_opinions, read_opinions
from imgcls_automl.results.average_intervals import weigh_macro_f1
from imgcls_automl.results.documents import damaged
from imgcls_automl.results.intervals import Z

if TYPE_CHECKING:
    from imgcls_automl.engine.opinions import Opinion
    from imgcls_automl.results.records import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What a trial's retrainings answered on average.

    Attributes:
        score: By the selection metric, the mean of its retrainings.
        labels: Of the pictures (N,).
        shares: What each picture adds to the score (N,): how they vary is how far chance moves it (delta method).
    """

    score: float
    labels: np.ndarray
    shares: np.ndarray


def has_answers(run: RunRecord, trial: int) -> bool:
    """Whether a trial was retrained and its answers kept; runs of older versions have none."""
    return read_answers(run, trial) is not None


def read_answers(run: RunRecord, trial: int) -> Answers | None:
    """Read what a trial's retrainings answered, by the run's metric; None where it is not kept of all of them.

    Raises:
        RunFolderError: A file of answers is damaged.
    """
    contender = run.selection.find(trial) if run.selection else None
    trials = run.folder / "trials"
    if contender is None or not contender.retrained or not has_opinions(contender, trials):
        return None
    judge = _JUDGES[run.metric]
    try:
        opinions = list(read_opinions(contender, trials))
        if len({len(it.labels) for it in opinions}) != 1:  # there was no time for all folds of some
            return None
        scores, shares = zip(*map(judge, opinions), strict=True)
    except (OSError, EOFError, ValueError, LookupError, BadZipFile) as error:
        raise damaged(trials / str(trial), f"its validation answers: {error}") from error
    return Answers(
        score=sum(scores) / len(scores),
        labels=opinions[0].labels,
        shares=np.mean(shares, axis=0),
    )


def differ_by_chance(one: Answers, other: Answers, *, paired: bool) -> bool:
    """Whether two scores lie within what chance alone does to them, at 95%.

    Args:
        one: Of a trial.
        other: Of another.
        paired: Whether both saw the same pictures in the same order. What one finds hard the other does, too, so that
            their differences vary less than each by itself.
    """
    if paired and np.array_equal(one.labels, other.labels):
        variance = (one.shares - other.shares).var() / len(one.shares)
    else:
        variance = sum(it.shares.var() / len(it.shares) for it in (one, other))
    return abs(one.score - other.score) <= Z * math.sqrt(variance)


def _judge_accuracy(opinion: Opinion) -> tuple[float, np.ndarray]:
    right = (opinion.logs.argmax(axis=1) == opinion.labels).astype("float64")
    return float(right.mean()), right


def _judge_loss(opinion: Opinion) -> tuple[float, np.ndarray]:
    losses = -opinion.logs[np.arange(len(opinion.labels)), opinion.labels]
    return float(losses.mean()), losses


def _judge_f1(opinion: Opinion) -> tuple[float, np.ndarray]:
    classes, said = opinion.logs.shape[1], opinion.logs.argmax(axis=1)
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (opinion.labels, said), 1)
    score, moves = weigh_macro_f1(confusion)
    return score, moves[opinion.labels, said]


_JUDGES = {"accuracy": _judge_accuracy, "macro_f1": _judge_f1, "log_loss": _judge_loss}
