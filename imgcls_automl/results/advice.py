"""What to do next, from what a run came to: a few sentences for whoever decides, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imgcls_automl.results.axes import shorten_number
from imgcls_automl.results.figures import beats, format_share
from imgcls_automl.results.trial_record import STATES
from imgcls_automl.text import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.results.records import RunRecord
    from imgcls_automl.results.report_errors import ConfusedPair
    from imgcls_automl.results.scores import TestScores
    from imgcls_automl.results.trial_record import TrialRecord

WIDE_INTERVAL = 0.1  # of accuracy
MUCH_SMALLER = 0.7  # of the winner's weights
MANY_MISTAKES = 0.2  # of all, that one pair of classes has
SETTLED = 0.5  # of the trials, after the best one


def list_advice(
    run: RunRecord,
    scores: TestScores | None,
    *,
    leader: TrialRecord | None,
    tied: Sequence[TrialRecord],
    pairs: Sequence[ConfusedPair],
) -> list[str]:
    """Say what is worth doing, the most urgent first; nothing where nothing follows."""
    told = [
        _doubt_model(scores),
        _look_at_labels(scores),
        _look_at_pair(scores, pairs),
        _take_smaller(leader, tied),
        _test_on_more(scores),
        _search_on(run, leader),
    ]
    return [sentence for sentence in told if sentence]


def _doubt_model(scores: TestScores | None) -> str:
    if scores is None:
        return ""
    accuracy, floor = scores.metrics["accuracy"], scores.metrics.get("majority_floor")
    if floor is None or accuracy.low > floor.value:
        return ""
    return (
        "Do not rely on this model yet: it is not clearly better than always naming the most frequent class. "
        "Check the labels and the pictures' size, or gather more pictures."
    )


def _look_at_labels(scores: TestScores | None) -> str:
    count = len(scores.suspects) if scores else 0
    if not count:
        return ""
    return (
        f"Check {'the label that looks' if count == 1 else f'the {count:,} labels that look'} wrong, below, "
        "and search again with --relabel or --exclude: wrong labels cost more than any setting gains."
    )


def _look_at_pair(scores: TestScores | None, pairs: Sequence[ConfusedPair]) -> str:
    if scores is None or not pairs:
        return ""
    first = pairs[0]
    both = sum(it.count for it in pairs if {it.true, it.predicted} == {first.true, first.predicted})
    wrong = scores.pictures * (1 - scores.metrics["accuracy"].value)
    if len(scores.classes) < 3 or wrong < 10 or both < MANY_MISTAKES * wrong:
        return ""
    return (
        f"{format_share(both / wrong)} of all mistakes are between {shorten(first.true, 40)} and "
        f"{shorten(first.predicted, 40)}: click their cells below, and ask whether a person could tell them apart in "
        "these pictures. If so, more examples of the two would help most."
    )


def _take_smaller(leader: TrialRecord | None, tied: Sequence[TrialRecord]) -> str:
    sized = [(trial.parameters, trial) for trial in tied if trial.parameters]
    if leader is None or not leader.parameters or not sized:
        return ""
    size, smallest = min(sized, key=lambda pair: pair[0])
    if size > MUCH_SMALLER * leader.parameters:
        return ""
    return (
        f"Where size matters, trial {smallest.number} is tied with the winner at {shorten_number(size)} weights "
        f"instead of {shorten_number(leader.parameters)}."
    )


def _test_on_more(scores: TestScores | None) -> str:
    if scores is None:
        return ""
    accuracy = scores.metrics["accuracy"]
    if accuracy.high - accuracy.low < WIDE_INTERVAL:
        return ""
    return (
        f"Test on more pictures before you decide by this number: {scores.pictures:,} leave the true accuracy anywhere "
        f"from {format_share(accuracy.low)} to {format_share(accuracy.high)}."
    )


def _search_on(run: RunRecord, leader: TrialRecord | None) -> str:
    ended = [it for it in run.trials if it.state in STATES[:2] and it.score is not None]
    if run.status != "complete" or leader is None or len(ended) < 2:
        return ""
    best = leader
    for trial in ended:
        if trial.state == "complete" and beats(run.metric, trial.score or 0.0, best.score or 0.0):
            best = trial
    after = sum(trial.number > best.number for trial in ended)
    if after >= SETTLED * len(ended) and len(ended) >= 20:
        return (
            f"More search is unlikely to gain much: none of the last {after} trials beat trial {best.number}. "
            "More pictures or another search space would be the next thing to try."
        )
    return f"A longer search may find better: of {len(ended)} trained trials, number {best.number} is the best."
