"""The report's table of contenders: the trials that the winner was chosen from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.results.figures import format_score

if TYPE_CHECKING:
    from imgcls_automl.results.records import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ContenderRow:
    """A trial the winner was chosen from: its validation scores as texts; `mark` stresses the winner."""

    trial: int
    searched: str
    plain: str
    flipped: str
    seeds: str
    flips: bool
    mark: bool


def list_contenders(run: RunRecord) -> list[ContenderRow]:
    """The trials that were retrained, in the order of their scores in the search; none where none was."""
    if run.selection is None or not run.selection.retrained:
        return []
    searched = {trial.number: trial.score for trial in run.trials}
    rows = []
    for it in run.selection.contenders:
        score = searched.get(it.trial)
        own = [result.flipped_score if it.flips else result.score for result in it.results]
        rows.append(
            ContenderRow(
                trial=it.trial,
                searched="" if score is None else format_score(run.metric, score),
                plain=format_score(run.metric, it.plain_score),
                flipped=format_score(run.metric, it.flipped_score),
                seeds=", ".join(format_score(run.metric, score) for score in own),
                flips=it.flips,
                mark=it.trial == run.selection.winner,
            )
        )
    return rows
