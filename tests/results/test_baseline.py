"""The outcome says plainly whether the search clearly beat the best of the space's own proposals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imgcls_automl.results.records import read_run
from imgcls_automl.results.verdict import describe_outcome

PICTURES = 12_000  # for validation, in the runs that `run_folder` writes
TOO_CLOSE = "too close to tell apart on 12,000 validation pictures: the search found nothing clearly better."


def tell(folder: Path) -> str:
    return " ".join(describe_outcome(read_run(folder), None))


def write_answers(run: Any, trial: int, right: np.ndarray) -> None:
    """What a trial's one retraining said of two classes; `right`: how sure it is of each picture's own, in logits."""
    labels = np.arange(len(right)) % 2
    logits = np.where(np.arange(2) == labels[:, None], right[:, None], 0.0)
    file = run.path / "trials" / str(trial) / "validation-0.npz"
    np.savez(file, labels=labels, plain=logits, flipped=logits)


@pytest.fixture
def search(run_folder: Any, tmp_path: Path) -> Any:
    """A run of a baseline, trial 0, and a winner, trial 1, with these validation scores."""

    def search(baseline: float, winner: float, metric: str = "accuracy") -> Any:
        run = type(run_folder)(tmp_path / f"{metric}-run", metric=metric).write_run(best_trial=1)
        return run.write_trial(0, score=baseline, baseline=True).write_trial(1, score=winner)

    return search


def test_a_winner_that_is_a_baseline_is_called_one(search: Any) -> None:
    run = search(0.91, 0.95)
    run.write_selection(0, {1: [(0.9, 0.9)], 0: [(0.91, 0.9)]})
    assert "It is a baseline of the search space: the search found nothing better." in tell(
        run.path
    )


def test_a_search_that_is_no_better_than_its_baseline_says_so(search: Any) -> None:
    assert "reached 95.0%: the search found nothing clearly better." in tell(
        search(0.95, 0.94).path
    )


def test_a_lead_of_a_single_picture_is_not_called_a_lead(search: Any) -> None:
    text = tell(search(0.9330, 0.9331).path)
    assert f"The best baseline, trial 0, reached 93.3%, {TOO_CLOSE}" in text


def test_nor_is_one_of_a_single_picture_after_retraining(search: Any) -> None:
    run = search(0.9330, 0.9331)
    run.write_selection(1, {0: [(0.93317, 0.93)], 1: [(0.93325, 0.93)]})
    text = tell(run.path)
    assert f"The best baseline, trial 0, reached 93.3% when retrained, {TOO_CLOSE}" in text
    assert "ahead of trial 0 (93.3%), which may be chance." in text


def test_a_clear_lead_is_told_without_a_doubt(search: Any) -> None:
    text = tell(search(0.92, 0.93).path)
    assert "The best baseline, trial 0, reached 92.0%." in text
    assert "nothing" not in text


def test_what_retraining_found_counts_more_than_the_search(search: Any) -> None:
    run = search(0.95, 0.94)
    run.write_selection(1, {0: [(0.92, 0.9)], 1: [(0.93, 0.9)]})
    text = tell(run.path)
    assert "The best baseline, trial 0, reached 92.0% when retrained." in text
    assert "nothing" not in text


class TestAnswersToTheSamePictures:
    """Sixty pictures of 12,000, or half a point of accuracy: as proportions, no more than chance makes."""

    @pytest.mark.parametrize(("gained", "lost", "tied"), [(60, 0, False), (560, 500, True)])
    def test_a_lead_is_clear_where_hardly_any_picture_speaks_against_it(
        self, search: Any, gained: int, lost: int, tied: bool
    ) -> None:
        run = search(0.9, 0.9)
        run.write_selection(1, {0: [(0.925, 0.92)], 1: [(0.93, 0.92)]})
        right = np.where(np.arange(PICTURES) < 11_100, 1.0, -1.0)
        write_answers(run, 0, right)
        right[11_100 : 11_100 + gained] = 1.0
        right[:lost] = -1.0
        write_answers(run, 1, right)
        text = tell(run.path)
        assert (TOO_CLOSE in text) is tied
        assert ("reached 92.5% when retrained." in text) is not tied

    @pytest.mark.parametrize("metric", ["log_loss", "macro_f1"])
    @pytest.mark.parametrize(("better", "tied"), [(0.0, True), (0.5, False)])
    def test_other_metrics_are_judged_by_them_too(
        self, search: Any, metric: str, better: float, tied: bool
    ) -> None:
        theirs, ours = (0.5, 0.49) if metric == "log_loss" else (0.7, 0.71)
        run = search(theirs, ours, metric)
        run.write_selection(1, {0: [(theirs, theirs)], 1: [(ours, ours)]})
        random = np.random.default_rng(0)
        shared = random.normal(1.0, 1.0, PICTURES)
        for trial, gain in ((0, 0.0), (1, better)):
            own = shared + gain + random.normal(0.0, 0.2, PICTURES)
            write_answers(run, trial, own)
        assert (TOO_CLOSE in tell(run.path)) is tied

    @pytest.mark.parametrize("metric", ["log_loss", "macro_f1"])
    def test_without_them_it_is_said_that_other_scores_do_not_tell(
        self, search: Any, metric: str
    ) -> None:
        theirs, ours, shown = (
            (0.52, 0.41, "0.5200") if metric == "log_loss" else (0.7, 0.8, "70.0%")
        )
        told = (
            f"The best baseline, trial 0, reached {shown}: "
            "these scores alone do not say whether that is worse by more than chance."
        )
        assert told in tell(search(theirs, ours, metric).path)


def test_answers_that_were_not_all_kept_are_not_judged_by(search: Any, caplog: Any) -> None:
    run = search(0.9, 0.9)
    run.write_selection(1, {0: [(0.9, 0.9), (0.92, 0.9)], 1: [(0.914, 0.9), (0.914, 0.9)]})
    right = np.where(np.arange(PICTURES) < 10_800, 1.0, -1.0)
    write_answers(run, 0, right)
    right[:600] = -1.0
    write_answers(run, 1, right)
    assert TOO_CLOSE in tell(run.path)
    assert not caplog.records


def test_where_none_finished_it_is_said_that_nothing_was_compared(run_folder: Any) -> None:
    run_folder.write_trial(0, state="failed", score=None, baseline=True, cause="crash")
    run_folder.write_trial(1, state="pruned", baseline=True).write_trial(2, score=0.9)
    so_far = "No baseline of the search space finished so far (1 pruned, 1 failed)"
    assert so_far in tell(run_folder.path)
    run_folder.write_run(best_trial=2)
    assert (
        "No baseline of the search space finished (1 pruned, 1 failed), "
        "so the search was compared with none."
    ) in tell(run_folder.path)


def test_where_the_space_has_none_none_is_missed(run_folder: Any) -> None:
    run_folder.write_trial(0, score=0.9)
    assert "aseline" not in tell(run_folder.path)


@pytest.mark.parametrize(("baseline", "tied"), [(0.9330, True), (0.92, False)])
def test_the_report_says_the_same_of_ties(search: Any, baseline: float, tied: bool) -> None:
    """By the search alone the two are tied, and by retraining they need not be."""
    from imgcls_automl.results.choice import find_leader
    from imgcls_automl.results.ties import list_ties

    run = search(0.9330, 0.9331)
    run.write_selection(1, {0: [(baseline, 0.9)], 1: [(0.9331, 0.9)]})
    record = read_run(run.path)
    assert bool(list_ties(record, find_leader(record))) is tied
    assert (TOO_CLOSE in tell(run.path)) is tied
