"""The search itself: ask the study, give workers trials, report epochs, prune, tell results."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.drawing import make_draw
from imgcls_automl.engine.duplicates import KnownCandidates
from imgcls_automl.engine.epoch_scores import EpochScores
from imgcls_automl.engine.improvement import is_out_of_patience, trials_without_improvement
from imgcls_automl.engine.lost_trials import record_lost_trial, take_up
from imgcls_automl.engine.pace import Pace
from imgcls_automl.engine.streak import Streak
from imgcls_automl.engine.study import (
    BASELINE,
    ask_trial,
    counted_trials,
    put_back,
    ranked_trials,
    read_ended,
    running_trials,
    seed_sampler,
    tell_result,
    trial_seed,
)
from imgcls_automl.errors import NoTrialSucceededError
from imgcls_automl.events import SearchStanding, SearchStopped
from imgcls_automl.executors.causes import TIMEOUT
from imgcls_automl.executors.messages import (
    Admission,
    CandidateDrawn,
    EpochReport,
    SuggestCall,
    TrialStarted,
    Verdict,
    WorkerLost,
)
from imgcls_automl.executors.results import TrialResult
from imgcls_automl.executors.tasks import TrialTask
from imgcls_automl.trial_files import drop_checkpoints, drop_weights, read_result

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor

logger = logging.getLogger(__name__)

PATROL_SECONDS = 5.0  # between two looks at the clock while no worker says anything


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


@dataclass(slots=True, kw_only=True)
class _Running:
    """A trial that a worker has; `began` in seconds since the epoch, `parameters` once its network is built."""

    trial: optuna.Trial
    task: TrialTask
    began: float
    parameters: int | None = None


class _Loop:
    """The state of one search: which worker has which trial, and what is known of those that have ended."""

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
        self._running: dict[int, _Running] = {}
        self._again: list[_Running] = []  # lost by their worker, to be taken up by another one
        self._unfinished = running_trials(study)
        self._known = KnownCandidates.read(plan.folder)
        self._scores = EpochScores(study)
        self._streak = Streak.recall(read_ended(study, plan.folder))
        self._pace = Pace(plan)

    def run(self) -> None:
        self._take_stock()
        while True:
            self._start_trials()
            if not self._running and not self._again and not self._may_start():
                break
            event = self._executor.next_event(PATROL_SECONDS)
            if event is not None:
                self._handle(*event)
        # Those there was no budget for: a resumed search that has more goes on with them.
        put_back(self._study, self._unfinished)
        self._tell_why_it_stops()

    def explain_nothing(self) -> str:
        """Say why not one trial was completed."""
        return self._streak.explain_nothing()

    def _tell_why_it_stops(self) -> None:
        """Say it where the search ends before its trials or its time are spent."""
        if self._streak.is_hopeless:
            self._observe(SearchStopped(reason=self._streak.describe()))
        elif is_out_of_patience(self._study, self._plan.budget):
            fruitless = trials_without_improvement(self._study)
            self._observe(SearchStopped(reason=f"{fruitless} trials in a row brought no new best"))

    def _may_start(self) -> bool:
        if self._streak.is_hopeless or self._pace.is_out_of_time():
            return False
        budget = self._plan.budget
        if is_out_of_patience(self._study, budget):
            return False
        trials = budget.trials
        begun = len(self._running) + len(self._again)
        return trials is None or counted_trials(self._study) + begun < trials

    def _start_trials(self) -> None:
        for worker in self._executor.idle():
            if self._again:
                self._submit(worker, self._again.pop(0))
            # More than once where a trial needs no work: its result lay on the disk.
            while worker not in self._running and self._may_start():
                self._start(worker)

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
            deadline=self._pace.deadline(),
            keep_partial=not ranked_trials(self._study),
        )
        self._scores.begin(trial)
        self._submit(worker, _Running(trial=trial, task=task, began=time.time()))

    def _submit(self, worker: int, running: _Running) -> None:
        self._running[worker] = running
        self._executor.submit(worker, running.task, deadline=running.task.deadline)

    def _take_trial(self) -> optuna.Trial:
        seeds = {"seed": self._plan.seed, "startup": self._plan.startup_trials}
        if not self._unfinished:
            return ask_trial(self._study, **seeds)
        trial = self._unfinished.pop(0)
        seed_sampler(self._study, trial.number, **seeds)
        return trial

    def _handle(self, worker: int, event: Any) -> None:
        running = self._running.get(worker)
        if running is None:
            logger.info("Worker %d: %s", worker, event)
        elif isinstance(event, SuggestCall):
            self._executor.answer(worker, make_draw(running.trial, event))
        elif isinstance(event, CandidateDrawn):
            twin = self._known.admit(event.number, event.candidate)
            self._executor.answer(worker, Admission(duplicate_of=twin))
        else:
            self._follow(worker, running, event)

    def _follow(self, worker: int, running: _Running, event: Any) -> None:
        """Follow a trial that is under way, from its start to its end; observers are told all of it."""
        if isinstance(event, TrialStarted):
            running.parameters = event.parameters
            self._scores.begin_training(running.trial, event.epochs)
        elif isinstance(event, EpochReport):
            self._executor.answer(worker, self._judge(running.trial, event))
        elif isinstance(event, WorkerLost):
            self._observe(event)
            again = take_up(running.task, event)
            if again is not None:
                del self._running[worker]
                self._again.append(replace(running, task=again))
                return
            event = self._record_lost(running, event)
        if isinstance(event, TrialResult):
            del self._running[worker]
            self._conclude(running.trial, event)
        self._observe(event)

    def _record_lost(self, running: _Running, lost: WorkerLost) -> TrialResult:
        seconds = time.time() - running.began
        return record_lost_trial(
            self._plan, running.task, lost, seconds=seconds, parameters=running.parameters
        )

    def _judge(self, trial: optuna.Trial, report: EpochReport) -> Verdict:
        """Compare a trial's first fold with the first folds of others; a later one can only run out of time."""
        assert report.score is not None
        if report.fold == 1:
            self._scores.report(trial, report.score, report.epoch)
        if self._pace.note_epoch(report.seconds):
            self._take_stock()
        if report.epoch >= report.epochs and report.fold >= report.folds:
            return Verdict()
        if self._pace.is_out_of_time():
            return Verdict(stop=TIMEOUT)
        is_behind = report.fold == 1 and self._scores.is_behind(trial)
        return Verdict(stop="pruned" if is_behind else None)

    def _conclude(self, trial: optuna.Trial, result: TrialResult) -> None:
        tell_result(self._study, trial, result)
        self._scores.end(trial)
        self._known.conclude(result, self._plan.folder / str(result.number))
        self._drop_weights()
        self._streak.note(result)
        self._take_stock()

    def _drop_weights(self) -> None:
        """Keep the weights of those trials only that may still be chosen."""
        for trial in ranked_trials(self._study)[self._plan.top_k :]:
            drop_weights(self._plan.folder / str(trial.number))

    def _take_stock(self) -> None:
        """Tell where the search stands; time epochs by the trial that would be refitted as things stand."""
        best = next(iter(ranked_trials(self._study)), None)
        result = read_result(self._plan.folder / str(best.number)) if best else None
        if result is not None:
            self._pace.note_best(result)
        standing = SearchStanding(
            counted=counted_trials(self._study),
            best_trial=best.number if best else None,
            best_score=best.value if best else None,
            deadline=self._pace.deadline(),
        )
        self._observe(standing)
