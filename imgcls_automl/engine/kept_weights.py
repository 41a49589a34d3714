"""The weights that trials have kept: looked at before a winner is chosen, and made again where they are lost."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING, Any

from imgcls_automl.engine.retrainings import do_retrainings, plan_retraining
from imgcls_automl.errors import RunFolderError
from imgcls_automl.events import WeightsLost
from imgcls_automl.files import replacing
from imgcls_automl.trial_files import RESULT, weights_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.executor import Executor

logger = logging.getLogger(__name__)


def restore_weights(
    executor: Executor, plan: SearchPlan, ranked: Sequence[int], observe: Callable[[Any], None]
) -> list[int]:
    """Have the weights of the best trials made again where a file of them is missing or damaged.

    A single candidate is judged by its kept weights, the refit falls back on them, and labels are doubted by them.
    Those of a retraining serve as well: it has the same recipe, and never sees validation either. Where a winner is
    to be chosen it would be done anyway, and its result is used there.

    Args:
        executor: Does the retrainings.
        plan: The search's folder, seed and budget.
        ranked: Trials, the best first, of which as many contend as the plan has it.
        observe: Told of each file that was lost, and of every message.

    Returns:
        The contenders that have weights now; trials whose training again does not come to its end are left out.

    Raises:
        RunFolderError: None is left.
    """
    contending = list(ranked[: plan.top_k])
    lost = {number: it for number in contending if (it := _find_lost(plan, number)) is not None}
    for number, file in lost.items():
        observe(WeightsLost(trial=number, file=file))
    made = _make_again(executor, plan, list(lost), observe) if lost else set()
    left = [number for number in contending if number not in lost or number in made]
    if not left:
        file = lost[contending[0]]
        raise RunFolderError(
            f"{file} is missing or damaged, and training trial {contending[0]} again did not come to its end.\n"
            f"Restore it from a copy, or give more time: imgcls-automl resume {plan.folder.parent} --timeout TIME"
        )
    return left


def find_unreadable(folder: Path, *, folded: bool) -> Path | None:
    """The first file of weights in a folder that is missing or damaged; None where all is well.

    Args:
        folder: Of a trial, a retraining or an ensemble's member.
        folded: Whether there is one a fold, of which only the first has to be there.
    """
    first = weights_file(folder, 1 if folded else None)
    files = {first, *folder.glob("fold-*.weights.h5")} if folded else {first}
    return next((file for file in sorted(files) if not _can_be_read(file)), None)


def _can_be_read(file: Path) -> bool:
    """Whether HDF5 can open a file, for which it compares the size on the disk with that in its header."""
    import h5py  # type: ignore[import-untyped]

    try:
        with h5py.File(file):
            return True
    except OSError as error:
        logger.warning("%s cannot be read: %s", file, error)
        return False


def _find_lost(plan: SearchPlan, number: int) -> Path | None:
    return find_unreadable(plan.folder / str(number), folded=plan.folds > 1)


def _make_again(
    executor: Executor, plan: SearchPlan, numbers: Sequence[int], observe: Callable[[Any], None]
) -> set[int]:
    """Retrain those trials and give them the weights; returns the numbers for which that went well."""
    tasks = [plan_retraining(plan, number, 0, epochs=plan.epochs) for number in numbers]
    for task in tasks:
        if find_unreadable(task.folder, folded=plan.folds > 1) is not None:
            (task.folder / RESULT).unlink(missing_ok=True)  # else it would be taken to be done
    results = do_retrainings(executor, plan, tasks, observe)
    made = set()
    for task, result in zip(tasks, results, strict=True):
        if result is not None and result.score is not None:
            _copy_weights(task.folder, task.trial_folder)
            made.add(task.number)
    return made


def _copy_weights(source: Path, target: Path) -> None:
    for file in source.glob("*.weights.h5"):
        with replacing(target / file.name) as temporary:
            shutil.copyfile(file, temporary)
