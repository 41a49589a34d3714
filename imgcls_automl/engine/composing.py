"""What the final model is made of: the winner alone or an ensemble with it, and its temperature."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from imgcls_automl.engine.calibration import Calibration, fit_temperature
from imgcls_automl.engine.ensembling import Ensemble, average, choose_ensemble
from imgcls_automl.engine.kept_weights import find_unreadable
from imgcls_automl.engine.opinions import list_opinions
from imgcls_automl.engine.tasks import run_tasks
from imgcls_automl.engine.time_shares import measure_epoch, pace_trainings
from imgcls_automl.events import EnsembleChosen
from imgcls_automl.executors.results import MemberResult
from imgcls_automl.executors.tasks import Composition, Member, MemberTask
from imgcls_automl.pacing import SAFETY, span_trainings
from imgcls_automl.trial_files import drop_checkpoints, read_member

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from imgcls_automl.engine.opinions import Opinion
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.engine.selection import Selection
    from imgcls_automl.executors.executor import Executor

TOO_FEW = (
    "there is one contender only, and an ensemble takes two: --preset medium retrains three and "
    "--preset best nine, where the time allows it"
)
TOO_LATE = "the time is too short for all members that would help"
NOT_ALL = "not all of its members could be trained to the end of their schedule"
NOT_ENOUGH = "too few of its members could be trained to the end of their schedule"
NOTHING_BETTER = "on validation no average with other contenders is better than the winner alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The composition, and how it came about.

    Attributes:
        composition: For the refit.
        ensemble: As chosen; None where none was asked for, or could be.
        trials: The trials of its opinions, in their order.
        note: Why there is no ensemble, or a smaller one than was wanted; empty where there is nothing to say.
        calibration: Of the final model; None where nothing is known of validation.
        single: The same of the winner alone.
    """

    composition: Composition
    ensemble: Ensemble | None = None
    trials: tuple[int, ...] = ()
    note: str = ""
    calibration: Calibration | None = None
    single: Calibration | None = None

    def without_members(self, why: str) -> Composed:
        """The winner alone."""
        return Composed(
            composition=self.composition.without_members(),
            note=why,
            calibration=self.single,
            single=self.single,
        )

    def to_json(self) -> dict[str, Any]:
        """What run.json holds."""
        chosen, calibration = self.ensemble, self.calibration
        members = zip(self.trials, chosen.counts, chosen.shares, strict=True) if chosen else ()
        return {
            "members": [
                {"trial": trial, "count": count, "share": share}
                for trial, count, share in members
                if count
            ],
            "scores": None
            if chosen is None
            else {
                "score": chosen.score,
                "loss": chosen.loss,
                "single_score": chosen.single_score,
                "single_loss": chosen.single_loss,
            },
            "note": self.note,
            "calibration": None if calibration is None else asdict(calibration),
        }


def compose_model(
    executor: Executor,
    plan: SearchPlan,
    selection: Selection,
    observe: Callable[[Any], None],
) -> Composed:
    """Fit temperatures and, where an ensemble is planned, choose its members and train them on train + validation."""
    opinions = list_opinions(selection, plan.folder)
    own = [it for it in opinions if it.trial == selection.winner.trial]
    calibration = _calibrate(own) if own else None
    temperature = calibration.temperature if calibration else 1.0
    single = Composed(
        composition=Composition(temperature=temperature, single_temperature=temperature),
        calibration=calibration,
        single=calibration,
    )
    if not plan.ensemble:
        return single
    chosen, note = _choose(opinions if own else [], plan)
    if chosen is not None:
        trials = tuple(opinions[place].trial for place in chosen.chosen)
        observe(EnsembleChosen(trials=trials, note=note))
        made = _make_ensemble(executor, plan, opinions, chosen, observe)
        if made is not None:
            note = note if len(made.folders) == len(chosen.chosen) else NOT_ALL
            return replace(_compose(made, plan, temperature, note), single=calibration)
        note = NOT_ENOUGH
    observe(EnsembleChosen(trials=(), note=note))
    return replace(single, note=note)


def _choose(opinions: Sequence[Opinion], plan: SearchPlan) -> tuple[Ensemble | None, str]:
    """An ensemble that the time left suffices for, and why it is not what was wanted."""
    if len(opinions) < 2:
        return None, TOO_FEW
    wanted = choose_ensemble(opinions, plan.metric)
    if not wanted.chosen:
        return None, NOTHING_BETTER
    most = _count_affordable(plan, opinions)
    if 1 + len(wanted.chosen) <= most:
        return wanted, ""
    chosen = choose_ensemble(opinions, plan.metric, most=most)
    return chosen if chosen.chosen else None, TOO_LATE


def _count_affordable(plan: SearchPlan, opinions: Sequence[Opinion]) -> int:
    """How many networks, the winner's among them, can be trained in the time left: the slowest ones, to be sure."""
    own, *others = [_measure_refit(plan, it.trial) for it in opinions]
    others.sort(reverse=True)
    count = len(others)
    while count and not plan.budget.has_time_for(
        span_trainings(others[:count], plan.workers) + own
    ):
        count -= 1
    return 1 + count


def _measure_refit(plan: SearchPlan, trial: int) -> float:
    return measure_epoch(plan, trial) * plan.refit_growth * plan.epochs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """An ensemble whose members are trained: opinions, the winner's first, and the folders of the others' weights."""

    ensemble: Ensemble
    opinions: tuple[Opinion, ...]
    folders: tuple[Path, ...]


def _make_ensemble(
    executor: Executor,
    plan: SearchPlan,
    opinions: Sequence[Opinion],
    chosen: Ensemble,
    observe: Callable[[Any], None],
) -> _Made | None:
    """Train the members; where some do not come to their end, the choice is made once more among the others."""
    refit = _measure_refit(plan, opinions[0].trial)  # the winner's own
    until = plan.budget.refit_deadline()
    deadline = None if until is None else until - refit * SAFETY
    wanted = [opinions[place] for place in chosen.chosen]
    tasks = [_make_task(plan, opinion, deadline) for opinion in wanted]
    known = [_recall(task) for task in tasks]
    missing = [task for task, result in zip(tasks, known, strict=True) if result is None]
    workers, growth = len(executor.idle()), plan.refit_growth
    missing = pace_trainings(missing, plan, workers=workers, later=refit, growth=growth)
    done = iter(run_tasks(executor, missing, deadline=deadline, observe=observe))
    for task in missing:
        drop_checkpoints(task.folder)
    results = [next(done) if result is None else result for result in known]
    there = [
        (opinion, task.folder)
        for opinion, task, result in zip(wanted, tasks, results, strict=True)
        if isinstance(result, MemberResult) and result.whole
    ]
    members = (opinions[0], *(opinion for opinion, _ in there))
    ensemble = choose_ensemble(members, plan.metric)
    if not ensemble.chosen:
        return None
    return _Made(ensemble=ensemble, opinions=members, folders=tuple(it for _, it in there))


def _recall(task: MemberTask) -> MemberResult | None:
    """What a member's training came to before the search was killed; None where it has to be done."""
    known = read_member(task)
    is_lost = known is not None and find_unreadable(task.folder, folded=False) is not None
    return None if is_lost else known


def _make_task(plan: SearchPlan, opinion: Opinion, deadline: float | None) -> MemberTask:
    assert opinion.seed is not None  # only what was retrained contends with others
    trial_folder = plan.folder / str(opinion.trial)
    return MemberTask(
        number=opinion.trial,
        trial_folder=trial_folder,
        folder=trial_folder / f"refitted-{opinion.seed}",
        seed=opinion.seed,
        epochs=plan.epochs,
        precision=plan.precision,
        deadline=deadline,
    )


def _compose(made: _Made, plan: SearchPlan, single_temperature: float, note: str) -> Composed:
    shares = made.ensemble.shares
    calibration = fit_temperature(made.opinions[0].labels, average(made.opinions, shares)[None])
    members = [
        Member(
            trial_folder=plan.folder / str(opinion.trial),
            folder=folder,
            share=share,
            flips=opinion.flips,
        )
        for opinion, folder, share in zip(made.opinions[1:], made.folders, shares[1:], strict=True)
        if share
    ]
    return Composed(
        composition=Composition(
            share=shares[0],
            members=tuple(members),
            temperature=calibration.temperature,
            single_temperature=single_temperature,
        ),
        ensemble=made.ensemble,
        trials=tuple(opinion.trial for opinion in made.opinions),
        note=note,
        calibration=calibration,
    )


def _calibrate(own: Sequence[Opinion]) -> Calibration:
    """One temperature for all trainings of the winner, each with a seed of its own as the refit has."""
    return fit_temperature(own[0].labels, np.stack([it.logs for it in own]))
