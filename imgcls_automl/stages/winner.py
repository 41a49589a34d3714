"""The winner: chosen by retraining the best, trained once more, tested once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from imgcls_automl.events import RefitBegun
from imgcls_automl.files import flush_folder

if TYPE_CHECKING:
    import optuna

    from imgcls_automl.engine.composing import Composed
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.engine.selection import Contender, Selection
    from imgcls_automl.executors.executor import Executor
    from imgcls_automl.stages.context import Run


def is_settled(run: Run, study: optuna.Study, plan: SearchPlan) -> bool:
    """Whether a resumed run has nothing new to choose from, and its winner was refitted as fully as time allows."""
    from imgcls_automl.engine.study import ranked_trials

    selection, refit = run.folder.record.get("selection"), run.folder.record["refit"]
    if (
        selection is None
        or refit is None
        or _count_possible(plan, refit["trial"]) > refit["epochs"]
    ):
        return False
    top = [trial.number for trial in ranked_trials(study)][: plan.top_k]
    return top == [contender["trial"] for contender in selection["contenders"]]


def _count_possible(plan: SearchPlan, trial: int) -> int:
    """The epochs of a trial's refit that the time left allows."""
    from imgcls_automl.engine.time_shares import measure_epoch

    pacing = plan.budget.pace(measure_epoch(plan, trial) * plan.refit_growth)
    return plan.epochs if pacing is None else pacing.count_fitting((), plan.epochs)


def choose_winner(run: Run, study: optuna.Study, plan: SearchPlan, executor: Executor) -> Selection:
    """Retrain the top candidates and choose one."""
    from imgcls_automl.engine.selection import select_winner

    began = time.time()
    selection = select_winner(study, executor, plan, run.observe)
    run.folder.note_time("selection", time.time() - began)
    run.folder.update(selection=selection.to_json())
    return selection


def compose_model(run: Run, selection: Selection, plan: SearchPlan, executor: Executor) -> Composed:
    """Calibrate the winner and, where that was asked for, make an ensemble with it."""
    from imgcls_automl.engine import composing

    began = time.time()
    composed = composing.compose_model(executor, plan, selection, run.observe)
    run.folder.note_time("ensemble", time.time() - began)
    return composed


def refit_and_test(
    run: Run, winner: Contender, composed: Composed, plan: SearchPlan, executor: Executor
) -> None:
    """Train the winner once more, on train + validation, and test it once."""
    from imgcls_automl.engine.refitting import run_refit
    from imgcls_automl.pacing import find_least
    from imgcls_automl.results.suspect_records import record_suspects
    from imgcls_automl.trial_files import drop_checkpoints, has_checkpoint, read_result

    began = time.time()
    result = read_result(plan.folder / str(winner.trial))
    assert result is not None
    closing = _estimate_closing(run, winner, composed)
    # Of the epochs that the trial had: what fewer lose is more than what training on validation too gains.
    least = find_least(min(plan.epochs, result.epochs))
    epoch_seconds = _measure_latest_epoch(plan, winner) * plan.refit_growth
    pacing = plan.budget.pace(epoch_seconds, closing=closing, least=least)
    epochs = plan.epochs if pacing is None else pacing.count_fitting((), plan.epochs)
    # With a checkpoint, fewer are left to be made.
    if epochs < least and not has_checkpoint(run.folder.best):
        epochs = 0
    run.observe(RefitBegun(number=winner.trial, epochs=epochs, planned_epochs=plan.epochs))
    refitted = run_refit(
        executor,
        plan,
        number=winner.trial,
        epochs=plan.epochs if epochs else 0,
        pacing=pacing,
        closing=closing,
        flips=winner.flips,
        composition=composed.composition,
        best=run.folder.best,
        observe=run.observe,
    )
    run.folder.note_time("refit", time.time() - began)
    if refitted.members < len(composed.composition.members):
        composed = composed.without_members("the worker died on it")
    flush_folder(run.folder.best)
    record_suspects(run.folder.path)
    run.folder.update(
        best_trial=winner.trial,
        best_score=result.score,
        test_metrics=refitted.metrics,
        refit={
            "trial": winner.trial,
            "epochs": refitted.epochs,
            "planned_epochs": plan.epochs,
            "shortened": refitted.shortened,
            "seconds": refitted.seconds,
        },
        final_model=composed.to_json(),
    )
    drop_checkpoints(run.folder.best)


def _measure_latest_epoch(plan: SearchPlan, winner: Contender) -> float:
    """Seconds an epoch of the winner takes, as its retrainings were the last to tell, else its trial."""
    from imgcls_automl.engine.time_shares import measure_epoch

    retrained = [it.seconds / it.epochs for it in winner.results if it.epochs]
    return max(retrained, default=measure_epoch(plan, winner.trial))


def _estimate_closing(run: Run, winner: Contender, composed: Composed) -> float:
    """Seconds to be kept back for what follows the refit.

    The final model looks at the test and at what was held out as fast as the winner looked at validation.
    """
    from imgcls_automl.machine import measure_crowding

    crowding = 1.0 if run.budget.deadline is None else measure_crowding()
    train, validation, test = run.folder.record["dataset"]["split_sizes"]
    pictures = test + (train if run.config.folds else validation)
    views = (2 if winner.flips else 1) * (1 + len(composed.composition.members))
    seconds = max(result.look_seconds for result in winner.results)
    return run.budget.closing_seconds(seconds * pictures * views, crowding)
