"""The leaderboard of one run or several: what can be ranked together, in which order, and what each row says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.files import write_text
from imgcls_automl.results.choice import find_leader
from imgcls_automl.results.figures import beats
from imgcls_automl.results.leaderboard_rows import Ranked, make_row, rank_trials
from imgcls_automl.results.records import read_run
from imgcls_automl.results.scores import read_scores
from imgcls_automl.results.ties import can_judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from imgcls_automl.results.records import RunRecord

COLUMNS = (
    "rank",
    "trial",
    "state",
    "score",
    "metric",
    "params",
    "epochs",
    "seconds",
    "space",
    "plugin",
)
# After the columns of the candidates: how even the folds are, the trial's part in the choice, why one failed, what
# tells runs apart, what a forward pass takes, what the score is worth, and how large the weights are.
LAST_COLUMNS = (
    "folds",
    "fold_sd",
    "retrained_score",
    "winner",
    "baseline",
    "majority_floor",
    "cause",
    "run",
    "data",
    "fingerprint",
    "flops",
    "latency_ms",
    "section",
    "low",
    "high",
    "tied",
    "test_score",
    "test_low",
    "test_high",
    "size_bytes",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFloor:
    """What knowing the classes' frequencies alone scores on a run's validation split, by selection metric."""

    run: str
    metric: str
    floor: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Trials that may be ranked against each other: on the same data, by the same metric, from as many folds.

    Attributes:
        number: From 1, as in the column `section`.
        metric: The selection metric.
        folds: How many score a trial; None where a validation split does.
        data: Where the pictures came from, in the words of its runs.
        fingerprint: Of the pictures; None where a run has not read them yet.
        runs: Their names.
        leader: Run and number of the trial that ties are judged against; None while none is complete.
        tells_ties: Whether the files tell enough to judge ties.
        tied: How many trials are tied with the leader, those without a row too.
        left_out: Trials of its runs that have no row.
    """

    number: int
    metric: str
    folds: int | None
    data: tuple[str, ...]
    fingerprint: str | None
    runs: tuple[str, ...]
    leader: tuple[str, int] | None
    tells_ties: bool
    tied: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaderboard:
    """Trials, best first within each section.

    Attributes:
        columns: `COLUMNS`, `model.<key>` and `training.<field>` of any row, `LAST_COLUMNS`.
        rows: Values by column; a column that a trial has no value for is left out.
        floors: Of the runs that have read their pictures, in the order given.
        sections: What was ranked together, in the order of the rows.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    floors: tuple[RunFloor, ...] = ()
    sections: tuple[Section, ...] = ()

    def of_section(self, section: Section) -> Leaderboard:
        """The part of it that one section is."""
        return Leaderboard(
            columns=self.columns,
            rows=tuple(row for row in self.rows if row["section"] == section.number),
            floors=tuple(it for it in self.floors if it.run in section.runs),
            sections=(section,),
        )


def build_leaderboard(runs: Sequence[RunRecord]) -> Leaderboard:
    """Bring the trials of runs into one order.

    Within a section: complete by score, then pruned, failed, infeasible and unfinished. Scores on
    different data, by different metrics or from different folds cannot be compared: such runs form
    sections of their own, in the order given, each with its own rank 1.

    Raises:
        RunFolderError: The test scores of a run are damaged.
    """
    named = _name_runs(runs)
    sections: list[Section] = []
    rows: list[dict[str, Any]] = []
    for number, group in enumerate(_group(named), start=1):
        made = list(_make_rows(number, group))
        sections.append(_make_section(number, group, tied=sum(row["tied"] for row in made)))
        rows += made
    return Leaderboard(
        columns=(
            *COLUMNS,
            *_list_keys(rows, "model."),
            *_list_keys(rows, "training."),
            *LAST_COLUMNS,
        ),
        rows=tuple(rows),
        floors=tuple(_list_floors(named)),
        sections=tuple(sections),
    )


def write_leaderboard(folder: Path) -> Leaderboard:
    """Write leaderboard.csv, .json and .md into a run folder, each whole or not at all.

    Raises:
        RunFolderError: It is no run folder, or a file of it is damaged.
    """
    from imgcls_automl.results import leaderboard_formats as formats

    board = build_leaderboard([read_run(folder)])
    write_text(folder / "leaderboard.csv", formats.format_leaderboard_csv(board))
    write_text(folder / "leaderboard.json", formats.format_leaderboard_json(board))
    write_text(folder / "leaderboard.md", formats.format_leaderboard_markdown(board))
    return board


def _name_runs(runs: Sequence[RunRecord]) -> dict[str, RunRecord]:
    """Runs by the name of their folder, by its path where two have one name; each run once."""
    once = {run.folder.resolve(): run for run in runs}
    names = [folder.name for folder in once]
    return {
        folder.name if names.count(folder.name) == 1 else str(folder): run
        for folder, run in once.items()
    }


def _group(named: Mapping[str, RunRecord]) -> list[dict[str, RunRecord]]:
    groups: dict[tuple[str, str, int | None], dict[str, RunRecord]] = {}
    for name, run in named.items():
        # A run that has not read its pictures yet compares with no other.
        data = run.dataset.fingerprint if run.dataset else str(run.folder.resolve())
        groups.setdefault((data, run.metric, run.folds), {})[name] = run
    return list(groups.values())


def _make_section(number: int, group: Mapping[str, RunRecord], *, tied: int) -> Section:
    first = next(iter(group.values()))
    leader = _find_leader(group)
    return Section(
        number=number,
        metric=first.metric,
        folds=first.folds,
        data=tuple(dict.fromkeys(run.data for run in group.values() if run.data)),
        fingerprint=first.dataset.fingerprint if first.dataset else None,
        runs=tuple(group),
        leader=(leader.name, leader.trial.number) if leader else None,
        tells_ties=leader is not None and can_judge(leader.run, leader.trial),
        tied=tied,
    )


def _find_leader(group: Mapping[str, RunRecord]) -> Ranked | None:
    """The best of what the runs have chosen, or have as their best so far."""
    best: Ranked | None = None
    for name, run in group.items():
        trial = find_leader(run)
        if trial is None or trial.score is None:
            continue
        if best is None or beats(run.metric, trial.score, best.trial.score or 0.0):
            best = Ranked(name=name, run=run, trial=trial)
    return best


def _make_rows(section: int, group: Mapping[str, RunRecord]) -> Iterator[dict[str, Any]]:
    leader = _find_leader(group)
    tests = {name: read_scores(run.folder) for name, run in group.items()}
    for rank, ranked in rank_trials(group):
        row = make_row(ranked, rank, leader=leader, test=tests[ranked.name])
        yield row | {"section": section}


def _list_floors(named: Mapping[str, RunRecord]) -> Iterator[RunFloor]:
    for name, run in named.items():
        if run.dataset and run.dataset.floor:
            yield RunFloor(run=name, metric=run.metric, floor=run.dataset.floor)


def _list_keys(rows: Iterable[Mapping[str, Any]], prefix: str) -> list[str]:
    # In the order of first appearance, which is the order in which a space names them.
    return list(dict.fromkeys(key for row in rows for key in row if key.startswith(prefix)))
