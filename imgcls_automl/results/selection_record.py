"""How a run's winner was chosen, read back from run.json."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """One training of a contender with a seed of its own, judged on validation.

    Attributes:
        seed: Of the training.
        score: The selection metric.
        flipped_score: The same, averaged over each picture and its mirror.
        loss: Cross-entropy.
        flipped_loss: The same, averaged over each picture and its mirror.
        epochs: Trained; 0 where the trial's own weights were judged.
        seconds: Of the training.
        shortened: Whether it was brought to its end in fewer epochs than planned, for want of time.
    """

    seed: int
    score: float
    flipped_score: float
    loss: float
    flipped_loss: float
    epochs: int
    seconds: float
    shortened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContenderRecord:
    """One of the trials the winner was chosen from.

    Attributes:
        trial: Its number.
        score: Its mean validation score, with flips where they help it: what it was chosen or passed over by.
        flips: Whether averaging over mirrored pictures helps it.
        results: Its trainings, one or more.
    """

    trial: int
    score: float
    flips: bool
    results: tuple[Retraining, ...]

    @property
    def retrained(self) -> bool:
        """Whether it was trained again, rather than judged by its trial's own weights."""
        return any(result.epochs for result in self.results)

    @property
    def plain_score(self) -> float:
        """The mean score without flips."""
        return mean(result.score for result in self.results)

    @property
    def flipped_score(self) -> float:
        """The mean score with flips."""
        return mean(result.flipped_score for result in self.results)

    @property
    def plain_loss(self) -> float:
        """The mean cross-entropy without flips."""
        return mean(result.loss for result in self.results)

    @property
    def flipped_loss(self) -> float:
        """The mean cross-entropy with flips."""
        return mean(result.flipped_loss for result in self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRecord:
    """The contenders, and who won.

    Attributes:
        winner: The number of the trial that was chosen.
        retrained: Whether the contenders were trained again, or the only one was judged by its trial's weights.
        contenders: In the order of their trials' scores in the search.
    """

    winner: int
    retrained: bool
    contenders: tuple[ContenderRecord, ...]

    def find(self, trial: int) -> ContenderRecord | None:
        """A trial's record; None where it was no contender."""
        return next((it for it in self.contenders if it.trial == trial), None)


def make_selection(value: Mapping[str, Any]) -> SelectionRecord:
    """Make the record of run.json's `selection`.

    Raises:
        KeyError, TypeError, ValueError: A field is missing or of the wrong kind.
    """
    contenders = tuple(_make_contender(item) for item in value["contenders"])
    return SelectionRecord(
        winner=int(value["winner"]), retrained=bool(value["retrained"]), contenders=contenders
    )


def _make_contender(value: Mapping[str, Any]) -> ContenderRecord:
    results = tuple(_make_retraining(item) for item in value["results"])
    if not results:
        raise ValueError(f"contender {value['trial']} has no results")
    return ContenderRecord(
        trial=int(value["trial"]),
        score=float(value["score"]),
        flips=bool(value["flips"]),
        results=results,
    )


def _make_retraining(value: Mapping[str, Any]) -> Retraining:
    return Retraining(
        seed=int(value["seed"]),
        score=float(value["score"]),
        flipped_score=float(value["flipped_score"]),
        loss=float(value["loss"]),
        flipped_loss=float(value["flipped_loss"]),
        epochs=int(value["epochs"]),
        seconds=float(value["seconds"]),
        shortened=bool(value.get("shortened", False)),
    )
