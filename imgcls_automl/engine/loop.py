"""The search itself: ask the study, give workers trials, report epochs, prune, tell results."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.duplicates import KnownCandidates
from imgcls_automl.engine.study import (
    BASELINE,
    ask_trial,
    counted_trials,
    ranked_trials,
    report_once,
    running_trials,
    seed_sampler,
    tell_result,
    trial_seed,
)
from imgcls_automl.engine.tasks import HUNG_SECONDS, PATROL_SECONDS
from imgcls_automl.errors import NoTrialSucceededError
from imgcls_automl.events import SearchStanding, SearchStopped
from imgcls_automl.executors.messages import (
    Admission,
    CandidateDrawn,
    EpochReport,
    SuggestAnswer,
    SuggestCall,
    TrialTask,
    Verdict,
    WorkerLost,
)
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.trial_files import drop_checkpoints, drop_weights, read_result, write_result

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor

logger = logging.getLogger(__name__)

SAME_FAILURES = 5  # in a row, after which more of them would tell nothing
INFEASIBLE_DRAWS = 30  # in a row, likewise: the space is used up, or all that is drawn cannot be


def run_trials(
    study: optuna.Study, executor: Executor, plan: SearchPlan, observe: Callable[[Any], None]
) -> None:
    """Search until the budget is spent.

    Args:
        study: Asked and told; trials that an earlier process left unfinished are done first.
        executor: Does the trials.
        plan: Budgets and seeds.
        observe: Told of every `SearchStanding`, `TrialStarted`, `EpochReport`, `WorkerLost` and `TrialResult`.

    Raises:
        NoTrialSucceededError: Not one trial was completed; says why.
    """
    loop = _Loop(study, executor, plan, observe)
    loop.run()
    if not ranked_trials(study):
        raise NoTrialSucceededError(loop.explain_nothing())


class _Loop:
    """The state of one search: which worker has which trial, and how the last ones ended."""

    def __init__(
        self,
        study: optuna.Study,
        executor: Executor,
        plan: SearchPlan,
        observe: Callable[[Any], None],
    ) -> None:
        self._study = study
        self._executor = executor
        self._plan = plan
        self._observe = observe
        self._running: dict[int, tuple[optuna.Trial, TrialTask]] = {}
        self._unfinished = running_trials(study)
        self._known = KnownCandidates.read(plan.folder)
        self._last: TrialResult | None = None
        self._streak = 0
        self._epoch_seconds: float | None = None  # of the best trial
        self._timed = False  # by such a trial, not by single epochs

    def run(self) -> None:
        self._take_stock()
        while True:
            for worker in self._executor.idle():
                # More than once where a trial needs no work: its result lay on the disk.
                while worker not in self._running and self._may_start():
                    self._start(worker)
            if not self._running and not self._may_start():
                self._tell_why_it_stopped()
                return
            event = self._executor.next_event(PATROL_SECONDS)
            if event is not None:
                self._handle(*event)
            self._end_hung_trials()

    def _tell_why_it_stopped(self) -> None:
        if self._streak >= self._most_in_a_row() and self._last is not None:
            why = self._last.cause or self._last.state
            self._observe(
                SearchStopped(reason=f"{self._streak} trials in a row ended the same way ({why})")
            )

    def _end_hung_trials(self) -> None:
        """Replace workers that say nothing though their time has been up for a while."""
        for worker, (_, task) in list(self._running.items()):
            if task.deadline is not None and time.time() > task.deadline + HUNG_SECONDS:
                why = f"it did not end {HUNG_SECONDS:.0f} s after its time was up"
                self._handle(worker, self._executor.replace(worker, why), cause="hang")

    def explain_nothing(self) -> str:
        """Say why not one trial was completed."""
        if self._last is not None and self._last.state == "failed":
            return (
                f"No trial succeeded: {self._streak} in a row failed ({self._last.cause}).\n"
                f"The last one, trial {self._last.number}: {self._last.detail}"
            )
        if self._last is not None and self._last.state == "infeasible":
            return f"No trial succeeded: {self._streak} candidates in a row were infeasible: {self._last.detail}"
        return (
            "No trial finished an epoch in the time given.\n"
            "Give more with --timeout, or make the work smaller with --image-size."
        )

    def _may_start(self) -> bool:
        budget = self._plan.budget
        if self._streak >= self._most_in_a_row():
            return False
        if (
            budget.trials is not None
            and counted_trials(self._study) + len(self._running) >= budget.trials
        ):
            return False
        return not self._out_of_time()

    def _most_in_a_row(self) -> int:
        infeasible = self._last is not None and self._last.state == "infeasible"
        return INFEASIBLE_DRAWS if infeasible else SAME_FAILURES

    def _out_of_time(self) -> bool:
        deadline = self._deadline()
        return deadline is not None and time.time() >= deadline

    def _deadline(self) -> float | None:
        later = None
        if self._epoch_seconds is not None:
            later = self._epoch_seconds * self._plan.epochs * self._plan.later_trainings
        return self._plan.budget.search_deadline(later)

    def _start(self, worker: int) -> None:
        trial = self._take_trial()
        folder = self._plan.folder / str(trial.number)
        folder.mkdir(exist_ok=True)
        earlier = read_result(folder)
        if earlier is not None:  # written, but the process was killed before the study was told
            drop_checkpoints(folder)
            self._conclude(trial, earlier)
            return
        task = TrialTask(
            number=trial.number,
            folder=folder,
            baseline=bool(trial.user_attrs.get(BASELINE)),
            seed=trial_seed(self._plan.seed, trial.number),
            epochs=self._plan.epochs,
            precision=self._plan.precision,
            deadline=self._deadline(),
            keep_partial=not ranked_trials(self._study),
        )
        self._running[worker] = (trial, task)
        self._executor.submit(worker, task)

    def _take_trial(self) -> optuna.Trial:
        seeds = {"seed": self._plan.seed, "startup": self._plan.startup_trials}
        if not self._unfinished:
            return ask_trial(self._study, **seeds)
        trial = self._unfinished.pop(0)
        seed_sampler(self._study, trial.number, **seeds)
        return trial

    def _handle(self, worker: int, event: Any, cause: str = "crash") -> None:
        if worker not in self._running:
            logger.info("Worker %d: %s", worker, event)
            return
        trial, task = self._running[worker]
        if isinstance(event, SuggestCall):
            self._executor.answer(worker, _make_call(trial, event))
            return
        if isinstance(event, CandidateDrawn):
            twin = self._known.admit(event.number, event.candidate)
            self._executor.answer(worker, Admission(duplicate_of=twin))
            return
        if isinstance(event, EpochReport):
            self._executor.answer(worker, self._judge(trial, event))
        elif isinstance(event, TrialResult):
            self._finish(worker, event)
        elif isinstance(event, WorkerLost):
            self._observe(event)
            event = self._lost(task, event, cause)
            self._finish(worker, event)
        self._observe(event)

    def _judge(self, trial: optuna.Trial, report: EpochReport) -> Verdict:
        """Compare a trial's first fold with the first folds of others; a later one can only run out of time."""
        assert report.score is not None
        if report.fold == 1:
            report_once(self._study, trial, report.score, report.epoch)
        if self._epoch_seconds is None or (
            not self._timed and report.seconds < self._epoch_seconds
        ):
            # The first epoch compiles: taken for all that follow it, it would end a first trial of many folds too soon.
            self._epoch_seconds = report.seconds
            self._take_stock()
        if report.epoch >= report.epochs and report.fold >= report.folds:
            return Verdict()
        if self._out_of_time():
            return Verdict(stop="timeout")
        return Verdict(stop="pruned" if report.fold == 1 and trial.should_prune() else None)

    def _finish(self, worker: int, result: TrialResult) -> None:
        trial, _ = self._running.pop(worker)
        self._conclude(trial, result)

    def _conclude(self, trial: optuna.Trial, result: TrialResult) -> None:
        tell_result(self._study, trial, result)
        self._known.forget_unfinished(result)
        self._drop_weights()
        same = self._last is not None and (self._last.state, self._last.cause) == (
            result.state,
            result.cause,
        )
        if result.state in ("failed", "infeasible"):
            self._streak = self._streak + 1 if same else 1
        else:
            self._streak = 0
        self._last = result
        self._take_stock()

    def _drop_weights(self) -> None:
        """Keep the weights of those trials only that may still be chosen."""
        for trial in ranked_trials(self._study)[self._plan.top_k :]:
            drop_weights(self._plan.folder / str(trial.number))

    def _take_stock(self) -> None:
        """Tell where the search stands; time epochs by the trial that would be refitted as things stand."""
        best = next(iter(ranked_trials(self._study)), None)
        result = read_result(self._plan.folder / str(best.number)) if best else None
        if result is not None and result.epochs:
            self._epoch_seconds, self._timed = result.seconds / result.epochs, True
        standing = SearchStanding(
            counted=counted_trials(self._study),
            best_trial=best.number if best else None,
            best_score=best.value if best else None,
            deadline=self._deadline(),
        )
        self._observe(standing)

    def _lost(self, task: TrialTask, event: WorkerLost, cause: str) -> TrialResult:
        result = TrialResult(
            number=task.number,
            state="failed",
            score=None,
            metric=self._plan.metric,
            epoch=None,
            epochs=0,
            planned_epochs=task.epochs,
            seconds=0.0,
            parameters=None,
            cause=cause,
            detail=event.detail,
        )
        write_result(task.folder, result)
        drop_weights(task.folder)  # of folds that were over before
        return result


def _make_call(trial: optuna.Trial, call: SuggestCall) -> SuggestAnswer:
    try:
        return SuggestAnswer(value=getattr(trial, call.method)(**call.arguments))
    except Exception as error:  # the space's mistake, raised again where the space called
        return SuggestAnswer(error=error)
