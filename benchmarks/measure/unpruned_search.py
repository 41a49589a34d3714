"""A search by the engine's own loop of which nothing is pruned: its study, its plan, its trials."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from measure.pictures import open_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import optuna

    from imgcls_automl.data.dataset import Dataset
    from imgcls_automl.engine.planning import SearchPlan
    from imgcls_automl.executors.messages import Ready
    from measure.pictures import PictureFiles


def record_search(
    folder: Path,
    pictures: PictureFiles,
    *,
    space: str,
    trials: int,
    epochs: int,
    observe: Callable[[Any], None],
) -> None:
    """Search as imgcls-automl does, baselines first, and train every trial to its end.

    Args:
        folder: A new folder; gets `trials/` as a run folder has it.
        pictures: To train and validate on.
        space: A search space, as `--space` names it.
        trials: How many.
        epochs: Of each.
        observe: Told of every result.
    """
    from imgcls_automl import registry
    from imgcls_automl.engine.baselines import ask_baselines
    from imgcls_automl.engine.loop import run_trials
    from imgcls_automl.executors.local import LocalExecutor
    from imgcls_automl.executors.messages import WorkerSetup
    from imgcls_automl.executors.tasks import UseDataset

    folder.mkdir(parents=True)
    plugin = registry.find(registry.SEARCH_SPACES, space)
    setup = WorkerSetup(space=plugin, space_options={}, device="auto")
    with closing(LocalExecutor(setup, workers=1, log=folder / "log.txt")) as executor:
        ready = executor.wait_ready()
        dataset = open_dataset(pictures)
        executor.use_dataset(UseDataset(dataset=dataset, metric="accuracy", class_weight="none"))
        plan = make_plan(folder, dataset, ready, trials=trials, epochs=epochs)
        with unpruned_study(folder / "study.db", ask_baselines(executor)) as study:
            run_trials(study, executor, plan, observe)


@contextmanager
def unpruned_study(path: Path, points: list[dict[str, Any]]) -> Iterator[optuna.Study]:
    """A study in a file as a search keeps it, its points enqueued and nothing of them pruned."""
    import optuna

    from imgcls_automl.engine.study import close_study, enqueue_baselines, open_study

    study = open_study(path, metric="accuracy")
    try:
        study.pruner = optuna.pruners.NopPruner()
        enqueue_baselines(study, points)
        yield study
    finally:
        close_study(study)


def make_plan(
    folder: Path, dataset: Dataset, ready: Ready, *, trials: int, epochs: int
) -> SearchPlan:
    """So many trials of so many epochs, without a time limit: in the device's usual precision, under `trials/`."""
    from imgcls_automl.engine.budget import Budget
    from imgcls_automl.engine.planning import SearchPlan

    (folder / "trials").mkdir()
    train, validation, _ = dataset.split_sizes
    return SearchPlan(
        folder=folder / "trials",
        metric="accuracy",
        seed=0,
        epochs=epochs,
        precision=ready.precisions[0],
        refit_growth=(train + validation) / train,
        budget=Budget(trials=trials, started=time.time(), seconds=None),
    )
